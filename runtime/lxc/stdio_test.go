package lxc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"
)

// TestShield runs in a process of its own, whose standard descriptors it may
// change, and lets liblxc complain there.
func TestShield(t *testing.T) {
	const inside = "LXCDECK_TEST_SHIELD"
	if crash := os.Getenv(inside); crash != "" {
		shielded(crash)
		return
	}
	crash := filepath.Join(t.TempDir(), "crash")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestShield$")
	cmd.Env = append(os.Environ(), inside+"="+crash)
	cmd.Stdin = strings.NewReader("typed")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	if got, want := stdout.String(), "out typed cloexec"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if got, want := stderr.String(), "err"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	text, err := os.ReadFile(crash)
	if err != nil || !strings.Contains(string(text), "for the crash file") {
		t.Errorf("crash file %q, %v", text, err)
	}
}

func shielded(crash string) {
	f, err := os.Create(crash)
	if err != nil {
		panic(err)
	}
	s, err := Shield(f)
	if err != nil {
		panic(err)
	}
	// What C code does, and liblxc itself where it fails.
	_, _ = unix.Write(1, []byte("C writes to stdout"))
	_, _ = unix.Write(2, []byte("for the crash file"))
	if c, err := golxc.NewContainer("lxcdt-none", "/nonexistent/lxcdt"); err == nil {
		_ = c.Release()
	}
	buf := make([]byte, 16)
	n, _ := s.In.Read(buf)
	flags, _ := unix.FcntlInt(s.Out.Fd(), unix.F_GETFD, 0)
	word := "open on exec"
	if flags&unix.FD_CLOEXEC != 0 {
		word = "cloexec"
	}
	fmt.Fprintf(s.Out, "out %s %s", buf[:n], word)
	fmt.Fprint(s.Err, "err")
	os.Exit(0)
}

// TestShieldOfWhatWasClosed runs in processes of its own, which a shell starts
// with a descriptor closed.
func TestShieldOfWhatWasClosed(t *testing.T) {
	const inside = "LXCDECK_TEST_SHIELD_CLOSED"
	if os.Getenv(inside) != "" {
		shieldedFromNothing()
		return
	}
	self, err := os.Executable()
	must(t, err)
	const lost = "bad file descriptor"
	for _, c := range []struct{ by, stdout, stderr string }{
		{"", "in 0 EOF, err <nil>", "out <nil>"},
		{"<&-", "in 0 EOF, err <nil>", "out <nil>"},
		{">/dev/null", "", "out <nil>"},
		{">&-", "", "out write stdout: " + lost},
		{"2>&-", "in 0 EOF, err write stderr: " + lost, ""},
		{"<&- >&- 2>&-", "", ""},
	} {
		cmd := exec.Command("/bin/sh", "-c", `exec "$0" -test.run='^TestShieldOfWhatWasClosed$' `+c.by, self)
		cmd.Env = append(os.Environ(), inside+"=1")
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil || stdout.String() != c.stdout || stderr.String() != c.stderr {
			t.Errorf("%q: %v, stdout %q, want %q; stderr %q, want %q", c.by, err, stdout.String(), c.stdout, stderr.String(), c.stderr)
		}
	}
}

// shieldedFromNothing writes nothing to each output, which tells as much as a
// byte, and then what came of the other.
func shieldedFromNothing() {
	s, err := Shield(nil)
	if err != nil {
		panic(err)
	}
	n, rerr := s.In.Read(make([]byte, 1))
	_, outErr := unix.Write(int(s.Out.Fd()), nil)
	_, errErr := unix.Write(int(s.Err.Fd()), nil)
	if outErr != nil {
		outErr = fmt.Errorf("write stdout: %w", outErr)
	}
	if errErr != nil {
		errErr = fmt.Errorf("write stderr: %w", errErr)
	}
	_, _ = fmt.Fprintf(s.Out, "in %d %v, err %v", n, rerr, errErr)
	_, _ = fmt.Fprintf(s.Err, "out %v", outErr)
	os.Exit(0)
}
