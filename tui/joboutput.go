package tui

import (
	"regexp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// outputView is what a job has written, while it is read: live, until somebody
// scrolls.
type outputView struct {
	of     jobRow
	from   *jobView
	top    int  // number of the first line on screen
	follow bool // the newest lines are shown
	left   int  // cells left of the screen
	match  *regexp.Regexp
	hit    int       // number of the line that was found last; -1 = none
	search int       // counts searches: an older one's answer is a stranger
	prompt *textLine // what to search for, while it is typed
	note   string    // what the last key came to
}

// foundLineMsg is the end of a search.
type foundLineMsg struct {
	view   *outputView
	search int
	line   int
	ok     bool
}

// feed is what the job tells; nil = it is a record, which has none.
func (x *outputView) feed() *feed {
	if x.of.job == nil {
		return nil
	}
	return x.of.job.feed
}

// state is all that is painted but the lines.
func (x *outputView) state(m *Model) *views.OutputState {
	s := &views.OutputState{
		Item: m.jobItem(&x.of), Now: m.clock.Now(), Left: x.left, Match: x.match, Follow: x.follow, Note: x.note,
		Say: m.noticeState(), Hints: x.hints(m),
	}
	if x.prompt != nil {
		s.Prompt, s.Typed, s.Behind = true, x.prompt.String(), x.prompt.behind()
	}
	f := x.feed()
	if f == nil {
		s.Empty = "the audit log keeps no output"
		return s
	}
	first, end, gone := f.bounds()
	s.Total, s.Dropped = end, first
	switch {
	case gone:
		s.Empty = "its output was given up, to keep within memory"
	case x.of.job.ended.IsZero():
		s.Empty = "no output so far"
	default:
		s.Empty = "it wrote nothing"
	}
	return s
}

// place keeps the screen within what there is, and gives the lines on it.
func (x *outputView) place(m *Model, s *views.OutputState) {
	f := x.feed()
	if f == nil {
		return
	}
	page := m.theme.OutputPage(s, m.layout.W, m.layout.H)
	bottom := max(s.Dropped, s.Total-page)
	if x.follow {
		x.top = bottom
	}
	x.top = max(s.Dropped, min(x.top, bottom))
	s.Lines = f.lines(x.top, min(x.top+page, s.Total))
	s.First, s.Below = x.top+1, max(0, s.Total-x.top-page)
	s.Follow = x.follow
}

func (x *outputView) paint(m *Model) views.Block {
	s := x.state(m)
	x.place(m, s)
	return m.theme.Output(s, m.layout.W, m.layout.H)
}

func (x *outputView) hints(m *Model) []keymap.Hint {
	out := []keymap.Hint{m.keyHint(keymap.Back, "back")}
	var copies []keymap.Hint
	if len(x.of.commands()) > 0 {
		copies = []keymap.Hint{m.keyHint(keymap.OutCopy, "copies the command")}
	}
	if x.of.job == nil {
		return append(out, copies...)
	}
	if x.match != nil {
		out = append(out, keymap.Hint{Key: m.keys.KeyOf(keymap.OutNext) + " " + m.keys.KeyOf(keymap.OutPrev), Text: "next, previous"})
	}
	if x.of.job.ended.IsZero() {
		out = append(out, m.keyHint(keymap.OutCancel, "cancels"))
	}
	if explainable(x.of.job) {
		out = append(out, m.keyHint(keymap.OutExplain, "explains"))
	}
	return append(append(out, m.keyHint(keymap.OutFind, "searches"), m.keyHint(keymap.OutSave, "saves")), copies...)
}

func (x *outputView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if x.prompt != nil {
		return x.typing(m, k)
	}
	m.notices.read(k.String())
	x.note = ""
	key := k.String()
	switch key {
	case "esc", "q":
		m.overlay = x.from
	case "x", "ctrl+c":
		if j := x.of.job; j != nil && j.ended.IsZero() {
			return m.askCancel(func(other *job) bool { return other == j })
		}
		if key == "ctrl+c" {
			m.overlay = x.from
		}
	case "y":
		return m.copyCommand(x.of)
	case "d":
		if j := x.of.job; j != nil && explainable(j) {
			return m.explain(j.req.Ref, j.err)
		}
	case "ctrl+s":
		return x.save(m)
	case "/":
		x.prompt = &textLine{}
	case "n":
		return x.next(m, false)
	case "N":
		return x.next(m, true)
	default:
		x.scroll(m, key)
	}
	return nil
}

// scroll moves the screen. At the last line it follows again.
func (x *outputView) scroll(m *Model, key string) {
	s := x.state(m)
	x.place(m, s)
	page := m.theme.OutputPage(s, m.layout.W, m.layout.H)
	to := x.top
	switch key {
	case "left", "h":
		x.left = max(0, x.left-max(1, m.layout.W/2))
		return
	case "right", "l":
		x.left += max(1, m.layout.W/2)
		return
	case "0":
		x.left = 0
		return
	case "up", "k":
		to--
	case "down", "j", "enter":
		to++
	case "pgup", "b", "ctrl+b":
		to -= max(1, page-1)
	case "pgdown", "space", "ctrl+f":
		to += max(1, page-1)
	case "ctrl+u":
		to -= max(1, page/2)
	case "ctrl+d":
		to += max(1, page/2)
	case "home", "g":
		to = s.Dropped
	case "end", "G", "F":
		to = s.Total
	default:
		return
	}
	x.to(s, to, page)
}

func (x *outputView) to(s *views.OutputState, line, page int) {
	bottom := max(s.Dropped, s.Total-page)
	x.top = max(s.Dropped, min(line, bottom))
	x.follow = x.top == bottom
}

// typing is a key while it is typed what to search for.
func (x *outputView) typing(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "esc", "ctrl+c":
		x.prompt = nil
	case "backspace":
		if len(x.prompt.text) == 0 {
			x.prompt = nil
			return nil
		}
		x.prompt.key(k)
	case "enter":
		typed := x.prompt.String()
		x.prompt = nil
		if typed == "" {
			x.match = nil
			return nil
		}
		x.match, x.hit = lookFor(typed), -1
		return x.next(m, false)
	default:
		x.prompt.key(k)
	}
	return nil
}

