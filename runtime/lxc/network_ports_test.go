package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// sleeper is a process in a network of its own that stands for a container's init.
func sleeper(t *testing.T, line ...string) int {
	t.Helper()
	cmd := exec.Command(line[0], line[1:]...)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// TestNetworkPortsOfAnotherLife: a container that is restarted while its sockets are
// read has none of those of its earlier life.
func TestNetworkPortsOfAnotherLife(t *testing.T) {
	a := adapterFor(t, t.TempDir())
	ref := runtime.Ref{Path: "/x", Name: "a"}
	first, second := sleeper(t, "sleep", "600"), sleeper(t, "sleep", "600")
	for name, read := range map[string]func() error{
		"ports":     func() error { _, err := a.Ports(context.Background(), ref); return err },
		"processes": func() error { _, err := a.Processes(context.Background(), ref, runtime.ProcessQuery{}); return err },
	} {
		_, err := a.remember(ref, first)
		must(t, err)
		turn := make(chan struct{}, 1)
		turn <- struct{}{}
		a.overseer.mu.Lock()
		a.overseer.turns[ref] = turn
		a.overseer.mu.Unlock()
		got := make(chan error, 1)
		go func() { got <- read() }()
		within(t, name+": it waits for its turn", func() bool {
			stacks := make([]byte, 1<<20)
			return bytes.Contains(stacks[:goruntime.Stack(stacks, true)], []byte("lxc.aside["))
		})
		_, err = a.remember(ref, second)
		must(t, err)
		<-turn
		if err := <-got; !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), "has stopped meanwhile") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNetworkPortsOfShared: of a network that others are in too, a container has what
// its own processes hold.
func TestNetworkPortsOfShared(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	one := started(t, s, "lxcdt-one", "lxc.net.0.type = empty")
	init := initOf(t, s, one)
	outside(t, init, 5353)
	serve := func(ref runtime.Ref, port int) {
		must(t, exec.Command("lxc-attach", "-P", s.Path, "-n", ref.Name, "--", "/bin/sh", "-c", fmt.Sprintf("nc -ll -p %d -e /bin/cat </dev/null >/dev/null 2>&1 &", port)).Run())
	}
	serve(one, 9091)
	a := adapterFor(t, s.Path)
	ports := func(ref runtime.Ref) (all map[int]string, unnamed string) {
		list, err := a.Ports(context.Background(), ref)
		must(t, err)
		if all = map[int]string{}; len(list.Unnamed) > 80 {
			t.Errorf("too long for a screen: %q", list.Unnamed)
		}
		for _, p := range list.Ports {
			all[int(p.Listens.Addr.Port())] = p.Process.Name
		}
		return all, list.Unnamed
	}
	within(t, "both listen", func() bool { all, _ := ports(one); return len(all) == 2 && all[9091] == "nc" })
	two := started(t, s, "lxcdt-two", "lxc.namespace.share.net = lxcdt-one")
	list(t, a)
	serve(two, 9092)
	within(t, "the other listens", func() bool { all, _ := ports(two); return len(all) == 1 && all[9092] == "nc" })
	all, unnamed := ports(one)
	if len(all) != 1 || all[9091] != "nc" || !strings.Contains(unnamed, "with other containers") {
		t.Errorf("the first: %v, %q", all, unnamed)
	}
	host := started(t, s, "lxcdt-host", "lxc.net.0.type = none")
	outside(t, os.Getpid(), 5354)
	if all, unnamed := ports(host); len(all) != 0 || !strings.Contains(unnamed, "the host's network") {
		t.Errorf("on the host's: %v, %q", all, unnamed)
	}
}
