package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for the writer; never waited out when all
// is well.
const patience = time.Minute

// hand is a clock that the test turns.
type hand struct {
	mu sync.Mutex
	t  time.Time
}

func newHand() *hand { return &hand{t: time.Unix(1_795_617_005, 0)} }

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hand) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}

// sink is a disk in memory.
type sink struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	closed bool
	gate   chan struct{} // not nil: a write waits until it is closed
}

func (s *sink) Write(p []byte) (int, error) {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// played is what a recording says.
type played struct {
	header struct {
		Version, Width, Height int
		Timestamp              int64
		Title                  string
		Env                    map[string]string
	}
	times []float64
	kinds string
	texts []string
}

// output is all output together.
func (p *played) output() string {
	var b strings.Builder
	for i, s := range p.texts {
		if p.kinds[i] == 'o' {
			b.WriteString(s)
		}
	}
	return b.String()
}

// play reads a recording as strictly as it is defined.
func play(t testing.TB, text string) *played {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] != "" {
		t.Fatalf("the last line is not whole: %q", lines[len(lines)-1])
	}
	lines = lines[:len(lines)-1]
	p := &played{}
	if err := json.Unmarshal([]byte(lines[0]), &p.header); err != nil {
		t.Fatalf("%q: %v", lines[0], err)
	}
	for _, l := range lines[1:] {
		var ev []any
		if err := json.Unmarshal([]byte(l), &ev); err != nil || len(ev) != 3 {
			t.Fatalf("%q: %v", l, err)
		}
		at, ok1 := ev[0].(float64)
		kind, ok2 := ev[1].(string)
		text, ok3 := ev[2].(string)
		if !ok1 || !ok2 || !ok3 || text == "" || (kind != "o" && kind != "r") {
			t.Fatalf("%q", l)
		}
		if n := len(p.times); n > 0 && at < p.times[n-1] || at < 0 {
			t.Fatalf("%q goes back in time", l)
		}
		p.times, p.kinds, p.texts = append(p.times, at), p.kinds+kind, append(p.texts, text)
	}
	return p
}

// valid is s with each byte that is not UTF-8 replaced.
func valid(s []byte) string { return string([]rune(string(s))) }

// await waits for something the writer does.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

func TestCastHoldsOutputAndSizesInOrder(t *testing.T) {
	h, s := newHand(), &sink{}
	c := Start(s, Options{Cols: 80, Rows: 24, Title: "web-1: \x1b[2J\"ls\"\u202e\n", Term: "xterm-256color", Shell: "/bin/sh", Now: h.now})
	h.pass(1500 * time.Millisecond)
	c.Output([]byte("$ \x1b[1m\"\\\x00\x7f\r\n"))
	c.Resize(80, 24) // no change
	h.pass(-time.Second)
	c.Output([]byte("caf\xc3"))
	c.Resize(100, 0)
	h.pass(time.Hour)
	c.Output([]byte("\xa9 \xff!"))
	c.Output(nil)
	c.Output([]byte("\xe6\x97"))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.Output([]byte("after the end"))
	c.Resize(1, 1)
	if err := c.Close(); err != nil {
		t.Fatalf("closed again: %v", err)
	}
	text := s.String()
	want := `{"version":2,"width":80,"height":24,"timestamp":1795617005,"title":"web-1: [2J\"ls\"","env":{"SHELL":"/bin/sh","TERM":"xterm-256color"}}` + "\n" +
		`[1.500000,"o","$ \u001b[1m\"\\\u0000` + `\u007f\r\n"]` + "\n" + `[1.500000,"o","caf"]` + "\n" + `[1.500000,"r","100x1"]` + "\n" +
		`[3600.500000,"o","é ` + "\ufffd" + `!"]` + "\n" + `[3600.500000,"o","` + "\ufffd\ufffd" + `"]` + "\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if c.Written() != int64(len(text)) || !s.closed {
		t.Errorf("written %d of %d, closed %t", c.Written(), len(text), s.closed)
	}
	if p := play(t, text); p.header.Width != 80 || p.header.Title != `web-1: [2J"ls"` || p.header.Env["TERM"] != "xterm-256color" {
		t.Errorf("%+v", p.header)
	}
}

