package e2e

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A terminal that takes nothing any more does not keep the program: a signal
// ends it. The guard waits, and puts the terminal right when it takes something
// again.
func TestTerminalThatTakesNothing(t *testing.T) {
	cmd := exec.Command(bin, "--demo")
	cmd.Env = env(t)
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 250, Rows: 90})
	want(t, err)
	defer func() { _ = master.Close() }()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for i := range 100 { // nobody reads: it fills whatever room there is
		want(t, pty.Setsize(master, &pty.Winsize{Cols: uint16(200 + i%2*50), Rows: 90}))
		time.Sleep(50 * time.Millisecond)
	}
	want(t, cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-ended:
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		t.Fatal("it does not end")
	}
	var out strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(out.String(), "\x1b[?1049l") || !strings.Contains(out.String(), "lxcdeck died") {
		n, err := master.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %q", err, out.String())
		}
	}
	noneLeft(t, "a terminal that took nothing")
}
