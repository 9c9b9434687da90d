package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// Nothing of lxcdeck is open in the container, and its signals are as a program
// expects them.
func TestRunInitHasNothingOfOurs(t *testing.T) {
	a, s := runs(t)
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{
		// No pipeline, and not in the shell itself: that is init, and would have the pipe or the file for a moment.
		Command: sh("(ls -l /proc/1/fd >/fds); sed -n 's/.* \\([0-9]*\\) -> /\\1 /p' /fds; grep -E 'Sig(Ign|Blk)' /proc/self/status; env"),
		Env:     []string{"QUOTED=\"x\" #y 'z'", "EMPTY=", "SPACE= a  "}, Remove: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := r.out.String()
	for _, want := range []string{"\nSigIgn:\t0000000000000000\n", "\nSigBlk:\t0000000000000000\n", "\nQUOTED=\"x\" #y 'z'\n", "\nEMPTY=\n", "\nSPACE= a  \n", "\nHOME=/root\n", "\nPATH=/usr/local/sbin:"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	fds, _, _ := strings.Cut(got, "SigIgn")
	for line := range strings.Lines(fds) {
		f := strings.Fields(line)
		if len(f) == 2 && slices.Contains([]string{"0", "1", "2"}, f[0]) && strings.HasPrefix(f[1], "pipe:") {
			continue
		}
		if len(f) == 2 && !strings.Contains(line, "memfd") && !strings.Contains(line, "socket") && strings.HasPrefix(f[1], "/bin/") {
			continue // a shell's script
		}
		if strings.HasPrefix(line, "SigBlk") {
			continue
		}
		t.Errorf("init has %q", line)
	}
}

// A container that cannot start leaves nothing, and its name is free again.
func TestRunThatCannotStart(t *testing.T) {
	a, s := runs(t)
	_, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh("true"), Config: []string{"lxc.net.1.type = phys", "lxc.net.1.link = lxcdtnone0"}})
	var e *runtime.Error
	if !errors.As(err, &e) || !strings.Contains(e.Log, "lxcdtnone0") {
		t.Errorf("%v: %+v", err, e)
	}
	clean(t, s, "lxcdt-app")
	_, err = run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh("true"), Network: runtime.Network{Kind: runtime.BridgeNetwork, Bridge: "lxcdtnone0"}})
	mention(t, err, runtime.ErrInvalid, "no bridge lxcdtnone0")
	clean(t, s, "lxcdt-app")
	if _, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh("true"), Cwd: "/nosuch"}); err == nil || !strings.Contains(err.Error(), "/nosuch") {
		t.Errorf("a directory that is not there: %v", err)
	}
	clean(t, s, "lxcdt-app")
}

func TestRunConfig(t *testing.T) {
	a, s := runs(t)
	config := filepath.Join(s.Path, "lxcdt-a/config")
	text, err := os.ReadFile(config)
	must(t, err)
	more := filepath.Join(s.Path, "more.conf")
	put(t, more, "lxc.hook.pre-start = /bin/false\nlxc.cap.drop = sys_boot\n")
	put(t, config, string(text)+strings.Join([]string{
		"lxc.hook.post-stop = /bin/false", "lxc.start.auto = 1", "lxc.group = web", "lxc.include = " + more, "lxc.net.0.hwaddr = 00:16:3e:00:00:01",
		"lxc.mount.entry = " + s.Path + " mnt none bind,create=dir 0 0", "lxc.mount.entry = tmpfs mnt tmpfs create=dir 0 0", "lxc.pty.max = 3",
	}, "\n")+"\n")
	if _, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{
		Command: []string{"/bin/sh", "-c", "true 'x'"}, Limits: runtime.Limits{Memory: 64 << 20, CPUs: 0.5, PIDs: 20}, Config: []string{"lxc.tty.max = 0"},
	}); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(filepath.Join(s.Path, "lxcdt-app/config"))
	must(t, err)
	for _, want := range []string{
		"lxc.cap.drop = sys_boot\n", "lxc.pty.max = 3\n", "tmpfs mnt tmpfs", "lxc.net.0.type = empty\n", "lxc.uts.name = lxcdt-app\n", "lxc.tty.max = 0\n",
		"67108864", "50000", "pids.max = 20", "lxc.signal.halt = SIGTERM", "lxc.init.cmd = /bin/sh -c \"true 'x'\"\n",
	} {
		if !strings.Contains(string(made), want) {
			t.Errorf("no %q in\n%s", want, made)
		}
	}
	for _, bad := range []string{"lxc.hook", "lxc.start.auto", "lxc.group", "lxc.include", "00:16:3e:00:00:01", "bind,create=dir"} {
		if strings.Contains(string(made), bad) {
			t.Errorf("%q went into\n%s", bad, made)
		}
	}
	must(t, s.Tool("lxc-destroy", "lxcdt-app"))
}
