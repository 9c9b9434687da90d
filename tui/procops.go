package tui

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// situation is that of the view's own container, whatever the list has selected.
func (x *procView) situation(m *Model) keymap.Situation {
	s := m.situation()
	s.Targets, s.Selected = nil, nil
	if c := m.byRef(x.ref); c != nil {
		s.Targets, s.Selected = []runtime.Container{*c}, c
	}
	if op, busy := m.jobs.busy(x.ref); busy && runtime.Signal.Beside(op) {
		delete(s.Busy, x.ref)
	}
	return s
}

// signalPicker offers the signals there are for the process under the cursor.
func (x *procView) signalPicker(m *Model) tea.Cmd {
	p := x.process()
	if p == nil {
		return nil
	}
	a, _ := keymap.Find(keymap.ProcSignal)
	switch why := keymap.Why(a, x.situation(m)); {
	case why != "":
		m.say(noteWarn, why, "")
		return nil
	case p.State == 'Z':
		m.say(noteWarn, fmt.Sprintf("process %d has ended already: it goes when its parent asks for its status", p.PID), "")
		return nil
	}
	of := *p
	pick := &menu{title: fmt.Sprintf("Signal for %s (%d)", of.Name, of.PID), note: "enter goes on, esc leaves"}
	for _, s := range runtime.Signals() {
		pick.items = append(pick.items, choice{label: s.Name, hint: s.What, pick: func() tea.Cmd { return x.askSignal(m, &of, s) }})
	}
	m.overlay = &upon{pick, x}
	return nil
}

// askSignal names the process, what the signal does, and what it means where it
// is an init. To let the container's init have one its name has to be typed.
func (x *procView) askSignal(m *Model, p *runtime.Process, s runtime.SignalInfo) tea.Cmd {
	c := m.byRef(x.ref)
	if c == nil {
		m.say(noteWarn, "no signal is sent: "+m.called(x.ref)+" is gone", "")
		return nil
	}
	req := runtime.Request{Op: runtime.Signal, Ref: x.ref, Args: &runtime.SignalArgs{
		PID: p.PID, Begin: p.Begin, Signal: s.Number, Name: p.Name, Inner: p.Inner, Init: p.Init,
	}}
	what := strings.ToUpper(s.What[:1]) + s.What[1:] + "."
	q := &question{state: views.PromptState{
		Title:   fmt.Sprintf("Send %s to process %d of %s?", s.Name, p.PID, m.called(x.ref)),
		Targets: []views.Target{{Name: m.called(x.ref), State: c.State}},
		Facts:   []views.PromptFact{{Name: "command", Text: p.Title()}, {Name: "inside", Text: innerText(p)}},
		More:    what, Command: req.LXCCommand(),
	}, yes: func() tea.Cmd { return m.enqueue([]runtime.Request{req}) }}
	switch {
	case p.Init:
		q.state.More = runtime.InitSignal(s.Number)
		if s.Number != int(syscall.SIGCONT) {
			q.state.Kind, q.state.Want = views.AskTyped, x.ref.Name
		}
	case p.NestedOne:
		q.state.More += " It is the first process of a container in this one: with it all of that ends."
	}
	if frozen := c.State == runtime.Frozen || c.State == runtime.Freezing; frozen {
		q.state.More += frozenSignal(s.Number)
	}
	act := m.ask(q)
	m.overlay = &upon{q, x}
	return act
}

// frozenSignal says when a frozen process acts on a signal. Of cgroup v2 a fatal
// one reaches it (cgroup-v2.rst, cgroup.freeze), of v1 none does.
func frozenSignal(n int) string {
	if n == int(syscall.SIGKILL) {
		return " The container is frozen: on cgroup v2 that ends it at once, on v1 when it is thawed."
	}
	return " The container is frozen: it acts on it once it is thawed."
}

// innerText is the pid in the container.
func innerText(p *runtime.Process) string {
	if p.Inner == 0 {
		return "none: it was put there from outside"
	}
	return strconv.Itoa(p.Inner)
}

