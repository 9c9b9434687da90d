package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// ran is what a run told of its command.
type ran struct {
	mu       sync.Mutex
	out, err bytes.Buffer
	both     bytes.Buffer
	exit     *runtime.Exit
}

func (r *ran) told(p runtime.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.Stderr {
		r.err.Write(p.Output)
	} else {
		r.out.Write(p.Output)
	}
	r.both.Write(p.Output)
	if p.Exit != nil {
		r.exit = p.Exit
	}
}

func (r *ran) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.both.String()
}

// runs gives an Adapter and two stopped containers whose roots differ in a few files.
func runs(t *testing.T) (*Adapter, *lxctest.Scratch) {
	t.Helper()
	s := lxctest.New(t)
	for _, name := range []string{"lxcdt-a", "lxcdt-b"} {
		must(t, s.AddOwn(name))
		put(t, filepath.Join(s.Path, name, "rootfs/who"), name+"\n")
		put(t, filepath.Join(s.Path, name, "rootfs/only-"+name), name+"\n")
	}
	return adapterFor(t, s.Path), s
}

func on(s *lxctest.Scratch, names ...string) (out []runtime.Base) {
	for _, n := range names {
		name, snap, _ := strings.Cut(n, "/")
		out = append(out, runtime.Base{Ref: runtime.Ref{Path: s.Path, Name: name}, Snap: snap})
	}
	return out
}

// run runs a command of a shell on bases.
func run(t *testing.T, a *Adapter, s *lxctest.Scratch, name string, args runtime.RunArgs) (*ran, error) {
	t.Helper()
	if args.From == nil {
		args.From = on(s, "lxcdt-a")
	}
	if args.Network.Kind == runtime.DefaultNetwork {
		args.Network.Kind = runtime.NoNetwork
	}
	r := &ran{}
	ctx, cancel := context.WithTimeout(context.Background(), 2*longTime)
	defer cancel()
	err := a.Do(ctx, runtime.Request{
		Op: runtime.Run, Ref: runtime.Ref{Path: s.Path, Name: name}, Args: &args, Progress: r.told,
	})
	return r, err
}

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

// clean checks that a run left nothing: neither container, nor journal, nor an
// entry at its bases.
func clean(t *testing.T, s *lxctest.Scratch, name string) {
	t.Helper()
	for _, path := range []string{filepath.Join(s.Path, name), filepath.Join(s.Path, deckDir)} {
		if exists(path) {
			t.Errorf("%s is left", path)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.Path, "*", dependantsFile))
	must(t, err)
	for _, f := range left {
		text, err := os.ReadFile(f)
		must(t, err)
		if strings.Contains(string(text), "\n"+name+"\n") {
			t.Errorf("%s still names %s: %q", f, name, text)
		}
	}
}

func TestRunGivesOutputAndStatus(t *testing.T) {
	a, s := runs(t)
	for i, c := range []struct {
		script   string
		out, err string
		exit     runtime.Exit
	}{
		{"exit 0", "", "", runtime.Exit{}},
		{"echo out; echo err >&2; exit 7", "out\n", "err\n", runtime.Exit{Code: 7}},
		{"nosuchcommand 2>/dev/null", "", "", runtime.Exit{Code: 127}},
		{"printf 'a\\0b\\377'; printf '\\033]0;x\\a' >&2; exit 255", "a\x00b\xff", "\x1b]0;x\a", runtime.Exit{Code: 255}},
		{"read x; echo end $?", "end 1\n", "", runtime.Exit{}},
		{"echo 1; echo 2 > /dev/stderr; cat /who; hostname; pwd; echo $FOO-$HOME; id -u", "1\nlxcdt-a\nlxcdt-app\n/bin\nb  c -/root\n0\n", "2\n", runtime.Exit{}},
	} {
		r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh(c.script), Cwd: "/bin", Env: []string{"FOO=b  c "}, Remove: true})
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if r.exit == nil || *r.exit != c.exit || r.out.String() != strings.ReplaceAll(c.out, "b  c -", "b c -") || r.err.String() != c.err {
			t.Errorf("%q: %v, %q, %q", c.script, r.exit, r.out.String(), r.err.String())
		}
		clean(t, s, "lxcdt-app")
	}
}

func TestRunOfACommandThatIsNotThere(t *testing.T) {
	a, s := runs(t)
	for cmd, code := range map[string]int{"/bin/nosuch": 127, "nosuch": 127, "/who": 126} {
		r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: []string{cmd}})
		if err != nil || r.exit == nil || r.exit.Code != code || !strings.Contains(r.exit.Reason, "cannot run "+cmd) {
			t.Errorf("%s: %v, %v", cmd, r.exit, err)
		}
		clean(t, s, "lxcdt-app")
	}
}

// Each line is written once the one before it was seen: their order is known.
func TestRunKeepsTheOrderOfBothStreams(t *testing.T) {
	a, s := runs(t)
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh("for i in 1 2 3 4 5; do echo $i; usleep 100000; echo -$i >&2; usleep 100000; done"), Remove: true})
	if err != nil || r.text() != "1\n-1\n2\n-2\n3\n-3\n4\n-4\n5\n-5\n" {
		t.Errorf("%q, %v", r.text(), err)
	}
}

