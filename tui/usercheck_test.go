package tui

import (
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// A user other than root is told at the first start what is to be seen, and at any time
// what works.
func TestUserIsToldWhatWorks(t *testing.T) {
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock, UID: 1000, User: "alice"}, some()...)
	rt.SetChecks(
		runtime.Check{Topic: runtime.TopicKernel, What: "seccomp", Found: "with filters"},
		runtime.Check{Topic: runtime.TopicIDs, What: "subordinate users", Verdict: runtime.CheckBad, Found: "/etc/subuid has no line for alice", Advice: "As root: usermod --add-subuids 100000-165535 alice"},
	)
	d := newDeckOn(t, 100, 40, Options{FirstSteps: true}, rt, rt, clock)
	d.sees("alice is not root: root's containers need sudo", ":doctor user tells what works")
	d.press(":")
	d.typed("doctor user")
	d.press("enter")
	d.sees("What works for alice", "subordinate users", "usermod --add-subuids 100000-165535 alice", "for root alone", "sudo lxcdeck")
	d.seesNo("seccomp")
	d.press("u")
	d.sees("This host", "seccomp", "u what this user can do")
	d.press("?")
	d.sees("Help on the look at the host", "Next that is not ok", "! missing")
	d.press("esc")
	d.sees("This host")
	d.press("u", "esc")
	d.seesNo("What works for")

	keys, err := keymap.New("", map[string][]string{"checks-user": {"f7"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	d = newDeckOn(t, 100, 40, Options{Keys: keys}, rt, rt, clock)
	d.press(":")
	d.typed("doctor user")
	d.press("enter", "u")
	d.sees("What works for alice", "f7 all of the host")
	d.press("f7")
	d.sees("This host", "f7 what this user can do")

	d = newDeckOn(t, 100, 40, Options{}, rt, rt, clock)
	d.seesNo("is not root")
}

// Root needs no such advice.
func TestRootIsToldNothingOfUsers(t *testing.T) {
	d := newDeck(t, 100, 40, Options{FirstSteps: true}, some()...)
	d.seesNo("not root")
	d.press(":")
	d.typed("doctor user")
	d.press("enter")
	d.sees("nothing is kept from root")
}
