package lxc

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

const secret = "this is the host's\n"

// What a container puts in a log's place leads nowhere and blocks nobody.
func TestLogsLeadNowhere(t *testing.T) {
	for _, run := range []bool{false, true} {
		a, s, ref := ownBox(t, "lxcdt-lo-odd", run)
		put(t, filepath.Join(s.Path, "outside/secret"), secret)
		at := func(name string) string { return inBox(ref, "var/log/"+name) }
		put(t, at("log"), "inside\n")
		must(t, os.Symlink(filepath.Join(s.Path, "outside/secret"), at("absolute")))
		must(t, os.Symlink("../../../../outside/secret", at("relative")))
		must(t, os.Symlink(filepath.Join(s.Path, "outside"), at("dir")))
		must(t, os.Symlink("../../../../outside", at("updir")))
		must(t, os.Symlink("/proc/1/root", at("magic")))
		must(t, os.Symlink("/etc", at("own")))
		must(t, unix.Mkfifo(at("fifo"), 0o666))
		must(t, unix.Mknod(at("tty"), unix.S_IFCHR|0o666, int(unix.Mkdev(5, 0))))
		must(t, unix.Mknod(at("disk"), unix.S_IFBLK|0o666, int(unix.Mkdev(7, 0))))
		l, err := net.Listen("unix", at("socket"))
		must(t, err)
		t.Cleanup(func() { must(t, l.Close()) })
		for name, want := range map[string]error{
			"absolute": runtime.ErrInvalid, "relative": runtime.ErrInvalid, "fifo": runtime.ErrInvalid, "tty": runtime.ErrInvalid,
			"disk": runtime.ErrInvalid, "socket": runtime.ErrInvalid, "dir": runtime.ErrInvalid, "app": runtime.ErrNoLog,
			"dir/secret": runtime.ErrNoLog, "updir/secret": runtime.ErrNoLog, "log/": runtime.ErrNoLog,
		} {
			began := time.Now()
			log, err := a.OpenLog(t.Context(), ref, fileLog("/var/log/"+name))
			if !errors.Is(err, want) {
				t.Errorf("running %v: %s: %v, want %v", run, name, err, want)
			}
			if err == nil {
				t.Errorf("%s holds %q", name, readLog(t, log))
			}
			if took := time.Since(began); took > openLogTime {
				t.Errorf("%s took %v", name, took)
			}
		}
		for _, name := range []string{"magic" + filepath.Join(s.Path, "outside/secret"), "../../../../../.." + filepath.Join(s.Path, "outside/secret")} {
			if log, err := a.OpenLog(t.Context(), ref, fileLog("/var/log/"+name)); err == nil {
				t.Errorf("%s opens: %q", name, readLog(t, log))
			}
		}
		if _, err := a.OpenLog(t.Context(), ref, fileLog("var/log/log")); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("a relative path: %v", err)
		}
		if _, err := a.OpenLog(t.Context(), ref, fileLog("/proc/kmsg")); run && !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("what the kernel makes up: %v, want ErrInvalid", err)
		}
		// A link within the root is followed on the way.
		if got := readLog(t, openLogOf(t, a, ref, fileLog("/var/log/own/passwd"))); !bytes.HasPrefix(got, []byte("root:")) {
			t.Errorf("own/passwd: %q", got)
		}
		for name, l := range logsOf(t, a, ref) {
			if strings.HasPrefix(name, "/var/log/dir/") || strings.HasPrefix(name, "/var/log/updir/") || (l.Why == "") != (name == "/var/log/log" || name == "/var/log/messages") {
				t.Errorf("listed: %q %+v", name, l)
			}
		}
		// Nor does a link in the place of /var/log itself, or above it.
		must(t, os.Rename(inBox(ref, "var/log"), inBox(ref, "var/logs")))
		for _, to := range []string{"../../../outside", filepath.Join(s.Path, "outside"), "/proc/1/root" + filepath.Join(s.Path, "outside")} {
			must(t, os.Symlink(to, inBox(ref, "var/log")))
			if l, ok := logsOf(t, a, ref)["/var/log/secret"]; ok {
				t.Errorf("%s: listed: %+v", to, l)
			}
			if log, err := a.OpenLog(t.Context(), ref, fileLog("/var/log/secret")); err == nil {
				t.Errorf("%s opens: %q", to, readLog(t, log))
			}
			must(t, os.Remove(inBox(ref, "var/log")))
		}
	}
}

