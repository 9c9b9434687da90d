package vt

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// interplay draws programs of parts that meddle with each other: margins,
// edges, pending wraps, wide characters, tab stops, screens.
type interplay struct {
	rnd        *rand.Rand
	cols, rows int
}

func (g interplay) pick(words ...string) string { return words[g.rnd.IntN(len(words))] }

// number is a parameter: missing, zero, small, about as large as the screen.
func (g interplay) number() string {
	switch g.rnd.IntN(8) {
	case 0:
		return ""
	case 1:
		return "0"
	case 2:
		return strconv.Itoa(g.cols - 1 + g.rnd.IntN(3))
	case 3:
		return strconv.Itoa(g.rows - 1 + g.rnd.IntN(3))
	}
	return strconv.Itoa(1 + g.rnd.IntN(4))
}

// column goes to a column, most often near an edge.
func (g interplay) column() string {
	return "\x1b[" + strconv.Itoa([...]int{1, 2, g.cols - 2, g.cols - 1, g.cols, 1 + g.rnd.IntN(g.cols)}[g.rnd.IntN(6)]) + "G"
}

func (g interplay) text() string {
	n := [...]int{1, 1, 2, 3, g.cols - 1, g.cols, g.cols + 1, 2*g.cols + 1}[g.rnd.IntN(8)]
	var b strings.Builder
	for range n {
		b.WriteByte(byte('a' + g.rnd.IntN(26)))
	}
	return b.String()
}

// part is one part of a program.
func (g interplay) part() string {
	switch g.rnd.IntN(22) {
	case 0, 1, 2:
		return g.text()
	case 3:
		return g.pick("漢", "字字", "\U0001f600", "e\u0301", "é", "─", "\u0301", "x\u200d\U0001f469", "\U0001f468\u200d\U0001f469", "\u2764\ufe0f", "\ufe0f")
	case 4:
		return g.pick("\r", "\n", "\b", "\t", "\v", "\f", "\r\n", "\b\b", "\a", "\x00", "\x7f")
	case 5, 6:
		return "\x1b[" + g.number() + g.pick(strings.Split("ABCDEFGd`", "")...)
	case 7:
		return "\x1b[" + g.number() + ";" + g.number() + g.pick("H", "f")
	case 8, 9:
		return g.column() + g.pick("", g.text())
	case 10:
		return "\x1b[" + g.pick("", "0", "1", "2", "3", "4") + g.pick("J", "K")
	case 11:
		return "\x1b[" + g.number() + g.pick(strings.Split("@LMPXST", "")...)
	case 12:
		return "\x1b[" + g.number() + ";" + g.number() + "r"
	case 13:
		return "\x1b" + g.pick(strings.Split("MDE78", "")...)
	case 14:
		return "\x1b[" + g.pick("", "0", "1", "4", "7", "31", "42", "94", "39;49", "38;5;9", "48;2;1;2;3", "4:3", "22", "24", "27", "53", "21", "38:2::4:5:6", "38:5:7") + "m"
	case 15:
		return "\x1b[" + g.pick("?7", "?6", "?25", "?1", "4") + g.pick("h", "l")
	case 16:
		return g.pick("\x1bH", "\x1b[g", "\x1b[3g", "\x1b[Z", "\x1b[2Z", "\t", "\t\t")
	case 17:
		return g.pick("\x1b(0", "\x1b(B", "\x1b)0", "\x0e", "\x0f", "\x1b)B")
	case 18:
		return g.pick("x", "y", "é", "") + "\x1b[" + g.number() + "b"
	case 19:
		return g.pick("\x1b[?47h", "\x1b[?47l", "\x1b[?1047h", "\x1b[?1047l", "\x1b[?1049h", "\x1b[?1049l")
	case 20:
		return g.pick("\x1b#8", "\x1b[?1049l\x1bc\x1b[?1049h\x1b[?1049l\x1b7", "\x1b[r", "\x1b[s", "\x1b[u", "\x1b[H", "\x1b[2J")
	}
	return g.pick("\x1b[", "\x1b[3", "\x1b]0;x", "\x1bP", "\x1b_") + g.pick("\x18", "\x1a", "\x1b\\", "\x1b[m")
}

