package lxc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// recovered does with what is left of the container what a Recover does.
func recovered(t *testing.T, ref runtime.Ref, way runtime.RecoverWay) error {
	t.Helper()
	all, err := journals(ref.Path)
	must(t, err)
	i := slices.IndexFunc(all, func(j *journal) bool { return j.ref() == ref })
	if i < 0 {
		t.Fatalf("no journal of %s among %d", ref, len(all))
	}
	o := &operation{q: helperRequest{Ref: ref, Paths: []string{ref.Path}}}
	if all[i].Op == runtime.Destroy {
		return recoverDestroy(o, all[i], way)
	}
	return recoverCreate(o, all[i], way)
}

// TestCreateHelperKilled: with its helper killed, the Adapter clears up.
func TestCreateHelperKilled(t *testing.T) {
	m := newMaking(t, "helper")
	mark := m.s.Path + "/.running"
	script := m.script("mkdir -p $root/a; echo x > " + mark + "; sleep 600")
	got := make(chan error, 1)
	go func() { got <- m.do(t.Context(), &runtime.CreateArgs{Template: script}) }()
	eventually(t, "the template", func() bool { return exists(mark) })
	helpers := helpersOf(os.Getpid())
	if len(helpers) != 1 {
		t.Fatalf("helpers %v", helpers)
	}
	must(t, unix.Kill(helpers[0], unix.SIGKILL))
	if err := <-got; !errors.Is(err, runtime.ErrHelper) {
		t.Errorf("%v", err)
	}
	m.nothingLeft()
}

// TestCreateBothKilled: with helper and lxcdeck killed, the journal tells what
// was left, also of what a half-written config names.
func TestCreateBothKilled(t *testing.T) {
	if script := os.Getenv("LXCDECK_TEST_CREATE"); script != "" { // the lxcdeck that is killed
		path := os.Getenv("LXCDECK_TEST_PATH")
		a := newAdapter(t, Options{Paths: []string{path}})
		ref := runtime.Ref{Path: path, Name: os.Getenv("LXCDECK_TEST_NAME")}
		t.Fatal(a.Do(context.Background(), runtime.Request{Op: runtime.Create, Ref: ref,
			Args: &runtime.CreateArgs{Template: script, Network: runtime.Network{Kind: runtime.NoNetwork}, Backing: runtime.Backing{Dir: os.Getenv("LXCDECK_TEST_DIR")}}}))
	}
	m := newMaking(t, "both")
	mark, mine, root := m.s.Path+"/.running", m.s.Path+"/.mine", m.s.Path+"/.elsewhere"
	put(t, mine+"/file", "x")
	script := m.script("mkdir -p $root/a; echo lxc.rootfs.path = dir:" + mine + " >> $path/config; echo $$ > " + mark + "; sleep 600")
	for _, dir := range []string{"", root} {
		_ = os.Remove(mark)
		cmd := exec.Command(selfExe, "-test.run=^TestCreateBothKilled$")
		cmd.Env = append(os.Environ(), "LXCDECK_TEST_CREATE="+script, "LXCDECK_TEST_PATH="+m.s.Path, "LXCDECK_TEST_NAME="+m.ref.Name, "LXCDECK_TEST_DIR="+dir)
		must(t, cmd.Start())
		eventually(t, "the template", func() bool { return size(mark) > 0 })
		t.Cleanup(func() { endByFile(mark) })
		for _, pid := range append(helpersOf(cmd.Process.Pid), cmd.Process.Pid) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		_ = cmd.Wait()
		var left []*journal
		eventually(t, "what was left", func() bool {
			var err error
			left, err = journals(m.s.Path)
			must(t, err)
			return len(left) == 1
		})
		what, ways := leftCreate(left[0])
		if !strings.Contains(what, "root") || !slices.Equal(ways, []runtime.RecoverWay{runtime.Undo}) {
			t.Errorf("%q, %v", what, ways)
		}
		if err := recovered(t, m.ref, runtime.Finish); !errors.Is(err, runtime.ErrUnsupported) {
			t.Errorf("finish: %v", err)
		}
		must(t, recovered(t, m.ref, runtime.Undo))
		m.nothingLeft()
		if dir != "" && exists(dir) {
			t.Error("its root was left")
		}
	}
	if !exists(mine + "/file") {
		t.Error("what the half-written config named was removed")
	}
}

