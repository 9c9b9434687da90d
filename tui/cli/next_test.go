package cli

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// TestWrongStateNamesTheNextStep: in the command line's own words.
func TestWrongStateNamesTheNextStep(t *testing.T) {
	for _, tt := range []struct {
		state runtime.State
		args  string
		says  string
	}{
		{runtime.Frozen, "start app", `"lxcdeck thaw app" lets it go on.`},
		{runtime.Frozen, "shutdown app", `"lxcdeck thaw app" comes first.`},
		{runtime.Frozen, "reboot app", `"lxcdeck thaw app" comes first.`},
		{runtime.Frozen, "device add app /dev/fuse", `"lxcdeck thaw app" comes first.`},
		{runtime.Frozen, "freeze app", "it is frozen already."},
		{runtime.Frozen, "clone app x", `"lxcdeck stop app" comes first.`},
		{runtime.Frozen, "snapshot app", "--stop stops it for that and starts it again"},
		{runtime.Running, "start app", `"lxcdeck restart app" starts it anew.`},
		{runtime.Running, "thaw app", "it is running already."},
		{runtime.Running, "destroy app --yes", `"lxcdeck stop app" comes first.`},
		{runtime.Running, "clone app x", `"lxcdeck stop app" comes first.`},
		{runtime.Running, "rename app x", `"lxcdeck stop app" comes first.`},
		{runtime.Running, "restore app snap0 --yes", "--as NEW makes a container of the snapshot"},
		{runtime.Running, "snapshot app", "--stop stops it for that and starts it again"},
		{runtime.Stopped, "stop app", "it is stopped already."},
		{runtime.Stopped, "freeze app", `"lxcdeck start app" comes first.`},
		{runtime.Stopped, "device add app /dev/fuse", `"lxcdeck start app" comes first.`},
		{runtime.Starting, "freeze app", "it is starting: wait until that is over"},
		{runtime.Stopped, "unlock app", "it is not locked"},
	} {
		rt := testHost()
		c := runtime.Container{Ref: ref("app"), State: tt.state, Config: &runtime.Config{}}
		if tt.state != runtime.Stopped {
			c.InitPID, c.Started = 99, start
		}
		rt.Add(fake.Spec{Container: c, Snapshots: []runtime.SnapshotInfo{{Name: "snap0", Path: path + "/app/snaps/snap0", Taken: start}}})
		r := lxcdeck(t, rt, strings.Fields(tt.args)...)
		if r.code != exitRefused || !strings.Contains(strings.ToLower(r.err), strings.ToLower(tt.says)) {
			t.Errorf("%s of a %s one: status %d, %q; want %q", tt.args, tt.state, r.code, r.err, tt.says)
		}
		if n := strings.Count(r.err, "\n"); n > 3 || strings.HasPrefix(tt.args, "unlock") && n != 1 {
			t.Errorf("%s of a %s one: %d lines: %q", tt.args, tt.state, n, r.err)
		}
	}
}

// TestErrorsNameVerbAndContainer is for what is found out before anything is asked for.
func TestErrorsNameVerbAndContainer(t *testing.T) {
	rt := testHost()
	c := choices()
	c.IDMaps, c.IDMapsWhy = nil, "no subuid"
	rt.SetChoices(c)
	for _, tt := range []struct {
		args string
		code int
		says string
		not  string
	}{
		{"autostart set nope --on", exitNotFound, "autostart nope: no such container", ""},
		{"ls nope", exitNotFound, "ls nope: no such container", ""},
		{"create new -t busybox --unprivileged", exitFailed, "create new: not supported here: no unprivileged containers: no subuid", ""},
		{"unpack /nowhere/x", exitFailed, "unpack /nowhere/x: no such file or directory", "open"},
		{"autostart set db --order abc", exitUsage, `invalid argument "abc" for "--order": a whole number is wanted`, "strconv"},
		{"autostart set db --order 99999999999999999999", exitUsage, "too large or too small", "strconv"},
		{"unpack x --max-entries=-1", exitUsage, "a whole number is wanted", "strconv"},
		{"ls --json=maybe", exitUsage, "true or false is wanted", "strconv"},
		{"create new -t download -B floppy", exitUsage, `no backing store "floppy"`, ""},
	} {
		r := lxcdeck(t, rt, strings.Fields(tt.args)...)
		if r.code != tt.code || !strings.Contains(r.err, tt.says) || tt.not != "" && strings.Contains(r.err, tt.not) {
			t.Errorf("%s: status %d, %q; want %d, %q", tt.args, r.code, r.err, tt.code, tt.says)
		}
	}
}
