package views

import "time"

// Alert is a figure of a container that is above its threshold.
type Alert struct {
	Text  string // "memory 94% of its limit (threshold 90%)"
	Since time.Time
}

// nameCell is the container's name; one with an alert is coloured and marked.
func (t *Theme) nameCell(l *line, r *Row, w int) {
	role, name := Plain, Clean(r.C.Name)
	if !r.C.State.Alive() {
		role = Idle
	}
	if len(r.Alerts) == 0 || w < 3 {
		l.field(role, name, w, false)
		return
	}
	name = t.Cut(name, w-2)
	l.add(Bad, name+" !")
	l.gap(w - Width(name) - 2)
}

// alertFacts are the alerts in the detail: which, how much, since when.
func alertFacts(s *DetailState) []fact {
	var out []fact
	for _, a := range s.Row.Alerts {
		out = append(out, fact{"alert", Bad, a.Text + ", since " + EventTime(a.Since, s.Now) + " (" + since(a.Since, s.Now) + ")"})
	}
	return out
}
