package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// space measures all containers of an adapter.
func space(t testing.TB, a *Adapter, refs ...runtime.Ref) runtime.SpaceReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r, err := a.Space(ctx, runtime.SpaceQuery{Refs: refs}, nil)
	must(t, err)
	if r.Done != r.Of || r.Now != "" {
		t.Errorf("%d of %d are through, now %q", r.Done, r.Of, r.Now)
	}
	return r
}

func spaceOf(t testing.TB, r *runtime.SpaceReport, name string) *runtime.ContainerSpace {
	t.Helper()
	for i := range r.Containers {
		if r.Containers[i].Ref.Name == name {
			return &r.Containers[i]
		}
	}
	t.Fatalf("no %s in %+v", name, r.Containers)
	return nil
}

func bytesOfSpace(t testing.TB, c *runtime.ContainerSpace, kinds ...runtime.SpaceKind) int64 {
	t.Helper()
	sum, n := c.Sum(kinds...)
	b, ok := sum.Bytes.Get()
	if !ok || sum.Least || n == 0 {
		t.Errorf("%s, %v: %+v of %d parts: %+v", c.Ref.Name, kinds, sum, n, c.Parts)
	}
	return int64(b)
}

func extraAt(t testing.TB, r *runtime.SpaceReport, path string) runtime.SpaceExtra {
	t.Helper()
	i := slices.IndexFunc(r.Extras, func(x runtime.SpaceExtra) bool { return x.Path == path })
	if i < 0 {
		t.Fatalf("no %s in %+v", path, r.Extras)
	}
	return r.Extras[i]
}

// What is measured is what du(1) says: holes count nothing, several names of a file
// once, and what is mounted below is another's.
func TestSpaceIsWhatDuSays(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := bootable(t, s, "lxcdt-a")
	root := filepath.Join(ref.String(), "rootfs")
	put(t, filepath.Join(root, "sparse"), "x")
	must(t, unix.Truncate(filepath.Join(root, "sparse"), 64<<20))
	put(t, filepath.Join(root, "one"), strings.Repeat("x", 1<<20))
	must(t, os.Link(filepath.Join(root, "one"), filepath.Join(root, "two")))
	must(t, os.Symlink("/", filepath.Join(root, "all")))
	must(t, unix.Mkfifo(filepath.Join(root, "fifo"), 0o600))
	put(t, filepath.Join(root, "bad\x1b[2J\nname"), "x")
	put(t, filepath.Join(ref.String(), "lxcdt-a.log"), strings.Repeat("x", 9000))
	whole := du(t, root)
	must(t, os.MkdirAll(filepath.Join(root, "below"), 0o755))
	must(t, unix.Mount("lxcdt", filepath.Join(root, "below"), "tmpfs", 0, "size=8m"))
	t.Cleanup(func() { _ = unix.Unmount(filepath.Join(root, "below"), 0) })
	put(t, filepath.Join(root, "below", "elsewhere"), strings.Repeat("x", 4<<20))
	put(t, filepath.Join(root, "file"), "")
	must(t, unix.Mount(filepath.Join(root, "below/elsewhere"), filepath.Join(root, "file"), "", unix.MS_BIND, ""))
	t.Cleanup(func() { _ = unix.Unmount(filepath.Join(root, "file"), 0) })

	r := space(t, a)
	c := spaceOf(t, &r, ref.Name)
	if got := bytesOfSpace(t, c, runtime.SpaceRoot); got != whole || c.Store != "dir" {
		t.Errorf("root %d on %q, du says %d", got, c.Store, whole)
	}
	if got, want := bytesOfSpace(t, c, runtime.SpaceLogs), du(t, filepath.Join(ref.String(), "lxcdt-a.log")); got != want {
		t.Errorf("logs %d, du says %d", got, want)
	}
	if got, want := bytesOfSpace(t, c), whole+du(t, ref.String(), "--exclude=rootfs"); got != want {
		t.Errorf("all %d, du says %d: %+v", got, want, c.Parts)
	}
	i := slices.IndexFunc(r.FileSystems, func(f runtime.FileSystem) bool { return slices.Contains(f.Paths, s.Path) })
	if i < 0 || r.FileSystems[i].Mount != c.FS || r.FileSystems[i].Total.Absent() || r.FileSystems[i].Type == "" {
		t.Errorf("file systems %+v, its root lies on %q", r.FileSystems, c.FS)
	}

	// What is known is not read again, unless that is asked for.
	must(t, unix.Unmount(filepath.Join(root, "file"), 0))
	put(t, filepath.Join(root, "more"), strings.Repeat("x", 1<<20))
	again := space(t, a)
	if got := bytesOfSpace(t, spaceOf(t, &again, ref.Name), runtime.SpaceRoot); got != whole {
		t.Errorf("it was read again: %d", got)
	}
	fresh, err := a.Space(t.Context(), runtime.SpaceQuery{Fresh: true}, nil)
	must(t, err)
	if got := bytesOfSpace(t, spaceOf(t, &fresh, ref.Name), runtime.SpaceRoot); got != whole+1<<20 {
		t.Errorf("it was not read again: %d", got)
	}
	if _, err := a.Space(t.Context(), runtime.SpaceQuery{Refs: []runtime.Ref{ref, {Path: s.Path, Name: "lxcdt-none"}}}, nil); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}

