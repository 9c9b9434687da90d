package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// echoes is a fake host whose Exec is the test's.
type echoes struct {
	*fake.Runtime
	exec func(context.Context, runtime.Shell, runtime.Stdio) (runtime.Exit, error)
}

func (e *echoes) Exec(ctx context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
	return e.exec(ctx, sh, std)
}

func fanDeck(t *testing.T, exec func(context.Context, runtime.Shell, runtime.Stdio) (runtime.Exit, error)) *deck {
	t.Helper()
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc"}}, some()...)
	return newDeckOn(t, 80, 24, Options{}, &echoes{rt, exec}, rt, clock)
}

func TestFanOutGroupsAnswers(t *testing.T) {
	d := fanDeck(t, func(_ context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
		if len(sh.Command) != 3 || sh.Command[2] != "uname -r" || sh.User != "www" {
			return runtime.Exit{}, fmt.Errorf("asked for %q as %q", sh.Command, sh.User)
		}
		_, err := fmt.Fprint(std.Out, "6.1\x1b[31m\n")
		return runtime.Exit{}, err
	})
	d.press("*", "!")
	d.sees("Run a command in 2 containers", "In alpha, delta.", "bravo (stopped), charlie (frozen)")
	d.press("enter")
	d.sees("no command is named")
	d.press("esc", "g")
	d.rt.Fail(fake.List, ref("alpha"), fake.Fault{Stuck: true})
	d.until("no answer", func() bool { return !d.m.all[0].NoAnswerSince.IsZero() })
	d.press("!")
	d.says("alpha (the monitor of alpha has not answered since " + d.m.all[0].NoAnswerSince.Format(time.TimeOnly) + ")")
	d.rt.Heal(fake.List, ref("alpha"))
	d.press("esc")
	d.until("an answer", func() bool { return d.m.all[0].NoAnswerSince.IsZero() })
	d.press("!")
	d.typed("uname -r")
	d.press("tab")
	d.typed("www")
	d.press("enter")
	d.until("answers", func() bool { return d.m.fan.over })
	d.sees("uname -r", "2 containers, 1 answer", "2: alpha  delta", `6.1\x1b[31m`)
	d.press("y")
	if len(d.copied) != 1 || !strings.HasPrefix(d.copied[0], "== alpha delta\n6.1") {
		t.Errorf("copied %q", d.copied)
	}
	d.press("esc")
	d.seesNo("1 answer")
	d.press("!") // it was seen: another
	d.sees("Run a command in 2 containers", "uname -r")
}

func TestFanOutTellsFailures(t *testing.T) {
	d := fanDeck(t, func(_ context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
		if sh.Ref.Name == "alpha" {
			return runtime.Exit{}, &runtime.Error{Op: "attach", Ref: sh.Ref, Err: runtime.ErrNoAnswer}
		}
		_, err := fmt.Fprint(std.Err, "sh: foo: not found\n")
		return runtime.Exit{Code: 127}, err
	})
	d.press("*", "!")
	d.typed("foo")
	d.press("enter")
	d.until("answers", func() bool { return d.m.fan.over })
	d.sees("2 different answers", "2 failed", "exit status 127", "sh: foo: not found", "no answer from the container's monitor")
}

func TestFanOutRunsOnAndIsCancelled(t *testing.T) {
	started := make(chan struct{}, 2)
	d := fanDeck(t, func(ctx context.Context, sh runtime.Shell, _ runtime.Stdio) (runtime.Exit, error) {
		started <- struct{}{}
		<-ctx.Done()
		return runtime.Exit{}, &runtime.Error{Op: "attach", Ref: sh.Ref, Err: runtime.ErrCancelled}
	})
	d.stuck = 1
	d.press("*", "!")
	d.typed("sleep 100")
	d.press("enter")
	<-started
	<-started
	d.sees("0 of 2 done", "waiting for alpha, delta", "esc leaves it running")
	d.pass(3 * time.Second)
	d.sees("0 of 2 done, 3s")
	d.press("esc")
	d.sees("runs on in 2 containers")
	d.press("!")
	d.sees("0 of 2 done")
	d.stuck = 0
	d.press("ctrl+c")
	d.until("the end", func() bool { return d.m.fan.over })
	d.sees("1 answer", "2 cancelled")
	d.seesNo("failed")
}
