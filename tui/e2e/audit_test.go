package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lxcdeck/runtime/audit"
	"lxcdeck/runtime/lxctest"
)

// deafHost has a running container that does not hear its halt signal: a stop
// takes as long as it is given, and kills it then.
func deafHost(t *testing.T) *lxctest.Scratch {
	t.Helper()
	s := lxctest.New(t)
	want(t, s.Add("lxcdt-deaf", "lxc.signal.halt = SIGWINCH"))
	want(t, s.Start("lxcdt-deaf"))
	return s
}

// stopByVerb starts a stop of it and waits until a helper is at work.
func stopByVerb(t *testing.T, s *lxctest.Scratch) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(bin, "-P", s.Path, "stop", "--timeout", "4s", "lxcdt-deaf")
	cmd.Env = env(t)
	want(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	eventually(t, "a helper that holds the container", func() bool { return helperHolds(cmd.Process.Pid) })
	return cmd
}

// helperHolds says that a child of pid has opened a lock of a container.
func helperHolds(pid int) bool {
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil {
		return false
	}
	for _, task := range tasks {
		children, _ := os.ReadFile(task) // the thread may have ended
		for child := range strings.FieldsSeq(string(children)) {
			fds, _ := filepath.Glob("/proc/" + child + "/fd/*")
			for _, fd := range fds {
				if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "/run/lxcdeck/") {
					return true
				}
			}
		}
	}
	return false
}

// result is the newest result in the log that is about a container of this test.
func result(t *testing.T, s *lxctest.Scratch) *audit.Record {
	t.Helper()
	all, err := audit.Read(auditLog, 20)
	want(t, err)
	for i := range all {
		if all[i].Path == s.Path && all[i].Phase == audit.Result {
			return &all[i]
		}
	}
	return nil
}

func TestWorkOutlivesAKilledLxcdeckAndTheNextScreenTells(t *testing.T) {
	s := deafHost(t)
	cmd := stopByVerb(t, s)
	want(t, cmd.Process.Kill())
	_ = cmd.Wait() // it says that it was killed
	if is := state(t, s, "lxcdt-deaf"); is != "RUNNING" {
		t.Fatalf("it is %s before its lxcdeck is dead: the test shows nothing", is)
	}
	eventually(t, "the result in the log", func() bool { return result(t, s) != nil })
	if r := result(t, s); !r.Unattended || r.OK == nil || !*r.OK || r.What != "stop" {
		t.Errorf("result = %+v", r)
	}
	if is := state(t, s, "lxcdt-deaf"); is != "STOPPED" {
		t.Errorf("it is %s", is)
	}
	term := deck(t, 120, 30, "-P", s.Path)
	want(t, term.Wait("while nobody looked: stop lxcdt-deaf done", patience))
}

func TestWorkOutlivesAHangUp(t *testing.T) {
	s := deafHost(t)
	cmd := stopByVerb(t, s)
	want(t, cmd.Process.Signal(syscall.SIGHUP))
	if err := cmd.Wait(); err != nil {
		t.Errorf("lxcdeck ended with %v", err)
	}
	if is := state(t, s, "lxcdt-deaf"); is != "STOPPED" {
		t.Errorf("it is %s", is)
	}
	if r := result(t, s); r == nil || !r.Unattended || r.PID != cmd.Process.Pid {
		t.Errorf("result = %+v", r)
	}
}

func TestInterruptEndsTheWork(t *testing.T) {
	s := deafHost(t)
	cmd := stopByVerb(t, s)
	want(t, cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("status %d", code)
	}
	if is := state(t, s, "lxcdt-deaf"); is != "RUNNING" {
		t.Errorf("it is %s: the kill came although it was cancelled", is)
	}
	if r := result(t, s); r == nil || r.Unattended || r.OK == nil || *r.OK || !strings.Contains(r.Error, "cancelled") {
		t.Errorf("result = %+v", r)
	}
	noneLeft(t, "the interrupt")
}