// Of an overlay its changes count, snapshots are told one by one, and what a restore
// keeps is the container's.
func TestSpaceOfOverlaysAndSnapshots(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := bootable(t, s, "lxcdt-a")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, s.Tool("lxc-snapshot", ref.Name))
	must(t, doing(t, a, runtime.Restore, ref, &runtime.RestoreArgs{Snap: "snap0"}))
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-b"), CoW: true}))
	upper := filepath.Join(s.Path, "lxcdt-b", "overlay")
	put(t, filepath.Join(upper, "delta", "new"), strings.Repeat("x", 1<<20))
	must(t, os.Mkdir(filepath.Join(ref.String(), "snaps/snap7"), 0o755))

	r := space(t, a)
	over := spaceOf(t, &r, "lxcdt-b")
	if got, want := bytesOfSpace(t, over, runtime.SpaceChanges), du(t, upper); got != want || over.Store != "overlay" {
		t.Errorf("changes %d on %q, du says %d", got, over.Store, want)
	}
	base := spaceOf(t, &r, ref.Name)
	snaps, n := base.Sum(runtime.SpaceSnapshot)
	if got, _ := snaps.Bytes.Get(); n != 2 || int64(got) != du(t, ref.String()+"/snaps/snap0", ref.String()+"/snaps/snap1") {
		t.Errorf("%d snapshots take %d: %+v", n, got, base.Parts)
	}
	for _, p := range base.Parts {
		if p.Kind == runtime.SpaceSnapshot && p.Taken.IsZero() {
			t.Errorf("snapshot without its time: %+v", p)
		}
	}
	kept, n := base.Sum(runtime.SpaceKept)
	if got, _ := kept.Bytes.Get(); n != 1 || int64(got) != du(t, filepath.Join(s.Path, ".lxcdeck"), "--exclude=*.json")-du(t, filepath.Join(s.Path, ".lxcdeck"), "--exclude=*.d", "--exclude=*.json") {
		t.Errorf("%d kept, %d bytes: %+v", n, got, base.Parts)
	}
	one := space(t, a, ref)
	if b := spaceOf(t, &one, ref.Name); bytesOfSpace(t, b) != bytesOfSpace(t, base) || len(one.Containers) != 1 || len(one.Extras) > 0 {
		t.Errorf("alone %+v, among others %+v", b.Parts, base.Parts)
	}
	if x := extraAt(t, &r, ref.String()+"/snaps/snap7"); x.Use == runtime.UseOrphan || x.Kind != "snapshot" {
		t.Errorf("what the clone's books lie above: %+v", x)
	}
	must(t, goes(t, a, runtime.Dismiss))
}

