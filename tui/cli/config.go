package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
	"lxcdeck/views"
)

// configFlags are those of config.
type configFlags struct {
	standard bool // the config of new containers
	secrets  bool
	explain  bool
}

// configWords are the words that config may begin with.
func configWords() []string { return []string{"show", "edit", "set", "unset", "history", "restore"} }

func (d *deck) configCommand() *cobra.Command {
	f := &configFlags{}
	cmd := &cobra.Command{
		Use:   "config [show|edit|set|unset|history|restore] NAME [KEY [VALUE] | VERSION]",
		Short: "Show the config of a container, or change it",
		Long: "Show the config of a container with all that it includes (show, the default), and\n" +
			"what does not count, what liblxc refuses, and what runs in its place. edit gives it\n" +
			"to the editor of VISUAL or EDITOR; set gives a key a value, or adds a line of a key\n" +
			"that has several; unset takes all lines of a key out; history lists earlier\n" +
			"versions, and restore puts one back.\n\n" +
			"  lxcdeck config set web lxc.start.delay 5\n\n" +
			"What liblxc refuses is not saved, nor is anything over what somebody else has saved\n" +
			"meanwhile. The version until then is kept beside it. Values of secrets are hidden.",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		word := "show"
		if len(args) > 0 && slices.Contains(configWords(), args[0]) {
			word, args = args[0], args[1:]
		}
		return d.config(cmd, f, word, d.given(args))
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default "+runtime.SetConfig.Info().Timeout.String()+")")
	p := cmd.Flags()
	p.BoolVar(&f.standard, "default", false, "the config that new containers begin with, in the place of NAME")
	p.BoolVar(&f.secrets, "secrets", false, "show values of secrets, too")
	p.BoolVar(&f.explain, "explain", false, "say what each key means")
	return cmd
}

// configWork is a config that is looked at or changed.
type configWork struct {
	d    *deck
	f    *configFlags
	of   runtime.ConfigOf
	text runtime.ConfigText
	base []byte
	tree *conf.Tree
}

