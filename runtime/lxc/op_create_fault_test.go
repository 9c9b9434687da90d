package lxc

import (
	"context"
	"errors"
	"os"
	"os/exec"
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
	// It cannot be loaded yet: that it is being made is the truth for all others.
	other := newAdapter(t, Options{Paths: []string{m.s.Path}})
	mention(t, doing(t, other, runtime.Destroy, m.ref, nil), runtime.ErrBusy, "create (process ")
	must(t, unix.Kill(helpers[0], unix.SIGKILL))
	err := <-got
	var e *runtime.Error
	if !errors.Is(err, runtime.ErrHelper) || !errors.As(err, &e) || e.Hint != takenBack {
		t.Errorf("%v; hint %q", err, e.Hint)
	}
	m.nothingLeft()
}

// TestKilledHelperSaysWhatBecameOfIt: what can be taken back was, and what cannot is
// named with what to do.
func TestKilledHelperSaysWhatBecameOfIt(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-left"}
	began := time.Now()
	undo := func(op runtime.Op) string {
		t.Helper()
		r, err := a.takeBack(runtime.Request{Op: op, Ref: ref}, nil, began, runtime.ErrHelper)
		if !errors.Is(err, runtime.ErrHelper) {
			t.Errorf("%s: %v", op, err)
		}
		return r.Hint
	}
	if got := undo(runtime.SetAutostart); got != nothingBegun {
		t.Errorf("without a journal: %q", got)
	}
	if r, err := a.takeBack(runtime.Request{Op: runtime.Clone, Ref: ref}, nil, began, runtime.ErrCancelled); r.Hint != "" || !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("what was cancelled: %q, %v", r.Hint, err)
	}
	// One that has no way back goes on to its end.
	j, err := openJournal(runtime.DeleteSnapshot, ref, "deleting", map[string]string{})
	must(t, err)
	if got := undo(runtime.DeleteSnapshot); got != notTakenBack || j.ended() {
		t.Errorf("without a way back: %q, ended %t", got, j.ended())
	}
	must(t, j.end())
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
			t.Skipf("LEFT OUT: %s is not installed: create in btrfs and in a loop file is left out", tool)
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

// TestCreateGivenUp: a deadline that passes is a cancel, and what the template
// calls its own is for it to clear away.
func TestCreateGivenUp(t *testing.T) {
	m := newMaking(t, "late")
	own := m.s.Path + "/.own"
	script := m.script("trap 'rm -f " + own + "; exit 1' TERM; echo > " + own + "; while :; do sleep 1; done")
	err := m.a.Do(t.Context(), runtime.Request{Op: runtime.Create, Ref: m.ref, Timeout: 2 * time.Second,
		Args: &runtime.CreateArgs{Template: script, Network: runtime.Network{Kind: runtime.NoNetwork}}})
	if !errors.Is(err, runtime.ErrNoAnswer) || strings.Contains(err.Error(), "monitor") {
		t.Errorf("%v", err)
	}
	m.nothingLeft()
	if exists(own) {
		t.Error("the template could not clear up after itself")
	}
}

// TestCreateStartFails: what was made is kept, and it says so.
func TestCreateStartFails(t *testing.T) {
	m := newMaking(t, "nostart")
	// What an included file says of networks, groups and ids gives way, too.
	put(t, m.s.Path+"/.more", "lxc.net.0.type = veth\nlxc.net.0.link = lxcdtnone0\nlxc.group = old\nlxc.idmap = u 0 1 1\nlxc.start.order = 1\n")
	args := &runtime.CreateArgs{Template: "busybox", Start: true, Config: m.s.Path + "/.conf", Auto: &runtime.AutostartArgs{Order: 3, Groups: []string{"new"}}}
	put(t, args.Config, "lxc.include = "+m.s.Path+"/.more\nlxc.idmap =\nlxc.apparmor.profile = unconfined\nlxc.hook.pre-start = /bin/false\n")
	err := m.do(t.Context(), args)
	var e *runtime.Error
	if !errors.As(err, &e) || !strings.Contains(e.Err.Error(), "created, but it did not start") || !strings.Contains(e.Hint, "hook") {
		t.Errorf("%v, hint %q", err, e.Hint)
	}
	c := find(t, list(t, m.a), m.ref.Name)
	if c.State != runtime.Stopped || c.Config == nil || !slices.Equal(c.Config.Groups, []string{"new"}) || c.Config.Order != 3 || c.Config.Unprivileged {
		t.Errorf("%+v, config %+v", c, c.Config)
	}
	if exists(m.s.Path + "/" + deckDir) {
		t.Error("a journal was left")
	}
	config := filepath.Join(m.ref.String(), "config")
	text, err := os.ReadFile(config)
	must(t, err)
	must(t, os.WriteFile(config, []byte(strings.ReplaceAll(string(text), "lxc.hook.pre-start", "#")), 0o640))
	must(t, do(t, m.a, runtime.Start, m.ref)) // with the network that it was given
	must(t, do(t, m.a, runtime.Kill, m.ref))
}

