package vt

import (
	"reflect"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
)

// heap is the memory in use, collected.
func heap() int64 {
	var m goruntime.MemStats
	goruntime.GC()
	goruntime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// dearRow appends a row in which every cell has a style of its own.
func dearRow(b []byte, row, cols int) []byte {
	for x := range cols {
		v := row*cols + x
		b = append(b, "\x1b[4;1;38;2"...)
		for _, n := range []int{v >> 16, v >> 8, v} {
			b = strconv.AppendInt(append(b, ';'), int64(n&255), 10)
		}
		b = strconv.AppendInt(append(b, ";48;2;9;9;"...), int64(x&255), 10)
		b = strconv.AppendInt(append(b, ";58;2;1;2;"...), int64(x&255), 10)
		b = append(b, "mx"...)
	}
	return b
}

// clusterRow appends a row of characters of thirty bytes.
func clusterRow(b []byte, row, cols int) []byte {
	for x := range cols {
		v := row*cols + x
		b = append(b, string([]rune{0x4e00 + rune(v%2000), 0x300 + rune(v/2000%100), 0x310 + rune(v/200_000)})...)
		b = append(b, strings.Repeat("\u0301", 12)...)
	}
	return b
}

// TestScrollbackMemory fills the scrollback with rows that are dear in some
// way. What it says it holds is compared with what is free once it is gone.
func TestScrollbackMemory(t *testing.T) {
	const most = 15_000_000
	for name, tt := range map[string]struct {
		cols, rows int
		row        func(b []byte, row, cols int) []byte
		all        bool // 10,000 rows fit
	}{
		"plain":    {120, 12_000, func(b []byte, _, _ int) []byte { return append(b, strings.Repeat("lorem ipsum ", 10)+"\r\n"...) }, true},
		"empty":    {120, 15_000, func(b []byte, _, _ int) []byte { return append(b, '\n') }, true},
		"wide":     {120, 12_000, func(b []byte, _, _ int) []byte { return append(b, strings.Repeat("漢字", 30)+"\r\n"...) }, true},
		"coloured": {120, 12_000, func(b []byte, _, _ int) []byte { return append(b, strings.Repeat("\x1b[31mab\x1b[m ", 40)+"\r\n"...) }, true},
		"dear":     {120, 6500, func(b []byte, row, cols int) []byte { return append(dearRow(b, row, cols), "\r\n"...) }, false},
		"marks":    {120, 5600, clusterRow, false},
	} {
		before := heap()
		term := New(tt.cols, 40, Options{})
		var b []byte
		for i := range tt.rows {
			b = tt.row(b[:0], i, tt.cols)
			feed(term, b)
		}
		if err := check(term); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		full, rows, says, bytes := heap(), term.ScrollbackLen(), term.ScrollbackBytes(), term.Bytes()
		if used := full - before; used > most {
			t.Errorf("%s: %d bytes for %d rows", name, used, term.ScrollbackLen())
		}
		if tt.all && term.ScrollbackLen() != 10_000 {
			t.Errorf("%s: %d rows", name, term.ScrollbackLen())
		}
		term.hist.drop(new(uint64))
		gone := heap()
		if d := int64(says) - (full - gone); d < -300_000 || d > 300_000 {
			t.Errorf("%s: says it holds %d bytes, %d are free without it", name, says, full-gone)
		}
		if d := int64(bytes) - (full - before); d < -1_500_000 || d > 1_500_000 {
			t.Errorf("%s: says it holds %d bytes in all, it is %d", name, bytes, full-before)
		}
		t.Logf("%s: %d rows, %d bytes of scrollback, %d in all, in truth %d", name, rows, says, bytes, full-before)
		goruntime.KeepAlive(term)
	}
	if n := int(reflect.TypeFor[packed]().Size()); n != packedSize {
		t.Errorf("a packed line takes %d bytes, not %d", n, packedSize)
	}
}

func TestTrimBytes(t *testing.T) {
	for name, row := range map[string]string{"text": strings.Repeat("lorem ipsum ", 10) + "\r\n", "empty": "\n", "endless": strings.Repeat("lorem ipsum ", 10)} {
		term := New(120, 40, Options{})
		feed(term, []byte(strings.Repeat(row, 12_000)))
		for _, limit := range []int{700_000, 300_000, 100_000, 10, 0, -1} {
			newest, n := term.RowPlain(term.ScreenRow()-1), term.ScrollbackLen()
			f := term.Forgotten()
			term.TrimBytes(limit)
			if got := term.ScrollbackBytes(); got > max(limit, 0)+minLines*packedSize {
				t.Errorf("%s: %d bytes after trimming to %d", name, got, limit)
			}
			if limit >= 100_000 && term.RowPlain(term.ScreenRow()-1) != newest {
				t.Errorf("%s: the newest row went at %d", name, limit)
			}
			if got, want := term.Forgotten().Trimmed-f.Trimmed, uint64(n-term.ScrollbackLen()); got != want && name != "endless" {
				t.Errorf("%s: %d rows are said to have gone, %d have", name, got, want)
			}
			if err := check(term); err != nil {
				t.Errorf("%s at %d: %v", name, limit, err)
			}
		}
		feed(term, []byte("\r\n"+strings.Repeat("after\r\n", 100)))
		if got := term.RowPlain(term.ScreenRow() - 1); got != "after" {
			t.Errorf("%s: then %q", name, got)
		}
	}
}
