package tui

import (
	"errors"
	"strconv"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// The host is looked at off the loop, once at a time, and again on request; what
// was found before stays meanwhile.
func TestHostCheck(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.SetChecks(
		runtime.Check{Topic: runtime.TopicKernel, What: "user namespace", Found: "up to 63210"},
		runtime.Check{Topic: runtime.TopicPaths, What: "directory old\x1b[2J", Verdict: runtime.CheckBad, Found: "has no config file", Advice: "Put its config back."},
	)
	open := func() {
		d.press(":")
		d.typed("doctor")
		d.press("enter")
		d.settle()
	}
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Stuck: true, Times: 1})
	// stuck waits until the look has come to the fault.
	stuck := func(calls int) {
		d.until("the look", func() bool { return d.rt.Calls(fake.Survey) >= calls })
	}
	d.stuck = 1
	n := d.rt.Calls(fake.Survey)
	open()
	stuck(n + 1)
	d.sees("This host", "looking ...", "looking at kernel")
	d.press("j")
	d.stuck = 0 // closing ends the look
	d.press("esc")
	d.seesNo("This host")
	open()
	d.sees("This host", "1 missing, 1 ok", "  ok        user namespace", `! missing   directory old\x1b[2J`, "has no config file", "Put its config back.", "r looks again")
	d.seesNo("looking ...")
	d.rt.SetChecks(runtime.Check{Topic: runtime.TopicKernel, What: "user namespace", Found: "up to 4"})
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Stuck: true, Times: 1})
	d.stuck = 1
	n = d.rt.Calls(fake.Survey)
	d.press("r")
	d.sees("looking ...", "Put its config back.")
	stuck(n + 1)
	d.press("r", "r")
	if d.flying != 1 {
		t.Errorf("%d looks at once", d.flying)
	}
	d.stuck = 0
	d.press("esc")
	open()
	d.sees("up to 4", "1 ok")
	d.seesNo("missing", "Put its config back.")
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Err: errors.New("no host\x1b[31m"), Times: 1})
	d.press("ctrl+r")
	d.sees(`no host\x1b[31m`, "up to 4") // what was known is still shown
	d.press("r")
	d.seesNo("no host")
	d.press("q")
	if d.quit || d.m.overlay != nil {
		t.Error("q does not close it")
	}
	d.m.readOnly = true
	open()
	d.sees("up to 4")
	d.press("esc")
}

// A long list scrolls, and stays within its lines when it becomes shorter.
func TestHostCheckScrolls(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	var all []runtime.Check
	for i := range 100 {
		all = append(all, runtime.Check{Topic: runtime.TopicPrograms, What: "thing-" + strconv.Itoa(i), Found: "there"})
	}
	all[40].Verdict, all[60].Verdict = runtime.CheckOptional, runtime.CheckBad
	d.rt.SetChecks(all...)
	d.run(d.m.openHostView(false))
	d.settle()
	d.sees("thing-0", "more lines")
	d.press("G")
	d.sees("thing-99")
	d.seesNo("thing-0 ", "more lines")
	d.press("g", "pgdown")
	d.sees("thing-30")
	d.press("n")
	d.sees("- optional  thing-40", "thing-41")
	d.seesNo("thing-39")
	d.press("n")
	d.sees("! missing   thing-60")
	d.seesNo("thing-59")
	d.press("n") // there is no other
	d.seesNo("thing-59")
	d.press("N")
	d.sees("- optional  thing-40")
	d.seesNo("thing-39")
	d.press("G")
	d.rt.SetChecks(all[:3]...)
	d.press("r")
	d.sees("thing-0", "thing-2")
}

// The terminal comes last, with what the screen knows of it.
func TestHostCheckHasTheTerminal(t *testing.T) {
	d := newDeck(t, 100, 40, Options{}, some()...)
	d.rt.SetChecks(runtime.Check{Topic: runtime.TopicKernel, What: "user namespace", Found: "up to 63210"})
	d.m.getenv = func(name string) string { return map[string]string{"TERM": "xterm-256color", "LANG": "C"}[name] }
	d.send(tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
	d.press(":")
	d.typed("doctor")
	d.press("enter")
	d.settle()
	d.sees("up to 63210", "terminal", "xterm-256color", "C is not UTF-8", "true colour", "yes", "100x40 cells", "OSC 52")
}