// TestCreateStartCancelled: until it runs, nothing is kept.
func TestCreateStartCancelled(t *testing.T) {
	m := newMaking(t, "halfstart")
	// In a hook its monitor does not answer: how long it may take to is waited for.
	m.a = newAdapter(t, Options{Paths: []string{m.s.Path}, Answer: time.Second})
	hook, mark := m.s.Path+"/.hook", m.s.Path+"/.hooked"
	put(t, hook, "#!/bin/sh\necho $$ > "+mark+"\nexec sleep 600\n")
	must(t, os.Chmod(hook, 0o755))
	args := &runtime.CreateArgs{Template: "busybox", Start: true, Config: m.s.Path + "/.conf"}
	put(t, args.Config, "lxc.apparmor.profile = unconfined\nlxc.hook.pre-start = "+hook+"\n")
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { got <- m.do(ctx, args) }()
	eventually(t, "the hook", func() bool { return size(mark) > 0 })
	t.Cleanup(func() { endByFile(mark) })
	all, err := journals(m.s.Path)
	must(t, err)
	if len(all) != 0 { // its operation still runs
		t.Errorf("%+v", all[0])
	}
	cancel()
	if err := <-got; !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("%v", err)
	}
	m.nothingLeft()
}

// TestCreateAsUserNeedsIDMap makes a container in a directory of somebody who
// has no ids to give.
func TestCreateAsUserNeedsIDMap(t *testing.T) {
	s := lxctest.New(t)
	nobody, err := osuser.Lookup("nobody")
	if err != nil {
		t.Skip("LEFT OUT: this host has no user nobody: operations as another user are not tested")
	}
	uid, err := strconv.Atoi(nobody.Uid)
	must(t, err)
	path := s.Path + "/.theirs"
	must(t, os.Mkdir(path, 0o755))
	must(t, os.Chown(path, uid, 0))
	a := adapterFor(t, path)
	ref := runtime.Ref{Path: path, Name: "lxcdt-theirs"}
	for _, maps := range [][]runtime.IDMap{nil, {{Host: 100000, Count: 65536}}} {
		err = a.Do(t.Context(), runtime.Request{Op: runtime.Create, Ref: ref, Args: &runtime.CreateArgs{
			Template: "busybox", IDMap: maps, Network: runtime.Network{Kind: runtime.NoNetwork}}})
		if err == nil || !strings.Contains(err.Error(), "/etc/subuid") {
			t.Errorf("%v", err)
		}
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestCreateAfterALostOne: what an interrupted create left in writing only does
// not outlive the next one, whose container it would name.
func TestCreateAfterALostOne(t *testing.T) {
	m := newMaking(t, "again")
	_, err := openJournal(runtime.Create, m.ref, makingRoot, map[string]string{factDir: "1:1"})
	must(t, err)
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: "busybox"}))
	if all, err := journals(m.s.Path); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	must(t, do(t, m.a, runtime.Destroy, m.ref))
	// A destroy that was killed between its last act and the word on it.
	_, err = openJournal(runtime.Destroy, m.ref, removingRoot, map[string]string{factDir: "1:1", factStore: "dir:" + m.ref.String() + "/rootfs"})
	must(t, err)
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: "busybox"}))
	must(t, do(t, m.a, runtime.Destroy, m.ref))
	m.nothingLeft()
	_, err = openJournal(runtime.Create, m.ref, makingRoot, map[string]string{factDir: "1:1", factRoot: m.s.Path + "/.elsewhere"})
	must(t, err)
	if err := m.do(t.Context(), &runtime.CreateArgs{Template: "busybox"}); !errors.Is(err, runtime.ErrExists) || exists(m.ref.String()) {
		t.Errorf("something of it may be elsewhere: %v", err)
	}
}