func (d *deck) config(cmd *cobra.Command, f *configFlags, word string, words []string) error {
	most := map[string]int{"set": 2, "unset": 1, "restore": 1}[word]
	if !f.standard {
		most++
	}
	switch {
	case !f.standard && len(words) == 0:
		return usage(cmd, "config needs the NAME of a container")
	case len(words) != most:
		return usage(cmd, "config %s: %d words are wanted behind it, not %d", word, most, len(words))
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer func() { stop() }()
	w := &configWork{d: d, f: f}
	if f.standard {
		all := d.rt.DefaultConfigs()
		if len(all) == 0 {
			return errors.New("config: LXC names no default config")
		}
		w.of.Default = all[len(all)-1] // the user's own comes last
	} else {
		ref, err := d.one(ctx, words[0])
		if err != nil {
			return err
		}
		w.of.Ref, words = ref, words[1:]
	}
	if err := w.read(ctx); err != nil {
		return err
	}
	switch word {
	case "edit":
		path, err := w.editFile(ctx)
		if err != nil {
			return err
		}
		stop() // ctrl+c is the editor's while it runs
		stop = func() {}
		return w.edit(cmd, path)
	case "set":
		return w.change(ctx, func(c *conf.File) error {
			_, err := w.tree.Put(c, words[0], words[1])
			return err
		})
	case "unset":
		return w.change(ctx, func(c *conf.File) error {
			n, err := c.Unset(words[0])
			if err == nil && n == 0 {
				err = fmt.Errorf("%w: %s stands in no line of %s", runtime.ErrInvalid, words[0], w.of.Path())
			}
			return err
		})
	case "history":
		return w.history()
	case "restore":
		text, err := d.rt.ConfigBackup(ctx, w.of, words[0])
		if err != nil {
			return err
		}
		return w.save(ctx, text)
	default:
		return d.print(w.show())
	}
}

// read takes the config apart as liblxc does.
func (w *configWork) read(ctx context.Context) (err error) {
	look, cancel := w.d.asked(ctx)
	defer cancel()
	if w.text, err = w.d.rt.ConfigText(look, w.of); err != nil {
		return err
	}
	if f, ok := w.text.File(w.of.Path()); ok {
		w.base = f.Text
	}
	open := conf.WithFile(w.of.Path(), conf.Parse(w.of.Path(), w.base), conf.FromText(&w.text))
	w.tree = conf.Resolve(w.of.Path(), open, conf.Options{Supports: conf.SupportedBy(w.text.Lacking, w.text.Extra)})
	return nil
}

// show has a line for each line, with what is to be said of it.
func (w *configWork) show() []byte {
	items, problems := map[[2]int]int{}, map[[2]int][]string{}
	for i := range w.tree.Items {
		items[[2]int{w.tree.Items[i].Node, w.tree.Items[i].Line}] = i
	}
	for i := range w.tree.Problems {
		p := &w.tree.Problems[i]
		at := [2]int{p.Node, p.Line}
		problems[at] = append(problems[at], p.Err.Error())
	}
	var b strings.Builder
	for n := range w.tree.Nodes {
		node := &w.tree.Nodes[n]
		if n > 0 || len(w.tree.Nodes) > 1 {
			b.WriteString(views.Clean(node.Path) + ":\n")
		}
		if node.Err != nil {
			b.WriteString(views.Clean(node.Err.Error()) + "\n")
		}
		if node.File == nil {
			continue
		}
		for k := range node.File.Lines {
			at := [2]int{n, k + 1}
			w.line(&b, &node.File.Lines[k], at, items, problems)
		}
	}
	for _, r := range w.text.InForce {
		b.WriteString(views.Clean(fmt.Sprintf("It runs with another %s: %s", r.Key, w.hidden(r.Key, cmp.Or(strings.Join(r.Runs, ", "), "none")))) + "\n")
	}
	for _, note := range []struct{ before, text string }{
		{"It cannot be saved: ", w.text.NoSave}, {"What it runs with is not known: ", w.text.InForceWhy},
	} {
		if note.text != "" {
			b.WriteString(note.before + views.Clean(note.text) + "\n")
		}
	}
	if w.text.Restart == runtime.Yes {
		b.WriteString("A restart takes these values over, a reboot does not.\n")
	}
	return []byte(b.String())
}

func (w *configWork) hidden(key, value string) string {
	if w.f.secrets {
		return value
	}
	return conf.Hide(value, conf.SecretsOf(key, value))
}

func (w *configWork) line(b *strings.Builder, l *conf.Line, at [2]int, items map[[2]int]int, problems map[[2]int][]string) {
	text := l.Shown()
	if w.f.secrets {
		text = l.Raw
	}
	text = strings.ReplaceAll(strings.TrimRight(text, "\r\n"), "\t", "    ")
	if w.d.flags.plain && strings.TrimSpace(text) == "" {
		return
	}
	var notes []string
	if i, ok := items[at]; ok {
		it := &w.tree.Items[i]
		if it.State != conf.Counts {
			notes = append(notes, w.tree.Words(it))
		}
		if k, ok := conf.Lookup(it.Key); ok && w.f.explain {
			notes = append(notes, k.Means)
		}
	}
	notes = append(notes, problems[at]...)
	if w.d.flags.plain {
		text = fmt.Sprintf("line %d: %s", at[1], text)
	} else {
		text = fmt.Sprintf("%4d  %s", at[1], text)
	}
	if len(notes) > 0 {
		text += "   (" + strings.Join(notes, "; ") + ")"
	}
	b.WriteString(views.Clean(text) + "\n")
}

// history lists the versions that are kept.
func (w *configWork) history() error {
	t := table{head: []string{"VERSION", "KEPT", "SIZE"}, right: []int{2}}
	for i := range w.text.Backups {
		k := &w.text.Backups[i]
		t.add([]string{k.Name, k.At.Local().Format("2006-01-02 15:04:05"), views.Bytes(uint64(max(k.Size, 0)))})
	}
	if len(t.rows) == 0 {
		w.d.warn("no earlier version of %s is kept", w.of.Path())
		return nil
	}
	return w.d.print(w.d.text(&t))
}

// change edits the lines of the config itself.
func (w *configWork) change(ctx context.Context, do func(*conf.File) error) error {
	if w.text.NoSave != "" {
		return &exitError{exitRefused, fmt.Errorf("%s cannot be saved: %s", w.of.Path(), w.text.NoSave)}
	}
	f := conf.Parse(w.of.Path(), w.base)
	if err := do(f); err != nil {
		return fmt.Errorf("config %s: %w", w.of.Path(), err)
	}
	return w.save(ctx, f.Bytes())
}

// save has liblxc judge a text, shows what becomes other, and puts it in the place of
// the version that was read.
func (w *configWork) save(ctx context.Context, text []byte) error {
	if bytes.Equal(text, w.base) {
		w.d.warn("nothing was changed: that is what stands in %s", w.of.Path())
		return nil
	}
	if !w.d.settings.ReadOnly.Value {
		look, cancel := w.d.asked(ctx)
		fault, err := w.d.rt.CheckConfig(look, w.of, text)
		cancel()
		switch {
		case err != nil:
			return err
		case fault != nil:
			return &exitError{exitFailed, fmt.Errorf("config %s: liblxc refuses it: %s", w.of.Path(), fault)}
		}
	}
	if err := w.d.print(w.differences(text)); err != nil {
		return err
	}
	q := runtime.SaveConfig(w.of, w.text.Version, text)
	w.d.each(ctx, q.Op, []runtime.Ref{q.Ref}, q.Args)
	return nil
}

// differences are the lines that go and those that come.
func (w *configWork) differences(text []byte) []byte {
	old, made := conf.Parse(w.of.Path(), w.base), conf.Parse(w.of.Path(), text)
	var b strings.Builder
	for _, h := range conf.Diff(old.Raws(), made.Raws(), 0) {
		for _, l := range h.Lines {
			sign, from, at := "- ", old, l.Old
			if l.Op == conf.New {
				sign, from, at = "+ ", made, l.New
			}
			shown := l.Text
			if !w.f.secrets && at >= 1 && at <= len(from.Lines) {
				shown = from.Lines[at-1].Shown()
			}
			if w.d.flags.plain {
				sign = map[string]string{"- ": "Goes, line ", "+ ": "Comes, line "}[sign] + fmt.Sprintf("%d: ", at)
			}
			b.WriteString(sign + views.Clean(strings.TrimRight(shown, "\r\n")) + "\n")
		}
	}
	return []byte(b.String())
}
