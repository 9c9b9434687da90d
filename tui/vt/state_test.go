package vt

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// stateProgram is a random program that also changes what pieces leave alone.
func stateProgram(rnd *rand.Rand, n int, screens bool) string {
	all := pieces()
	more := []string{
		"漢字", "\U0001f600x", "1\ufe0f\u20e3", "\x1b[3g", "\x1b[7G\x1bH", "\x1b[?5h", "\x1b[?5l", "\x1b[?1002;1006h", "\x1b[?1003l", "\x1b[?2004h", "\x1b[?1004h",
		"\x1b=", "\x1b>", "\x1b[4 q", "\x1b[0 q", "\x1b[4h", "\x1b[4l", "\x1b[20h", "\x1b[20l", "\x1b)0\x0e", "\x0f", "\x1b[=1u", "\x1b[2;5r\x1b[?6h", "\x1b[5;9H\x1b7",
		"abcdefghijklmnopqrst", "\x1b[38;5;9;48;5;200;58;5;3;4:3m", "漢字漢字漢字漢字漢字漢字",
	}
	only := []string{"\x1b*0\x1bn", "\x1b+A\x1bo", "\x1b[?66h", "\x1b[?67h", "\x1b[?12h", "\x1bN", "\x1b[?2026h", "\x1b[?9h\x1b[?1005h", "\x1b[>1u", "\x1b[?1049h", "\x1b[?1049l"}
	if screens {
		more = append(more, only...)
	}
	var b strings.Builder
	for range n {
		if k := rnd.IntN(len(all) + len(more)/2); k < len(all) {
			s := all[k].draw(rnd)
			if screens || !strings.Contains(s, "1049") {
				b.WriteString(s)
			}
			continue
		}
		b.WriteString(more[rnd.IntN(len(more))])
	}
	return b.String()
}

// sameState says how b differs from a but for what AppendState leaves alone.
func sameState(a, b *Terminal) string {
	for y := range a.rows {
		for x := range a.cols {
			ca, cb := a.Cell(x, y), b.Cell(x, y)
			ca.Text, cb.Text = strings.TrimSpace(ca.Text), strings.TrimSpace(cb.Text)
			if ca != cb {
				return fmt.Sprintf("cell %d,%d is %+v, not %+v", x, y, cb, ca)
			}
		}
		if y < a.rows-1 && a.cur.at(y).wrapped != b.cur.at(y).wrapped && a.cur.at(y).cells[a.cols-1]&cellSpacer == 0 {
			return fmt.Sprintf("row %d goes on: %v, not %v", y, b.Wrapped(y), a.Wrapped(y))
		}
	}
	ma, mb := a.Modes(), b.Modes()
	mb.AltScreen = ma.AltScreen
	sa, sb := a.saved, b.saved
	sa.x, sb.x = min(sa.x, a.cols-1), min(sb.x, a.cols-1)
	sa.set, sb.set = true, true
	for _, p := range [][2]any{
		{ma, mb}, {a.Cursor(), b.Cursor()}, {a.x, b.x}, {a.mode, b.mode}, {a.style, b.style}, {a.cs, b.cs}, {[2]int{a.top, a.bot}, [2]int{b.top, b.bot}},
		{a.tabs, b.tabs}, {sa, sb},
	} {
		if !reflect.DeepEqual(p[0], p[1]) {
			return fmt.Sprintf("%+v, not %+v", p[1], p[0])
		}
	}
	return ""
}

// TestAppendState brings a terminal in any state to that of another, and lets
// both go on.
func TestAppendState(t *testing.T) {
	seeds := uint64(3000)
	if testing.Short() {
		seeds = 300
	}
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 21))
		cols, rows := 20, 6
		if seed%3 == 0 {
			cols, rows = 1+rnd.IntN(12), 1+rnd.IntN(7)
		}
		a, b := New(cols, rows, Options{}), New(cols, rows, Options{})
		before, junk := stateProgram(rnd, 30, true), stateProgram(rnd, 20, true)
		_, _ = a.Write([]byte(before))
		_, _ = b.Write([]byte(junk))
		state := a.AppendState(nil)
		_, _ = b.Write(state)
		if err := check(b); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		outside := a.mode&modeOrigin != 0 && (a.y < a.top || a.y > a.bot)
		if outside {
			a.saved, b.saved = saved{}, saved{}
		}
		if d := sameState(a, b); d != "" {
			t.Fatalf("seed %d: %s\nafter %q\nand   %q\nstate %q", seed, d, before, junk, state)
		}
		for y := range rows { // where no wide character follows what it did not fit in, nothing can make the wrap again
			b.cur.at(y).wrapped = a.cur.at(y).wrapped
		}
		on := "." + stateProgram(rnd, 20, false)
		_, _ = a.Write([]byte(on))
		_, _ = b.Write([]byte(on))
		if d := sameState(a, b); d != "" {
			t.Fatalf("seed %d: going on: %s\nafter %q\nand   %q\nthen  %q", seed, d, before, junk, on)
		}
	}
}

