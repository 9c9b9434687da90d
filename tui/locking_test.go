package tui

import (
	"strings"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// locked is a container somebody has locked.
func locked(name, by, why string) fake.Spec {
	b := box(name, runtime.Stopped)
	b.Lock = &runtime.LockInfo{By: by, Why: why, Since: noon}
	return b
}

func TestLockSaysWhy(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("X")
	d.sees("Lock alpha", "shown to whoever is refused", "A file in its directory")
	d.typed(strings.Repeat("é", 300))
	d.sees("at most 512 bytes")
	d.press("ctrl+u")
	d.typed("do not touch")
	d.press("enter")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Lock, Ref: ref("alpha"), Same: first, Args: &runtime.LockArgs{Why: "do not touch"}})
	d.until("the lock", func() bool { return d.m.all[0].Lock != nil })
	d.sees("R⊘", "locked")
	d.press("S")
	d.sees("alpha is locked by root since")
	if last := d.m.notices.past[len(d.m.notices.past)-1].text; !strings.Contains(last, `do not touch; "Lock or unlock" unlocks it`) {
		t.Errorf("%q", last)
	}
	d.press("enter")
	d.sees("lock      locked by root since")
}

func TestUnlockAsks(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, locked("alpha", "eve", "backup"))
	d.press("X")
	d.sees("Unlock alpha?", "locked by", "eve", "backup", "since", "has a reason")
	d.pass(questionGrace)
	d.press("enter")
	d.askedNothing()
	d.press("X")
	d.pass(questionGrace)
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.Unlock, Ref: ref("alpha"), Same: first})
	d.until("the end of the lock", func() bool { return d.m.all[0].Lock == nil })
}

// TestAnotherLockIsNotTakenAway: what was shown is what is undone.
func TestAnotherLockIsNotTakenAway(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, locked("alpha", "eve", "backup"))
	d.press("X")
	d.pass(questionGrace)
	d.rt.Set(ref("alpha"), runtime.Changed, func(s *fake.Spec) { s.Lock = &runtime.LockInfo{By: "bob", Why: "mine", Since: noon} })
	d.until("the other lock", func() bool { return d.m.all[0].Lock.By == "bob" })
	d.press("y")
	d.askedNothing()
	d.sees("nothing was done: alpha is now locked by bob")
	d.press("X")
	d.pass(questionGrace)
	d.rt.Set(ref("alpha"), runtime.Changed, func(s *fake.Spec) { s.Lock = nil })
	d.until("the end of the lock", func() bool { return d.m.all[0].Lock == nil })
	d.press("y")
	d.askedNothing()
	d.sees("alpha is not locked any more")
}

func TestLockOfMarksInBothStates(t *testing.T) {
	d := newDeck(t, 100, 24, Options{}, locked("alpha", "eve", "backup"), box("bravo", runtime.Stopped), box("charlie", runtime.Frozen))
	d.press("*", "X")
	d.sees("3 containers, some of them locked: which?", "1 Lock 2 containers", "2 Unlock alpha", "locked by eve")
	d.pass(questionGrace)
	d.press("1")
	d.sees("Lock 2 containers")
	d.typed("x")
	d.press("enter")
	if q := d.rt.Requests(); len(q) != 2 || q[0].Ref == q[1].Ref || q[0].Ref == ref("alpha") || q[1].Ref == ref("alpha") || q[1].Op != runtime.Lock {
		t.Fatalf("%+v", q)
	}
	d.until("the locks", func() bool { return d.m.all[2].Lock != nil })
	d.press("X")
	d.sees("Unlock 3 containers?", "locked by eve", "locked by root")
	d.pass(questionGrace)
	d.press("y")
	d.until("the end of the locks", func() bool { return d.m.all[2].Lock == nil })
	d.press("\\")
	d.action(keymap.LockKey)
	d.sees("Lock alpha")
}
