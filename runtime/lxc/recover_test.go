package lxc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// grow makes a root so large that its copy takes a while.
func grow(t testing.TB, root string) {
	t.Helper()
	text := strings.Repeat("0123456789abcdef", 4<<20/16)
	for i := range 64 {
		put(t, filepath.Join(root, "large", strconv.Itoa(i)), text)
	}
}

// copyOf is the process that copies below a directory; 0 = there is none.
func copyOf(dir string) (found int) {
	eachPID(func(pid int) {
		cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.HasPrefix(string(cmd), "rsync\x00") && strings.Contains(string(cmd), dir) {
			found = pid
		}
	})
	return found
}

// underRsync are operations whose rsync is under way, and where it writes.
func underRsync(ref runtime.Ref) []runtime.Request {
	to := runtime.Ref{Path: ref.Path, Name: "lxcdt-made"}
	return []runtime.Request{
		{Op: runtime.Snapshot, Ref: ref, Args: &runtime.SnapshotArgs{Comment: "x"}},
		{Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}},
		{Op: runtime.RestoreAs, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0", To: to}},
	}
}

func large(t testing.TB) (*lxctest.Scratch, *Adapter, runtime.Ref) {
	t.Helper()
	s := lxctest.New(t)
	must(t, s.AddOwn("lxcdt-large"))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-large"}
	grow(t, rootOn(ref))
	past(t, s, ref, rootOn(ref))
	return s, newAdapter(t, Options{Paths: []string{s.Path}}), ref
}

func wantAsBefore(t testing.TB, s *lxctest.Scratch, a *Adapter, ref runtime.Ref) {
	t.Helper()
	eventually(t, "nobody copies", func() bool { return copyOf(s.Path) == 0 })
	wantNothingLeft(t, a, s.Path)
	if got := snapshots(t, a, ref); len(got) != 1 {
		t.Errorf("snapshots %+v", got)
	}
	if entries, err := os.ReadDir(filepath.Join(ref.String(), "snaps")); err != nil || len(entries) != 1 {
		t.Errorf("in snaps: %v, %v", entries, err)
	}
	if exists(filepath.Join(s.Path, "lxcdt-made")) {
		t.Error("the new container is there")
	}
	if l := list(t, a); len(l.Containers) != 1 || len(l.NoConfig) != 0 {
		t.Errorf("in the list: %+v", l)
	}
	wantEra(t, s, ref, rootOn(ref), "present")
}

func TestCancelledCopiesLeaveNothing(t *testing.T) {
	s, a, ref := large(t)
	for _, q := range underRsync(ref) {
		t.Run(q.Op.String(), func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			got := make(chan error, 1)
			go func() { got <- a.Do(ctx, q) }()
			eventually(t, "the copy", func() bool { return copyOf(s.Path) != 0 })
			cancel()
			if err := <-got; !errors.Is(err, runtime.ErrCancelled) {
				t.Errorf("%v", err)
			}
			wantAsBefore(t, s, a, ref)
		})
	}
}

// TestKilledHelpersLeaveNothing kills the helper alone: the Adapter takes back what
// it has made, and ends the rsync that goes on writing.
func TestKilledHelpersLeaveNothing(t *testing.T) {
	s, a, ref := large(t)
	for _, q := range underRsync(ref) {
		t.Run(q.Op.String(), func(t *testing.T) {
			got := make(chan error, 1)
			go func() { got <- a.Do(context.Background(), q) }()
			eventually(t, "the copy", func() bool { return copyOf(s.Path) != 0 })
			if len(leftoversOf(t, a)) != 0 {
				t.Error("an operation under way is no leftover")
			}
			// Where it stands, so that it cannot end before its helper.
			rsync := copyOf(s.Path)
			_ = unix.Kill(rsync, unix.SIGSTOP)
			for _, pid := range helpersOf(os.Getpid()) {
				must(t, unix.Kill(pid, unix.SIGKILL))
			}
			if err := <-got; !errors.Is(err, runtime.ErrHelper) {
				t.Errorf("%v", err)
			}
			wantAsBefore(t, s, a, ref)
		})
	}
}

func TestSnapshotWithAStopKilledAtEveryStep(t *testing.T) {
	s, a := owning(t, "lxcdt-stop")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-stop"}
	must(t, s.Start(ref.Name))
	n := 0
	for _, way := range []runtime.RecoverWay{runtime.Finish, runtime.Undo} {
		for _, step := range []string{stepStopping, stepTaking, stepCopying, stepStarting} {
			killedAt(t, step, helperRequest{
				Kind: kindOp, Op: runtime.Snapshot, Ref: ref, Args: &runtime.SnapshotArgs{Way: runtime.StopAndStart, Comment: "c"},
			})
			must(t, goes(t, a, way))
			if got := find(t, list(t, a), ref.Name).State; got != runtime.Running {
				t.Errorf("%s at %s: it is %s", way, step, got)
			}
			if way == runtime.Finish || step == stepStarting {
				n++
			}
			got := snapshots(t, a, ref)
			if len(got) != n || n > 0 && got[n-1].Comment != "c" {
				t.Errorf("%s at %s: %+v", way, step, got)
			}
			wantNothingLeft(t, a, s.Path)
		}
	}
}

