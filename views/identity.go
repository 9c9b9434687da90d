package views

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// fact is a named line of who a container is.
type fact struct {
	name string
	role Role
	text string
}

// identity is who the container is and what is wrong with it: what is wrong
// first.
func (t *Theme) identity(s *DetailState, w int) []string {
	const nameW = 9
	var rows []string
	all := facts(s)
	for i := 0; i < len(all); i++ {
		f := all[i]
		text := Clean(f.text)
		if half := w/2 + 1; half >= 44 && i+1 < len(all) && Width(text) <= half-nameW-3 {
			// Two short ones share a row.
			if next := Clean(all[i+1].text); Width(next) <= w-half-nameW-1 {
				l := t.newLine(w)
				l.field(Dim, f.name, nameW, false)
				l.gap(1)
				l.add(f.role, text)
				l.to(half)
				l.field(Dim, all[i+1].name, nameW, false)
				l.gap(1)
				l.add(all[i+1].role, next)
				rows = append(rows, l.String())
				i++
				continue
			}
		}
		if w < nameW+16 {
			rows = append(rows, t.paragraph(f.role, f.name+" "+text, w)...)
			continue
		}
		for i, part := range wrap(text, w-nameW-1) {
			l := t.newLine(w)
			name := f.name
			if i > 0 {
				name = ""
			}
			l.field(Dim, name, nameW, false)
			l.gap(1)
			l.add(f.role, part)
			rows = append(rows, l.String())
		}
	}
	return rows
}

func facts(s *DetailState) []fact {
	r := s.Row
	c := r.C
	var out []fact
	add := func(name string, role Role, text string) {
		if text != "" {
			out = append(out, fact{name, role, text})
		}
	}
	out = append(append(append(out, alertFacts(s)...), troubles(s)...), limitFacts(s)...)
	if r.Stale {
		add("config", Warn, "changed since: needs a restart *")
	}
	if c.Lock != nil {
		add("lock", Warn, c.Lock.String())
	}
	add("state", stateRole(c.State), stateLine(s))
	add("address", Plain, addresses(c))
	out = append(out, partFacts(s)...)
	add("boot", Plain, bootLine(c))
	if c.Manager != "" {
		add("manager", Notice, c.Manager)
	}
	add("path", Plain, c.Ref.String())
	if r.Sample != nil {
		add("cgroup", Dim, r.Sample.Cgroup)
		add("missing", Dim, r.Sample.Controls)
	}
	return out
}

// troubles are the reasons why something is not known or cannot be done.
func troubles(s *DetailState) []fact {
	c := s.Row.C
	var out []fact
	if s.Row.Busy != "" {
		out = append(out, fact{"now", Notice, s.Row.Busy})
	}
	if !c.NoAnswerSince.IsZero() {
		what := "for " + since(c.NoAnswerSince, s.Now) + ": its monitor does not answer"
		if s.Row.Sample != nil {
			what += "; figures of the kernel go on"
		}
		out = append(out, fact{"no answer", Bad, what})
	}
	if c.Foreign != nil {
		out = append(out, fact{"foreign", Warn, fmt.Sprintf("uid %d can write its configuration, so it is not loaded: run lxcdeck as that user", *c.Foreign)})
	}
	if c.Problem != nil {
		out = append(out, fact{"problem", Bad, short(c.Problem)})
		var e *runtime.Error
		if errors.As(c.Problem, &e) && e.Hint != "" {
			out = append(out, fact{"hint", Notice, e.Hint})
		}
	}
	if s.Row.Note != "" {
		out = append(out, fact{"figures", Warn, s.Row.Note})
	}
	return out
}

func stateLine(s *DetailState) string {
	c := s.Row.C
	parts := []string{stateWord(c.State)}
	if c.Counted() {
		if up := uptime(c.Started, s.Now); up != Absent {
			parts = append(parts, "up "+up)
		}
	}
	if c.InitPID > 0 {
		parts = append(parts, "pid "+strconv.Itoa(c.InitPID))
	}
	if s.Restarts > 0 {
		parts = append(parts, restarts(s.Restarts))
	}
	return strings.Join(parts, ", ")
}

func addresses(c *runtime.Container) string {
	if !c.Counted() {
		return ""
	}
	if len(c.IPs) == 0 {
		if c.IPsRead {
			return "none"
		}
		return Absent
	}
	all := make([]string, len(c.IPs))
	for i, ip := range c.IPs {
		all[i] = ip.String()
	}
	return strings.Join(all, ", ")
}

func bootLine(c *runtime.Container) string {
	if c.Config == nil {
		return ""
	}
	parts := []string{"no autostart"}
	if c.Config.Autostart {
		parts[0] = "autostart"
		if c.Config.Order != 0 {
			parts[0] += ", order " + strconv.Itoa(c.Config.Order)
		}
	}
	if len(c.Config.Groups) > 0 {
		parts = append(parts, "groups "+strings.Join(c.Config.Groups, " "))
	}
	if c.Config.Unprivileged {
		parts = append(parts, "unprivileged")
	}
	return strings.Join(parts, ", ")
}
