package vt

import (
	"strings"
	"testing"
	"time"
)

// slowest is the longest that any call may take here: twenty times what the
// dearest takes under the race detector, so that a busy machine passes and
// anything that grows with a count of the input does not.
const slowest = 20 * time.Second

func timed(t *testing.T, what string, call func()) {
	t.Helper()
	start := time.Now()
	call()
	if d := time.Since(start); d > slowest {
		t.Errorf("%s took %v", what, d)
	}
}

// TestDearWrites writes 4 KiB of the sequences that do most for their length.
func TestDearWrites(t *testing.T) {
	const part = 4096
	for name, unit := range map[string]string{
		"fill and clear": "\x1b#8\x1b[2J", "fill": "\x1b#8", "switch screens": "\x1b[?1049h\x1b[?1049l",
		"fill the other screen": "\x1b[?1049h\x1b#8\x1b[?1049l", "scroll": "\x1b[41m\x1b[999S", "insert lines": "\x1b[41m\x1b[H\x1b[999L",
		"repeat": "a\r\x1b[9999b", "palette": "\x1b]4;1;#fff\a", "reset": "\x1bc", "tabs": "\x1b[999I\x1b[999Z",
		"region": "\x1b[2;300r\x1b[2H\x1bM", "DECCOLM": "\x1b[?3h", "wide": "漢", "marks": "e\u0301\u0302\u0303",
		"joined": "\U0001f468\u200d", "titles": "\x1b]2;" + strings.Repeat("x", 200) + "\a\x1b[22t", "parameters": "\x1b[" + strings.Repeat("1;", 1000) + "m",
	} {
		term := New(300, 100, Options{})
		data := []byte(strings.Repeat(unit, part/len(unit)+1))[:part]
		feed(term, data)
		timed(t, name, func() { _, _ = term.Write(data) })
		for rest := data; len(rest) > 0; {
			n := term.WriteSome(rest)
			if term.cost > maxCost+8*300*100 || n == 0 {
				t.Fatalf("%s: %d bytes at once cost %d", name, n, term.cost)
			}
			rest = rest[n:]
		}
		if err := check(term); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDearResizes resizes a full screen with a full scrollback between the
// extremes.
func TestDearResizes(t *testing.T) {
	for name, unit := range map[string]string{
		"endless text": "some words ", "endless wide": "漢字", "marks": "e\u0301x", "lines": "word\r\n",
		"wide lines": strings.Repeat("漢字", 40) + "\r\n", "colours": "\x1b[31mab\x1b[32mcd",
	} {
		term := New(500, 300, Options{})
		feed(term, []byte(strings.Repeat(unit, 2_000_000/len(unit))))
		for _, size := range [][2]int{{1, 1}, {500, 300}, {1, 300}, {500, 300}, {80, 24}, {79, 24}, {2, 1}, {3, 300}, {500, 1}} {
			timed(t, name, func() { term.Resize(size[0], size[1]) })
			if err := check(term); err != nil {
				t.Errorf("%s at %v: %v", name, size, err)
			}
		}
	}
}
