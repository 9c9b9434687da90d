package lxc

import (
	"context"
	"testing"

	"lxcdeck/runtime/lxctest"
)

// BenchmarkList looks at running containers, each time with an Adapter that
// knows nothing (fresh) and with one that has looked before (again).
// The number of containers keeps it short; costs grow with it.
func BenchmarkList(b *testing.B) {
	const running = 100
	s := lxctest.New(b)
	if _, err := s.AddMany(running); err != nil {
		b.Fatal(err)
	}
	look := func(b *testing.B, a *Adapter) {
		l, err := a.List(context.Background())
		if err != nil || len(l.Containers) != running {
			b.Fatalf("%d containers, %v", len(l.Containers), err)
		}
	}
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			a, err := New(Options{Paths: []string{s.Path}})
			if err != nil {
				b.Fatal(err)
			}
			look(b, a)
			if err := a.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		a := newAdapter(b, Options{Paths: []string{s.Path}})
		look(b, a)
		for b.Loop() {
			look(b, a)
		}
	})
}
