package metrics

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func manyHost() *fake.Runtime {
	rt := host()
	for i := range 300 {
		s := spec(srv, fmt.Sprintf("web-%03d", i), runtime.Running)
		s.Counters = full
		rt.Add(s)
	}
	return rt
}

// BenchmarkScrape is a whole scrape of 300 containers, to the last byte of text.
func BenchmarkScrape(b *testing.B) {
	e := exporter(manyHost())
	if err := e.Follow(b.Context()); err != nil {
		b.Fatal(err)
	}
	h := Handler(e, false)
	var text bytes.Buffer
	b.ReportAllocs()
	used := processor(b)
	for b.Loop() {
		text.Reset()
		h.ServeHTTP(&discard{w: &text}, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", http.NoBody))
	}
	b.ReportMetric(float64(processor(b)-used)/float64(b.N)/1e6, "cpu-ms/op")
	b.ReportMetric(float64(text.Len()), "bytes/scrape")
	b.ReportMetric(float64(bytes.Count(text.Bytes(), []byte("\nlxcdeck_"))), "series")
}

// processor is the CPU time of this process: on a busy machine the clock tells little.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type discard struct {
	h http.Header
	w io.Writer
}

func (d *discard) Header() http.Header {
	if d.h == nil {
		d.h = http.Header{}
	}
	return d.h
}
func (d *discard) Write(b []byte) (int, error) { return d.w.Write(b) }
func (d *discard) WriteHeader(int)             {}

// BenchmarkGather is the same without the text.
func BenchmarkGather(b *testing.B) {
	e := exporter(manyHost())
	if err := e.Follow(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
