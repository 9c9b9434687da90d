package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// entry is one question of a form: an argument of a verb, or one of its flags.
type entry struct {
	flag    string // "" = an argument
	name    string // as it is asked for
	help    string // what ? tells; "" = what the flag's own help says
	must    bool
	yes     bool                      // a flag without a value
	tail    bool                      // words behind --
	several bool                      // an argument of several words, or a flag that may be repeated
	offers  func(f *filling) []string // what it may be; nil = anything
	check   func(f *filling, value string) error
	off     func(f *filling) bool // it is not asked
}

// form asks for what a verb needs, as the screen's form does.
type form struct {
	verb    string
	sub     string // the word behind the verb
	ours    bool   // which the verb does not know
	from    int    // asked where so many arguments or fewer are given, of which the first are names
	title   string // of the question behind it: "Create"; "" = the operation asks itself
	entries []entry
}

// wanted says whether a line with so many arguments leaves something to ask.
func (f *form) wanted(args int) bool {
	if f.sub != "" {
		args--
	}
	return args <= f.from
}

// filling is a form that is being filled in.
type filling struct {
	s       *session
	cmd     *cobra.Command
	names   []string // of containers
	answers []string
	given   []bool
	known   *runtime.Choices
	form    *form
}

// of is the answer to the entry of that name.
func (f *filling) of(name string) string {
	for i := range f.form.entries {
		if f.form.entries[i].name == name {
			return f.answers[i]
		}
	}
	return ""
}

// fill asks for what is missing, and gives the words of the whole line.
func (s *session) fill(cmd *cobra.Command, form *form, args []string) ([]string, error) {
	if form.sub != "" {
		args = args[1:]
	}
	if why := keymap.Why(keymap.Action{Changes: true}, keymap.Situation{ReadOnly: s.d.settings.ReadOnly.Value}); why != "" {
		return nil, &exitError{exitRefused, errors.New(why)} // before anybody answers questions
	}
	f := &filling{s: s, cmd: cmd, form: form, names: args, answers: make([]string, len(form.entries)), given: make([]bool, len(form.entries))}
	if form.from == 0 && len(args) > 0 {
		f.names = nil
	}
	if err := s.refusedBefore(form, f.names); err != nil {
		return nil, err
	}
	about := form.verb
	if len(f.names) > 0 {
		about += " " + strings.Join(f.names, ", ")
	}
	s.put(about + ": some questions. Enter alone takes what stands in brackets, - takes nothing, ? explains, back goes one back, quit or ctrl+c leaves without doing anything.")
	if err := f.askAll(); err != nil {
		return nil, err
	}
	words := f.words()
	s.put("The same as: lxcdeck " + runtime.JoinWords(words))
	if form.title == "" {
		return words, nil
	}
	what := form.title
	if len(f.names) > 0 {
		what += " " + strings.Join(f.names, ", ")
	} else if len(f.answers) > 0 && form.entries[0].flag == "" {
		what += " " + f.answers[0]
	}
	if !s.sure(what + "?") {
		return nil, errSaid
	}
	return words, nil
}

// refusedBefore says that an operation cannot be done before anybody answers questions
// about it.
func (s *session) refusedBefore(form *form, names []string) error {
	op, ok := runtime.ParseOp(form.verb)
	if form.verb == "restore" {
		op = runtime.RestoreAs
	}
	if !ok || len(names) == 0 {
		return nil
	}
	l, err := s.listing()
	if err != nil {
		return err
	}
	for _, name := range names {
		c, err := find(l.Containers, name)
		if err != nil {
			continue
		}
		if why := refusal(op, &c, s.situation([]runtime.Container{c})); why != "" {
			return &exitError{exitRefused, errors.New(why)}
		}
	}
	return nil
}

// askAll puts the questions, forth and back.
func (f *filling) askAll() error {
	f.s.in.drop() // what was typed before the first of them was not meant for it
	for i := 0; i < len(f.form.entries); {
		e := &f.form.entries[i]
		if e.off != nil && e.off(f) {
			f.answers[i], f.given[i] = "", false
			i++
			continue
		}
		back, err := f.askOne(i)
		if err != nil {
			return err
		}
		if !back {
			i++
			continue
		}
		for i--; i > 0 && f.form.entries[i].off != nil && f.form.entries[i].off(f); i-- {
			continue
		}
		i = max(i, 0)
	}
	return nil
}

