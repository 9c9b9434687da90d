package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestShellInAPane(t *testing.T) {
	s := host(t, "lxcdt-a")
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("1/2 running", patience))
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	want(t, term.Type("echo $((6*7))-$(hostname)\r"))
	want(t, term.Wait("42-lxcdt-a", patience))

	// vi, less and top, each seen and left again.
	// What is waited for is nowhere in what is typed, nor on the screen before.
	screen{t, term}.fresh("vi /tmp/x")
	want(t, term.Wait("- /tmp/x 1/1", patience)) // vi's status line
	want(t, term.Type("ihello from vi"))
	want(t, term.Wait("I /tmp/x", patience))
	want(t, term.Wait("hello from vi", patience))
	// A person's escape and colon are two keys; in one write they are alt+colon.
	want(t, term.Type("\x1b"))
	want(t, term.Wait("- /tmp/x [Modified]", patience))
	want(t, term.Type(":wq\r"))
	want(t, term.WaitGone("~\n~", patience))
	want(t, term.Type("sed s/vi/sed/ /tmp/x\r"))
	want(t, term.Wait("hello from sed", patience))
	want(t, term.Type("seq 1 $((5*100)) | less\r"))
	want(t, term.Wait("\n1\n2\n3\n", patience))
	want(t, term.Type("G"))
	want(t, term.Wait("\n499\n500\n", patience))
	want(t, term.Type("q"))
	want(t, term.Type("top\r"))
	want(t, term.Wait("Mem:", patience))
	want(t, term.Type("q"))
	want(t, term.Type("echo back-$((1+1))\r"))
	want(t, term.Wait("back-2", patience))

	// The pty follows the layout.
	want(t, term.Type("stty size\r"))
	want(t, term.Wait(" 120\n", patience))
	want(t, term.Type("until stty size | grep ' 100$'; do sleep 1; done; echo fits-$((1+1))\r"))
	want(t, term.Resize(100, 30))
	want(t, term.Wait("fits-2", patience))

	// What ctrl+c hits must run: between two programs a shell may not hear it.
	want(t, term.Type("sh -c 'echo up-$((1+1)); exec sleep 600'\r"))
	want(t, term.Wait("up-2", patience))
	want(t, term.Type("\x03"))
	want(t, term.Type("echo status-$?\r"))
	want(t, term.Wait("status-130", patience))

	// Left and found again.
	want(t, term.Type("\x1dd"))
	want(t, term.Type("j"))
	want(t, term.Type("k"))
	want(t, term.Type("\r"))
	want(t, term.Type("echo again-$((2+2))\r"))
	want(t, term.Wait("again-4", patience))

	// Stopped under it: says so and keeps the text.
	want(t, s.Stop("lxcdt-a"))
	want(t, term.Wait("ended", patience))
	if !strings.Contains(term.Screen(), "again-4") {
		t.Errorf("the text of the ended shell is gone:\n%s", term.Screen())
	}
}

func TestShellGivesItsExitStatus(t *testing.T) {
	s := host(t, "lxcdt-a")
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("1/2 running", patience))
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	want(t, term.Type("exit 7\r"))
	want(t, term.Wait("exit status 7", patience))
}

func TestShellVerb(t *testing.T) {
	s := host(t, "lxcdt-a")
	for _, c := range []struct {
		args []string
		code int
		out  string
	}{
		{[]string{"shell", "lxcdt-a", "--", "sh", "-c", "echo out; exit 7"}, 7, "out\n"},
		{[]string{"shell", "-n", "lxcdt-a", "--", "hostname"}, 0, "lxcdt-a\n"},
		{[]string{"shell", "lxcdt-z-off", "--", "true"}, 125, ""},
		{[]string{"shell", "lxcdt-none", "--", "true"}, 125, ""},
		{[]string{"shell", "lxcdt-a", "--", "/no/such/program"}, 127, ""},
		{[]string{"--read-only", "shell", "lxcdt-a", "--", "true"}, 125, ""},
	} {
		cmd := exec.Command(bin, append([]string{"-P", s.Path}, c.args...)...)
		cmd.Env = env(t)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if cmd.ProcessState.ExitCode() != c.code || string(out) != c.out {
			t.Errorf("%v: exit status %d, output %q, errors %q; want %d, %q", c.args, cmd.ProcessState.ExitCode(), out, stderr.String(), c.code, c.out)
		}
		if c.code == 125 && stderr.Len() == 0 {
			t.Errorf("%v: no word on what went wrong", c.args)
		}
	}

	// Binary-clean both ways.
	data := make([]byte, 1<<20)
	_, err := rand.Read(data)
	want(t, err)
	cmd := exec.Command(bin, "-P", s.Path, "shell", "lxcdt-a", "--", "cat")
	cmd.Env, cmd.Stdin = env(t), bytes.NewReader(data)
	out, err := cmd.Output()
	want(t, err)
	if !bytes.Equal(out, data) {
		t.Errorf("1 MiB through cat came back as %d other bytes", len(out))
	}
}

// Output that goes nowhere is no success, and the container goes as it would have.
func TestRunVerbWhoseOutputIsLost(t *testing.T) {
	s := host(t)
	for _, c := range []struct {
		to, stdout, stderr string
		code               int
	}{
		{"", "out\n", "err\n", 7},
		{">&-", "", "bad file descriptor", 125},
		{">/dev/full", "", "no space left on device", 125},
		{"2>&-", "out\n", "", 125},
	} {
		cmd := exec.Command("/bin/sh", "-c", `exec "$0" -P "$1" run lxcdt-app --from lxcdt-z-off --network none --rm -- sh -c 'echo out; echo err >&2; exit 7' `+c.to, bin, s.Path)
		cmd.Env = env(t)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != c.code || stdout.String() != c.stdout || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%q: exit status %d, output %q, errors %q; want %d, %q, %q", c.to, code, stdout.String(), stderr.String(), c.code, c.stdout, c.stderr)
		}
		if _, err := os.Lstat(filepath.Join(s.Path, "lxcdt-app")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: its container is left: %v", c.to, err)
		}
	}
	noneLeft(t, "the runs")
}

func TestShellVerbOnATerminal(t *testing.T) {
	s := host(t, "lxcdt-a")
	term := deck(t, 100, 30, "-P", s.Path, "shell", "lxcdt-a")
	want(t, term.Wait("#", patience))
	want(t, term.Type("stty size\r"))
	want(t, term.Wait("30 100", patience))
	want(t, term.Resize(90, 25))
	want(t, term.Type("clear; stty size\r"))
	want(t, term.Wait("25 90", patience))
	want(t, term.Type("exit 3\r"))
	code, err := term.WaitExit(patience)
	want(t, err)
	if code != 3 {
		t.Errorf("exit status %d, want 3", code)
	}
}
