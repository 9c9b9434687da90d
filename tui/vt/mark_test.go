package vt

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestMarks follows characters of their own through sizes and more output.
func TestMarks(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		term := New(12, 5, Options{Scrollback: 200})
		next := rune(0x4e00)
		if seed%2 == 0 {
			next = 0x100 // narrow ones
		}
		write := func() {
			var b strings.Builder
			for range 1 + rnd.IntN(40) {
				b.WriteRune(next)
				if next++; next == 0x300 {
					next = 0x400
				}
			}
			_, _ = term.Write([]byte(b.String() + []string{"", "\r\n", "\r\n\r\n"}[rnd.IntN(3)]))
		}
		for range 10 {
			write()
		}
		marks := map[rune]Mark{}
		first, end := term.Rows()
		term.walk(first, end, func(n uint64, x int, g glyph) bool {
			if g.r != 0 {
				marks[g.r] = term.Mark(Pos{Row: n, Col: x})
			}
			return true
		})
		for range 5 {
			if rnd.IntN(2) == 0 {
				write()
			} else {
				term.Resize(2+rnd.IntN(30), 1+rnd.IntN(8))
			}
			where := map[rune]Pos{}
			first, end = term.Rows()
			term.walk(first, end, func(n uint64, x int, g glyph) bool {
				where[g.r] = Pos{Row: n, Col: x}
				return true
			})
			for r, m := range marks {
				got, ok := term.Place(m)
				if want, there := where[r]; ok != there || ok && got != want {
					t.Fatalf("seed %d: %c is at %v (%v), Place says %v (%v)", seed, r, want, there, got, ok)
				}
			}
		}
	}
}

func TestMarkOnTheAlternateScreen(t *testing.T) {
	term := scrolled()
	onMain := term.Mark(Pos{12, 2})
	_, _ = term.Write([]byte("\x1b[?1049habc"))
	onAlt := term.Mark(Pos{10, 1})
	if _, ok := term.Place(onMain); ok {
		t.Error("a place on the screen that is not shown")
	}
	if p, ok := term.Place(onAlt); !ok || p != (Pos{10, 1}) {
		t.Errorf("%v, %v", p, ok)
	}
	_, _ = term.Write([]byte("\x1b[?1049l"))
	if p, ok := term.Place(onMain); !ok || p != (Pos{12, 2}) {
		t.Errorf("%v, %v", p, ok)
	}
	if _, ok := term.Place(onAlt); ok {
		t.Error("a place on the screen that is gone")
	}
}