func TestRunFlood(t *testing.T) {
	a, s := runs(t)
	n := 0
	err := a.Do(context.Background(), runtime.Request{
		Op: runtime.Run, Ref: runtime.Ref{Path: s.Path, Name: "lxcdt-app"},
		Args: &runtime.RunArgs{From: on(s, "lxcdt-a"), Network: runtime.Network{Kind: runtime.NoNetwork}, Remove: true,
			Command: sh("dd if=/dev/zero bs=1M count=100 2>/dev/null")},
		Progress: func(p runtime.Progress) { n += len(p.Output) },
	})
	if err != nil || n != 100<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestRunOnSeveralBases(t *testing.T) {
	a, s := runs(t)
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{
		From: on(s, "lxcdt-a", "lxcdt-b"), Command: sh("cat /who /only-lxcdt-a /only-lxcdt-b; rm /only-lxcdt-b /who; echo new > /new"),
	})
	if err != nil || r.text() != "lxcdt-a\nlxcdt-a\nlxcdt-b\n" {
		t.Fatalf("%q, %v", r.text(), err)
	}
	if r, err = run(t, a, s, "lxcdt-app2", runtime.RunArgs{From: on(s, "lxcdt-b", "lxcdt-a"), Command: sh("cat /who"), Remove: true}); r.text() != "lxcdt-b\n" {
		t.Errorf("the first is not the uppermost: %q, %v", r.text(), err)
	}
	// On what was kept: its changes, whiteouts included, hide what lies below.
	r, err = run(t, a, s, "lxcdt-app3", runtime.RunArgs{From: on(s, "lxcdt-app", "lxcdt-b"), Command: sh("cat /new; ls /only-lxcdt-b /who"), Remove: true})
	if err != nil || r.out.String() != "new\n" || strings.Count(r.err.String(), "No such file") != 2 {
		t.Errorf("on an overlay: %q, %v", r.text(), err)
	}
	clean(t, s, "lxcdt-app3")
	for _, name := range []string{"lxcdt-a", "lxcdt-b"} {
		if text, err := os.ReadFile(filepath.Join(s.Path, name, "rootfs/who")); err != nil || string(text) != name+"\n" {
			t.Errorf("the root of %s was changed: %q, %v", name, text, err)
		}
		if err := s.Tool("lxc-destroy", name); err == nil {
			t.Errorf("lxc-destroy destroyed %s, on which another lies", name)
		}
	}
	lxcsOwnTools(t, a, s)
}

// lxcsOwnTools handles a container of two layers with LXC's tools.
func lxcsOwnTools(t *testing.T, a *Adapter, s *lxctest.Scratch) {
	t.Helper()
	if is := find(t, list(t, a), "lxcdt-app").State; is != runtime.Stopped {
		t.Errorf("the list says %s", is)
	}
	must(t, s.Tool("lxc-copy", "lxcdt-app", "-s", "-N", "lxcdt-copy"))
	out, err := outputOf("lxc-execute", "-P", s.Path, "-n", "lxcdt-copy", "-s", "lxc.console.path=none", "--", "/bin/sh", "-c", "cat /new /only-lxcdt-a; ls /only-lxcdt-b")
	if !strings.HasPrefix(out, "new\nlxcdt-a\n") || !strings.Contains(out, "No such file") {
		t.Errorf("the copy: %q, %v", out, err)
	}
	if err := s.Tool("lxc-destroy", "lxcdt-app"); err == nil {
		t.Error("lxc-destroy destroyed what its copy lies on")
	}
	must(t, s.Tool("lxc-destroy", "lxcdt-copy"))
	must(t, s.Tool("lxc-snapshot", "lxcdt-app"))
	must(t, s.Tool("lxc-snapshot", "lxcdt-app", "-d", "snap0"))
	must(t, s.Tool("lxc-start", "lxcdt-app", "-d", "--", "/bin/sh", "-c", "cat /new > /again; sleep 1000"))
	must(t, s.Tool("lxc-wait", "lxcdt-app", "-s", "RUNNING", "-t", "60"))
	within(t, "the second run", func() bool { return exists(filepath.Join(s.Path, "lxcdt-app/overlay/delta/again")) })
	must(t, s.Stop("lxcdt-app"))
	must(t, s.Tool("lxc-destroy", "lxcdt-app"))
	clean(t, s, "lxcdt-app")
	must(t, s.Tool("lxc-destroy", "lxcdt-b"))
}

func TestRunOnASnapshot(t *testing.T) {
	a, s := runs(t)
	must(t, s.Tool("lxc-snapshot", "lxcdt-a"))
	put(t, filepath.Join(s.Path, "lxcdt-a/rootfs/who"), "later\n")
	must(t, s.Start("lxcdt-a")) // its snapshot stands still all the same
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{From: on(s, "lxcdt-a/snap0"), Command: sh("cat /who")})
	if err != nil || r.text() != "lxcdt-a\n" {
		t.Fatalf("%q, %v", r.text(), err)
	}
	must(t, s.Stop("lxcdt-a"))
	for _, args := range [][]string{{"lxc-snapshot", "-d", "snap0"}, {"lxc-destroy", "-s"}} {
		_ = s.Tool(args[0], "lxcdt-a", args[1:]...)
		if !exists(filepath.Join(s.Path, "lxcdt-a/snaps/snap0/rootfs/who")) {
			t.Fatalf("%v destroyed a snapshot on which a container lies", args)
		}
	}
	must(t, s.Tool("lxc-destroy", "lxcdt-app"))
	must(t, s.Tool("lxc-snapshot", "lxcdt-a", "-d", "snap0"))
}

