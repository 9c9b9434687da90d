package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// ill makes a container whose start fails, and lets the doctor look.
func ill(t *testing.T, s *lxctest.Scratch, a *Adapter, name string, args *runtime.StartArgs, lines ...string) (runtime.Diagnosis, error) {
	t.Helper()
	ref := runtime.Ref{Path: s.Path, Name: name}
	if !exists(ref.String()) {
		must(t, s.Add(name, lines...))
	}
	var q runtime.Args
	if args != nil {
		q = args
	}
	err := askFor(t, a, runtime.Start, ref, q)
	if err == nil {
		t.Fatalf("%s started", name)
	}
	return diagnosed(t, a, ref, err), err
}

func diagnosed(t *testing.T, a *Adapter, ref runtime.Ref, failed error) runtime.Diagnosis {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	d, err := a.Diagnose(ctx, ref, failed)
	must(t, err)
	t.Logf("%s: %s\n  %s\n  saw %q\n  log %q", ref.Name, d.Cause, d.Advice, d.Detail, d.Log)
	return d
}

// wantCause checks that cause and advice say what they must.
func wantCause(t *testing.T, d runtime.Diagnosis, cause, advice string) {
	t.Helper()
	if !strings.Contains(d.Cause, cause) || !strings.Contains(d.Advice, advice) {
		t.Errorf("cause %q, advice %q; want %q and %q in them", d.Cause, d.Advice, cause, advice)
	}
}

