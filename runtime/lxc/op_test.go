package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func do(t testing.TB, a *Adapter, op runtime.Op, ref runtime.Ref) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	return a.Do(ctx, runtime.Request{Op: op, Ref: ref})
}

// into brings a container into a state by LXC's own tools.
func into(t testing.TB, s *lxctest.Scratch, a *Adapter, name string, want runtime.State) {
	t.Helper()
	is := find(t, list(t, a), name).State
	if is == runtime.Frozen && want != runtime.Frozen {
		must(t, s.Tool("lxc-unfreeze", name))
		is = runtime.Running
	}
	switch {
	case want == runtime.Stopped && is != runtime.Stopped:
		must(t, s.Stop(name))
	case want != runtime.Stopped && is == runtime.Stopped:
		must(t, s.Start(name))
	}
	if want == runtime.Frozen && is != runtime.Frozen {
		must(t, s.Freeze(name))
	}
	must(t, s.Tool("lxc-wait", name, "-s", want.String(), "-t", "60"))
}

func TestEveryOperationInEveryState(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-op"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-op"}
	for _, info := range runtime.Ops() {
		if info.Kind != runtime.OnState {
			continue
		}
		for _, from := range []runtime.State{runtime.Stopped, runtime.Running, runtime.Frozen} {
			t.Run(fmt.Sprint(info.Name, " ", from), func(t *testing.T) {
				into(t, s, a, ref.Name, from)
				before := find(t, list(t, a), ref.Name)
				err := do(t, a, info.Op, ref)
				after := find(t, list(t, a), ref.Name)
				if !info.Op.Accepts(from) {
					var e *runtime.Error
					if !errors.Is(err, runtime.ErrWrongState) || !errors.As(err, &e) || e.Op != info.Name || e.Ref != ref {
						t.Errorf("not refused: %v", err)
					}
					if after.State != from || after.InitPID != before.InitPID {
						t.Errorf("refused, but %s became %s", from, after.State)
					}
					return
				}
				if err != nil {
					t.Fatalf("%v", err)
				}
				if after.State != info.To {
					t.Errorf("%s became %s, not %s", from, after.State, info.To)
				}
				again := slices.Contains([]runtime.Op{runtime.Restart, runtime.Reboot}, info.Op)
				if again && after.InitPID == before.InitPID {
					t.Errorf("the same init %d after it", after.InitPID)
				}
			})
		}
	}
}

