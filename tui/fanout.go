package tui

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	work "lxcdeck/runtime/job"
	"lxcdeck/views"
)

// fanLimit is how many seconds a command may take in each container unless
// something else is asked for.
const fanLimit = "60"

// fanOut is one command in many containers: under way, or its answers.
type fanOut struct {
	id      int
	line    string // the command, as it was typed
	user    string
	limit   string
	refs    []runtime.Ref
	answers []work.Answer
	waiting map[runtime.Ref]bool // it was not begun there yet
	runs    map[runtime.Ref]bool // it was begun there and has not ended
	groups  []work.Group
	began   time.Time
	took    time.Duration // set at the end
	over    bool
	seen    bool      // its end was on screen
	top     int       // first line of the answers that is shown
	from    *jobView  // where the way back leads; nil = to the panes
	ending  time.Time // cancelled by the person then; its end is awaited
	cancel  context.CancelFunc
	gone    chan struct{} // closed when nothing of it runs any more
}

type (
	// fanBegunMsg says that it runs in one container now.
	fanBegunMsg struct {
		id  int
		ref runtime.Ref
	}
	// fanMsg is the answer of one container.
	fanMsg struct {
		id int
		a  work.Answer
	}
	// fanOverMsg says that all have answered.
	fanOverMsg struct{ id int }
)

// updateFan takes what is about a command in many containers.
func (m *Model) updateFan(msg tea.Msg) (ok bool) {
	switch msg := msg.(type) {
	case fanBegunMsg:
		m.onFanBegun(msg)
	case fanMsg:
		m.onFan(msg)
	case fanOverMsg:
		m.onFanOver(msg)
	default:
		return false
	}
	return true
}

func (m *Model) fanOutHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{keymap.FanOut: m.openFanOut}
}

// openFanOut shows the command that still runs, or whose answers nobody has
// seen; else it asks for one.
func (m *Model) openFanOut() tea.Cmd {
	if f := m.fan; f != nil && (!f.over || !f.seen) {
		return m.showFanOut(f, nil)
	}
	return m.askFanOut()
}

// The fields of its form.
const (
	fanCommand = iota
	fanUser
	fanSeconds
)

// showFanOut shows a command and its answers; from is where the way back leads.
func (m *Model) showFanOut(f *fanOut, from *jobView) tea.Cmd {
	m.overlay = f
	f.from, f.seen = from, f.over
	return nil
}

// askFanOut asks for a command for all marked containers.
func (m *Model) askFanOut() tea.Cmd {
	var can []runtime.Ref
	var names, out []string
	for _, c := range m.targets() {
		if why := m.whyNoShell(c); why != "" {
			short, _, _ := strings.Cut(whyAlone(c, why), ": ") // behind it stands what to do
			out = append(out, m.called(c.Ref)+" ("+short+")")
			continue
		}
		can = append(can, c.Ref)
		names = append(names, m.called(c.Ref))
	}
	if len(can) == 0 {
		return nil // the door has said why
	}
	note := "In " + strings.Join(names, ", ") + "."
	if len(out) > 0 {
		note += " Left out: " + strings.Join(out, ", ") + "."
	}
	// The last command is named and not filled in: what is typed must not be
	// added to it unseen.
	help, user, limit := "a line for /bin/sh", "", fanLimit
	if m.fan != nil {
		help, user, limit = "the last was: "+m.fan.line, m.fan.user, m.fan.limit
	}
	m.overlay = &form{
		title: "Run a command in " + plural(len(can), "container"), note: note, action: "runs",
		fields: []formField{
			textField("command", help, ""),
			textField("user", "root", user),
			textField("seconds", "as long as it takes", limit),
		},
		check: func(f *form) (int, error) {
			_, _, field, err := fanOf(f)
			return field, err
		},
		submit: func(f *form) tea.Cmd {
			ask, limit, _, err := fanOf(f)
			if err != nil {
				return nil // the form has refused it before
			}
			return m.startFanOut(can, ask, limit, f)
		},
	}
	return nil
}

// fanOf reads the form; the field is the one the error is about.
func fanOf(f *form) (ask runtime.Shell, limit time.Duration, field int, err error) {
	line := strings.TrimSpace(f.text(fanCommand))
	if line == "" {
		return ask, 0, fanCommand, errors.New("no command is named")
	}
	ask = runtime.Shell{Command: []string{"/bin/sh", "-c", line}, User: strings.TrimSpace(f.text(fanUser))}
	if strings.ContainsAny(ask.User, " \t:/") {
		return ask, 0, fanUser, errors.New("a user is a name or a number")
	}
	if s := strings.TrimSpace(f.text(fanSeconds)); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 24*3600 {
			return ask, 0, fanSeconds, errors.New("seconds are a whole number, at most a day's")
		}
		limit = time.Duration(n) * time.Second
	}
	return ask, limit, 0, nil
}

// startFanOut runs it off the loop; each answer comes as a message.
func (m *Model) startFanOut(refs []runtime.Ref, ask runtime.Shell, limit time.Duration, from *form) tea.Cmd {
	ctx, cancel := context.WithCancel(m.out.ctx)
	m.notices.dismiss() // as before any job
	m.jobs.leaving = false
	m.keepFanOut()
	m.jobs.next++
	f := &fanOut{
		id: m.jobs.next, line: strings.TrimSpace(from.text(fanCommand)), user: from.text(fanUser), limit: from.text(fanSeconds),
		refs: refs, waiting: map[runtime.Ref]bool{}, runs: map[runtime.Ref]bool{}, began: m.clock.Now(), cancel: cancel,
		gone: make(chan struct{}),
	}
	for _, r := range refs {
		f.waiting[r] = true
	}
	m.fan, m.overlay = f, f
	rt, send := m.rt, m.out.send
	return tea.Batch(m.paceJobs(), cmd("command in containers", func() tea.Msg {
		defer close(f.gone)
		defer cancel()
		work.Everywhere(ctx, rt, refs, ask, limit,
			func(i int) { send(fanBegunMsg{f.id, refs[i]}) },
			func(_ int, a work.Answer) { send(fanMsg{f.id, a}) })
		return fanOverMsg{f.id}
	}))
}