func TestDoctorFindsTheCause(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.Add("lxcdt-first")) // makes the root that all share
	taken := "lxcdt-clash-" + strconv.Itoa(os.Getpid())
	clash := filepath.Join(cgroupTop(t), taken)
	must(t, os.Mkdir(clash, 0o755))
	t.Cleanup(func() { must(t, os.Remove(clash)) })
	put(t, filepath.Join(s.Path, ".policy"), "no version\n")
	put(t, filepath.Join(s.Path, ".hook"), "#!/bin/sh\nexit 3\n")
	must(t, os.Chmod(filepath.Join(s.Path, ".hook"), 0o755))
	controller := "lxc.cgroup.lxcdt.limit = 1"
	noController := "no cgroup controller lxcdt"
	if exists("/sys/fs/cgroup/cgroup.controllers") { // version 2 alone: liblxc does not look at the keys of version 1
		controller, noController = "lxc.cgroup2.lxcdt.limit = 1", "no cgroup file lxcdt.limit"
	}
	for _, c := range []struct {
		name          string
		lines         []string
		cause, advice string
		log           string // in liblxc's lines; "" = there are none
	}{
		{"bridge", []string{"lxc.net.0.type = veth", "lxc.net.0.link = lxcdt-br"}, "no bridge lxcdt-br", "lxc.net.*.link", "lxcdt-br"},
		{"nobridge", []string{"lxc.net.0.type = veth", "lxc.net.0.link = lo"}, "lo is an interface of the host, but no bridge", "macvlan", "veth pair"},
		{"macvlan", []string{"lxc.net.0.type = macvlan", "lxc.net.0.link = lxcdt-x"}, "no interface lxcdt-x", "lxc.net.*.link", "lxcdt-x"},
		{"phys", []string{"lxc.net.0.type = phys", "lxc.net.0.link = lxcdt-x"}, "no interface lxcdt-x", "lxc.net.*.link", "lxcdt-x"},
		{"pair", []string{"lxc.net.0.type = veth", "lxc.net.0.veth.pair = lo"}, "an interface lo already", "veth.pair", "File exists"},
		{"root", []string{"lxc.rootfs.path = dir:" + s.Path + "/none"}, "root file system is not there: " + s.Path + "/none", "lxc.rootfs.path", "none"},
		{"file", []string{"lxc.rootfs.path = dir:" + s.Path + "/.policy"}, "is a file, and no directory", "loop:", ".policy"},
		{"overlay", []string{"lxc.rootfs.path = overlay:" + s.Path + "/lower:" + s.Path}, "not there: " + s.Path + "/lower", "mounted", "lower"},
		{"place", []string{"lxc.rootfs.mount = " + s.Path + "/no-mount"}, "where liblxc mounts the root file system is not there: " + s.Path + "/no-mount", "lxc.rootfs.mount", "no-mount"},
		{"include", []string{"lxc.include = /no/such.conf"}, "includes a file that cannot be read: /no/such.conf:", "lxc.include", ""},
		{"key", []string{"lxc.no.such.key = 1"}, "does not know: lxc.no.such.key", "lxcdt-key/config", ""},
		{"old", []string{"lxc.network.type = veth"}, "LXC before 2.1", "lxc-update-config -c " + s.Path + "/lxcdt-old/config", ""},
		{"value", []string{"lxc.start.auto = \"b\"x"}, "does not take a line of its config: lxc.start.auto = \"b\"x", "lxc.container.conf(5)", ""},
		{"arch", []string{"lxc.arch = pdp11"}, "lxc.arch = pdp11 is no architecture", "uname -m", ""},
		{"init", []string{"lxc.init.cmd = /no/init"}, "Its init /no/init is not there", "lxc.init.cmd", "/no/init"},
		{"application", []string{"lxc.init.cmd = /no/init", `lxc.execute.cmd = '"/bin/sleep" "9"'`}, "Its init /no/init is not there", `-- "/bin/sleep" "9".`, "/no/init"},
		{"hook", []string{"lxc.hook.pre-start = " + s.Path + "/.hook"}, "ended with status 3: lxc.hook.pre-start = " + s.Path + "/.hook", "LXC_ROOTFS_PATH", "status 3"},
		{"nohook", []string{"lxc.hook.pre-start = /no/hook"}, "cannot be run: /no/hook", "take the line out", "127"},
		{"mounthook", []string{"lxc.hook.mount = /bin/false", "lxc.hook.pre-start = /bin/true"}, "ended with status 1: lxc.hook.mount = /bin/false.", "by hand", "mount hooks"},
		{"inhook", []string{"lxc.hook.start = /bin/false"}, "ended with status 1: lxc.hook.start = /bin/false.", "by hand", "lxc.hook.start"},
		{"source", []string{"lxc.mount.entry = /no/source mnt none bind 0 0"}, "no /no/source on the host, which its config mounts at /mnt", "optional", "/no/source"},
		{"target", []string{"lxc.mount.entry = /tmp no/target none bind 0 0"}, "mount point /no/target is not there in the container", "create=dir", "/no/target"},
		{"fstype", []string{"lxc.mount.entry = x mnt lxcdtfs defaults 0 0"}, "does not know the file system of the mount at /mnt", "modprobe", "No such device"},
		{"fstab", []string{"lxc.mount.fstab = " + s.Path + "/no.fstab"}, "file with its mounts is not there: " + s.Path + "/no.fstab", "lxc.mount.entry", "no.fstab"},
		{"nolog", []string{"lxc.console.logfile = " + s.Path + "/no log/console"}, "logged to is not there: " + s.Path + "/no log", "mkdir -p '" + s.Path + "/no log'", "terminal log file"},
		{"logdir", []string{"lxc.console.logfile = " + s.Path}, "logged to " + s.Path + ": that is a directory", "Name a file in it", "terminal log file"},
		{"device", []string{"lxc.mount.entry = /dev/lxcdt dev/lxcdt none bind,create=file 0 0"}, "no device /dev/lxcdt", "Plug it in", "/dev/lxcdt"},
		{"controller", []string{controller}, noController, "lxc.cgroup.", "lxcdt"},
		{"clash", []string{"lxc.cgroup.dir.container = " + taken, "lxc.cgroup.dir.monitor = " + taken + "-m"}, "there already: lxc.cgroup.dir.container = " + taken, "rmdir", "out of range"},
		{"seccomp", []string{"lxc.seccomp.profile = /no/policy"}, "seccomp policy that its config names is not there: /no/policy", "/usr/share/lxc/config", "/no/policy"},
		{"policy", []string{"lxc.seccomp.profile = " + s.Path + "/.policy"}, "does not understand its seccomp policy", "version", "version"},
		{"share", []string{"lxc.namespace.share.net = lxcdt-nobody"}, "namespaces it shares is not running", "lxc.namespace.share", "lxcdt-nobody"},
		{"sysctl", []string{"lxc.sysctl.net.lxcdt = 1"}, "lxc.sysctl", "/proc/sys", "net.lxcdt"},
		{"prlimit", []string{"lxc.prlimit.lxcdt = 1"}, "lxc.prlimit", "prlimit(1)", "lxcdt"},
		{"groups", []string{"lxc.idmap = u 0 100000 65536"}, "maps no groups (g)", "lxc.idmap = g", "map"},
		{"overlap", []string{"lxc.idmap = u 0 100000 65536", "lxc.idmap = u 9 300000 9", "lxc.idmap = g 0 100000 65536"}, "Two lines of lxc.idmap overlap", "one line only", "map"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := ill(t, s, a, "lxcdt-"+c.name, nil, c.lines...)
			wantCause(t, d, c.cause, c.advice)
			if d.Fix != nil {
				t.Errorf("a fix is offered: %+v", d.Fix)
			}
			var told *runtime.Error
			if !errors.As(err, &told) || !slices.Equal(d.Log, (&failedStart{Log: []byte(told.Log)}).lines()) {
				t.Errorf("the lines are %q, those of the failure %v", d.Log, err)
			}
			if log := strings.Join(d.Log, "\n"); (c.log == "") != (log == "") || !strings.Contains(log, c.log) {
				t.Errorf("liblxc's lines: %q, want %q in them", log, c.log)
			}
		})
	}
}

