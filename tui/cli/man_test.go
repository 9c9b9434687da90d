package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestManPage checks that the man page names every verb and every flag.
func TestManPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/lxcdeck.1")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), `\-`, "-")
	named := func(word string) bool { return strings.Contains(text, word) }
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		flags := func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && !named("--"+f.Name) {
				t.Errorf("%s: the man page has no --%s", cmd.CommandPath(), f.Name)
			}
			if f.Shorthand != "" && f.Name != "count" && !named(" -"+f.Shorthand) {
				t.Errorf("%s: the man page has no -%s", cmd.CommandPath(), f.Shorthand)
			}
		}
		cmd.Flags().VisitAll(flags)
		cmd.PersistentFlags().VisitAll(flags)
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" && !sub.Hidden && !named(sub.Name()) {
				t.Errorf("the man page has no verb %s", sub.Name())
			}
			walk(sub)
		}
	}
	walk((&deck{}).root())
}
