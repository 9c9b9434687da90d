package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

const (
	// quiet is how long an operation takes before its progress is worth a line.
	quiet = time.Second
	// redraw is the time between two looks at what to draw.
	redraw = 200 * time.Millisecond
	// chunks is how much output may wait for standard output before the work has
	// to wait too, as it would if it wrote there itself.
	chunks = 1024
	// lastLines is how many lines of a failed program's output are shown.
	lastLines = 10
)

// display shows how one operation goes: what a template writes on standard
// output, as it comes, and one line of progress on standard error where that is
// a terminal. One goroutine writes both.
type display struct {
	d      *deck
	name   string
	began  time.Time
	stream bool // output goes to standard output
	line   bool // standard error shows a line

	more  chan []byte
	over  chan struct{} // no more comes
	done  chan struct{} // all is written
	ctx   context.Context
	kept  runtime.Output // what does not stream, for a failure
	clean *lineCleaner   // nil = bytes pass as they are
	plain *plainText     // nil = as clean says
	said  time.Time      // plain: when it was said last how far it is

	mu   sync.Mutex
	at   runtime.Progress // where it is now
	last string           // the line as it stands; "" = none does
	werr error            // the first write that failed
}

// watch begins to show an operation's progress and sets its Progress.
func (d *deck) watch(ctx context.Context, q *runtime.Request) *display {
	s := &display{
		d: d, name: q.Ref.Name, began: time.Now(), ctx: ctx,
		stream: q.Op == runtime.Create && !d.flags.quiet,
		line:   isTerminal(d.Stderr) && d.Getenv("TERM") != "dumb" && d.Getenv("TERM") != "" && !d.flags.plain,
		more:   make(chan []byte, chunks), over: make(chan struct{}), done: make(chan struct{}),
		at: runtime.Progress{Step: q.Op.Info().Doing + " " + q.Ref.Name},
	}
	switch {
	case d.flags.plain:
		s.plain = newPlainText(true)
	case isTerminal(d.Stdout):
		s.clean = &lineCleaner{}
	}
	q.Progress = s.told
	spawn(func() { defer close(s.done); s.run() }, func(err error) { d.warn("%v", err) })
	return s
}

// told takes a word of the Runtime.
func (s *display) told(p runtime.Progress) {
	s.mu.Lock()
	if p.Step != "" {
		s.at = runtime.Progress{Step: p.Step}
		if !strings.Contains(p.Step, s.name) {
			s.at.Step = s.name + ": " + p.Step
		}
	}
	if p.Total > 0 {
		s.at.Total, s.at.Unit = p.Total, p.Unit
	}
	if p.Done > 0 {
		s.at.Done, s.at.Unit = p.Done, p.Unit
	}
	if !s.stream {
		_, _ = s.kept.Write(p.Output) // it never fails
	}
	s.mu.Unlock()
	if !s.stream || len(p.Output) == 0 {
		return
	}
	select {
	case s.more <- bytes.Clone(p.Output):
	case <-s.ctx.Done():
	}
}

