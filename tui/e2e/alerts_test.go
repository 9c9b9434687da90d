package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/drive"
)

// few is a config line that limits the tasks of a container.
func few(t *testing.T) string {
	t.Helper()
	switch {
	case isThere("/sys/fs/cgroup/pids"):
		return "lxc.cgroup.pids.max = 40"
	case isThere("/sys/fs/cgroup/cgroup.controllers"):
		return "lxc.cgroup2.pids.max = 40"
	}
	t.Skip("no pids controller")
	return ""
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestAlerts fills a real container with tasks and looks what comes of it.
func TestAlerts(t *testing.T) {
	s := lxctest.New(t)
	want(t, s.Add("lxcdt-web", few(t)))
	want(t, s.Start("lxcdt-web"))
	dir := t.TempDir()
	out, notify, config := filepath.Join(dir, "out"), filepath.Join(dir, "notify"), filepath.Join(dir, "config.toml")
	want(t, os.WriteFile(notify, []byte("#!/bin/sh\necho \"$LXCDECK_ALERT $LXCDECK_CONTAINER $LXCDECK_LXCPATH $LXCDECK_THRESHOLD $1\" >>"+out+"\n"), 0o755))
	want(t, os.WriteFile(config, []byte("[alerts]\npids = 80\nbell = true\ncommand = [\""+notify+"\", \"a b\"]\n"), 0o644))
	look := func(args ...string) *drive.Term {
		cmd := exec.Command(bin, append([]string{"-P", s.Path, "--config", config}, args...)...)
		cmd.Env = env(t)
		return start(t, cmd, 120, 40)
	}
	const fill = `for i in 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9; do sleep 7400 & done </dev/null >/dev/null 2>&1; wait`
	const empty = `killall sleep || kill $(pidof sleep)`

	term := look("--read-only")
	want(t, term.Wait("1/1", patience))
	want(t, s.Tool("lxc-attach", "lxcdt-web", "--", "/bin/sh", "-c", "("+fill+") </dev/null >/dev/null 2>&1 &"))
	want(t, term.Wait("lxcdt-web !", patience))
	want(t, term.Wait("1 alert", patience))
	want(t, term.Type("q"))
	_, err := term.WaitExit(patience)
	want(t, err)
	if isThere(out) {
		t.Error("read-only has run a command")
	}

	term = look()
	want(t, term.Wait("lxcdt-web !", patience))
	want(t, term.Wait("(threshold 80%), since", patience))
	eventually(t, "the command", func() bool { return isThere(out) })
	want(t, s.Tool("lxc-attach", "lxcdt-web", "--", "/bin/sh", "-c", empty))
	want(t, term.WaitGone("lxcdt-web !", patience))
	want(t, term.Type(":events\r"))
	want(t, term.Wait("alert over", patience))
	want(t, term.Wait("(threshold 80%)", patience))
	text, err := os.ReadFile(out)
	want(t, err)
	if got, said := string(text), "pids lxcdt-web "+s.Path+" 80 a b\n"; got != said {
		t.Errorf("the command wrote %q, want %q", got, said)
	}
	if strings.Count(term.Screen(), " alert ") < 1 {
		t.Errorf("no alert among the events:\n%s", term.Screen())
	}
	want(t, term.Type("q"))
}
