package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// TestHostNetwork: counters of a shared network namespace are the host's
// and must not be shown as a container's.
func TestHostNetwork(t *testing.T) {
	var p process
	if err := p.open(FS{}, os.Getpid()); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	own := FS{}.self()
	if err := p.alive(); err != nil || !p.sharesNet(own) {
		t.Errorf("host network %v, alive: %v", p.sharesNet(own), err)
	}
}

func TestEndedProcess(t *testing.T) {
	cmd := exec.Command("/bin/cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var p process
	if err := p.open(FS{}, cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.alive(); err != nil {
		t.Error(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := p.alive(); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	if _, err := p.text("cgroup"); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	closeAll(p.pidfd)
	p.pidfd = -1
	if err := p.alive(); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("after its end, without a pidfd: %v", err)
	}
}

// TestOutOfDescriptors: the cause is named, and nothing stays open.
func TestOutOfDescriptors(t *testing.T) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		t.Fatal(err)
	}
	f, before := FS{Root: "testdata/v2"}, openFDs(t)
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
			t.Error(err)
		}
	}()
	for spare := range uint64(30) {
		// Listing the descriptors took one that is free again.
		low := unix.Rlimit{Cur: uint64(before) - 1 + spare, Max: lim.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		r, err := f.Open(4242)
		if err == nil {
			r.Close()
		} else if !errors.Is(err, unix.EMFILE) {
			t.Errorf("%d descriptors free: %v", spare, err)
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
			t.Fatal(err)
		}
		if got := openFDs(t); got != before {
			t.Fatalf("%d descriptors free: %d stay open", spare, got-before)
		}
		if err == nil {
			if spare < 20 {
				t.Errorf("opened with %d descriptors", spare)
			}
			return
		}
	}
	t.Error("30 descriptors are not enough for one container")
}
