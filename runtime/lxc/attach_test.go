package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func TestShell(t *testing.T) {
	a, _, ref := running(t, "lxcdt-at-shell")
	began := time.Now()
	p := attach(t, a, runtime.Shell{Ref: ref, Cols: 100, Rows: 30, Env: []string{"MARK=from outside"}})
	p.expect("# ")
	t.Logf("prompt after %v", time.Since(began))
	if p.s.Notice() != "" {
		t.Errorf("notice %q for a pty of the container's own", p.s.Notice())
	}
	ask := func(command, want string) {
		t.Helper()
		p.send(command + "\n")
		p.expect(want)
	}
	ask("tty; stty size", "/dev/pts/")
	p.expect("30 100")
	ask("echo [$TERM] [$LANG] [$USER] [$HOME] [$MARK] [$SHELL]", "[xterm-256color] [C.UTF-8] [root] [/root] [from outside] [/bin/sh]")
	ask("echo $(env | cut -d= -f1 | sort | tr '\\n' ' ')end", "HOME LANG LOGNAME MARK")
	ask("id -u; pwd", "0\r\n")
	ask("ulimit -Sn", "1024")
	t.Run("size", func(t *testing.T) {
		if err := p.s.Resize(133, 41); err != nil {
			t.Fatal(err)
		}
		ask("stty size", "41 133")
		if err := p.s.Resize(0, 41); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("size 0x41: %v, want ErrInvalid", err)
		}
	})
	t.Run("window change reaches the program", func(t *testing.T) {
		p.send("sh -c 'trap \"echo GOT; stty size; exit 3\" WINCH; echo re''ady; while :; do sleep 0.05; done'\n")
		p.expect("ready")
		if err := p.s.Resize(134, 42); err != nil {
			t.Fatal(err)
		}
		p.expect("42 134")
	})
	t.Run("interrupt", func(t *testing.T) {
		p.send("sh -c 'echo go''ing; exec sleep 600'\n")
		p.expect("going")
		p.send("\x03")
		ask("echo RC=$?", "RC=130")
	})
	t.Run("job control", func(t *testing.T) {
		p.send("sh -c 'echo go''ing; exec sleep 601'\n")
		p.expect("going")
		p.send("\x1a")
		p.expect("Stopped")
		ask("kill -9 %1; wait; jobs; echo do''ne", "done")
	})
	t.Run("nothing of ours is open inside", func(t *testing.T) {
		p.send("ls -l /proc/$$/fd /proc/self/fd; echo do''ne\n")
		for line := range strings.Lines(p.expect("done")) {
			_, target, ok := strings.Cut(line, " -> ")
			target = strings.TrimSpace(target)
			if ok && !strings.HasPrefix(target, "/dev/pts/") && !strings.HasPrefix(target, "/proc/") && target != "/dev/tty" {
				t.Errorf("open in the container: %s", strings.TrimSpace(line))
			}
		}
	})
	p.send("exit 7\n")
	p.endOfOutput()
	if exit := p.end(); exit != (runtime.Exit{Code: 7}) {
		t.Errorf("exit 7: %+v", exit)
	}
}

func TestExitStatus(t *testing.T) {
	a, _, ref := running(t, "lxcdt-at-exit")
	for _, test := range []struct {
		command []string
		want    runtime.Exit
	}{
		{[]string{"/bin/sh", "-c", "exit 255"}, runtime.Exit{Code: 255}},
		{[]string{"/bin/sh", "-c", "kill -9 $$"}, runtime.Exit{Code: 137, Signal: 9}},
		{[]string{"/bin/sh", "-c", "kill -15 $$"}, runtime.Exit{Code: 143, Signal: 15}},
		{[]string{"/bin/nonexistent"}, runtime.Exit{Code: 127, Reason: "cannot run /bin/nonexistent: no such file or directory"}},
		{[]string{"true"}, runtime.Exit{}},
	} {
		p := attach(t, a, runtime.Shell{Ref: ref, Command: test.command})
		p.endOfOutput()
		if got := p.end(); got != test.want {
			t.Errorf("%q: %+v, want %+v", test.command, got, test.want)
		}
		// The same without a pty.
		got, err := a.Exec(context.Background(), runtime.Shell{Ref: ref, Command: test.command}, runtime.Stdio{})
		if err != nil || got != test.want {
			t.Errorf("exec %q: %+v, %v, want %+v", test.command, got, err, test.want)
		}
	}
}

func TestStoppedWhileAttached(t *testing.T) {
	a, s, ref := running(t, "lxcdt-at-stop")
	p := attach(t, a, runtime.Shell{Ref: ref})
	p.expect("# ")
	p.send("echo kept; sleep 600\n")
	p.expect("kept")
	if err := s.Stop(ref.Name); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.endOfOutput()
	exit := p.end()
	t.Logf("end known %v after lxc-stop", time.Since(began))
	if exit.Reason != "container stopped" {
		t.Errorf("exit %+v, want the reason that the container stopped", exit)
	}
	_, err := a.Attach(context.Background(), runtime.Shell{Ref: ref})
	if !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("attach to a stopped container: %v, want ErrWrongState", err)
	}
}

func TestFrozen(t *testing.T) {
	a, s, ref := running(t, "lxcdt-at-frozen")
	if err := s.Freeze(ref.Name); err != nil {
		t.Fatal(err)
	}
	_, err := a.Attach(context.Background(), runtime.Shell{Ref: ref})
	var e *runtime.Error
	if !errors.Is(err, runtime.ErrWrongState) || !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("attach to a frozen container: %v, want ErrWrongState with a hint", err)
	}
	if err := s.Tool("lxc-unfreeze", ref.Name); err != nil {
		t.Fatal(err)
	}
	p := attach(t, a, runtime.Shell{Ref: ref})
	p.expect("# ")
}

