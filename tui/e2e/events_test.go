package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/tui/drive"
)

// limited are lines of a config that limit memory, whatever the cgroups are: the
// key of the other version is passed over where it has no meaning.
func limited(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat("/sys/fs/cgroup/memory/memory.limit_in_bytes"); err == nil {
		return []string{"lxc.cgroup.memory.limit_in_bytes = 24M"}
	}
	if _, err := os.Stat("/sys/fs/cgroup/memory.pressure"); err == nil {
		return []string{"lxc.cgroup2.memory.max = 24M", "lxc.cgroup2.memory.swap.max = 0"}
	}
	t.Skip("no memory controller: nothing is killed for its limit here")
	return nil
}

// TestEvents lets others do to real containers what the list of events then tells.
func TestEvents(t *testing.T) {
	s := host(t, "lxcdt-web")
	want(t, s.Add("lxcdt-hog", limited(t)...))
	want(t, s.Start("lxcdt-hog"))
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("2/3", patience))
	want(t, term.Type(":events"))
	want(t, term.Wait("what has happened", patience))
	want(t, term.Type("\r"))
	want(t, term.Wait("Nothing has happened", patience))

	// The shell doubles a string until the kernel kills it.
	_ = s.Tool("lxc-attach", "lxcdt-hog", "--", "/bin/sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done")
	want(t, term.Wait("OOM-killed", patience))
	want(t, term.Wait("for want of memory", patience))

	want(t, s.Stop("lxcdt-web"))
	want(t, term.Wait("init ended (reason not known)", patience))
	want(t, s.Start("lxcdt-web"))
	want(t, term.Wait("started", patience))
	want(t, s.Freeze("lxcdt-web"))
	want(t, term.Wait("frozen", patience))
	want(t, s.Tool("lxc-unfreeze", "lxcdt-web"))
	want(t, term.Wait("thawed", patience))

	config := filepath.Join(s.Path, "lxcdt-web", "config")
	text, err := os.ReadFile(config)
	want(t, err)
	want(t, os.WriteFile(config, append(text, "lxc.start.order = 3\n"...), 0o640))
	want(t, term.Wait("config edited", patience))

	// A config that is broken for a while, or away, is neither stopped nor gone.
	want(t, os.WriteFile(config, []byte("lxc.nonsense = 1\n"), 0o640))
	want(t, os.Rename(config, config+".away"))
	want(t, s.Add("lxcdt-new"))
	want(t, term.Wait("created", patience))
	want(t, os.Rename(config+".away", config))
	want(t, os.WriteFile(config, text, 0o640))
	want(t, os.RemoveAll(filepath.Join(s.Path, "lxcdt-new"))) // lxc-destroy would take the root that all share
	want(t, term.Wait("gone", patience))
	if n := strings.Count(term.Screen(), " stopped "); n != 1 {
		t.Errorf("%d containers stopped:\n%s", n, term.Screen())
	}
	if n := strings.Count(term.Screen(), " gone "); n != 1 {
		t.Errorf("%d containers gone:\n%s", n, term.Screen())
	}
	want(t, term.Type("k"))
	for _, size := range [][2]int{{60, 15}, {200, 60}, {80, 24}} {
		want(t, term.Resize(size[0], size[1]))
		want(t, term.Wait("lxcdt-new", patience))
	}

	// What a lxcdeck has done is told as such: of this screen, and of another.
	want(t, term.Type("q"))
	want(t, term.WaitGone("Events", patience))
	other := exec.Command(bin, "-P", s.Path, "freeze", "lxcdt-web")
	other.Env = env(t)
	out, err := other.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want(t, term.Type(":events\r"))
	want(t, term.Wait("by lxcdeck freeze (", patience))
	want(t, term.Type("q"))
	want(t, s.Tool("lxc-unfreeze", "lxcdt-web"))
}

// TestSince takes leave, lets others work, and comes back.
func TestSince(t *testing.T) {
	s := host(t, "lxcdt-web", "lxcdt-db")
	want(t, s.Add("lxcdt-hog", limited(t)...))
	want(t, s.Start("lxcdt-hog"))
	home := env(t)
	look := func(args ...string) *drive.Term {
		cmd := exec.Command(bin, append([]string{"-P", s.Path}, args...)...)
		cmd.Env = home
		return start(t, cmd, 120, 40)
	}
	leave := func(term *drive.Term) {
		want(t, term.Type("q"))
		_, err := term.WaitExit(patience)
		want(t, err)
	}
	term := look()
	want(t, term.Wait("/24M", patience)) // the figures are there
	leave(term)

	_ = s.Tool("lxc-attach", "lxcdt-hog", "--", "/bin/sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done")
	want(t, s.Stop("lxcdt-db"))
	want(t, s.Start("lxcdt-z-off"))
	term = look("--read-only")
	want(t, term.Wait("1 started, 1 stopped, lxcdt-hog OOM-killed (", patience))
	want(t, term.Type(":events\r"))
	want(t, term.Wait("while away since", patience))
	want(t, term.Type("q"))
	want(t, term.WaitGone("Events", patience))
	leave(term)

	// It was told, and is no news any more.
	term = look()
	want(t, term.Wait("/24M", patience))
	want(t, s.Stop("lxcdt-web"))
	want(t, term.Type(":events\r"))
	want(t, term.Wait("init ended", patience))
	if text := term.Screen(); strings.Contains(text, "while away") {
		t.Errorf("told again:\n%s", text)
	}
	want(t, term.Type("q"))
}