// lookFor makes a pattern of what was typed: a regular expression as in
// less(1), else the text itself. Without a capital letter case does not count.
func lookFor(typed string) *regexp.Regexp {
	lead := ""
	if strings.ToLower(typed) == typed {
		lead = "(?i)"
	}
	if re, err := regexp.Compile(lead + typed); err == nil {
		return re
	}
	return regexp.MustCompile(lead + regexp.QuoteMeta(typed))
}

// next looks for the next hit, off the loop: there may be much to look through.
func (x *outputView) next(m *Model, back bool) tea.Cmd {
	f := x.feed()
	switch {
	case f == nil:
		return nil
	case x.match == nil:
		x.note = "nothing was searched for yet: /"
		return nil
	}
	s := x.state(m)
	x.place(m, s)
	from := x.hit
	if from < x.top || from >= x.top+len(s.Lines) { // it was scrolled away from
		from = x.top - 1
		if back {
			from = x.top + len(s.Lines)
		}
	}
	x.search++
	match, n := x.match, x.search
	return cmd("search", func() tea.Msg {
		line, ok := f.find(match, from, back)
		return foundLineMsg{x, n, line, ok}
	})
}

func (x *outputView) onFound(m *Model, msg foundLineMsg) {
	switch {
	case msg.search != x.search:
		return
	case !msg.ok:
		x.note = "not found"
		return
	}
	x.hit, x.note = msg.line, ""
	s := x.state(m)
	page := m.theme.OutputPage(s, m.layout.W, m.layout.H)
	if msg.line < x.top || msg.line >= x.top+page || x.follow {
		x.to(s, msg.line, page)
	}
	x.follow = false
}

// save writes all that is kept into a file.
func (x *outputView) save(m *Model) tea.Cmd {
	f := x.feed()
	switch {
	case f == nil:
		m.say(noteWarn, "not saved: there is no output of this", "")
		return nil
	case m.readOnly:
		m.say(noteWarn, keymap.WhyReadOnly, "")
		return nil
	}
	c := m.askFile("Save the output", "", "saves", x.of.job.req.Ref, "txt", func(path string) tea.Cmd {
		places := m.savePlaces()
		return cmd("save", func() tea.Msg { return save(path, places, f.text()) })
	})
	m.overlay = &upon{m.overlay, x}
	return c
}

// paste goes into what to search for.
func (x *outputView) paste(_ *Model, text string) bool {
	if x.prompt == nil {
		return false
	}
	x.prompt.insert(text)
	return true
}
