package tui

import (
	"errors"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func noBridge(name string) error {
	return &runtime.Error{Op: "start", Ref: ref(name), Err: errors.New("liblxc: starting the container failed"),
		Log: "Failed to attach to bridge lxcbr0\nFailed to create network"}
}

// A failed start is explained, and what helps is done after its command was seen.
func TestDoctor(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("d")
	d.sees("no start has failed")
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: noBridge("bravo"), Times: 1})
	d.rt.Diagnosing(ref("bravo"), runtime.Diagnosis{
		Cause: "The bridge lxcbr0 is not there.\x1b[2J", Detail: []string{"lxc.net.0.link = lxcbr0"}, Advice: "Enable lxc-net.",
		Fix: &runtime.Fix{ID: "lxc-net", Title: "Enable lxc-net", Command: []string{"systemctl", "enable", "--now", "lxc-net.service"}},
	})
	d.press("j", "S")
	d.sees("error: start bravo", "d explains")
	d.press("k", "d") // whatever is selected
	d.sees("Why bravo did not start", `The bridge lxcbr0 is not there.\x1b[2J`, "Enable lxc-net.", "systemctl enable --now lxc-net.service",
		"Failed to attach to bridge lxcbr0", "Failed to create network", "y does it")
	d.press("?")
	d.sees("Help on a start that failed", "Do what mends it", "liblxc's own words")
	d.press("esc")
	d.sees("Why bravo did not start")
	d.press("y")
	d.sees("Enable lxc-net?", "It changes the host", "systemctl enable --now lxc-net.service")
	d.pass(questionGrace)
	d.press("enter")
	if n := len(d.rt.Requests()); n != 1 {
		t.Fatalf("%d requests", n)
	}
	d.press("y")
	d.pass(questionGrace)
	d.press("y")
	q := d.rt.Requests()
	if a, ok := q[len(q)-1].Args.(*runtime.MendArgs); !ok || q[len(q)-1].Op != runtime.Mend || a.Fix != "lxc-net" || q[len(q)-1].Ref != ref("bravo") {
		t.Fatalf("%+v", q)
	}
	d.sees("bravo: mend done", "S starts it again")
	d.press("esc")
	d.seesNo("Why bravo")
	d.press("j", "S")
	d.sees("bravo: start done")
	d.press("d")
	d.sees("no start has failed") // it started: there is nothing to explain
}

// What is known without a look is not explained; what is not known says so.
func TestDoctorKnowsItsLimits(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: runtime.ErrBusy, Times: 1})
	d.press("j", "S")
	d.seesNo("explains")
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: noBridge("bravo"), Times: 1})
	d.press("S")
	d.rt.Fail(fake.Survey, ref("bravo"), fake.Fault{Err: errors.New("helper process failed"), Times: 1})
	d.press("d")
	d.sees("not found: diagnose", "helper process failed", "Failed to attach")
	d.press("y") // nothing is offered
	if _, ok := d.m.overlay.(*doctor); !ok {
		t.Error("y does something")
	}
	d.press("d", "d")
	d.sees("none of the known ones")
	d.press("esc")

	d.press("J", "d")
	d.sees("Why bravo did not start")
	d.press("esc")
	d.sees("Jobs and history") // back where it was asked from
	if strings.Contains(d.screen(), "Why") {
		t.Error("it stays")
	}
}

// A look that takes long shows that, and closing it ends it.
func TestDoctorCanBeLeftWhileItLooks(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: noBridge("bravo"), Times: 1})
	d.press("j", "S")
	d.rt.Fail(fake.Survey, ref("bravo"), fake.Fault{Stuck: true})
	d.stuck = 1
	d.press("d")
	d.sees("looking for it ...", "Failed to attach")
	d.stuck = 0
	d.press("esc")
	d.until("the end of the look", func() bool { return d.flying == 0 })
	d.seesNo("Why bravo")
}