func TestRunIsRefused(t *testing.T) {
	a, s := runs(t)
	must(t, s.Add("lxcdt-mapped", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 100000 65536"))
	must(t, s.Add("lxcdt-loop", "lxc.rootfs.path = loop:"+s.Path+"/lxcdt-file"))
	must(t, s.Add("lxcdt-up"))
	must(t, s.Start("lxcdt-up"))
	must(t, s.Tool("lxc-copy", "lxcdt-b", "-s", "-N", "lxcdt-over"))
	must(t, s.Start("lxcdt-b"))
	must(t, os.WriteFile(filepath.Join(s.Path, "lxcdt-file"), nil, 0o644))
	for _, c := range []struct {
		name string
		from []runtime.Base
		conf []string
		want error
		says string
	}{
		{"lxcdt-app", on(s, "lxcdt-up"), nil, runtime.ErrWrongState, "lxcdt-up is RUNNING"},
		{"lxcdt-app", on(s, "lxcdt-none"), nil, runtime.ErrNotFound, "lxcdt-none"},
		{"lxcdt-app", on(s, "lxcdt-a/snap3"), nil, runtime.ErrNoSnapshot, "lxcdt-a/snap3"},
		{"lxcdt-app", on(s, "lxcdt-a", "lxcdt-mapped"), nil, runtime.ErrInvalid, "lxcdt-a has none, lxcdt-mapped has g 0 100000 65536"},
		{"lxcdt-app", on(s, "lxcdt-loop"), nil, runtime.ErrUnsupported, "only directories"},
		{"lxcdt-app", on(s, "lxcdt-a"), []string{"lxc.no.such = 1"}, runtime.ErrConfig, "lxc.no.such"},
		{"lxcdt-app", on(s, "lxcdt-a"), []string{"lxc.rootfs.path = /"}, runtime.ErrInvalid, "lxc.rootfs"},
		{"lxcdt-b", on(s, "lxcdt-a"), nil, runtime.ErrExists, "lxcdt-b"},
		{"lxcdt-file", on(s, "lxcdt-a"), nil, runtime.ErrExists, "lxcdt-file"},
		{"lxcdt-app", on(s, "lxcdt-over"), nil, runtime.ErrWrongState, "is an overlay on lxcdt-b, which is RUNNING"},
		{"lxcdt:r", on(s, "lxcdt-a"), nil, runtime.ErrUnsupported, "overlay"},
		{"lxcdt-\nr", on(s, "lxcdt-a"), nil, runtime.ErrInvalid, "name"},
	} {
		r, err := run(t, a, s, c.name, runtime.RunArgs{From: c.from, Config: c.conf, Command: sh("echo ran")})
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) || r.text() != "" || r.exit != nil {
			t.Errorf("%q on %v: %v, %q", c.name, c.from, err, r.text())
		}
		if c.name == "lxcdt-app" {
			clean(t, s, c.name)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Path, "lxcdt-b/rootfs/who")); err != nil {
		t.Error("a name that was taken lost its root")
	}
	if got := runningNames(t, a); got != "lxcdt-b lxcdt-up" {
		t.Errorf("running: %s", got)
	}
}

func runningNames(t *testing.T, a *Adapter) string {
	t.Helper()
	var names []string
	for _, c := range list(t, a).Containers {
		if c.State != runtime.Stopped {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestRunWithMappedIDs(t *testing.T) {
	a, s := runs(t)
	shift(t, filepath.Join(s.Path, "lxcdt-a/rootfs"), 100000)
	must(t, os.Chmod(filepath.Join(s.Path, "lxcdt-a"), 0o755)) // else it could not start itself
	config := filepath.Join(s.Path, "lxcdt-a/config")
	text, err := os.ReadFile(config)
	must(t, err)
	put(t, config, string(text)+"lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n")
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh("id -u; echo x > /made; echo y > /dev/stdout; cat /proc/self/uid_map; rm /who")})
	if err != nil || !strings.HasPrefix(r.text(), "0\ny\n") || !strings.Contains(r.text(), "100000") {
		var e *runtime.Error
		errors.As(err, &e)
		t.Fatalf("%q, %v: %s", r.text(), err, e.Log)
	}
	st, err := os.Lstat(filepath.Join(s.Path, "lxcdt-app/overlay/delta/made"))
	must(t, err)
	if uid := owner(st); uid != 100000 {
		t.Errorf("what its root made belongs to %d", uid)
	}
	must(t, s.Tool("lxc-destroy", "lxcdt-app"))
}

func shift(t *testing.T, dir string, by int) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, by, by)
	}))
}
