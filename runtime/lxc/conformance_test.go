package lxc

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
	"lxcdeck/runtime/runtimetest"
)

// TestConformance runs the suite on real containers, which are made, started
// and stopped by LXC's own tools.
func TestConformance(t *testing.T) {
	places := map[string]*lxctest.Scratch{}
	h := runtimetest.Host{
		Name:   func(word string) string { return lxctest.Prefix + word },
		Steady: true,
		Open: func(t testing.TB, paths ...string) runtime.Runtime {
			a, err := New(Options{Paths: paths, Answer: slowAnswer})
			must(t, err)
			return a
		},
	}
	for i := range h.Paths {
		s := lxctest.New(t)
		h.Paths[i] = s.Path
		places[s.Path] = s
	}
	tool := func(name string, args ...string) func(testing.TB, runtime.Ref) {
		return func(t testing.TB, ref runtime.Ref) {
			t.Helper()
			must(t, places[ref.Path].Tool(name, ref.Name, args...))
		}
	}
	h.Make = func(t testing.TB, ref runtime.Ref) { must(t, places[ref.Path].Add(ref.Name)) }
	h.Own = func(t testing.TB, ref runtime.Ref) { must(t, places[ref.Path].AddOwn(ref.Name)) }
	h.Logged = func(t testing.TB, ref runtime.Ref) {
		must(t, places[ref.Path].Add(ref.Name, "lxc.console.buffer.size = auto"))
	}
	h.Start = tool("lxc-start", "-d")
	h.Stop = tool("lxc-stop", "-k")
	h.Freeze = func(t testing.TB, ref runtime.Ref) { must(t, places[ref.Path].Freeze(ref.Name)) }
	h.Thaw = tool("lxc-unfreeze")
	h.Remove = func(t testing.TB, ref runtime.Ref) {
		t.Helper()
		if !exists(ref.String()) {
			return
		}
		// It fails for one that is stopped already.
		_ = places[ref.Path].Stop(ref.Name)
		must(t, places[ref.Path].Tool("lxc-wait", ref.Name, "-s", "STOPPED", "-t", "60"))
		must(t, os.RemoveAll(ref.String()))
	}
	h.Log = func(t testing.TB, ref runtime.Ref, name, text string) {
		t.Helper()
		file := filepath.Join(ref.String(), ref.Name+".log")
		if filepath.IsAbs(name) {
			file = filepath.Join(ref.String(), "rootfs", name)
		}
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		must(t, err)
		_, err = f.WriteString(text)
		must(t, errors.Join(err, f.Close()))
	}
	h.Edit = func(t testing.TB, ref runtime.Ref) {
		t.Helper()
		config := filepath.Join(ref.String(), "config")
		text, err := os.ReadFile(config)
		must(t, err)
		must(t, os.WriteFile(config, append(text, "lxc.start.order = 5\n"...), 0o640))
	}
	runtimetest.Test(t, h)
}
