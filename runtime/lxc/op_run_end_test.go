package lxc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
	"lxcdeck/runtime/lxctest"
)

func outputOf(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func owner(st os.FileInfo) int { return int(st.Sys().(*syscall.Stat_t).Uid) }

// appOf is a name that no test of another process has at the same time: cgroups have
// containers' names alone.
func appOf(s *lxctest.Scratch) runtime.Ref {
	return runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "app-" + strings.TrimPrefix(filepath.Base(s.Path), lxctest.Prefix)}
}

// begun starts a run that goes on until it is ended, and waits until its command
// has said so.
func begun(t *testing.T, a *Adapter, s *lxctest.Scratch, args runtime.RunArgs) (r *ran, cancel context.CancelFunc, done <-chan error) {
	t.Helper()
	args.Network.Kind = runtime.NoNetwork
	if args.From == nil {
		args.From = on(s, "lxcdt-a")
	}
	r = &ran{}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	got := make(chan error, 1)
	go func() {
		got <- a.Do(ctx, runtime.Request{
			Op: runtime.Run, Ref: appOf(s), Args: &args, Progress: r.told,
		})
	}()
	within(t, "the command's first word", func() bool { return strings.Contains(r.text(), "up\n") })
	return r, cancel, got
}

const endless = ": > /made; echo up; while :; do sleep 1; done"

func TestRunEndedByASignal(t *testing.T) {
	a, s := runs(t)
	r, _, done := begun(t, a, s, runtime.RunArgs{Command: sh(endless), Remove: true})
	pid, err := a.initPID(context.Background(), appOf(s))
	must(t, err)
	must(t, unix.Kill(pid, unix.SIGKILL))
	if err := <-done; err != nil || r.exit == nil || *r.exit != (runtime.Exit{Code: 137, Signal: 9}) {
		t.Errorf("%v, %v", r.exit, err)
	}
	clean(t, s, appOf(s).Name)
}

// What the command leaves running ends with it: none holds the run up.
func TestRunEndsWithItsCommand(t *testing.T) {
	a, s := runs(t)
	sleep := "sleep 4242" + strconv.Itoa(os.Getpid()) // nobody else's
	r, err := run(t, a, s, "lxcdt-app", runtime.RunArgs{Command: sh(sleep + " & " + sleep + " & echo up; exit 3"), Remove: true})
	if err != nil || r.exit.Code != 3 {
		t.Errorf("%v, %v", r.exit, err)
	}
	if out, _ := outputOf("pgrep", "-f", sleep); out != "" {
		t.Errorf("left running: %q", out)
	}
}

func TestRunIsCancelled(t *testing.T) {
	a, s := runs(t)
	for _, c := range []struct {
		what, script string
		exit         runtime.Exit
		remove       bool
	}{
		{"deaf", endless, runtime.Exit{Code: 137, Signal: 9}, true},
		{"with a handler", "trap 'exit 5' TERM; " + endless, runtime.Exit{Code: 5}, true},
		{"kept", endless, runtime.Exit{Code: 137, Signal: 9}, false},
	} {
		r, cancel, done := begun(t, a, s, runtime.RunArgs{Command: sh(c.script), Remove: c.remove})
		began := time.Now()
		cancel()
		if err := <-done; !errors.Is(err, runtime.ErrCancelled) || r.exit == nil || *r.exit != c.exit {
			t.Errorf("%s: %v, %v", c.what, r.exit, err)
		}
		t.Logf("%s: ended after %s", c.what, time.Since(began))
		if c.remove {
			clean(t, s, appOf(s).Name)
			continue
		}
		if !exists(filepath.Join(appOf(s).String(), "overlay/delta/made")) || exists(filepath.Join(s.Path, deckDir)) {
			t.Error("what it changed was not kept, or a journal is left")
		}
		must(t, s.Tool("lxc-destroy", appOf(s).Name))
	}
	_, cancel, done := begun(t, a, s, runtime.RunArgs{Command: sh(endless), Remove: true})
	must(t, do(t, a, runtime.Freeze, appOf(s)))
	cancel()
	if err := <-done; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("frozen: %v", err)
	}
	clean(t, s, appOf(s).Name)
	if left := cgroupsOf(appOf(s).Name); len(left) > 0 {
		t.Errorf("cgroups are left: %v", left)
	}
}