// An entry is an orphan only where all that may need it was read and does not.
func TestSpaceOrphans(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	a.space.times.fresh = 0 // nobody can make a file that was changed long ago
	old := time.Now().Add(-time.Hour)
	dir := func(name string) string {
		t.Helper()
		path := filepath.Join(s.Path, name)
		put(t, filepath.Join(path, "rootfs/file"), name)
		must(t, os.Chtimes(path, old, old))
		return path
	}
	lower, bound, linked, fstab, included, free := dir("lower"), dir("bound data"), dir("linked"), dir("fstab"), dir("included"), dir("free")
	must(t, os.Symlink(linked, filepath.Join(s.Path, "alias")))
	put(t, filepath.Join(s.Path, ".fstab"), fstab+"/rootfs srv none bind 0 0\n")
	put(t, filepath.Join(s.Path, ".more.conf"), "lxc.mount.entry = "+included+" opt none bind 0 0\n")
	ref := ownRoot(t, s.Path, "lxcdt-a", "lxc.mount.entry = "+fstabWord(bound)+"/rootfs mnt none bind 0 0",
		"lxc.rootfs.options = lowerdir="+lower+"/rootfs:/nowhere", "lxc.hook.pre-start = "+s.Path+"/alias/rootfs/file",
		"lxc.mount.fstab = "+s.Path+"/.fstab", "lxc.include = "+s.Path+"/.more.conf")
	must(t, os.Remove(filepath.Join(s.Path, "alias")))
	// What is mounted elsewhere may be known by that name.
	other, elsewhere := dir("other"), t.TempDir()
	must(t, unix.Mount(filepath.Join(other, "rootfs"), elsewhere, "", unix.MS_BIND, ""))
	t.Cleanup(func() { _ = unix.Unmount(elsewhere, 0) })
	must(t, os.Symlink(linked, filepath.Join(ref.String(), "alias")))
	config := filepath.Join(ref.String(), "config")
	put(t, config, strings.Replace(read(t, config), s.Path+"/alias", ref.String()+"/alias", 1))

	r := space(t, a)
	for _, path := range []string{lower, bound, linked, fstab, included} {
		if x := extraAt(t, &r, path); x.Use != runtime.UseBy || !slices.Equal(x.Users, []runtime.Ref{ref}) {
			t.Errorf("%s: %v by %v: %s", path, x.Use, x.Users, x.Why)
		}
	}
	if x := extraAt(t, &r, other); x.Use != runtime.UseUnknown || !strings.Contains(x.Why, "mount") {
		t.Errorf("mounted elsewhere: %+v", x)
	}
	if x := extraAt(t, &r, free); strings.Contains(x.Why, "mount") {
		t.Errorf("mounted nowhere: %+v", x)
	}
	// Others work on this host, too: what they run makes nothing an orphan.
	others := slices.DeleteFunc(slices.Clone(r.Unread), func(why string) bool { return strings.Contains(why, "of another lxcpath") })
	x := extraAt(t, &r, free)
	if len(others) > 0 {
		t.Errorf("not read: %q", others)
	}
	if want := len(r.Unread) == 0; (x.Use == runtime.UseOrphan) != want || want != (x.Why == "") {
		t.Errorf("nobody's: %+v, not read %q", x, r.Unread)
	}
	if b, _ := x.Room.Bytes.Get(); int64(b) != du(t, free) {
		t.Errorf("%+v, du says %d", x.Room, du(t, free))
	}

	// One config that cannot be read is enough.
	put(t, filepath.Join(s.Path, "lxcdt-x", "config"), "lxc.include = "+s.Path+"/none.conf\n")
	r = space(t, a)
	if x := extraAt(t, &r, free); x.Use != runtime.UseUnknown || !strings.Contains(strings.Join(r.Unread, "\n"), "lxcdt-x") || x.Why == "" {
		t.Errorf("with a config that cannot be read: %+v, %q", x, r.Unread)
	}
	// Somebody else's is not loaded: all of its directory is told as one.
	must(t, os.Chown(filepath.Join(s.Path, "lxcdt-x"), 12345, 12345))
	r = space(t, a)
	c := spaceOf(t, &r, "lxcdt-x")
	if _, n := c.Sum(runtime.SpaceRoot); n != 0 || c.Store != "" || c.StoreWhy == "" || bytesOfSpace(t, c) != du(t, c.Ref.String()) {
		t.Errorf("somebody else's: %+v", c)
	}
}

