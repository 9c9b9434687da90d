package tui

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// limiting is what the form for limits knows.
type limiting struct {
	m      *Model
	all    []runtime.Container
	rep    []runtime.LimitReport // one for each of them
	cannot []keymap.Refusal
	fields []limitField // one for each field of the form; the preset has no name
	preset string       // that was chosen last
}

// noPreset is the choice of none.
const noPreset = "none"

// limitsWait is the form before what limits the containers is known. Who leaves it
// gives the reading up.
type limitsWait struct {
	*form
	of   *limiting
	stop context.CancelFunc
}

func (x *limitsWait) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	act := x.form.key(m, k)
	if m.overlay != overlay(x) {
		x.stop()
	}
	return act
}

// limitField is one limit in the form.
type limitField struct {
	name, device string
	first        string // what stood in it: who leaves it so changes nothing
}

// limitsMsg is what limits the containers of a form.
type limitsMsg struct {
	of  *limitsWait
	rep []runtime.LimitReport
	bad []error // one for each; nil = it was read
}

// askLimits reads what limits the containers, and asks for what does from now on.
func (m *Model) askLimits() tea.Cmd {
	can, cannot := keymap.Split(runtime.SetLimits, m.situation())
	switch {
	case len(can) == 0 && len(cannot) > 0:
		m.say(noteWarn, cannot[0].Why, "")
		return nil
	case len(can) == 0:
		return nil
	}
	ctx, stop := context.WithTimeout(m.out.ctx, readDeadline)
	x := &limitsWait{of: &limiting{m: m, all: can, cannot: cannot}, stop: stop}
	x.form = &form{title: "Limits of " + m.howMany(can), note: "reading ...", action: "leaves", wrong: -1, submit: func(*form) tea.Cmd { return nil }}
	m.overlay = x
	rt := m.rt
	return cmd("limits", func() tea.Msg {
		defer stop()
		msg := limitsMsg{of: x}
		for _, c := range can {
			rep, err := rt.Limits(ctx, c.Ref)
			msg.rep, msg.bad = append(msg.rep, rep), append(msg.bad, err)
		}
		return msg
	})
}

func (msg limitsMsg) arrive(m *Model) tea.Cmd {
	if m.overlay != overlay(msg.of) {
		return nil
	}
	x := msg.of.of
	var all []runtime.Container
	for i, c := range x.all {
		if err := msg.bad[i]; err != nil {
			x.cannot = append(x.cannot, keymap.Refusal{Container: c, Why: err.Error()})
			continue
		}
		all = append(all, c)
		x.rep = append(x.rep, msg.rep[i])
	}
	x.all = all
	if len(all) == 0 {
		m.overlay = nil
		m.say(noteError, x.cannot[len(x.cannot)-1].Why, "")
		return nil
	}
	f := (&form{title: "Limits of " + m.howMany(all), action: "goes on", fields: x.make(), submit: x.submit}).
		under(formRules{fit: x.fit, check: x.check})
	m.overlay = f
	return f.look(m)
}

// limitLabel names a limit in the form, the heading above it, and what stands where
// nothing is typed.
func limitLabel(name string) (label, section, empty string) {
	switch name {
	case runtime.LimitCPU:
		return "cpu", "CPU", "cores, as 0.5; none"
	case runtime.LimitCPUWeight:
		return "weight", "CPU", "1 to 10000; default is 100"
	case runtime.LimitCPUs:
		return "cpus", "CPU", "which, as 0-3,5; default"
	case runtime.LimitMemory:
		return "memory", "Memory", "bytes, as 512M; none"
	case runtime.LimitMemoryHigh:
		return "high", "Memory", "slowed down above it; none"
	case runtime.LimitSwap:
		return "swap", "Memory", "swap alone; none"
	case runtime.LimitPids:
		return "pids", "Processes", "count; none"
	case runtime.LimitIOWeight:
		return "weight", "I/O", "1 to 10000; default is 100"
	default:
		return "io", "I/O", "rbps=10M wiops=500; none"
	}
}

// state is a limit of a container; the zero value, where it has none of that device.
func (x *limiting) state(i int, name, device string) runtime.LimitState {
	rep := &x.rep[i]
	if at := slices.IndexFunc(rep.Limits, func(l runtime.LimitState) bool { return l.Name == name && l.Device == device }); at >= 0 {
		return rep.Limits[at]
	}
	at := slices.IndexFunc(rep.Limits, func(l runtime.LimitState) bool { return l.Name == name && l.Device == "" })
	if at < 0 {
		return runtime.LimitState{Name: name, Device: device}
	}
	l := rep.Limits[at]
	l.Device, l.Live, l.Config = device, "", ""
	return l
}

// holds is what limits a container now: its cgroup, else its config.
func holds(l *runtime.LimitState, runs bool) string {
	if runs {
		return l.Live
	}
	return l.Config
}