// copyMenu offers what is worth copying of the process under the cursor.
func (x *procView) copyMenu(m *Model) tea.Cmd {
	p := x.process()
	if p == nil {
		return nil
	}
	pick := &menu{title: "Copy", note: "enter copies, esc leaves"}
	add := func(label, text string) {
		if text == "" {
			return
		}
		text = views.Clean(text) // a line end in it would be one where it is pasted
		pick.items = append(pick.items, choice{label: label, hint: text, pick: func() tea.Cmd {
			m.say(noteInfo, "copied: "+text, "")
			return tea.SetClipboard(text)
		}})
	}
	add("pid on the host", strconv.Itoa(p.PID))
	if p.Inner > 0 {
		add("pid inside", strconv.Itoa(p.Inner))
	}
	add("command line", p.Command)
	add("name", p.Name)
	add("unit", p.Unit)
	m.overlay = &upon{pick, x}
	return nil
}

// openFull shows all about the process under the cursor, and reads its PSS.
func (x *procView) openFull(m *Model) tea.Cmd {
	if x.process() == nil {
		return nil
	}
	x.full, x.fullTop, x.fullOver = true, 0, false
	return x.fetch(m)
}

func (x *procView) fullKey(m *Model, k tea.KeyPressMsg) tea.Cmd {
	n, page := m.theme.TextHeight(x.fullState(m), m.layout.W, m.layout.H)
	top, done := scrollKey(k.String(), x.fullTop, n, page)
	if x.fullTop = top; done {
		x.full = false
		x.arrange(m)
	}
	return nil
}

// fullState is everything about the process, line by line.
func (x *procView) fullState(m *Model) *views.TextState {
	s := &views.TextState{Title: fmt.Sprintf("Process %d of %s", x.on.pid, m.called(x.ref)), Offset: x.fullTop}
	p := x.process()
	if p == nil || x.fullOver || procOf(p) != x.on {
		s.Lines = []string{"It has ended."}
		if x.over != "" {
			s.Lines = append(s.Lines, x.over+".")
		}
		return s
	}
	add := func(label, text string) {
		if text != "" {
			s.Lines = append(s.Lines, fmt.Sprintf("%-9s %s", label, text))
		}
	}
	add("name", p.Name)
	add("state", views.ProcessState(p.State))
	add("pid", fmt.Sprintf("%d on the host, %s inside", p.PID, innerText(p)))
	if p.Depth > 0 {
		add("nested", fmt.Sprintf("%d pid namespaces below the container's own", p.Depth))
	}
	add("parent", strconv.Itoa(p.PPID)+x.nameOf(p.PPID))
	add("user", userWords(p))
	add("unit", p.Unit)
	add("cgroup", p.Cgroup)
	add("started", p.Started.Local().Format("2006-01-02 15:04:05")+", "+views.Age(m.clock.Now().Sub(p.Started))+" ago")
	add("cpu", views.RatePercent(x.rates[x.on].cpu)+" % of a core; "+views.CPUTime(p.CPU)+" so far")
	add("memory", views.ValueBytes(p.RSS)+" (RSS), "+views.ValueBytes(p.PSS)+" (PSS: its part of what is shared)")
	add("threads", strconv.Itoa(p.Threads))
	add("nice", strconv.Itoa(p.Nice))
	add("command", p.Command) // the last: it may fill the screen
	if p.Init {
		add("", "It is the container's init.")
	}
	return s
}

// nameOf is the name of another process, to stand behind its pid.
func (x *procView) nameOf(pid int) string {
	for i := range x.list.Processes {
		if p := &x.list.Processes[i]; p.PID == pid {
			return " (" + p.Name + ")"
		}
	}
	return ", outside the container"
}

func userWords(p *runtime.Process) string {
	inside := "nobody of the container's id map"
	if p.InnerUID >= 0 {
		if inside = strconv.Itoa(p.InnerUID) + " inside"; p.User != "" {
			inside = p.User + " (" + inside + ")"
		}
	}
	outside := strconv.Itoa(p.UID) + " on the host"
	if p.HostUser != "" {
		outside = p.HostUser + " (" + outside + ")"
	}
	return inside + ", " + outside
}
