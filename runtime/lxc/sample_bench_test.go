package lxc

import (
	"context"
	"testing"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// leastGain is how much dearer the same figures are by calls of go-lxc: it is
// promised, and make bench fails without it.
const leastGain = 50

// BenchmarkSampleBesideLiblxc compares a sample of real containers with the calls of
// go-lxc for the same figures: CPU time, memory and its limit, I/O, tasks and
// their limit, network. Handles are held open, and what their monitors spend is
// not counted. The containers rest, as most do: of four samples in five some files
// are left out (cgroup.Reader.Read).
func BenchmarkSampleBesideLiblxc(b *testing.B) {
	const many = 10
	s := lxctest.New(b)
	names, err := s.AddMany(many)
	must(b, err)
	a, err := New(Options{Paths: []string{s.Path}})
	must(b, err)
	defer func() { must(b, a.Close()) }()
	listing, err := a.List(context.Background())
	must(b, err)
	batch := &runtime.Batch{}
	for _, c := range listing.Containers {
		batch.Readings = append(batch.Readings, runtime.Reading{Ref: c.Ref, InitPID: c.InitPID, Tier: runtime.Full})
	}
	handles := make([]*golxc.Container, 0, many)
	for _, name := range names {
		h, err := golxc.NewContainer(name, s.Path)
		must(b, err)
		b.Cleanup(func() { _ = h.Release() }) // it is of no more use
		handles = append(handles, h)
	}
	sample := func() {
		must(b, a.Sample(context.Background(), batch))
		for i := range batch.Readings {
			must(b, batch.Readings[i].Err)
		}
	}
	// On cgroup v2 some of them fail; they cost the same.
	calls := func() {
		for _, h := range handles {
			_ = h.State()
			_, _ = h.CPUTime()
			_, _ = h.MemoryUsage()
			_, _ = h.MemoryLimit()
			_, _ = h.BlkioUsage()
			_ = h.CgroupItem("pids.current")
			_ = h.CgroupItem("pids.max")
			_, _ = h.InterfaceStats()
		}
	}
	sample()
	calls()
	if n := testing.AllocsPerRun(5, sample); n != 0 {
		b.Errorf("%v allocations a sample", n)
	}
	for i := range batch.Readings {
		batch.Readings[i].Tier = runtime.Cheap
	}
	var ours, theirs time.Duration
	rounds := 0
	for b.Loop() {
		t0 := ownCPU(b)
		for range 200 {
			sample()
		}
		t1 := ownCPU(b)
		calls()
		ours, theirs = ours+t1-t0, theirs+ownCPU(b)-t1
		rounds++
	}
	mine, golxcs := ours.Seconds()*1e6/float64(200*many*rounds), theirs.Seconds()*1e6/float64(many*rounds)
	b.ReportMetric(mine, "us/container")
	b.ReportMetric(golxcs, "us/go-lxc")
	b.ReportMetric(golxcs/mine, "times")
	if golxcs < leastGain*mine {
		b.Errorf("a sample takes %.1f us of CPU a container, go-lxc's calls %.1f: promised is a %dth", mine, golxcs, leastGain)
	}
}

// ownCPU is the CPU time of this process.
func ownCPU(tb testing.TB) time.Duration {
	tb.Helper()
	var ts unix.Timespec
	must(tb, unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts))
	return time.Duration(ts.Nano())
}