// make gives the form a field for each limit that can be set.
func (x *limiting) make() []formField {
	var fields []formField
	if names := slices.Sorted(maps.Keys(x.m.presets)); len(names) > 0 {
		f := choiceField("preset", append([]string{noPreset}, names...)...)
		f.help = "of the settings; what it does not name stays"
		fields, x.fields, x.preset = append(fields, f), append(x.fields, limitField{}), noPreset
	}
	section := ""
	add := func(name, device, label string) {
		own, heading, empty := limitLabel(name)
		l := x.state(0, name, device)
		words, differ := runtime.LimitWords(name, holds(&l, x.rep[0].Running)), false
		for i := range x.all[1:] {
			o := x.state(i+1, name, device)
			differ = differ || runtime.LimitWords(name, holds(&o, x.rep[i+1].Running)) != words
		}
		f := textField(cmp.Or(label, own), empty, words)
		if differ {
			words, f.help = "", asItIs
			f.line.set("")
		}
		f.off = l.Why != ""
		if !f.off && heading != section {
			f.section, section = heading, heading
		}
		f.beside = func() string { return x.inUse(name, device) }
		fields = append(fields, f)
		x.fields = append(x.fields, limitField{name, device, words})
	}
	for _, name := range runtime.LimitNames() {
		if name != runtime.LimitIO {
			add(name, "", "")
			continue
		}
		for _, d := range x.disks() {
			add(name, d.Number, d.Name)
		}
	}
	return fields
}

// disks are those of the host, and those that a container has limits on.
func (x *limiting) disks() []runtime.LimitDevice {
	all := slices.Clone(x.rep[0].Devices)
	for i := range x.rep {
		for _, l := range x.rep[i].Limits {
			if l.Device != "" && !slices.ContainsFunc(all, func(d runtime.LimitDevice) bool { return d.Number == l.Device }) {
				all = append(all, runtime.LimitDevice{Number: l.Device, Name: l.Device})
			}
		}
	}
	return all
}

// set is what a container gets, and what it had: what was typed in the fields that have
// changed. The field is the one that an error is about.
func (x *limiting) set(f *form, i int) (args *runtime.SetLimitsArgs, field int, err error) {
	args = &runtime.SetLimitsArgs{}
	for k := range f.fields {
		at, text := &x.fields[k], strings.TrimSpace(f.text(k))
		if at.name == "" || f.fields[k].off || text == at.first {
			continue
		}
		value, err := runtime.ParseLimit(at.name, text)
		if err != nil {
			return nil, k, inForm(err)
		}
		one := runtime.LimitSetting{Name: at.name, Device: at.device, Value: value}
		if err := (&runtime.SetLimitsArgs{Set: []runtime.LimitSetting{one}}).Check(); err != nil {
			return nil, k, inForm(err)
		}
		l := x.state(i, at.name, at.device)
		if was := x.was(i, &l); was != value || holds(&l, x.rep[i].Running) != l.Config {
			args.Set = append(args.Set, one)
			args.Was = append(args.Was, runtime.LimitSetting{Name: at.name, Device: at.device, Value: was})
		}
	}
	return args, -1, nil
}

// was is the setting that a container has: none where nothing but the kernel's default
// holds.
func (x *limiting) was(i int, l *runtime.LimitState) string {
	now := holds(l, x.rep[i].Running)
	words := runtime.LimitWords(l.Name, now)
	if l.Config == "" && (words == "none" || words == "100" || words == "default" || l.Name == runtime.LimitCPUs) {
		return ""
	}
	return now
}

func (x *limiting) check(f *form) (int, error) {
	for i := range x.all {
		if _, field, err := x.set(f, i); err != nil {
			return field, err
		}
	}
	return -1, nil
}

// fit tells what the config calls the limit under the cursor, and says of it.
func (x *limiting) fit(f *form) {
	x.fill(f)
	var words []string
	for i := range f.fields {
		f.fields[i].warn = x.tooLittle(f, i)
	}
	at := &x.fields[min(f.at, len(x.fields)-1)]
	l := x.state(0, at.name, at.device)
	if key := cmp.Or(l.Key, at.name); key != "" {
		words = append(words, "The key is "+key)
	}
	if len(x.all) == 1 && x.rep[0].Running && l.Live != l.Config && (l.Config != "" || x.was(0, &l) != "") {
		words = append(words, "the config says "+cmp.Or(runtime.LimitWords(at.name, l.Config), "nothing"))
	}
	var lost []string
	for _, s := range x.m.presets[x.preset] {
		if s.Name == runtime.LimitIO && !slices.ContainsFunc(x.fields, func(at limitField) bool { return at.device == numberOf(x.disks(), s.Device) }) {
			lost = append(lost, s.Device)
		}
	}
	f.note = "What is left as it is stays."
	if len(words) > 0 {
		f.note = strings.Join(words, "; ") + "."
	}
	if len(lost) > 0 {
		f.note += " The preset names disks that are not here: " + strings.Join(lost, ", ") + "."
	}
	var out []string
	for _, l := range x.rep[0].Limits {
		if l.Why != "" && l.Device == "" {
			out = append(out, l.Name+": "+l.Why)
		}
	}
	if len(out) > 0 {
		f.note += " Not here: " + strings.Join(out, "; ") + "."
	}
}

// numberOf is the number of a disk that is named by that or by its name.
func numberOf(disks []runtime.LimitDevice, disk string) string {
	if i := slices.IndexFunc(disks, func(d runtime.LimitDevice) bool { return d.Name == disk }); i >= 0 {
		return disks[i].Number
	}
	return disk
}

// fill puts a preset that was just chosen into the fields.
func (x *limiting) fill(f *form) {
	if x.preset == "" || f.fields[0].choice() == x.preset {
		return
	}
	x.preset = f.fields[0].choice()
	preset := x.m.presets[x.preset]
	disks := x.disks()
	for k := range f.fields {
		at := &x.fields[k]
		if at.name == "" {
			continue
		}
		text := at.first
		if i := slices.IndexFunc(preset, func(s runtime.LimitSetting) bool { return s.Name == at.name && numberOf(disks, s.Device) == at.device }); i >= 0 {
			text = runtime.LimitWords(at.name, preset[i].Value)
		}
		f.fields[k].line.set(text)
	}
}
