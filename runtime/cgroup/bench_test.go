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

// BenchmarkSet measures a tick over 300 containers, each on Readers of its
// own; all of them look at one real container.
func BenchmarkSet(b *testing.B) {
	c := newBox(b, "set", "")
	pid := c.start()
	if _, err := RaiseFDLimit(); err != nil {
		b.Fatal(err)
	}
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
