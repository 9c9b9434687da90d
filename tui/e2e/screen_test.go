package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime/lxctest"
)

func TestListShowsWhatIsThere(t *testing.T) {
	s := host(t, "lxcdt-web", "lxcdt-db")
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}, {40, 10}} {
		term := deck(t, size[0], size[1], "-P", s.Path)
		want(t, term.Wait("lxcdt-web", patience))
		want(t, term.Wait("lxcdt-db", patience))
		want(t, term.Wait("lxcdt-z-off", patience))
		if size[0] >= 80 {
			want(t, term.Wait("2/3", patience))
		}
		want(t, term.Type("q"))
		code, err := term.WaitExit(patience)
		want(t, err)
		if code != 0 {
			t.Errorf("%v: exit status %d", size, code)
		}
	}
}

func TestWhatOtherToolsDoAppears(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := deck(t, 120, 40, "-P", s.Path, "--interval", "60s")
	want(t, term.Wait("1/2", patience))
	want(t, s.Start("lxcdt-z-off"))
	want(t, term.Wait("2/2", patience))
	want(t, s.Stop("lxcdt-web"))
	want(t, term.Wait("1/2", patience))
	want(t, s.Add("lxcdt-new"))
	want(t, term.Wait("lxcdt-new", patience))
	want(t, os.RemoveAll(filepath.Join(s.Path, "lxcdt-new")))
	want(t, term.WaitGone("lxcdt-new", patience))
}

func TestTooSmallAndBack(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := deck(t, 80, 24, "-P", s.Path)
	want(t, term.Wait("lxcdt-web", patience))
	want(t, term.Resize(39, 7))
	want(t, term.Wait("too small", patience))
	want(t, term.Resize(120, 40))
	want(t, term.Wait("lxcdt-web", patience))
	want(t, term.Resize(1, 1))
	want(t, term.Resize(80, 24))
	want(t, term.Wait("lxcdt-web", patience))
}

func TestBadContainersDoNotStopTheOthers(t *testing.T) {
	s := host(t, "lxcdt-web")
	bad := func(name string, fill func(dir string) error) {
		dir := filepath.Join(s.Path, "lxcdt-"+name)
		want(t, os.Mkdir(dir, 0o755))
		want(t, fill(dir))
	}
	bad("fifo", func(dir string) error { return unix.Mkfifo(filepath.Join(dir, "config"), 0o644) })
	bad("broken", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "config"), []byte("lxc.nonsense = 1\n"), 0o644)
	})
	bad("huge", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "config"), make([]byte, 10<<20), 0o644)
	})
	bad("empty", func(string) error { return nil })
	bad("esc\x1b[31m\a", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "config"), []byte("lxc.uts.name = x\n"), 0o644)
	})
	term := deck(t, 120, 40, "-P", s.Path)
	for _, text := range []string{"lxcdt-web", "lxcdt-fifo", "lxcdt-broken", "lxcdt-huge", "lxcdt-esc"} {
		want(t, term.Wait(text, patience))
	}
	if strings.Contains(term.Screen(), "lxcdt-empty") {
		t.Errorf("a directory without config is shown as a container:\n%s", term.Screen())
	}
	want(t, term.Wait("1 directory without config", patience))
}

// monitor is the pid of a container's monitor.
func monitor(t *testing.T, s *lxctest.Scratch, name string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	want(t, err)
	pid := 0
	for _, f := range lines {
		// liblxc's own name for the process; a process that is gone has none.
		if line, err := os.ReadFile(f); err == nil && strings.HasPrefix(string(line), "[lxc monitor] "+s.Path+" "+name) {
			pid, err = strconv.Atoi(filepath.Base(filepath.Dir(f)))
			want(t, err)
		}
	}
	if pid == 0 {
		t.Fatal("no monitor process found")
	}
	return pid
}

func TestStuckMonitorIsShownAndOthersGoOn(t *testing.T) {
	s := host(t, "lxcdt-web", "lxcdt-stuck")
	pid := monitor(t, s, "lxcdt-stuck")
	want(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("no answer", patience))
	want(t, s.Start("lxcdt-z-off"))
	want(t, term.WaitFunc("the started container", patience, func(screen string) bool {
		for line := range strings.SplitSeq(screen, "\n") {
			if strings.Contains(line, "lxcdt-z-off") && strings.Contains(line, " R ") {
				return true
			}
		}
		return false
	}))
	want(t, syscall.Kill(pid, syscall.SIGCONT))
	want(t, term.WaitGone("no answer", patience))
}
