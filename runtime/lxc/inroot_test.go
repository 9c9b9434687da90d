package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// rootIn makes a directory that serves as a container's root, with what a
// hostile container might put there.
func rootIn(t *testing.T) (r *inRoot, dir, outside string) {
	t.Helper()
	base := t.TempDir()
	dir, outside = filepath.Join(base, "root"), filepath.Join(base, "secret")
	plant(t, outside, "root:x:0:0::/root:/bin/evil\n", 0o644)
	plant(t, filepath.Join(dir, "bin/busybox"), "x", 0o755)
	plant(t, filepath.Join(dir, "bin/plain"), "x", 0o644)
	link(t, "busybox", filepath.Join(dir, "bin/sh"))
	plant(t, filepath.Join(dir, "home/anna/.profile"), "", 0o644)
	plant(t, filepath.Join(dir, "root/.profile"), "", 0o644)
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	r = &inRoot{dir: fd, pidfd: pidfd}
	t.Cleanup(r.close)
	return r, dir, outside
}

func plant(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestInRootNeverLeadsOut(t *testing.T) {
	r, dir, outside := rootIn(t)
	link(t, outside, filepath.Join(dir, "absolute"))
	link(t, "../secret", filepath.Join(dir, "relative"))
	link(t, "../../../../../../../../../../../../.."+outside, filepath.Join(dir, "far"))
	link(t, "/proc/self/root", filepath.Join(dir, "magic"))
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	plant(t, filepath.Join(dir, "big"), strings.Repeat("x", 100), 0o644)
	for _, name := range []string{"absolute", "relative", "far", "magic/etc/passwd", "/../secret", "fifo", "bin", "missing"} {
		if b, err := r.readFile(name, 1<<20); err == nil {
			t.Errorf("%s was read: %q", name, b)
		}
	}
	if _, err := r.readFile("big", 99); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a file over the limit: %v, want ErrInvalid", err)
	}
	if b, err := r.readFile("/big", 100); err != nil || len(b) != 100 {
		t.Errorf("a file at the limit: %d bytes, %v", len(b), err)
	}
}

func TestPlan(t *testing.T) {
	const entries = "# comment\nroot:x:0:0:root:/root:/bin/sh\nbroken line\nanna:x:1000:1001:A:/home/anna:/bin/sh\n" +
		"7:x:8:8::/:/bin/sh\nnoshell:x:9:9::/nowhere:/bin/missing\nrelative:x:10:10::/:bin/sh\nplain:x:11:11::/:/bin/plain\n" +
		"dir:x:12:12::/:/bin\nempty:x:13:13::/:\nhuge:x:4294967295:1::/:/bin/sh\n"
	r, dir, outside := rootIn(t)
	plant(t, filepath.Join(dir, "etc/passwd"), entries, 0o644)
	for _, test := range []struct {
		user     string
		uid, gid int
		cwd      string
		shell    string
	}{
		{"", 0, 0, "/root", "/bin/sh"},
		{"root", 0, 0, "/root", "/bin/sh"},
		{"anna", 1000, 1001, "/home/anna", "/bin/sh"},
		{"1000", 1000, 1001, "/home/anna", "/bin/sh"},
		{"7", 8, 8, "/", "/bin/sh"}, // a name made of digits goes first, as in chown(1)
		{"5000", 5000, 5000, "/", "/bin/sh"},
		{"noshell", 9, 9, "/", "/bin/sh"},
		{"relative", 10, 10, "/", "/bin/sh"},
		{"plain", 11, 11, "/", "/bin/sh"},
		{"dir", 12, 12, "/", "/bin/sh"},
		{"empty", 13, 13, "/", "/bin/sh"},
	} {
		p, err := planProcess(r, &runtime.Shell{User: test.user})
		if err != nil {
			t.Errorf("user %q: %v", test.user, err)
			continue
		}
		if p.uid != test.uid || p.gid != test.gid || p.cwd != test.cwd || p.argv[0] != test.shell || p.argv[1] != "-l" {
			t.Errorf("user %q: %+v, want %+v", test.user, p, test)
		}
	}
	for _, user := range []string{"huge", "4294967295", "-1", "no one", "anna:x"} {
		if _, err := planProcess(r, &runtime.Shell{User: user}); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("user %q: %v, want ErrInvalid", user, err)
		}
	}
	// A passwd that leads out of the root is none.
	if err := os.Remove(filepath.Join(dir, "etc/passwd")); err != nil {
		t.Fatal(err)
	}
	link(t, outside, filepath.Join(dir, "etc/passwd"))
	p, err := planProcess(r, &runtime.Shell{})
	if err != nil || p.argv[0] != "/bin/sh" || p.uid != 0 || p.cwd != "/root" {
		t.Errorf("passwd outside the root: %+v, %v", p, err)
	}
	if _, err := planProcess(r, &runtime.Shell{User: "anna"}); err == nil {
		t.Error("a user was found in a passwd outside the root")
	}
}

