package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	plan "lxcdeck/runtime/job"
	"lxcdeck/views"
)

func (m *Model) bootHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{keymap.BootGroups: m.askBoot}
}

// The fields of the form for a boot.
const (
	bootGroups = iota
	bootAll
	bootIgnore
)

// askBoot asks which containers are to be started in order, and then shows
// what that would be before anything is started.
func (m *Model) askBoot() tea.Cmd {
	if m.boot != nil {
		m.say(noteWarn, "containers are being started in order already: wait until that is done, or cancel it", "")
		return nil
	}
	query := func(f *form) plan.BootQuery {
		q := plan.BootQuery{All: f.fields[bootAll].on, IgnoreAuto: f.fields[bootIgnore].on}
		if text := strings.TrimSpace(f.text(bootGroups)); text != "" {
			for _, g := range plan.ParseGroups([]string{text}) {
				q.Groups = append(q.Groups, strings.TrimSpace(g))
			}
		}
		return q
	}
	f := (&form{
		title: "Start containers in order, as at boot", action: "shows the plan", note: m.groupsNote(),
		fields: []formField{
			textField("groups", "those in none; or web,db in that order", ""),
			checkField("all", "whatever their groups"),
			checkField("manual", "also those without lxc.start.auto"),
		},
		submit: func(f *form) tea.Cmd { return m.showPlan(query(f)) },
	}).under(formRules{
		fit: func(f *form) { f.fields[bootGroups].off = f.fields[bootAll].on },
		check: func(f *form) (int, error) {
			for _, g := range query(f).Groups {
				if g != "" && !m.hasGroup(g) && !f.fields[bootAll].on {
					return bootGroups, fmt.Errorf("no container is in group %q", g)
				}
			}
			return -1, nil
		},
		command: func(f *form) string { return m.bootCommand(query(f)) },
	})
	f.look(m)
	m.overlay = f
	return nil
}

// groupsNote says which groups there are.
func (m *Model) groupsNote() string {
	count := map[string]int{}
	var names []string
	none := 0
	for i := range m.all {
		c := m.all[i].Config
		if c == nil {
			continue
		}
		if len(c.Groups) == 0 {
			none++
		}
		for _, g := range c.Groups {
			if count[g] == 0 {
				names = append(names, g)
			}
			count[g]++
		}
	}
	slices.Sort(names)
	for i, g := range names {
		names[i] = fmt.Sprintf("%s (%d)", g, count[g])
	}
	return fmt.Sprintf("Groups here: %s.", strings.Join(append(names, fmt.Sprintf("none (%d)", none)), ", "))
}

func (m *Model) hasGroup(g string) bool {
	return slices.ContainsFunc(m.all, func(c runtime.Container) bool {
		return c.Config != nil && slices.Contains(c.Config.Groups, g)
	})
}

// bootCommand is the equal lxc-autostart, which takes one lxcpath at a time.
func (m *Model) bootCommand(q plan.BootQuery) string {
	args := ""
	if q.All {
		args += " -a"
	} else if q.Groups != nil {
		args += " -g " + runtime.ShellQuote(strings.Join(q.Groups, ","))
	}
	if q.IgnoreAuto {
		args += " -A"
	}
	commands := make([]string, len(m.about.Paths))
	for i, p := range m.about.Paths {
		commands[i] = "lxc-autostart -P " + runtime.ShellQuote(p) + args
	}
	return strings.Join(commands, "; ")
}

// planned is a plan that waits for a yes.
type planned struct {
	asked time.Time
	steps []plan.BootStep // those that are started
	state views.PlanState
}

func (m *Model) showPlan(q plan.BootQuery) tea.Cmd {
	all := plan.BootPlan(m.all, q)
	p := &planned{asked: m.clock.Now(), steps: plan.Steps(all)}
	p.state = views.PlanState{
		Title: "Start " + plural(len(p.steps), "container") + " in this order?", Starts: len(p.steps), Early: true, Command: m.bootCommand(q),
	}
	if len(p.steps) == 0 {
		p.state.Title = "Nothing to start"
	}
	for _, s := range all {
		p.state.Rows = append(p.state.Rows, views.PlanRow{
			Name: m.called(s.Ref), State: s.State, Group: s.Group, Order: s.Order, Delay: s.Delay, Why: s.Why,
		})
	}
	m.overlay = p
	return m.clock.After(questionGrace, armedPlanMsg{p})
}

// armedPlanMsg paints a plan anew once it takes a yes.
type armedPlanMsg struct{ p *planned }

func (p *planned) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	early := m.clock.Now().Sub(p.asked) < questionGrace
	switch s := k.String(); {
	case early && s != "esc":
	case (s == "y" || s == "Y") && len(p.steps) > 0:
		m.overlay = nil
		return m.startBoot(p.steps)
	case s == "n", s == "N":
		m.overlay = nil
	default:
		page := m.theme.PlanPage(&p.state, m.layout.W, m.layout.H)
		top, done := scrollKey(s, p.state.Offset, len(p.state.Rows), page)
		if p.state.Offset = top; done {
			m.overlay = nil
		}
	}
	return nil
}

// paste never answers.
func (*planned) paste(*Model, string) bool { return false }

