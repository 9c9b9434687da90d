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

func TestStartAtOnceStopAfterYes(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j", "S")
	if q := d.rt.Requests(); len(q) != 1 || q[0].Op != runtime.Start || q[0].Ref != ref("bravo") || q[0].Expect != runtime.Stopped || !q[0].Spare {
		t.Fatalf("%+v", q)
	}
	d.sees("bravo: start done", "lxc-start -P /var/lib/lxc -n bravo")
	d.press("S")
	d.sees("Stop bravo?", "running", "asks again before a kill", "lxc-stop -P /var/lib/lxc -n bravo")
	d.press("y") // too soon
	if len(d.rt.Requests()) != 1 {
		t.Fatal("a key of the first 300 ms answered the question")
	}
	d.pass(questionGrace)
	d.send(tea.PasteMsg{Content: "y"})
	d.press("x", "space")
	if len(d.rt.Requests()) != 1 || d.m.overlay == nil {
		t.Fatal("a paste or another key answered the question")
	}
	d.press("y")
	if q := d.rt.Requests(); len(q) != 2 || q[1].Op != runtime.Stop || q[1].Expect != runtime.Running {
		t.Fatalf("%+v", q)
	}
	if c, _ := d.rt.Get(ref("bravo")); c.State != runtime.Stopped {
		t.Fatal(c.State)
	}
}

func TestNoIsNo(t *testing.T) {
	for _, no := range []string{"enter", "n", "N", "esc", "q", "ctrl+c"} {
		d := newDeck(t, 80, 24, Options{}, some()...)
		d.press("S")
		d.pass(questionGrace)
		d.press(no)
		if len(d.rt.Requests()) != 0 || d.m.overlay != nil || d.quit {
			t.Fatalf("%s is not no", no)
		}
	}
}

func TestChangedStateDoesNothingAndSaysSo(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("S")
	d.rt.Become(ref("alpha"), runtime.Frozen)
	d.pass(questionGrace)
	d.press("y")
	d.sees("error:", "alpha")
	if c, _ := d.rt.Get(ref("alpha")); c.State != runtime.Frozen {
		t.Fatal(c.State)
	}
}

// Between question and answer somebody has destroyed the container, made another of
// its name and started that.
func TestAnswerIsForTheContainerThatWasSeen(t *testing.T) {
	for _, op := range []runtime.Op{runtime.Kill, runtime.Stop, runtime.Shutdown, runtime.Restart, runtime.Reboot, runtime.Freeze} {
		d := newDeck(t, 80, 24, Options{}, some()...)
		d.run(d.m.propose(op))
		d.rt.Remove(ref("alpha"))
		d.rt.Add(box("alpha", runtime.Running))
		was, _ := d.rt.Get(ref("alpha"))
		d.pass(questionGrace)
		d.press("y")
		d.sees("another container now")
		if c, _ := d.rt.Get(ref("alpha")); c.State != runtime.Running || c.InitPID != was.InitPID {
			t.Errorf("%s: %+v", op, c)
		}
	}
}

// The offer to kill what has not stopped in time is for the same container too.
func TestKillIsOfferedForTheContainerThatWasSeen(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("alpha"), fake.Fault{Err: runtime.ErrStillRunning, Times: 1})
	d.run(d.m.propose(runtime.Stop))
	d.pass(questionGrace)
	d.press("y")
	d.sees("alpha still runs. Kill it?")
	d.rt.Remove(ref("alpha"))
	d.rt.Add(box("alpha", runtime.Running))
	d.pass(questionGrace)
	d.press("y")
	d.sees("another container now")
	if c, _ := d.rt.Get(ref("alpha")); c.State != runtime.Running {
		t.Error(c.State)
	}
}

func TestVanishedBeforeTheAnswer(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("K")
	d.rt.Remove(ref("alpha"))
	d.pass(questionGrace)
	d.press("y")
	d.sees("no such container")
}

func TestErrorsAreToldInTheirWords(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: &runtime.Error{
		Op: "start", Ref: ref("bravo"), Err: errors.New("failed"), Log: "no bridge br9", Hint: "make it",
	}})
	d.press("j", "S")
	d.sees("start bravo: failed: no bridge br9", "make it")
	d.pass(10 * time.Second)
	d.sees("no bridge br9") // errors stay longer
	d.pass(30 * time.Second)
	d.seesNo("no bridge br9")
}

func TestMarksInMixedStatesAsk(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("space", "space") // alpha runs, bravo is stopped
	d.press("S")
	d.sees("alpha", "bravo", "Start 1", "Stop 1")
	d.pass(questionGrace)
	d.press("enter")
	if d.m.overlay != nil || len(d.rt.Requests()) != 0 {
		t.Fatal("enter without a choice did something")
	}
	d.press("S")
	d.pass(questionGrace)
	d.press("down", "down", "enter")
	d.sees("Stop alpha?", "bravo  left out: stopped already")
	d.pass(questionGrace)
	d.press("y")
	if q := d.rt.Requests(); len(q) != 1 || q[0].Op != runtime.Stop || q[0].Ref != ref("alpha") {
		t.Fatalf("%+v", q)
	}
}