// rootMap is an id map that root may use: newuidmap, where it is installed,
// holds root to subuid(5) too (lxc_map_ids of conf.c).
func rootMap(t *testing.T) (lines []string, first int) {
	t.Helper()
	first = 100000
	if _, err := exec.LookPath("newuidmap"); err == nil {
		uids, gids := subIDs("/etc/subuid", "root", 0), subIDs("/etc/subgid", "root", 0)
		if len(uids) == 0 || len(gids) == 0 || uids[0] != gids[0] || uids[0].count < 65536 {
			t.Skip("LEFT OUT: newuidmap is installed, and /etc/subuid and /etc/subgid give root no range: its containers cannot be unprivileged here")
		}
		first = int(uids[0].first)
	}
	return []string{fmt.Sprintf("lxc.idmap = u 0 %d 65536", first), fmt.Sprintf("lxc.idmap = g 0 %d 65536", first)}, first
}

func TestDoctorLooksWhoOwnsTheRoot(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	idmap, _ := rootMap(t)
	d, _ := ill(t, s, a, "lxcdt-owner", nil, append(idmap, "lxc.mount.entry = /tmp lxcdt none bind,create=dir 0 0")...)
	wantCause(t, d, "root file system belongs to uid 0, which does not exist in the container", "idmap=container")
	if d.Fix != nil {
		t.Errorf("a fix is offered: %+v", d.Fix)
	}
}

func TestDoctorKnowsWhatWasRefused(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-refused"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-refused"}
	must(t, askFor(t, a, runtime.Lock, ref, &runtime.LockArgs{Why: "backup"}))
	wantCause(t, diagnosed(t, a, ref, do(t, a, runtime.Start, ref)), "it is locked by", "unlock")
	must(t, askFor(t, a, runtime.Unlock, ref, nil))
	must(t, do(t, a, runtime.Start, ref))
	wantCause(t, diagnosed(t, a, ref, do(t, a, runtime.Start, ref)), "wrong state: it is RUNNING", "started it")
	ro := newAdapter(t, Options{Paths: []string{s.Path}, ReadOnly: true})
	wantCause(t, diagnosed(t, ro, ref, do(t, ro, runtime.Start, ref)), "read-only", "--read-only")
}

