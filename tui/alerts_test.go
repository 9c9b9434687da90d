package tui

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/runtime/events"
	"lxcdeck/runtime/fake"
)

// calls are the alarms that were given.
type calls struct {
	mu  sync.Mutex
	all []alert.Alert
	err error
}

func (c *calls) run(a alert.Alert) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, a)
	return c.err
}

func (c *calls) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}

// crowd is the small host, where alpha has many tasks.
func crowd() []fake.Spec {
	specs := some()
	specs[0].Load = fake.Load{Memory: 1 << 20, Pids: 95, PidsMax: 100}
	return specs
}

func (d *deck) load(f func(*fake.Load)) {
	d.rt.Set(ref("alpha"), runtime.Changed, func(s *fake.Spec) { f(&s.Load) })
}

func TestAlertsAreShownAndRing(t *testing.T) {
	c := &calls{}
	d := newDeck(t, 120, 40, Options{Alerts: alert.Rules{alert.Pids: 90}, Bell: true, Alarm: c.run}, crowd()...)
	bells := func() int {
		n := 0
		for _, s := range d.sent {
			if s == "tea.RawMsg" {
				n++
			}
		}
		return n
	}
	before := bells()
	d.pass(5 * time.Second)
	d.sees("alpha !", "alert", "pids 95% of their limit (threshold 90%), since 12:00", "1 alert")
	if c.count() != 1 || bells()-before != 1 || c.all[0].Ref != ref("alpha") || c.all[0].Kind != alert.Pids {
		t.Fatalf("%d alarms, %d bells, %v", c.count(), bells()-before, d.sent)
	}
	d.pass(time.Minute)
	if c.count() != 1 || bells()-before != 1 {
		t.Fatalf("%d alarms, %d bells after a minute", c.count(), bells()-before)
	}
	d.load(func(l *fake.Load) { l.Pids = 50 })
	d.pass(10 * time.Second)
	d.seesNo("alpha !")
	d.openEvents()
	d.sees("alert over", "pids is below its threshold", "pids 95% of their limit (threshold 90%)")
	d.press("q")
	// What stops has no alert any more.
	d.load(func(l *fake.Load) { l.Pids = 99 })
	d.pass(10 * time.Second)
	d.sees("alpha !")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.happens(events.Stopped)
	d.pass(3 * time.Second)
	d.seesNo("alpha !")
	if n := c.count(); n != 2 {
		t.Errorf("%d alarms", n)
	}
}

func TestReadOnlyRunsNoCommand(t *testing.T) {
	c := &calls{}
	d := newDeck(t, 120, 40, Options{Alerts: alert.Rules{alert.Pids: 90}, Alarm: c.run, ReadOnly: true}, crowd()...)
	d.pass(10 * time.Second)
	d.sees("alpha !")
	if c.count() != 0 {
		t.Error("a command is run")
	}
	for _, s := range d.sent {
		if s == "tea.RawMsg" {
			t.Error("it rings unasked")
		}
	}
	demo := fake.New(fake.Options{Demo: true})
	if x := newAlerts(&Options{Runtime: demo, Alarm: c.run}); x.alarm != nil || x.watch != nil {
		t.Errorf("the demo has %+v", x)
	}
}

func TestAFailingCommandIsToldOnce(t *testing.T) {
	c := &calls{err: errors.New("alert command /x: \x1b[31mno")}
	d := newDeck(t, 120, 40, Options{Alerts: alert.Rules{alert.Pids: 90, alert.Disk: 50}, Alarm: c.run}, crowd()...)
	d.pass(5 * time.Second)
	d.sees(`alert command /x: \x1b[31mno`, "62% !")
	if c.count() != 2 {
		t.Fatalf("%d alarms", c.count())
	}
	d.press("m")
	if n := strings.Count(d.screen(), "alert command /x"); n != 1 {
		t.Errorf("told %d times:\n%s", n, d.screen())
	}
}

// Figures that have thresholds are not left to the tenth tick.
func TestAlertsReadRowsOutOfSight(t *testing.T) {
	for rules, want := range map[alert.Kind]int{alert.PSIIO: 40, alert.Pids: 0} {
		var specs []fake.Spec
		for i := range 40 {
			specs = append(specs, box(fmt.Sprintf("c%02d", i), runtime.Running))
		}
		d := newDeck(t, 80, 15, Options{Alerts: alert.Rules{rules: 50}}, specs...)
		d.pass(2 * time.Second) // each is read in full once
		began := d.m.clock.Now()
		d.pass((shownEvery + 1) * time.Second)
		n := 0
		for _, x := range d.m.hist.tracks {
			if x.sample.FullAt.After(began) {
				n++
			}
		}
		if n < want || want == 0 && n == 40 {
			t.Errorf("%s: %d of 40 were read in full", rules, n)
		}
	}
}
