package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

const (
	// logPause is the time between two looks at an open log.
	logPause = 200 * time.Millisecond
	// keepPage is how many lines of a page stay on screen when it turns.
	keepPage = 1
)

// logView reads a log of a container. What is wanted of it is asked off the loop, one
// thing at a time; keys that come meanwhile are gathered.
type logView struct {
	reader
	of     runtime.Ref
	source runtime.LogSource
	text   *logText // nil = not open yet
	page   logPage  // what was read last
	err    error    // why nothing was
	next   logAsk   // what is wanted when the one that is out is back
	more   bool     // that is something
	goal   logTo    // of the one that is out
	left   int
	wrap   bool
	match  *logfile.Matcher
	filter *logfile.Filter
	words  []string // of the filter
	prompt string   // what is typed: "/", "&" or "&!"; "" = nothing
	typed  textLine
	note   string
}

// openLogOf opens one log.
func (m *Model) openLogOf(of runtime.Ref, source runtime.LogSource) tea.Cmd {
	x := &logView{of: of, source: source}
	m.overlay = x
	return x.ask(m, logAsk{to: logEnd})
}

// rows is how many lines are read for a screen.
func (x *logView) rows(m *Model) int {
	return max(1, m.theme.LogPage(x.state(m), m.layout.W, m.layout.H))
}

// ask reads the log as it is wanted, now or when what is out is back.
func (x *logView) ask(m *Model, a logAsk) tea.Cmd {
	if x.out {
		if x.more && x.next.to == logMoves && a.to == logMoves {
			a.by += x.next.by
		}
		x.next, x.more = a, true
		return nil
	}
	x.more, x.goal = false, a.to
	a.page, a.filter = x.rows(m), x.filter
	if a.match == nil {
		a.match = x.match
	}
	within := readDeadline
	if a.to == logFinds || a.filter != nil {
		within = 0 // it may be gigabytes; a key ends it
	}
	rt, of, source, text := m.rt, x.of, x.source, x.text
	return fetch(m, x, "log", within, func(ctx context.Context) (logPage, error) {
		if text == nil {
			var err error
			if text, err = openLogText(ctx, rt, of, source); err != nil {
				return logPage{}, err
			}
		}
		p, err := text.read(ctx, a)
		p.text = text
		return p, err
	})
}

// took shows what was read, and asks for what is wanted next.
func (x *logView) took(m *Model, got logPage, err error) tea.Cmd {
	if got.text != nil {
		x.text = got.text
	}
	x.err = err
	if err == nil {
		x.page, x.note = got, got.note
	}
	if x.more {
		return x.ask(m, x.next)
	}
	return next(m, x, max(logPause, x.pause(m)/2))
}

// due looks for what is new.
func (x *logView) due(m *Model) tea.Cmd { return x.ask(m, logAsk{}) }

// close leaves the view. The log is let go of when what reads it has ended.
func (x *logView) close(m *Model) tea.Cmd {
	act := x.leave(m)
	if text := x.text; text != nil {
		return tea.Batch(act, cmd("log", func() tea.Msg { _ = text.close(); return nil }))
	}
	return act
}

func (x *logView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if x.prompt != "" {
		return x.typing(m, k)
	}
	m.notices.read(k.String())
	x.note = ""
	page := x.rows(m)
	switch k.String() {
	case "esc", "q", "ctrl+c":
		if x.out && x.goal == logFinds && k.String() != "q" {
			x.stop()
			return nil
		}
		return x.close(m)
	case "/", "&":
		x.prompt, x.typed = k.String(), textLine{}
	case "n", "N":
		if x.match == nil {
			x.note = "nothing was searched for yet: /"
			return nil
		}
		return x.ask(m, logAsk{to: logFinds, back: k.String() == "N"})
	case "w":
		x.wrap, x.left = !x.wrap, 0
	case "left", "h":
		x.left = max(0, x.left-max(1, m.layout.W/2))
	case "right", "l":
		if !x.wrap {
			x.left += max(1, m.layout.W/2)
		}
	case "0":
		x.left = 0
	case "up", "k":
		return x.ask(m, logAsk{to: logMoves, by: -1})
	case "down", "j", "enter":
		return x.ask(m, logAsk{to: logMoves, by: 1})
	case "pgup", "b", "ctrl+b":
		return x.ask(m, logAsk{to: logMoves, by: -max(1, page-keepPage)})
	case "pgdown", "space", "ctrl+f":
		return x.ask(m, logAsk{to: logMoves, by: max(1, page-keepPage)})
	case "ctrl+u":
		return x.ask(m, logAsk{to: logMoves, by: -max(1, page/2)})
	case "ctrl+d":
		return x.ask(m, logAsk{to: logMoves, by: max(1, page/2)})
	case "home", "g":
		return x.ask(m, logAsk{to: logBegin})
	case "end", "G", "F":
		return x.ask(m, logAsk{to: logEnd})
	}
	return nil
}

