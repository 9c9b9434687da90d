package tui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// tooLittle warns of a limit on memory or processes below what is in use, and of one that
// lets nothing run.
func (x *limiting) tooLittle(f *form, k int) string {
	at := &x.fields[k]
	if at.name != runtime.LimitMemory && at.name != runtime.LimitPids || f.fields[k].off {
		return ""
	}
	value, err := runtime.ParseLimit(at.name, f.text(k))
	n, some := runtime.LimitValue(value).Get()
	if err != nil || !some {
		return ""
	}
	if why := runtime.LimitHazard(at.name, value); why != "" {
		return why
	}
	for i, c := range x.all {
		l := x.state(i, at.name, at.device)
		used, ok := l.Used.Get()
		switch {
		case !ok || used <= n:
		case at.name == runtime.LimitPids:
			return x.m.called(c.Ref) + " has " + strconv.FormatUint(used, 10) + ": nothing more can be started in it"
		default:
			return x.m.called(c.Ref) + " uses " + views.Bytes(used) + ": what does not fit is taken back, or killed"
		}
	}
	return ""
}

// submit shows what becomes what, and asks.
func (x *limiting) submit(f *form) tea.Cmd {
	var reqs []runtime.Request
	var can []runtime.Container
	cannot := x.cannot
	for i, c := range x.all {
		args, _, err := x.set(f, i)
		switch {
		case err != nil:
			return nil // the form has refused it before
		case len(args.Set) == 0:
			cannot = append(cannot, keymap.Refusal{Container: c, Why: "has these limits already"})
			continue
		}
		can = append(can, c)
		reqs = append(reqs, runtime.Request{Op: runtime.SetLimits, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: args})
	}
	if len(can) == 0 {
		x.m.say(noteInfo, "nothing was changed", "")
		return nil
	}
	p := x.m.promptFor(runtime.SetLimits.Info(), can, cannot)
	p.Title = "Set the limits of " + x.m.howMany(can) + "?"
	p.More = limitsWhere(can)
	p.Facts = append(p.Facts, x.facts(f, reqs)...)
	return x.m.ask(&question{state: p, form: f, yes: func() tea.Cmd { return x.m.enqueue(reqs) }})
}

// facts are the old and the new limits, and what is to be feared.
func (x *limiting) facts(f *form, reqs []runtime.Request) []views.PromptFact {
	facts := limitFacts(reqs, x.disks())
	for k := range f.fields {
		if why := f.fields[k].warn; why != "" && strings.TrimSpace(f.text(k)) != x.fields[k].first {
			facts = append(facts, views.PromptFact{Name: f.fields[k].label, Text: why, Warn: true})
		}
	}
	return facts
}

// limitFacts are what becomes what: of several containers that differ, what each group of
// them has.
func limitFacts(reqs []runtime.Request, disks []runtime.LimitDevice) []views.PromptFact {
	type limit struct{ name, device string }
	var order []limit
	olds, news := map[limit][]string{}, map[limit][]string{}
	for i := range reqs {
		a, ok := reqs[i].Args.(*runtime.SetLimitsArgs)
		if !ok {
			continue
		}
		for k, s := range a.Set {
			at := limit{s.Name, s.Device}
			if !slices.Contains(order, at) {
				order = append(order, at)
			}
			add := func(to map[limit][]string, value string) {
				if words := runtime.LimitWords(s.Name, value); !slices.Contains(to[at], words) {
					to[at] = append(to[at], words)
				}
			}
			add(news, s.Value)
			if k < len(a.Was) {
				add(olds, a.Was[k].Value)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b limit) int {
		return slices.Index(runtime.LimitNames(), a.name) - slices.Index(runtime.LimitNames(), b.name)
	})
	var facts []views.PromptFact
	for _, at := range order {
		name := runtime.LimitKey(at.name)
		if i := slices.IndexFunc(disks, func(d runtime.LimitDevice) bool { return d.Number == at.device }); i >= 0 {
			name += " " + disks[i].Name
		} else if at.device != "" {
			name += " " + at.device
		}
		text := "-> " + oneOrMore(news[at])
		if was := oneOrMore(olds[at]); was != "" {
			text = was + " " + text
		}
		facts = append(facts, views.PromptFact{Name: name, Text: text})
	}
	return facts
}

// mostOlds is how many values of a limit a question names.
const mostOlds = 4

// oneOrMore are the values of several containers.
func oneOrMore(all []string) string {
	if more := len(all) - mostOlds; more > 0 {
		return strings.Join(all[:mostOlds], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(all, ", ")
}

// limitsWhere says where a change of limits is seen.
func limitsWhere(can []runtime.Container) string {
	n := 0
	for i := range can {
		if can[i].State.Alive() {
			n++
		}
	}
	switch n {
	case 0:
		return "In the config, for the next start."
	case len(can):
		return runtime.SetLimits.Info().AsksMore
	default:
		return "In the config; where it runs, at once too."
	}
}
