package lxc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// walkIn walks a tree in this process.
func walkIn(t testing.TB, w *treeWalk, dir string) {
	t.Helper()
	top, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	must(t, w.walk(top))
}

// deep makes so many directories, one in the other, and a file in the last. They are
// removed by rm(1), which needs no path for it either.
func deep(t testing.TB, levels int) string {
	t.Helper()
	top := t.TempDir()
	t.Cleanup(func() { _ = exec.Command("rm", "-rf", filepath.Join(top, "d")).Run() })
	at, err := unix.Open(top, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for range levels {
		must(t, unix.Mkdirat(at, "d", 0o755))
		next, err := unix.Openat(at, "d", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Close(at))
		at = next
	}
	fd, err := unix.Openat(at, "file", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	must(t, err)
	must(t, unix.Close(fd))
	must(t, unix.Close(at))
	return top
}

func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(all)
}

// A tree may be deeper than a path is long, and than there are descriptors.
func TestWalkIsDeep(t *testing.T) {
	const levels = 10000
	top := deep(t, levels)
	before, most := descriptors(t), 0
	w := &treeWalk{}
	w.tell = func() error { w.told = time.Time{}; most = max(most, descriptors(t)); return nil }
	walkIn(t, w, top)
	if w.files != levels+2 || w.least != "" {
		t.Errorf("%d files, %q, want %d", w.files, w.least, levels+2)
	}
	if most > before+walkOpen+8 || descriptors(t) > before {
		t.Errorf("%d descriptors before, %d at most, %d after", before, most, descriptors(t))
	}
	at, err := unix.Open(top, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	defer func() { _ = unix.Close(at) }()
	w = &treeWalk{stack: make([]level, walkDepth)}
	must(t, w.enter(&level{fd: at, dirs: []string{"d"}}))
	if w.least == "" || len(w.stack) > walkDepth {
		t.Errorf("too deep: %d levels, %q", len(w.stack), w.least)
	}
}

// Who moves directories about while they are counted leads nobody astray.
func TestWalkOfWhatIsMoved(t *testing.T) {
	top := deep(t, 2*walkOpen)
	at := filepath.Join(top, strings.Repeat("d/", 2*walkOpen))
	for i := range 2 * walkLooks {
		put(t, filepath.Join(at, fmt.Sprint(i)), "")
	}
	elsewhere := t.TempDir()
	put(t, filepath.Join(elsewhere, "secret"), strings.Repeat("x", 4<<20))
	moved := false
	w := &treeWalk{tell: func() error {
		if !moved {
			moved = true
			return os.Rename(filepath.Join(top, "d/d/d/d"), filepath.Join(elsewhere, "d"))
		}
		return nil
	}}
	walkIn(t, w, top)
	t.Cleanup(func() { _ = exec.Command("rm", "-rf", filepath.Join(elsewhere, "d")).Run() })
	if !moved || w.least == "" || w.disk > 4<<20 {
		t.Errorf("moved %v, %d bytes, %q", moved, w.disk, w.least)
	}
}

// What may not be read makes the sum a least one.
func TestWalkOfWhatMayNotBeRead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root can become somebody else")
	}
	top := t.TempDir()
	must(t, os.Chmod(top, 0o755))
	put(t, filepath.Join(top, "open/file"), "x")
	put(t, filepath.Join(top, "shut/file"), strings.Repeat("x", 1<<20))
	must(t, os.Chmod(filepath.Join(top, "shut"), 0o700))
	at, err := unix.Open(top, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	w := &treeWalk{}
	done := make(chan error, 1)
	go func() {
		goruntime.LockOSThread() // never unlocked: the thread ends, and its user with it (setfsuid(2))
		_ = unix.Setfsuid(65534)
		done <- w.walk(at)
	}()
	must(t, <-done)
	if w.files != 4 || w.least == "" || w.disk >= 1<<20 {
		t.Errorf("%d files, %d bytes, %q", w.files, w.disk, w.least)
	}
}

// What the walk remembers has bounds.
func TestWalkIsBounded(t *testing.T) {
	top := t.TempDir()
	const names = 20000
	put(t, filepath.Join(top, "0"), strings.Repeat("x", 1<<16))
	for i := 1; i < names; i++ {
		must(t, os.Link(filepath.Join(top, "0"), filepath.Join(top, fmt.Sprint(i))))
	}
	w := &treeWalk{}
	walkIn(t, w, top)
	if w.files != 2 || w.disk != du(t, top) || len(w.links) > 0 || w.least != "" {
		t.Errorf("%d files, %d bytes, %d links remembered, %q", w.files, w.disk, len(w.links), w.least)
	}
	l := &level{}
	w = &treeWalk{names: walkNames}
	if w.later(l, "one"); len(l.dirs) > 0 || w.least == "" {
		t.Errorf("too many names: %v, %q", l.dirs, w.least)
	}
	w = &treeWalk{links: map[[2]uint64]uint32{}}
	for i := range uint64(walkLinks + 1) {
		w.add(&unix.Stat_t{Ino: i, Nlink: 2, Blocks: 1, Mode: unix.S_IFREG})
	}
	if len(w.links) > walkLinks || w.least == "" {
		t.Errorf("%d links remembered, %q", len(w.links), w.least)
	}
}

// BenchmarkWalk measures a tree of 20,000 files, and what du(1) takes for it in the same
// run: du/walk above 1 means that the walk is the faster one.
func BenchmarkWalk(b *testing.B) {
	top := b.TempDir()
	for i := range 400 {
		for k := range 50 {
			put(b, filepath.Join(top, fmt.Sprint(i%20), fmt.Sprint(i), fmt.Sprint(k)), "x")
		}
	}
	var walks, dus time.Duration
	for b.Loop() {
		began := time.Now()
		walkIn(b, &treeWalk{}, top)
		walks += time.Since(began)
		began = time.Now()
		du(b, top)
		dus += time.Since(began)
	}
	b.ReportMetric(dus.Seconds()/walks.Seconds(), "du/walk")
	b.ReportMetric(walks.Seconds()/float64(b.N)*1e3, "walk-ms")
}
