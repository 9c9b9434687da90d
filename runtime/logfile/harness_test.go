package logfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// must ends a test that has an error.
func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// logAt writes a file and opens it as a log.
func logAt(tb testing.TB, text []byte) (*File, string) {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "log")
	must(tb, os.WriteFile(name, text, 0o600))
	return opened(tb, name), name
}

func opened(tb testing.TB, name string) *File {
	tb.Helper()
	f, err := Open(Path(name))
	must(tb, err)
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

func logOf(tb testing.TB, text string) *File {
	tb.Helper()
	f, _ := logAt(tb, []byte(text))
	return f
}

// within fails a test that takes too long, with what it was doing.
func within(t *testing.T, most time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(most):
		t.Fatalf("%s takes longer than %s", what, most)
	}
}

// expanded makes much of little: a byte from 0xC0 on repeats the one before it by
// thousands, so that a fuzzer gets to long lines.
func expanded(seed []byte) []byte {
	var out []byte
	for _, b := range seed {
		if b >= 0xC0 && len(out) > 0 && len(out) < 1<<19 {
			out = append(out, bytes.Repeat(out[len(out)-1:], int(b-0xBF)*1111)...)
			continue
		}
		out = append(out, b)
	}
	return out
}

// cutAt is where the lines and pieces of a text end, told the slow way.
func cutAt(text []byte) []int64 {
	var ends []int64
	since := 0 // bytes since the last line end
	for i, b := range text {
		since++
		if b == '\n' {
			since = 0
		}
		end := i + 1
		if b == '\n' || end%grid == 0 && since >= grid || end == len(text) {
			ends = append(ends, int64(end))
		}
	}
	return ends
}

// all goes through a cursor to an end and gives the lines with their own texts.
func all(tb testing.TB, one func() (Line, error)) []Line {
	tb.Helper()
	var b batch
	for {
		l, err := one()
		if errors.Is(err, io.EOF) {
			return b.lines
		}
		must(tb, err)
		b.add(l)
		if len(b.lines) > 1<<22 {
			tb.Fatal("there is no end of lines")
		}
	}
}

func equalLines(a, b []Line) bool {
	return slices.EqualFunc(a, b, func(x, y Line) bool {
		return x.At == y.At && x.End == y.End && x.Cut == y.Cut && bytes.Equal(x.Text, y.Text)
	})
}
