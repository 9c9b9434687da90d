package lxc

import (
	"path/filepath"
	"testing"

	"lxcdeck/runtime"
)

// LXC's own common.conf, which nearly all images include, has the terminals in a
// directory that is there with a console alone.
func TestRunOnABaseWithATerminalDirectory(t *testing.T) {
	a, s := runs(t)
	common := filepath.Join(s.Path, "share/lxc/config/common.conf")
	put(t, common, "lxc.tty.dir = lxc\nlxc.tty.max = 2\n")
	must(t, s.AddOwn("lxcdt-c", "lxc.include = "+common, "lxc.tty.dir = lxc"))
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{From: on(s, "lxcdt-c"), Command: sh("echo up"), Remove: true})
	if err != nil || r.text() != "up\n" {
		t.Errorf("%q, %v", r.text(), err)
	}
	clean(t, s, "lxcdt-app")
}

// One cgroup by name is for one container: two runs on its base would want it.
func TestRunTakesNoCgroupOfItsBase(t *testing.T) {
	for key, want := range map[string]bool{
		"lxc.cgroup.dir": true, "lxc.cgroup.relative": true, "lxc.cgroup2.memory.max": true,
		"lxc.cgroup.dir.container": false, "lxc.cgroup.dir.monitor": false, "lxc.cgroup.dir.monitor.pivot": false,
		"lxc.cgroup.dir.container.inner": false, "lxc.tty.dir": false,
	} {
		if got := fromBase(key); got != want {
			t.Errorf("%s: %t", key, got)
		}
	}
}

func TestRunMountsNothingOfTheHostToWriteTo(t *testing.T) {
	for entry, want := range map[string]bool{
		"/lib lib none ro,bind 0 0":                            true,
		"/lib lib none bind,ro,create=dir":                     true,
		"shm dev/shm tmpfs defaults 0 0":                       true,
		"/srv srv none bind 0 0":                               false,
		"/srv srv none rbind,ro 0 0":                           false, // liblxc makes the uppermost read-only alone
		"/srv srv none ro,bind,rw 0 0":                         false,
		"/srv srv none bind,nosuid,create=dir,romantic=ro 0 0": false,
		"/srv srv": false,
	} {
		if got := harmlessMount(entry); got != want {
			t.Errorf("%q: %t", entry, got)
		}
	}
}
