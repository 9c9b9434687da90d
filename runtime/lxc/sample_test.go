package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func TestSampleReadsContainersAndHost(t *testing.T) {
	t.Cleanup(func() { // runs last: liblxc leaves the upper directories behind
		for _, dir := range []string{"lxcdt-pay", "lxcdt-mon", "lxcdt-piv"} {
			left, _ := filepath.Glob("/sys/fs/cgroup/*/" + dir)
			for _, d := range append(left, "/sys/fs/cgroup/"+dir) {
				_ = os.Remove(filepath.Join(d, "x", "lxc.pivot"))
				_ = os.Remove(filepath.Join(d, "x"))
				_ = os.Remove(d)
			}
		}
	})
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-plain"))
	must(t, s.Add("lxcdt-moved", "lxc.cgroup.dir.container = lxcdt-pay/x", "lxc.cgroup.dir.monitor = lxcdt-mon/x",
		"lxc.cgroup.dir.monitor.pivot = lxcdt-piv/x"))
	must(t, s.Start("lxcdt-plain"))
	must(t, s.Start("lxcdt-moved"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	var b runtime.Batch
	for _, c := range list(t, a).Containers {
		if c.State != runtime.Running || c.Problem != nil {
			t.Fatalf("%+v", c)
		}
		b.Readings = append(b.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full})
	}
	b.Readings = append(b.Readings, runtime.Reading{Ref: runtime.Ref{Path: s.Path, Name: "lxcdt-none"}})
	b.Host = &runtime.HostSample{}
	must(t, a.Sample(context.Background(), &b))
	for _, r := range b.Readings[:2] {
		usage, okCPU := r.Sample.CPU.Usage.Get()
		pids, okPids := r.Sample.Pids.Current.Get()
		if r.Err != nil || !okCPU || usage == 0 || !okPids || pids == 0 || r.Sample.InitPID != r.InitPID {
			t.Errorf("%s: %v, CPU %v, pids %v, cgroup %q, missing %q", r.Ref.Name, r.Err, r.Sample.CPU.Usage, r.Sample.Pids.Current, r.Sample.Cgroup, r.Sample.Controls)
		}
	}
	if b.Readings[2].Err == nil {
		t.Error("a container that is not there was read")
	}
	if _, ok := b.Host.MemTotal.Get(); !ok || b.Host.CPUs == 0 {
		t.Errorf("host: %+v", b.Host)
	}
	if _, ok := b.Host.DiskTotal.Get(); !ok {
		t.Error("the lxcpath's file system was not read")
	}
	// The place that its config names is asked of liblxc once in a life.
	moved := runtime.Ref{Path: s.Path, Name: "lxcdt-moved"}
	if dirs := a.cgroupDirs(moved); len(dirs) == 0 || dirs[0] != "lxcdt-pay/x" {
		t.Errorf("configured directories: %q", dirs)
	}
	if l := a.known(moved); l == nil || !l.dirsAsked {
		t.Error("they are not remembered")
	}
	must(t, do(t, a, runtime.Freeze, moved))
	if c := find(t, list(t, a), moved.Name); c.State != runtime.Frozen {
		t.Errorf("frozen in a place of its own: %s", c.State)
	}
	must(t, do(t, a, runtime.Kill, moved))
}

func TestSampleOfAClosedRuntime(t *testing.T) {
	a, err := New(Options{Paths: []string{t.TempDir()}})
	must(t, err)
	must(t, a.Close())
	var e *runtime.Error
	if err := a.Sample(context.Background(), &runtime.Batch{}); !errors.As(err, &e) || e.Op != "sample" {
		t.Errorf("%v", err)
	}
	must(t, a.Close())
}

// TestNoKills: a count of none is believed where it counts what is below too.
func TestNoKills(t *testing.T) {
	of := runtime.Of
	for _, c := range []struct {
		memory runtime.Memory
		want   bool
	}{
		{runtime.Memory{OOMKills: of(0), High: runtime.Unlimited()}, true},
		{runtime.Memory{OOMKills: of(0), High: of(5)}, true},
		{runtime.Memory{OOMKills: of(1), High: runtime.Unlimited()}, false},
		{runtime.Memory{High: runtime.Unlimited()}, false},
		{runtime.Memory{OOMKills: of(0)}, false}, // v1
		{runtime.Memory{}, false},
	} {
		if got := noKills(&c.memory); got != c.want {
			t.Errorf("%+v: %v", c.memory, got)
		}
	}
}