func TestStartLeavesASmallMonitorWithoutOurFiles(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-op"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-op"}
	must(t, do(t, a, runtime.Start, ref))
	pid, err := a.initPID(context.Background(), ref)
	must(t, err)
	monitor := parentOf(t, pid)
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	must(t, err)
	for _, f := range files {
		to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, f.Name()))
		if err == nil && (strings.Contains(to, "memfd") || strings.Contains(to, "socket:")) {
			t.Errorf("init has %s open", to)
		}
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", monitor))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		var kb int
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kb); err == nil && kb > 16<<10 {
			t.Errorf("its monitor holds %d kB of its own", kb)
		}
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-op"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-op"}
	put(t, filepath.Join(s.Path, "lxcdt-theirs", "config"), "lxc.uts.name = x\n")
	must(t, os.Chown(filepath.Join(s.Path, "lxcdt-theirs"), 4_000_000, 4_000_000))
	put(t, filepath.Join(s.Path, "lxcdt-broken", "config"), "lxc.no.such.key = x\n")
	for _, c := range []struct {
		name string
		q    runtime.Request
		want error
	}{
		{"another state than seen", runtime.Request{Op: runtime.Start, Ref: ref, Expect: runtime.Frozen}, runtime.ErrWrongState},
		{"no operation", runtime.Request{Ref: ref}, runtime.ErrInvalid},
		{"no container", runtime.Request{Op: runtime.Start, Ref: runtime.Ref{Path: s.Path, Name: "lxcdt-none"}}, runtime.ErrNotFound},
		{"a way out", runtime.Request{Op: runtime.Start, Ref: runtime.Ref{Path: s.Path, Name: "../x"}}, runtime.ErrInvalid},
		{"foreign without an account", runtime.Request{Op: runtime.Start, Ref: runtime.Ref{Path: s.Path, Name: "lxcdt-theirs"}}, runtime.ErrForeign},
		{"broken", runtime.Request{Op: runtime.Start, Ref: runtime.Ref{Path: s.Path, Name: "lxcdt-broken"}}, runtime.ErrConfig},
	} {
		if err := a.Do(context.Background(), c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	own, err := a.reserve([]runtime.Ref{ref}, runtime.Stop)
	must(t, err)
	if err := do(t, a, runtime.Start, ref); !errors.Is(err, runtime.ErrBusy) {
		t.Errorf("while another operation runs: %v", err)
	}
	a.leave([]runtime.Ref{ref}, own)
	ro := newAdapter(t, Options{Paths: []string{s.Path}, ReadOnly: true})
	if err := do(t, ro, runtime.Start, ref); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	r := helperOp(nil, nil, helperRequest{Kind: kindOp, Ref: ref, Op: runtime.Freeze})
	if r.OK || r.ErrKind != errKind(runtime.ErrWrongState) {
		t.Errorf("the helper did not check the state again: %+v", r)
	}
	if c := find(t, list(t, a), "lxcdt-op"); c.State != runtime.Stopped {
		t.Errorf("it is %s", c.State)
	}
}

func TestForeignContainersAreHandledAsTheirUser(t *testing.T) {
	s := lxctest.New(t)
	nobody, err := osuser.Lookup("nobody")
	if err != nil {
		t.Skip("LEFT OUT: this host has no user nobody: operations as another user are not tested")
	}
	uid, err := strconv.Atoi(nobody.Uid)
	must(t, err)
	// A config that root could read, and the user cannot.
	dir := filepath.Join(s.Path, "lxcdt-theirs")
	put(t, dir+"/config", "lxc.uts.name = x\n")
	must(t, os.Chmod(dir+"/config", 0o600))
	must(t, os.Chown(dir, uid, 0))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	err = do(t, a, runtime.Start, runtime.Ref{Path: s.Path, Name: "lxcdt-theirs"})
	if !errors.Is(err, runtime.ErrPermission) {
		t.Errorf("as the user it cannot be read, but: %v", err)
	}
}

func TestFailuresTellWhy(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-bridge", "lxc.net.1.type = veth", "lxc.net.1.link = lxcdtnone0"))
	must(t, s.Add("lxcdt-noroot", "lxc.rootfs.path = dir:"+s.Path+"/.nowhere"))
	must(t, s.Add("lxcdt-logged", "lxc.rootfs.path = dir:"+s.Path+"/.nowhere", "lxc.log.file = "+s.Path+"/.log"))
	must(t, s.Add("lxcdt-brief", "lxc.init.cmd = /bin/true"))
	must(t, s.Add("lxcdt-deaf", "lxc.signal.halt = SIGWINCH", "lxc.signal.reboot = SIGWINCH"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	for _, c := range []struct{ name, log, hint string }{
		{"lxcdt-bridge", "lxcdtnone0", "bridge"},
		{"lxcdt-noroot", ".nowhere", "root file system"},
		{"lxcdt-logged", ".nowhere", "root file system"},
	} {
		err := do(t, a, runtime.Start, runtime.Ref{Path: s.Path, Name: c.name})
		var e *runtime.Error
		if !errors.As(err, &e) || !strings.Contains(e.Log, c.log) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: %v\nlog: %q\nhint: %q", c.name, err, e.Log, e.Hint)
		}
		within(t, c.name+" is stopped", func() bool { return find(t, list(t, a), c.name).State == runtime.Stopped })
	}
	deaf := runtime.Ref{Path: s.Path, Name: "lxcdt-deaf"}
	must(t, do(t, a, runtime.Start, deaf))
	ctx := context.Background()
	err := a.Do(ctx, runtime.Request{Op: runtime.Reboot, Ref: deaf, Timeout: 2 * time.Second})
	if !errors.Is(err, runtime.ErrNoAnswer) || !strings.Contains(err.Error(), "the same init runs after 2s") || strings.Contains(err.Error(), "monitor") {
		t.Errorf("a reboot that nobody heard: %v", err)
	}
	// A shutdown's helper has as long again to say so, the others' have more.
	for _, q := range []runtime.Request{
		{Op: runtime.Shutdown, Timeout: tellGrace}, {Op: runtime.Stop, Timeout: time.Second, Spare: true},
		{Op: runtime.Restart, Timeout: time.Second, Spare: true},
	} {
		q.Ref = deaf
		if err := a.Do(ctx, q); !errors.Is(err, runtime.ErrStillRunning) {
			t.Errorf("a %s that nobody heard: %v", q.Op, err)
		}
		if got := find(t, list(t, a), deaf.Name).State; got != runtime.Running {
			t.Fatalf("%s killed it: %s", q.Op, got)
		}
	}
	// Of a helper that died nobody knows how far it came.
	ended := make(chan error, 1)
	go func() { ended <- a.Do(ctx, runtime.Request{Op: runtime.Shutdown, Ref: deaf, Timeout: patience}) }()
	var lost error
	eventually(t, "the end of a shutdown without its helper", func() bool {
		for _, pid := range helpersOf(os.Getpid()) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		select {
		case lost = <-ended:
			return true
		default:
			return false
		}
	})
	var told *runtime.Error
	if !errors.Is(lost, runtime.ErrHelper) || !errors.As(lost, &told) || told.Hint != stateUnknown {
		t.Errorf("a shutdown whose helper was killed: %v", lost)
	}
	if err := a.Do(ctx, runtime.Request{Op: runtime.Stop, Ref: deaf, Timeout: time.Second}); err != nil {
		t.Errorf("stop did not kill it: %v", err)
	}
	if got := find(t, list(t, a), deaf.Name).State; got != runtime.Stopped {
		t.Errorf("after the stop: %s", got)
	}
}

func TestCancelEndsTheWork(t *testing.T) {
	s := lxctest.New(t)
	hook := filepath.Join(s.Path, ".hook")
	put(t, hook, "#!/bin/sh\necho $$ > "+s.Path+"/.hooked\nexec sleep 600\n")
	must(t, os.Chmod(hook, 0o755))
	must(t, s.Add("lxcdt-slow", "lxc.hook.pre-start = "+hook))
	must(t, s.Add("lxcdt-deaf", "lxc.signal.halt = SIGWINCH"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})

	began := time.Now()
	slow := runtime.Ref{Path: s.Path, Name: "lxcdt-slow"}
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan error, 1)
	go func() { got <- a.Do(ctx, runtime.Request{Op: runtime.Start, Ref: slow}) }()
	eventually(t, "the hook", func() bool { return exists(s.Path + "/.hooked") })
	cancel()
	if err := <-got; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("start: %v", err)
	}
	eventually(t, "the monitor's end", func() bool { return len(monitorsOf(slow, began)) == 0 })
	eventually(t, "stopped in the list", func() bool { return find(t, list(t, a), slow.Name).State == runtime.Stopped })

	began = time.Now()
	err := a.Do(context.Background(), runtime.Request{Op: runtime.Start, Ref: slow, Timeout: 100 * time.Millisecond})
	var told *runtime.Error
	if !errors.Is(err, runtime.ErrNoAnswer) || !errors.As(err, &told) || !strings.Contains(told.Hint, "lxc.hook") ||
		strings.Contains(err.Error(), "monitor") {
		t.Errorf("a start in a tenth of a second: %v", err)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it was given up after %s", took)
	}

	deaf := runtime.Ref{Path: s.Path, Name: "lxcdt-deaf"}
	must(t, do(t, a, runtime.Start, deaf))
	ctx, cancel = context.WithCancel(context.Background())
	go func() { got <- a.Do(ctx, runtime.Request{Op: runtime.Stop, Ref: deaf}) }()
	eventually(t, "the helper", func() bool { return len(helpersOf(os.Getpid())) > 0 })
	cancel()
	if err := <-got; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("stop: %v", err)
	}
	if c := find(t, list(t, a), deaf.Name); c.State != runtime.Running {
		t.Errorf("a cancelled stop left it %s", c.State)
	}
	must(t, do(t, a, runtime.Kill, deaf))
}
