package trend

import (
	"fmt"
	"os"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"lxcdeck/runtime"
)

// many is a host with n containers that are read in turn.
type many struct {
	s       *Store
	before  []runtime.Sample
	after   []runtime.Sample
	refs    []runtime.Ref
	elapsed time.Duration
}

func newMany(n int) *many {
	m := &many{s: New(), before: make([]runtime.Sample, n), after: make([]runtime.Sample, n)}
	for i := range n {
		m.refs = append(m.refs, runtime.Ref{Path: "/var/lib/lxc", Name: fmt.Sprintf("container-%04d", i)})
		m.after[i].InitPID = i + 1
	}
	m.tick(time.Second)
	return m
}

// tick reads all of them once.
func (m *many) tick(every time.Duration) {
	m.elapsed += every
	most := Limits{3 * every, 20 * every}
	for i := range m.refs {
		a, b := &m.before[i], &m.after[i]
		*a = *b
		b.At = noon.Add(m.elapsed)
		b.FullAt = b.At
		n := uint64(m.elapsed) * uint64(i%7+1)
		b.CPU.Usage, b.Memory.WorkingSet, b.Pids.Current = runtime.Of(n), runtime.Of(n), runtime.Of(n)
		b.IO.ReadBytes, b.IO.WriteBytes, b.Net.RxBytes, b.Net.TxBytes = runtime.Of(n), runtime.Of(n), runtime.Of(n), runtime.Of(n)
		b.PSI.CPU.Some.Total, b.PSI.Memory.Some.Total, b.PSI.IO.Some.Total = runtime.Of(n/1e5), runtime.Of(n/1e5), runtime.Of(n/1e5)
		u := runtime.Between(a, b, 8)
		m.s.Take(m.refs[i], a, b, &u, most)
	}
}

// resident is what this process holds in memory, in bytes (proc_pid_statm(5)).
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	n, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return n * os.Getpagesize()
}

// TestADayOf300ContainersTakesFifteenMegabytes holds the memory bound: the
// program has 60 MB for all.
func TestADayOf300ContainersTakesFifteenMegabytes(t *testing.T) {
	const containers, most = 300, 15 << 20
	page := os.Getpagesize()
	each := (2*int(Count)*cells+page-1)/page*page + int(unsafe.Sizeof(Line{})) + mostStarts*8
	if n := each * containers; n > most {
		t.Errorf("%d containers take %d bytes, %d each", containers, n, each)
	}
	goruntime.GC()
	before := resident(t)
	const third = containers / 3 // more would take long
	m := newMany(third)
	for m.elapsed < 26*time.Hour {
		m.tick(time.Hour)
	}
	goruntime.GC()
	grown := 3 * (resident(t) - before)
	t.Logf("%d bytes each; %d containers grew the process by %.1f MB in %s", each, containers, float64(grown)/(1<<20), m.elapsed)
	if grown > most+most/5 { // what else a test has
		t.Errorf("the process grew by %d bytes", grown)
	}
	for _, span := range Spans() {
		for i, c := range m.s.Of(m.refs[6]).Read(CPU, Look(span, m.s.Now(), 1000), nil) {
			if !near(c.Mean, 700) {
				t.Fatalf("%s: cell %d is %v", span, i, c)
			}
		}
	}
	for i := range m.refs { // and it is given back
		m.s.Of(m.refs[i]).free()
	}
	if left := 3 * (resident(t) - before); left > grown/2 {
		t.Errorf("%d of %d bytes are still held", left, grown)
	}
}

func TestATickAllocatesNothing(t *testing.T) {
	m := newMany(20)
	m.tick(time.Second)
	if n := testing.AllocsPerRun(500, func() { m.tick(time.Second) }); n > 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// BenchmarkTake is what a tick of 300 containers costs.
func BenchmarkTake(b *testing.B) {
	m := newMany(300)
	m.tick(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		m.tick(time.Second)
	}
}

// BenchmarkRead is what is read for a screen: eight containers, all series.
func BenchmarkRead(b *testing.B) {
	m := newMany(8)
	for range 3000 {
		m.tick(time.Second)
	}
	var buf []Cell
	b.ReportAllocs()
	for b.Loop() {
		w := Look(5*time.Minute, m.s.Now(), 110)
		for i := range m.refs {
			for s := range Count {
				buf = m.s.Of(m.refs[i]).Read(s, w, buf)
			}
		}
	}
}