// Of what is swapped again and again while it is looked at nothing outside is seen.
func TestLogsThatAreSwapped(t *testing.T) {
	a, s, ref := ownBox(t, "lxcdt-lo-race", true)
	put(t, filepath.Join(s.Path, "outside/log"), secret)
	put(t, filepath.Join(s.Path, "outside/leak"), secret)
	put(t, inBox(ref, "var/log/app/log"), "inside\n")
	put(t, inBox(ref, "var/log/file"), "inside\n")
	must(t, os.Symlink(filepath.Join(s.Path, "outside"), inBox(ref, "var/log/.dir")))
	must(t, os.Symlink(filepath.Join(s.Path, "outside/log"), inBox(ref, "var/log/.file")))
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { stopped <- n }()
		for ; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			for from, to := range map[string]string{"app": ".dir", "file": ".file"} {
				_ = unix.Renameat2(unix.AT_FDCWD, inBox(ref, "var/log/"+from), unix.AT_FDCWD, inBox(ref, "var/log/"+to), unix.RENAME_EXCHANGE)
			}
		}
	}()
	got, failed := 0, 0
	for _, name := range []string{"/var/log/app/log", "/var/log/file"} {
		var log *runtime.Log
		within(t, name+" opens", func() bool {
			var err error
			log, err = a.OpenLog(t.Context(), ref, fileLog(name))
			return err == nil
		})
		for range 2000 {
			f, err := log.Open()
			if err != nil {
				failed++
				continue
			}
			text := make([]byte, 100)
			n, _ := f.Read(text)
			_ = f.Close()
			if string(text[:n]) != "inside\n" {
				t.Fatalf("%s: %q", name, text[:n])
			}
			got++
		}
		must(t, log.Close())
	}
	root, err := os.Open(rootOfBox(ref))
	must(t, err)
	defer root.Close()
	for range 5000 { // what its helper does
		for _, l := range logsInside(root).Logs {
			if strings.Contains(l.Path, "leak") {
				t.Fatalf("%q is listed", l.Path)
			}
		}
	}
	close(stop)
	n := <-stopped
	if got == 0 || failed == 0 || n == 0 {
		t.Errorf("%d opened, %d not, %d swapped: nothing was tried", got, failed, n)
	}
	t.Logf("%d opened, %d not, %d swapped", got, failed, n)
}

// Logs of root's containers that belong to mapped ids, in both states.
func TestLogsOfMappedIDs(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	idmap, first := rootMap(t)
	ref := boxWith(t, s, "lxcdt-lo-mapped", first, append(idmap, idle, "lxc.cap.drop =", "lxc.mount.auto =", "lxc.mount.auto = proc:mixed")...)
	must(t, os.Chmod(ref.String(), 0o755)) // else it could not start itself
	name := inBox(ref, "var/log/private")
	put(t, name, "mapped\n")
	must(t, os.Chmod(name, 0o600))
	must(t, os.Lchown(name, first+7, first+7))
	for _, run := range []bool{false, true} {
		if run {
			must(t, s.Start(ref.Name))
		}
		if got := logsOf(t, a, ref)["/var/log/private"]; got.Why != "" || got.Kind != runtime.LogFile {
			t.Errorf("running %v: %+v", run, got)
		}
		if text := readLog(t, openLogOf(t, a, ref, fileLog("/var/log/private"))); string(text) != "mapped\n" {
			t.Errorf("running %v: %q", run, text)
		}
	} // One that an escaped root of it could write the config of: that is not read, and
	// what runs is looked into all the same.
	for _, name := range []string{"", "config"} {
		must(t, os.Lchown(filepath.Join(ref.String(), name), first, first))
	}
	put(t, filepath.Join(ref.String(), ref.Name+".log"), "liblxc\n")
	if text := readLog(t, openLogOf(t, a, ref, fileLog("/var/log/private"))); string(text) != "mapped\n" {
		t.Errorf("foreign: %q", text)
	}
	if _, err := a.OpenLog(t.Context(), ref, runtime.LogSource{Kind: runtime.LogConsole}); !errors.Is(err, runtime.ErrForeign) {
		t.Errorf("a log that only the config names: %v, want ErrForeign", err)
	}
	must(t, s.Stop(ref.Name))
	within(t, "it is stopped", func() bool { l := a.known(ref); return l == nil || !l.alive() })
	all := logsOf(t, a, ref)
	if all["lxc"].Why != "" || !strings.Contains(all[logsDir].Why, "its config, which says where its root is, was not read") {
		t.Errorf("foreign and stopped: %+v", all)
	}
}