func TestCloseEndsTheShell(t *testing.T) {
	a, _, ref := running(t, "lxcdt-at-close")
	p := attach(t, a, runtime.Shell{Ref: ref, Command: []string{"/bin/sh", "-c", "trap '' HUP; echo up; while :; do sleep 1; done # stubborn"}})
	p.expect("up")
	began := time.Now()
	if err := p.s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("Close took %v", d)
	}
	p.endOfOutput()
	within(t, "a shell that ignores SIGHUP is killed", func() bool { return inside(t, a, ref, "stubborn") == 0 })
	p.end()
	if err := p.s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := p.s.Write([]byte("x")); err == nil {
		t.Error("Write after Close did not fail")
	}
	if err := p.s.Resize(80, 24); err == nil {
		t.Error("Resize after Close did not fail")
	}
}

// A container's own ptys run out; the host's take over, and it is said.
func TestManySessions(t *testing.T) {
	a, _, ref := running(t, "lxcdt-at-many", "lxc.pty.max = 5")
	// The first session opens what stays: the poller's descriptors, the pidfd
	// of the container.
	first := attach(t, a, runtime.Shell{Ref: ref, Command: []string{"true"}})
	first.endOfOutput()
	first.end()
	if err := first.s.Close(); err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	var all []*typist
	host := 0
	for range 8 {
		p := attach(t, a, runtime.Shell{Ref: ref, Cols: 90, Rows: 25})
		p.expect("# ")
		p.send("stty size; echo a''live\n")
		p.expect("25 90")
		p.expect("alive")
		if p.s.Notice() != "" {
			host++
		}
		all = append(all, p)
	}
	if host == 0 || host == len(all) {
		t.Errorf("%d of %d sessions on host ptys, want some and not all", host, len(all))
	}
	t.Logf("%d of %d on host ptys: %q", host, len(all), all[len(all)-1].s.Notice())
	// One on a host pty must end by Close as well as the others.
	for _, p := range all {
		if err := p.s.Close(); err != nil {
			t.Error(err)
		}
		p.endOfOutput()
		p.end()
	}
	within(t, "descriptors of sessions are closed", func() bool { return openFiles(t) <= before })
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestAttachRefusals(t *testing.T) {
	a, _, ref := running(t, "lxcdt-at-refuse")
	locked, err := New(Options{Paths: []string{ref.Path}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	for _, test := range []struct {
		name string
		a    *Adapter
		s    runtime.Shell
		want error
	}{
		{"read-only", locked, runtime.Shell{Ref: ref}, runtime.ErrReadOnly},
		{"no such container", a, runtime.Shell{Ref: runtime.Ref{Path: ref.Path, Name: "lxcdt-none"}}, runtime.ErrNotFound},
		{"a name that leads away", a, runtime.Shell{Ref: runtime.Ref{Path: ref.Path, Name: "../x"}}, runtime.ErrInvalid},
		{"no such user", a, runtime.Shell{Ref: ref, User: "nobody-here"}, runtime.ErrInvalid},
		{"no such directory", a, runtime.Shell{Ref: ref, Cwd: "/nowhere"}, runtime.ErrInvalid},
		{"environment", a, runtime.Shell{Ref: ref, Env: []string{"NOVALUE"}}, runtime.ErrInvalid},
		{"size", a, runtime.Shell{Ref: ref, Cols: 70000, Rows: 3}, runtime.ErrInvalid},
	} {
		s, err := test.a.Attach(context.Background(), test.s)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if s != nil {
			_ = s.Close()
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.Attach(ctx, runtime.Shell{Ref: ref}); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("cancelled context: %v, want ErrCancelled", err)
	}
	config := filepath.Join(ref.Path, ref.Name, "config")
	text, err := os.ReadFile(config)
	must(t, err)
	put(t, config, string(text)+"lxc.nonsense = 1\n")
	if _, err := a.Attach(context.Background(), runtime.Shell{Ref: ref}); !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), "lxc.nonsense") {
		t.Errorf("broken config: %v, want liblxc's words", err)
	}
	put(t, config, string(text)) // for its end
}

func TestUserAndDirectory(t *testing.T) {
	a, s, ref := running(t, "lxcdt-at-user")
	root := filepath.Join(s.Path, ".root")
	passwd := filepath.Join(root, "etc/passwd")
	old, err := os.ReadFile(passwd)
	if err != nil {
		t.Fatal(err)
	}
	line := "anna:x:1234:1235:Anna:/home/anna:/bin/missing\n"
	if err := os.WriteFile(passwd, append(old, line...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "home/anna"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		shell runtime.Shell
		want  string
	}{
		{runtime.Shell{Ref: ref, User: "anna"}, "1234 1235 /home/anna anna"},
		{runtime.Shell{Ref: ref, User: "1234", Cwd: "/tmp"}, "1234 1235 /tmp anna"},
		{runtime.Shell{Ref: ref, User: "4321"}, "4321 4321 / 4321"},
	} {
		p := attach(t, a, test.shell)
		p.expect("$ ") // the missing shell became /bin/sh
		p.send("echo \"[$(id -u) $(id -g) $PWD $USER]\"; : > /dev/tty && : > $(tty) && echo tty-o''k; id -G\n")
		p.expect("[" + test.want + "]")
		p.expect("tty-ok\r\n")
		if groups := strings.Fields(p.expect("\n")); len(groups) != 1 {
			t.Errorf("%+v: groups %v, want its own only", test.shell, groups)
		}
	}
}
