package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/tui/settings"
)

// themeFlag adds --theme, which is above the settings.
func (d *deck) themeFlag(root *cobra.Command) {
	root.PersistentFlags().StringVar(&d.flags.theme, "theme", "", "`NAME` of the screen's colours: "+strings.Join(d.Known.Themes, ", "))
	// An error is for a flag that is not there, or has a function already.
	_ = root.RegisterFlagCompletionFunc("theme", cobra.FixedCompletions(d.Known.Themes, cobra.ShellCompDirectiveNoFileComp))
}

func (d *deck) chooseTheme(cmd *cobra.Command, s *settings.Settings) error {
	if !cmd.Flag("theme").Changed {
		return nil
	}
	if !slices.Contains(d.Known.Themes, d.flags.theme) {
		return usage(cmd, "--theme: there is no %q, only %s", d.flags.theme, strings.Join(d.Known.Themes, ", "))
	}
	s.Theme.Value, s.Theme.From = d.flags.theme, settings.FromFlag("--theme")
	return nil
}