// askOne puts one question until it has an answer that can be taken.
func (f *filling) askOne(i int) (back bool, err error) {
	e := &f.form.entries[i]
	for {
		answer, err := f.s.ask(f.question(i), false)
		switch {
		case err != nil:
			return false, errLeft
		case answer == "quit":
			return false, errLeft
		case answer == "back":
			return true, nil
		case answer == "?":
			f.explain(e)
			continue
		case answer == "":
			answer = f.answers[i]
		case answer == "-":
			answer = ""
		}
		answer = strings.TrimPrefix(answer, `\`) // a name such as back
		if why := f.against(e, &answer); why != "" {
			f.s.put("Not taken: " + why + ".")
			continue
		}
		f.answers[i], f.given[i] = answer, answer != ""
		return false, nil
	}
}

// question says what is wanted, and what enter alone takes.
func (f *filling) question(i int) string {
	e := &f.form.entries[i]
	now := f.answers[i]
	switch {
	case now == "" && e.yes:
		now = "no"
	case now == "" && e.must:
		now = "needed"
	case now == "":
		now = "none"
	}
	text := e.name
	if e.yes {
		text += ", yes or no"
	}
	return text + " [" + now + "], quit leaves:"
}

// against says why an answer cannot be taken, and puts it into its form.
func (f *filling) against(e *entry, answer *string) string {
	if e.yes {
		switch strings.ToLower(*answer) {
		case "y", "yes":
			*answer = "yes"
		case "n", "no", "":
			*answer = ""
		default:
			return "yes or no is wanted"
		}
		return ""
	}
	switch {
	case *answer == "" && e.must:
		return "this is needed; quit leaves"
	case *answer == "":
		return ""
	}
	if e.several || e.tail {
		if _, err := runtime.SplitWords(*answer); err != nil {
			return err.Error()
		}
	}
	if e.offers != nil {
		if all := e.offers(f); len(all) > 0 && !slices.Contains(all, *answer) {
			var begin []string
			for _, c := range all {
				if strings.HasPrefix(c, *answer) {
					begin = append(begin, c)
				}
			}
			if len(begin) == 1 {
				*answer = begin[0]
			}
		}
	}
	if e.check != nil {
		if err := e.check(f, *answer); err != nil {
			return strings.TrimPrefix(err.Error(), runtime.ErrInvalid.Error()+": ")
		}
	}
	return ""
}

// explain is the answer to a question mark.
func (f *filling) explain(e *entry) {
	help := e.help
	if flag := f.cmd.Flags().Lookup(e.flag); help == "" && flag != nil {
		help = strings.ReplaceAll(flag.Usage, "`", "")
	}
	if help == "" {
		help = e.name
	}
	f.s.put(strings.ToUpper(help[:1]) + help[1:] + ".")
	if e.offers != nil {
		if all := e.offers(f); len(all) > 0 {
			f.s.put("There are: " + strings.Join(all, ", ") + ".")
		}
	}
}

// words are the line that the answers come to.
func (f *filling) words() []string {
	words := []string{f.form.verb}
	if f.form.sub != "" && !f.form.ours {
		words = append(words, f.form.sub)
	}
	words = append(words, f.names...)
	var flags, tail []string
	for i := range f.form.entries {
		e, answer := &f.form.entries[i], f.answers[i]
		parts := []string{answer}
		if e.several || e.tail {
			parts, _ = runtime.SplitWords(answer) // it was checked when it was answered
		}
		switch {
		case answer == "":
		case e.yes:
			flags = append(flags, "--"+e.flag)
		case e.tail:
			tail = append(tail, parts...)
		case e.flag == "":
			words = append(words, parts...)
		default:
			for _, p := range parts {
				flags = append(flags, "--"+e.flag+"="+p)
			}
		}
	}
	words = append(words, flags...)
	if len(tail) > 0 {
		words = append(append(words, "--"), tail...)
	}
	return words
}

// choices are what this host has for new containers; they are read once.
func (f *filling) choices() *runtime.Choices {
	if f.known == nil {
		d := f.s.deck()
		ctx, cancel := d.asked(f.s.ctx)
		defer cancel()
		c, err := d.rt.Choices(ctx)
		if err != nil {
			f.s.put("Not known what this host has: " + views.Clean(err.Error()) + ".")
		}
		f.known = &c
	}
	return f.known
}
