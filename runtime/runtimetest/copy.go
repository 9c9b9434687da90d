package runtimetest

import (
	"slices"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// change asks for an operation with arguments.
func (s *suite) change(t *testing.T, op runtime.Op, ref runtime.Ref, args runtime.Args) error {
	t.Helper()
	return s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Args: args})
}

// there says whether List shows a container.
func (s *suite) there(t *testing.T, ref runtime.Ref) bool {
	t.Helper()
	return slices.ContainsFunc(s.list(t), func(c runtime.Container) bool { return c.Ref == ref })
}

// fresh names a container that an operation is to make; it goes with the test.
func (s *suite) fresh(t *testing.T, path int, word string) runtime.Ref {
	t.Helper()
	ref := s.ref(path, word)
	t.Cleanup(func() { s.Remove(t, ref) })
	return ref
}

// own makes a stopped container with a root of its own.
func (s *suite) own(t *testing.T, word string) runtime.Ref {
	t.Helper()
	ref := s.ref(0, word)
	s.Own(t, ref)
	t.Cleanup(func() { s.Remove(t, ref) })
	return ref
}

func testClone(t *testing.T, s *suite) {
	from := s.own(t, "clone")
	// The same name in another lxcpath, and another one here that is started.
	for _, a := range []*runtime.CloneArgs{{To: s.fresh(t, 1, "clone")}, {To: s.fresh(t, 0, "clone-b"), Start: true}} {
		if err := s.change(t, runtime.Clone, from, a); err != nil {
			t.Fatal(err)
		}
		want := runtime.Stopped
		if a.Start {
			want = runtime.Running
		}
		s.await(t, a.To, want)
		if c := s.get(t, from); c.State != runtime.Stopped {
			t.Errorf("the old one is %s", c.State)
		}
		s.bring(t, a.To, runtime.Running)
		f, err := s.rt.Footprint(s.context(t), from)
		if err != nil || len(f.Clones) > 0 {
			t.Errorf("a copy hangs on the old one: %+v, %v", f, err)
		}
	}
}

func testCloneOverlay(t *testing.T, s *suite) {
	from, to := s.own(t, "base"), s.fresh(t, 0, "over")
	if err := s.change(t, runtime.Clone, from, &runtime.CloneArgs{To: to, CoW: true}); err != nil {
		t.Fatal(err)
	}
	s.await(t, to, runtime.Stopped)
	f, err := s.rt.Footprint(s.context(t), from)
	if err != nil || !slices.Equal(f.Clones, []runtime.Ref{to}) {
		t.Errorf("footprint: %+v, %v; want the clone in it", f, err)
	}
	wantError(t, s.change(t, runtime.Rename, from, &runtime.RenameArgs{To: s.Name("other"), Copy: true}), runtime.ErrInUse, "rename", from)
	if !s.there(t, from) {
		t.Error("the base is gone")
	}
	s.bring(t, to, runtime.Running)
}

func testCloneRefused(t *testing.T, s *suite) {
	from := s.make(t, "from", runtime.Stopped)
	taken := s.make(t, "taken", runtime.Running)
	to := s.fresh(t, 0, "to")
	clone := func(from, to runtime.Ref) error {
		return s.change(t, runtime.Clone, from, &runtime.CloneArgs{To: to})
	}
	wantError(t, clone(from, taken), runtime.ErrExists, "clone", from)
	wantError(t, clone(taken, to), runtime.ErrWrongState, "clone", taken)
	wantError(t, clone(s.ref(0, "absent"), to), runtime.ErrNotFound, "clone", s.ref(0, "absent"))
	wantError(t, clone(from, from), runtime.ErrInvalid, "clone", from)
	wantError(t, clone(from, runtime.Ref{Path: s.Paths[0]}), runtime.ErrInvalid, "clone", from)
	wantError(t, s.change(t, runtime.Clone, from, nil), runtime.ErrInvalid, "clone", from)
	wantError(t, s.change(t, runtime.Clone, from, &runtime.RenameArgs{To: "x"}), runtime.ErrInvalid, "clone", from)
	wantError(t, s.change(t, runtime.Clone, from, &runtime.CloneArgs{To: to, Ephemeral: true}), runtime.ErrInvalid, "clone", from)
	if s.there(t, to) || s.get(t, taken).State != runtime.Running {
		t.Error("it was refused, and yet something has changed")
	}
}

func testRename(t *testing.T, s *suite) {
	from, to := s.make(t, "old", runtime.Stopped), s.fresh(t, 0, "new")
	if err := s.change(t, runtime.Rename, from, &runtime.RenameArgs{To: to.Name}); err != nil {
		t.Fatal(err)
	}
	s.await(t, to, runtime.Stopped)
	if s.there(t, from) {
		t.Error("the old name is still there")
	}
	s.bring(t, to, runtime.Running)
	// The old name is free again.
	s.makeRef(t, from)
	s.await(t, from, runtime.Stopped)
}

func testRenameRefused(t *testing.T, s *suite) {
	from := s.make(t, "from", runtime.Stopped)
	taken := s.make(t, "taken", runtime.Running)
	rename := func(from runtime.Ref, to string) error {
		return s.change(t, runtime.Rename, from, &runtime.RenameArgs{To: to})
	}
	wantError(t, rename(from, taken.Name), runtime.ErrExists, "rename", from)
	wantError(t, rename(taken, s.Name("to")), runtime.ErrWrongState, "rename", taken)
	wantError(t, rename(s.ref(0, "absent"), s.Name("to")), runtime.ErrNotFound, "rename", s.ref(0, "absent"))
	for _, bad := range []string{"", ".", "..", "a/b", from.Name} {
		wantError(t, rename(from, bad), runtime.ErrInvalid, "rename", from)
	}
	if !s.there(t, from) || s.there(t, s.ref(0, "to")) || s.get(t, taken).State != runtime.Running {
		t.Error("it was refused, and yet something has changed")
	}
}

func testAutostart(t *testing.T, s *suite) {
	ref := s.make(t, "auto", runtime.Running)
	for _, want := range []runtime.AutostartArgs{
		{Auto: true, Order: 20, Delay: 5 * time.Second, Groups: []string{"onboot", "web"}},
		{Auto: true, Order: -1},
		{},
	} {
		if err := s.change(t, runtime.SetAutostart, ref, &want); err != nil {
			t.Fatal(err)
		}
		c := s.get(t, ref)
		got := c.Config
		if c.State != runtime.Running || got == nil || got.Autostart != want.Auto || got.Order != want.Order || got.Delay != want.Delay || !slices.Equal(got.Groups, want.Groups) {
			t.Errorf("%+v became %+v, %s", want, got, c.State)
		}
	}
	wantError(t, s.change(t, runtime.SetAutostart, ref, &runtime.AutostartArgs{Groups: []string{"a b"}}), runtime.ErrInvalid, "set-autostart", ref)
}

func testFootprint(t *testing.T, s *suite) {
	ref := s.make(t, "foot", runtime.Running)
	f, err := s.rt.Footprint(s.context(t), ref)
	if err != nil || f.Backing == "" || f.Size <= 0 || f.SnapSize != 0 || f.Free == 0 || f.Partial || len(f.Snapshots)+len(f.Clones) > 0 {
		t.Errorf("%+v, %v", f, err)
	}
	_, err = s.rt.Footprint(s.context(t), s.ref(0, "absent"))
	wantError(t, err, runtime.ErrNotFound, "footprint", s.ref(0, "absent"))
}
