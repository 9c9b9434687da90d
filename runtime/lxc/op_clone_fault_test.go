package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// small mounts a file system of a few megabytes and a few files.
func small(t testing.TB, options string) string {
	t.Helper()
	rootOnly(t)
	dir, err := os.MkdirTemp("", lxctest.Prefix)
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	must(t, unix.Mount("lxcdt", dir, "tmpfs", 0, "mode=755,"+options))
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
		must(t, os.Remove(dir))
	})
	return dir
}

func TestCloneOnAFullDisk(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	for i := range 40 {
		put(t, filepath.Join(ref.String(), "rootfs/data", fmt.Sprint(i)), strings.Repeat("x", 100<<10))
	}
	for name, options := range map[string]string{
		"too large, as can be seen before": "size=1m",
		"no room for more files":           "size=64m,nr_inodes=30",
		"no room at all":                   "size=1m,nr_inodes=2",
	} {
		t.Run(name, func(t *testing.T) {
			place := small(t, options)
			dst := runtime.Ref{Path: place, Name: "lxcdt-b"}
			err := change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: dst})
			var e *runtime.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), "no space left") || e.Hint == "" {
				t.Errorf("%v\nhint: %+v", err, e)
			}
			nothingLeft(t, place)
			nothingLeft(t, s.Path, "lxcdt-a")
			nothingLeft(t, ref.String(), "config", "rootfs")
		})
	}
}

// heavy makes the root large enough to be caught half way: a file whose holes
// take rsync minutes to read.
func heavy(t testing.TB, ref runtime.Ref) {
	t.Helper()
	put(t, filepath.Join(ref.String(), "rootfs/zz-large"), "x")
	must(t, unix.Truncate(filepath.Join(ref.String(), "rootfs/zz-large"), 1<<40))
}

// underWay begins a clone and waits until it copies. The error comes over the channel.
func underWay(ctx context.Context, t *testing.T, a *Adapter, ref, dst runtime.Ref) <-chan error {
	t.Helper()
	var mu sync.Mutex
	var seen []uint64
	ended := make(chan error, 1)
	go func() {
		ended <- a.Do(ctx, runtime.Request{Op: runtime.Clone, Ref: ref, Args: &runtime.CloneArgs{To: dst}, Progress: func(p runtime.Progress) {
			mu.Lock()
			defer mu.Unlock()
			if p.Total > 0 {
				seen = append(seen, p.Done)
			}
		}})
	}()
	eventually(t, "a count of bytes that moves", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("it is over already: %v", err)
		default:
		}
		mu.Lock()
		defer mu.Unlock()
		return len(seen) > 2 && seen[len(seen)-1] > seen[0]
	})
	return ended
}

func TestCloneCancelled(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	heavy(t, ref)
	ctx, cancel := context.WithCancel(t.Context())
	ended := underWay(ctx, t, a, ref, to(ref, "lxcdt-b"))
	cancel()
	if err := <-ended; !errors.Is(err, runtime.ErrCancelled) || strings.Contains(err.Error(), "cleared") {
		t.Errorf("%v", err)
	}
	nothingLeft(t, s.Path, "lxcdt-a")
	if out, _ := exec.Command("pgrep", "-f", "rsync.*"+s.Path).Output(); len(out) > 0 {
		t.Errorf("rsync still runs: %s", out)
	}
}

