package tui

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

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
	d.until("it runs", func() bool { return len(started) == 2 && len(d.m.fan.runs) == 2 })
	d.sees("0 of 2 done", "runs in alpha, delta", "esc leaves it running")
	d.pass(3 * time.Second)
	d.sees("0 of 2 done, 3s")
	d.press("esc")
	d.sees("runs on in 2 containers: sleep 100", "! shows it again")
	d.press("j")
	d.sees("running sleep 100", "ctrl+c cancels", "J shows")
	d.press("!")
	d.sees("0 of 2 done")
	d.stuck = 0
	d.press("ctrl+c")
	d.until("the end", func() bool { return d.m.fan.over })
	d.sees("1 answer", "2 cancelled")
	d.seesNo("failed")
}

// sleeping is a screen on which a command hangs in four of n containers until it
// is cancelled.
func sleeping(t *testing.T, n int, line string) (d *deck, ended *atomic.Int32) {
	t.Helper()
	clock := fake.NewClock(noon)
	var specs []fake.Spec
	for i := range n {
		specs = append(specs, box(fmt.Sprintf("c%d", i+1), runtime.Running))
	}
	rt := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc"}}, specs...)
	ended = &atomic.Int32{}
	var begun atomic.Int32
	d = newDeckOn(t, 80, 24, Options{}, &echoes{rt, func(ctx context.Context, sh runtime.Shell, _ runtime.Stdio) (runtime.Exit, error) {
		begun.Add(1)
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond) // its end takes a moment, and has to be waited for
		ended.Add(1)
		return runtime.Exit{}, &runtime.Error{Op: "attach", Ref: sh.Ref, Err: runtime.ErrCancelled}
	}}, rt, clock)
	d.stuck = 1
	d.press("*", "!")
	d.typed(line)
	d.press("enter")
	d.until("it runs", func() bool { return len(d.m.fan.runs) == min(n, 4) && begun.Load() == int32(min(n, 4)) })
	return d, ended
}

// A command in many containers is a job like others: listed, looked into,
// cancelled from the list, and kept there.
func TestFanOutIsAJob(t *testing.T) {
	d, ended := sleeping(t, 7, "sleep 500")
	d.sees("0 of 7 done", "runs in c1, c2, c3, c4; waits in c5, c6, c7")
	d.press("esc")
	d.sees("runs on in 4 containers, 3 wait: sleep 500", "! shows it again")
	d.press("J")
	d.pass(3 * time.Second)
	d.sees("run sleep 500", "0/7", "3s", "x cancels", "lxc-attach -P /var/lib/lxc -n c1", "and 6")
	d.send(tea.WindowSizeMsg{Width: 120, Height: 24})
	d.sees("0/7", "3s", "4 run, 3 wait")
	d.press("u")
	d.sees("cannot be taken back")
	d.press("enter")
	d.sees("0 of 7 done", "esc back")
	d.press("esc")
	d.sees("Jobs and history")
	d.stuck = 0
	d.press("x")
	d.until("the end", func() bool { return d.m.fan.over })
	if n := ended.Load(); n != 4 {
		t.Errorf("%d of 4 commands were ended", n)
	}
	d.sees("this session", "cancelled after 3s", "7 cancelled")
	d.seesNo("x cancels")
	d.press("x")
	d.sees("that is over: there is nothing to cancel")
	d.press("enter")
	d.sees("1 answer", "7 cancelled")
	d.press("!")
	d.typed("true")
	d.stuck = 1
	d.press("enter")
	d.until("another", func() bool { return len(d.m.fan.runs) == 4 })
	d.press("esc", "J")
	d.sees("now", "run true", "this session", "run sleep 500")
	d.press("esc")
	d.stuck = 0
	d.press("ctrl+c")
	d.until("the end", func() bool { return d.m.fan.over })
}

// Who leaves is told what becomes of a command, and its ends are waited for: they
// are what the audit log gets.
func TestLeavingEndsAFanOut(t *testing.T) {
	d, ended := sleeping(t, 7, "sleep 500")
	d.press("esc", "q")
	if d.quit {
		t.Fatal("it was left without a question")
	}
	d.sees("A command runs in 4 containers. Leave lxcdeck?", "The command in 4 containers ends with lxcdeck:", "sleep 500. In 3 more it will not be begun.", "c4", "waits")
	d.pass(questionGrace)
	d.press("n")
	if d.quit || ended.Load() > 0 {
		t.Fatal("a no has ended something")
	}
	d.press("q")
	d.pass(questionGrace)
	d.press("y")
	if !d.quit {
		t.Fatal("a yes does not leave")
	}
	d.m.closeShells() // as Run does
	d.m.awaitFanOut()
	if n := ended.Load(); n != 4 {
		t.Errorf("%d of 4 commands had ended when it was left", n)
	}
	d.stuck = 0
}

// With jobs that run the question is theirs, and tells of the command too.
func TestLeavingWithJobsTellsOfAFanOut(t *testing.T) {
	d, ended := sleeping(t, 2, "sleep 500")
	d.press("esc")
	d.m.jobs.list = append(d.m.jobs.list, &job{
		started: noon, cancel: func() {}, req: creating("new"), feed: &feed{}, batch: &batch{jobs: make([]*job, 1)},
	})
	d.press("q")
	d.sees("1 job running. Leave lxcdeck?", "containers ends with lxcdeck: sleep 500.")
	d.pass(questionGrace)
	d.press("2")
	d.stuck = 0
	d.until("the end", func() bool { return d.m.fan.over })
	if n := ended.Load(); n != 2 {
		t.Errorf("%d of 2 commands were cancelled", n)
	}
}

// What a notice is about stands before the command, which may be longer than the row.
func TestFanOutSaysTheFactFirst(t *testing.T) {
	line := "hostname; [ $(hostname) = u1 ] && echo one || echo another; sleep 500; cat /etc/os-release"
	d, _ := sleeping(t, 1, line)
	d.press("esc")
	d.sees("runs on in 1 container: hostname; ", "! shows it again")
	d.stuck = 0
	d.press("ctrl+c")
	d.until("the end", func() bool { return d.m.fan.over })
	d.sees("1 answer from 1 container, 1 cancelled: hostname; ", "! shows them")
}