func (p *planned) paint(m *Model) views.Block {
	p.state.Early = m.clock.Now().Sub(p.asked) < questionGrace
	return m.theme.Plan(&p.state, m.layout.W, m.layout.H)
}

// boot starts containers one after the other, and waits after each as long as
// its lxc.start.delay says. Each start is a job as any other.
type boot struct {
	steps  []plan.BootStep
	at     int       // the one that is being started, or that is waited for
	since  time.Time // the wait began then; zero = a start is under way
	bad    int
	first  string // the first failure
	others int    // that were not stopped any more
}

// bootWaitMsg is the end of a delay.
type bootWaitMsg struct {
	b  *boot
	at int
}

func (m *Model) startBoot(steps []plan.BootStep) tea.Cmd {
	m.boot = &boot{steps: steps}
	return m.bootStep()
}

func (m *Model) bootStep() tea.Cmd {
	b := m.boot
	b.since = time.Time{}
	return m.enqueue([]runtime.Request{{Op: runtime.Start, Ref: b.steps[b.at].Ref, Expect: runtime.Stopped}})
}

// isBoot says whether a job is the start that the boot waits for.
func (m *Model) isBoot(id int) bool {
	if m.boot == nil || !m.boot.since.IsZero() {
		return false
	}
	return slices.ContainsFunc(m.jobs.list, func(x *job) bool {
		return x.id == id && x.req.Op == runtime.Start && x.req.Ref == m.boot.steps[m.boot.at].Ref
	})
}

// onBooted goes on after a start, also after one that failed, as
// lxc-autostart(1) does; a delay is for those that were started.
func (m *Model) onBooted(ours bool, err error) tea.Cmd {
	b := m.boot
	if b == nil || !ours {
		return nil
	}
	if m.jobs.leaving {
		m.endBoot("cancelled")
		return nil
	}
	wait := b.steps[b.at].Delay
	switch {
	case errors.Is(err, runtime.ErrCancelled):
		m.endBoot("cancelled")
		return nil
	case errors.Is(err, runtime.ErrWrongState): // another has started it meanwhile
		wait = 0
		b.others++
	case err != nil:
		wait = 0
		if b.bad++; b.bad == 1 {
			b.first = err.Error()
		}
	}
	b.at++
	switch {
	case b.at == len(b.steps):
		m.endBoot("")
		return nil
	case wait <= 0:
		return m.bootStep()
	}
	b.since = m.clock.Now()
	return m.clock.After(wait, bootWaitMsg{b, b.at})
}

func (m *Model) onBootWait(msg bootWaitMsg) tea.Cmd {
	if m.boot != msg.b || m.boot.at != msg.at {
		return nil
	}
	return m.bootStep()
}

// endBoot says how far it came; why = it was ended before its end.
func (m *Model) endBoot(why string) {
	b := m.boot
	m.boot = nil
	text := fmt.Sprintf("autostart: %d of %d started", b.at-b.bad-b.others, len(b.steps))
	if b.others > 0 {
		text += fmt.Sprintf(", %d not stopped any more", b.others)
	}
	if why != "" {
		text += ", " + why
	}
	if b.bad > 0 {
		m.say(noteError, fmt.Sprintf("%s, %d failed, first: %s", text, b.bad, b.first), "")
		return
	}
	m.say(noteInfo, text, "")
}

// dropBoot ends a boot whose start was cancelled before its turn came: such a
// job has no end to wait for.
func (m *Model) dropBoot() {
	b := m.boot
	if b == nil || !b.since.IsZero() {
		return
	}
	ref := b.steps[b.at].Ref
	if !slices.ContainsFunc(m.jobs.list, func(x *job) bool { return x.req.Op == runtime.Start && x.req.Ref == ref }) {
		m.endBoot("cancelled")
	}
}

// stopBoot ends a boot that waits; one whose start is under way ends with that.
func (m *Model) stopBoot() bool {
	if m.boot == nil || m.boot.since.IsZero() {
		return false
	}
	m.endBoot("cancelled")
	return true
}

// askQuitBoot asks before the end of the program would be the end of a boot.
func (m *Model) askQuitBoot() tea.Cmd {
	left := len(m.boot.steps) - m.boot.at
	more := plural(left, "container") + " will not be started."
	if n := m.shells.liveCount(); n > 0 {
		more += " " + plural(n, "shell") + " will end."
	}
	if m.fanRuns() {
		more += " " + m.fanLeft()
	}
	return m.ask(&question{state: views.PromptState{Title: "Quit lxcdeck?", More: more}, yes: m.end})
}

// bootState is how far a boot is, beside the job that is under way.
func (m *Model) bootState(s *views.JobState) *views.JobState {
	b := m.boot
	if b == nil {
		return s
	}
	if s == nil {
		before, next := b.steps[b.at-1], b.steps[b.at]
		s = &views.JobState{
			Text:  "waiting " + views.Interval(before.Delay) + " after " + m.called(before.Ref) + ", then " + m.called(next.Ref),
			Since: b.since, Key: m.keys.KeyOf(keymap.Interrupt),
		}
	}
	if s.Total <= 1 {
		s.Done, s.Total = b.at, len(b.steps)
	}
	return s
}
