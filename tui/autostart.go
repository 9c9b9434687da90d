package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// The fields of the form for autostart.
const (
	autoOn = iota
	autoOrder
	autoDelay
	autoGroups
)

// asItIs stands in a field in which several containers differ.
const asItIs = "as each has it"

// autostarting is what the form for autostart knows.
type autostarting struct {
	m   *Model
	all []runtime.Container
	// differ says in which fields they do: what is left empty there stays.
	differ [autoGroups + 1]bool
	out    string // who is left out, a sentence
}

// askAutostart asks for what lxc-autostart goes by; what holds now stands
// there already.
func (m *Model) askAutostart() tea.Cmd {
	can, cannot := keymap.Split(runtime.SetAutostart, m.situation())
	a := &autostarting{m: m}
	var out []string
	for _, c := range can {
		if c.Config == nil { // what holds now could not be kept
			out = append(out, m.called(c.Ref)+": its config was not read")
			continue
		}
		a.all = append(a.all, c)
	}
	for _, r := range cannot {
		out = append(out, r.Why)
	}
	switch {
	case len(a.all) == 0 && len(out) > 0:
		m.say(noteWarn, out[0], "")
		return nil
	case len(a.all) == 0:
		return nil
	}
	f := (&form{
		title: "Autostart of " + m.howMany(a.all), action: "writes it", fields: a.fields(), submit: a.submit,
	}).under(formRules{fit: a.fit, check: a.check})
	if len(out) > 0 {
		a.out = " Left out: " + strings.Join(out, "; ") + "."
	}
	f.look(m)
	m.overlay = f
	return nil
}

// fields hold what all of them have in common.
func (a *autostarting) fields() []formField {
	first := a.all[0].Config
	for _, c := range a.all[1:] {
		a.differ[autoOn] = a.differ[autoOn] || c.Config.Autostart != first.Autostart
		a.differ[autoOrder] = a.differ[autoOrder] || c.Config.Order != first.Order
		a.differ[autoDelay] = a.differ[autoDelay] || c.Config.Delay != first.Delay
		a.differ[autoGroups] = a.differ[autoGroups] || !slices.Equal(c.Config.Groups, first.Groups)
	}
	on := choiceField("autostart", "no", "yes")
	if first.Autostart {
		on.at = 1
	}
	if a.differ[autoOn] {
		on.choices, on.at = append(on.choices, asItIs), 2
	}
	on.help = "with the host, by lxc-autostart"
	fields := []formField{
		autoOn:     on,
		autoOrder:  textField("order", "0", strconv.Itoa(first.Order)),
		autoDelay:  textField("delay", "0", strconv.Itoa(int(first.Delay/time.Second))),
		autoGroups: textField("groups", "none", strings.Join(first.Groups, " ")),
	}
	for i := autoOrder; i <= autoGroups; i++ {
		if a.differ[i] {
			fields[i].help = asItIs
			fields[i].line.set("")
		}
	}
	if a.differ[autoGroups] {
		fields[autoGroups].help += "; - is none"
	}
	return fields
}

// args are what one container gets; the field is the one an error is about.
func (a *autostarting) args(f *form, c runtime.Container) (*runtime.AutostartArgs, int, error) {
	out := &runtime.AutostartArgs{Auto: f.fields[autoOn].at == 1, Order: c.Config.Order, Delay: c.Config.Delay, Groups: c.Config.Groups}
	if f.fields[autoOn].at == 2 {
		out.Auto = c.Config.Autostart
	}
	if text := strings.TrimSpace(f.text(autoOrder)); text != "" || !a.differ[autoOrder] {
		n, err := number(text)
		if err != nil {
			return nil, autoOrder, err
		}
		out.Order = n
	}
	if text := strings.TrimSpace(f.text(autoDelay)); text != "" || !a.differ[autoDelay] {
		n, err := number(strings.TrimSuffix(text, "s"))
		if err != nil || n < 0 {
			return nil, autoDelay, fmt.Errorf("a delay is a number of seconds, not %q", text)
		}
		out.Delay = time.Duration(n) * time.Second
	}
	switch text := strings.TrimSpace(f.text(autoGroups)); {
	case text == "-" || text == "" && !a.differ[autoGroups]:
		out.Groups = nil
	case text != "":
		out.Groups = strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	}
	if err := out.Check(); err != nil {
		return nil, autoGroups, inForm(err)
	}
	return out, -1, nil
}

// number is what liblxc takes for a number of its config; "" is 0.
func number(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number, or too large", text)
	}
	return int(n), nil
}

func (a *autostarting) check(f *form) (int, error) {
	for _, c := range a.all {
		if _, field, err := a.args(f, c); err != nil {
			return field, err
		}
	}
	return -1, nil
}

// fit shows the lines of the config: no lxc-* tool writes them.
func (a *autostarting) fit(f *form) {
	f.note = "lxc.start.auto, lxc.start.order, lxc.start.delay and lxc.group of their configs." + a.out
	args, _, err := a.args(f, a.all[0])
	if err != nil || len(a.all) > 1 {
		return
	}
	var lines []string
	for _, l := range args.Lines() {
		lines = append(lines, l[0]+" = "+l[1])
	}
	f.note = "In its config: " + strings.Join(lines, ", ") + "." + a.out
}

func (a *autostarting) submit(f *form) tea.Cmd {
	var reqs []runtime.Request
	for _, c := range a.all {
		args, _, err := a.args(f, c)
		if err != nil {
			return nil // the form has refused it before
		}
		reqs = append(reqs, runtime.Request{Op: runtime.SetAutostart, Ref: c.Ref, Same: c.Identity, Args: args})
	}
	return a.m.enqueue(reqs)
}
