package lxc

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// risky are requests that would harm what runs by another name.
func risky(ref runtime.Ref) []runtime.Request {
	return []runtime.Request{
		{Op: runtime.Snapshot, Ref: ref},
		{Op: runtime.Rename, Ref: ref, Args: &runtime.RenameArgs{To: "lxcdt-other"}},
		{Op: runtime.Restore, Ref: ref, Args: &runtime.RestoreArgs{Snap: "snap0"}},
		{Op: runtime.Destroy, Ref: ref, Args: &runtime.DestroyArgs{Snapshots: true}},
	}
}

func refusedElsewhere(t *testing.T, a *Adapter, ref runtime.Ref, words string) {
	t.Helper()
	for _, q := range risky(ref) {
		if err := a.Do(t.Context(), q); !errors.Is(err, runtime.ErrWrongState) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", q.Op, err)
		}
	}
}

// longLink is a symbolic link to an lxcpath whose name is too long for a socket.
func longLink(t *testing.T, to string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	must(t, os.Mkdir(dir, 0o755))
	link := filepath.Join(dir, "link")
	must(t, os.Symlink(to, link))
	return link
}

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// The kernel's list of sockets has only a sum of a name that is too long: the monitor
// says whose it is.
func TestWhatRunsByALongNameIsLeftAlone(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-long")
	another := bootable(t, s, "lxcdt-longer")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	link := longLink(t, s.Path)
	tool(t, "lxc-start", "-P", link, "-n", ref.Name, "-d")
	t.Cleanup(func() { tool(t, "lxc-stop", "-P", link, "-n", ref.Name, "-k") })
	refusedElsewhere(t, a, ref, link)
	must(t, do(t, a, runtime.Destroy, another)) // what runs is not this one
}

// One in the foreground has no title that tells its lxcpath.
func TestWhatMayRunByALongNameIsLeftAlone(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-long")
	another := bootable(t, s, "lxcdt-longer")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	link := longLink(t, s.Path)
	cmd := exec.Command("lxc-start", "-P", link, "-n", ref.Name, "-F")
	must(t, cmd.Start())
	t.Cleanup(func() {
		tool(t, "lxc-stop", "-P", link, "-n", ref.Name, "-k")
		_ = cmd.Wait() // its status is the container's
	})
	tool(t, "lxc-wait", "-P", link, "-n", ref.Name, "-s", "RUNNING", "-t", "60")
	refusedElsewhere(t, a, ref, "is not known")
	must(t, do(t, a, runtime.Destroy, another))
}

// A monitor that stands still, and whose queue is full, runs its container all the same.
func TestWhatRunsBehindAFullQueueIsLeftAlone(t *testing.T) {
	s, s2 := lxctest.New(t), lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref, another := bootable(t, s, "lxcdt-full"), bootable(t, s2, "lxcdt-full")
	must(t, s.Tool("lxc-snapshot", ref.Name))
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	as := runtime.Ref{Path: link, Name: ref.Name}
	tool(t, "lxc-start", "-P", link, "-n", ref.Name, "-d")
	pid, err := adapterFor(t, link).initPID(t.Context(), as)
	must(t, err)
	monitor := parentOf(t, pid)
	must(t, unix.Kill(monitor, unix.SIGSTOP))
	var queue []net.Conn
	t.Cleanup(func() {
		for _, c := range queue {
			_ = c.Close()
		}
		must(t, unix.Kill(monitor, unix.SIGCONT))
		tool(t, "lxc-stop", "-P", link, "-n", ref.Name, "-k")
	})
	for {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: socketName(as)})
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		must(t, err)
		queue = append(queue, c)
	}
	refusedElsewhere(t, a, ref, link)
	// One of that name in another lxcpath has nothing to do with it.
	must(t, do(t, adapterFor(t, s2.Path), runtime.Destroy, another))
}

// Anybody can listen on a socket of any name: that keeps nothing from being done.
func TestSocketOfNobodyImportantIsNoContainer(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := bootable(t, s, "lxcdt-bait")
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(s.Path, link))
	for _, name := range []string{socketName(runtime.Ref{Path: link, Name: ref.Name}), "@lxc/0123456789abcdef/command"} {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestListenForOthers$")
		cmd.Env = append(os.Environ(), baitSocket+"="+name)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		eventually(t, "the socket", func() bool {
			c, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: name})
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
	}
	must(t, do(t, a, runtime.Destroy, ref))
}

const baitSocket = "LXCDT_BAIT"

// TestListenForOthers is what TestSocketOfNobodyImportantIsNoContainer runs as
// somebody else.
func TestListenForOthers(t *testing.T) {
	name := os.Getenv(baitSocket)
	if name == "" {
		t.Skip("run by another test")
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: name})
	must(t, err)
	for {
		if _, err := l.Accept(); err != nil {
			t.Fatal(err)
		}
	}
}