// TestDoctorAndAUserWithoutACgroup starts a container of a user who has no
// session, and so no cgroup that is delegated.
func TestDoctorAndAUserWithoutACgroup(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	nobody, err := osuser.Lookup("nobody")
	if err != nil {
		t.Skip("LEFT OUT: there is no account nobody: ", err)
	}
	if _, err := exec.LookPath("newuidmap"); err == nil {
		t.Skip("LEFT OUT: newuidmap is installed: it refuses this user before cgroups matter")
	}
	if !exists("/sys/fs/cgroup/memory/cgroup.procs") {
		t.Skip("LEFT OUT: no memory controller of cgroup version 1: liblxc ignores the limit of a user without a cgroup")
	}
	uid, err := strconv.Atoi(nobody.Uid)
	must(t, err)
	must(t, s.Add("lxcdt-user", "lxc.idmap = u 0 "+nobody.Uid+" 1", "lxc.idmap = g 0 "+nobody.Gid+" 1", "lxc.cgroup.memory.limit_in_bytes = 64M"))
	dir := filepath.Join(s.Path, "lxcdt-user")
	must(t, errors.Join(os.Chown(dir, uid, -1), os.Chown(filepath.Join(dir, "config"), uid, -1)))
	run := filepath.Join("/run/user", nobody.Uid)
	if exists(run) {
		t.Skip("LEFT OUT: " + run + " is there: the account nobody is in use")
	}
	d, _ := ill(t, s, a, "lxcdt-user", nil)
	wantCause(t, d, "liblxc has no place for its locks", "enable-linger")
	must(t, os.MkdirAll(run, 0o700))
	t.Cleanup(func() { must(t, os.RemoveAll(run)) })
	must(t, os.Chown(run, uid, -1))
	d, _ = ill(t, s, a, "lxcdt-user", nil)
	wantCause(t, d, "No cgroup is delegated to nobody:", "systemd-run --user --scope")
}

// cgroupTop is where a cgroup that is in a container's way can be made.
func cgroupTop(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		if exists(filepath.Join(dir, "cgroup.procs")) {
			return dir
		}
	}
	t.Fatal("no cgroup hierarchy is mounted where it usually is")
	return ""
}

func TestDoctorLooksAtTheProgram(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	must(t, s.Add("lxcdt-first"))
	root := filepath.Join(s.Path, ".root")
	program := func(name, text string, mode os.FileMode) {
		put(t, filepath.Join(root, name), text)
		must(t, os.Chmod(filepath.Join(root, name), mode))
	}
	program("script", "#!/no/interpreter -x\n", 0o755)
	program("plain", "text\n", 0o644)
	// The head of an ELF file for another machine.
	arm, machine := "\x28\x00", "ARM"
	if strings.HasPrefix(hostArch(), "a") {
		arm, machine = "\x3e\x00", "X86_64"
	}
	program("other", "\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00"+arm+strings.Repeat("\x00", 200), 0o755)
	for _, c := range []struct{ command, cause, advice string }{
		{"/script", "The command /script is there, but not /no/interpreter", "Install that"},
		{"/plain", "The command /plain is not executable", "chmod +x " + root + "/plain"},
		{"/bin", "The command /bin is a directory", "program"},
		{"/none", "The command /none is not there", "Name one that is there"},
		{"/other", "is a program for " + machine + ", and this host is " + hostArch(), "qemu-user-static"},
		{"/bin/false", "ended at once: /bin/false: exit status 1", "-F -- /bin/false"},
	} {
		d, _ := ill(t, s, a, "lxcdt-prog", &runtime.StartArgs{Command: []string{c.command}})
		wantCause(t, d, c.cause, c.advice)
		if d.Fix != nil {
			t.Errorf("%s: a fix is offered for a root outside of the container's directory: %+v", c.command, d.Fix)
		}
	}
}