// The verdict alone: what makes something no orphan.
func TestSpaceVerdicts(t *testing.T) {
	now := time.Now()
	by := []runtime.Ref{{Path: "/lxc", Name: "web"}}
	n := needs{fresh: 10 * time.Minute, words: map[string]runtime.Ref{"spoken": by[0]}, users: map[string][]runtime.Ref{"/lxc/a/rootfs": by, "/lxc/c": by, "/srv/all": by, "/lxc/own": by}, said: map[string]bool{"/lxc/c": true, "/srv/all": true}}
	for path := range n.users {
		n.paths = append(n.paths, path)
	}
	slices.Sort(n.paths)
	at := func(path string) foundExtra { return foundExtra{Path: path, Real: path, Changed: now.Add(-time.Hour)} }
	for _, c := range []struct {
		x      foundExtra
		unread []string
		want   runtime.SpaceUse
	}{
		{at("/lxc/free"), nil, runtime.UseOrphan},
		{at("/lxc/a"), nil, runtime.UseBy},
		{at("/lxc/a"), []string{"b"}, runtime.UseBy},
		{at("/lxc/a-b"), nil, runtime.UseOrphan},
		{at("/lxc/c"), nil, runtime.UseBy},
		{at("/srv/all/x"), nil, runtime.UseUnknown},
		{at("/lxc/own/snaps/snap0"), nil, runtime.UseOrphan},
		{at("/lxc/free"), []string{"b"}, runtime.UseUnknown},
		{at("/lxc/free"), []string{"b", "c"}, runtime.UseUnknown},
		{foundExtra{Real: "/lxc/free"}, nil, runtime.UseUnknown},
		{foundExtra{Real: "/lxc/free", Changed: now}, nil, runtime.UseUnknown},
		{foundExtra{Real: "/lxc/free", Changed: now.Add(-time.Hour), Mounted: true}, nil, runtime.UseUnknown},
		{foundExtra{Real: "/lxc/free", Changed: now.Add(-time.Hour), Busy: true}, nil, runtime.UseUnknown},
		{foundExtra{Real: "/lxc/free", Changed: now.Add(-time.Hour), Sign: "a process"}, nil, runtime.UseUnknown},
		{at("/lxc/spoken"), nil, runtime.UseUnknown},
	} {
		use, users, why := n.judge(&c.x, c.unread, now)
		if use != c.want || (use == runtime.UseUnknown) == (why == "") || (use == runtime.UseBy) != (len(users) > 0) {
			t.Errorf("%s, not read %q: %v by %v: %q, want %v", c.x.Real, c.unread, use, users, why, c.want)
		}
	}
}

// hung mounts a file system there that answers nothing, until the test ends.
func hung(t *testing.T, dir string) (end func()) {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("LEFT OUT: no FUSE here: %v", err)
	}
	if err := unix.Mount("lxcdt", dir, "fuse.lxcdt", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		_ = unix.Close(fd)
		t.Skipf("LEFT OUT: no FUSE here: %v", err)
	}
	done := false
	end = func() {
		if !done {
			done = true
			_ = unix.Unmount(dir, unix.MNT_DETACH)
			_ = unix.Close(fd) // whoever waits is told that nobody will answer
		}
	}
	t.Cleanup(end)
	return end
}

