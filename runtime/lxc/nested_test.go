package lxc

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
	"lxcdeck/runtime/lxctest"
)

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
