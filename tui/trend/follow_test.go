package trend

import (
	"fmt"
	"math"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func listed(name, identity string) runtime.Container {
	return runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: name}, Identity: identity}
}

// whole is a listing of which all was read.
func whole(all ...runtime.Container) *runtime.Listing {
	return &runtime.Listing{Containers: all, Read: map[string]string{web.Path: "dir"}}
}

func TestHistoryFollowsTheContainer(t *testing.T) {
	at := noon.Add
	known := func(s *Store, name string) bool {
		l := s.Of(runtime.Ref{Path: web.Path, Name: name})
		return l != nil && l.cells != nil && !math.IsNaN(l.Read(CPU, Look(time.Minute, 9*time.Second, 100), nil)[55].Mean)
	}
	start := func(identity string) *Store {
		s := New()
		newFeed(s).run(0, 10*time.Second, time.Second, 30)
		s.Follow(whole(listed("web", identity)), at(10*time.Second))
		if !known(s, "web") {
			t.Fatal("nothing is known")
		}
		return s
	}
	s := start("a")
	s.Follow(whole(listed("web", "b")), at(11*time.Second))
	if s.Of(web) != nil {
		t.Error("another container under its name has its figures")
	}
	s = start("a")
	s.Follow(whole(listed("shop", "a")), at(11*time.Second))
	if s.Of(web) != nil || !known(s, "shop") {
		t.Error("what was renamed has lost its figures")
	}
	s = start("a")
	s.Rename(web, runtime.Ref{Path: web.Path, Name: "shop"})
	s.Follow(whole(listed("web", "a")), at(11*time.Second)) // a listing of before
	s.Follow(whole(listed("shop", "c")), at(12*time.Second))
	if s.Of(web) != nil || !known(s, "shop") {
		t.Error("what was renamed by copying has lost its figures")
	}
	s.Follow(whole(listed("shop", "d")), at(13*time.Second))
	if known(s, "shop") {
		t.Error("another container has the figures of what was renamed")
	}
	s = start("a")
	s.Follow(whole(), at(11*time.Second))
	if !s.Of(web).gone || !known(s, "web") {
		t.Error("what is gone is not known to be, or forgotten at once")
	}
	s.Follow(whole(listed("web", "a")), at(12*time.Second))
	if s.Of(web).gone || !known(s, "web") {
		t.Error("what came back has lost its figures")
	}
	s = start("")
	s.Follow(whole(), at(11*time.Second))
	s.Follow(whole(listed("web", "")), at(12*time.Second))
	if s.Of(web) != nil {
		t.Error("what was gone and may be another has the figures of the one before")
	}
	s = start("a")
	l := s.Of(web)
	s.Follow(whole(), at(11*time.Second))
	s.Follow(whole(), at(11*time.Second+keepGone))
	if s.Of(web) == nil {
		t.Error("it is forgotten too soon")
	}
	s.Follow(whole(), at(12*time.Second+keepGone))
	if s.Of(web) != nil || l.cells != nil || l.back != nil {
		t.Error("what is gone for long is not let go")
	}
	if c := l.Read(CPU, Look(time.Minute, s.Now(), 100), nil); len(c) == 0 || !math.IsNaN(c[0].Mean) {
		t.Error("what was let go cannot be looked at")
	}
	l.add(CPU, 0, time.Hour, 1) // and takes nothing
}

func TestThoseThatAreGoneAreFew(t *testing.T) {
	s := New()
	var all []runtime.Container
	for i := range 3 * mostGone {
		f := newFeed(s)
		f.ref.Name = fmt.Sprint("c", i)
		f.run(0, 2*time.Second, time.Second, 1)
		all = append(all, listed(f.ref.Name, f.ref.Name))
	}
	s.Follow(whole(all...), noon.Add(3*time.Second))
	for i := range all {
		s.Follow(whole(all[i+1:]...), noon.Add(time.Duration(4+i)*time.Millisecond+3*time.Second))
	}
	if len(s.lines) != mostGone {
		t.Errorf("%d are kept", len(s.lines))
	}
	if s.Of(all[len(all)-1].Ref) == nil {
		t.Error("the newest went first")
	}
}

func TestWhatWasNotReadIsNotGone(t *testing.T) {
	s := New()
	var all []runtime.Container
	var refs []runtime.Ref
	for i := range 2 * mostGone {
		f := newFeed(s)
		f.ref.Name = fmt.Sprint("c", i)
		f.run(0, 2*time.Second, time.Second, 1)
		all = append(all, listed(f.ref.Name, f.ref.Name))
		refs = append(refs, f.ref)
	}
	at := noon.Add(3 * time.Second)
	s.Follow(whole(all...), at)
	for name, list := range map[string]*runtime.Listing{
		"not read":          {},
		"another directory": {Read: map[string]string{web.Path: "mount point"}},
		"no config":         {Read: map[string]string{web.Path: "dir"}, NoConfig: refs},
		"dangling":          {Read: map[string]string{web.Path: "dir"}, Dangling: refs},
	} {
		s.Follow(list, at)
		at = at.Add(2 * keepGone)
		s.Follow(list, at)
		if len(s.lines) != len(all) || s.Of(refs[0]).Gone() {
			t.Errorf("%s: %d lines of %d are kept", name, len(s.lines), len(all))
		}
	}
	s.Follow(whole(), at)
	if len(s.lines) != mostGone {
		t.Errorf("%d are kept of those that are gone", len(s.lines))
	}
}
