package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// boots is a stopped container that lxc-autostart knows.
func boots(name string, order int, delay time.Duration, groups ...string) fake.Spec {
	b := box(name, runtime.Stopped)
	b.Config = &runtime.Config{Autostart: true, Order: order, Delay: delay, Groups: groups}
	return b
}

// house is a host with containers in groups.
func house() []fake.Spec {
	live := boots("live", 0, 0, "web")
	live.State = runtime.Running
	manual := boots("manual", 3, 0, "web")
	manual.Config.Autostart = false
	return []fake.Spec{
		boots("late", 9, 0, "web"), boots("early", 1, 5*time.Second, "web"), boots("db", 5, 2*time.Second, "db"), boots("single", 0, 0), live, manual,
	}
}

// plan opens the plan of web and db, in that order.
func (d *deck) plan() {
	d.t.Helper()
	d.action(keymap.BootGroups)
	d.sees("Start containers in order", "Groups here: db (1), web (4), none (")
	d.typed("web,db")
	d.press("enter")
}

// started are the names that were asked for, in order.
func (d *deck) started() string {
	var out []string
	for _, q := range d.rt.Requests() {
		if q.Op != runtime.Start || q.Expect != runtime.Stopped {
			d.t.Errorf("%+v", q)
		}
		out = append(out, q.Ref.Name)
	}
	return strings.Join(out, " ")
}

func TestBootForm(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, house()...)
	d.action(keymap.BootGroups)
	d.sees("lxc-autostart -P /var/lib/lxc; lxc-autostart -P /srv/lxc")
	d.typed("weg")
	d.sees(`no container is in group "weg"`)
	d.press("enter")
	d.sees("Start containers in order")
	d.press("ctrl+u")
	d.typed("web, db")
	d.sees("lxc-autostart -P /var/lib/lxc -g web,db")
	d.press("tab", "tab", "space")
	d.sees("-g web,db -A")
	d.press("up", "space")
	d.sees("-a -A")
	d.seesNo("-g web")
	d.press("enter")
	d.sees("Start 5 containers in this order?")
	d.press("esc")
	d.askedNothing()
}

func TestBootPlanIsADryRun(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, house()...)
	d.plan()
	d.sees("Start 3 containers in this order?", "1 early", "order 1", "then wait 5s", "2 late", "3 db", "group db",
		"live          left out: it is RUNNING", "manual        left out: lxc.start.auto is not 1", "-g web,db")
	d.press("y") // too soon
	d.pass(questionGrace)
	d.send(tea.PasteMsg{Content: "y"})
	d.press("j", "k", "x")
	d.askedNothing()
	d.press("enter")
	d.askedNothing()
	if d.m.overlay != nil || d.m.boot != nil {
		t.Fatal("enter is no yes")
	}
}

func TestBootKeepsOrderAndDelays(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, house()...)
	d.rt.Fail(fake.Do, ref("late"), fake.Fault{Err: errors.New("no bridge")})
	d.plan()
	d.pass(questionGrace)
	d.press("y")
	if got := d.started(); got != "early" {
		t.Fatalf("%q", got)
	}
	d.action(keymap.BootGroups)
	d.sees("already")
	d.press("esc")
	d.m.notices.dismiss()
	d.pass(4900 * time.Millisecond)
	if got := d.started(); got != "early" {
		t.Fatalf("%q before the delay is over", got)
	}
	d.press("m", "esc")
	if s := d.m.statusState().Job; s == nil || s.Text != "waiting 5s after early, then late" || s.Done != 1 || s.Total != 3 {
		t.Fatalf("%+v", s)
	}
	d.pass(200 * time.Millisecond)
	if got := d.started(); got != "early late db" { // after a failure there is nothing to wait for
		t.Fatalf("%q", got)
	}
	d.sees("autostart: 2 of 3 started, 1 failed, first: start late: no bridge")
	if d.m.boot != nil {
		t.Fatal("it goes on")
	}
}

func TestBootIsCancelled(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, house()...)
	d.plan()
	d.pass(questionGrace)
	d.press("y", "q")
	d.sees("Quit lxcdeck?", "2 containers will not be started.")
	d.pass(questionGrace)
	d.press("n", "ctrl+c")
	d.sees("autostart: 1 of 3 started, cancelled")
	d.pass(time.Minute)
	if got := d.started(); got != "early" {
		t.Fatalf("%q", got)
	}
}

// TestBootEndsWithItsStart: what is cancelled while it is started, or before its
// turn has come, is not followed by others.
func TestBootEndsWithItsStart(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, house()...)
	d.rt.Fail(fake.Do, ref("early"), fake.Fault{Err: fmt.Errorf("%w: by somebody", runtime.ErrCancelled)})
	d.plan()
	d.pass(questionGrace)
	d.press("y")
	if last := d.m.notices.past[len(d.m.notices.past)-1].text; last != "autostart: 0 of 3 started, cancelled" {
		t.Errorf("%q", last)
	}

	d = newDeck(t, 100, 30, Options{}, append(house(), some()...)...)
	for _, name := range []string{"alpha", "bravo", "charlie", "delta"} { // all places are taken
		d.rt.Fail(fake.Do, ref(name), fake.Fault{Stuck: true})
		d.stuck++
		d.run(d.m.enqueue([]runtime.Request{{Op: runtime.Kill, Ref: ref(name)}}))
	}
	d.plan()
	d.pass(questionGrace)
	d.press("y")
	d.stuck = 0
	d.m.jobs.list = d.m.jobs.list[:4] // as by a cancel of what waits
	for _, x := range d.m.jobs.list {
		x.cancel()
	}
	d.settle()
	d.send(tea.FocusMsg{})
	if d.m.boot != nil {
		t.Fatal("it waits for a start that never was")
	}
	for _, q := range d.rt.Requests() {
		if q.Op == runtime.Start {
			t.Errorf("%+v", q)
		}
	}
}

func TestBootPassesOverWhatIsStartedMeanwhile(t *testing.T) {
	d := newDeck(t, 100, 30, Options{}, house()...)
	d.plan()
	d.pass(questionGrace)
	d.rt.Become(ref("early"), runtime.Running)
	d.press("y")
	if got := d.started(); got != "early late db" {
		t.Fatalf("%q", got)
	}
	d.sees("autostart: 2 of 3 started, 1 not stopped any more")
}

func TestBootPlanScrolls(t *testing.T) {
	var many []fake.Spec
	for i := range 30 {
		many = append(many, boots(fmt.Sprintf("c%02d", i), i, 0))
	}
	d := newDeck(t, 40, 10, Options{}, many...)
	d.action(keymap.BootGroups)
	d.press("enter")
	d.sees("Start 30 containers", "c00", "1-8/30")
	d.pass(questionGrace)
	d.press("G")
	d.sees("c29", "23-30/30")
	d.press("k")
	d.sees("22-29/30")
	d.press("esc")
	none := newDeck(t, 80, 24, Options{}, some()...)
	none.action(keymap.BootGroups)
	none.press("enter")
	none.sees("Nothing to start", "left out: lxc.start.auto is not 1", "esc leaves")
	none.pass(questionGrace)
	none.press("y")
	none.askedNothing()
}
