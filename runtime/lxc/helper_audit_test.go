package lxc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
	"lxcdeck/runtime/lxctest"
)

// auditParent makes the test binary an lxcdeck that stops a container and can
// be killed while it does.
const auditParent = "LXCDT_AUDIT_PARENT"

// auditMain is that lxcdeck: its log and the container are in the environment.
func auditMain(log string) int {
	ref := runtime.Ref{Path: filepath.Dir(os.Getenv("LXCDT_CONTAINER")), Name: filepath.Base(os.Getenv("LXCDT_CONTAINER"))}
	a, err := New(Options{Paths: []string{ref.Path}, Answer: slowAnswer, Audit: log})
	if err != nil {
		return 2
	}
	rt := audit.Wrap(a, audit.New(audit.Options{Path: log}))
	if word := os.Getenv("LXCDT_EXEC"); word != "" { // how long the command is waited for
		limit, err := time.ParseDuration(word)
		if err != nil {
			return 2
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		_, err = rt.Exec(ctx, runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "touch /dev/begun; sleep 600"}}, runtime.Stdio{})
		if err == nil {
			return 1
		}
		time.Sleep(100 * time.Millisecond) // alive, when the helper hears of it
		return 0
	}
	if err := rt.Do(context.Background(), runtime.Request{Op: runtime.Stop, Ref: ref, Timeout: 3 * time.Second}); err != nil {
		return 1
	}
	return 0
}

// deafContainer runs and does not hear its halt signal: a stop takes its whole time.
func deafContainer(t *testing.T) (log string, parent *exec.Cmd, ref runtime.Ref) {
	t.Helper()
	s := lxctest.New(t)
	ref = runtime.Ref{Path: s.Path, Name: "lxcdt-deaf"}
	must(t, s.Add(ref.Name, "lxc.signal.halt = SIGWINCH"))
	must(t, s.Start(ref.Name))
	log = filepath.Join(t.TempDir(), "state", "audit.jsonl")
	parent = exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), auditParent+"="+log, "LXCDT_CONTAINER="+ref.String())
	must(t, parent.Start())
	t.Cleanup(func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	return log, parent, ref
}

// logged waits until the log has n records and gives them, the newest first.
func logged(t *testing.T, log string, n int) []audit.Record {
	t.Helper()
	for end := time.Now().Add(2 * longTime); ; time.Sleep(20 * time.Millisecond) {
		all, err := audit.Read(log, 10)
		must(t, err)
		if len(all) >= n {
			return all
		}
		if time.Now().After(end) {
			t.Fatalf("the log has %d records, not %d: %+v", len(all), n, all)
		}
	}
}

// waitHeld waits until a helper is at work on the container.
func waitHeld(t *testing.T, ref runtime.Ref) {
	t.Helper()
	for end := time.Now().Add(longTime); !held(ref); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no helper holds the container")
		}
	}
}

func TestHelperWritesTheResultOfADeadLxcdeck(t *testing.T) {
	log, parent, ref := deafContainer(t)
	waitHeld(t, ref)
	must(t, parent.Process.Signal(unix.SIGKILL))
	var ended *exec.ExitError
	if err := parent.Wait(); !errors.As(err, &ended) {
		t.Fatalf("the killed lxcdeck ended with %v", err)
	}
	if !held(ref) {
		t.Fatal("the work ended before its lxcdeck was dead: the test shows nothing")
	}
	all := logged(t, log, 2)
	result, intent := all[0], all[1]
	if len(all) != 2 || intent.Phase != audit.Intent || intent.PID != parent.Process.Pid {
		t.Errorf("records = %+v", all)
	}
	if result.Phase != audit.Result || result.ID != intent.ID || !result.Unattended || result.OK == nil || !*result.OK ||
		result.What != "stop" || result.Name != ref.Name || result.PID == intent.PID || result.Seconds < 2 {
		t.Errorf("result = %+v", result)
	}
	a := newAdapter(t, Options{Paths: []string{ref.Path}})
	if is := find(t, list(t, a), ref.Name).State; is != runtime.Stopped {
		t.Errorf("the container is %s", is)
	}
	missed, err := audit.SinceUnattended(log, intent.Time)
	if err != nil || len(missed) != 1 || missed[0].ID != intent.ID {
		t.Errorf("what nobody saw = %+v, %v", missed, err)
	}
}