// TestInterplayAgainstTmux compares random programs with tmux. What tmux is
// odd about is left out; see plain.
func TestInterplayAgainstTmux(t *testing.T) {
	seeds, first := uint64(1000), uint64(0)
	if testing.Short() {
		seeds = 200
	}
	if s := os.Getenv("LXCDECK_TEST_SEEDS"); s != "" { // FIRST-LAST
		a, b, _ := strings.Cut(s, "-")
		first, _ = strconv.ParseUint(a, 10, 64)
		last, _ := strconv.ParseUint(b, 10, 64)
		seeds = last - first
	}
	j := newJudge(t)
	sizes := [][2]int{{20, 6}, {10, 4}, {5, 3}}
	bad := 0
	start := time.Now()
	for seed := first; seed < first+seeds; seed++ {
		size := sizes[seed%3]
		g := interplay{rnd: rand.New(rand.NewPCG(seed, 77)), cols: size[0], rows: size[1]}
		var parts []string
		for range 4 + g.rnd.IntN(20) {
			parts = append(parts, g.part())
		}
		differs := func(parts []string) []string {
			in := strings.Join(parts, "")
			if odd(in, size[0], size[1]) {
				return nil
			}
			return j.compare(in, size[0], size[1])
		}
		d := differs(parts)
		if d == nil {
			continue
		}
		for i := 0; i < len(parts); { // the shortest that differs tells most
			less := append(append([]string{}, parts[:i]...), parts[i+1:]...)
			if dl := differs(less); dl != nil {
				parts, d = less, dl
				i = 0
				continue
			}
			i++
		}
		t.Errorf("seed %d at %v: %q: %s", seed, size, parts, strings.Join(d, "; "))
		if bad++; bad >= 30 {
			break
		}
	}
	t.Logf("%d seeds in %v", seeds, time.Since(start))
}

// odd says that a program does something about which tmux is not followed;
// cases has an example and a reason for each. It is played token by token.
func odd(in string, cols, rows int) bool {
	sim := New(cols, rows, Options{})
	feed(sim, []byte(anew))
	last := ""
	for in != "" {
		before := *sim
		r := &row{cells: append([]cell{}, sim.cur.at(sim.y).cells...), wrapped: sim.cur.at(sim.y).wrapped}
		n := 0
		for n == 0 || n < len(in) && (sim.parser.state != 0 || sim.parser.un != 0) {
			_, _ = sim.Write([]byte(in[n : n+1]))
			n++
		}
		if tok := in[:n]; oddToken(tok, &before, r, sim) || last != "" && last[0] >= 0x80 && strings.HasPrefix(tok, "\x1b[") && tok[n-1] == 'b' {
			return true
		}
		if in[:n] != "\x7f" {
			last = in[:n]
		}
		in = in[n:]
	}
	return false
}

func oddToken(tok string, t *Terminal, r *row, after *Terminal) bool {
	if tok == "\b" {
		return t.x == 0 && t.bot-t.top == 1
	}
	x := min(t.x, t.cols-1)
	tail := func(x int) bool { return x > 0 && x < t.cols && r.cells[x]&cellTail != 0 }
	if tok[0] != 0x1b {
		insert := t.mode&modeInsert != 0
		return tok[0] >= 0x20 && tok[0] != 0x7f && (t.x == t.cols && t.mode&modeWrap == 0 || insert && (tail(t.cols-1) || t.x > t.cols-1-int(tok[0]>>7)) || t.x < t.cols && (tail(t.x) || r.cells[t.x]&(cellWide|cellCluster) == cellWide|cellCluster))
	}
	p := &after.parser
	count := p.arg(0, 1)
	switch final := tok[len(tok)-1]; {
	case tok == "\x1bc":
		return t.cur == &t.alt
	case strings.HasPrefix(tok, "\x1b[?"):
		return tok == "\x1b[?1049l" && t.preAlt.set && t.preAlt.cs != t.cs
	case !strings.HasPrefix(tok, "\x1b["):
		return false
	case final == 'L' || final == 'M':
		return t.y < t.top || t.y > t.bot
	case final == '@':
		return count > (t.cols-x)/2 || tail(x) || tail(t.cols-count)
	case final == 'P' || final == 'X':
		return tail(x) || tail(x+count)
	case final == 'K' || final == 'J':
		return tail(x) || tail(x+1)
	case final == 'b':
		return t.last != 0 && tail(x)
	}
	return false
}
