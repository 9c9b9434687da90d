package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkFollow appends a second's worth of a log of 20 MB/s in 50 parts, looks
// after each, counts its lines and reads the last screen of it. A second of such a
// log takes ns/op of the processor, one look us_look.
func BenchmarkFollow(b *testing.B) {
	const parts = 50
	name := filepath.Join(b.TempDir(), "log")
	must(b, os.WriteFile(name, nil, 0o600))
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	must(b, err)
	defer out.Close()
	var part []byte
	for i := 0; len(part) < 20_000_000/parts; i++ {
		part = fmt.Appendf(part, "2026-11-27T06:00:00.%03d web: INFO request %d served in %d ms\n", i%1000, i, i%977)
	}
	w, err := Follow(Path(name), 0)
	must(b, err)
	defer w.Close()
	tally := w.File().Tally(0)
	var looking time.Duration
	looks := 0
	b.ReportAllocs()
	for b.Loop() {
		for range parts {
			_, err := out.Write(part)
			must(b, err)
			began := time.Now()
			c, err := w.Look()
			if err != nil || c.To-c.From != int64(len(part)) {
				b.Fatal(c, err)
			}
			_, err = tally.Upto(b.Context(), c.To)
			must(b, err)
			got, err := w.File().Before(c.To, 60)
			if err != nil || len(got) != 60 {
				b.Fatal(len(got), err)
			}
			looking += time.Since(began)
			looks++
		}
	}
	b.ReportMetric(float64(looking.Microseconds())/float64(looks), "us_look")
}
