package cli

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// completeTime is how long a shell waits for names: who presses tab types on.
const completeTime = 700 * time.Millisecond

func (d *deck) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print what makes a shell complete verbs, options and names",
		Long: "Print the script that makes a shell complete verbs, options and the names of\n" +
			"containers. \"make install\" and the packages put it where the shells look for it;\n" +
			"for this shell alone:  source <(lxcdeck completion bash)",
		ValidArgs: shells,
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return usage(cmd, "completion needs the name of a shell: %s", strings.Join(shells, ", "))
			}
			var b bytes.Buffer
			var err error
			switch root := cmd.Root(); args[0] {
			case "bash":
				err = root.GenBashCompletionV2(&b, true)
			case "zsh":
				err = root.GenZshCompletion(&b)
			case "fish":
				err = root.GenFishCompletion(&b, true)
			}
			if err != nil {
				return err
			}
			return d.print(b.Bytes())
		}),
	}
}

// asksCompletion says whether it is a shell's script that asks, for what could
// stand next.
func asksCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// arguments is what a verb's arguments are, for completion.
type arguments struct {
	fits func(*runtime.Container) bool // which containers; nil = all
	most int                           // how many of them; 0 = any number
	rest cobra.ShellCompDirective      // what stands behind them
}

// completable are the verbs that take names of containers, beside those of
// operations without Args, whose states are in the table of operations.
func completable() map[string]arguments {
	const none, files, dirs = cobra.ShellCompDirectiveNoFileComp, cobra.ShellCompDirectiveDefault, cobra.ShellCompDirectiveFilterDirs
	one := func(op runtime.Op, rest cobra.ShellCompDirective) arguments { return arguments{accepting(op), 1, rest} }
	locked := func(want bool) func(*runtime.Container) bool {
		return func(c *runtime.Container) bool { return (c.Lock != nil) == want }
	}
	return map[string]arguments{
		"ls": {rest: none}, "top": {rest: none}, "network": {rest: none}, "space": {rest: none}, "isolation": {rest: none},
		"limits": {rest: none}, "autostart": {rest: none}, "config": {nil, 1, none},
		"ps": {fits: alive, rest: none}, "destroy": {fits: accepting(runtime.Destroy), rest: none},
		"lock": {fits: locked(false), rest: none}, "unlock": {fits: locked(true), rest: none},
		"shell": {awake, 1, none}, "console": {awake, 1, none}, "signal": {accepting(runtime.Signal), 1, none},
		"clone": one(runtime.Clone, none), "rename": one(runtime.Rename, none), "snapshot": one(runtime.Snapshot, none),
		"restore": {nil, 1, none}, "device": one(runtime.AddDevice, files), "pack": one(runtime.Pack, none),
		"logs": {nil, 1, none}, "files": {nil, 1, none}, "push": {nil, 1, files}, "pull": {nil, 1, files},
		"checkpoint": one(runtime.Checkpoint, dirs), "resume": one(runtime.Resume, dirs),
	}
}

// takers are all verbs that take names of containers.
func takers() map[string]arguments {
	known := completable()
	for _, info := range runtime.Ops() {
		if info.Kind == runtime.OnState {
			known[info.Name] = arguments{fits: accepting(info.Op), rest: cobra.ShellCompDirectiveNoFileComp}
		}
	}
	return known
}

// subverbs are the words that a verb may begin with.
func subverbs() map[string][]string {
	return map[string][]string{
		"snapshot": {"create", "list", "delete"}, "device": {"add", "remove"}, "autostart": {"set"}, "config": configWords(),
	}
}

func accepting(op runtime.Op) func(*runtime.Container) bool {
	return func(c *runtime.Container) bool { return op.Accepts(c.State) }
}

func awake(c *runtime.Container) bool { return c.State == runtime.Running || c.State == runtime.Thawed }

func alive(c *runtime.Container) bool { return c.State != runtime.Stopped }

// completions tells cobra what stands where, once all verbs are there.
func (d *deck) completions(root *cobra.Command) {
	known := takers()
	for _, cmd := range root.Commands() {
		a, ok := known[cmd.Name()]
		if !ok {
			if !slices.Contains([]string{"unpack", "completion"}, cmd.Name()) { // a file, and words of its own
				cmd.ValidArgsFunction = cobra.NoFileCompletions
			}
			continue
		}
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return d.complete(cmd, a, args, word)
		}
		name := func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return d.names(cmd, a, args, word), cobra.ShellCompDirectiveNoFileComp
		}
		// An error is for a flag that is not there, or has a function already.
		_ = cmd.RegisterFlagCompletionFunc("name", name)
		_ = cmd.MarkFlagDirname("newpath")
	}
	if run, _, err := root.Find([]string{"run"}); err == nil {
		bases := arguments{fits: accepting(runtime.Clone)}
		_ = run.RegisterFlagCompletionFunc("from", func(cmd *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return d.names(cmd, bases, nil, word), cobra.ShellCompDirectiveNoFileComp
		})
	}
	_ = root.MarkPersistentFlagDirname("lxcpath")
	_ = root.MarkPersistentFlagFilename("config", "toml")
	_ = root.RegisterFlagCompletionFunc("interval", cobra.NoFileCompletions)
}

// complete gives what the word under the cursor could become.
func (d *deck) complete(cmd *cobra.Command, a arguments, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if slices.Contains(d.Args[:len(d.Args)-1], "--") {
		return nil, cobra.ShellCompDirectiveNoFileComp // a command of the container's
	}
	var all []cobra.Completion
	if subs := subverbs()[cmd.Name()]; len(args) > 0 && slices.Contains(subs, args[0]) {
		if args[0] != "create" && cmd.Name() == "snapshot" {
			a.fits = nil // snapshots are listed and deleted in any state
		}
		args = args[1:]
	} else if len(args) == 0 {
		for _, sub := range subs {
			if strings.HasPrefix(sub, word) {
				all = append(all, sub)
			}
		}
		if cmd.Name() != "snapshot" && cmd.Name() != "config" && len(subs) > 0 {
			return all, cobra.ShellCompDirectiveNoFileComp // no name stands first
		}
	}
	if a.most > 0 && len(once(d.given(args))) >= a.most {
		return all, a.rest
	}
	return append(all, d.names(cmd, a, args, word)...), cobra.ShellCompDirectiveNoFileComp
}

// names gives the containers whose names begin with word. Whatever goes wrong, and
// whatever takes too long, has no names: a shell's line is no place for errors. A
// name that a shell could take apart is left to who types it.
func (d *deck) names(cmd *cobra.Command, a arguments, args []string, word string) []cobra.Completion {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	d.flags.paths = once(d.flags.paths)
	if d.open(cmd) != nil {
		return nil
	}
	l, err := d.rt.List(ctx)
	if err != nil {
		return nil
	}
	var all []cobra.Completion
	given := d.given(args)
	for i := range l.Containers {
		c := &l.Containers[i]
		if !strings.HasPrefix(c.Name, word) || a.fits != nil && !a.fits(c) || slices.Contains(given, c.Name) ||
			c.CheckNew() != nil || views.Clean(c.Name) != c.Name {
			continue
		}
		all = append(all, cobra.CompletionWithDesc(c.Name, strings.ToLower(c.State.String())))
	}
	return slices.Compact(all) // of several lxcpaths
}

// once leaves out what was there already: cobra reads flags twice before it asks.
func once(all []string) []string {
	var out []string
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