func cgroupsOf(name string) (left []string) {
	for _, end := range []string{"", "-[0-9]"} {
		found, _ := filepath.Glob("/sys/fs/cgroup/*/lxc.*." + name + end)
		left = append(left, found...)
	}
	return left
}

// What runs is a container like others: it can be looked into, frozen and
// stopped, by whomever.
func TestRunIsStoppedLikeAnyContainer(t *testing.T) {
	a, s := runs(t)
	other := adapterFor(t, s.Path)
	ref := appOf(s)
	for _, by := range []*Adapter{a, other} {
		r, _, done := begun(t, a, s, runtime.RunArgs{Command: sh(endless), Remove: true})
		if exit, err := by.Exec(context.Background(), runtime.Shell{Ref: ref, Command: []string{"test", "-e", "/made"}}, runtime.Stdio{}); err != nil || exit.Code != 0 {
			t.Errorf("a command beside it: %v, %v", exit, err)
		}
		if left, err := journals(s.Path); err != nil || len(left) != 0 {
			t.Errorf("what runs counts as left: %v, %v", left, err)
		}
		must(t, do(t, by, runtime.Freeze, ref))
		must(t, do(t, by, runtime.Thaw, ref))
		must(t, do(t, by, runtime.Kill, ref))
		if err := <-done; err != nil || r.exit == nil || r.exit.Signal != 9 {
			t.Errorf("%v, %v", r.exit, err)
		}
		clean(t, s, ref.Name)
	}
}

func TestRunHasATimeout(t *testing.T) {
	a, s := runs(t)
	r := &ran{}
	err := a.Do(context.Background(), runtime.Request{
		Op: runtime.Run, Ref: appOf(s), Timeout: 2 * time.Second, Progress: r.told,
		Args: &runtime.RunArgs{From: on(s, "lxcdt-a"), Network: runtime.Network{Kind: runtime.NoNetwork}, Command: sh(endless), Remove: true},
	})
	if !errors.Is(err, runtime.ErrCancelled) || !strings.Contains(fmt.Sprint(err), "after 2s") || r.exit == nil || r.exit.Signal != 9 {
		t.Errorf("%v, %v", r.exit, err)
	}
	clean(t, s, appOf(s).Name)
}

// The helper is the parent of the container's monitor: both end with it. What was to
// go is removed; of what was to stay the person decides.
func TestRunWhoseHelperIsKilled(t *testing.T) {
	a, s := runs(t)
	for _, c := range []struct {
		remove bool
		ways   []runtime.RecoverWay
	}{
		{remove: false, ways: []runtime.RecoverWay{runtime.Finish, runtime.Undo}},
		{remove: true},
		{remove: false, ways: []runtime.RecoverWay{runtime.Undo, runtime.Finish}},
	} {
		_, _, done := begun(t, a, s, runtime.RunArgs{Command: sh(endless), Remove: c.remove})
		helpers := helpersOf(os.Getpid())
		if len(helpers) != 1 {
			t.Fatalf("helpers %v", helpers)
		}
		must(t, unix.Kill(helpers[0], unix.SIGKILL))
		err := <-done
		if !errors.Is(err, runtime.ErrHelper) {
			t.Errorf("%v, want ErrHelper", err)
		}
		if c.ways != nil {
			var e *runtime.Error
			if !strings.Contains(fmt.Sprint(err), "is kept") || !errors.As(err, &e) || e.Hint == "" {
				t.Errorf("%v, which does not say that something is left", err)
			}
			within(t, "the end of the container", func() bool { return find(t, list(t, a), appOf(s).Name).State == runtime.Stopped })
			left := leftoversOf(t, a)
			if len(left) != 1 || !strings.Contains(left[0].What, "sleep 1") || left[0].Ref != appOf(s) || len(left[0].Ways) != 2 {
				t.Fatalf("left: %+v", left)
			}
			if !exists(filepath.Join(s.Path, "lxcdt-a", dependantsFile)) {
				t.Error("its base was given free")
			}
			must(t, goes(t, a, c.ways[0]))
		}
		if left := cgroupsOf(appOf(s).Name); len(left) > 0 {
			t.Errorf("cgroups are left: %v", left)
		}
		if len(c.ways) == 0 || c.ways[0] == runtime.Undo {
			clean(t, s, appOf(s).Name)
			continue
		}
		wantNothingLeft(t, a, s.Path)
		if left := cgroupsOf(appOf(s).Name); len(left) > 0 {
			t.Errorf("cgroups are left: %v", left)
		}
		if !exists(filepath.Join(appOf(s).String(), "overlay/delta/made")) {
			t.Error("finishing did not keep it")
		}
		must(t, s.Tool("lxc-destroy", appOf(s).Name))
		clean(t, s, appOf(s).Name)
	}
}