// TestCreateUndoIsOfItsOwn: a directory that has taken the place of what was
// made is nobody's to remove.
func TestCreateUndoIsOfItsOwn(t *testing.T) {
	s := lxctest.New(t)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-other"}
	must(t, os.Mkdir(ref.String(), 0o755))
	id, err := dirID(ref.String())
	must(t, err)
	_, err = openJournal(runtime.Create, ref, makingRoot, map[string]string{factDir: id + "0"})
	must(t, err)
	put(t, ref.String()+"/config", "lxc.uts.name = x\n")
	if err := recovered(t, ref, runtime.Undo); !errors.Is(err, runtime.ErrExists) || !exists(ref.String()+"/config") {
		t.Errorf("%v", err)
	}
}

// TestCreateDiskFull makes a container on a file system that is too small.
func TestCreateDiskFull(t *testing.T) {
	s := lxctest.New(t)
	for _, room := range []string{"1m", "64k"} {
		path := filepath.Join(s.Path, ".full-"+room)
		must(t, os.Mkdir(path, 0o755))
		must(t, unix.Mount("lxcdt", path, "tmpfs", 0, "mode=755,size="+room))
		t.Cleanup(func() { must(t, unix.Unmount(path, 0)) })
		a := adapterFor(t, path)
		ref := runtime.Ref{Path: path, Name: "lxcdt-full"}
		err := a.Do(t.Context(), runtime.Request{Op: runtime.Create, Ref: ref,
			Args: &runtime.CreateArgs{Template: "busybox", Network: runtime.Network{Kind: runtime.NoNetwork}}})
		var e *runtime.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint, "full") {
			t.Errorf("%s: %v, hint %q", room, err, e.Hint)
		}
		entries, err := os.ReadDir(path)
		must(t, err)
		if len(entries) != 0 {
			t.Errorf("%s: %v was left", room, entries)
		}
	}
}

// TestCreateStores makes roots in the stores that need no daemon.
func TestCreateStores(t *testing.T) {
	for _, tool := range []string{"mkfs.btrfs", "mkfs.ext4"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: create in btrfs and in a loop file is left out", tool)
		}
	}
	s := lxctest.New(t)
	path := filepath.Join(s.Path, ".btrfs")
	mountImage(t, path, "btrfs", 300<<20)
	for _, c := range []struct {
		path, store string
		backing     runtime.Backing
	}{
		{path, path + "/lxcdt-store/rootfs", runtime.Backing{Type: "btrfs"}},
		{path, path + "/lxcdt-store/rootfs", runtime.Backing{Type: "best"}},
		{s.Path, s.Path + "/lxcdt-store/rootdev", runtime.Backing{Type: "loop", FSType: "ext4", Size: 64 << 20}},
	} {
		a := adapterFor(t, c.path)
		ref := runtime.Ref{Path: c.path, Name: "lxcdt-store"}
		args := &runtime.CreateArgs{Template: "busybox", Backing: c.backing, Network: runtime.Network{Kind: runtime.NoNetwork}}
		q := runtime.Request{Op: runtime.Create, Ref: ref, Args: args}
		must(t, a.Do(t.Context(), q))
		if !exists(c.store) {
			t.Errorf("%s: no %s", c.backing.Type, c.store)
		}
		if c.backing.Type == "btrfs" {
			var st unix.Stat_t
			must(t, lstat(c.store, &st))
			if st.Ino != 256 { // BTRFS_FIRST_FREE_OBJECTID: the root of a subvolume
				t.Errorf("its root is no subvolume: inode %d", st.Ino)
			}
		}
		must(t, do(t, a, runtime.Destroy, ref))
		fails := filepath.Join(s.Path, ".fails")
		put(t, fails, "#!/bin/sh\nexit 1\n")
		must(t, os.Chmod(fails, 0o755))
		args.Template = fails
		if err := a.Do(t.Context(), q); err == nil || exists(ref.String()) {
			t.Errorf("%s: a failing template: %v, left: %v", c.backing.Type, err, exists(ref.String()))
		}
	}
}

// mountImage mounts a file system of its own; it goes with the test.
func mountImage(t *testing.T, path, kind string, size int64) {
	t.Helper()
	image := path + ".img"
	f, err := os.Create(image)
	must(t, err)
	must(t, errors.Join(f.Truncate(size), f.Close()))
	must(t, os.Mkdir(path, 0o755))
	for _, cmd := range [][]string{{"mkfs." + kind, image}, {"mount", "-o", "loop", image, path}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", cmd, err, out)
		}
	}
	t.Cleanup(func() { must(t, unix.Unmount(path, 0)) })
}
