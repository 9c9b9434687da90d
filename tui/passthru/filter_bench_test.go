package passthru

import (
	"bytes"
	"fmt"
	"testing"
)

// streams are what programs print: one line of figures after the other, text,
// colours, other alphabets, a screen full of sequences, a picture.
func streams() map[string][]byte {
	var seq, colours bytes.Buffer
	for i := range 20000 {
		fmt.Fprintf(&seq, "%d\r\n", 100000+i)
		fmt.Fprintf(&colours, "\x1b[38;2;%d;%d;%dm#\x1b[0m", i%256, i/7%256, i/3%256)
	}
	return map[string][]byte{
		"seq":     seq.Bytes(),
		"text":    bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, and then again over it.\r\n"), 2000),
		"ls":      bytes.Repeat([]byte("\x1b[0m\x1b[01;34mdrwxr-xr-x\x1b[0m 2 root root 4096 file-of-some-length.txt\r\n"), 2000),
		"colours": colours.Bytes(),
		"wide":    bytes.Repeat([]byte("名前 первый 東京都 ça été\r\n"), 4000),
		"screen":  bytes.Repeat([]byte("\x1b[12;1H\x1b[K\x1b[?25l\x1b[1mx\x1b[m\x1b[13;40H\x1b[2X\x1b(0qqq\x1b(B\x1b[?25h"), 3000),
		"picture": bytes.Repeat([]byte("\x1bPq"+string(bytes.Repeat([]byte("#1~~@@vv"), 1000))+"\x1b\\"), 20),
	}
}

func BenchmarkFilter(b *testing.B) {
	for name, in := range streams() {
		for _, keep := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/keep=%v", name, keep), func(b *testing.B) {
				f := NewFilter(Options{KeepScreen: keep})
				const size = 32 << 10 // as it is read
				dst := make([]byte, 0, 2*size)
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				for b.Loop() {
					for part := in; len(part) > 0; {
						n := min(size, len(part))
						dst = f.Append(dst[:0], part[:n])
						part = part[n:]
					}
				}
			})
		}
	}
}

// TestNoAllocations: what is read all the time is filtered without garbage.
func TestNoAllocations(t *testing.T) {
	for name, in := range streams() {
		for _, keep := range []bool{false, true} {
			f := NewFilter(Options{KeepScreen: keep})
			dst := f.Append(make([]byte, 0, 2*len(in)), in)
			if n := testing.AllocsPerRun(5, func() { dst = f.Append(dst[:0], in) }); n > 0 {
				t.Errorf("%s, keep %v: %v allocations a call", name, keep, n)
			}
		}
	}
}
