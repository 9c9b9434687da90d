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
