package lxc

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/lxctest"
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

// inNested tells this binary that it is in a container, and where others are.
const inNested = "LXCDT_NESTED"

// TestNested: a container in a container. It counts for the outer one, and within that
// this binary finds it and reads it as on any host.
func TestNested(t *testing.T) {
	if path := os.Getenv(inNested); path != "" {
		readNested(t, runtime.Ref{Path: path, Name: "lxcdt-in"})
		return
	}
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-out"}
	root := filepath.Join(s.Path, ".nest")
	const start = "/usr/bin/lxc-start -F -P /in -n lxcdt-in -o /in/log"
	mounts, err := cgroup.FS{}.Mounts()
	must(t, err)
	var lines []string
	below := ""
	if len(mounts.V1) > 0 { // LXC does not find its way through what systemd makes of v1
		usrRoot(t, root)
		put(t, filepath.Join(root, "begin"), start+"\nexec sleep 1000000\n")
		lines = []string{"lxc.rootfs.path = dir:" + root, usrMount, "lxc.mount.auto =", "lxc.mount.auto = cgroup:rw:force proc:mixed sys:mixed", "lxc.init.cmd = /bin/sh /begin"}
	} else { // on v2 no cgroup with processes of its own gives controllers to others
		below = "/init.scope"
		lines = systemdRoot(t, root, map[string]string{"lxc": "ExecStart=" + start + "\nDelegate=yes\n"})
	}
	must(t, s.Add(ref.Name, append(lines, "lxc.include = /usr/share/lxc/config/nesting.conf")...))
	inner := filepath.Join(root, "in/lxcdt-in")
	must(t, os.MkdirAll(inner, 0o755))
	usrRoot(t, filepath.Join(inner, "rootfs"))
	put(t, filepath.Join(inner, "rootfs/begin"), "while :; do sleep 0.01; done\n")
	put(t, filepath.Join(inner, "config"), strings.Join([]string{
		"lxc.rootfs.path = dir:/in/lxcdt-in/rootfs", "lxc.uts.name = lxcdt-in", "lxc.net.0.type = empty", usrMount, "lxc.apparmor.profile = unconfined",
		"lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed", "lxc.init.cmd = /bin/sh /begin", "",
	}, "\n"))
	self, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(root, "tests"), self, 0o755))
	t.Cleanup(func() {
		if log, err := os.ReadFile(filepath.Join(root, "in/log")); t.Failed() {
			t.Logf("its log: %v\n%s", err, log)
		}
	})
	must(t, s.Start(ref.Name))
	l := readAs(t, a, s, ref)
	l.below = below
	within(t, "the inner container's init", func() bool {
		return slices.ContainsFunc(processesOf(t, a, ref, runtime.ProcessQuery{}).Processes, func(p runtime.Process) bool { return p.NestedOne && p.Name == "sh" })
	})
	l.sameAsKernel(2) // its init and the other one
	l.burns()
	r, w := pipe(t)
	exit, err := a.Exec(t.Context(), runtime.Shell{Ref: ref, Command: []string{"/usr/bin/env", inNested + "=/in", "/tests", "-test.run", "^TestNested$", "-test.v"}}, runtime.Stdio{Out: w, Err: w})
	must(t, err)
	must(t, w.Close())
	out, err := io.ReadAll(r)
	must(t, err)
	if exit.Code != 0 || !strings.Contains(string(out), "--- PASS: TestNested") {
		t.Errorf("inside: %+v\n%s", exit, out)
	}
}

// readNested runs in the outer container.
func readNested(t *testing.T, ref runtime.Ref) {
	a := adapterFor(t, ref.Path)
	all := list(t, a).Containers
	if len(all) != 1 || all[0].Ref != ref || all[0].State != runtime.Running {
		t.Fatalf("%+v", all)
	}
	l := readAs(t, a, nil, ref)
	l.sameAsKernel(1)
	l.burns()
	if p := processesOf(t, a, ref, runtime.ProcessQuery{}).Processes; len(p) == 0 || p[0].Inner != 1 || p[0].PID != l.pid {
		t.Errorf("processes %+v", p)
	}
}
