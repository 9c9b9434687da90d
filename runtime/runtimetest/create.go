package runtimetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// newContainer are the arguments of a container that can be made anywhere.
func newContainer() *runtime.CreateArgs {
	return &runtime.CreateArgs{Template: "busybox", Network: runtime.Network{Kind: runtime.NoNetwork}}
}

func (s *suite) create(t *testing.T, ref runtime.Ref, args *runtime.CreateArgs) error {
	t.Helper()
	t.Cleanup(func() { s.Remove(t, ref) })
	return s.rt.Do(s.context(t), runtime.Request{Op: runtime.Create, Ref: ref, Args: args})
}

// absent checks that nothing has a name.
func (s *suite) absent(t *testing.T, ref runtime.Ref) {
	t.Helper()
	if slices.ContainsFunc(s.list(t), func(c runtime.Container) bool { return c.Ref == ref }) {
		t.Errorf("%s is in the list", ref)
	}
}

func testCreate(t *testing.T, s *suite) {
	ref := s.ref(0, "made")
	args := newContainer()
	args.Auto = &runtime.AutostartArgs{Auto: true, Order: 4, Delay: 2 * time.Second, Groups: []string{"one", "two"}}
	if err := s.create(t, ref, args); err != nil {
		t.Fatal(err)
	}
	c := s.await(t, ref, runtime.Stopped)
	if c.Config == nil || !c.Config.Autostart || c.Config.Order != 4 || c.Config.Delay != 2*time.Second || !slices.Equal(c.Config.Groups, []string{"one", "two"}) {
		t.Errorf("config %+v", c.Config)
	}
	wantError(t, s.create(t, ref, newContainer()), runtime.ErrExists, "create", ref)
	if err := s.rt.Do(s.context(t), runtime.Request{Op: runtime.Start, Ref: ref}); err != nil {
		t.Fatal(err)
	}
	s.await(t, ref, runtime.Running)
	wantError(t, s.create(t, ref, newContainer()), runtime.ErrExists, "create", ref)

	started := s.ref(1, "started")
	args = newContainer()
	args.Start = true
	if err := s.create(t, started, args); err != nil {
		t.Fatal(err)
	}
	if c := s.await(t, started, runtime.Running); c.InitPID == 0 {
		t.Error("it runs without an init")
	}
}

func testCreateRefused(t *testing.T, s *suite) {
	ref := s.ref(0, "refused")
	create := func(ref runtime.Ref, change func(*runtime.CreateArgs)) error {
		args := newContainer()
		change(args)
		return s.rt.Do(s.context(t), runtime.Request{Op: runtime.Create, Ref: ref, Args: args})
	}
	same := func(*runtime.CreateArgs) {}
	for _, name := range []string{"", "..", "a/b", ".hidden", "a\nb", strings.Repeat("a", 65), strings.Repeat("a", 300)} {
		odd := runtime.Ref{Path: s.Paths[0], Name: name}
		wantError(t, create(odd, same), runtime.ErrInvalid, "create", odd)
	}
	for _, change := range []func(*runtime.CreateArgs){
		func(a *runtime.CreateArgs) { a.Template = "" },
		func(a *runtime.CreateArgs) { a.Template = "none" },
		func(a *runtime.CreateArgs) { a.Template = "../x" },
		func(a *runtime.CreateArgs) { a.Template = "lxcdeck-no-such-template" },
		func(a *runtime.CreateArgs) { a.Config = "relative" },
		func(a *runtime.CreateArgs) { a.Network = runtime.Network{Kind: runtime.BridgeNetwork} },
		func(a *runtime.CreateArgs) { a.Limits.CPUs = -1 },
		func(a *runtime.CreateArgs) { a.IDMap = []runtime.IDMap{{}} },
		func(a *runtime.CreateArgs) { a.Auto = &runtime.AutostartArgs{Groups: []string{"a b"}} },
	} {
		wantError(t, create(ref, change), runtime.ErrInvalid, "create", ref)
	}
	wantError(t, s.rt.Do(s.context(t), runtime.Request{Op: runtime.Create, Ref: ref}), runtime.ErrInvalid, "create", ref)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, s.rt.Do(ctx, runtime.Request{Op: runtime.Create, Ref: ref, Args: newContainer()}), runtime.ErrCancelled, "create", ref)
	wantError(t, runtime.ReadOnly(s.rt).Do(s.context(t), runtime.Request{Op: runtime.Create, Ref: ref, Args: newContainer()}),
		runtime.ErrReadOnly, "create", ref)
	s.absent(t, ref)
}

func testDestroy(t *testing.T, s *suite) {
	ref := s.ref(0, "destroyed")
	if err := s.create(t, ref, newContainer()); err != nil {
		t.Fatal(err)
	}
	destroy := func(args runtime.Args, expect runtime.State) error {
		return s.rt.Do(s.context(t), runtime.Request{Op: runtime.Destroy, Ref: ref, Args: args, Expect: expect})
	}
	for _, state := range []runtime.State{runtime.Running, runtime.Frozen} {
		s.bring(t, ref, state)
		wantError(t, destroy(nil, runtime.Unknown), runtime.ErrWrongState, "destroy", ref)
		if c := s.get(t, ref); c.State != state {
			t.Errorf("it was refused, and yet it is %s", c.State)
		}
	}
	s.bring(t, ref, runtime.Stopped)
	wantError(t, destroy(nil, runtime.Running), runtime.ErrWrongState, "destroy", ref)
	wantError(t, destroy(&runtime.LockArgs{}, runtime.Unknown), runtime.ErrInvalid, "destroy", ref)
	// What was seen was another one of its name.
	another := runtime.Request{Op: runtime.Destroy, Ref: ref, Same: s.get(t, ref).Identity + "0"}
	wantError(t, s.rt.Do(s.context(t), another), runtime.ErrWrongState, "destroy", ref)
	s.get(t, ref)
	// That it has no snapshots does not matter.
	if err := destroy(&runtime.DestroyArgs{Snapshots: true}, runtime.Stopped); err != nil {
		t.Fatal(err)
	}
	s.absent(t, ref)
	wantError(t, destroy(nil, runtime.Unknown), runtime.ErrNotFound, "destroy", ref)
	if err := s.create(t, ref, newContainer()); err != nil {
		t.Errorf("its name is not free again: %v", err)
	}
	if err := destroy(nil, runtime.Unknown); err != nil {
		t.Error(err)
	}
	s.absent(t, ref)
}
