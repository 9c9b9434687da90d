package record

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// TestAPlayerTakesIt plays a recording back with asciinema, and compares what
// comes out with what went in.
func TestAPlayerTakesIt(t *testing.T) {
	player, err := exec.LookPath("asciinema")
	if err != nil {
		t.Skip("asciinema is not installed")
	}
	f, err := Create(t.TempDir()+"/x.cast", Places{})
	if err != nil {
		t.Fatal(err)
	}
	c := Start(f, Options{Cols: 80, Rows: 24, Title: "web-1: \x1b]0;x\x07 \"日本\"", Term: "xterm-256color", Shell: "/bin/bash"})
	var sent []byte
	for i, part := range []string{
		"$ \x1b[1;32mls\x1b[m\r\n", "caf\xc3", "\xa9 日本語 👩\u200d👧 \xff\xfe\x80", "\x00\x07\x7f\"\\/\t\u0085\u2028", "\x1b[?1049h\x1b[2J\x1b[5;5H",
		strings.Repeat("flood of 0123456789\r\n", 5000), "\xe6\x97",
	} {
		c.Output([]byte(part))
		sent = append(sent, part...)
		c.Resize(80+i, 24)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir(), "ASCIINEMA_CONFIG_HOME="+t.TempDir())
	ask := exec.Command(player, "--version")
	ask.Env = env
	version, err := ask.CombinedOutput()
	if err != nil {
		t.Fatalf("asciinema: %v: %s", err, version)
	}
	args := []string{"cat", f.Name()}
	if !bytes.HasPrefix(version, []byte("asciinema 2.")) {
		args = []string{"convert", "--output-format", "raw", f.Name(), "-"} // there cat joins recordings
	}
	// It insists on a terminal to read from.
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	var out, words bytes.Buffer
	cmd := exec.Command(player, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, &out, &words
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = env
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, words.String(), out.String())
	}
	if got, want := out.String(), valid(sent); got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%d bytes, want %d; from %d on %.60q, want %.60q", len(got), len(want), at, got[at:], want[at:])
	}
}