// A user's container is looked at as that user, whatever its config names.
func TestLogsOfAUser(t *testing.T) {
	s := lxctest.New(t)
	nobody := 65534
	if _, err := userOf(nobody); err != nil {
		t.Skipf("LEFT OUT: nobody has no account here: %v", err)
	}
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-lo-user"}
	put(t, filepath.Join(s.Path, "hidden"), secret)
	must(t, os.Chmod(filepath.Join(s.Path, "hidden"), 0o600))
	put(t, inBox(ref, "var/log/mine"), "mine\n")
	put(t, inBox(ref, "var/log/roots"), secret)
	must(t, os.Chmod(inBox(ref, "var/log/roots"), 0o600))
	put(t, filepath.Join(ref.String(), "config"), "lxc.rootfs.path = dir:"+rootOfBox(ref)+"\nlxc.console.logfile = "+filepath.Join(s.Path, "hidden")+"\n")
	for _, name := range []string{"", "config", "rootfs", "rootfs/var", "rootfs/var/log", "rootfs/var/log/mine"} {
		must(t, os.Lchown(filepath.Join(ref.String(), name), nobody, nobody))
	}
	all := logsOf(t, a, ref)
	if all["console"].Why == "" || all["/var/log/roots"].Why == "" || all["/var/log/mine"].Why != "" {
		t.Errorf("%+v", all)
	}
	if text := readLog(t, openLogOf(t, a, ref, fileLog("/var/log/mine"))); string(text) != "mine\n" {
		t.Errorf("%q", text)
	}
	for _, source := range []runtime.LogSource{{Kind: runtime.LogConsole}, fileLog("/var/log/roots")} {
		if _, err := a.OpenLog(t.Context(), ref, source); !errors.Is(err, runtime.ErrPermission) {
			t.Errorf("%s: %v, want ErrPermission", source.Name(), err)
		}
	}
}

// The worker inside a user namespace reads what is for its owners alone, and no link
// leads out there either.
func TestLogsInside(t *testing.T) {
	s := lxctest.New(t)
	_, first := rootMap(t)
	ids := hostIDs{{Host: uint64(first), Count: 65536}, {Group: true, Host: uint64(first), Count: 65536}}
	root := filepath.Join(s.Path, "rootfs")
	put(t, filepath.Join(s.Path, "secret"), secret)
	put(t, filepath.Join(root, "var/log/private"), "private\n")
	must(t, os.Symlink("../../../secret", filepath.Join(root, "var/log/link")))
	for _, name := range []string{"", "var", "var/log", "var/log/private"} {
		must(t, os.Lchown(filepath.Join(root, name), first+7, first+8))
		must(t, os.Chmod(filepath.Join(root, name), 0o700))
	}
	in := insideFor(t, ids, nil, root)
	told, err := in.logs(t.Context())
	must(t, err)
	if len(told.Logs) != 2 || told.Logs[0].Why == "" || told.Logs[1].Path != "/var/log/private" || told.Logs[1].Why != "" {
		t.Errorf("%+v", told)
	}
	for range 3 {
		f, err := in.openLog("/var/log/private")
		must(t, err)
		text := make([]byte, 100)
		n, _ := f.Read(text)
		must(t, f.Close())
		if string(text[:n]) != "private\n" {
			t.Errorf("%q", text[:n])
		}
		if _, err := in.openLog("/var/log/link"); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("a link: %v", err)
		}
	}
}

// What does not answer keeps nobody waiting for longer than it may, and no helper stays.
func TestLogsThatDoNotAnswer(t *testing.T) {
	a, _, ref := ownBox(t, "lxcdt-lo-deaf", false)
	put(t, filepath.Join(ref.String(), ref.Name+".log"), "liblxc\n")
	put(t, inBox(ref, "srv/log"), "it answers\n")
	must(t, os.MkdirAll(inBox(ref, "var/log"), 0o755))
	hung(t, inBox(ref, "var/log"))
	began := time.Now()
	all := logsOf(t, a, ref)
	if all["lxc"].Why != "" || !strings.Contains(all[logsDir].Why, "not done in time") {
		t.Errorf("%+v", all)
	}
	if took := time.Since(began); took > insideLogsTime+openLogTime {
		t.Errorf("the list took %v", took)
	}
	if _, err := a.OpenLog(t.Context(), ref, fileLog("/var/log/app")); !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("%v, want ErrNoAnswer", err)
	}
	// A log that is swapped for one of those is told of, and comes back.
	log := openLogOf(t, a, ref, fileLog("/srv/log"))
	readLog(t, log)
	must(t, os.Rename(inBox(ref, "srv"), inBox(ref, "srv.old")))
	must(t, os.Symlink("var/log", inBox(ref, "srv")))
	if f, err := log.Open(); !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("%v, %v, want ErrNoAnswer", f, err)
	}
	must(t, os.Remove(inBox(ref, "srv")))
	must(t, os.Rename(inBox(ref, "srv.old"), inBox(ref, "srv")))
	logHas(t, withOpen(log), "it answers")
	within(t, "no helper is left", func() bool { return children(t) <= 1 }) // that of the open log
}

// withOpen is a log that is asked for until it opens.
func withOpen(log *runtime.Log) *runtime.Log {
	out := *log
	out.Open = func() (f *os.File, err error) {
		for until := time.Now().Add(longTime); time.Now().Before(until); time.Sleep(pollEvery) {
			if f, err = log.Open(); err == nil {
				break
			}
		}
		return f, err
	}
	return &out
}