// TestAppendRows paints over rows and takes it back.
func TestAppendRows(t *testing.T) {
	for seed := range uint64(1000) {
		rnd := rand.New(rand.NewPCG(seed, 22))
		a, b := New(20, 6, Options{}), New(20, 6, Options{})
		before := stateProgram(rnd, 30, false)
		_, _ = a.Write([]byte(before))
		_, _ = b.Write([]byte(before))
		if a.mode&modeOrigin != 0 && (a.y < a.top || a.y > a.bot) {
			continue
		}
		y := rnd.IntN(6)
		_, _ = b.Write(b.AppendBare(nil))
		_, _ = b.Write(fmt.Appendf(nil, "\x1b[%d;1H\x1b[41m\x1b[2Kwhat somebody paints\x1b[?25l", y+1))
		_, _ = b.Write(a.AppendRows(nil, y, y+1))
		for y := range a.rows { // what stood there is gone with the row
			a.cur.at(y).wrapped, b.cur.at(y).wrapped = false, false
		}
		if d := sameState(a, b); d != "" {
			t.Fatalf("seed %d: %s\nafter %q, row %d\npainted %q", seed, d, before, y, a.AppendRows(nil, y, y+1))
		}
	}
	term := written(20, 6, "x")
	for _, r := range [][2]int{{-5, 99}, {4, 2}, {6, 7}, {-9, -3}} {
		term.AppendRows(nil, r[0], r[1])
	}
}

func TestAppendStateHasThePalette(t *testing.T) {
	b := New(8, 2, Options{})
	_, _ = b.Write(written(8, 2, "\x1b]4;1;#010203\a\x1b]11;#040506\a\x1b[31mx\x1b[?5h").AppendState(nil))
	if got, want := b.Cell(0, 0).Style, (Style{FG: RGB(1, 2, 3), BG: RGB(4, 5, 6)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := b.Cell(7, 1).Style.BG; got != RGB(4, 5, 6) || !b.Modes().ReverseScreen {
		t.Errorf("%+v", got)
	}
}

// TestAppendStateInTmux does the same to a real terminal.
func TestAppendStateInTmux(t *testing.T) {
	const cols, rows = 20, 6
	seeds := uint64(150)
	if testing.Short() {
		seeds = 20
	}
	j := newJudge(t)
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 23))
		a := New(cols, rows, Options{})
		before, junk := drawnWithout(rnd, 30), drawnWithout(rnd, 20)
		_, _ = a.Write([]byte(anew + before))
		if a.mode&modeOrigin != 0 && (a.y < a.top || a.y > a.bot) {
			continue
		}
		in := junk + string(a.AppendState(nil))
		if d := j.show(in, cols, rows).differences(a); d != nil {
			t.Fatalf("seed %d: %v\nafter %q\nand   %q", seed, d, before, junk)
		}
		on := "." + drawnWithout(rnd, 15)
		_, _ = a.Write([]byte(on))
		if d := j.show(in+on, cols, rows).differences(a); d != nil {
			t.Fatalf("seed %d: going on: %v\nafter %q\nand   %q\nthen  %q", seed, d, before, junk, on)
		}
	}
}

// drawnWithout draws pieces that switch no screens.
func drawnWithout(rnd *rand.Rand, n int) string {
	var b strings.Builder
	for all := pieces(); n > 0; n-- {
		if s := all[rnd.IntN(len(all))].draw(rnd); !strings.Contains(s, "1049") {
			b.WriteString(s)
		}
	}
	return b.String()
}

// TestDearStates writes the state of screens that are dear to write.
func TestDearStates(t *testing.T) {
	for name, unit := range map[string]string{
		"a style each": "", "marks": "e\u0301\u0302\u0303", "wide": "漢", "tabs": "\x1b[999C\x1bH\b\x1bH", "wrapped": "text ",
	} {
		term := New(300, 100, Options{})
		var in strings.Builder
		for i := range 300 * 100 {
			if unit == "" {
				fmt.Fprintf(&in, "\x1b[38;2;%d;%d;1;48;2;2;3;%dmx", i%256, i/256, i%256)
			}
			in.WriteString(unit)
		}
		feed(term, []byte(in.String()))
		start := time.Now()
		timed(t, name, func() { t.Logf("%s: %d bytes", name, len(term.AppendState(nil))) })
		t.Logf("%s: %v", name, time.Since(start))
	}
}
