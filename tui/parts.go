package tui

import (
	"time"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// parts is what the selected container's figures are made of: two readings and
// the rates between them. Readings of other containers add up only.
type parts struct {
	ask            runtime.Parts // belongs to the batch, as it does
	ref            runtime.Ref   // whose readings these are
	old, now       runtime.Parts
	devices, links []runtime.PartRate
}

// take looks at a batch that has come back. Rates are of two readings that are
// not further apart than most.
func (p *parts) take(b *runtime.Batch, most time.Duration) {
	for i := range b.Readings {
		r := &b.Readings[i]
		if r.Parts == nil || r.Err != nil || r.Parts.At.IsZero() || !r.Parts.At.Equal(r.Sample.At) {
			continue
		}
		if r.Ref != p.ref {
			p.old, p.now, p.ref = runtime.Parts{}, runtime.Parts{}, r.Ref
		}
		if r.Parts.At.Equal(p.now.At) {
			return
		}
		p.old, p.now = p.now, p.old
		p.now.Set(r.Parts)
		if p.now.At.Sub(p.old.At) > most {
			p.old.Reset()
		}
		p.devices, p.links = runtime.PartsBetween(&p.old, &p.now, p.devices[:0], p.links[:0])
		return
	}
}

// state is what the detail shows of a container's parts; nil = they are not of
// its newest reading, beside whose figures they stand.
func (p *parts) state(of runtime.Ref, pid int, t *track) *views.PartsState {
	if t == nil || t.err != nil || p.ref != of || p.now.At.IsZero() || !p.now.At.Equal(t.sample.At) || p.now.InitPID != pid {
		return nil
	}
	return &views.PartsState{
		Devices: p.devices, Links: p.links, MoreDevices: p.now.MoreDevices, MoreLinks: p.now.MoreLinks,
		Kills: p.now.Kills, KillsWhy: p.now.KillsWhy,
	}
}

// lives counts how often containers were seen with another init than before.
type lives map[runtime.Ref]lived

type lived struct{ pid, restarts int }

// see takes a whole list: containers that are gone are forgotten, stopped ones
// are not.
func (l lives) see(all []runtime.Container) {
	there := make(map[runtime.Ref]bool, len(all))
	for i := range all {
		c := &all[i]
		there[c.Ref] = true
		if c.InitPID <= 0 {
			continue
		}
		was := l[c.Ref]
		if was.pid > 0 && was.pid != c.InitPID {
			was.restarts++
		}
		was.pid = c.InitPID
		l[c.Ref] = was
	}
	for ref := range l {
		if !there[ref] {
			delete(l, ref)
		}
	}
}
