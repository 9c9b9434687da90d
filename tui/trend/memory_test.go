package trend

import (
	"fmt"
	"os"
	goruntime "runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

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

// heap is what Go's heap holds, after a collection.
func heap() int {
	var m goruntime.MemStats
	goruntime.GC()
	goruntime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestADayOf300ContainersTakesFifteenMegabytes holds the memory bound: the
// program has 60 MB for all. A line has from the beginning what it ever has.
func TestADayOf300ContainersTakesFifteenMegabytes(t *testing.T) {
	const containers, most, mostHeap = 300, 15 << 20, 1 << 20
	newMany(1) // what is there without them
	before := heap()
	m := newMany(containers)
	inHeap, mapped := heap()-before, 0
	for _, ref := range m.refs {
		l := m.s.Of(ref)
		if l.back == nil {
			t.Fatal("the figures are in the heap")
		}
		mapped += (len(l.back) + os.Getpagesize() - 1) / os.Getpagesize() * os.Getpagesize()
	}
	t.Logf("%d bytes mapped, %d in the heap", mapped, inHeap)
	if mapped+inHeap > most || inHeap > mostHeap+containers*int(2*unsafe.Sizeof(runtime.Sample{})) {
		t.Errorf("%d containers take %d bytes of pages and %d of the heap", containers, mapped, inHeap)
	}
}

// resident counts the pages of a mapping that take memory.
func resident(t *testing.T, back []byte) (n int) {
	t.Helper()
	page := os.Getpagesize()
	in := make([]byte, (len(back)+page-1)/page)
	_, _, no := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&back[0])), uintptr(len(back)), uintptr(unsafe.Pointer(&in[0])))
	if no != 0 {
		t.Skipf("mincore: %v", no)
	}
	for _, b := range in {
		n += int(b & 1)
	}
	return n
}

// TestALineGrowsWithItsDay holds what is said of pages: a line of a minute takes
// some of them, not all.
func TestALineGrowsWithItsDay(t *testing.T) {
	m := newMany(1)
	m.elapsed = 30 * time.Hour // of a store that is old
	m.tick(time.Second)
	l := m.s.Of(m.refs[0])
	all := (len(l.back) + os.Getpagesize() - 1) / os.Getpagesize()
	for range 60 {
		m.tick(time.Second)
	}
	if n := resident(t, l.back); n == 0 || n > all/2 {
		t.Errorf("%d of %d pages take memory after a minute", n, all)
	}
	for m.elapsed < 60*time.Hour {
		m.tick(10 * time.Second)
	}
	if n := resident(t, l.back); n != all {
		t.Errorf("%d of %d pages take memory after a day", n, all)
	}
}

// TestADayIsKeptWhole fills every cell there is.
func TestADayIsKeptWhole(t *testing.T) {
	m := newMany(1)
	for m.elapsed < 26*time.Hour {
		m.tick(10 * time.Second)
	}
	if n := testing.AllocsPerRun(5, func() { m.tick(time.Hour) }); n > 0 {
		t.Errorf("%v allocations a tick", n)
	}
	l := m.s.Of(m.refs[0])
	for _, span := range Spans() {
		for i, c := range l.Read(CPU, Look(span, m.s.Now(), 1000), nil) {
			if !near(c.Mean, 100) {
				t.Fatalf("%s: cell %d is %v", span, i, c)
			}
		}
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
