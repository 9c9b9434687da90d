package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// startWith starts a container with a command as its init.
func startWith(t *testing.T, a *Adapter, ref runtime.Ref, command ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	return a.Do(ctx, runtime.Request{Op: runtime.Start, Ref: ref, Args: &runtime.StartArgs{Command: command}})
}

func TestStartWithACommand(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-app"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-app"}
	// Many and odd arguments: go-lxc hands them on as a C array.
	args := []string{"/bin/sh", "-c", `printf '%s|' "$@" > /tmp/args; exec sleep 600`, "sh", "", "two words", "ä\xff", "$HOME"}
	for i := range 500 {
		args = append(args, strconv.Itoa(i))
	}
	must(t, startWith(t, a, ref, args...))
	c := find(t, list(t, a), ref.Name)
	if c.State != runtime.Running {
		t.Fatalf("it is %s", c.State)
	}
	eventually(t, "its init", func() bool {
		cmd, _ := os.ReadFile("/proc/" + strconv.Itoa(c.InitPID) + "/cmdline")
		return string(cmd) == "sleep\x00600\x00"
	})
	got, err := os.ReadFile("/proc/" + strconv.Itoa(c.InitPID) + "/root/tmp/args")
	must(t, err)
	if want := strings.Join(args[4:], "|") + "|"; string(got) != want {
		t.Errorf("its arguments: %.80q, want %.80q", got, want)
	}
	must(t, do(t, a, runtime.Kill, ref))
	// Its config is untouched: the next start has its own init again.
	must(t, do(t, a, runtime.Start, ref))
	must(t, do(t, a, runtime.Kill, ref))
}

func TestStartSaysHowItEnded(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-end"))
	must(t, s.Add("lxcdt-init", "lxc.init.cmd = /bin/false"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-end"}
	for _, c := range []struct {
		command []string
		want    string // "" = it is done
	}{
		{[]string{"/bin/true"}, ""},
		{[]string{"/bin/sh", "-c", "exit 7"}, "ended at once: /bin/sh: exit status 7"},
		{[]string{"/no/such/program"}, "/no/such/program"},
		{[]string{"/etc/passwd"}, "Permission denied"},
	} {
		err := startWith(t, a, ref, c.command...)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.command, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: %v, want %q in it", c.command, err, c.want)
		}
		eventually(t, "its end", func() bool { return find(t, list(t, a), ref.Name).State == runtime.Stopped })
	}
	// Without a command it may be seen running before it ends.
	init := runtime.Ref{Path: s.Path, Name: "lxcdt-init"}
	if err := do(t, a, runtime.Start, init); err != nil && !strings.Contains(err.Error(), "its init: exit status 1") {
		t.Errorf("an init that fails: %v", err)
	}
	if err := startWith(t, a, ref, ""); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("an empty command: %v", err)
	}
}

func TestHowInitEnded(t *testing.T) {
	const post = "lxc lxcdt-x 2026 NOTICE   start - ../src/lxc/start.c:post_start:2205 - Started \"/bin/sh\" with pid \"7\"\n"
	const end = "lxc lxcdt-x 2026 INFO     error - ../src/lxc/error.c:lxc_error_set_and_log:"
	for log, want := range map[string]string{
		"":   "",
		post: "exit status 0",
		post + end + "31 - Child <7> ended on error (7)\n":            "exit status 7",
		post + end + "37 - Child <7> ended on signal SIGKILL(9)\n":    "killed by SIGKILL",
		"lxc x 2026 ERROR hook - Child <7> ended on error (3)\n":      "",
		post + end + "31 - Child <7> ended on error (not a number)\n": "exit status 0",
	} {
		f, err := memFile("test")
		must(t, err)
		_, err = f.WriteString(log)
		must(t, err)
		if got, _ := (&startLog{file: f}).end(); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
		must(t, f.Close())
	}
}

// TestStartLeavesNoCgroups looks at starts while the process that has started
// lives on. Its containers have names that no other test run has.
func TestStartLeavesNoCgroups(t *testing.T) {
	s := lxctest.New(t)
	own := "lxcdt-" + strconv.Itoa(os.Getpid())
	must(t, s.Add(own+"-runs"))
	must(t, s.Add(own+"-fails", "lxc.net.0.type = veth", "lxc.net.0.link = lxcdt-none"))
	left := func() (left []string) {
		for _, top := range cgroupTops() {
			found, err := filepath.Glob(filepath.Join(top, "lxc.*."+own+"-*"))
			must(t, err)
			left = append(left, found...)
		}
		return left
	}
	before := ownCgroups()
	for _, c := range []struct {
		name    string
		command []string
		ok      bool
	}{{"-fails", nil, false}, {"-runs", []string{"/bin/true"}, true}, {"-runs", []string{"/bin/false"}, false}, {"-runs", nil, true}} {
		handle, err := golxc.NewContainer(own+c.name, s.Path)
		must(t, err)
		o := &operation{c: handle, log: func() string { return "" }, q: helperRequest{
			Op: runtime.Start, Ref: runtime.Ref{Path: s.Path, Name: own + c.name}, Timeout: patience, Args: &runtime.StartArgs{Command: c.command},
		}}
		if err := o.start(); (err == nil) != c.ok {
			t.Errorf("start of %s, %q: %v", c.name, c.command, err)
		}
		if after := ownCgroups(); !slices.Equal(before, after) {
			t.Errorf("%s: the starter is in %v, and was in %v", c.name, after, before)
		}
		if runs := c.ok && c.command == nil; runs == (len(left()) == 0) {
			t.Errorf("%s, %q: its cgroups: %v", c.name, c.command, left())
		}
		o.close()
	}
	must(t, s.Stop(own+"-runs"))
	eventually(t, "the end of its cgroups", func() bool { return len(left()) == 0 })
}

// TestStartLogDoesNotGrow looks at the log that the monitor keeps open.
func TestStartLogDoesNotGrow(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-seal"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-seal"}
	must(t, do(t, a, runtime.Start, ref))
	pid, err := a.initPID(context.Background(), ref)
	must(t, err)
	dir := filepath.Join("/proc", strconv.Itoa(parentOf(t, pid)), "fd")
	files, err := os.ReadDir(dir)
	must(t, err)
	logs := 0
	for _, e := range files {
		if to, _ := os.Readlink(filepath.Join(dir, e.Name())); !strings.Contains(to, "memfd:liblxc log") {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, e.Name()), os.O_RDWR|os.O_APPEND, 0)
		must(t, err)
		seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
		must(t, errors.Join(err, f.Close()))
		if logs++; seals&unix.F_SEAL_GROW == 0 {
			t.Errorf("the log of a running container can grow: seals %#x", seals)
		}
	}
	if logs == 0 {
		t.Error("its monitor has no log open: what is this test about?")
	}
}
