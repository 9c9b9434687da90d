package runtimetest

import (
	"slices"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// batch makes a batch of containers as List shows them.
func (s *suite) batch(t *testing.T, tier runtime.Tier, refs ...runtime.Ref) *runtime.Batch {
	t.Helper()
	b := &runtime.Batch{}
	for _, ref := range refs {
		b.Readings = append(b.Readings, runtime.Reading{Ref: ref, InitPID: s.get(t, ref).InitPID, Tier: tier})
	}
	return b
}

func (s *suite) sample(t *testing.T, b *runtime.Batch) {
	t.Helper()
	if err := s.rt.Sample(s.context(t), b); err != nil {
		t.Fatalf("sample: %v", err)
	}
}

func testSample(t *testing.T, s *suite) {
	ref := s.make(t, "sample", runtime.Running)
	b := s.batch(t, runtime.Full, ref)
	s.sample(t, b)
	first := b.Readings[0]
	if first.Err != nil {
		t.Fatal(first.Err)
	}
	a := first.Sample
	if a.At.IsZero() || a.FullAt.IsZero() || a.InitPID != first.InitPID {
		t.Errorf("at %v, full at %v, pid %d; want all set, pid %d", a.At, a.FullAt, a.InitPID, first.InitPID)
	}
	if a.CPU.Usage.Absent() {
		t.Error("no CPU time")
	}
	if f, ok := a.Frozen.Get(); ok && f != 0 {
		t.Error("a running container is said to be frozen")
	}
	var u runtime.Usage
	eventually(t, func() bool {
		s.sample(t, b)
		u = runtime.Between(&a, &b.Readings[0].Sample, 1)
		return u.Over > 0
	}, func() string { return "no rates between two samples" })
	if cpu, ok := u.CPU.Get(); !ok || cpu < 0 {
		t.Errorf("CPU rate = %v, %v", cpu, ok)
	}
	testParts(t, s, b)
	s.Freeze(t, ref)
	eventually(t, func() bool {
		s.sample(t, b)
		return b.Readings[0].Err == nil && b.Readings[0].Sample.Frozen == runtime.Of(1)
	}, func() string { return "a frozen container is not said to be" })
}

func testTiers(t *testing.T, s *suite) {
	ref := s.make(t, "tiers", runtime.Running)
	b := s.batch(t, runtime.Full, ref)
	s.sample(t, b)
	r := &b.Readings[0]
	full := r.Sample
	if full.FullAt.IsZero() {
		t.Fatal("a full reading has no FullAt")
	}
	r.Tier = runtime.Cheap
	eventually(t, func() bool {
		s.sample(t, b)
		return r.Sample.At.After(full.At)
	}, func() string { return "the cheap reading after it is not later" })
	if !r.Sample.FullAt.Equal(full.FullAt) || r.Sample.Memory.Limit != full.Memory.Limit || r.Sample.Memory.Anon != full.Memory.Anon {
		t.Error("a cheap reading does not keep what the full one before it read")
	}
}

func testOtherLife(t *testing.T, s *suite) {
	ref := s.make(t, "life", runtime.Running)
	b := s.batch(t, runtime.Full, ref)
	s.sample(t, b)
	before := b.Readings[0].Sample
	s.Stop(t, ref)
	s.await(t, ref, runtime.Stopped)
	s.Start(t, ref)
	now := s.await(t, ref, runtime.Running)
	if now.InitPID == before.InitPID {
		t.Skip("skipped: the kernel gave the new init the old pid")
	}
	s.sample(t, b)
	if r := b.Readings[0]; r.Err == nil && r.Sample.At.After(before.At) {
		t.Errorf("pid %d is gone, and yet it was read anew", before.InitPID)
	}
	b.Readings[0].InitPID = now.InitPID
	s.sample(t, b)
	r := b.Readings[0]
	if r.Err != nil || r.Sample.InitPID != now.InitPID || r.Sample.CPU.Usage.Absent() {
		t.Errorf("the new life: %v, pid %d, want %d", r.Err, r.Sample.InitPID, now.InitPID)
	}
	if u := runtime.Between(&before, &r.Sample, 1); u.Over != 0 {
		t.Error("there are rates between two lives")
	}
}

func testVanished(t *testing.T, s *suite) {
	gone, stays := s.make(t, "gone", runtime.Running), s.make(t, "stays", runtime.Running)
	b := s.batch(t, runtime.Cheap, gone, stays)
	s.sample(t, b)
	at := b.Readings[1].Sample.At
	s.Remove(t, gone)
	eventually(t, func() bool {
		s.sample(t, b)
		return b.Readings[0].Err != nil
	}, func() string { return "a container that is gone has no error" })
	if r := b.Readings[1]; r.Err != nil || !r.Sample.At.After(at) {
		t.Errorf("the one that stays: %v, read at %v", r.Err, r.Sample.At)
	}
}

func testHostSample(t *testing.T, s *suite) {
	b := &runtime.Batch{Host: &runtime.HostSample{}}
	s.sample(t, b)
	a := *b.Host
	a.PerCPU, a.PerSteal = slices.Clone(b.Host.PerCPU), slices.Clone(b.Host.PerSteal)
	if a.At.IsZero() || a.CPUs <= 0 || len(a.PerCPU) != a.CPUs || len(a.PerSteal) != a.CPUs || a.Uptime <= 0 || !a.LoadRead {
		t.Errorf("at %v, %d CPUs, %d of them read, up %v, load read %v", a.At, a.CPUs, len(a.PerCPU), a.Uptime, a.LoadRead)
	}
	for name, v := range map[string]runtime.Value{"busy": a.Busy, "total": a.Total, "memory": a.MemTotal, "available": a.MemFree} {
		if n, ok := v.Get(); !ok || n == 0 {
			t.Errorf("%s = %d, %v", name, n, ok)
		}
	}
	var u runtime.HostUsage
	eventually(t, func() bool {
		s.sample(t, b)
		u = runtime.HostBetween(&a, b.Host, nil)
		_, ok := u.CPU.Get()
		return ok && u.Over > 20*time.Millisecond
	}, func() string { return "no CPU rate of the host" })
	if cpu := u.CPU.Or(-1); cpu < 0 || cpu > 100 {
		t.Errorf("CPU of the host = %v %%", cpu)
	}
}

func testAllocations(t *testing.T, s *suite) {
	if !s.Steady {
		t.Skip("skipped: this host does not promise Sample to be free of allocations")
	}
	ref := s.make(t, "allocs", runtime.Running)
	b := s.batch(t, runtime.Full, ref)
	b.Host = &runtime.HostSample{}
	s.sample(t, b)
	ctx := s.context(t)
	var err error
	n := testing.AllocsPerRun(50, func() {
		if e := s.rt.Sample(ctx, b); e != nil {
			err = e
		}
	})
	if err != nil || b.Readings[0].Err != nil {
		t.Fatalf("sample: %v, %v", err, b.Readings[0].Err)
	}
	if n != 0 {
		t.Errorf("%v allocations a tick, want none", n)
	}
}

// testParts holds what is told apart against what is added up.
func testParts(t *testing.T, s *suite, b *runtime.Batch) {
	t.Helper()
	q := &b.Readings[0]
	q.Parts = &runtime.Parts{}
	defer func() { q.Parts = nil }()
	s.sample(t, b)
	p := q.Parts
	if q.Err != nil || !p.At.Equal(q.Sample.At) || p.InitPID != q.InitPID {
		t.Fatalf("parts of %v, pid %d; the sample is of %v, pid %d (%v)", p.At, p.InitPID, q.Sample.At, q.InitPID, q.Err)
	}
	var read, received uint64
	for _, d := range p.Devices {
		read += d.IO.ReadBytes.Or(0)
	}
	for _, l := range p.Links {
		received += l.Net.RxBytes.Or(0)
	}
	if read != q.Sample.IO.ReadBytes.Or(0) || received != q.Sample.Net.RxBytes.Or(0) {
		t.Errorf("parts read %d and received %d, the sample %v and %v", read, received, q.Sample.IO.ReadBytes, q.Sample.Net.RxBytes)
	}
	at := p.At
	q.Tier = runtime.Cheap
	s.sample(t, b)
	q.Tier = runtime.Full
	if p.At != at {
		t.Error("a cheap reading tells parts apart")
	}
}
