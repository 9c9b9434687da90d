package runtimetest

import (
	"slices"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func testAbout(t *testing.T, s *suite) {
	about := s.rt.About()
	if about.Name == "" {
		t.Error("it has no name")
	}
	if !slices.Equal(about.Paths, s.Paths[:]) {
		t.Errorf("lxcpaths = %v, want %v", about.Paths, s.Paths)
	}
	about.Paths[0] = "overwritten"
	if s.rt.About().Paths[0] != s.Paths[0] {
		t.Error("About hands out its own slice")
	}
}

func testList(t *testing.T, s *suite) {
	// The same name in two lxcpaths is normal.
	refs := []runtime.Ref{s.ref(0, "b"), s.ref(1, "a"), s.ref(0, "a")}
	for _, ref := range refs {
		s.makeRef(t, ref)
	}
	s.bring(t, s.ref(1, "a"), runtime.Running)
	all := s.list(t)
	if !slices.IsSortedFunc(all, func(a, b runtime.Container) int {
		if a.Ref.Less(b.Ref) {
			return -1
		}
		return 1
	}) {
		t.Errorf("the list is not in order: %v", all)
	}
	for _, ref := range refs {
		c := s.get(t, ref)
		if c.Problem != nil || c.Config == nil || c.Foreign != nil || !c.NoAnswerSince.IsZero() {
			t.Errorf("%s: problem %v, config %v, foreign %v, no answer since %v; want a config and nothing else",
				ref, c.Problem, c.Config, c.Foreign, c.NoAnswerSince)
		}
		if ref == s.ref(1, "a") {
			if c.State != runtime.Running || c.InitPID <= 0 {
				t.Errorf("%s: %s with pid %d, want it running", ref, c.State, c.InitPID)
			}
			if age := time.Since(c.Started); c.Started.IsZero() || age < -time.Minute || age > time.Hour {
				t.Errorf("%s: started %v", ref, c.Started)
			}
			if c.Begin == 0 {
				t.Errorf("%s: its init has a start, but not since the boot", ref)
			}
			continue
		}
		if c.State != runtime.Stopped || c.InitPID != 0 || !c.Started.IsZero() || c.Begin != 0 || len(c.IPs) != 0 {
			t.Errorf("%s: %s, pid %d, started %v, IPs %v; want stopped and all absent", ref, c.State, c.InitPID, c.Started, c.IPs)
		}
	}
}

// A container that is made under the name of one that is gone is another.
func testIdentity(t *testing.T, s *suite) {
	ref, other := s.make(t, "again", runtime.Stopped), s.make(t, "other", runtime.Stopped)
	was := s.get(t, ref).Identity
	if was == "" || was == s.get(t, other).Identity {
		t.Fatalf("identities %q and %q", was, s.get(t, other).Identity)
	}
	config := s.get(t, ref).ConfigID
	for _, to := range []runtime.State{runtime.Running, runtime.Stopped} {
		s.bring(t, ref, to)
		if now := s.get(t, ref).Identity; now != was {
			t.Errorf("%s it is %q, was %q", to, now, was)
		}
		if now := s.get(t, ref).ConfigID; now == "" || now != config {
			t.Errorf("%s its config is %q, was %q", to, now, config)
		}
	}
	for range 5 { // what is freed first is used first: the number of an inode, say
		s.Remove(t, ref)
		s.makeRef(t, ref)
		now := s.get(t, ref).Identity
		if now == "" || now == was {
			t.Errorf("made again it is %q, was %q", now, was)
		}
		was = now
	}
}

func testListFollows(t *testing.T, s *suite) {
	ref := s.make(t, "follow", runtime.Stopped)
	for _, to := range []runtime.State{runtime.Running, runtime.Frozen, runtime.Running, runtime.Stopped} {
		s.bring(t, ref, to)
	}
	s.Remove(t, ref)
	if slices.ContainsFunc(s.list(t), func(c runtime.Container) bool { return c.Ref == ref }) {
		t.Errorf("%s is removed and still in the list", ref)
	}
}
