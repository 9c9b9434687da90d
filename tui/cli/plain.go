package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// pageLines is how many lines are shown before it is asked whether more is wanted.
const pageLines = 20

// session is lxcdeck without a screen: a line is asked for, done, and answered in words.
// A line is a verb of the command line, which runs in this process, or one of the
// session's own, which are commands as verbs are. Nothing is written while an answer is
// awaited: what happens meanwhile is told before the next question.
type session struct {
	d      *deck // whose runtime it is
	ctx    context.Context
	in     *lines
	none   *os.File // what verbs read where lines do not come from a terminal
	paged  bool     // long lists are shown in pages
	page   int      // of so many lines; 0 = in one
	shown  int      // lines since the last question
	dumped bool     // the rest of what is printed is not wanted
	chosen []runtime.Ref
	listed []runtime.Ref // what was numbered last
	failed map[runtime.Ref]error
	over   bool  // it was asked to end
	gone   bool  // no more lines come
	deaf   error // why nothing can be told any more
	news   *news
	jobs   jobs

	mu    sync.Mutex
	told  []string        // what was said aside, the newest last
	twins map[string]bool // names that several lxcpaths have
}

// errEnough is what print gives when the reader has had enough.
var errEnough = errors.New("enough")

// plainly works line by line until there are no more.
func (d *deck) plainly(cmd *cobra.Command) error {
	switch {
	case d.flags.timeout != 0:
		return usage(cmd, "--timeout needs a verb, such as \"lxcdeck stop --timeout 10s NAME\"")
	case d.flags.page < 0:
		return usage(cmd, "--page-lines %d: a number of lines, or 0 for no pages", d.flags.page)
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	in, err := newLines(d.Stdin)
	if err != nil {
		return err
	}
	defer in.close()
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	s := &session{d: d, ctx: ctx, in: in, paged: in.tty && isTerminal(d.Stdout), page: d.flags.page, failed: map[runtime.Ref]error{}}
	if !in.tty {
		if s.none, err = os.Open(os.DevNull); err != nil {
			return err
		}
		defer s.none.Close()
	}
	if d.log != nil {
		if err := d.log.Check(); err != nil {
			d.warn("what is done is not written down: %v", err)
		}
	}
	d.session = s
	defer func() { d.session = nil }() // it ends, and closes the runtime
	s.news = d.newNews(ctx)
	status := s.run()
	if !in.tty {
		d.status = status
	}
	return nil
}

// run asks for lines and does what they say. It gives the highest status.
func (s *session) run() int {
	status := exitOK
	if l, err := s.listing(); err != nil {
		status = s.fail(err)
	} else {
		s.listed = refsOf(l.Containers)
		s.put(s.opening(&l))
		s.tellEarlier()
	}
	for !s.over {
		s.tellNews()
		line, err := s.ask(s.prompt(), false)
		switch {
		case errors.Is(err, errLeft):
			s.put("Nothing was under way. quit leaves.")
			continue
		case errors.Is(err, io.EOF):
			s.leave(true)
			continue
		case err != nil:
			return max(status, s.fail(err))
		}
		status = max(status, s.line(line))
	}
	if s.deaf != nil {
		status = max(status, s.fail(s.deaf))
	}
	return status
}

// prompt says what is wanted, and of what.
func (s *session) prompt() string {
	switch n := len(s.chosen); n {
	case 0:
		return "command, or help, or quit:"
	case 1:
		return s.called(s.chosen[0]) + ", command, or help, or quit:"
	default:
		return several(n, "container") + " chosen, command, or help, or quit:"
	}
}

// opening is the first line: how many there are, and what is wrong.
func (s *session) opening(l *runtime.Listing) string {
	running, frozen := 0, 0
	var wrong []string
	for i := range l.Containers {
		c := &l.Containers[i]
		switch {
		case c.State == runtime.Frozen:
			frozen++
		case c.State.Alive():
			running++
		}
		switch {
		case !c.NoAnswerSince.IsZero():
			wrong = append(wrong, s.called(c.Ref)+" does not answer")
		case c.Problem != nil && c.Foreign == nil:
			wrong = append(wrong, s.called(c.Ref)+": "+why(c.Problem))
		}
	}
	for _, p := range l.Problems {
		wrong = append(wrong, p.Error())
	}
	version, _, _ := strings.Cut(s.d.Version, "\n")
	text := strings.TrimSpace("lxcdeck "+version) + ": "
	if s.d.rt.About().Demo {
		text += "an invented host: "
	}
	text += several(len(l.Containers), "container") + ", " + fmt.Sprint(running) + " running"
	if frozen > 0 {
		text += ", " + fmt.Sprint(frozen) + " frozen"
	}
	if s.d.settings.ReadOnly.Value {
		text += ", read-only"
	}
	if len(wrong) == 0 {
		return text + ". Nothing is wrong."
	}
	return text + ". Wrong: " + strings.Join(wrong, "; ") + "."
}

// called is a container's name, as foreign text.
func (s *session) called(ref runtime.Ref) string { return views.Clean(s.d.called(ref)) }

// listing reads the list, for a question of a person's.
func (s *session) listing() (runtime.Listing, error) {
	ctx, cancel := context.WithTimeout(s.ctx, lookTime)
	defer cancel()
	l, err := s.d.rt.List(ctx)
	if err != nil {
		return l, err
	}
	seen, twins := map[string]bool{}, map[string]bool{}
	for i := range l.Containers {
		name := l.Containers[i].Name
		twins[name] = seen[name]
		seen[name] = true
	}
	s.mu.Lock()
	s.twins = twins
	s.mu.Unlock()
	return l, nil
}

// twin says whether several lxcpaths have containers of a name.
func (s *session) twin(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.twins[name]
}

func refsOf(all []runtime.Container) []runtime.Ref {
	refs := make([]runtime.Ref, len(all))
	for i := range all {
		refs[i] = all[i].Ref
	}
	return refs
}

// put writes a line that answers.
func (s *session) put(text string) {
	_ = s.write(views.Clean(text) + "\n") // a terminal that is gone is noticed where it is read from
}

func (s *session) write(text string) error {
	s.shown += strings.Count(text, "\n")
	return writeAll(s.d.Stdout, []byte(text))
}

// fail tells an error, and gives its status.
func (s *session) fail(err error) int {
	d := s.deck()
	d.fail(err)
	return d.status
}

// deck is the command line of one line.
func (s *session) deck() *deck {
	d := &deck{Options: s.d.Options, settings: s.d.settings, log: s.d.log, unlogged: s.d.unlogged, session: s}
	d.rt = &reported{s.d.rt, d}
	d.flags.plain = true
	if s.none != nil {
		d.Stdin = s.none
	}
	return d
}

// again is open within a session: the runtime is open, and stays as it was opened.
func (d *deck) again(cmd *cobra.Command) error {
	for _, name := range []string{"lxcpath", "config", "read-only", "demo"} {
		if f := cmd.Flag(name); f != nil && f.Changed {
			return usage(cmd, "--%s is given when lxcdeck is started", name)
		}
	}
	return d.pace(cmd, &d.settings)
}

// bare is a usage line as it is typed here.
func (d *deck) bare(line string) string {
	if d.session == nil {
		return line
	}
	return strings.TrimSuffix(strings.TrimPrefix(line, "lxcdeck "), " [flags]")
}

// helpFor is what shows the help of a command.
func (d *deck) helpFor(cmd *cobra.Command) string {
	if d.session == nil {
		return cmd.CommandPath() + " --help"
	}
	return "help " + cmd.Name()
}

// ask puts a question and gives the answer. With fresh it forgets what was typed before
// the question was there.
func (s *session) ask(question string, fresh bool) (string, error) {
	if err := s.question(question, fresh); err != nil {
		return "", err
	}
	return s.answer()
}

// decide is ask for what interrupts or loses something: what comes within the first
// moment was not meant for it, either.
func (s *session) decide(question string) (string, error) {
	for {
		if err := s.question(question, true); err != nil {
			return "", err
		}
		if !s.in.early(s.d.hold()) {
			return s.answer()
		}
		s.put("That came before the question could be read, and does not answer it.")
	}
}

func (s *session) question(text string, fresh bool) error {
	if s.in.calm() && s.in.tty {
		_ = s.write("\n") // behind the terminal's own ^C
	}
	if fresh {
		s.in.drop()
	}
	end := " "
	if !s.in.tty {
		end = "\n" // no echo of an answer ends the line
	}
	s.shown = 0
	if s.deaf = s.write(views.Clean(text) + end); s.deaf != nil {
		return io.EOF // nobody is there who could answer
	}
	return nil
}

func (s *session) answer() (string, error) {
	line, err := s.in.read(s.ctx)
	if err != nil && s.in.tty {
		_ = s.write("\n")
	}
	s.shown, s.dumped = 0, false
	return strings.TrimSpace(line), err
}

// hold is how long a question that decides takes no answer, as on the screen.
func (d *deck) hold() time.Duration {
	return cmp.Or(d.Hold, 300*time.Millisecond)
}

// sure asks for a yes. All else is a no, and said to be one.
func (s *session) sure(question string) bool {
	for {
		answer, err := s.decide(question + " yes or no, enter is no:")
		switch strings.ToLower(answer) {
		case "y", "yes":
			if err == nil {
				return true
			}
		case "?":
			s.put("yes does it. no, enter or ctrl+c do nothing.")
			continue
		}
		s.put("Nothing was done.")
		return false
	}
}

// print writes what a verb prints, page by page.
func (s *session) print(d *deck, text []byte) error {
	if d.back.add(text) {
		return nil
	}
	if s.dumped {
		return errEnough
	}
	if !s.paged || s.page == 0 {
		return s.write(string(text))
	}
	for line := range strings.Lines(string(text)) {
		if s.shown >= s.page {
			answer, err := s.ask("more? enter goes on, q leaves:", true)
			if err != nil || answer != "" && !strings.EqualFold(answer, "y") {
				s.dumped = true
				return errEnough
			}
		}
		if err := s.write(line); err != nil {
			return err
		}
	}
	return nil
}

// aside writes what is said beside that.
func (s *session) aside(d *deck, text string) {
	s.mu.Lock()
	const most = 500
	for line := range strings.Lines(text) {
		s.told = append(s.told, time.Now().Format("15:04:05")+" "+strings.TrimSuffix(line, "\n"))
	}
	if n := len(s.told); n > most {
		s.told = append([]string(nil), s.told[n-most:]...)
	}
	s.mu.Unlock()
	if !d.back.add([]byte(text)) {
		_, _ = io.WriteString(s.d.Stderr, text) // where it fails there is no place left to say so
	}
}

// stream writes the output of a program as it comes.
func (d *deck) stream(p []byte) error {
	if d.back.add(p) {
		return nil
	}
	return writeAll(d.Stdout, p)
}
