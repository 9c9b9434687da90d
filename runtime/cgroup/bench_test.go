package cgroup

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// BenchmarkRead compares a Reader on a real container with bare preads of the
// same files, in turns.
func BenchmarkRead(b *testing.B) {
	c := newBox(b, "bench", "")
	r := open(b, FS{}, c.start())
	for tier, deepest := range []level{cheap, full} {
		b.Run(fmt.Sprintf("tier%d", tier), func(b *testing.B) {
			var s runtime.Sample
			buf := make([]byte, 16<<10)
			var reads, bare time.Duration
			files := 0
			b.ReportAllocs()
			for b.Loop() {
				t0 := time.Now()
				if err := r.Read(runtime.Tier(tier), &s); err != nil {
					b.Fatal(err)
				}
				t1 := time.Now()
				files = 0
				for i := range r.files {
					if r.files[i].src.level <= deepest {
						files++
						if _, err := unix.Pread(r.files[i].fd, buf, 0); err != nil {
							b.Fatal(err)
						}
					}
				}
				reads, bare = reads+t1.Sub(t0), bare+time.Since(t1)
			}
			b.ReportMetric(float64(reads.Nanoseconds())/float64(b.N), "ns/read")
			b.ReportMetric(float64(bare.Nanoseconds())/float64(b.N), "ns/preads")
			b.ReportMetric(float64(reads)/float64(bare), "ratio")
			b.ReportMetric(float64(files), "files")
		})
	}
}

// mostOverhead is what a sample of many containers may cost at most beside bare
// preads of the same files: it is promised, and make bench fails without it.
const mostOverhead = 1.3

// BenchmarkSampleBesidePreads measures a Full sample of 300 containers in turns
// with bare preads of the files that it reads, through the same descriptors.
func BenchmarkSampleBesidePreads(b *testing.B) {
	c := newBox(b, "preads", "")
	pid := c.start()
	const many = 300
	set := NewSet(FS{}, nil)
	defer set.Close()
	batch := &runtime.Batch{Readings: make([]runtime.Reading, many)}
	for i := range batch.Readings {
		q := &batch.Readings[i]
		q.Ref, q.InitPID, q.Tier = runtime.Ref{Path: "/p" + strconv.Itoa(i), Name: c.ref.Name}, pid, runtime.Full
	}
	ctx := context.Background()
	sample := func() {
		if err := set.Sample(ctx, batch); err != nil || batch.Readings[many-1].Err != nil {
			b.Fatal(err, batch.Readings[many-1].Err)
		}
	}
	buf := make([]byte, 16<<10)
	preads := func() {
		for i := range batch.Readings {
			r := set.entries[batch.Readings[i].Ref].reader
			for k := range r.files {
				if r.files[k].src.level <= full {
					if _, err := unix.Pread(r.files[k].fd, buf, 0); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	sample()
	if n := testing.AllocsPerRun(5, sample); n != 0 {
		b.Errorf("%v allocations a sample", n)
	}
	// The quickest of each counts: what other work takes is nobody's here.
	quickest := [2]time.Duration{time.Hour, time.Hour}
	for b.Loop() {
		for range 20 {
			t0 := time.Now()
			sample()
			t1 := time.Now()
			preads()
			quickest[0], quickest[1] = min(quickest[0], t1.Sub(t0)), min(quickest[1], time.Since(t1))
		}
	}
	ratio := float64(quickest[0]) / float64(quickest[1])
	b.ReportMetric(float64(quickest[0].Microseconds())/many, "us/container")
	b.ReportMetric(float64(quickest[1].Microseconds())/many, "us/preads")
	b.ReportMetric(ratio, "ratio")
	if ratio > mostOverhead {
		b.Errorf("a sample of %d takes %v, bare preads of the same files %v: %.2f times as long, promised are %.1f", many, quickest[0], quickest[1], ratio, mostOverhead)
	}
}

// BenchmarkSet measures a tick over 300 containers, each on Readers of its
// own; all of them look at one real container.
func BenchmarkSet(b *testing.B) {
	c := newBox(b, "set", "")
	pid := c.start()
	const many = 300
	for tier, name := range []string{"cheap", "full"} {
		b.Run(name, func(b *testing.B) {
			set := NewSet(FS{}, nil)
			defer set.Close()
			batch := &runtime.Batch{Readings: make([]runtime.Reading, many)}
			for i := range batch.Readings {
				q := &batch.Readings[i]
				q.Ref, q.InitPID, q.Tier = runtime.Ref{Path: "/p" + strconv.Itoa(i), Name: c.ref.Name}, pid, runtime.Tier(tier)
			}
			ctx := context.Background()
			if err := set.Sample(ctx, batch); err != nil || batch.Readings[many-1].Err != nil {
				b.Fatal(err, batch.Readings[many-1].Err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := set.Sample(ctx, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/many, "us/container")
			b.ReportMetric(float64(set.entries[batch.Readings[0].Ref].reader.Files()), "files/container")
		})
	}
}
