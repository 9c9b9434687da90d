package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

func checkpointTo(a *Adapter, op runtime.Op, ref runtime.Ref, dir string) error {
	return a.Do(context.Background(), runtime.Request{Op: op, Ref: ref, Args: &runtime.CheckpointArgs{Dir: dir}})
}

// Where CRIU works the container is checkpointed and resumed; where it does not,
// the error has its words and the container runs on.
func TestCheckpointAndResume(t *testing.T) {
	a, s, ref := running(t, "lxcdt-cp", "lxc.console.path = none", "lxc.tty.max = 0", "lxc.apparmor.profile =")
	dir := filepath.Join(t.TempDir(), "images")
	err := checkpointTo(a, runtime.Checkpoint, ref, dir)
	out, missing := exec.Command("criu", "check").CombinedOutput()
	if missing != nil {
		var e *runtime.Error
		if !errors.Is(err, runtime.ErrUnsupported) || !errors.As(err, &e) || e.Hint == "" {
			t.Fatalf("CRIU cannot work here, but: %v", err)
		}
		if errors.Is(missing, exec.ErrNotFound) {
			if !strings.Contains(err.Error(), "not installed") {
				t.Errorf("%v", err)
			}
		} else if words := criuErrors(string(out)); !strings.Contains(err.Error(), words[0]) || e.Log != strings.Join(words[1:], "\n") {
			t.Errorf("%v\n%q", err, e.Log)
		}
		if exists(dir) {
			t.Error("the directory is left")
		}
		if is := find(t, list(t, a), ref.Name).State; is != runtime.Running {
			t.Errorf("it is %s", is)
		}
		must(t, s.Stop(ref.Name))
		put(t, filepath.Join(dir, criuInventory), "")
		if err := checkpointTo(a, runtime.Resume, ref, dir); !errors.Is(err, runtime.ErrUnsupported) {
			t.Errorf("resume: %v", err)
		}
		return
	}
	must(t, err)
	if is := find(t, list(t, a), ref.Name).State; is != runtime.Stopped {
		t.Errorf("after the checkpoint it is %s", is)
	}
	must(t, checkpointTo(a, runtime.Resume, ref, dir))
	if is := find(t, list(t, a), ref.Name).State; is != runtime.Running {
		t.Errorf("after the resume it is %s", is)
	}
}

func TestCheckpointIsRefused(t *testing.T) {
	a, s, ref := running(t, "lxcdt-cp")
	stopped := runtime.Ref{Path: s.Path, Name: "lxcdt-off"}
	must(t, s.Add(stopped.Name))
	dir := t.TempDir()
	put(t, filepath.Join(dir, "full", "file"), "")
	put(t, filepath.Join(dir, "theirs", "inventory.img"), "")
	must(t, os.Chown(filepath.Join(dir, "theirs"), 4_000_000, 0))
	must(t, os.Symlink(s.Path+"/.root", filepath.Join(dir, "link")))
	must(t, os.MkdirAll(filepath.Join(s.Path, "lxcdt-off", "rootfs"), 0o755))
	must(t, os.MkdirAll(filepath.Join(s.Path, ".root", "empty"), 0o755))
	must(t, os.Symlink(s.Path+"/.root/empty", filepath.Join(dir, "itself")))
	for _, c := range []struct {
		op   runtime.Op
		ref  runtime.Ref
		dir  string
		want error
		says string
	}{
		{runtime.Checkpoint, ref, "relative", runtime.ErrInvalid, "absolute"},
		{runtime.Checkpoint, ref, dir + "/full", runtime.ErrInvalid, "not empty"},
		{runtime.Checkpoint, ref, dir + "/full/file", runtime.ErrInvalid, "is no directory"},
		{runtime.Checkpoint, ref, dir + "/none/images", os.ErrNotExist, ""},
		{runtime.Checkpoint, ref, s.Path + "/.root/tmp/images", runtime.ErrInvalid, "in the root of"},
		{runtime.Checkpoint, ref, dir + "/link/images", runtime.ErrInvalid, "in the root of"},
		{runtime.Checkpoint, ref, dir + "/itself", runtime.ErrInvalid, "in the root of"},
		{runtime.Checkpoint, ref, s.Path + "/lxcdt-off/images", runtime.ErrInvalid, "directory of a container"},
		{runtime.Checkpoint, stopped, dir + "/images", runtime.ErrWrongState, "STOPPED"},
		{runtime.Resume, ref, dir + "/images", runtime.ErrWrongState, "RUNNING"},
		{runtime.Resume, stopped, dir + "/full", runtime.ErrInvalid, "no checkpoint"},
		{runtime.Resume, stopped, dir + "/none", os.ErrNotExist, ""},
		{runtime.Resume, stopped, dir + "/theirs", runtime.ErrForeign, ""},
	} {
		err := checkpointTo(a, c.op, c.ref, c.dir)
		if errors.Is(c.want, os.ErrNotExist) {
			if err == nil || !strings.Contains(err.Error(), "no such file") {
				t.Errorf("%s %s: %v", c.op, c.dir, err)
			}
		} else if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s %s: %v", c.op, c.dir, err)
		}
	}
	if !exists(dir+"/full/file") || exists(dir+"/images") {
		t.Error("what was there is gone, or a directory was made for nothing")
	}
	if is := find(t, list(t, a), ref.Name).State; is != runtime.Running {
		t.Errorf("it is %s", is)
	}
}

// A dump that fails, by CRIU itself, tells CRIU's words from its log.
func TestCheckpointThatCRIUFailsIn(t *testing.T) {
	if _, err := exec.LookPath("criu"); err != nil {
		t.Skip("LEFT OUT: criu is not installed: its failures are not tested (runs in the virtual machine)")
	}
	why := "tty" // it takes no terminal of the host along
	if exec.Command("criu", "check").Run() != nil {
		why = "vdso" // what it finds missing in this kernel first
	}
	_, _, ref := running(t, "lxcdt-cp")
	o := &operation{q: helperRequest{Ref: ref, Op: runtime.Checkpoint}, info: runtime.Checkpoint.Info()}
	must(t, o.open())
	defer o.close()
	dir := t.TempDir()
	written, err := o.dump(&runtime.CheckpointArgs{Dir: dir})
	var e *runtime.Error
	if !errors.As(err, &e) || !strings.Contains(e.Log, why) || strings.Contains(e.Log, "Error (criu") {
		t.Fatalf("%v\n%+v", err, e)
	}
	if written {
		t.Error("it counts as written, and would stay")
	}
	must(t, clearDir(dir, false))
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
	if is := o.lxcState(); is != runtime.Running {
		t.Errorf("it is %s", is)
	}
}

func TestCRIUErrors(t *testing.T) {
	many := strings.Repeat("(00.1) Error (criu/x.c:1): word\n", 50)
	for text, want := range map[string]string{
		"":                             "",
		"a\nb\n":                       "a|b",
		"(00.1) ok\nError (c:1): no\n": "no",
		"(00.004) Error (criu/x.c:2): first\n(00.005) Error (x): second\n": "first|second",
		many: strings.TrimSuffix(strings.Repeat("word|", criuLines), "|"),
	} {
		if got := strings.Join(criuErrors(text), "|"); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
