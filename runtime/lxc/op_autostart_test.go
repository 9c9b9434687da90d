package lxc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

func TestSetAutostart(t *testing.T) {
	s := lxctest.New(t)
	more := filepath.Join(s.Path, "more.conf")
	put(t, more, "lxc.group = included\nlxc.start.auto = 1\nlxc.start.order = 9\n")
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	for name, lines := range map[string][]string{"lxcdt-plain": nil, "lxcdt-inc": {"lxc.include = " + more}, "lxcdt-twice": {"lxc.group = x", "# mine", "lxc.group = y", "lxc.start.auto = 1"}} {
		ref := ownRoot(t, s.Path, name, lines...)
		before := read(t, filepath.Join(ref.String(), "config"))
		for _, want := range []runtime.AutostartArgs{
			{Auto: true, Order: 20, Delay: 5 * time.Second, Groups: []string{"onboot", "web"}},
			{Order: -3, Groups: []string{"web"}},
			{},
		} {
			must(t, change(t, a, runtime.SetAutostart, ref, &want))
			got := find(t, list(t, a), name).Config
			if got == nil || got.Autostart != want.Auto || got.Order != want.Order || got.Delay != want.Delay || !slices.Equal(got.Groups, want.Groups) {
				t.Errorf("%s: %+v became %+v\n%s", name, want, got, read(t, filepath.Join(ref.String(), "config")))
			}
		}
		after := read(t, filepath.Join(ref.String(), "config"))
		if name == "lxcdt-plain" && after != before {
			t.Errorf("there and back the config is\n%s\nwas\n%s", after, before)
		}
		if name == "lxcdt-twice" && !strings.Contains(after, "# mine\n") {
			t.Errorf("the comment is gone:\n%s", after)
		}
	}
	ref := to(runtime.Ref{Path: s.Path}, "lxcdt-plain")
	for _, bad := range []runtime.AutostartArgs{{Groups: []string{"a b"}}, {Groups: []string{"a\nlxc.hook.start = /x"}}, {Delay: time.Millisecond}, {Delay: -time.Second}} {
		if err := change(t, a, runtime.SetAutostart, ref, &bad); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	put(t, filepath.Join(ref.String(), runtime.LockFile), "{}")
	if err := change(t, a, runtime.SetAutostart, ref, &runtime.AutostartArgs{Auto: true}); !errors.Is(err, runtime.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	must(t, os.Remove(filepath.Join(ref.String(), runtime.LockFile)))
}

// The doc comment of AutostartArgs.Order says how lxc-autostart goes by it.
func TestAutostartOrder(t *testing.T) {
	s := lxctest.New(t)
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	for name, order := range map[string]int{"lxcdt-a": 0, "lxcdt-b": 7, "lxcdt-c": -4, "lxcdt-d": 7, "lxcdt-e": 30} {
		must(t, change(t, a, runtime.SetAutostart, ownRoot(t, s.Path, name), &runtime.AutostartArgs{Auto: true, Order: order}))
	}
	out, err := exec.Command("lxc-autostart", "-P", s.Path, "--list").CombinedOutput()
	must(t, err)
	var got []string
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.Fields(line)[0])
	}
	if want := []string{"lxcdt-c", "lxcdt-a", "lxcdt-b", "lxcdt-d", "lxcdt-e"}; !slices.Equal(got, want) {
		t.Errorf("lxc-autostart starts in the order %v, want %v", got, want)
	}
}
