package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/runtime/events"
	"lxcdeck/views"
)

// alarmedMsg is the end of an alert command.
type alarmedMsg struct{ err error }

// alerts is what is above its threshold, and what is done about it.
type alerts struct {
	watch *alert.Watch // nil = no threshold is set
	full  bool         // some are of figures of the Full tier
	disk  bool
	bell  bool
	asked alert.Rules
	alarm func(alert.Alert) error // nil = no command is run
	told  map[string]bool         // what went wrong with it, each once
	read  []alert.Reading
}

// newAlerts takes the thresholds. What is read-only runs no command, and neither
// does a simulated host.
func newAlerts(o *Options) alerts {
	x := alerts{asked: o.Alerts, bell: o.Bell, full: o.Alerts.Full(), disk: o.Alerts[alert.Disk] > 0, alarm: o.Alarm, told: map[string]bool{}}
	if o.ReadOnly || o.Runtime.About().Demo {
		x.alarm = nil
	}
	for _, v := range o.Alerts {
		if v > 0 {
			x.watch = alert.New(o.Alerts)
		}
	}
	return x
}

// lxcpath is the one whose file system the host's figures are about.
func (m *Model) lxcpath() string {
	if len(m.about.Paths) == 0 {
		return ""
	}
	return m.about.Paths[0]
}

// seeAlerts looks which figures of this tick are above their thresholds.
func (m *Model) seeAlerts() tea.Cmd {
	x := &m.alerts
	if x.watch == nil {
		return nil
	}
	x.read = x.read[:0]
	for i := range m.all {
		c := &m.all[i]
		if !c.Counted() {
			continue
		}
		r := alert.Reading{Ref: c.Ref}
		// The newest reading may have failed: what was read before is the absent figure of now.
		if t := m.hist.of(c.Ref); t != nil && t.err == nil && !t.sample.At.IsZero() && t.sample.InitPID == c.InitPID {
			r.Sample, r.Usage = &t.sample, &t.usage
		}
		x.read = append(x.read, r)
	}
	var cmds []tea.Cmd
	rings := false
	for _, c := range x.watch.Look(x.read, &m.hist.host, m.lxcpath(), m.interval, m.clock.Now()) {
		text := c.String()
		kind := events.AlertBegan
		if !c.Began {
			kind, text = events.AlertEnded, c.Kind.String()+" is below its threshold"
			if c.Why != "" {
				text = c.Kind.String() + ": " + c.Why
			}
		}
		m.events.Tell(kind, c.Ref, text, m.clock.Now())
		if !c.Began {
			continue
		}
		m.say(noteWarn, m.alertName(c.Ref)+": "+text, "")
		rings = true
		if alarm := x.alarm; alarm != nil {
			a := c.Alert
			cmds = append(cmds, cmd("alert command", func() tea.Msg { return alarmedMsg{alarm(a)} }))
		}
	}
	if rings && x.bell {
		cmds = append(cmds, tea.Raw("\a"))
	}
	return tea.Batch(cmds...)
}

// alertName is what an alert is of.
func (m *Model) alertName(ref runtime.Ref) string {
	if ref.Name == "" {
		return ref.Path
	}
	return m.called(ref)
}

// onAlarmed tells what went wrong with an alert command, each word of it once.
func (m *Model) onAlarmed(msg alarmedMsg) {
	if msg.err == nil {
		return
	}
	text := msg.err.Error()
	const most = 100
	if m.alerts.told[text] || len(m.alerts.told) >= most {
		return
	}
	m.alerts.told[text] = true
	hint := ""
	if errors.Is(msg.err, alert.ErrTooMany) {
		hint = "those beyond 4 at a time and 30 a minute are left out"
	}
	m.say(noteError, text, hint)
}

// alertsOf are those of a container, as its row has them.
func (m *Model) alertsOf(ref runtime.Ref) []views.Alert {
	if m.alerts.watch == nil {
		return nil
	}
	var out []views.Alert
	for _, a := range m.alerts.watch.Of(ref) {
		out = append(out, views.Alert{Text: a.String(), Since: inDay(a.Since)})
	}
	return out
}

// diskFull says whether the file system of the first lxcpath is above its threshold.
func (m *Model) diskFull() bool {
	return m.alerts.disk && len(m.alerts.watch.Of(runtime.Ref{Path: m.lxcpath()})) > 0
}
