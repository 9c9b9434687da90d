package vt

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

// seqBytes is what `seq 1 n` prints on a terminal.
func seqBytes(n int) []byte {
	var b []byte
	for i := 1; i <= n; i++ {
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, '\r', '\n')
	}
	return b
}

// feed writes p as a pty hands it over.
func feed(t *Terminal, p []byte) {
	const chunk = 32 << 10
	for len(p) > 0 {
		n := min(chunk, len(p))
		_, _ = t.Write(p[:n])
		p = p[n:]
	}
}

func benchWrite(b *testing.B, data []byte) {
	b.Helper()
	t := New(120, 40, Options{})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		feed(t, data)
	}
}

func BenchmarkSeq(b *testing.B) { benchWrite(b, seqBytes(2_000_000)) }

func BenchmarkText(b *testing.B) {
	benchWrite(b, []byte(strings.Repeat(strings.Repeat("lorem ipsum dolor ", 8)+"\r\n", 10_000)))
}

func BenchmarkColoured(b *testing.B) {
	benchWrite(b, []byte(strings.Repeat("\x1b[1;32mname\x1b[0m  \x1b[38;5;208mvalue\x1b[m \x1b[48;2;1;2;3mrgb\x1b[m\r\n", 20_000)))
}

func BenchmarkCJK(b *testing.B) {
	benchWrite(b, []byte(strings.Repeat(strings.Repeat("漢字かな", 10)+"\r\n", 10_000)))
}

func BenchmarkScrollRegion(b *testing.B) {
	benchWrite(b, append([]byte("\x1b[2;39r"), bytes.Repeat([]byte("\x1b[39;1Hline in a region\r\n"), 20_000)...))
}

// BenchmarkLine paints a full screen of which one row changed.
func BenchmarkLine(b *testing.B) {
	t := New(120, 40, Options{})
	feed(t, []byte(strings.Repeat("\x1b[32mword\x1b[m and \x1b[1mmore\x1b[m text\r\n", 100)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = t.Write([]byte("x"))
		for y := range 40 {
			_ = t.Line(y)
		}
	}
}

func BenchmarkReflow(b *testing.B) {
	t := New(120, 40, Options{})
	feed(t, bytes.Repeat([]byte(strings.Repeat("word ", 60)+"\r\n"), 12_000))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.Resize(80+i%2*60, 40)
	}
}