// A run whose lxcdeck is dead goes on to its end, and clears up behind itself.
func TestRunWhoseLxcdeckIsKilled(t *testing.T) {
	a, s := runs(t)
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), runParent+"="+s.Path)
	must(t, parent.Start())
	t.Cleanup(func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-app"}
	within(t, "the command", func() bool { return exists(filepath.Join(ref.String(), "overlay/delta/made")) })
	must(t, parent.Process.Signal(unix.SIGKILL))
	_ = parent.Wait()
	if !held(goesOn(ref)) {
		t.Fatal("the run ended with its lxcdeck: the test shows nothing")
	}
	// Its output has no reader any more, and that does not end it.
	pid, err := a.initPID(context.Background(), ref)
	must(t, err)
	put(t, fmt.Sprintf("/proc/%d/root/go", pid), "")
	within(t, "the end of the run", func() bool { return !held(goesOn(ref)) })
	clean(t, s, "lxcdt-app")
	var last audit.Record
	within(t, "its result in the audit log", func() bool {
		text, err := os.ReadFile(filepath.Join(s.Path, "audit.jsonl"))
		return err == nil && json.Unmarshal(text, &last) == nil
	})
	if last.ID != "record" || !last.Unattended || last.Code == nil || *last.Code != 5 {
		t.Errorf("the audit log has %+v", last)
	}
}

// runMain is an lxcdeck that runs a command and can be killed while it does.
func runMain(path string) int {
	a, err := New(Options{Paths: []string{path}, Answer: slowAnswer, Audit: filepath.Join(path, "audit.jsonl")})
	if err != nil {
		return 2
	}
	ref := runtime.Ref{Path: path, Name: "lxcdt-app"}
	base := runtime.Base{Ref: runtime.Ref{Path: path, Name: "lxcdt-a"}}
	err = a.Do(context.Background(), runtime.Request{Op: runtime.Run, Ref: ref, Record: "record", Args: &runtime.RunArgs{
		From: []runtime.Base{base}, Network: runtime.Network{Kind: runtime.NoNetwork}, Remove: true,
		Command: sh(": > /made; while [ ! -e /go ]; do echo out; echo err >&2; usleep 10000; done; exit 5"),
	}})
	if err != nil {
		return 1
	}
	return 0
}

