package lxc

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// TestWhoListens finds the container and the process behind a port, and the
// host's own.
func TestWhoListens(t *testing.T) {
	a, s, ref := running(t, "lxcdt-port")
	host, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer host.Close()
	port := host.Addr().(*net.TCPAddr).Port
	leave(t, s, ref.Name, fmt.Sprintf("exec nc -l -p %d", port))
	nc := marked(t, a, ref, "nc -l")
	var owners []runtime.Owner
	within(t, "nc listens", func() bool {
		owners, err = a.Owners(context.Background(), runtime.OwnerQuery{Port: port})
		must(t, err)
		return len(owners) == 2
	})
	for _, o := range owners {
		switch {
		case o.Listens.Addr.Port() != uint16(port):
			t.Errorf("%+v", o)
		case o.Ref == ref:
			if !o.Process.Same(&nc) || o.Process.User != "root" {
				t.Errorf("in the container: %+v", o)
			}
		case o.Ref != (runtime.Ref{}) || o.Process.PID != os.Getpid() || o.Listens.Addr.String() != host.Addr().String():
			t.Errorf("on the host: %+v", o)
		}
	}
	// The monitor is no process of the container, and yet it is its.
	f, err := statFields(find(t, list(t, a), ref.Name).InitPID)
	must(t, err)
	monitor, err := strconv.Atoi(f[1])
	must(t, err)
	owners, err = a.Owners(context.Background(), runtime.OwnerQuery{PID: monitor})
	if err != nil || len(owners) != 1 || owners[0].Ref != ref || !owners[0].Monitor {
		t.Errorf("the monitor %d: %+v, %v", monitor, owners, err)
	}
}

// TestWhoOfAStuckMonitor: what is of a container whose monitor has stopped is
// still told to be its, the monitor above all.
func TestWhoOfAStuckMonitor(t *testing.T) {
	a, s, ref := running(t, "lxcdt-silent")
	init := find(t, list(t, a), ref.Name).InitPID
	f, err := statFields(init)
	must(t, err)
	monitor, err := strconv.Atoi(f[1])
	must(t, err)
	must(t, unix.Kill(monitor, unix.SIGSTOP))
	defer func() { _ = unix.Kill(monitor, unix.SIGCONT) }()
	fresh := newAdapter(t, Options{Paths: []string{s.Path}, Answer: answerTime}) // it has never known the init
	for pid, is := range map[int]bool{init: false, monitor: true} {
		owners, err := fresh.Owners(context.Background(), runtime.OwnerQuery{PID: pid})
		if err != nil || len(owners) != 1 || owners[0].Ref != ref || owners[0].Monitor != is || owners[0].Process.PID != pid {
			t.Errorf("process %d: %+v, %v", pid, owners, err)
		}
	}
	two := []runtime.Ref{{Path: "/a", Name: "x"}, {Path: "/b", Name: "x"}}
	o := runtime.Owner{Process: runtime.Process{PID: 7, Cgroup: "/lxc.payload.x"}}
	if ofSilent(&o, two); o.Ref != (runtime.Ref{}) {
		t.Errorf("one of two of that name was guessed: %v", o.Ref)
	}
	o.Process.Command, o.Process.UID = "[lxc monitor] /a x", os.Geteuid()+1
	if ofSilent(&o, two); o.Ref != (runtime.Ref{}) || o.Monitor {
		t.Errorf("somebody else's word was taken: %v", o.Ref)
	}
}
