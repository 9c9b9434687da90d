package lxc

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

const systemd = "/usr/lib/systemd/systemd"

// usrRoot makes a root with this host's own programs.
func usrRoot(t *testing.T, root string) {
	t.Helper()
	for _, dir := range []string{"usr", "etc", "var", "run", "tmp", "proc", "sys", "dev", "root"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if _, err := os.Stat(filepath.Join("/usr", dir)); err == nil {
			must(t, os.Symlink("usr/"+dir, filepath.Join(root, dir)))
		}
	}
	put(t, filepath.Join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n")
	put(t, filepath.Join(root, "etc/group"), "root:x:0:\n")
}

// usrMount is what such a root needs.
const usrMount = "lxc.mount.entry = /usr usr none ro,bind 0 0"

// systemdRoot is the root of a container whose init is this host's own systemd, with
// services by name.
func systemdRoot(t *testing.T, root string, services map[string]string) []string {
	t.Helper()
	if _, err := os.Stat(systemd); err != nil {
		t.Skipf("LEFT OUT: a container with systemd: %v", err)
	}
	usrRoot(t, root)
	put(t, filepath.Join(root, "etc/machine-id"), "")
	units := filepath.Join(root, "etc/systemd/system")
	must(t, os.MkdirAll(units, 0o755))
	wants := ""
	for name, lines := range services {
		wants += " lxcdt-" + name + ".service"
		put(t, filepath.Join(units, "lxcdt-"+name+".service"), "[Unit]\nDefaultDependencies=no\n[Service]\n"+lines)
	}
	put(t, filepath.Join(units, "lxcdt.target"), "[Unit]\nDefaultDependencies=no\nWants="+wants+"\n")
	return []string{
		"lxc.rootfs.path = dir:" + root, usrMount,
		"lxc.mount.auto =", "lxc.mount.auto = cgroup:rw proc:mixed sys:mixed", "lxc.signal.halt = SIGRTMIN+3", "lxc.signal.reboot = SIGINT",
		"lxc.init.cmd = " + systemd + " --unit=lxcdt.target --show-status=no",
	}
}

// TestSystemdAsInit: systemd makes cgroups of its own below that of the container,
// and leaves it without a process. All figures are those of the whole.
func TestSystemdAsInit(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-systemd"}
	must(t, s.Add(ref.Name, systemdRoot(t, filepath.Join(s.Path, ".systemd"), map[string]string{
		"burn":  "ExecStart=/bin/sh -c 'while :; do :; done'\nCPUQuota=10%\n",
		"sleep": "ExecStart=/bin/sleep 1000000\n",
	})...))
	must(t, s.Start(ref.Name))
	l := readAs(t, a, s, ref)
	l.below = "/init.scope"
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
	l.sameAsKernel(3)

	first := *l.sample()
	time.Sleep(2 * time.Second)
	if u := runtime.Between(&first, l.sample(), 2); u.CPU.Or(0) < 3 {
		t.Errorf("CPU %.1f %%: the burner is in a cgroup of its own, and not counted", u.CPU.Or(-1))
	}
	sh := attach(t, a, runtime.Shell{Ref: ref, Command: []string{"/bin/sh", "-c", "echo in $$ of $(cat /proc/1/comm); read x; exit 3"}})
	sh.expect("of systemd")
	l.sameAsKernel(3)
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
