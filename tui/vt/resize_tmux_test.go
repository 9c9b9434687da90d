package vt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestResizeAgainstTmux resizes full screens with scrollback above them. A
// screen with blank rows at its end is another matter: tmux keeps them, and
// what is above goes out of sight; here they are taken first.
func TestResizeAgainstTmux(t *testing.T) {
	const cols, rows = 20, 6
	seeds := uint64(400)
	if testing.Short() {
		seeds = 50
	}
	j := newJudge(t)
	p := j.pane(cols, rows)
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 5))
		g := interplay{rnd: rnd, cols: cols, rows: rows}
		var b strings.Builder
		for range rnd.IntN(6) {
			b.WriteString(g.pick(g.text(), g.text()+g.text(), strings.Repeat("漢字", 7), "\x1b[31m", "\x1b[m") + "\r\n")
		}
		b.WriteString(g.pick("", "", "\x1b[2J"))
		for range 14 + rnd.IntN(8) {
			b.WriteString(g.pick("line", g.text()+g.text(), g.text(), "漢字"+g.text(), "x") + "\r\n")
		}
		b.WriteString("$ " + g.pick("", g.text()))
		in := b.String()
		toCols, toRows := [...]int{20, 10, 30, 13, 40}[rnd.IntN(5)], 2+rnd.IntN(10)
		j.run("resize-window -t " + p.target + " -x 20 -y 6")
		j.feed(p, anew)
		j.run("clear-history -t " + p.target)
		j.feed(p, in)
		j.run(fmt.Sprintf("resize-window -t %s -x %d -y %d", p.target, toCols, toRows))
		term := New(cols, rows, Options{})
		_, _ = term.Write([]byte(anew + in))
		term.Resize(toCols, toRows)
		if term.PlainLine(toRows-1) == "" {
			continue // a taller screen than all there is
		}
		if d := j.look(p, toCols).differences(term); d != nil {
			t.Errorf("seed %d: %q at %dx%d: %s", seed, in, toCols, toRows, strings.Join(d, "; "))
		}
	}
}
