package tui

import (
	"errors"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func leftover(id, name string, kept bool, ways ...runtime.RecoverWay) runtime.Leftover {
	return runtime.Leftover{
		ID: id, Ref: ref(name), What: "a restore of snap0 was interrupted", Since: noon.Add(-time.Hour),
		Where: "/var/lib/lxc/.lxcdeck/" + id, Size: 180 << 20, Ways: ways, Kept: kept,
	}
}

// What was left is told once, listed with its ways, and each way asks.
func TestLeftovers(t *testing.T) {
	clock := fake.NewClock(noon)
	f := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc"}}, some()...)
	f.Leave(leftover("r1", "bravo", false, runtime.Finish, runtime.Undo))
	f.Leave(leftover("old", "alpha", true, runtime.Dismiss))
	d := newDeckOn(t, 120, 40, Options{}, f, f, clock)
	d.sees("1 operation was interrupted", ":leftovers shows what was left")
	d.press("j")
	d.seesNo("interrupted")
	d.press("S") // the end of a job looks again, and does not tell again
	d.seesNo("was interrupted")
	d.sees("bravo: start done")
	d.press(":")
	d.typed("leftovers")
	d.press("enter")
	d.sees("bravo", "a restore of snap0 was interrupted", "1h00 ago", "180M", "f finishes it  u undoes it", "x dismisses it", "1/2")
	d.press("d") // explains a start elsewhere, and says nothing of what was left
	d.seesNo("dismissed")
	d.press("x")
	d.sees("it cannot be dismissed")
	d.press("u")
	d.sees("Undo: a restore of snap0 was interrupted?", "All is put back")
	d.pass(questionGrace)
	d.press("n")
	d.sees("1/2")
	d.press("enter")
	d.sees("Finish: a restore of snap0")
	d.pass(questionGrace)
	d.press("y")
	qs := d.rt.Requests()
	q := qs[len(qs)-1]
	if a, ok := q.Args.(*runtime.RecoverArgs); !ok || q.Op != runtime.Recover || q.Ref != ref("bravo") || a.ID != "r1" || a.Way != runtime.Finish {
		t.Fatalf("%+v", q)
	}
	d.sees("1/1", "alpha", "bravo: recover (finish) done")
	d.seesNo("f finishes it")
	d.press("esc")
	d.m.readOnly = true
	d.run(d.m.openLeftovers())
	d.settle()
	d.press("x")
	d.sees("read-only")
}

// What was interrupted is seen, whatever ended well meanwhile, and in whatever
// order the two are told.
func TestInterruptedIsNotHidden(t *testing.T) {
	cloned := []runtime.Past{{Op: "clone", Ref: ref("alpha"), To: ref("copy"), Result: runtime.PastDone}}
	for first, seen := range map[string]string{"interrupted": "interrupted; clone alpha to copy done", "missed": "interrupted; clone a"} {
		width := map[string]int{"interrupted": 120, "missed": 80}[first]
		clock := fake.NewClock(noon)
		f := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc"}}, some()...)
		d := newDeckOn(t, width, 24, Options{}, f, f, clock)
		left := leftoversMsg{list: []runtime.Leftover{leftover("r1", "bravo", false, runtime.Finish)}}
		msgs := []tea.Msg{left, missedMsg{list: cloned}}
		if first == "missed" {
			slices.Reverse(msgs)
		}
		for _, msg := range msgs {
			d.send(msg)
		}
		d.sees("warning: 1 operation was "+seen, ":leftovers shows it")
		d.press("j")
		d.send(missedMsg{list: cloned}) // later, and alone
		d.sees("while nobody looked: clone alpha to copy done")
		d.seesNo("interrupted")
	}
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.send(leftoversMsg{list: []runtime.Leftover{leftover("r1", "bravo", false, runtime.Finish)}})
	d.send(missedMsg{list: []runtime.Past{{Op: "pack", Ref: ref("alpha"), Result: "pack alpha: disk full"}}})
	d.sees("error: 1 operation was interrupted; pack alpha f", ":leftovers shows it")
}

// An error that was told before does not cover what the keys do here.
func TestErrorsLeaveTheHintsOfPages(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	failed := func() {
		d.m.say(noteError, "start bravo: its root is not there", "")
		d.m.dirty, d.m.paint.all = true, true
	}
	failed()
	d.press("J")
	d.sees("its root is not there", "esc closes")
	d.press("esc", ":")
	d.typed("leftovers")
	d.press("enter")
	failed()
	d.sees("its root is not there", "esc closes", "j k move")
}

func TestNoLeftovers(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Err: errors.New("journal r1.json: unexpected end"), Times: 1})
	d.press(":")
	d.typed("leftovers")
	d.press("enter")
	d.sees("journal r1.json: unexpected end")
	d.press("esc", ":")
	d.typed("leftovers")
	d.press("enter")
	d.sees("nothing: every operation came to its end")
	for _, k := range []string{"j", "f", "u", "enter", "G"} {
		d.press(k)
	}
	d.press("q")
	if d.quit || d.m.overlay != nil {
		t.Error("q does not close it")
	}
}