// Redrawing and suspending work whatever is asked or typed.
func TestHabitsUnderOverlays(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	for _, under := range []string{"K", "?", ":", "o", "/", "m"} {
		d.press(under)
		d.sent = nil
		d.press("ctrl+l", "ctrl+z")
		got := strings.Join(d.sent, " ")
		if n := d.m.notices.now; n != nil { // the tests may run below a shell or not
			got += " " + n.text
		}
		if !strings.Contains(got, "clearScreen") || !strings.Contains(got, "execMsg") && !strings.Contains(got, "not suspended") {
			t.Errorf("under %s: %s", under, got)
		}
		d.send(resumedMsg{})
		d.pass(questionGrace)
		d.press("esc")
	}
}

// A question that cannot be seen cannot be answered, and no key acts.
func TestTooSmallActsOnNothing(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("K")
	d.pass(questionGrace)
	d.send(tea.WindowSizeMsg{Width: 30, Height: 6})
	d.press("y")
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.sees("Kill alpha?")
	d.press("n", "j")
	d.send(tea.WindowSizeMsg{Width: 30, Height: 6})
	d.press("S", "j")
	if n := len(d.rt.Requests()); n != 0 {
		t.Fatalf("%d requests", n)
	}
	d.at("bravo")
	d.sees("q quits")
	d.press("q")
	if !d.quit {
		t.Fatal("no way out")
	}
}

func TestManyAreListedBeforeTheyAreStarted(t *testing.T) {
	var specs []fake.Spec
	for i := range 30 {
		specs = append(specs, box(fmt.Sprintf("c%02d", i), runtime.Stopped))
	}
	d := newDeck(t, 80, 24, Options{}, specs...)
	d.press("*", "S")
	d.sees("Start 30 containers?", "c00", "1-21 of 30")
	d.pass(questionGrace)
	d.press("y")
	if n := len(d.rt.Requests()); n != 30 {
		t.Fatalf("%d requests", n)
	}
}

func TestReadOnlyRefusesTwice(t *testing.T) {
	d := newDeck(t, 80, 24, Options{ReadOnly: true}, some()...)
	d.sees("RO")
	for _, k := range []string{"S", "K", "R", "F", "s"} {
		d.press(k)
		d.sees("read-only")
		if d.m.overlay != nil {
			t.Fatalf("%s asks", k)
		}
	}
	d.settle()
	d.m.readOnly = false // the screen forgets; the runtime does not
	d.press("j", "S")
	d.sees("lxcdeck is read-only")
	if len(d.rt.Requests()) != 0 {
		t.Fatal("a request came through")
	}
}

func TestFourAtOnceAndCancel(t *testing.T) {
	var specs []fake.Spec
	for i := range 10 {
		specs = append(specs, box(fmt.Sprintf("c%02d", i), runtime.Stopped))
	}
	d := newDeck(t, 80, 24, Options{}, specs...)
	for i := range 10 {
		d.rt.Fail(fake.Do, ref(fmt.Sprintf("c%02d", i)), fake.Fault{Stuck: true})
	}
	d.press("*", "S")
	d.pass(questionGrace)
	d.stuck = 4
	d.press("y")
	if n := d.m.jobs.running(); n != 4 || len(d.m.jobs.list) != 10 {
		t.Fatalf("%d of %d run", n, len(d.m.jobs.list))
	}
	d.sees("starting c00", "0/10", "ctrl+c cancels")
	d.press("S") // all are busy
	d.sees("busy")
	d.stuck = 0
	d.press("ctrl+c")
	d.until("the end of all jobs", func() bool { return len(d.m.jobs.list) == 0 })
	if n := len(d.rt.Requests()); n != 4 {
		t.Fatalf("%d requests reached the runtime", n)
	}
	d.sees("cancelled")
}

func TestStuckJobHoldsNothingElseUp(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Stuck: true})
	d.stuck = 1
	d.press("j", "S")
	d.sees("starting")
	d.pass(12 * time.Second)
	d.sees("12s")
	d.press("k", "F")
	d.pass(questionGrace)
	d.press("y")
	d.until("the freeze", func() bool { c, _ := d.rt.Get(ref("alpha")); return c.State == runtime.Frozen })
	d.press("q")
	d.sees("1 job running. Leave lxcdeck?", "start bravo")
	d.pass(questionGrace)
	d.press("enter") // nothing is chosen
	if d.quit || d.m.overlay != nil {
		t.Fatal("enter without a choice leaves")
	}
	d.press("q")
	d.pass(questionGrace)
	d.stuck = 0
	d.press("c") // cancels it, then leaves
	d.until("the end", func() bool { return d.quit })
}

