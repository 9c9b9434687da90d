package lxc

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func askFor(t testing.TB, a *Adapter, op runtime.Op, ref runtime.Ref, args runtime.Args) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	return a.Do(ctx, runtime.Request{Op: op, Ref: ref, Args: args})
}

func TestWhateverHasTheLocksNameLocks(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-lock"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-lock"}
	file := filepath.Join(ref.String(), runtime.LockFile)
	secret := filepath.Join(s.Path, ".secret")
	put(t, secret, `{"by":"secret"}`)
	for name, plant := range map[string]func() error{
		"empty":   func() error { return os.WriteFile(file, nil, 0o644) },
		"binary":  func() error { return os.WriteFile(file, []byte("\x00\xff\x1b[31m{"), 0o644) },
		"huge":    func() error { return os.WriteFile(file, []byte(strings.Repeat("x", 8<<20)), 0o644) },
		"array":   func() error { return os.WriteFile(file, []byte(`["by"]`), 0o644) },
		"FIFO":    func() error { return unix.Mkfifo(file, 0o644) },
		"symlink": func() error { return os.Symlink(secret, file) },
	} {
		must(t, plant())
		c := find(t, list(t, a), ref.Name)
		if c.Lock == nil || *c.Lock != (runtime.LockInfo{}) {
			t.Errorf("%s: lock = %+v, want an empty one", name, c.Lock)
		}
		for _, op := range []runtime.Op{runtime.Start, runtime.Lock} {
			if err := askFor(t, a, op, ref, nil); !errors.Is(err, runtime.ErrLocked) {
				t.Errorf("%s: %s: %v", name, op, err)
			}
		}
		must(t, askFor(t, a, runtime.Unlock, ref, nil))
		if c := find(t, list(t, a), ref.Name); c.Lock != nil || exists(file) {
			t.Errorf("%s: still locked", name)
		}
	}
	must(t, os.Mkdir(file, 0o755))
	var told *runtime.Error
	err := askFor(t, a, runtime.Unlock, ref, nil)
	if !errors.As(err, &told) || !strings.Contains(told.Hint, "by hand") {
		t.Errorf("unlock of a directory: %v", err)
	}
	if !exists(file) || !exists(secret) {
		t.Error("it has removed what is not its own")
	}
}

func TestLockFile(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-lock"))
	must(t, s.Add("lxcdt-broken", "lxc.no.such.key = 1"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-lock"}
	file := filepath.Join(ref.String(), runtime.LockFile)

	// Of several at once one has it, the others are told by whom.
	const many = 6
	errs := make(chan error, many)
	for i := range many {
		other := newAdapter(t, Options{Paths: []string{s.Path}})
		go func() {
			errs <- other.Do(context.Background(), runtime.Request{Op: runtime.Lock, Ref: ref, Args: &runtime.LockArgs{Why: strings.Repeat("w", i)}})
		}()
	}
	done := 0
	for range many {
		switch err := <-errs; {
		case err == nil:
			done++
		case !errors.Is(err, runtime.ErrLocked) && !errors.Is(err, runtime.ErrBusy):
			t.Errorf("a lock at the same time: %v", err)
		}
	}
	if done != 1 {
		t.Errorf("%d of %d locks at once were done, want one", done, many)
	}
	st, err := os.Stat(file)
	must(t, err)
	text, err := os.ReadFile(file)
	must(t, err)
	var info runtime.LockInfo
	if err := json.Unmarshal(text, &info); err != nil || st.Mode() != 0o644 || info.By != who() {
		t.Errorf("lock file %s %q: %v, want it by %q", st.Mode(), text, err, who())
	}
	must(t, askFor(t, a, runtime.Unlock, ref, nil))
	entries, err := os.ReadDir(ref.String())
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("left in the directory: %v", entries)
	}

	// One that liblxc cannot load can be locked all the same.
	broken := runtime.Ref{Path: s.Path, Name: "lxcdt-broken"}
	must(t, askFor(t, a, runtime.Lock, broken, &runtime.LockArgs{Why: "being repaired"}))
	if c := find(t, list(t, a), broken.Name); c.Lock == nil || c.Lock.Why != "being repaired" {
		t.Errorf("lock of a broken one: %+v", c.Lock)
	}
	must(t, askFor(t, a, runtime.Unlock, broken, nil))

	ro := newAdapter(t, Options{Paths: []string{s.Path}, ReadOnly: true})
	if err := askFor(t, ro, runtime.Lock, ref, nil); !errors.Is(err, runtime.ErrReadOnly) || exists(file) {
		t.Errorf("lock, read-only: %v", err)
	}
	if err := askFor(t, a, runtime.Lock, ref, &runtime.LockArgs{Why: "two\nlines"}); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a reason of two lines: %v", err)
	}
}

// TestHelperHonoursALock is for one that comes between the look at the container
// and the work.
func TestHelperHonoursALock(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-lock"))
	must(t, s.Start("lxcdt-lock"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-lock"}
	must(t, askFor(t, a, runtime.Lock, ref, nil))
	for _, q := range []helperRequest{
		{Op: runtime.Kill},
		{Op: runtime.AddDevice, Args: &runtime.DeviceArgs{Device: "/dev/null", As: "/dev/lxcdt"}},
		{Op: runtime.Mend, Args: &runtime.MendArgs{Fix: "chmod-x:" + ref.String()}},
		{Op: runtime.Lock},
	} {
		q.Kind, q.Ref, q.Timeout = kindOp, ref, patience
		r, err := a.callHelper(context.Background(), q, nil, nil)
		must(t, err)
		if err := r.err(); !errors.Is(err, runtime.ErrLocked) {
			t.Errorf("%s in the helper: %v", q.Op, err)
		}
	}
	if c := find(t, list(t, a), ref.Name); c.State != runtime.Running {
		t.Errorf("it is %s", c.State)
	}
}

// TestLockOnAFullDisk leaves no lock that nobody has asked for.
func TestLockOnAFullDisk(t *testing.T) {
	s := lxctest.New(t) // skips where nothing can be mounted
	place := filepath.Join(s.Path, "lxcdt-full")
	must(t, os.Mkdir(place, 0o755))
	must(t, unix.Mount("lxcdt", place, "tmpfs", 0, "size=16k,mode=755"))
	t.Cleanup(func() { must(t, unix.Unmount(place, unix.MNT_DETACH)) })
	put(t, filepath.Join(place, "config"), "lxc.uts.name = x\n")
	_ = os.WriteFile(filepath.Join(place, "filler"), make([]byte, 64<<10), 0o644)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-full"}
	err := askFor(t, a, runtime.Lock, ref, nil)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("lock on a full disk: %v", err)
	}
	if exists(filepath.Join(place, runtime.LockFile)) {
		t.Error("it failed, and yet the container is locked")
	}
	dir, err := os.Open(place)
	must(t, err)
	defer dir.Close()
	if err := lockByName(dir, []byte("{}")); !errors.Is(err, unix.ENOSPC) || exists(filepath.Join(place, runtime.LockFile)) {
		t.Errorf("by name on a full disk: %v", err)
	}
	must(t, os.Remove(filepath.Join(place, "filler")))
	must(t, lockByName(dir, []byte("{}")))
	if err := lockByName(dir, []byte("{}")); !errors.Is(err, unix.EEXIST) {
		t.Errorf("by name, a second time: %v", err)
	}
}
