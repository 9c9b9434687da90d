package runtimetest

import (
	"testing"

	"lxcdeck/runtime"
)

// testIsolation reads what keeps a container apart, running and not.
func testIsolation(t *testing.T, s *suite) {
	ref := s.make(t, "apart", runtime.Stopped)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		i, err := rt.Isolation(s.context(t), ref)
		if err != nil {
			t.Fatal(err)
		}
		if i.InitPID != 0 || len(i.Namespaces) != 0 || i.At.IsZero() || i.Config.Why != "" || len(i.Config.Values("lxc.rootfs.path")) != 1 {
			t.Errorf("of a stopped one: %+v", i)
		}
		for _, w := range i.Weaknesses() {
			if !w.Asked {
				t.Errorf("it runs not, and has the weak point %+v", w)
			}
		}
	}
	s.bring(t, ref, runtime.Running)
	c := s.get(t, ref)
	i, err := s.rt.Isolation(s.context(t), ref)
	if err != nil {
		t.Fatal(err)
	}
	if i.InitPID != c.InitPID || i.At.IsZero() || i.Peer == "" || len(i.Namespaces) != len(runtime.NamespaceKinds()) {
		t.Errorf("init %d, peer %q, namespaces %+v; want init %d", i.InitPID, i.Peer, i.Namespaces, c.InitPID)
	}
	for n, kind := range runtime.NamespaceKinds() {
		if i.Namespaces[n].Kind != kind {
			t.Errorf("namespace %d is %q, want %q", n, i.Namespaces[n].Kind, kind)
		}
	}
	for _, kind := range []string{"mnt", "pid", "net", "ipc", "uts"} {
		if n := i.Namespace(kind); n.ID == 0 || n.Host != runtime.No || n.Why != "" {
			t.Errorf("%+v", n)
		}
	}
	if i.Root.At != "/" || i.Root.FS == "" || i.Root.Host != runtime.No || i.Caps.Bounding.Absent() || i.Mounts.Total == 0 || len(i.Cgroups) == 0 {
		t.Errorf("root %+v, capabilities %+v, mounts %+v, cgroups %+v", i.Root, i.Caps, i.Mounts, i.Cgroups)
	}
	if len(i.UIDs.Ranges) == 0 || len(i.GIDs.Ranges) == 0 || i.Config.Why != "" || !i.Config.Changed.IsZero() {
		t.Errorf("ids %+v %+v, configuration %+v", i.UIDs, i.GIDs, i.Config)
	}
	s.Freeze(t, ref)
	if frozen, err := s.rt.Isolation(s.context(t), ref); err != nil || frozen.InitPID != c.InitPID {
		t.Errorf("of a frozen one: %v, init %d", err, frozen.InitPID)
	}
	s.Thaw(t, ref)
	gone := s.ref(0, "no-such")
	_, err = s.rt.Isolation(s.context(t), gone)
	wantError(t, err, runtime.ErrNotFound, "isolation", gone)
}