func (m *Model) onFanBegun(msg fanBegunMsg) {
	if f := m.fan; f != nil && f.id == msg.id {
		delete(f.waiting, msg.ref)
		f.runs[msg.ref] = true
	}
}

func (m *Model) onFan(msg fanMsg) {
	f := m.fan
	if f == nil || f.id != msg.id {
		return
	}
	delete(f.waiting, msg.a.Ref)
	delete(f.runs, msg.a.Ref)
	f.answers = append(f.answers, msg.a)
	f.groups = work.Grouped(f.answers)
}

func (m *Model) onFanOver(msg fanOverMsg) {
	f := m.fan
	if f == nil || f.id != msg.id {
		return
	}
	f.over, f.took = true, m.clock.Now().Sub(f.began)
	if f.seen = m.overlay == overlay(f); f.seen {
		return
	}
	text := pluralOf(len(f.groups), "answer", "different answers") + " from " + plural(len(f.refs), "container")
	bad, halted := f.ends()
	if bad > 0 {
		text += fmt.Sprintf(", %d failed", bad)
	}
	if halted > 0 {
		text += fmt.Sprintf(", %d cancelled", halted)
	}
	m.sayAct(noteDone, text+": "+m.fanLine(f), m.keys.KeyOf(keymap.FanOut), "shows them")
}

// pluralOf is plural for words that do not end in s.
func pluralOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func (f *fanOut) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c":
		if !f.over {
			m.endFanOut(f)
			return nil
		}
	case "y":
		m.say(noteInfo, "copied "+plural(len(f.answers), "answer"), "")
		return tea.SetClipboard(f.plain(m))
	case "ctrl+s":
		return m.saveFanOut(f)
	case m.keys.KeyOf(keymap.FanOut):
		if f.over {
			return m.askFanOut()
		}
	}
	top, done := scrollKey(k.String(), f.top, m.theme.FanOutHeight(f.state(m), m.layout.W), max(1, m.layout.H-3))
	f.top = top
	if done {
		m.overlay = nil
		if f.from != nil {
			m.overlay = f.from
			return nil
		}
		if !f.over {
			m.sayAct(noteInfo, f.where("runs on in")+": "+m.fanLine(f), m.keys.KeyOf(keymap.FanOut), "shows it again")
		}
	}
	return nil
}

// saveFanOut writes the answers into a file.
func (m *Model) saveFanOut(f *fanOut) tea.Cmd {
	if m.readOnly {
		return nil
	}
	text := f.plain(m)
	return m.askFile("Save the answers", "", "saves", runtime.Ref{Name: "answers"}, "txt", func(path string) tea.Cmd {
		places := m.savePlaces()
		return cmd("save", func() tea.Msg { return save(path, places, text) })
	})
}

// plain is all answers as text, clean.
func (f *fanOut) plain(m *Model) string {
	var b strings.Builder
	for _, g := range f.state(m).Groups {
		fmt.Fprintf(&b, "== %s", views.Clean(strings.Join(g.Names, " ")))
		if g.Status != "" {
			fmt.Fprintf(&b, ": %s", views.Clean(g.Status))
		}
		b.WriteByte('\n')
		for line := range strings.Lines(string(g.Output)) {
			b.WriteString(views.Clean(strings.TrimRight(line, "\r\n")))
			b.WriteByte('\n')
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// paste is not for answers.
func (*fanOut) paste(*Model, string) bool { return false }

func (f *fanOut) paint(m *Model) views.Block {
	return m.theme.FanOut(f.state(m), m.layout.W, m.layout.H)
}

func (f *fanOut) state(m *Model) *views.FanOutState {
	s := &views.FanOutState{Command: f.line, Total: len(f.refs), Over: f.over, Took: f.took, Offset: f.top}
	switch {
	case !f.over:
		s.Took, s.Ending = m.clock.Now().Sub(f.began), !f.ending.IsZero()
		s.Hint = "esc leaves it running  ctrl+c cancels"
		if f.from != nil {
			s.Hint = "esc back  ctrl+c cancels"
		}
	default:
		s.Hint = "esc closes  " + m.keys.KeyOf(keymap.AnswersCopy) + " copies  " + m.keys.KeyOf(keymap.FanOut) + " another"
		if !m.readOnly {
			s.Hint += "  " + m.keys.KeyOf(keymap.AnswersSave) + " saves"
		}
	}
	for _, r := range f.refs {
		switch {
		case f.runs[r]:
			s.Running = append(s.Running, m.called(r))
		case f.waiting[r]:
			s.Waiting = append(s.Waiting, m.called(r))
		}
	}
	for i := range f.groups {
		g := &f.groups[i]
		v := views.FanGroup{Output: g.Answer.Output, Cut: g.Answer.Cut}
		for _, r := range g.Refs {
			v.Names = append(v.Names, m.called(r))
		}
		v.Status, v.Bad, v.Halted = fanEnd(&g.Answer)
		s.Groups = append(s.Groups, v)
	}
	return s
}
