package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// LXC's own common.conf, which nearly all images include, has the terminals in a
// directory that is there with a console alone.
func TestRunOnABaseWithATerminalDirectory(t *testing.T) {
	a, s := runs(t)
	common := filepath.Join(s.Path, "share/lxc/config/common.conf")
	put(t, common, "lxc.tty.dir = lxc\nlxc.tty.max = 2\n")
	must(t, s.AddOwn("lxcdt-c", "lxc.include = "+common, "lxc.tty.dir = lxc"))
	r, err := run(t, a, s, appOf(s).Name, runtime.RunArgs{From: on(s, "lxcdt-c"), Command: sh("echo up"), Remove: true})
	if err != nil || r.text() != "up\n" {
		t.Errorf("%q, %v", r.text(), err)
	}
	clean(t, s, appOf(s).Name)
}

// One cgroup by name is for one container: two runs on its base would want it.
func TestRunTakesNoCgroupOfItsBase(t *testing.T) {
	for key, want := range map[string]bool{
		"lxc.cgroup.dir": true, "lxc.cgroup.relative": true, "lxc.cgroup2.memory.max": true,
		"lxc.cgroup.dir.container": false, "lxc.cgroup.dir.monitor": false, "lxc.cgroup.dir.monitor.pivot": false,
		"lxc.cgroup.dir.container.inner": false, "lxc.tty.dir": false,
	} {
		if got := fromBase(key); got != want {
			t.Errorf("%s: %t", key, got)
		}
	}
}

func TestRunMountsNothingOfTheHostToWriteTo(t *testing.T) {
	for entry, want := range map[string]bool{
		"/lib lib none ro,bind 0 0":                            true,
		"/lib lib none bind,ro,create=dir":                     true,
		"shm dev/shm tmpfs defaults 0 0":                       true,
		"/srv srv none bind 0 0":                               false,
		"/srv srv none rbind,ro 0 0":                           false, // liblxc makes the uppermost read-only alone
		"/srv srv none ro,bind,rw 0 0":                         false,
		"/srv srv none bind,nosuid,create=dir,romantic=ro 0 0": false,
		"/srv srv": false,
	} {
		if got := harmlessMount(entry); got != want {
			t.Errorf("%q: %t", entry, got)
		}
	}
}

// lxc_rdepends names the next layer below alone. All that a command runs on
// stand still, however far below.
func TestRunOnARunOnARun(t *testing.T) {
	a, s := runs(t)
	for _, x := range [][2]string{{"lxcdt-one", "lxcdt-a"}, {"lxcdt-two", "lxcdt-one"}} {
		if _, err := run(t, a, s, x[0], runtime.RunArgs{From: on(s, x[1]), Command: sh("true")}); err != nil {
			t.Fatal(err)
		}
	}
	bottom := runtime.Ref{Path: s.Path, Name: "lxcdt-a"}
	_, cancel, done := begun(t, a, s, runtime.RunArgs{From: on(s, "lxcdt-two"), Command: sh(endless), Remove: true})
	for _, name := range []string{"lxcdt-a", "lxcdt-one", "lxcdt-two"} {
		mention(t, do(t, a, runtime.Start, to(bottom, name)), runtime.ErrInUse, "the command of "+filepath.Join(s.Path, appOf(s).Name))
	}
	cancel()
	<-done
	must(t, s.Start("lxcdt-a"))
	_, err := run(t, a, s, appOf(s).Name, runtime.RunArgs{From: on(s, "lxcdt-two"), Command: sh("true"), Remove: true})
	mention(t, err, runtime.ErrWrongState, "lxcdt-two is an overlay on lxcdt-a, which is RUNNING")
	must(t, s.Stop("lxcdt-a"))
	for _, name := range []string{"lxcdt-two", "lxcdt-one"} {
		must(t, s.Tool("lxc-destroy", name))
	}
}

