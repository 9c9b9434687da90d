package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// ownRoot gives a stopped container whose root is its own, without a template:
// it is not started by the tests that use it, so what is in it does not matter.
func ownRoot(t testing.TB, path, name string, lines ...string) runtime.Ref {
	t.Helper()
	ref := runtime.Ref{Path: path, Name: name}
	root := filepath.Join(ref.String(), "rootfs")
	for file, text := range map[string]string{
		"etc/hostname": name + "\n", "etc/hosts": "127.0.0.1 localhost\n127.0.1.1\t" + name + ".example " + name + " # " + name + "\n", "usr/bin/tool": "x",
	} {
		put(t, filepath.Join(root, file), text)
	}
	config := append([]string{
		"# kept", "", "lxc.rootfs.path = dir:" + root, "lxc.uts.name = " + name, "lxc.net.0.type = empty", "lxc.apparmor.profile = unconfined",
	}, lines...)
	put(t, filepath.Join(ref.String(), "config"), strings.Join(config, "\n")+"\n")
	must(t, os.Chmod(ref.String(), 0o770))
	return ref
}

// bootable gives a stopped container that can be started and whose root is its own.
func bootable(t testing.TB, s *lxctest.Scratch, name string, lines ...string) runtime.Ref {
	t.Helper()
	must(t, s.AddOwn(name, lines...))
	return runtime.Ref{Path: s.Path, Name: name}
}

func change(t testing.TB, a *Adapter, op runtime.Op, ref runtime.Ref, args runtime.Args) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	return a.Do(ctx, runtime.Request{Op: op, Ref: ref, Args: args})
}

// read is a file's text.
func read(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return string(text)
}

// nothingLeft says that an lxcpath holds these names and nothing else.
func nothingLeft(t testing.TB, path string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", path, got, want)
	}
}

// to is another container of the same lxcpath.
func to(ref runtime.Ref, name string) runtime.Ref { return runtime.Ref{Path: ref.Path, Name: name} }

func TestCloneKeepsEverythingInTheRoot(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a", "lxc.start.auto = 1", "lxc.console.logfile = "+s.Path+"/lxcdt-a/console.log")
	root := filepath.Join(ref.String(), "rootfs")
	put(t, filepath.Join(ref.String(), runtime.LockFile), "{}")
	put(t, filepath.Join(ref.String(), "snaps/snap0/config"), "lxc.uts.name = x\n")
	must(t, unix.Truncate(root+"/usr/bin/tool", 64<<20))
	must(t, os.Link(root+"/usr/bin/tool", root+"/usr/bin/tool2"))
	must(t, os.Chown(root+"/usr/bin/tool", 1234, 4321))
	must(t, os.Chmod(root+"/usr/bin/tool", 0o4711))
	must(t, unix.Lsetxattr(root+"/usr/bin/tool", "user.note", []byte("kept"), 0))
	must(t, unix.Lsetxattr(root+"/usr/bin/tool", "security.capability", []byte("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0))
	must(t, unix.Mknod(root+"/sock", unix.S_IFSOCK|0o600, 0))
	must(t, unix.Mknod(root+"/fifo", unix.S_IFIFO|0o640, 0))
	must(t, unix.Mknod(root+"/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must(t, os.Symlink("/outside", root+"/link"))

	dst := to(ref, "lxcdt-b")
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: dst}))
	nothingLeft(t, s.Path, "lxcdt-a", "lxcdt-b")
	nothingLeft(t, dst.String(), "config", "rootfs")
	out := filepath.Join(dst.String(), "rootfs")
	var was, now, other unix.Stat_t
	must(t, lstat(root+"/usr/bin/tool", &was))
	must(t, lstat(out+"/usr/bin/tool", &now))
	must(t, lstat(out+"/usr/bin/tool2", &other))
	if now.Uid != 1234 || now.Gid != 4321 || now.Mode != was.Mode || now.Size != was.Size || now.Blocks*512 > 1<<20 || now.Ino != other.Ino {
		t.Errorf("the file came as %+v", now)
	}
	for _, name := range []string{"user.note", "security.capability"} {
		x, y := make([]byte, 100), make([]byte, 100)
		n, err := unix.Lgetxattr(root+"/usr/bin/tool", name, x)
		must(t, err)
		m, err := unix.Lgetxattr(out+"/usr/bin/tool", name, y)
		if err != nil || string(x[:n]) != string(y[:m]) {
			t.Errorf("%s came as %q, %v", name, y[:max(m, 0)], err)
		}
	}
	for file, kind := range map[string]uint32{"sock": unix.S_IFSOCK, "fifo": unix.S_IFIFO, "null": unix.S_IFCHR, "link": unix.S_IFLNK} {
		if err := lstat(filepath.Join(out, file), &now); err != nil || now.Mode&unix.S_IFMT != kind {
			t.Errorf("%s: %o, %v", file, now.Mode, err)
		}
	}
	config := read(t, filepath.Join(dst.String(), "config"))
	for _, want := range []string{"# kept", "lxc.uts.name = lxcdt-b\n", "rootfs.path = dir:" + out + "\n", "lxc.start.auto = 1", dst.String() + "/console.log"} {
		if !strings.Contains(config, want) {
			t.Errorf("no %q in the config:\n%s", want, config)
		}
	}
	if strings.Contains(config, "lxc.log") || strings.Contains(config, ref.String()+"/") {
		t.Errorf("too much in the config:\n%s", config)
	}
	if got := read(t, out+"/etc/hostname"); got != "lxcdt-b\n" {
		t.Errorf("hostname %q", got)
	}
	if got := read(t, out+"/etc/hosts"); got != "127.0.0.1 localhost\n127.0.1.1\tlxcdt-b.example lxcdt-b # lxcdt-a\n" {
		t.Errorf("hosts %q", got)
	}
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-c"), KeepName: true}))
	if got := read(t, s.Path+"/lxcdt-c/rootfs/etc/hostname") + read(t, s.Path+"/lxcdt-c/config"); !strings.HasPrefix(got, "lxcdt-a\n") || !strings.Contains(got, "lxc.uts.name = lxcdt-a\n") {
		t.Errorf("the name was to be kept: %s", got)
	}
}

// A container can make its /etc/hostname a link to a file of the host.
func TestCloneDoesNotWriteOutOfTheRoot(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	victim := filepath.Join(s.Path, "victim")
	put(t, victim, "precious\n")
	for _, file := range []string{"hostname", "hosts"} {
		must(t, os.Remove(filepath.Join(ref.String(), "rootfs/etc", file)))
		must(t, os.Symlink(victim, filepath.Join(ref.String(), "rootfs/etc", file)))
	}
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-b")}))
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: to(ref, "lxcdt-c"), CoW: true}))
	if got := read(t, victim); got != "precious\n" {
		t.Errorf("a file of the host holds %q now", got)
	}
}

