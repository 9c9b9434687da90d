package lxc

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// home is the container's own cgroup in a hierarchy, which is not that of its init
// where that one lies below.
func (l *loaded) home(controller string) string {
	l.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", l.pid))
	must(l.t, err)
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		if names, path, _ := strings.Cut(rest, ":"); names == controller {
			return l.mount.Dir(controller, strings.TrimSuffix(path, l.below))
		}
	}
	return ""
}

// sameAsKernel holds what is told against the kernel's files of that cgroup, in
// which there are so many tasks at least.
func (l *loaded) sameAsKernel(tasks uint64) {
	l.t.Helper()
	// cpu.stat of v2 is there beside v1, and finer.
	path, key, scale := filepath.Join(l.home(""), "cpu.stat"), "usage_usec", uint64(1000)
	if _, err := os.Stat(path); err != nil {
		path, key, scale = filepath.Join(l.home("cpuacct"), "cpuacct.usage"), "", 1
	}
	l.between("CPU time", path, key, scale, func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })
	dir := cmp.Or(l.home("pids"), l.home(""))
	l.between("tasks", filepath.Join(dir, "pids.current"), "", 1, func(s *runtime.Sample) runtime.Value { return s.Pids.Current })
	within(l.t, fmt.Sprintf("%d tasks", tasks), func() bool { return l.sample().Pids.Current.Or(0) >= tasks })
}

// burns holds that a burner counts.
func (l *loaded) burns() {
	l.t.Helper()
	within(l.t, "the burner's CPU time", func() bool {
		first := *l.sample()
		time.Sleep(500 * time.Millisecond)
		return runtime.Between(&first, l.sample(), 2).CPU.Or(0) > 2
	})
}

// TestLoadWhereverItIs: a container whose configuration says where its cgroups are.
func TestLoadWhereverItIs(t *testing.T) {
	top := fmt.Sprintf("lxcdt-load-%d", os.Getpid())
	mounts, err := cgroup.FS{}.Mounts()
	must(t, err)
	all := mounts.Unified
	for _, v1 := range mounts.V1 {
		all = append(all, v1...)
	}
	t.Cleanup(func() { // runs last: liblxc leaves what is above
		within(t, "no cgroup is left", func() bool {
			gone := true
			for _, m := range all {
				gone = cgroupsGone(filepath.Join(m.Dir, top)) && gone
			}
			return gone
		})
	})
	limit := limitLine(t, "cpu", "cpu.cfs_quota_us = 10000", "cpu.max = 10000 100000")
	for name, below := range map[string]string{"dir": "", "apart": "", "inner": "/in"} {
		t.Run(name, func(t *testing.T) {
			place := top + "/" + name // LXC refuses what an earlier one may have left
			lines := []string{limit, "lxc.cgroup.dir.monitor = " + place + "-mon", "lxc.cgroup.dir.monitor.pivot = " + place + "-end", "lxc.cgroup.dir.container = " + place}
			switch name {
			case "dir":
				lines = []string{limit, "lxc.cgroup.dir = " + place}
			case "inner":
				lines = append(lines, "lxc.cgroup.dir.container.inner = in")
			}
			a, s, ref := running(t, "lxcdt-place-"+name, lines...)
			l := readAs(t, a, s, ref)
			l.below = below
			if home := cmp.Or(l.home("pids"), l.home("")); !strings.Contains(home, "/"+top+"/") || below != "" && strings.HasSuffix(home, below) {
				t.Fatalf("it is in %s", home)
			}
			l.inside("while :; do :; done")
			l.burns()
			l.sameAsKernel(2)
			if q, p := l.last.CPU.Quota.Or(0), l.last.CPU.Period.Or(1); q*10 != p {
				t.Errorf("a quota of %d ns each %d", q, p)
			}
			must(t, l.s.Stop(l.ref.Name))
		})
	}
}

// cgroupsGone removes a cgroup and all below it, and says whether it is gone.
func cgroupsGone(dir string) bool {
	below, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	for _, e := range below {
		if e.IsDir() {
			cgroupsGone(filepath.Join(dir, e.Name()))
		}
	}
	return unix.Rmdir(dir) == nil
}
