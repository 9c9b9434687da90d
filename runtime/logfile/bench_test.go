package logfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// benchSize is that of the log that benchmarks read, in bytes.
const benchSize = 2 << 30

// benchLog is a log of 2 GB as services write it, with one odd line at its beginning
// and one at its end.
func benchLog(b *testing.B) *File {
	b.Helper()
	name := filepath.Join(b.TempDir(), "log")
	w, err := os.Create(name)
	must(b, err)
	var part []byte
	for i := 0; len(part) < 4<<20; i++ {
		part = fmt.Appendf(part, "2026-11-27T06:%02d:%02d.%03d+01:00 web-%d nginx[%d]: INFO request %d served in %d ms for /some/path?x=%d\n",
			i/60000%60, i/1000%60, i%1000, i%7, 1000+i%13, i, i%977, i*31)
	}
	size := int64(0)
	write := func(text []byte) {
		n, err := w.Write(text)
		must(b, err)
		size += int64(n)
	}
	write([]byte("2026-11-27T06:00:00Z Zebraquokka at the beginning\n"))
	for size < benchSize {
		write(part)
	}
	write([]byte("2026-11-28T06:00:00Z Zebraquokka at the end\n"))
	must(b, w.Close())
	return opened(b, name)
}

func BenchmarkSearch(b *testing.B) {
	f := benchLog(b)
	size := first(f.Size())
	for _, c := range []struct {
		name string
		p    Pattern
	}{
		{"literal", Pattern{Text: "Zebraquokka at"}},
		{"frequent", Pattern{Text: "servex"}},
		{"fold", Pattern{Text: "zebraQuokka at", Fold: true}},
		{"foldfrequent", Pattern{Text: "Servex", Fold: true}},
		{"regexp", Pattern{Text: "Zebra[a-z]+ at", Regexp: true}},
		{"run", Pattern{Text: "[0-9]{12}", Regexp: true}},
		{"shortrun", Pattern{Text: "[A-Z]{6}", Regexp: true}},
		{"regexpfrequent", Pattern{Text: "served in 99[0-9]+ ms", Regexp: true}},
	} {
		m := compiled(b, c.p)
		b.Run(c.name+"/forward", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				_, err := f.Find(b.Context(), m, 30, nil)
				if err != nil && !errors.Is(err, ErrNoMatch) {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/back", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				_, err := f.FindBack(b.Context(), m, size-44, nil)
				if err != nil && !errors.Is(err, ErrNoMatch) {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("out/forward", func(b *testing.B) {
		b.SetBytes(size)
		filter := &Filter{Out: []*Matcher{compiled(b, Pattern{Text: "request"})}}
		for b.Loop() {
			got, err := f.SelectAfter(b.Context(), filter, 0, 100, nil)
			if err != nil || len(got.Lines) != 2 {
				b.Fatal(len(got.Lines), err)
			}
		}
	})
}

// BenchmarkEnd opens a log of 2 GB and reads its last hundred lines.
func BenchmarkEnd(b *testing.B) {
	f := benchLog(b)
	name := f.f.Name()
	for b.Loop() {
		f, err := Open(Path(name))
		must(b, err)
		got, err := f.Before(first(f.Size()), 100)
		if err != nil || len(got) != 100 {
			b.Fatal(len(got), err)
		}
		must(b, f.Close())
	}
}
