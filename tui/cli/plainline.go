package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// line does what a line says, and gives its status.
func (s *session) line(text string) int {
	words, err := runtime.SplitWords(text)
	if err != nil {
		s.put("This line cannot be read: " + err.Error() + ".")
		return exitUsage
	}
	if len(words) > 0 && words[0] == "lxcdeck" { // as advice has it
		words = words[1:]
	}
	behind := len(words) > 1 && words[len(words)-1] == "&"
	if behind {
		words = words[:len(words)-1]
	}
	switch {
	case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		return exitOK
	case words[0] == "?":
		words[0] = "help"
	}
	cmd, meant := s.command(words[0])
	if cmd == nil {
		return s.choose(words)
	}
	words = append(meant, words[1:]...)
	words, err = s.complete(cmd, words)
	if err != nil {
		return s.wontDo(err)
	}
	if !behind || cmd.Name() == "quit" { // which would wait for itself
		return s.do(words, nil)
	}
	s.behind(runtime.JoinWords(words), func(b *backJob) int { return s.do(words, b) })
	return exitOK
}

// wontDo says why a line is not done.
func (s *session) wontDo(err error) int {
	if errors.Is(err, errLeft) {
		s.put("Left; nothing was done.")
		return exitOK
	}
	return s.fail(err)
}

// do runs a line.
func (s *session) do(words []string, b *backJob) int {
	d := s.deck()
	d.back = b
	root := s.root(d)
	return d.execute(s.ctx, root, words)
}

// root is the tree of commands of a line: the verbs, and those of a session alone.
func (s *session) root(d *deck) *cobra.Command {
	root := d.root()
	for _, name := range []string{"completion", "help"} {
		if cmd, _, err := root.Find([]string{name}); err == nil {
			root.RemoveCommand(cmd)
		}
	}
	root.AddCommand(s.own(d)...)
	root.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true})
	root.SetIn(d.Stdin)
	root.SetOut(d.Stdout)
	root.SetErr(d.Stderr)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _ = d.print([]byte(helpText(cmd, d))) }) // a terminal that is gone needs none
	return root
}

// helpText explains a command: what it does, how it is typed, and a line for each flag.
func helpText(cmd *cobra.Command, d *deck) string {
	var b strings.Builder
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	for line := range strings.Lines(about + "\n") {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("To type: " + d.bare(cmd.UseLine()) + "\n")
	if len(cmd.Aliases) > 0 {
		b.WriteString("Also: " + strings.Join(cmd.Aliases, ", ") + "\n")
	}
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + value
		}
		if f.Shorthand != "" {
			name += ", or -" + f.Shorthand
		}
		b.WriteString(name + ": " + usage + ".\n")
	})
	return b.String()
}

// command is the command of a word: a verb, one of the session, or an action of the
// screen by its name; nil = there is none. meant is what stands for the word.
func (s *session) command(word string) (cmd *cobra.Command, meant []string) {
	root := s.root(s.deck())
	find := func(name string) *cobra.Command {
		for _, cmd := range root.Commands() {
			if cmd.Name() == name && !cmd.Hidden || slices.Contains(cmd.Aliases, name) {
				return cmd
			}
		}
		return nil
	}
	if cmd := find(word); cmd != nil {
		return cmd, []string{cmd.Name()}
	}
	typed, _ := plainOf(keymap.ID(word))
	for _, w := range strings.Fields(typed) {
		if w == strings.ToLower(w) && w != "--" { // the others stand for what is to be told
			meant = append(meant, w)
		}
	}
	if len(meant) == 0 {
		return nil, nil
	}
	return find(meant[0]), meant
}

// needless are the verbs that mean all containers where none is named.
func needless() []string { return []string{"ls", "top", "network", "space"} }