func TestOtherKillsAreCleared(t *testing.T) {
	s, a := owning(t, "lxcdt-kill")
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-kill"}
	must(t, s.Tool("lxc-snapshot", ref.Name))
	to := runtime.Ref{Path: s.Path, Name: "lxcdt-made"}
	killedAt(t, stepCopying, helperRequest{Kind: kindOp, Op: runtime.RestoreAs, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0", To: to}})
	must(t, goes(t, a, runtime.Undo))
	wantNothingLeft(t, a, s.Path)

	killedAt(t, "removing", helperRequest{Kind: kindOp, Op: runtime.DeleteSnapshot, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}})
	must(t, os.RemoveAll(filepath.Join(ref.String(), "snaps/snap0/rootfs/bin")))
	left := leftoversOf(t, a)
	if len(left) != 1 || slices.Contains(left[0].Ways, runtime.Undo) {
		t.Errorf("left: %+v", left)
	}
	mention(t, doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: left[0].ID, Way: runtime.Undo}), runtime.ErrInvalid, "undo")
	must(t, goes(t, a, runtime.Finish))
	wantNothingLeft(t, a, s.Path)
	if got := snapshots(t, a, ref); len(got) != 0 {
		t.Errorf("snapshots %+v", got)
	}
}

func TestJournalsThatCannotBeRead(t *testing.T) {
	s, a := owning(t, "lxcdt-ok")
	deck := filepath.Join(s.Path, deckDir)
	must(t, os.Mkdir(deck, 0o700))
	put(t, filepath.Join(deck, "snapshot-1-1.json"), "{")
	must(t, unix.Mkfifo(filepath.Join(deck, "restore-1-1.json"), 0o600))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-ok"}
	j, err := openJournal(runtime.Lock, ref, "x", nil)
	must(t, err)
	left := leftoversOf(t, a)
	if len(left) != 3 {
		t.Fatalf("left: %+v", left)
	}
	mention(t, doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: j.ID, Way: runtime.Undo}), runtime.ErrUnsupported)
	for _, l := range left {
		if !slices.Equal(l.Ways, []runtime.RecoverWay{runtime.Dismiss}) {
			t.Errorf("ways of %+v", l)
		}
		must(t, doing(t, a, runtime.Recover, l.Ref, &runtime.RecoverArgs{ID: l.ID, Way: runtime.Dismiss}))
	}
	wantNothingLeft(t, a, s.Path)
	// A directory that others can write says nothing.
	must(t, os.Mkdir(deck, 0o777))
	must(t, os.Chmod(deck, 0o777))
	put(t, filepath.Join(deck, "snapshot-1-1.json"), "{")
	if left := leftoversOf(t, a); len(left) != 0 {
		t.Errorf("believed: %+v", left)
	}
}

// TestWhatIsKeptGoesToNoOther: what a restore keeps is of one container, not of
// whichever has its name.
func TestWhatIsKeptGoesToNoOther(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := history(t, s, "lxcdt-kept")
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	mention(t, doing(t, a, runtime.Rename, ref, &runtime.RenameArgs{To: "lxcdt-new"}), runtime.ErrInUse, "from before the restore of snap0")
	must(t, doing(t, a, runtime.Destroy, ref, &runtime.DestroyArgs{Snapshots: true}))
	for _, want := range []string{"container is gone", "another one has its name"} {
		left := leftoversOf(t, a)
		if len(left) != 1 || !strings.Contains(left[0].What, want) || !slices.Equal(left[0].Ways, []runtime.RecoverWay{runtime.Dismiss}) {
			t.Fatalf("left: %+v", left)
		}
		if err := doing(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: left[0].ID, Way: runtime.Undo}); err == nil {
			t.Error("it was undone")
		}
		if !exists(ref.String()) {
			must(t, s.AddOwn(ref.Name))
			put(t, filepath.Join(rootOn(ref), "era"), "other")
		}
	}
	must(t, goes(t, a, runtime.Dismiss))
	wantNothingLeft(t, a, s.Path)
	if got := read(t, rootOn(ref), "era"); got != "other" {
		t.Errorf("the other one's root is of %q", got)
	}
}

// TestOrphansOfAZombieEnd: nobody has waited for the helper that was killed, and
// its rsync goes on.
func TestOrphansOfAZombieEnd(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close() // its end ends what the test has left
	// It waits for its input, which does not come; comm is its name (proc_pid_comm(5)).
	cmd := exec.Command("sh", "-c", `exec 3<&0; sh -c 'printf rsync >/proc/$$/comm; echo $$; read x <&3' & wait`)
	cmd.Stdin, cmd.SysProcAttr = r, &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	must(t, err)
	j := newJournal(runtime.Restore, runtime.Ref{Path: "/x", Name: "x"}, stepCopying, nil)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // it was killed
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	rsync, err := strconv.Atoi(strings.TrimSpace(line))
	must(t, err)
	must(t, unix.Kill(cmd.Process.Pid, unix.SIGKILL))
	state := func(pid int) string {
		f, err := statFields(pid)
		if err != nil {
			return ""
		}
		return f[0]
	}
	eventually(t, "the zombie", func() bool { return state(cmd.Process.Pid) == "Z" })
	j.ID = "restore-1-" + strconv.Itoa(cmd.Process.Pid)
	endOrphans(j)
	if s := state(rsync); s != "" && s != "Z" {
		t.Errorf("it goes on, in state %s", s)
	}
}