func TestCtrlC(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("/")
	d.typed("alpha")
	d.press("enter", "ctrl+c")
	if d.m.filter.Text != "" {
		t.Fatal("ctrl+c does not clear the filter")
	}
	d.press("j", "ctrl+c")
	d.sees("ctrl+c again asks to quit")
	d.pass(secondPress + time.Second)
	d.press("ctrl+c")
	if d.m.overlay != nil {
		t.Fatal("a late second press asks")
	}
	d.press("ctrl+c")
	d.sees("Quit lxcdeck?")
	d.pass(questionGrace)
	d.press("y")
	if !d.quit {
		t.Fatal("no end")
	}
}

func TestPaletteIsTheSameDoor(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press(":")
	d.typed("reboot")
	d.press("enter")
	d.sees("Reboot alpha?")
	d.press("esc")
	d.pass(questionGrace)
	d.press("esc")
	d.press("j", ":")
	d.send(tea.PasteMsg{Content: "shut down\n"})
	d.sees("Shut down")
	d.press("enter")
	d.sees("warning", "bravo is stopped")
	d.press("ctrl+p", "backspace")
	if d.m.overlay != nil {
		t.Fatal("backspace on an empty palette stays")
	}
}

func TestHelpScrolls(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("?")
	d.sees("Help", "Start or stop, by state")
	before := d.screen()
	d.press("G")
	if d.screen() == before {
		t.Fatal("help does not scroll")
	}
	d.press("j", "j", "j")
	d.press("g")
	if d.screen() != before {
		t.Fatal("help does not come back")
	}
	d.press("esc")
	d.seesNo("Help")
}

func TestPasteOutsideTextIsDropped(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.send(tea.PasteMsg{Content: "Sq\ny"})
	d.sees("pasted text dropped")
	if d.quit || len(d.rt.Requests()) != 0 {
		t.Fatal("a paste acted")
	}
	d.press("/")
	d.send(tea.PasteMsg{Content: "alpha\n"})
	if d.names() != "alpha" {
		t.Fatal(d.names())
	}
}

func TestEveryActionHasAHandler(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	for _, a := range keymap.Actions() {
		_, has := d.m.handlers[a.ID]
		if has == (len(a.Ops) > 0) {
			t.Errorf("%s: handler %v, operations %v", a.ID, has, a.Ops)
		}
	}
	for id := range d.m.handlers {
		if _, ok := keymap.Find(id); !ok {
			t.Errorf("%s has a handler and is no action", id)
		}
	}
}

// TestEveryKeyEverywhere presses every key of the table, one after the other,
// wherever the screen happens to be: nothing may crash or hang.
func TestEveryKeyEverywhere(t *testing.T) {
	for _, size := range []tea.WindowSizeMsg{{Width: 120, Height: 40}, {Width: 40, Height: 10}, {Width: 10, Height: 3}} {
		d := newDeck(t, size.Width, size.Height, Options{}, some()...)
		for range 2 {
			for _, a := range keymap.Actions() {
				for _, k := range d.m.keys.Keys(a.ID) {
					d.press(strings.Replace(k, "prefix", "ctrl+]", 1))
					d.pass(questionGrace)
				}
			}
		}
	}
}

func TestHold(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("a", 10), busy("b", 50))
	d.pass(2 * time.Second)
	d.press("Z")
	d.sees("HELD", "any key goes on")
	held := d.m.View().Content
	d.rt.Set(ref("a"), runtime.Changed, func(s *fake.Spec) { s.Counters = busy("a", 90).Counters })
	d.pass(5 * time.Second)
	if d.m.View().Content != held {
		t.Fatal("the held screen moves")
	}
	d.press("S")
	if d.m.overlay != nil {
		t.Fatal("the key that lets go also acts")
	}
	d.seesNo("HELD")
}

func TestStopAsksBeforeTheKill(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	still := fmt.Errorf("%w after 1m0s", runtime.ErrStillRunning)
	d.rt.Fail(fake.Do, ref("alpha"), fake.Fault{Err: still, Times: 1})
	d.press("S")
	d.pass(questionGrace)
	d.press("y")
	d.sees("alpha still runs. Kill it?", "lxc-stop -P /var/lib/lxc -n alpha --kill")
	d.pass(questionGrace)
	d.press("enter")
	if q := d.rt.Requests(); len(q) != 1 || !q[0].Spare {
		t.Fatalf("%+v", q)
	}
	d.rt.Fail(fake.Do, ref("alpha"), fake.Fault{Err: still, Times: 1})
	d.press("S")
	d.pass(questionGrace)
	d.press("y")
	d.pass(questionGrace)
	d.press("y")
	if q := d.rt.Requests(); len(q) != 3 || q[2].Op != runtime.Kill || q[2].Ref != ref("alpha") {
		t.Fatalf("%+v", q)
	}
}

func TestStopThatFailsDoesNotInterruptTyping(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("alpha"), fake.Fault{Err: runtime.ErrStillRunning, Times: 1})
	req := runtime.Request{Op: runtime.Stop, Ref: ref("alpha"), Expect: runtime.Running, Spare: true}
	d.press("/")
	d.run(d.m.enqueue([]runtime.Request{req}))
	if d.m.overlay != nil || !d.m.prompt.open {
		t.Fatal("a question took the keys of somebody who was typing")
	}
	d.press("esc")
	d.sees("still running")
}
