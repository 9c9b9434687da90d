package tui

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	work "lxcdeck/runtime/job"
	"lxcdeck/views"
)

// fanNamed is how many cells of a command stand in a sentence about it.
const fanNamed = 40

// fanRuns says whether a command in many containers is under way.
func (m *Model) fanRuns() bool { return m.fan != nil && !m.fan.over }

// keepFanOut keeps the answers of the last command when another is begun, and
// gives up those of the oldest when they get too many.
func (m *Model) keepFanOut() {
	if m.fan == nil {
		return
	}
	m.fans = append(m.fans, m.fan)
	size := 0
	for i, f := range slices.Backward(m.fans) {
		for j := range f.answers {
			size += len(f.answers[j].Output)
		}
		if size > outputKept || len(m.fans)-i > jobsKept {
			m.fans = slices.Delete(m.fans, 0, i+1)
			return
		}
	}
}

// fanLine is the command in a sentence.
func (m *Model) fanLine(f *fanOut) string { return m.theme.Cut(views.Clean(f.line), fanNamed) }

// where says in how many containers it runs, behind the verb, and in how many
// it waits for its turn.
func (f *fanOut) where(verb string) string {
	text := verb + " " + plural(len(f.runs), "container")
	switch n := len(f.waiting); n {
	case 0:
		return text
	case 1:
		return text + ", 1 waits"
	default:
		return text + ", " + strconv.Itoa(n) + " wait"
	}
}

// fanEnd is how the command ended in one container; "" = it went well.
func fanEnd(a *work.Answer) (status string, bad, halted bool) {
	switch {
	case errors.Is(a.Err, runtime.ErrCancelled):
		return work.Reason(a.Err), false, true
	case a.Err != nil:
		return work.Reason(a.Err), true, false
	case a.Exit.Code != 0 || a.Exit.Reason != "":
		return a.Exit.String(), true, false
	}
	return "", false, false
}

// ends counts in how many containers it failed, and was cancelled.
func (f *fanOut) ends() (bad, halted int) {
	for i := range f.answers {
		_, b, h := fanEnd(&f.answers[i])
		if b {
			bad++
		}
		if h {
			halted++
		}
	}
	return bad, halted
}

// commands are the equal lxc-* commands; lxc-attach(1) knows users by number alone.
func (f *fanOut) commands() []string {
	as := ""
	if f.user != "" && f.user != "root" {
		if _, err := strconv.ParseUint(f.user, 10, 32); err != nil {
			return nil
		}
		as = " -u " + f.user
	}
	out := make([]string, 0, len(f.refs))
	for _, r := range f.refs {
		out = append(out, "lxc-attach -P "+runtime.ShellQuote(r.Path)+" -n "+runtime.ShellQuote(r.Name)+as+" --clear-env -- /bin/sh -c "+runtime.ShellQuote(f.line))
	}
	return out
}

// fanItem is its row among the jobs.
func (m *Model) fanItem(f *fanOut) views.JobItem {
	now := m.clock.Now()
	bad, halted := f.ends()
	r := jobRow{fan: f}
	it := views.JobItem{
		Mark: views.JobRuns, What: "run " + f.line, At: inDay(f.began), Took: now.Sub(f.began), Total: len(f.refs), Done: len(f.answers), Bad: bad,
		Command: r.command(),
	}
	switch {
	case !f.over && !f.ending.IsZero():
		it.Mark, it.Took = views.JobEnding, now.Sub(f.ending)
	case !f.over:
		it.Progress.Step = fmt.Sprintf("%d run, %d wait", len(f.runs), len(f.waiting))
	default:
		it.Part, it.Mark, it.Took = views.JobsOver, views.JobDone, f.took
		if bad > 0 {
			it.Mark, it.Result = views.JobFailed, m.firstFailure(f, bad)
		} else if halted > 0 {
			it.Mark = views.JobCancelled
		}
	}
	return it
}

// firstFailure tells of the failures of a command by the first of them.
func (m *Model) firstFailure(f *fanOut, bad int) string {
	for i := range f.answers {
		if status, failed, _ := fanEnd(&f.answers[i]); failed {
			return fmt.Sprintf("%s, the first in %s: %s", plural(bad, "failure"), m.called(f.answers[i].Ref), status)
		}
	}
	return ""
}

// fanState is a command that runs, in the status line.
func (m *Model) fanState() *views.JobState {
	f := m.fan
	if !m.fanRuns() {
		return nil
	}
	s := &views.JobState{Text: "running " + m.fanLine(f), Since: f.began, Done: len(f.answers), Total: len(f.refs), Ending: !f.ending.IsZero()}
	m.jobKeys(s)
	return s
}

// endFanOut ends the command wherever it runs.
func (m *Model) endFanOut(f *fanOut) {
	if f.ending.IsZero() {
		f.ending = m.clock.Now()
		f.cancel()
	}
}

// cancelFanOut is endFanOut with a word about it.
func (m *Model) cancelFanOut(f *fanOut) {
	if !f.ending.IsZero() {
		m.say(noteWarn, "nothing to cancel: its end is awaited already", "")
		return
	}
	m.endFanOut(f)
	m.say(noteWarn, "cancelling in "+plural(len(f.runs)+len(f.waiting), "container")+": "+m.fanLine(f), "")
}

// fanLeft says what becomes of a command when the program is left.
func (m *Model) fanLeft() string {
	f := m.fan
	text := "The command in " + plural(len(f.runs), "container") + " ends with lxcdeck: " + m.fanLine(f) + "."
	if n := len(f.waiting); n > 0 {
		text += " In " + strconv.Itoa(n) + " more it will not be begun."
	}
	return text
}

// askLeaveFan asks before the end of the program would be the end of a command.
func (m *Model) askLeaveFan(more string) tea.Cmd {
	f := m.fan
	q := &question{state: views.PromptState{Title: "A command runs in " + plural(len(f.runs), "container") + ". Leave lxcdeck?", More: more}, yes: m.end}
	for _, r := range f.refs {
		t := views.Target{Name: m.called(r)}
		switch {
		case f.runs[r]:
			t.As = "runs " + views.Age(m.clock.Now().Sub(f.began))
		case f.waiting[r]:
			t.As = "waits"
		default:
			continue
		}
		q.state.Targets = append(q.state.Targets, t)
	}
	return m.ask(q)
}

// awaitFanOut waits, when the program ends and has cancelled it, until what it came
// to is written to the audit log everywhere.
func (m *Model) awaitFanOut() {
	if m.fanRuns() {
		m.endFanOut(m.fan)
		awaitEnd(m.fan.gone, hangUpGrace)
	}
}