func TestCloneKilled(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	heavy(t, ref)
	dst := to(ref, "lxcdt-b")
	ended := underWay(t.Context(), t, a, ref, dst)
	// The helper alone dies, and its journal tells of what it left.
	helper := helperOf(t, os.Getpid(), helperArg)
	must(t, unix.Kill(-helper, unix.SIGKILL))
	if err := <-ended; !errors.Is(err, runtime.ErrHelper) {
		t.Errorf("%v", err)
	}
	nothingLeft(t, s.Path, "lxcdt-a")

	// Helper and caller die: the next start finds it. The journal is what a
	// helper has written that nobody cleared after.
	ctx, cancel := context.WithCancel(t.Context())
	ended = underWay(ctx, t, a, ref, dst)
	all, err := journalsOf(ref.Path)
	must(t, err)
	kept := read(t, filepath.Join(ref.Path, deckDir, all[0]))
	cancel()
	<-ended
	put(t, filepath.Join(ref.Path, deckDir, all[0]), kept)
	must(t, os.Chmod(filepath.Join(ref.Path, deckDir), 0o700))
	put(t, filepath.Join(dst.String(), "rootfs/half"), "x")
	put(t, filepath.Join(ref.String(), dependantsFile), dst.Path+"\n"+dst.Name+"\n")
	left, err := journals(ref.Path)
	must(t, err)
	if len(left) != 1 {
		t.Fatalf("leftovers: %v", left)
	}
	l := left[0]
	// What has the name by now is not what was begun: it stays, also in the books.
	must(t, change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: l.ID, Way: runtime.Undo}))
	nothingLeft(t, s.Path, "lxcdt-a", "lxcdt-b")
	if deps, err := dependantsOf(ref); err != nil || !slices.Equal(deps, []runtime.Ref{dst}) {
		t.Errorf("dependants %v, %v", deps, err)
	}
	handle, err := handleOf(dst.String())
	must(t, err)
	must(t, os.Mkdir(filepath.Join(ref.Path, deckDir), 0o700))
	l.Facts[factMade] = []byte(handle)
	must(t, l.step(stepCopy))
	if what, ways := leftClone(l); l.made() != dst || l.ref() != ref || !strings.Contains(what, dst.Name) || !slices.Equal(ways, []runtime.RecoverWay{runtime.Undo}) {
		t.Errorf("%s: %v, %+v", what, ways, l)
	}
	must(t, change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: l.ID, Way: runtime.Undo}))
	nothingLeft(t, s.Path, "lxcdt-a")
	nothingLeft(t, ref.String(), "config", "rootfs")
	if err := change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: l.ID, Way: runtime.Undo}); !errors.Is(err, runtime.ErrNoLeftover) {
		t.Errorf("twice: %v", err)
	}
}

// journalsOf are the names of the journals of an lxcpath, those under way too.
func journalsOf(path string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(path, deckDir))
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), journalEnd) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// helperOf finds the child of a process whose command line ends so.
func helperOf(t testing.TB, parent int, arg string) int {
	t.Helper()
	for _, pid := range childrenOf(parent) {
		if cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.HasSuffix(strings.TrimRight(string(cmd), "\x00"), arg) {
			return pid
		}
	}
	t.Fatalf("process %d has no child %s", parent, arg)
	return 0
}

func TestCloneWithoutRsync(t *testing.T) {
	s := lxctest.New(t)
	ref := ownRoot(t, s.Path, "lxcdt-a")
	t.Setenv("PATH", t.TempDir())
	copies := &clonePlan{from: ref, to: to(ref, "lxcdt-b")}
	var e *runtime.Error
	if err := copies.check(); !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "rsync") || !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("%v", err)
	}
	over := &clonePlan{from: ref, to: to(ref, "lxcdt-b"), cow: true}
	if err := over.check(); err != nil {
		t.Errorf("an overlay needs no rsync: %v", err)
	}
}

// btrfsPath gives an lxcpath on a btrfs of its own.
func btrfsPath(t *testing.T) string {
	t.Helper()
	rootOnly(t)
	if _, err := exec.LookPath("mkfs.btrfs"); err != nil {
		t.Skip("LEFT OUT: btrfs-progs are not installed: roots on btrfs are left out")
	}
	dir, err := os.MkdirTemp("", lxctest.Prefix)
	must(t, err)
	at, image := filepath.Join(dir, "fs"), filepath.Join(dir, "image")
	must(t, os.Mkdir(at, 0o755))
	must(t, os.Chmod(dir, 0o755))
	put(t, image, "")
	must(t, os.Truncate(image, 256<<20))
	for _, cmd := range [][]string{{"mkfs.btrfs", "-q", image}, {"mount", "-o", "loop", image, at}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			must(t, os.RemoveAll(dir))
			t.Fatalf("%v: %v: %s", cmd, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
			return
		}
		must(t, os.RemoveAll(dir))
	})
	return at
}