func TestCloneAsAnOverlay(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	dst := to(ref, "lxcdt-b")
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: dst, CoW: true}))
	if got := read(t, filepath.Join(dst.String(), "config")); !strings.Contains(got, "overlay") {
		t.Errorf("no overlay:\n%s", got)
	}
	if got := read(t, filepath.Join(ref.String(), "rootfs/etc/hostname")); got != "lxcdt-a\n" {
		t.Errorf("the base is called %q now", got)
	}
	value, err := rootValue(dst)
	must(t, err)
	must(t, inRootOf(value, func(r *inRoot) error {
		for file, want := range map[string]string{"/etc/hostname": "lxcdt-b\n", "/usr/bin/tool": "x"} {
			if got, err := r.readFile(file, 100); err != nil || string(got) != want {
				t.Errorf("%s holds %q, %v", file, got, err)
			}
		}
		return nil
	}))
	deps, err := dependantsOf(ref)
	must(t, err)
	if !slices.Equal(deps, []runtime.Ref{dst}) {
		t.Errorf("dependants: %v", deps)
	}
	if s.Tool("lxc-destroy", ref.Name) == nil {
		t.Error("the base was destroyed")
	}
	// An overlay on an overlay, and one that is merged.
	must(t, change(t, a, runtime.Clone, dst, &runtime.CloneArgs{To: to(ref, "lxcdt-c"), CoW: true}))
	must(t, change(t, a, runtime.Clone, dst, &runtime.CloneArgs{To: to(ref, "lxcdt-d")}))
	if got := read(t, s.Path+"/lxcdt-d/rootfs/etc/hostname") + read(t, s.Path+"/lxcdt-d/rootfs/usr/bin/tool"); got != "lxcdt-d\nx" {
		t.Errorf("merged: %q", got)
	}
	for _, name := range []string{"lxcdt-c", "lxcdt-b", "lxcdt-a"} {
		must(t, s.Tool("lxc-destroy", name))
	}
	nothingLeft(t, s.Path, "lxcdt-d")
}

func TestCloneThatIsStarted(t *testing.T) {
	s := lxctest.New(t)
	ref := bootable(t, s, "lxcdt-a")
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	dst := to(ref, "lxcdt-b")
	t.Cleanup(func() { _ = s.Stop(dst.Name) })
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: dst, CoW: true, Ephemeral: true}))
	if c := find(t, list(t, a), dst.Name); c.State != runtime.Running {
		t.Fatalf("the ephemeral clone is %s", c.State)
	}
	must(t, do(t, a, runtime.Kill, dst))
	eventually(t, "the ephemeral clone is gone", func() bool { return !exists(dst.String()) })
	if deps, err := dependantsOf(ref); err != nil || len(deps) > 0 {
		t.Errorf("dependants: %v, %v", deps, err)
	}
	// One that does not start.
	bad := bootable(t, s, "lxcdt-x", "lxc.hook.pre-start = /bin/false")
	err := change(t, a, runtime.Clone, bad, &runtime.CloneArgs{To: dst, CoW: true, Ephemeral: true})
	if err == nil || !strings.Contains(err.Error(), "did not start") || exists(dst.String()) {
		t.Errorf("an ephemeral clone that does not start: %v, there: %v", err, exists(dst.String()))
	}
	err = change(t, a, runtime.Clone, bad, &runtime.CloneArgs{To: dst, CoW: true, Start: true})
	if err == nil || !strings.Contains(err.Error(), "was cloned, but did not start") || !exists(dst.String()) {
		t.Errorf("a clone that does not start: %v, there: %v", err, exists(dst.String()))
	}
}