func TestCastReachesTheFileWhileItGoesOn(t *testing.T) {
	f, err := Create(t.TempDir()+"/x.cast", Places{})
	if err != nil {
		t.Fatal(err)
	}
	c := Start(f, Options{Cols: 80, Rows: 24})
	defer c.Close()
	await(t, "the header", func() bool { return c.Written() > 0 })
	c.Output([]byte("hello"))
	await(t, "the output", func() bool {
		text, err := os.ReadFile(f.Name())
		return err == nil && strings.Contains(string(text), "hello") && c.Written() == int64(len(text))
	})
	select {
	case <-c.Done():
		t.Error("it ended")
	default:
	}
}

// TestCastDoesNotWaitForTheDisk: what comes in while a write hangs is kept up
// to the limit of the queue; then the recording ends, and says so.
func TestCastDoesNotWaitForTheDisk(t *testing.T) {
	for name, chunk := range map[string]int{"large": 64 << 10, "small": 32} {
		t.Run(name, func(t *testing.T) {
			s := &sink{gate: make(chan struct{})}
			c := Start(s, Options{Cols: 80, Rows: 24})
			part := bytes.Repeat([]byte("x"), chunk)
			n := 0
			for ; c.Failed() == nil; n++ {
				if n > 2*queueLimit/eventCost {
					t.Fatal("the queue has no end")
				}
				c.Output(part)
			}
			n-- // the last one was not taken
			if !errors.Is(c.Failed(), ErrSlow) {
				t.Fatal(c.Failed())
			}
			if least := queueLimit / (chunk + eventCost); n < least-1 || n > least {
				t.Errorf("%d events of %d bytes were taken, not %d", n, chunk, least)
			}
			c.Output([]byte("lost"))
			close(s.gate)
			if err := c.Close(); !errors.Is(err, ErrSlow) {
				t.Fatal(err)
			}
			if got := play(t, s.String()).output(); got != strings.Repeat("x", n*chunk) {
				t.Errorf("%d bytes of %d", len(got), n*chunk)
			}
		})
	}
}

// TestCastTakesMoreThanTheQueue: what was written makes room.
func TestCastTakesMoreThanTheQueue(t *testing.T) {
	s := &sink{}
	c := Start(s, Options{Cols: 80, Rows: 24})
	part := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	for range 4 * queueLimit / len(part) {
		c.Output(part)
		await(t, "the writer", func() bool { return c.behind() < queueLimit/2 || c.Failed() != nil })
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(play(t, s.String()).output()); n != 4*queueLimit {
		t.Errorf("%d bytes of %d", n, 4*queueLimit)
	}
}

func TestCastEndsAtItsLimit(t *testing.T) {
	s := &sink{}
	c := Start(s, Options{Cols: 80, Rows: 24, Limit: 10_000})
	for range 1000 {
		c.Output([]byte("some words\r\n"))
	}
	select {
	case <-c.Done():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if err := c.Close(); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "10000 bytes") {
		t.Fatal(err)
	}
	text := s.String()
	if n := len(text); n > 10_000 || n < 9900 || c.Written() != int64(n) || !s.closed {
		t.Errorf("%d bytes, counted %d, closed %t", n, c.Written(), s.closed)
	}
	if p := play(t, text); strings.ReplaceAll(p.output(), "some words\r\n", "") != "" {
		t.Errorf("%q", p.output())
	}
}

func TestCastSaysThatTheDiskIsFull(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full: %v", err)
	}
	c := Start(f, Options{Cols: 80, Rows: 24})
	select {
	case <-c.Done():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if err := c.Failed(); !errors.Is(err, unix.ENOSPC) || c.Written() != 0 {
		t.Fatalf("%v, %d bytes", err, c.Written())
	}
	c.Output([]byte("x"))
	if err := c.Close(); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

// TestCastOnASmallDisk: what fits stays, and ends with a whole line.
func TestCastOnASmallDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a small file system needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no mounts here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	f, err := Create(dir+"/x.cast", Places{})
	if err != nil {
		t.Fatal(err)
	}
	c := Start(f, Options{Cols: 80, Rows: 24})
	words := []byte(strings.Repeat("words of more than one page ", 90))
	for range 300 {
		c.Output(words)
	}
	if err := c.Close(); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	p := play(t, string(text))
	if n := len(text); n < 200_000 || int64(n) != c.Written() || strings.ReplaceAll(p.output(), string(words), "") != "" {
		t.Errorf("%d bytes, counted %d, %d events", n, c.Written(), len(p.texts))
	}
}

// broken writes a part, then fails; it panics at will.
type broken struct{ panics bool }

func (b broken) Write(p []byte) (int, error) {
	if b.panics {
		panic("no disk")
	}
	return len(p) / 2, io.ErrShortWrite
}

func (broken) Close() error { return errors.New("close failed") }

func TestCastSurvivesItsDisk(t *testing.T) {
	c := Start(broken{}, Options{})
	if err := c.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	if err := Start(broken{panics: true}, Options{}).Close(); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Error(err)
	}
	if err := Start(closing{}, Options{}).Close(); err == nil || !strings.Contains(err.Error(), "close failed") {
		t.Error(err)
	}
}