func TestCloneAndRenameOnBtrfs(t *testing.T) {
	path := btrfsPath(t)
	a := newAdapter(t, Options{Paths: []string{path}})
	ref := ownRoot(t, path, "lxcdt-a")
	root := filepath.Join(ref.String(), "rootfs")
	must(t, os.Rename(root, root+"-dir"))
	for _, cmd := range [][]string{{"btrfs", "subvolume", "create", root}, {"cp", "-a", root + "-dir/.", root}, {"rm", "-r", root + "-dir"}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", cmd, err, out)
		}
	}
	c, err := readConfOf(ref)
	must(t, err)
	must(t, c.set("lxc.rootfs.path", "btrfs:"+root))
	must(t, c.write())
	for name, args := range map[string]*runtime.CloneArgs{"lxcdt-snap": {CoW: true}, "lxcdt-copy": {}} {
		args.To = to(ref, name)
		if err := change(t, a, runtime.Clone, ref, args); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := read(t, filepath.Join(path, name, "rootfs/etc/hostname")); got != name+"\n" {
			t.Errorf("%s: hostname %q", name, got)
		}
		if !isSubvolume(filepath.Join(path, name, "rootfs")) {
			t.Errorf("%s is no subvolume", name)
		}
	}
	if err := change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-dir"), Backing: "dir"}); !errors.Is(err, runtime.ErrUnsupported) {
		t.Errorf("a directory of a subvolume: %v", err)
	}
	must(t, change(t, a, runtime.Rename, to(ref, "lxcdt-snap"), &runtime.RenameArgs{To: "lxcdt-new"}))
	f, err := a.Footprint(t.Context(), to(ref, "lxcdt-new"))
	if err != nil || f.Backing != "btrfs" || f.FrozenSnapshot != "" || f.RenameCopies != "" {
		t.Errorf("%+v, %v", f, err)
	}
	// Half-made ones go, subvolumes and all.
	o := &operation{log: func() string { return "" }}
	must(t, o.removeCopy(to(ref, "lxcdt-new"), ref))
	must(t, o.removeCopy(to(ref, "lxcdt-copy"), ref))
	nothingLeft(t, path, "lxcdt-a")
}

// TestCopiesOfWhatIsStartedMeanwhile: an lxc-start does not know that a container
// is being copied.
func TestCopiesOfWhatIsStartedMeanwhile(t *testing.T) {
	s, a, ref := large(t)
	for _, q := range []runtime.Request{
		{Op: runtime.Snapshot, Ref: ref},
		{Op: runtime.Clone, Ref: ref, Args: &runtime.CloneArgs{To: to(ref, "lxcdt-made")}},
	} {
		got := make(chan error, 1)
		go func() { got <- a.Do(context.Background(), q) }()
		eventually(t, "the copy", func() bool { return copyOf(s.Path) != 0 })
		rsync := copyOf(s.Path)
		must(t, unix.Kill(rsync, unix.SIGSTOP))
		must(t, s.Start(ref.Name))
		must(t, unix.Kill(rsync, unix.SIGCONT))
		mention(t, <-got, runtime.ErrWrongState, "started while its files were copied")
		if got := find(t, list(t, a), ref.Name).State; got != runtime.Running {
			t.Errorf("%s: it is %s", q.Op, got)
		}
		must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Kill, Ref: ref}))
		wantAsBefore(t, s, a, ref)
	}
}

func TestCloneToAStoreThatIsNotThere(t *testing.T) {
	s := lxctest.New(t)
	if onBtrfs(s.Path) {
		t.Skip("LEFT OUT: the temporary directory is on btrfs")
	}
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	mention(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-b"), Backing: "btrfs"}), runtime.ErrUnsupported, "not on btrfs")
	nothingLeft(t, s.Path, "lxcdt-a")
	// lxc-copy does make one, which lxc-destroy cannot remove.
	must(t, s.Tool("lxc-copy", ref.Name, "-N", "lxcdt-b", "-B", "btrfs"))
	var e *runtime.Error
	err := doing(t, a, runtime.Destroy, to(ref, "lxcdt-b"), nil)
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "dir:") || !strings.Contains(e.Log, "Error destroying rootfs") {
		t.Errorf("%v %+v", err, e)
	}
	conf := filepath.Join(s.Path, "lxcdt-b", "config")
	put(t, conf, strings.ReplaceAll(read(t, conf), "btrfs:", "dir:"))
	must(t, doing(t, a, runtime.Destroy, to(ref, "lxcdt-b"), nil))
	nothingLeft(t, s.Path, "lxcdt-a")
}

