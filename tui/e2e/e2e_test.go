// Package e2e holds the tests that drive the built program from outside, on
// real containers, the way a person does: through a terminal, a login shell
// or ssh. There is no code here but tests.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/drive"
	places "lxcdeck/tui/settings"
)

// patience is how long a test waits for what takes milliseconds on an idle
// machine and seconds in an emulated one beside other work.
const patience = time.Minute

// bin is the lxcdeck under test, auditLog the file of its audit log.
var (
	bin      string
	auditLog = "/var/log/lxcdeck/audit.jsonl"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if bin = os.Getenv("LXCDECK_BIN"); bin != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "lxcdt-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	bin = filepath.Join(dir, "lxcdeck")
	// What is done here does not belong in the host's audit log.
	auditLog = filepath.Join(dir, "audit", "audit.jsonl")
	out, err := exec.Command("go", "build", "-ldflags", "-X main.auditFile="+auditLog, "-o", bin, "lxcdeck").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build lxcdeck: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// env is a clean environment with a home of its own.
func env(t *testing.T, add ...string) []string {
	t.Helper()
	home := t.TempDir()
	if err := (places.Places{}).EndFirstSteps(home + "/state/lxcdeck"); err != nil { // a line that is tested by itself
		t.Fatal(err)
	}
	return append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + home, "XDG_STATE_HOME=" + home + "/state", "XDG_CONFIG_HOME=" + home + "/config",
		"LANG=C.UTF-8", "TERM=xterm-256color",
	}, add...)
}

// deck starts lxcdeck in a terminal.
func deck(t *testing.T, cols, rows int, args ...string) *drive.Term {
	t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Env = env(t)
	return start(t, cmd, cols, rows)
}

func start(t *testing.T, cmd *exec.Cmd, cols, rows int) *drive.Term {
	t.Helper()
	term, err := drive.Start(cmd, drive.Options{Cols: cols, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(term.Close)
	return term
}

// want fails the test, with the screen in the message, when err says so.
func want(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host makes the containers of a test: running ones and one stopped.
func host(t *testing.T, running ...string) *lxctest.Scratch {
	t.Helper()
	s := lxctest.New(t)
	for _, name := range append(running, "lxcdt-z-off") {
		want(t, s.Add(name))
	}
	for _, name := range running {
		want(t, s.Start(name))
	}
	return s
}

// processes are the pids whose program is the lxcdeck under test. A helper runs
// the same file from a mount of its own, where it has another name.
func processes(t *testing.T) []string {
	t.Helper()
	program, err := os.Stat(bin)
	want(t, err)
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	want(t, err)
	var pids []string
	for _, exe := range exes {
		if runs, err := os.Stat(exe); err == nil && os.SameFile(runs, program) {
			pids = append(pids, filepath.Base(filepath.Dir(exe)))
		}
	}
	return pids
}

// noneLeft waits until no process of ours is there, and names those that stay.
func noneLeft(t *testing.T, after string) {
	t.Helper()
	var left []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if left = processes(t); len(left) == 0 {
			return
		}
	}
	t.Fatalf("%s: %v after it still run:\n%s", after, patience, described(left))
}

// described tells what processes are and where they wait.
func described(pids []string) string {
	var b strings.Builder
	for _, pid := range pids {
		line, _ := os.ReadFile("/proc/" + pid + "/cmdline") // a process that is gone has none
		wchan, _ := os.ReadFile("/proc/" + pid + "/wchan")
		fmt.Fprintf(&b, "%s %q in %s\n", pid, line, wchan)
	}
	return b.String()
}

// eventually waits until ok is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, patience)
}

// state is what lxc-info says of a container.
func state(t *testing.T, s *lxctest.Scratch, name string) string {
	t.Helper()
	out, err := exec.Command("lxc-info", "-P", s.Path, "-n", name, "-sH").Output()
	want(t, err)
	return strings.TrimSpace(string(out))
}

// inside runs a command in a container with lxc-attach and gives its output.
func inside(t *testing.T, s *lxctest.Scratch, name string, cmd ...string) string {
	t.Helper()
	out, err := exec.Command("lxc-attach", append([]string{"-P", s.Path, "-n", name, "--"}, cmd...)...).Output()
	want(t, err)
	return string(out)
}