// A monitor that is killed leaves its cgroups, and the next of the name would get
// others.
func TestRunWhoseMonitorIsKilled(t *testing.T) {
	a, s := runs(t)
	for _, remove := range []bool{true, false} {
		_, _, done := begun(t, a, s, runtime.RunArgs{Command: sh(endless), Remove: remove})
		pid, err := a.initPID(context.Background(), runtime.Ref{Path: s.Path, Name: appOf(s).Name})
		must(t, err)
		must(t, unix.Kill(parentOf(t, pid), unix.SIGKILL))
		if err := <-done; !errors.Is(err, runtime.ErrHelper) || !strings.Contains(fmt.Sprint(err), "signal 9") {
			t.Errorf("%v", err)
		}
		if left := cgroupsOf(appOf(s).Name); len(left) > 0 {
			t.Errorf("remove %t: cgroups are left: %v", remove, left)
		}
		if !remove {
			must(t, s.Tool("lxc-destroy", appOf(s).Name))
		}
		clean(t, s, appOf(s).Name)
	}
}

// What was destroyed by other means is not offered any more, and a container that
// has its name by now is none of it.
func TestRunThatWasDestroyedAfterItsHelper(t *testing.T) {
	a, s := runs(t)
	ref := runtime.Ref{Path: s.Path, Name: appOf(s).Name}
	args := &runtime.RunArgs{From: on(s, "lxcdt-a"), Network: runtime.Network{Kind: runtime.NoNetwork}, Command: sh("true")}
	for _, again := range []bool{false, true} {
		killedAt(t, runRunning, helperRequest{Kind: kindOp, Op: runtime.Run, Ref: ref, Timeout: longTime, Args: args})
		must(t, s.Tool("lxc-destroy", ref.Name))
		if again {
			must(t, s.AddOwn(ref.Name))
		}
		left := leftoversOf(t, a)
		if len(left) != 1 || !strings.Contains(left[0].What, "destroyed since") || len(left[0].Ways) != 1 {
			t.Fatalf("%+v", left)
		}
		must(t, goes(t, a, runtime.Dismiss))
		wantNothingLeft(t, a, s.Path)
		if exists(ref.String()) != again {
			t.Errorf("%s: there %t, want %t", ref, exists(ref.String()), again)
		}
	}
}

// The config is gone with the container: what helps is another argument. liblxc may
// not see that the kernel has killed an init for memory.
func TestRunThatCannotStartSaysWhatHelps(t *testing.T) {
	a, s := runs(t)
	for range 5 {
		_, err := run(t, a, s, appOf(s).Name, runtime.RunArgs{Command: sh("true"), Limits: runtime.Limits{Memory: 4096}})
		var e *runtime.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint, "limits may be too low") || errors.Is(err, runtime.ErrNoAnswer) {
			t.Errorf("%v: %+v", err, e)
		}
		clean(t, s, appOf(s).Name)
		if left := cgroupsOf(appOf(s).Name); len(left) > 0 {
			t.Errorf("cgroups are left: %v", left)
		}
	}
	words := `Failed to attach "veth0" to bridge "lxcbr0", bridge interface doesn't exist`
	var e *runtime.Error
	if !errors.As(notStarted(&runtime.RunArgs{}, words), &e) || !strings.Contains(e.Hint, "--network none") || e.Log != words {
		t.Errorf("%+v", e)
	}
}

func TestRunOnARootThatIsALink(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink(dir, filepath.Join(dir, "link")))
	_, err := layers("dir:"+filepath.Join(dir, "link"), "")
	mention(t, err, runtime.ErrUnsupported, "link is a link")
}

func TestRunOnABaseThatGoesMeanwhile(t *testing.T) {
	_, s := runs(t)
	o := &operation{q: helperRequest{Kind: kindOp, Op: runtime.Run, Ref: runtime.Ref{Path: s.Path, Name: appOf(s).Name}, Timeout: longTime}}
	args := &runtime.RunArgs{From: on(s, "lxcdt-a", "lxcdt-b"), Network: runtime.Network{Kind: runtime.NoNetwork}, Command: sh("true")}
	all, looked, lower, err := o.bases(args)
	must(t, err)
	looked.release()
	defer lower.release()
	o.at = func(string) {
		if exists(filepath.Join(s.Path, "lxcdt-b")) {
			must(t, s.Tool("lxc-destroy", "lxcdt-b"))
		}
	}
	_, err = o.layOut(args, all)
	mention(t, err, runtime.ErrNotFound, "lxcdt-b was destroyed meanwhile")
	clean(t, s, appOf(s).Name)
}