// What was killed between two steps is told of and cleared, with nothing left.
func TestRunKilledAtEachStep(t *testing.T) {
	a, s := runs(t)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-app"}
	for _, c := range []struct {
		step   string
		remove bool
		says   string
		way    runtime.RecoverWay
	}{
		{runMaking, true, "before the command began", runtime.Undo},
		{runEntered, true, "before the command began", runtime.Undo},
		{runRunning, true, "before its container was removed", runtime.Finish},
		{runRunning, false, "is still there", runtime.Undo},
		{runRemoving, true, "before its container was removed", runtime.Finish},
	} {
		killedAt(t, c.step, helperRequest{Kind: kindOp, Op: runtime.Run, Ref: ref, Timeout: longTime, Args: &runtime.RunArgs{
			From: on(s, "lxcdt-a"), Network: runtime.Network{Kind: runtime.NoNetwork}, Command: sh("true"), Remove: c.remove,
		}})
		left := leftoversOf(t, a)
		if len(left) != 1 || left[0].Ref != ref || !strings.Contains(left[0].What, c.says) {
			t.Fatalf("%s: %+v", c.step, left)
		}
		must(t, goes(t, a, c.way))
		clean(t, s, ref.Name)
		wantNothingLeft(t, a, s.Path)
	}
}

// A directory that was not noted yet goes; another's container of that name stays.
func TestRunRemovesWhatIsItsOwn(t *testing.T) {
	a, s := runs(t)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-app"}
	begin := func() *journal {
		j, err := openJournal(runtime.Run, ref, runMaking, map[string]string{factCommand: "true", factBases: string(pairsText([]runtime.Ref{{Path: s.Path, Name: "lxcdt-a"}}))})
		must(t, err)
		return j
	}
	begin()
	must(t, os.Mkdir(ref.String(), 0o770))
	must(t, goes(t, a, runtime.Undo))
	clean(t, s, ref.Name)

	if _, err := run(t, a, s, ref.Name, runtime.RunArgs{Command: sh("true")}); err != nil {
		t.Fatal(err)
	}
	j := begin()
	j.Facts[factDir] = []byte("another")
	must(t, j.step(runMaking))
	must(t, goes(t, a, runtime.Undo))
	if !exists(filepath.Join(ref.String(), "config")) || !exists(filepath.Join(s.Path, "lxcdt-a", dependantsFile)) {
		t.Error("another container of that name was touched")
	}
}

func TestRunOnAFullDisk(t *testing.T) {
	a, s := runs(t)
	full := filepath.Join(s.Path, "full")
	tmpfs(t, full, "64k")
	ref := runtime.Ref{Path: full, Name: "lxcdt-app"}
	args := &runtime.RunArgs{From: on(s, "lxcdt-a"), Network: runtime.Network{Kind: runtime.NoNetwork}, Command: sh("cat /dev/zero > /big"), Remove: true}
	r := &ran{}
	if err := a.Do(context.Background(), runtime.Request{Op: runtime.Run, Ref: ref, Args: args, Progress: r.told}); err != nil || r.exit == nil || r.exit.Code != 1 {
		t.Errorf("a command that fills the disk: %v, %v", r.exit, err)
	}
	_ = os.WriteFile(filepath.Join(full, "fill"), make([]byte, 64<<10), 0o644)
	err := a.Do(context.Background(), runtime.Request{Op: runtime.Run, Ref: ref, Args: args, Progress: r.told})
	var e *runtime.Error
	if !errors.Is(err, unix.ENOSPC) && !strings.Contains(fmt.Sprint(err), "no space left") || !errors.As(err, &e) || !strings.Contains(e.Hint, "full") {
		t.Errorf("on a full disk: %v", err)
	}
	if entries, _ := os.ReadDir(full); len(entries) != 1 || entries[0].Name() != "fill" {
		t.Errorf("left on the full disk: %v", entries)
	}
	if exists(filepath.Join(s.Path, "lxcdt-a", dependantsFile)) {
		t.Error("the base still names it")
	}
}

