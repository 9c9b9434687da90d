package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"lxcdeck/tui/drive"
)

// sshd serves ssh on a free port of 127.0.0.1, as inetd does, and gives the
// command that logs in there. The port is listened on by the test itself: one
// that is only looked for can be another's before sshd takes it.
func sshd(t *testing.T) func(remote string) *exec.Cmd {
	t.Helper()
	server, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("openssh-server is not installed: the tests over ssh are left out")
	}
	dir := t.TempDir()
	for _, key := range []string{"host", "user"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	config := fmt.Sprintf(`HostKey %s/host
AuthorizedKeysFile %s/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
`, dir, dir)
	want(t, os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600))
	// Debian's sshd wants its privilege separation directory.
	want(t, os.MkdirAll("/run/sshd", 0o755))
	log, err := os.Create(filepath.Join(dir, "log"))
	want(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	want(t, err)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed: the test is over
			}
			served.Go(func() { serve(t, c, log, server, "-i", "-e", "-f", filepath.Join(dir, "sshd_config")) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		served.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("sshd said:\n%s", text)
		}
	})
	return func(remote string) *exec.Cmd {
		c := exec.Command("ssh", "-tt", "-F", "none", "-p", fmt.Sprint(l.Addr().(*net.TCPAddr).Port), "-i", filepath.Join(dir, "user"),
			"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
			"root@127.0.0.1", remote)
		c.Env = env(t)
		return c
	}
}

// serve runs one server on a connection, in a session of its own.
func serve(t *testing.T, c net.Conn, log *os.File, name string, args ...string) {
	f, err := c.(*net.TCPConn).File()
	_ = c.Close() // f is a duplicate
	if err != nil {
		t.Error(err)
		return
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, f, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = f.Close() // the server's alone: its end is the connection's
	if err != nil {
		t.Error(err)
		return
	}
	_ = cmd.Wait() // how it ends is the client's doing
}

func overSSH(t *testing.T, path string) *drive.Term {
	t.Helper()
	return start(t, sshd(t)(bin+" -P "+path), 120, 40)
}

func TestOverSSH(t *testing.T) {
	s := host(t, "lxcdt-web", "lxcdt-db")
	term := overSSH(t, s.Path)
	want(t, term.Wait("2/3", patience))
	want(t, term.Type("/web"))
	want(t, term.WaitGone("lxcdt-db", patience))
	want(t, term.Type("\x1b"))
	want(t, term.Wait("lxcdt-db", patience))
	want(t, term.Resize(80, 24))
	// A resized terminal still shows what fits of the old frame: only a new one
	// has host and memory in its first row.
	want(t, term.WaitFunc("a frame for 80 columns", patience, func(screen string) bool {
		first, _, _ := strings.Cut(screen, "\n")
		return strings.Contains(first, "lxcdeck") && strings.Contains(first, " mem ")
	}))
	want(t, term.Wait("lxcdt-z-off", patience))
	want(t, term.Resize(120, 40))
	want(t, term.Wait(" cores ", patience))
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	want(t, term.Type("echo $((6*7))-over-ssh\r"))
	want(t, term.Wait("42-over-ssh", patience))
	want(t, term.Type("exit\r"))
	want(t, term.Wait("exit status 0", patience))
	want(t, term.Type("q"))
	want(t, term.Type("q"))
	code, err := term.WaitExit(patience)
	want(t, err)
	if code != 0 {
		t.Errorf("ssh ended with %d", code)
	}
}

func TestCutConnection(t *testing.T) {
	s := host(t, "lxcdt-web")
	term := overSSH(t, s.Path)
	want(t, term.Wait("1/2 running", patience))
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	want(t, term.Type("sleep 4243\r"))
	eventually(t, "the command runs", func() bool { return strings.Contains(inside(t, s, "lxcdt-web", "ps"), "sleep 4243") })
	want(t, term.Cmd.Process.Kill())
	noneLeft(t, "the hang-up")
	eventually(t, "the shell is gone", func() bool { return !strings.Contains(inside(t, s, "lxcdt-web", "ps"), "sleep 4243") })
	if st := state(t, s, "lxcdt-web"); st != "RUNNING" {
		t.Errorf("the container is %s", st)
	}
}