func TestDoctorAndAFullDisk(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	dir := filepath.Join(s.Path, ".full")
	must(t, s.Add("lxcdt-full", "lxc.rootfs.path = dir:"+dir+"/root"))
	must(t, os.Mkdir(dir, 0o755))
	must(t, unix.Mount("lxcdt", dir, "tmpfs", 0, "size=16m,nr_inodes=600,mode=755"))
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	must(t, os.CopyFS(filepath.Join(dir, "root"), os.DirFS(filepath.Join(s.Path, ".root"))))
	for i := 0; ; i++ {
		err := os.WriteFile(filepath.Join(dir, "file"+strings.Repeat("x", i%100)+string(rune('a'+i/100))), nil, 0o644)
		if errors.Is(err, unix.ENOSPC) {
			break
		}
		must(t, err)
	}
	d, _ := ill(t, s, a, "lxcdt-full", nil)
	wantCause(t, d, "is full: no free inodes", "df -i")
	if !strings.Contains(strings.Join(d.Detail, "\n"), dir) {
		t.Errorf("detail: %q", d.Detail)
	}
}

func TestDoctorWithoutAContainer(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-none"}
	err := do(t, a, runtime.Start, ref)
	wantCause(t, diagnosed(t, a, ref, err), "the container is gone", "renamed")
	must(t, os.MkdirAll(filepath.Join(ref.String(), "snaps", "snap0"), 0o755))
	put(t, filepath.Join(ref.String(), "snaps", "snap0", "config"), "")
	err = do(t, a, runtime.Start, ref)
	d := diagnosed(t, a, ref, err)
	wantCause(t, d, "no config file", "snapshot")
	if !strings.Contains(strings.Join(d.Detail, "\n"), "snap0") {
		t.Errorf("detail: %q", d.Detail)
	}
	must(t, os.WriteFile(filepath.Join(s.Path, "lxcdt-file"), nil, 0o644))
	file := runtime.Ref{Path: s.Path, Name: "lxcdt-file"}
	wantCause(t, diagnosed(t, a, file, do(t, a, runtime.Start, file)), "is no directory", "put in its place")
	lost := runtime.Ref{Path: s.Path + "/unmounted", Name: "lxcdt-x"}
	if d, err := a.Diagnose(context.Background(), lost, runtime.ErrNotFound); err == nil {
		wantCause(t, d, "lxcpath", "mounted")
	}
	put(t, filepath.Join(s.Path, "lxcdt-theirs", "config"), "")
	must(t, os.Chown(filepath.Join(s.Path, "lxcdt-theirs"), 4_000_000, 4_000_000))
	theirs := runtime.Ref{Path: s.Path, Name: "lxcdt-theirs"}
	wantCause(t, diagnosed(t, a, theirs, do(t, a, runtime.Start, theirs)), "belongs to uid 4000000", "chown")
	if _, err := a.Diagnose(context.Background(), runtime.Ref{Path: s.Path, Name: "../x"}, err); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a way out: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d, err = a.Diagnose(ctx, ref, &runtime.Error{Op: "start", Ref: ref, Err: runtime.ErrNotFound, Log: "a line"})
	if !errors.Is(err, runtime.ErrCancelled) || !slices.Equal(d.Log, []string{"a line"}) {
		t.Errorf("cancelled: %v, %q", err, d.Log)
	}
}

// TestDoctorOfAConfigThatCannotBeRead: the cause is that, not what else that user
// lacks.
func TestDoctorOfAConfigThatCannotBeRead(t *testing.T) {
	ref := runtime.Ref{Path: "/lxcdt", Name: "lxcdt-a"}
	t.Setenv("HOME", "/nonexistent")
	t.Setenv("XDG_RUNTIME_DIR", "")
	p := &patient{ref: ref, uid: 65534, load: fmt.Errorf("list: %w", &fs.PathError{Op: "open", Path: ref.String() + "/config", Err: unix.EACCES})}
	wantCause(t, *p.badConfig(), "cannot be read by nobody", "as root")
}
