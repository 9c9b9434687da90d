package views

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// PartsState is what a container's figures are made of.
type PartsState struct {
	Devices     []runtime.PartRate // I/O by block device; names are foreign text
	Links       []runtime.PartRate // network by interface; names are foreign text
	MoreDevices int                // that are not among them
	MoreLinks   int
	Kills       []runtime.Killed // newest first
	KillsWhy    string           // why nobody knows what was killed
}

// Of each kind so many are shown: those that move the most now, then those that
// have moved the most.
const partsShown = 6

// partFacts tell I/O and network apart, where there is something to tell apart,
// and name what was killed.
func partFacts(s *DetailState) []fact {
	p := s.Parts
	if p == nil || s.Row.Sample == nil {
		return nil
	}
	out := killFacts(p, s)
	out = append(out, partLines("network", p.Links, p.MoreLinks, "rx", "tx", "packets", "interface")...)
	return append(out, partLines("disk", p.Devices, p.MoreDevices, "read", "write", "operations", "device")...)
}

func partLines(name string, parts []runtime.PartRate, left int, in, out, each, more string) []fact {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b runtime.PartRate) int {
		return cmp.Or(cmp.Compare(b.In.Or(0)+b.Out.Or(0), a.In.Or(0)+a.Out.Or(0)), cmp.Compare(moved(b), moved(a)))
	})
	var facts []fact
	for i := range parts {
		p := &parts[i]
		if len(facts) == partsShown || !p.Ever {
			left += len(parts) - i
			break
		}
		words := []string{Clean(p.Name) + ": " + in + " " + perSecond(p.In), out + " " + perSecond(p.Out)}
		if a, b := perCount(p.InOps), perCount(p.OutOps); a != Absent || b != Absent {
			words = append(words, a+" and "+b+" "+each+"/s")
		}
		if !p.InTotal.Absent() || !p.OutTotal.Absent() {
			words = append(words, "in all "+ValueBytes(p.InTotal)+" and "+ValueBytes(p.OutTotal))
		}
		facts = append(facts, fact{name, Plain, strings.Join(words, ", ")})
	}
	switch {
	case left == 0:
	case len(facts) == 0:
		facts = append(facts, fact{name, Dim, "nothing yet, on " + strconv.Itoa(left)})
	default:
		facts = append(facts, fact{name, Dim, plural(left, "more "+more, "more "+more+"s")})
	}
	return facts
}

// moved is what a part has moved in all.
func moved(p runtime.PartRate) float64 {
	return float64(p.InTotal.Or(0)) + float64(p.OutTotal.Or(0))
}

// killFacts name what the kernel killed for want of memory.
func killFacts(p *PartsState, s *DetailState) []fact {
	if s.Row.Sample.Memory.OOMKills.Or(0) == 0 && len(p.Kills) == 0 {
		return nil
	}
	if len(p.Kills) == 0 {
		if p.KillsWhy == "" {
			return []fact{{"killed", Dim, "the kernel's log does not name it, or not any more"}}
		}
		return []fact{{"killed", Dim, "not known: " + p.KillsWhy}}
	}
	words := make([]string, len(p.Kills))
	for i, k := range p.Kills {
		when := ago(k.At, s.Now)
		if k.About && s.Now.Sub(k.At) >= time.Minute {
			when = "about " + when
		}
		words[i] = Clean(k.Name) + " (pid " + strconv.Itoa(k.PID) + ") " + when
	}
	return []fact{{"killed", Bad, strings.Join(words, ", ")}}
}

// restarts says how often another init was seen.
func restarts(n int) string {
	if n == 1 {
		return "restarted once since lxcdeck began"
	}
	return "restarted " + strconv.Itoa(n) + " times since lxcdeck began"
}
