package cli

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// TestPlainLeavesAlone: what is left alone goes on when lxcdeck is left.
func TestPlainLeavesAlone(t *testing.T) {
	rt := plainHost()
	ref := runtime.Ref{Path: path, Name: "web-1"}
	rt.Fail(fake.Do, ref, fake.Fault{Delay: 500 * time.Millisecond})
	p := sitDown(t, rt)
	p.says("kill web-1 &")
	if said := p.says("yes"); !strings.Contains(said, "Begun: kill web-1") {
		t.Fatalf("it has not begun: %q", said)
	}
	p.send("quit\n")
	p.want("enter stays: ")
	p.send("leave\n")
	p.exit(0)
	if c, _ := rt.Get(ref); c.State != runtime.Running {
		t.Fatalf("it was %v when lxcdeck was left, which so had waited", c.State)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, _ := rt.Get(ref); c.State == runtime.Stopped {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("what was left alone was cancelled")
		}
	}
}

// TestPlainBehindInterrupted: until a line with & has begun its work, ctrl+c ends it.
func TestPlainBehindInterrupted(t *testing.T) {
	p := sitDown(t, plainHost(), "--page-lines", "0")
	p.send("top web-1 &\n")
	p.want("of a core")
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if said := p.hears(); strings.Contains(said, "Begun") {
		t.Errorf("it is said to go on: %q", said)
	}
	if said := p.says("cancel"); !strings.Contains(said, "Nothing goes on.") {
		t.Errorf("it goes on: %q", said)
	}
	p.leaves()
}

// TestPlainExecInterrupted: ctrl+c ends what runs, and what was to run in the others.
func TestPlainExecInterrupted(t *testing.T) {
	p := sitDown(t, fake.New(fake.Options{Paths: []string{path}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "a"}, State: runtime.Running, InitPID: 1, Config: &runtime.Config{}}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "b"}, State: runtime.Running, InitPID: 2, Config: &runtime.Config{}}},
	))
	p.send("exec a b -- sh -c 'echo begun; sleep 60'\n")
	p.want("In a:\r\n")
	p.want("begun\r\n")
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if said := p.hears(); strings.Contains(said, "In b:") || !strings.Contains(said, "Left; not run in 1 container.") {
		t.Errorf("it goes on: %q", said)
	}
	p.leaves()
}