// TestRoomIsMadeOnAFullDisk: what makes room needs none, and what is refused for
// want of it leaves nothing.
func TestRoomIsMadeOnAFullDisk(t *testing.T) {
	place := small(t, "size=1m")
	a := newAdapter(t, Options{Paths: []string{place}})
	ref := ownRoot(t, place, "lxcdt-a")
	must(t, doing(t, a, runtime.Snapshot, ref, nil))
	filler := filepath.Join(place, "filler")
	_ = os.WriteFile(filler, make([]byte, 2<<20), 0o600)
	if err := doing(t, a, runtime.Snapshot, ref, nil); err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("%v", err)
	}
	nothingLeft(t, place, "filler", "lxcdt-a")
	must(t, doing(t, a, runtime.DeleteSnapshot, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	_ = os.WriteFile(filler, make([]byte, 2<<20), 0o600)
	must(t, doing(t, a, runtime.Destroy, ref, nil))
	nothingLeft(t, place, "filler")
	must(t, os.Remove(filler))
}

// TestCloneCutOff: lxcdeck and its helper die in the middle of a clone. What is left
// has a config, but liblxc must start nothing with it: it names no root, and the
// init would run on the host's.
func TestCloneCutOff(t *testing.T) {
	if path := os.Getenv("LXCDECK_TEST_CUT_OFF"); path != "" { // the one that dies
		a := newAdapter(t, Options{Paths: []string{path}})
		ref := runtime.Ref{Path: path, Name: "lxcdt-a"}
		must(t, a.Do(t.Context(), runtime.Request{Op: runtime.Clone, Ref: ref, Args: &runtime.CloneArgs{To: to(ref, "lxcdt-b")}}))
		return
	}
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	heavy(t, ref)
	dst := to(ref, "lxcdt-b")
	cmd := exec.Command(selfExe, "-test.run=^TestCloneCutOff$")
	cmd.Env = append(os.Environ(), "LXCDECK_TEST_CUT_OFF="+s.Path)
	must(t, cmd.Start())
	config := filepath.Join(dst.String(), "config")
	eventually(t, "the mark of a copy under way", func() bool {
		text, _ := os.ReadFile(config)
		return strings.Contains(string(text), unfinishedKey)
	})
	if c := find(t, list(t, a), dst.Name); c.Problem == nil || !strings.Contains(c.Problem.Error(), "not whole") {
		t.Errorf("while it is made: %v", c.Problem)
	}
	helper := helperOf(t, cmd.Process.Pid, helperArg)
	must(t, cmd.Process.Kill()) // before its helper: it would take the clone back
	_ = cmd.Wait()
	must(t, unix.Kill(helper, unix.SIGKILL))
	eventually(t, "the journal of one that is gone", func() bool {
		left, err := journals(s.Path)
		return err == nil && len(left) == 1
	})
	if err := s.Tool("lxc-start", dst.Name, "-d"); err == nil {
		t.Error("lxc-start starts it")
	}
	if err := do(t, a, runtime.Start, dst); !errors.Is(err, runtime.ErrWrongState) && !errors.Is(err, runtime.ErrConfig) {
		t.Errorf("start: %v", err)
	}
	// One that was cut off before the mark came is known by its journal.
	text := read(t, config)
	put(t, config, strings.ReplaceAll(text, unfinishedKey+" = 1", ""))
	for _, q := range []runtime.Request{
		{Op: runtime.Start, Ref: dst},
		{Op: runtime.Clone, Ref: dst, Args: &runtime.CloneArgs{To: to(ref, "lxcdt-c")}},
		{Op: runtime.SetAutostart, Ref: dst, Args: &runtime.AutostartArgs{Auto: true}},
	} {
		var e *runtime.Error
		if err := a.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) || !errors.As(err, &e) || !strings.Contains(e.Hint, "lxcdeck recover") {
			t.Errorf("%s: %v", q.Op, err)
		}
	}
	working := func() bool { return exec.Command("pgrep", "-f", "rsync.*"+s.Path).Run() == nil }
	if !working() {
		t.Error("no rsync is left: what is this test about?")
	}
	left, err := journals(s.Path)
	must(t, err)
	must(t, change(t, a, runtime.Recover, ref, &runtime.RecoverArgs{ID: left[0].ID, Way: runtime.Undo}))
	nothingLeft(t, s.Path, "lxcdt-a")
	if working() {
		t.Error("rsync works on")
	}
	// A clone that comes to its end has no mark.
	must(t, os.Remove(filepath.Join(ref.String(), "rootfs/zz-large")))
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: dst}))
	if text := read(t, config); strings.Contains(text, unfinishedKey) {
		t.Errorf("the mark is left:\n%s", text)
	}
}
