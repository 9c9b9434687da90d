package runtimetest

import (
	"context"
	"testing"

	"lxcdeck/runtime"
)

// testSpace measures a container, alone and among all, and what is not there.
func testSpace(t *testing.T, s *suite) {
	ref, other := s.make(t, "space", runtime.Stopped), s.make(t, "space-b", runtime.Running)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		told := 0
		all, err := rt.Space(s.context(t), runtime.SpaceQuery{Fresh: true}, func(r runtime.SpaceReport) {
			told++
			if r.Done > r.Of {
				t.Errorf("%d of %d are done", r.Done, r.Of)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if told == 0 || all.Done != all.Of || all.Now != "" || len(all.FileSystems) == 0 {
			t.Errorf("told %d times: %+v", told, all)
		}
		found := 0
		for i := range all.Containers {
			c := &all.Containers[i]
			if c.Ref != ref && c.Ref != other {
				continue
			}
			found++
			root, n := c.Sum(runtime.SpaceRoot, runtime.SpaceChanges)
			whole, _ := c.Sum()
			if b, ok := root.Bytes.Get(); !ok || n != 1 || whole.Bytes.Or(0) < b || root.At.IsZero() || c.Store == "" || c.FS == "" {
				t.Errorf("%s: %+v", c.Ref, c)
			}
		}
		if found != 2 {
			t.Errorf("%d of 2 containers: %+v", found, all.Containers)
		}
	}
	one, err := s.rt.Space(s.context(t), runtime.SpaceQuery{Refs: []runtime.Ref{ref}}, nil)
	if err != nil || len(one.Containers) != 1 || one.Containers[0].Ref != ref || len(one.Extras) != 0 {
		t.Errorf("one: %+v, %v", one, err)
	}
	gone := s.ref(0, "no-such")
	_, err = s.rt.Space(s.context(t), runtime.SpaceQuery{Refs: []runtime.Ref{gone}}, nil)
	wantError(t, err, runtime.ErrNotFound, "space", gone)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.rt.Space(over, runtime.SpaceQuery{}, nil)
	wantError(t, err, runtime.ErrCancelled, "space", runtime.Ref{})
}