// A root, a directory of a container, or a mount in one that does not answer holds
// nobody up but itself.
func TestSpaceOfWhatDoesNotAnswer(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	a.space.times.quiet, a.space.times.giveUp, a.space.times.survey = 200*time.Millisecond, time.Minute, time.Second
	in, root, dir, fine := ownRoot(t, s.Path, "lxcdt-in"), ownRoot(t, s.Path, "lxcdt-a"), ownRoot(t, s.Path, "lxcdt-b"), ownRoot(t, s.Path, "lxcdt-c")
	must(t, os.Mkdir(rootOn(in)+"/mnt", 0o755))
	hung(t, rootOn(in)+"/mnt")
	ends := []func(){hung(t, rootOn(root))}
	hung(t, dir.String())
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	reports := make(chan runtime.SpaceReport, 1)
	last := make(chan error, 1)
	var end runtime.SpaceReport
	go func() {
		var err error
		end, err = a.Space(ctx, runtime.SpaceQuery{}, func(r runtime.SpaceReport) {
			select {
			case <-reports:
			default:
			}
			reports <- r
		})
		last <- err
	}()
	for {
		var r runtime.SpaceReport
		select {
		case r = <-reports:
		case <-ctx.Done():
			t.Fatal("the others wait for what does not answer")
		}
		if r.Done < r.Of-1 || r.Of < 6 || len(r.Containers) < 4 {
			continue
		}
		for _, ref := range []runtime.Ref{in, fine} {
			if bytesOfSpace(t, spaceOf(t, &r, ref.Name)) == 0 {
				t.Errorf("%s takes nothing", ref)
			}
		}
		if sum, _ := spaceOf(t, &r, root.Name).Sum(runtime.SpaceRoot); sum.Silent.IsZero() || !sum.Bytes.Absent() {
			t.Errorf("a root that does not answer: %+v", sum)
		}
		if sum, _ := spaceOf(t, &r, dir.Name).Sum(); !strings.Contains(sum.Why, "no answer") || !sum.Bytes.Absent() {
			t.Errorf("a container that does not answer: %+v", sum)
		}
		if !strings.Contains(strings.Join(r.Unread, "\n"), dir.Name) {
			t.Errorf("orphans could be told without it: %q", r.Unread)
		}
		break
	}
	for _, f := range ends { // it answers, with an error
		f()
	}
	must(t, <-last)
	if sum, _ := spaceOf(t, &end, root.Name).Sum(runtime.SpaceRoot); sum.Why == "" && sum.Bytes.Absent() {
		t.Errorf("in the end: %+v", sum)
	}
}

// One that is given up says so, and its helper is gone.
func TestSpaceGivesUp(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	a.space.times.quiet, a.space.times.giveUp = 100*time.Millisecond, 300*time.Millisecond
	ref := ownRoot(t, s.Path, "lxcdt-a")
	hung(t, rootOn(ref))
	r := space(t, a)
	if sum, _ := spaceOf(t, &r, ref.Name).Sum(runtime.SpaceRoot); !strings.Contains(sum.Why, "no answer in") || !sum.Bytes.Absent() || !sum.Silent.IsZero() {
		t.Errorf("%+v", sum)
	}
	eventually(t, "no helper is left", func() bool {
		n := 0
		for _, pid := range childrenOf(os.Getpid()) {
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(text), helperArg) {
				n++
			}
		}
		return n == 0
	})
}

// Leaving ends a walk at once, whatever it waits for.
func TestSpaceIsLeft(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	hung(t, rootOn(ref))
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() {
		_, err := a.Space(ctx, runtime.SpaceQuery{}, func(r runtime.SpaceReport) {
			if len(r.Containers) > 0 {
				select {
				case told <- struct{}{}:
				default:
				}
			}
		})
		done <- err
	}()
	<-told
	cancel()
	if err := <-done; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("left: %v", err)
	}
}

func TestSpaceOnBtrfs(t *testing.T) {
	_, a, ref := onBtrfsFS(t)
	must(t, doing(t, a, runtime.Snapshot, ref, &runtime.SnapshotArgs{}))
	r := space(t, a)
	c := spaceOf(t, &r, ref.Name)
	if got, want := bytesOfSpace(t, c, runtime.SpaceRoot), du(t, rootOn(ref)); got != want || c.Store != "btrfs" || c.FS != ref.Path {
		t.Errorf("root %d on %q of %q, du says %d", got, c.Store, c.FS, want)
	}
	for _, p := range c.Parts {
		if (p.Kind == runtime.SpaceRoot || p.Kind == runtime.SpaceSnapshot) && p.Shared == "" {
			t.Errorf("its blocks are nobody else's: %+v", p)
		}
		if p.Kind == runtime.SpaceSnapshot && p.Room.Bytes.Or(0) < 100<<10 {
			t.Errorf("the subvolume of a snapshot is left out: %+v", p)
		}
	}
}