// end waits until all is shown. Of what did not stream, a failure shows the last lines.
func (s *display) end(err error) {
	close(s.over)
	select {
	case <-s.done:
	case <-s.afterCancel():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.werr != nil {
		s.d.warn("%s: what the template wrote could not be shown: %v", s.name, s.werr)
	}
	if err == nil || s.kept.Len() == 0 {
		return
	}
	for i := max(0, s.kept.Len()-lastLines); i < s.kept.Len(); i++ {
		s.d.warn("| %s", s.kept.Line(i))
	}
}

// afterCancel says that whoever cancelled has waited long enough for standard
// output to take the rest.
func (s *display) afterCancel() <-chan time.Time {
	late := make(chan time.Time, 1)
	context.AfterFunc(s.ctx, func() { time.AfterFunc(lastWords, func() { late <- time.Now() }) })
	return late
}

// run writes until there is no more.
func (s *display) run() {
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for {
		select {
		case p := <-s.more:
			s.write(p)
		case <-tick.C:
			s.draw()
		case <-s.over:
			for {
				select {
				case p := <-s.more:
					s.write(p)
					continue
				default:
				}
				break
			}
			s.erase()
			switch {
			case s.plain != nil:
				s.out(s.plain.end())
			case s.clean != nil:
				s.out(s.clean.end())
			}
			return
		}
	}
}

func (s *display) write(p []byte) {
	s.erase()
	switch {
	case s.plain != nil:
		p = s.plain.Append(nil, p)
	case s.clean != nil:
		p = s.clean.clean(p)
	}
	s.out(p)
}

// out writes to standard output. If nobody reads there the work goes on: half a
// container would help nobody.
func (s *display) out(p []byte) {
	s.mu.Lock()
	failed := s.werr != nil
	s.mu.Unlock()
	if failed || len(p) == 0 {
		return
	}
	if err := s.d.stream(p); err != nil {
		s.mu.Lock()
		s.werr = err
		s.mu.Unlock()
	}
}

// draw shows the line, if it has changed and there is a place for it.
func (s *display) draw() {
	took := time.Since(s.began)
	if s.plain != nil && s.d.session != nil {
		s.say(took)
	}
	if !s.line || took < quiet || s.clean != nil && s.clean.open {
		return
	}
	cols, _ := size(s.d.Stderr)
	s.mu.Lock()
	text := ansi.Truncate(views.Clean(s.text(took)), max(cols, 20)-1, "")
	same := text == s.last
	s.last = text
	s.mu.Unlock()
	if !same {
		_, _ = fmt.Fprintf(s.d.Stderr, "\r%s\x1b[K", text)
	}
}

// say tells now and then how far it is, in a line of its own.
func (s *display) say(took time.Duration) {
	const every = 15 * time.Second
	if took < every || time.Since(s.said) < every {
		return
	}
	s.said = time.Now()
	s.mu.Lock()
	text := s.text(took)
	s.mu.Unlock()
	s.d.warn("still %s", text)
}

func (s *display) erase() {
	s.mu.Lock()
	shown := s.last != ""
	s.last = ""
	s.mu.Unlock()
	if shown {
		_, _ = fmt.Fprint(s.d.Stderr, "\r\x1b[K")
	}
}

// text is the line: what is done, how much of it, how long. s.mu is held.
func (s *display) text(took time.Duration) string {
	var b strings.Builder
	b.WriteString(s.at.Step)
	amount := views.Bytes
	if s.at.Unit != "" {
		amount = func(n uint64) string { return fmt.Sprint(n) }
	}
	if s.at.Total > 0 {
		fmt.Fprintf(&b, "  %d%%", min(100, int(100*float64(s.at.Done)/float64(s.at.Total))))
	}
	switch {
	case s.at.Total > 0:
		fmt.Fprintf(&b, "  %s of %s", amount(s.at.Done), amount(s.at.Total))
	case s.at.Done > 0:
		b.WriteString("  " + amount(s.at.Done))
	}
	if (s.at.Done > 0 || s.at.Total > 0) && s.at.Unit != "" {
		b.WriteString(" " + s.at.Unit)
	}
	secs := int(took / time.Second)
	fmt.Fprintf(&b, "  %d:%02d", secs/60, secs%60)
	return b.String()
}

// lineCleaner cleans text that comes in pieces. Line feeds, carriage returns
// and tabs stay, as progress bars need them; all else is as views.Clean has it.
type lineCleaner struct {
	held []byte // the beginning of a character whose rest has not come
	open bool   // the last line has no end yet
}

func (c *lineCleaner) clean(p []byte) []byte {
	p = append(c.held, p...)
	c.held = nil
	if n := cutRune(p); n > 0 {
		c.held = bytes.Clone(p[len(p)-n:])
		p = p[:len(p)-n]
	}
	return c.safe(p)
}

// end gives what was held back, and ends a line that has no end.
func (c *lineCleaner) end() []byte {
	out := c.safe(c.held)
	if c.open {
		out = append(out, '\n')
	}
	c.held, c.open = nil, false
	return out
}

func (c *lineCleaner) safe(p []byte) []byte {
	if len(p) == 0 {
		return nil
	}
	var out []byte
	for len(p) > 0 {
		i := bytes.IndexAny(p, "\n\r\t")
		if i < 0 {
			out = append(out, views.Clean(string(p))...)
			break
		}
		out = append(append(out, views.Clean(string(p[:i]))...), p[i])
		p = p[i+1:]
	}
	c.open = out[len(out)-1] != '\n'
	return out
}

// cutRune is how many bytes at the end are a character that is cut.
func cutRune(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if b := p[len(p)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