func TestHelperLeavesTheResultToALiveLxcdeck(t *testing.T) {
	log, parent, _ := deafContainer(t)
	if err := parent.Wait(); err != nil {
		t.Fatal(err)
	}
	all := logged(t, log, 2)
	if len(all) != 2 || all[0].Unattended || all[0].PID != parent.Process.Pid {
		t.Errorf("records = %+v", all)
	}
}

// An lxcdeck that stands still and is killed later has read nothing, though
// the reply could be sent.
func TestHelperWaitsForTheReceipt(t *testing.T) {
	log, parent, ref := deafContainer(t)
	waitHeld(t, ref)
	must(t, parent.Process.Signal(unix.SIGSTOP))
	for end := time.Now().Add(2 * longTime); held(ref); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the work does not end")
		}
	}
	if all := logged(t, log, 1); len(all) != 1 {
		t.Fatalf("while its lxcdeck is stopped: %+v", all)
	}
	must(t, parent.Process.Signal(unix.SIGKILL))
	if all := logged(t, log, 2); !all[0].Unattended || all[0].ID != all[1].ID {
		t.Errorf("records = %+v", all)
	}
}

// An archive whose lxcdeck died has not got the name that was asked for.
func TestUnnamedArchiveIsTold(t *testing.T) {
	ref := runtime.Ref{Path: "/var/lib/lxc", Name: "web"}
	for name, told := range map[string]bool{"web.tar.zst.part": true, "web.tar.zst": false} {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		must(t, err)
		if err := unnamed(ref, int(f.Fd())); (err != nil) != told || told && !strings.Contains(err.Error(), f.Name()) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, f.Close())
	}
	r, w, err := os.Pipe()
	must(t, err)
	must(t, unnamed(ref, int(w.Fd())))
	must(t, errors.Join(r.Close(), w.Close()))
}

// A command in a container, as a fan-out runs it, has its end in the log also where
// lxcdeck is killed; where it gives up alive it writes that itself, and nobody else does.
func TestHelperWritesTheEndOfACommandOfADeadLxcdeck(t *testing.T) {
	a, s, ref := running(t, "lxcdt-exec")
	init, err := a.initPID(t.Context(), ref)
	must(t, err)
	begun := "/proc/" + strconv.Itoa(init) + "/root/dev/begun"
	for _, c := range []struct {
		limit string
		kill  bool
	}{{"1h", true}, {"2s", false}} {
		log := filepath.Join(t.TempDir(), "state", "audit.jsonl")
		parent := exec.Command("/proc/self/exe")
		parent.Env = append(os.Environ(), auditParent+"="+log, "LXCDT_CONTAINER="+ref.String(), "LXCDT_EXEC="+c.limit)
		must(t, parent.Start())
		t.Cleanup(func() { _ = parent.Process.Kill(); _ = parent.Wait() })
		eventually(t, "the command", func() bool { return exists(begun) })
		must(t, os.Remove(begun))
		if c.kill {
			must(t, parent.Process.Signal(unix.SIGKILL))
		}
		_ = parent.Wait()
		logged(t, log, 2)
		eventually(t, "the end of the helper", func() bool { return len(sleepersOf(t, init)) == 0 })
		all, err := audit.Read(log, 10)
		must(t, err)
		if len(all) != 2 || all[0].ID != all[1].ID || all[0].Phase != audit.Result || all[0].What != audit.Exec || all[0].OK == nil || *all[0].OK {
			t.Fatalf("%+v", all)
		}
		if all[0].Unattended != c.kill || c.kill && (all[0].Code == nil || !strings.Contains(all[0].Error, "has died")) || all[1].Argv == nil {
			t.Errorf("killed %v: %+v", c.kill, all[0])
		}
	}
	must(t, s.Stop(ref.Name))
}

// sleepersOf are the sleeps that run in a container.
func sleepersOf(t *testing.T, init int) (pids []int) {
	t.Helper()
	ns, err := os.Readlink("/proc/" + strconv.Itoa(init) + "/ns/pid")
	must(t, err)
	eachPID(func(pid int) {
		if is, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/pid"); err == nil && is == ns && commOf(pid) == "sleep" {
			pids = append(pids, pid)
		}
	})
	return pids
}
