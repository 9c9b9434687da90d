package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// What the status line cuts off can be read in full.
func TestLongErrorsCanBeReadInFull(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: &runtime.Error{
		Op: "start", Ref: ref("bravo"), Err: errors.New("failed"),
		Log: strings.Repeat("cause of a cause ", 8) + "THE END", Hint: "make it, and " + strings.Repeat("more ", 30) + "WITH CARE",
	}})
	d.press("j", "S")
	d.sees("error: start bravo: failed", "m all")
	d.seesNo("THE END", "WITH CARE")
	d.press("m")
	d.sees("Messages", "12:00:0", "THE END", "WITH CARE")
	d.press("m")
	d.seesNo("Messages", "error:") // it was read; it is gone from the status line, not from the messages
	d.pass(time.Second)
	d.press(":")
	d.typed("messages")
	d.press("enter")
	d.sees("THE END")
	d.press("q")
	if d.quit {
		t.Fatal("q in the messages quits")
	}
}

// An operation that was asked for after a failure says how it went.
func TestSuccessAfterAFailure(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Do, ref("bravo"), fake.Fault{Err: errors.New("no bridge br9"), Times: 1})
	d.press("j", "S")
	d.sees("no bridge br9")
	d.press("S")
	d.sees("bravo: start done")
}

// One failure among many successes is what the status line says at the end.
func TestBatchIsSummedUp(t *testing.T) {
	var specs []fake.Spec
	for i := range 9 {
		specs = append(specs, box(fmt.Sprintf("c%d", i), runtime.Stopped))
	}
	d := newDeck(t, 120, 40, Options{}, specs...)
	d.rt.Fail(fake.Do, ref("c2"), fake.Fault{Err: errors.New("no bridge br9")})
	d.press("*", "S")
	d.pass(questionGrace)
	d.press("y")
	d.until("the end of all jobs", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("error: start: 8 of 9 done", "1 failed", "no bridge br9")
	d.press("*", "K")
	d.pass(questionGrace)
	d.press("y")
	d.until("the end of all jobs", func() bool { return len(d.m.jobs.list) == 0 })
	d.press("m")
	d.sees("kill: 8 of 8 done")
}
