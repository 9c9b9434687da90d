package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// helpCommand is cobra's own, but for a verb that is none: there cobra shows the
// help of the program as if nothing were wrong.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "Help about any verb",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var all []cobra.Completion
			for _, sub := range cmd.Root().Commands() {
				if len(args) == 0 && sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), word) {
					all = append(all, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return usage(cmd, "unknown verb %q", args[0])
			case len(rest) > 0:
				return usage(cmd, "unknown verb %q", rest[0])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