func TestPlanEnvironment(t *testing.T) {
	r, _, _ := rootIn(t)
	p, err := planProcess(r, &runtime.Shell{Term: "linux", Env: []string{"A=1", "LANG=de_DE.UTF-8", "A=2"}, Command: []string{"x", "y"}, Cwd: "/home"})
	if err != nil {
		t.Fatal(err)
	}
	want := "TERM=linux PATH=" + defaultPath + " HOME=/root USER=root LOGNAME=root SHELL=/bin/sh LANG=de_DE.UTF-8 A=2"
	if got := strings.Join(p.env, " "); got != want {
		t.Errorf("environment\n%s\nwant\n%s", got, want)
	}
	if len(p.argv) != 2 || p.cwd != "/home" {
		t.Errorf("%+v", p)
	}
	for _, bad := range []runtime.Shell{
		{Env: []string{"=x"}}, {Env: []string{"A"}}, {Env: []string{"A=\x00"}}, {Command: []string{"a\x00b"}},
		{Cwd: "relative"}, {Cwd: "/bin/sh"}, {Command: []string{""}},
	} {
		if _, err := planProcess(r, &bad); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", bad, err)
		}
	}
	// A root that may not be looked into has a shell and root, no names.
	var none *inRoot
	if p, err := planProcess(none, &runtime.Shell{Cwd: "/srv"}); err != nil || p.argv[0] != defaultShell || p.cwd != "/srv" {
		t.Errorf("closed root: %+v, %v", p, err)
	}
	if _, err := planProcess(none, &runtime.Shell{User: "anna"}); err == nil {
		t.Error("a user was found in a closed root")
	}
}

func FuzzPasswd(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/sh\nanna:x:1:1::/:/bin/sh"), "anna")
	f.Add([]byte("a:::::\n\x00:::"), "")
	f.Fuzz(func(t *testing.T, text []byte, who string) {
		a, ok := parsePasswd(text, who)
		if !ok {
			return
		}
		if uid, numeric := parseID(who); a.name != who && (!numeric || a.uid != uid) {
			t.Errorf("%q gave %+v", who, a)
		}
		if a.uid < 0 || a.gid < 0 || a.uid >= 1<<32-1 || strings.ContainsRune(a.shell, '\n') {
			t.Errorf("%+v", a)
		}
	})
}

// A container whose passwd is a FIFO still gets its shell started.
func TestHostilePasswd(t *testing.T) {
	a, s, ref := running(t, "lxcdt-ir-passwd")
	passwd := filepath.Join(s.Path, ".root/etc/passwd")
	if err := os.Remove(passwd); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(passwd, 0o644); err != nil {
		t.Fatal(err)
	}
	p := attach(t, a, runtime.Shell{Ref: ref})
	p.expect("built-in shell") // it hangs at the FIFO itself before its prompt
	if err := p.s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Attach(t.Context(), runtime.Shell{Ref: ref, User: "anna"}); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("user of a FIFO: %v, want ErrInvalid", err)
	}
}
