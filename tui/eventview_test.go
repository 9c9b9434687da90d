package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
	"lxcdeck/runtime/fake"
)

// openEvents goes to the list of events by the palette.
func (d *deck) openEvents() {
	d.t.Helper()
	d.press(":")
	d.typed("events")
	d.press("enter")
	d.sees("Events")
}

// happens lets the watch's hint come, and what follows from it.
func (d *deck) happens(kind events.Kind) *events.Event {
	d.t.Helper()
	all := func() *events.Event {
		list := d.m.events.All()
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Kind == kind {
				return &list[i]
			}
		}
		return nil
	}
	d.until(kind.String(), func() bool { d.pass(listRest); return all() != nil })
	return all()
}

func TestEventsAreListed(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.openEvents()
	d.sees("Nothing has happened since lxcdeck was started")
	d.m.listing.read = map[string]string{"/var/lib/lxc": "a"}
	d.press("down")
	d.sees("The last list could not read /srv/lxc")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.happens(events.Stopped)
	d.sees("alpha", "stopped", "init ended (reason not known)", "1/1")
	d.rt.Become(ref("alpha"), runtime.Running)
	d.happens(events.Started)
	d.rt.Set(ref("bravo"), runtime.Edited, func(*fake.Spec) {})
	d.happens(events.Edited)
	d.rt.Remove(ref("delta"))
	d.happens(events.Gone)
	d.sees("1/4", "config edited", "gone") // the cursor stays on the newest
	d.press("j", "j")
	d.sees("3/4")
	d.rt.Become(ref("charlie"), runtime.Running)
	d.happens(events.Thawed)
	d.sees("4/5") // and else on its event
	if rows := d.screen(); strings.Index(rows, "thawed") > strings.Index(rows, "config edited") {
		t.Errorf("the newest is not the first:\n%s", rows)
	}
	d.press("O")
	d.sees("2/5")
	d.press("home", "c")
	d.sees("Events of alpha: 2 of 5")
	d.seesNo("config edited")
	d.press("y")
	if len(d.copied) != 1 || !strings.Contains(d.copied[0], "/var/lib/lxc/alpha  stopped: init ended") {
		t.Errorf("copied %q", d.copied)
	}
	d.press("esc", "end", "up")
	d.sees("4/5")
	d.press("enter")
	d.sees("delta is gone")
	d.press("home", "enter")
	d.seesNo("Events")
	d.at("alpha")
	d.press("j", ":")
	d.typed("events-of")
	d.press("enter")
	d.sees("Events of bravo: 1 of 5")
	for _, size := range [][2]int{{40, 8}, {60, 15}, {200, 60}} {
		d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		d.sees("bravo")
	}
	d.press("q")
	d.seesNo("Events of")
}

func TestWhatLxcdeckDidIsTold(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.press("F") // alpha
	d.pass(time.Second)
	d.press("y")
	if e := d.happens(events.Frozen); e.By != "freeze" {
		t.Fatalf("%+v", e)
	}
	d.openEvents()
	d.sees("by lxcdeck freeze")
	d.press("q")
	// One that failed made nothing.
	d.rt.Fail(fake.Do, ref("delta"), fake.Fault{Err: errors.New("no way")})
	d.press("end", "K")
	d.pass(time.Second)
	d.press("y")
	d.sees("no way")
	d.rt.Become(ref("delta"), runtime.Stopped)
	if e := d.happens(events.Stopped); e.By != "" {
		t.Fatalf("%+v", e)
	}
}

func TestTheAuditLogIsAskedForCauses(t *testing.T) {
	var log []runtime.Past
	asked := 0
	d := newDeck(t, 120, 40, Options{History: func() ([]runtime.Past, error) { asked++; return log, nil }}, some()...)
	d.pass(10 * time.Second)
	if asked != 0 {
		t.Fatalf("asked %d times though nothing has happened", asked)
	}
	past := runtime.Past{At: d.clock.Now(), Op: "stop", Ref: ref("alpha"), Who: "jo", Took: time.Second}
	failed := runtime.Past{At: d.clock.Now(), Op: "kill", Ref: ref("alpha"), Who: "al", Result: "no way", Took: time.Second}
	log = []runtime.Past{past, failed}
	d.rt.Become(ref("alpha"), runtime.Stopped)
	e := d.happens(events.Stopped)
	d.pass(2 * time.Second)
	if asked == 0 || e.By != "" {
		t.Fatalf("asked %d times, %+v", asked, e)
	}
	past.Result = runtime.PastDone // it is written later
	log = []runtime.Past{past, failed}
	d.pass(10 * time.Second)
	if e := d.happens(events.Stopped); e.By != "stop" || e.Who != "jo" {
		t.Fatalf("%+v", e)
	}
	d.openEvents()
	d.sees("by lxcdeck stop (jo)")
	n := asked
	d.pass(5 * time.Minute)
	if asked != n {
		t.Errorf("asked %d times more though all is known", asked-n)
	}
	d.rt.Become(ref("delta"), runtime.Stopped)
	d.pass(5 * time.Minute)
	if asked-n > len(auditAfter()) {
		t.Errorf("asked %d times for what nobody knows", asked-n)
	}
}

func TestKillsAndLimitsAreSeen(t *testing.T) {
	specs := some()
	specs[0].Load = fake.Load{Memory: 1 << 20, Limit: 512 << 20, PidsMax: 100}
	specs[0].InitPID, specs[0].Procs = 5000, []string{"/sbin/init", "hog\x1b[31m"}
	d := newDeck(t, 200, 40, Options{}, specs...)
	d.pass(3 * time.Second)
	d.rt.Set(ref("alpha"), runtime.Changed, func(s *fake.Spec) { s.Load.OOMKills, s.Load.Limit, s.Load.PidsMax = 3, 1<<30, 0 })
	d.openEvents()
	d.until("the kill", func() bool { d.pass(time.Second); return strings.Contains(d.screen(), "OOM-killed (3)") })
	d.sees("the kernel killed hog", "(pid 5040), hog", "(pid 5042) for want of memory", "memory 512M to 1.0G; pids 100 to none; by whom is not known")
	d.pass(time.Minute)
	if n := len(d.m.events.All()); n != 2 {
		t.Errorf("%d events\n%s", n, d.screen())
	}
	d.rt.Set(ref("alpha"), runtime.Changed, func(s *fake.Spec) { s.Load.OOMKills = 9 })
	d.until("more than the log tells", func() bool {
		d.pass(time.Second)
		return strings.Contains(d.screen(), "(pid 5043), 2 more for want of memory")
	})
}