func TestCloneIsRefused(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-run"))
	must(t, s.Start("lxcdt-run"))
	must(t, s.Add("lxcdt-stop"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	put(t, filepath.Join(s.Path, "lxcdt-full", "note"), "not ours")
	theirs := filepath.Join(s.Path, "theirs")
	must(t, os.Mkdir(theirs, 0o777))
	must(t, os.Chmod(theirs, 0o777))
	for _, c := range []struct {
		name string
		from runtime.Ref
		args runtime.CloneArgs
		want error
	}{
		{"a name that exists", ref, runtime.CloneArgs{To: to(ref, "lxcdt-run")}, runtime.ErrExists},
		{"a directory without a config", ref, runtime.CloneArgs{To: to(ref, "lxcdt-full")}, runtime.ErrExists},
		{"no name", ref, runtime.CloneArgs{To: to(ref, "")}, runtime.ErrInvalid},
		{"slashes", ref, runtime.CloneArgs{To: to(ref, "a/b")}, runtime.ErrInvalid},
		{"a way out", ref, runtime.CloneArgs{To: to(ref, "..")}, runtime.ErrInvalid},
		{"300 characters", ref, runtime.CloneArgs{To: to(ref, strings.Repeat("x", 300))}, runtime.ErrInvalid},
		{"a name that no host can have", ref, runtime.CloneArgs{To: to(ref, strings.Repeat("x", 65))}, runtime.ErrInvalid},
		{"itself", ref, runtime.CloneArgs{To: ref}, runtime.ErrInvalid},
		{"it runs", to(ref, "lxcdt-run"), runtime.CloneArgs{To: to(ref, "lxcdt-b")}, runtime.ErrWrongState},
		{"it is not there", to(ref, "lxcdt-none"), runtime.CloneArgs{To: to(ref, "lxcdt-b")}, runtime.ErrNotFound},
		{"ephemeral without copy on write", ref, runtime.CloneArgs{To: to(ref, "lxcdt-b"), Ephemeral: true}, runtime.ErrInvalid},
		{"an overlay without copy on write", ref, runtime.CloneArgs{To: to(ref, "lxcdt-b"), Backing: "overlay"}, runtime.ErrInvalid},
		{"copy on write of a directory", ref, runtime.CloneArgs{To: to(ref, "lxcdt-b"), Backing: "dir", CoW: true}, runtime.ErrUnsupported},
		{"an overlay on a root without its name", to(ref, "lxcdt-stop"), runtime.CloneArgs{To: to(ref, "lxcdt-b"), CoW: true}, runtime.ErrUnsupported},
		{"a copy of a root without its name", to(ref, "lxcdt-stop"), runtime.CloneArgs{To: to(ref, "lxcdt-b")}, runtime.ErrUnsupported},
		{"no such store", ref, runtime.CloneArgs{To: to(ref, "lxcdt-b"), Backing: "floppy"}, runtime.ErrInvalid},
		{"no such lxcpath", ref, runtime.CloneArgs{To: runtime.Ref{Path: s.Path + "/none", Name: "lxcdt-b"}}, os.ErrNotExist},
		{"an lxcpath that others can write", ref, runtime.CloneArgs{To: runtime.Ref{Path: theirs, Name: "lxcdt-b"}}, runtime.ErrForeign},
	} {
		err := change(t, a, runtime.Clone, c.from, &c.args)
		var e *runtime.Error
		if !errors.As(err, &e) || e.Op != "clone" {
			t.Errorf("%s: %v", c.name, err)
		}
		if !errors.Is(err, c.want) && (!errors.Is(c.want, os.ErrNotExist) || !strings.Contains(err.Error(), "no such file")) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	nothingLeft(t, s.Path, ".root", ".default.conf", "lxcdt-a", "lxcdt-full", "lxcdt-run", "lxcdt-stop", "theirs")
	nothingLeft(t, ref.String(), "config", "rootfs")
}

// A whole name of 64 characters works from end to end.
func TestCloneToALongName(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := ownRoot(t, s.Path, "lxcdt-a")
	dst := to(ref, "lxcdt-"+strings.Repeat("x", 58))
	must(t, change(t, a, runtime.Clone, ref, &runtime.CloneArgs{To: dst}))
	if c := find(t, list(t, a), dst.Name); c.Config == nil {
		t.Errorf("%+v", c.Problem)
	}
}