// closing fails when it is closed, as a file with a quota over NFS does.
type closing struct{ broken }

func (closing) Write(p []byte) (int, error) { return len(p), nil }

func TestCastFromManyGoroutines(t *testing.T) {
	s := &sink{}
	c := Start(s, Options{Cols: 80, Rows: 24})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				c.Output([]byte(fmt.Sprintf("<%d>", i)))
				c.Resize(80+n, 24+i)
				_, _ = c.Written(), c.Failed()
			}
		})
	}
	all.Wait()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	p := play(t, s.String())
	for i := range 8 {
		if n := strings.Count(p.output(), fmt.Sprintf("<%d>", i)); n != 200 {
			t.Errorf("%d pieces of goroutine %d", n, i)
		}
	}
}

// FuzzCast: however output is cut, each line is JSON and all of it is there.
func FuzzCast(f *testing.F) {
	for _, s := range []string{
		"plain", "caf\u00e9 \u65e5\u672c\u8a9e \U0001f469\u200d\U0001f467", "\xf0\x9f\x91", "\xf0\x9f\xf0\x9f\x91\xa9", "\xe6\xe6\x97\xa5", "\xc3\xc3\xa9\xff\xfe",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80\x80\x80\x80", "\xc0\xaf\xe0\x80\xaf", "\x00\x1b[31m\"\\\n\r\t\x7f\u2028\u0085",
	} {
		for seed := range uint64(4) {
			f.Add([]byte(s), seed)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		var disk sink
		c := Start(&disk, Options{Cols: 80, Rows: 24, Title: string(text), Term: string(text)})
		cut := rand.New(rand.NewPCG(seed, 1))
		rest := text
		for len(rest) > 0 {
			n := min(1+cut.IntN(1+int(seed%7)), len(rest))
			part := bytes.Clone(rest[:n])
			c.Output(part)
			clear(part) // it was copied
			rest = rest[n:]
			if cut.IntN(5) == 0 {
				c.Resize(1+cut.IntN(300), 1+cut.IntN(100))
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := play(t, disk.String()).output(), valid(text); got != want {
			t.Fatalf("%q came back as %q", want, got)
		}
	})
}

func BenchmarkOutput(b *testing.B) {
	part := []byte(strings.Repeat("\x1b[32m123456\x1b[m some more words\r\n", 120))
	c := Start(nothing{}, Options{Cols: 80, Rows: 24, Limit: 1 << 60})
	b.SetBytes(int64(len(part)))
	for b.Loop() {
		c.Output(part)
		for c.Failed() == nil && c.behind() > queueLimit/2 {
			time.Sleep(50 * time.Microsecond)
		}
	}
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
}

func (c *Cast) behind() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Close() error                { return nil }
