package fake_test

import (
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/runtime/runtimetest"
)

func TestConformance(t *testing.T) {
	paths := [2]string{"/lxc/one", "/lxc/two"}
	var rt *fake.Runtime
	become := func(to runtime.State) func(testing.TB, runtime.Ref) {
		return func(t testing.TB, ref runtime.Ref) {
			if !rt.Become(ref, to) {
				t.Fatalf("%s is not there", ref)
			}
		}
	}
	addStopped := func(_ testing.TB, ref runtime.Ref) {
		rt.Add(fake.Spec{
			Container: runtime.Container{Ref: ref, State: runtime.Stopped, Config: &runtime.Config{}},
			Load:      fake.Load{CPU: 0.5, Swing: 0.5, Memory: 1 << 20},
			NoBootLog: true,
		})
	}
	runtimetest.Test(t, runtimetest.Host{
		Paths:  paths,
		Name:   func(word string) string { return word },
		Steady: true,
		Open: func(_ testing.TB, paths ...string) runtime.Runtime {
			rt = fake.New(fake.Options{Paths: paths, Name: "fake"})
			return rt
		},
		Make: addStopped,
		Own:  addStopped,
		Logged: func(_ testing.TB, ref runtime.Ref) {
			rt.Add(fake.Spec{Container: runtime.Container{Ref: ref, State: runtime.Stopped}})
		},
		Remove: func(_ testing.TB, ref runtime.Ref) { rt.Remove(ref) },
		Start:  become(runtime.Running),
		Stop:   become(runtime.Stopped),
		Freeze: become(runtime.Frozen),
		Thaw:   become(runtime.Running),
		Log: func(t testing.TB, ref runtime.Ref, name, text string) {
			if err := rt.AppendLog(ref, name, text); err != nil {
				t.Fatal(err)
			}
		},
		Edit: func(t testing.TB, ref runtime.Ref) {
			if !rt.Set(ref, runtime.Edited, func(s *fake.Spec) { s.Config = &runtime.Config{Autostart: true} }) {
				t.Fatalf("%s is not there", ref)
			}
		},
	})
}