// typing is a key while it is typed what to search or to filter for.
func (x *logView) typing(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		x.prompt = ""
	case "backspace":
		if len(x.typed.text) == 0 {
			x.prompt = ""
			return nil
		}
		x.typed.key(k)
	case "enter":
		how, text := x.prompt, x.typed.String()
		x.prompt = ""
		if how == "&" {
			return x.filterBy(m, text)
		}
		return x.searchFor(m, text)
	default:
		x.typed.key(k)
	}
	return nil
}

// pattern makes a matcher of what was typed: a regular expression as in less(1), else
// the text itself. Without a capital letter case does not count.
func pattern(typed string) (*logfile.Matcher, error) {
	fold := strings.ToLower(typed) == typed
	m, err := logfile.Pattern{Text: typed, Fold: fold, Regexp: true}.Compile()
	if err != nil {
		return logfile.Pattern{Text: typed, Fold: fold}.Compile()
	}
	return m, nil
}

func (x *logView) searchFor(m *Model, typed string) tea.Cmd {
	if typed == "" {
		x.match = nil
		return x.ask(m, logAsk{})
	}
	match, err := pattern(typed)
	if err != nil {
		x.note = err.Error()
		return nil
	}
	x.match = match
	return x.ask(m, logAsk{to: logFinds})
}

// filterBy shows only lines with a text, or with ! before it only those without; an
// empty one shows all again. Each adds to those before it.
func (x *logView) filterBy(m *Model, typed string) tea.Cmd {
	out := strings.HasPrefix(typed, "!")
	text := strings.TrimPrefix(typed, "!")
	if text == "" {
		x.filter, x.words = nil, nil
		return x.ask(m, logAsk{})
	}
	match, err := pattern(text)
	if err != nil {
		x.note = err.Error()
		return nil
	}
	f := logfile.Filter{}
	if x.filter != nil {
		f = *x.filter
	}
	if out {
		f.Out = append(f.Out[:len(f.Out):len(f.Out)], match)
		x.words = append(x.words, "without "+text)
	} else {
		f.In = append(f.In[:len(f.In):len(f.In)], match)
		x.words = append(x.words, "with "+text)
	}
	x.filter = &f
	return x.ask(m, logAsk{})
}

// paste goes into what is typed.
func (x *logView) paste(_ *Model, text string) bool {
	if x.prompt == "" {
		return false
	}
	x.typed.insert(text)
	return true
}

func (x *logView) paint(m *Model) views.Block { return m.theme.Log(x.state(m), m.layout.W, m.layout.H) }

func (x *logView) state(m *Model) *views.LogState {
	p := &x.page
	s := &views.LogState{
		Title: m.called(x.of), Source: x.source.Name(), Lines: p.lines, Left: x.left, Wrap: x.wrap, At: p.top, Size: p.size,
		Waits: p.waits, Follow: p.follow, Note: x.note, Warn: p.warn, Say: m.noticeState(), Prompt: x.prompt,
		Typed: x.typed.String(), Behind: x.typed.behind(), Hints: x.hints(),
	}
	if len(x.words) > 0 {
		s.Filter = "lines " + strings.Join(x.words, " and ") + " alone"
	}
	if x.out && x.goal == logFinds {
		s.Busy = max(time.Second, m.clock.Now().Sub(x.began))
	}
	switch {
	case x.err != nil:
		s.Empty, s.Lines = views.Clean(x.err.Error()), nil
	case x.text == nil:
		s.Empty = "opening ..."
	case p.size == 0:
		s.Empty = "nothing is in it"
	case x.filter != nil:
		s.Empty = "no line is like that"
	}
	return s
}

func (x *logView) hints() []keymap.Hint {
	out := []keymap.Hint{{Key: "q", Text: "back"}, {Key: "/", Text: "searches"}}
	if x.match != nil {
		out = append(out, keymap.Hint{Key: "n N", Text: "next, previous"})
	}
	out = append(out, keymap.Hint{Key: "&", Text: "filters"})
	if x.filter != nil {
		out = append(out, keymap.Hint{Key: "& enter", Text: "all lines"})
	}
	return append(out, keymap.Hint{Key: "w", Text: "wraps"})
}
