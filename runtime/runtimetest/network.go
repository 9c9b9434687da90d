package runtimetest

import (
	"errors"
	"testing"

	"lxcdeck/runtime"
)

// testNetwork reads the network of containers in all states.
func testNetwork(t *testing.T, s *suite) {
	ref, still := s.make(t, "net", runtime.Running), s.make(t, "still", runtime.Stopped)
	c := s.get(t, ref)
	for _, rt := range []runtime.Runtime{s.rt, runtime.ReadOnly(s.rt)} {
		m, err := rt.Network(s.context(t), []runtime.Ref{ref, still, s.ref(0, "no-such")})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Containers) != 3 || m.At.IsZero() {
			t.Fatalf("%d containers at %v", len(m.Containers), m.At)
		}
		if n := &m.Containers[0]; n.Ref != ref || n.InitPID != c.InitPID || n.Why != "" || n.At.IsZero() || n.OnHost {
			t.Errorf("one that runs: %+v", *n)
		}
		for _, n := range m.Containers[1:] {
			if n.InitPID != 0 || n.Why == "" || len(n.Links) != 0 {
				t.Errorf("one that does not: %+v", n)
			}
		}
		list, err := rt.Ports(s.context(t), ref)
		if err != nil || list.InitPID != c.InitPID || list.At.IsZero() {
			t.Errorf("ports: %+v, %v", list, err)
		}
		_, err = rt.Ports(s.context(t), still)
		wantError(t, err, runtime.ErrWrongState, "ports", still)
		_, err = rt.Ports(s.context(t), s.ref(0, "no-such"))
		wantError(t, err, runtime.ErrNotFound, "ports", s.ref(0, "no-such"))
	}
	if _, err := s.rt.Network(s.context(t), []runtime.Ref{{Path: "/x", Name: "../y"}}); !errors.Is(err, runtime.ErrInvalid) {
		t.Errorf("a bad name: %v", err)
	}
}