// Many at once on one base leave its list of dependants whole.
func TestRunsAtOnce(t *testing.T) {
	a, s := runs(t)
	const n = 6
	errs := make(chan error, n)
	for i := range n {
		go func() {
			errs <- a.Do(context.Background(), runtime.Request{
				Op: runtime.Run, Ref: runtime.Ref{Path: s.Path, Name: "lxcdt-app" + strconv.Itoa(i)},
				Args: &runtime.RunArgs{From: on(s, "lxcdt-a", "lxcdt-b"), Network: runtime.Network{Kind: runtime.NoNetwork}, Command: sh("true"), Remove: i%2 == 0},
			})
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"lxcdt-a", "lxcdt-b"} {
		text, err := os.ReadFile(filepath.Join(s.Path, name, dependantsFile))
		if err != nil || strings.Count(string(text), "lxcdt-app") != n/2 {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for i := 1; i < n; i += 2 {
		must(t, s.Tool("lxc-destroy", "lxcdt-app"+strconv.Itoa(i)))
	}
}

// What a command runs on stands still meanwhile, whoever asks; its copies and
// snapshots can be made, and what was run on a snapshot keeps nobody.
func TestRunKeepsItsBaseFromStarting(t *testing.T) {
	a, s := runs(t)
	must(t, s.Tool("lxc-snapshot", "lxcdt-a"))
	base := runtime.Ref{Path: s.Path, Name: "lxcdt-a"}
	_, cancel, done := begun(t, a, s, runtime.RunArgs{Command: sh(endless), Remove: true})
	for _, by := range []*Adapter{a, adapterFor(t, s.Path)} {
		mention(t, do(t, by, runtime.Start, base), runtime.ErrInUse, appOf(s).Name)
	}
	if err := change(t, a, runtime.Snapshot, base, nil); err != nil {
		t.Errorf("a snapshot of it: %v", err)
	}
	if err := change(t, a, runtime.Destroy, base, &runtime.DestroyArgs{Snapshots: true}); !errors.Is(err, runtime.ErrInUse) {
		t.Errorf("destroy: %v", err)
	}
	cancel()
	<-done
	must(t, do(t, a, runtime.Start, base))
	must(t, s.Stop(base.Name))
	_, cancel, done = begun(t, a, s, runtime.RunArgs{From: on(s, "lxcdt-a/snap0"), Command: sh(endless), Remove: true})
	must(t, do(t, a, runtime.Start, base))
	cancel()
	<-done
}

// All that lxcdeck copies of what lies on several roots has all of them.
func TestRunOnSeveralBasesIsCopiedWhole(t *testing.T) {
	a, s := runs(t)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-app"}
	if _, err := run(t, a, s, ref.Name, runtime.RunArgs{From: on(s, "lxcdt-a", "lxcdt-b"), Command: sh("echo new > /new; rm /only-lxcdt-a")}); err != nil {
		t.Fatal(err)
	}
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-copy")}))
	if text, err := os.ReadFile(filepath.Join(s.Path, "lxcdt-copy/config")); err != nil || strings.Contains(string(text), "lowerdir") {
		t.Errorf("the copy names what it does not lie on: %v\n%s", err, text)
	}
	must(t, change(t, a, runtime.Rename, ref, &runtime.RenameArgs{To: "lxcdt-app2"}))
	f := archiveFileIn(t, t.TempDir())
	if _, err := shipping(t, a, runtime.Pack, to(ref, "lxcdt-app2"), &runtime.PackArgs{}, f); err != nil {
		t.Fatal(err)
	}
	if _, err := shipping(t, a, runtime.Unpack, to(ref, "lxcdt-out"), &runtime.UnpackArgs{}, rewound(t, f)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lxcdt-copy", "lxcdt-out"} {
		root := rootOfBox(to(ref, name))
		if !exists(filepath.Join(root, "only-lxcdt-b")) || !exists(filepath.Join(root, "new")) || exists(filepath.Join(root, "only-lxcdt-a")) {
			t.Errorf("%s is not whole", root)
		}
	}
	r, err := run(t, a, s, "lxcdt-again", runtime.RunArgs{From: on(s, "lxcdt-app2"), Command: sh("cat /new /only-lxcdt-b"), Remove: true})
	if err != nil || r.text() != "new\nlxcdt-b\n" {
		t.Errorf("after the rename: %q, %v", r.text(), err)
	}
}

// runParent makes the test binary the lxcdeck of runMain.
const runParent = "LXCDT_RUN_PARENT"
