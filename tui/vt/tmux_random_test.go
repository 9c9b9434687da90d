package vt

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// piece is a part of a random program: each %d is a number from 1 to the
// limit at its place, each %s one of the words.
type piece struct {
	format string
	limits []int
	words  []string
}

// pieces leaves out what tmux is odd about (see cases).
func pieces() []piece {
	var text []string
	for _, n := range []int{1, 3, 7, 19, 20, 26} {
		text = append(text, "abcdefghijklmnopqrstuvwxyz"[:n])
	}
	letters := func(s string) []string { return strings.Split(s, "") }
	at := []int{7, 22}
	return []piece{
		{format: "%s", words: text}, {format: "%s", words: text}, {format: "%s", words: text}, {format: "é"}, {format: "e\u0301"},
		{format: "\x1b[%d;%dH", limits: at}, {format: "\x1b[%d;%dH", limits: at},
		{format: "\x1b[%d%s", limits: []int{8}, words: letters("ABCDEFGd")},
		{format: "%s", words: []string{"\r\n", "\n", "\b", "\t", "\r"}},
		{format: "\x1b[%s", words: []string{"J", "1J", "2J", "K", "1K", "2K"}},
		{format: "\x1b[%d%s", limits: []int{3}, words: letters("PXST")},
		{format: "\x1b[5G\x1b[%d@", limits: []int{8}},
		{format: "\x1b[r\x1b[%d;%dH\x1b[%d%s", limits: []int{7, 22, 3}, words: letters("LM")},
		{format: "\x1b[%d;%dr", limits: []int{4, 6}}, {format: "\x1b[r"},
		{format: "\x1b%s", words: letters("MD78E")},
		{format: "\x1b[%sm", words: []string{"", "1", "4", "7", "31", "42", "44", "97", "39", "49", "38;5;200", "48;2;1;2;3", "4:3"}},
		{format: "\x1b[%d;%dH\x1b[4hxyz\x1b[4l", limits: []int{6, 12}},
		{format: "\x1b[?%s", words: []string{"7h", "7l", "6h", "6l", "1049h", "1049l\x1b(B", "25h", "25l", "1h", "1l"}},
		{format: "x\x1b[%db", limits: []int{30}},
		{format: "\x1b(%s", words: letters("0BB")},
	}
}

func (p piece) draw(rnd *rand.Rand) string {
	s := p.format
	for _, limit := range p.limits {
		s = strings.Replace(s, "%d", strconv.Itoa(1+rnd.IntN(limit)), 1)
	}
	if len(p.words) > 0 {
		s = strings.Replace(s, "%s", p.words[rnd.IntN(len(p.words))], 1)
	}
	return s
}

// drawn draws n pieces; the same seed gives the same beginning.
func drawn(seed uint64, n int) string {
	rnd := rand.New(rand.NewPCG(seed, 42))
	all := pieces()
	var b strings.Builder
	for range n {
		b.WriteString(all[rnd.IntN(len(all))].draw(rnd))
	}
	return b.String()
}

func TestRandomAgainstTmux(t *testing.T) {
	const cols, rows, length = 20, 6, 30
	seeds := uint64(100)
	if testing.Short() {
		seeds = 20
	}
	j := newJudge(t)
	differs := func(in string) []string { return j.compare(in, cols, rows) }
	for seed := range seeds {
		if differs(drawn(seed, length)) == nil {
			continue
		}
		for n := 1; n <= length; n++ { // the shortest beginning that differs tells most
			in := drawn(seed, n)
			if d := differs(in); d != nil {
				t.Errorf("seed %d, after %q comes %q: %v", seed, drawn(seed, n-1), in[len(drawn(seed, n-1)):], d)
				break
			}
		}
	}
}
