package lxc

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

const systemd = "/usr/lib/systemd/systemd"

// systemdRoot is the root of a container whose init is this host's own systemd, with
// two services: one that burns 10 % of a core, where the quota holds, and one that
// sleeps.
func systemdRoot(t *testing.T, s *lxctest.Scratch) []string {
	t.Helper()
	if _, err := os.Stat(systemd); err != nil {
		t.Skipf("LEFT OUT: a container with systemd: %v", err)
	}
	root := filepath.Join(s.Path, ".systemd")
	for _, dir := range []string{"usr", "etc/systemd/system", "var", "run", "tmp", "proc", "sys", "dev", "root"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if _, err := os.Stat(filepath.Join("/usr", dir)); err == nil {
			must(t, os.Symlink("usr/"+dir, filepath.Join(root, dir)))
		}
	}
	service := func(name, lines string) {
		put(t, filepath.Join(root, "etc/systemd/system", name), "[Unit]\nDefaultDependencies=no\n"+lines)
	}
	service("lxcdt.target", "Wants=lxcdt-burn.service lxcdt-sleep.service\n")
	service("lxcdt-burn.service", "[Service]\nExecStart=/bin/sh -c 'while :; do :; done'\nCPUQuota=10%\n")
	service("lxcdt-sleep.service", "[Service]\nExecStart=/bin/sleep 1000000\n")
	put(t, filepath.Join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n")
	put(t, filepath.Join(root, "etc/group"), "root:x:0:\n")
	put(t, filepath.Join(root, "etc/machine-id"), "")
	return []string{
		"lxc.rootfs.path = dir:" + root, "lxc.mount.entry = /usr usr none ro,bind 0 0",
		"lxc.mount.auto =", "lxc.mount.auto = cgroup:rw proc:mixed sys:mixed", "lxc.signal.halt = SIGRTMIN+3", "lxc.signal.reboot = SIGINT",
		"lxc.init.cmd = " + systemd + " --unit=lxcdt.target --show-status=no",
	}
}

// payload is the container's own cgroup in a hierarchy: systemd has moved itself
// into one below.
func (l *loaded) payload(controller string) string {
	l.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", l.pid))
	must(l.t, err)
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		names, path, _ := strings.Cut(rest, ":")
		if path = strings.TrimSuffix(path, "/init.scope"); names == controller {
			return l.mount.Dir(controller, path)
		}
	}
	return ""
}

// TestSystemdAsInit: systemd makes cgroups of its own below that of the container,
// and leaves it without a process. All figures are those of the whole.
func TestSystemdAsInit(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-systemd"}
	must(t, s.Add(ref.Name, systemdRoot(t, s)...))
	must(t, s.Start(ref.Name))
	l := readAs(t, a, s, ref)
	// Before them run its generators, and a service is called systemd until its execve.
	want := map[string]string{"systemd": "init.scope", "sh": "lxcdt-burn.service", "sleep": "lxcdt-sleep.service"}
	var units map[string]string
	t.Cleanup(func() { t.Logf("units %v", units) })
	within(t, "two services that run", func() bool {
		units = map[string]string{}
		list := processesOf(t, a, ref, runtime.ProcessQuery{}).Processes
		for _, p := range list {
			units[p.Name] = p.Unit
		}
		return len(list) == len(want) && maps.Equal(units, want)
	})
	l.sameAsPayload()

	first := *l.sample()
	time.Sleep(2 * time.Second)
	if u := runtime.Between(&first, l.sample(), 2); u.CPU.Or(0) < 3 {
		t.Errorf("CPU %.1f %%: the burner is in a cgroup of its own, and not counted", u.CPU.Or(-1))
	}
	sh := attach(t, a, runtime.Shell{Ref: ref, Command: []string{"/bin/sh", "-c", "echo in $$ of $(cat /proc/1/comm); read x; exit 3"}})
	sh.expect("of systemd")
	l.sameAsPayload()
	sh.send("\n")
	if e := sh.end(); e.Code != 3 {
		t.Errorf("%+v", e)
	}

	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Freeze, Ref: ref}))
	before := l.sample().CPU.Usage.Or(0)
	time.Sleep(300 * time.Millisecond)
	if after := l.sample().CPU.Usage.Or(1); after != before {
		t.Errorf("CPU time %d and then %d: it is frozen", before, after)
	}
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Thaw, Ref: ref}))
	must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Shutdown, Ref: ref}))
	within(t, "a shutdown", func() bool { return find(t, list(t, a), ref.Name).State == runtime.Stopped })
}

// sameAsPayload holds what is told against the kernel's files of the container's cgroup.
func (l *loaded) sameAsPayload() {
	l.t.Helper()
	// cpu.stat of v2 is there beside v1, and finer.
	path, key, scale := filepath.Join(l.payload(""), "cpu.stat"), "usage_usec", uint64(1000)
	if _, err := os.Stat(path); err != nil {
		path, key, scale = filepath.Join(l.payload("cpuacct"), "cpuacct.usage"), "", 1
	}
	l.between("CPU time", path, key, scale, func(s *runtime.Sample) runtime.Value { return s.CPU.Usage })
	dir := ""
	if dir = l.payload("pids"); dir == "" {
		dir = l.payload("")
	}
	l.between("pids", filepath.Join(dir, "pids.current"), "", 1, func(s *runtime.Sample) runtime.Value { return s.Pids.Current })
	if l.last.Pids.Current.Or(0) < 3 {
		l.t.Errorf("pids %v: systemd and two services run", l.last.Pids.Current)
	}
}
