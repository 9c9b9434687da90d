package tui

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// benchModel is a screen with n running containers and rates.
func benchModel(b *testing.B, n, w, h int) *Model {
	b.Helper()
	clock := fake.NewClock(noon)
	var specs []fake.Spec
	for i := range n {
		specs = append(specs, busy(fmt.Sprintf("container-%04d", i), float64(i%90)))
	}
	rt := fake.New(fake.Options{Clock: clock}, specs...)
	m := New(Options{Runtime: rt})
	m.clock = &handClock{Clock: clock}
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	l, err := rt.List(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	m.Update(listedMsg{l, nil})
	m.sampling.inFlight = false
	for range 3 {
		benchTick(b, m, rt, clock)
	}
	return m
}

func benchTick(b *testing.B, m *Model, rt runtime.Runtime, clock *fake.Clock) {
	clock.Advance(time.Second)
	m.fillBatch()
	if err := rt.Sample(context.Background(), m.sampling.batch); err != nil {
		b.Fatal(err)
	}
	m.Update(sampledMsg{m.sampling.batch, nil})
}

func BenchmarkFrame(b *testing.B) {
	for _, s := range sizes {
		m := benchModel(b, 300, s.w, s.h)
		b.Run(fmt.Sprintf("dirty/%dx%d", s.w, s.h), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.dirty, m.paint.all = true, true
				m.View()
			}
		})
		b.Run(fmt.Sprintf("clean/%dx%d", s.w, s.h), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.View()
			}
		})
	}
}

// BenchmarkKey is what a key costs until its frame is there.
func BenchmarkKey(b *testing.B) {
	for _, n := range []int{300, 2000} {
		m := benchModel(b, n, 120, 40)
		b.Run(fmt.Sprintf("move/%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				i++
				m.Update(keyMsg([]string{"j", "k"}[i%2]))
				m.View()
			}
		})
		b.Run(fmt.Sprintf("filter/%d", n), func(b *testing.B) {
			m.Update(keyMsg("/"))
			i := 0
			for b.Loop() {
				i++
				m.Update(keyMsg([]string{"1", "backspace"}[i%2]))
				m.View()
			}
			m.Update(keyMsg("esc"))
		})
	}
}

// BenchmarkTick is what one sample of n containers costs the loop.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{300, 2000} {
		m := benchModel(b, n, 120, 40)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			at := m.clock.Now()
			for b.Loop() {
				at = at.Add(time.Second)
				for i := range m.sampling.batch.Readings {
					m.sampling.batch.Readings[i].Sample.At = at
				}
				m.sampling.batch.Host.At = at
				m.Update(sampledMsg{m.sampling.batch, nil})
				m.View()
			}
		})
	}
}
