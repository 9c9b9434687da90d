package lxc

import (
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

// TestAskedNamespacesAreTheKernels: what is made of lxc.namespace.keep and .clone
// before a start is what the kernel shows after it.
func TestAskedNamespacesAreTheKernels(t *testing.T) {
	host, err := os.Hostname()
	must(t, err)
	t.Cleanup(func() {
		if now, err := os.Hostname(); err != nil || now != host {
			t.Errorf("this host is called %q now, %v: it was %q", now, err, host)
		}
	})
	for name, lines := range map[string][]string{
		"plain":     {},
		"none":      {"lxc.net.0.type = none"},
		"keep":      {"lxc.namespace.keep = user net ipc"},
		"keep-none": {"lxc.namespace.keep = user IPC", "lxc.net.0.type = none"},
		"keep-two":  {"lxc.namespace.keep = user", "lxc.namespace.keep = uts net"},
		"clone":     {"lxc.namespace.clone = mnt pid net"},
		"clone-net": {"lxc.namespace.clone = mnt pid ipc uts", "lxc.net.0.type = none"},
	} {
		t.Run(name, func(t *testing.T) {
			s := lxctest.New(t)
			a := adapterFor(t, s.Path)
			ref := runtime.Ref{Path: s.Path, Name: "lxcdt-ask-" + name}
			// Without a name of its own: in the host's namespace it would be the host's.
			must(t, s.Add(ref.Name, append(lines, idle, "lxc.uts.name =")...))
			before := isolationOf(t, a, ref)
			must(t, s.Start(ref.Name))
			within(t, "it runs", func() bool {
				l, err := a.List(t.Context())
				return err == nil && len(l.Containers) == 1 && l.Containers[0].InitPID > 0
			})
			i := isolationOf(t, a, ref)
			known := 0
			for _, kind := range runtime.NamespaceKinds() {
				asked := before.AskedHost(kind)
				if asked == runtime.NotKnown {
					continue
				}
				known++
				if shown := i.Namespace(kind).Host; shown != asked && shown != runtime.NotKnown {
					t.Errorf("%s: asked for the host's %v, the kernel shows %v", kind, asked, shown)
				}
			}
			if known < 6 {
				t.Errorf("only %d of them are judged", known)
			}
			// The marks of both are the same but for what only the kernel shows.
			want, got := marks(&before), marks(&i)
			for _, id := range []string{"host-pid", "host-net", "host-ipc", "host-uts", "privileged"} {
				if slices.Contains(want, id) != slices.Contains(got, id) {
					t.Errorf("%s: asked %v, runs %v", id, want, got)
				}
			}
		})
	}
}

// TestIsolationOfFstab: what a container mounts by lxc.mount.fstab is judged before
// it starts as after it.
func TestIsolationOfFstab(t *testing.T) {
	dir := t.TempDir()
	sock := filepath.Join(dir, "docker.sock")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: sock}))
	tab := filepath.Join(dir, "fstab")
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-fstab"}
	must(t, s.Add(ref.Name, "lxc.mount.fstab = "+tab, idle))
	text := "# of the host\n\n/\tmnt none bind,ro 0 0\n" + sock + " tmp/docker.sock none bind,create=file 0 0\n/dev srv none bind,create=dir 0 0\n"
	must(t, os.WriteFile(tab, []byte(text), 0o644))
	before := isolationOf(t, a, ref)
	if len(before.Config.Fstab) != 3 || before.Config.FstabMore || before.Config.FstabWhy != "" {
		t.Fatalf("%+v", before.Config)
	}
	must(t, s.Start(ref.Name))
	within(t, "it runs", func() bool {
		l, err := a.List(t.Context())
		return err == nil && len(l.Containers) == 1 && l.Containers[0].InitPID > 0
	})
	i := isolationOf(t, a, ref)
	for what, at := range map[string]*runtime.Isolation{"asked": &before, "runs": &i} {
		found := 0
		for _, w := range at.Weaknesses() {
			if w.ID == "host-directory" || w.ID == "host-socket" {
				found++
				if !strings.HasSuffix(w.Do, tab) {
					t.Errorf("%s: %s: %s", what, w.What, w.Do)
				}
				if !strings.Contains(w.What, " at /mnt") && !strings.Contains(w.What, " at /tmp/docker.sock") && !strings.Contains(w.What, " at /srv") {
					t.Errorf("%s: %s", what, w.What)
				}
			}
		}
		if found != 3 {
			t.Errorf("%s: %d weak points of mounts: %v", what, found, marks(at))
		}
	}
	if !i.Config.Changed.IsZero() {
		t.Errorf("changed at %v", i.Config.Changed)
	}
	later := time.Now().Add(time.Minute)
	must(t, os.Chtimes(tab, later, later))
	if i = isolationOf(t, a, ref); !i.Config.Changed.Equal(later) {
		t.Errorf("an fstab that was changed after the start: %v", i.Config.Changed)
	}
}

// TestFstabThatIsNoFile: what cannot be read is told, and hangs nobody.
func TestFstabThatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	fifo, long := filepath.Join(dir, "fifo"), filepath.Join(dir, "long")
	must(t, unix.Mkfifo(fifo, 0o600))
	must(t, os.WriteFile(long, []byte(strings.Repeat("/a b none bind 0 0\n", runtime.MaxFstab+1)), 0o600))
	for _, name := range []string{"fstab", fifo, filepath.Join(dir, "missing"), dir} {
		if f, err := fstabEntries(name); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f, err := fstabEntries(long); err != nil || !f.more || len(f.entries) != runtime.MaxFstab {
		t.Errorf("%d entries, more %v, %v", len(f.entries), f.more, err)
	}
	must(t, os.WriteFile(long, []byte("/ "+strings.Repeat("x", maxFstab)+" none bind 0 0\n"), 0o600))
	if f, err := fstabEntries(long); err != nil || !f.more || len(f.entries) != 0 {
		t.Errorf("%d entries, more %v, %v", len(f.entries), f.more, err)
	}
}
