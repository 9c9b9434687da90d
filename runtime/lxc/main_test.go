package lxc

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary its own helper, as main does for lxcdeck.
func TestMain(m *testing.M) {
	HelperMain()
	if len(os.Args) == 3 && os.Args[1] == dyingShipArg {
		fmt.Fprintln(os.Stderr, dyingShip(os.Args[2]))
		os.Exit(1)
	}
	if log := os.Getenv(auditParent); log != "" {
		os.Exit(auditMain(log))
	}
	if path := os.Getenv(runParent); path != "" {
		os.Exit(runMain(path))
	}
	if len(os.Args) == 3 && os.Args[1] == dyingArg {
		os.Exit(dyingHelper(os.Args[2]))
	}
	os.Exit(m.Run())
}

// dyingArg makes this binary a helper that is killed when its operation comes to
// a step.
const dyingArg = "__lxcdt_dying_helper"

func dyingHelper(step string) int {
	var q helperRequest
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return helperFailed
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return helperFailed
	}
	conn, err := newMsgConn(pair[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return helperFailed
	}
	held, err := holdAll(&q)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return helperFailed
	}
	defer held.release()
	o := &operation{q: q, info: q.Op.Info(), conn: conn, held: held, log: func() string { return "" }}
	o.at = func(is string) {
		if is == step {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		}
	}
	if err := o.change(); err != nil {
		fmt.Fprintln(os.Stderr, err, o.log())
		return 1
	}
	return 0
}

// killedAt carries an operation out that is killed at a step.
func killedAt(t testing.TB, step string, q helperRequest) {
	t.Helper()
	text, err := json.Marshal(q)
	must(t, err)
	cmd := exec.Command("/proc/self/exe", dyingArg, step)
	cmd.Stdin = strings.NewReader(string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.CombinedOutput()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() {
		t.Fatalf("it was not killed at %s: %v: %s", step, err, out)
	}
}
