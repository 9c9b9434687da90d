package guard

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what takes milliseconds as a rule.
const patience = time.Minute

// The test binary plays lxcdeck (when asked to) and its guard.
func TestMain(m *testing.M) {
	// As any package may do before main: the Go runtime has its event queue then.
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	Main()
	_, _ = r.Close(), w.Close()
	if mode := os.Getenv("GUARD_TEST"); mode != "" {
		os.Exit(play(mode))
	}
	os.Exit(m.Run())
}

func play(mode string) int {
	if mode == "crash" {
		crashNow(os.Getenv("GUARD_DIR"))
	}
	tty := os.Stdin
	g, err := Start(tty, "it died")
	if err != nil {
		return 3
	}
	t, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return 4
	}
	t.Lflag &^= unix.ECHO | unix.ICANON
	if mode != "taken" { // as a line editor has it
		t.Oflag &^= unix.OPOST
	}
	if unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, t) != nil {
		return 5
	}
	_, _ = os.Stdout.WriteString("\x1b[?1049hREADY")
	if mode == "clean" {
		if g.Dismiss() != nil {
			return 6
		}
		return 0
	}
	if mode == "abandoned" {
		if g.Abandon() != nil {
			return 6
		}
		return 0
	}
	_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	return 7
}

func run(t *testing.T, mode string) (lflag uint32, out string) {
	t.Helper()
	m, s, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(); _ = s.Close() }()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "GUARD_TEST="+mode)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s, s, s
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, m)
		got <- b.String()
	}()
	err = cmd.Wait()
	if mode == "clean" && err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		tio, err := unix.IoctlGetTermios(int(s.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		lflag = tio.Lflag
		if mode != "killed" && mode != "abandoned" || lflag&unix.ECHO != 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	// The guard goes last; with its end of the pty gone, the copy ends.
	_ = s.Close()
	select {
	case out = <-got:
	case <-time.After(patience):
		t.Fatal("the pty was not closed: something still holds it")
	}
	if mode == "taken" { // now the guard has done what it does
		tio, err := unix.IoctlGetTermios(int(m.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		lflag = tio.Lflag
	}
	return lflag, out
}

// A shell that was first has settings of its own by now.
func TestGuardLeavesALineEditorAlone(t *testing.T) {
	lflag, out := run(t, "taken")
	if lflag&(unix.ECHO|unix.ICANON) != 0 {
		t.Errorf("lflag %#x: the line editor's settings are gone", lflag)
	}
	if !strings.Contains(out, "\x1b[?1049l") || !strings.Contains(out, "it died") {
		t.Errorf("no reset or message in %q", out)
	}
}

func TestKilledProcessLeavesTheTerminalAsFound(t *testing.T) {
	for _, end := range []string{"killed", "abandoned"} {
		lflag, out := run(t, end)
		if lflag&unix.ECHO == 0 || lflag&unix.ICANON == 0 {
			t.Errorf("%s: lflag %#x: echo and canonical mode are still off", end, lflag)
		}
		if !strings.Contains(out, "\x1b[?1049l") || !strings.Contains(out, "it died") {
			t.Errorf("%s: no reset or message in %q", end, out)
		}
	}
}

func TestDismissedGuardTouchesNothing(t *testing.T) {
	lflag, out := run(t, "clean")
	if lflag&unix.ECHO != 0 {
		t.Error("the guard restored settings although it was dismissed")
	}
	if strings.Contains(out, "\x1b[?1049l") {
		t.Errorf("the guard wrote %q although it was dismissed", out)
	}
}
