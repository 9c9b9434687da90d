package lxc

import (
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func TestWhoHearsASignal(t *testing.T) {
	const status = "Name:\tinit\nSigBlk:\t0000001000000000\nSigIgn:\t0000000000000004\nSigCgt:\t0000000000004200\n"
	for s, want := range map[syscall.Signal]bool{
		syscall.SIGUSR1: true, syscall.SIGTERM: true, rtmin3: true, // caught, caught, blocked
		syscall.SIGQUIT: false, syscall.SIGINT: false, // ignored, default
	} {
		if got := hears(status, []syscall.Signal{s}); got != want {
			t.Errorf("%d: %v", s, got)
		}
	}
	if !hears(status, haltSignals(0)) || hears(status, haltSignals(syscall.SIGINT)) || hears("", haltSignals(0)) {
		t.Error("halt signals")
	}
	if rebootSignal(0) != syscall.SIGINT || rebootSignal(syscall.SIGTERM) != syscall.SIGTERM {
		t.Error("reboot signal")
	}
}

// TestSignalsToAYoungInitAreHeard sends each right after the start.
func TestSignalsToAYoungInitAreHeard(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-young"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-young"}
	for range 3 {
		must(t, do(t, a, runtime.Start, ref))
		must(t, do(t, a, runtime.Reboot, ref))
		must(t, do(t, a, runtime.Shutdown, ref))
	}
}

func TestTimesOfOperations(t *testing.T) {
	for _, c := range []struct {
		op              runtime.Op
		asked           time.Duration
		graceful, limit time.Duration
	}{
		{runtime.Stop, 0, time.Minute, 80 * time.Second},
		{runtime.Stop, 10 * time.Second, 10 * time.Second, 30 * time.Second},
		{runtime.Shutdown, 10 * time.Second, 10 * time.Second, 15 * time.Second},
		{runtime.Start, 0, time.Minute, 65 * time.Second},
		{runtime.Start, time.Second, time.Second, 3 * time.Second},
		{runtime.Clone, time.Second, time.Second, time.Second},
		{runtime.Restart, 0, time.Minute, 140 * time.Second},
		{runtime.Restart, time.Second, time.Second, 22 * time.Second},
	} {
		info := c.op.Info()
		if g, l := times(&info, c.asked); g != c.graceful || l != c.limit {
			t.Errorf("%s, asked %s: %s, %s", c.op, c.asked, g, l)
		}
	}
}