// complete puts names of containers in the place of their numbers and beginnings, the
// chosen ones where none are named, and asks for what a verb needs beside them.
func (s *session) complete(cmd *cobra.Command, words []string) ([]string, error) {
	if slices.ContainsFunc(words, func(w string) bool { return w == "--help" || w == "-h" }) {
		return words, nil
	}
	flags, args, tail, ok := taken(cmd, words[1:])
	if !ok {
		return words, nil // it says so itself
	}
	sub := ""
	subs := subverbs()[cmd.Name()]
	if cmd.Name() == "limits" {
		subs = []string{"set"} // its form
	}
	if len(args) > 0 && slices.Contains(subs, args[0]) {
		sub, args = args[0], args[1:]
	}
	takes, known := takers()[cmd.Name()]
	if cmd.Name() == "autostart" && sub != "set" {
		known = false
	}
	if f := cmd.Flags().Lookup("default"); f != nil && f.Changed {
		known = false // of no container
	}
	if known && !cmd.Flags().Changed("name") {
		all, err := s.named(cmd.Name(), &takes, args)
		if err != nil {
			return nil, err
		}
		args = all
	}
	if sub != "" {
		args = append([]string{sub}, args...)
	}
	if form := formOf(cmd.Name(), sub); form != nil && len(flags) == 0 && len(tail) == 0 && form.wanted(len(args)) {
		return s.fill(cmd, form, args)
	}
	return slices.Concat([]string{cmd.Name()}, flags, args, tail), nil
}

// taken parts the words behind a verb: its flags, its arguments, and what stands behind
// --. It is not ok where the verb does not take them.
func taken(cmd *cobra.Command, words []string) (flags, args, tail []string, ok bool) {
	if dash := slices.Index(words, "--"); dash >= 0 {
		words, tail = words[:dash], words[dash:]
	}
	cmd.InitDefaultHelpFlag()
	if cmd.ParseFlags(words) != nil {
		return nil, nil, nil, false
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name == "plain" {
			return
		}
		if many, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range many.GetSlice() {
				flags = append(flags, "--"+f.Name+"="+v)
			}
			return
		}
		flags = append(flags, "--"+f.Name+"="+f.Value.String())
	})
	return flags, cmd.Flags().Args(), tail, true
}

// named puts names into arguments.
func (s *session) named(verb string, takes *arguments, args []string) ([]string, error) {
	var refs []runtime.Ref
	n := 0
	for n < len(args) && (takes.most == 0 || n < takes.most) {
		found, err := s.find(args[n])
		if err != nil && (n > 0 || takes.most == 0 || len(s.chosen) == 0 || statusOf(err) != exitNotFound) {
			return nil, err // a mistyped name never means those that are chosen
		}
		if err != nil {
			break // it is no container, but what else the verb takes
		}
		refs = append(refs, found...)
		n++
	}
	switch {
	case n > 0:
	case len(s.chosen) > 0:
		refs = s.chosen
	case slices.Contains(needless(), verb):
	default:
		ref, err := s.askWhich(verb)
		if err != nil {
			return nil, err
		}
		refs = ref
	}
	if takes.most > 0 && len(refs) > takes.most {
		return nil, &exitError{exitUsage, fmt.Errorf("%s takes one container, and %d are meant: name one", verb, len(refs))}
	}
	var names []string
	for _, ref := range refs {
		names = append(names, s.typed(ref))
	}
	return append(names, args[n:]...), nil
}

// typed is how a container is named to a verb.
func (s *session) typed(ref runtime.Ref) string {
	if s.twin(ref.Name) {
		return ref.String()
	}
	return ref.Name
}

// askWhich asks for a container that a verb needs.
func (s *session) askWhich(verb string) ([]runtime.Ref, error) {
	for {
		answer, err := s.ask(verb+": of which container? a name or a number of the list, enter leaves:", true)
		switch {
		case err != nil:
			return nil, err
		case answer == "":
			return nil, errLeft
		case answer == "?" || answer == "list":
			s.do([]string{"list"}, nil)
			continue
		}
		var refs []runtime.Ref
		for _, word := range strings.Fields(answer) {
			found, err := s.find(word)
			if err != nil {
				s.fail(err)
				refs = nil
				break
			}
			refs = append(refs, found...)
		}
		if len(refs) > 0 {
			return refs, nil
		}
	}
}

// choose takes words that name no command for containers, which the next commands are
// about.
func (s *session) choose(words []string) int {
	var refs []runtime.Ref
	for _, word := range words {
		found, err := s.find(word)
		if errors.Is(err, errLeft) {
			return s.wontDo(err)
		}
		if err != nil && strings.Trim(word, "0123456789-") == "" {
			return s.fail(err)
		}
		if err != nil {
			s.put(word + " is neither a command nor a container. help lists the commands, list the containers.")
			return exitUsage
		}
		for _, ref := range found {
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	s.chosen = refs
	var names []string
	for _, ref := range refs {
		names = append(names, s.d.called(ref))
	}
	s.put("Chosen: " + strings.Join(names, ", ") + ". detail tells all about it, all takes the choice back.")
	return exitOK
}
