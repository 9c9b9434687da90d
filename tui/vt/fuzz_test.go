package vt

import (
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"testing"
)

// play feeds data to a small terminal. Byte 0xf8, which no UTF-8 holds, is a
// resize by the two bytes after it; so the fuzzer finds sizes by itself.
func play(data []byte) (*Terminal, error) {
	t := New(20, 6, Options{Scrollback: 50})
	for len(data) > 0 {
		n := 0
		for n < len(data) && data[n] != 0xf8 {
			n++
		}
		_, _ = t.Write(data[:n])
		if err := check(t); err != nil {
			return t, err
		}
		data = data[n:]
		if len(data) < 3 {
			break
		}
		t.Resize(int(data[1]), int(data[2])%100)
		if err := check(t); err != nil {
			return t, err
		}
		data = data[3:]
	}
	if err := checkViews(t); err != nil {
		return t, err
	}
	other := New(t.cols, t.rows, Options{})
	_, _ = other.Write(t.AppendState(nil))
	_, _ = other.Write(t.AppendRows(nil, 0, 2))
	return t, check(other)
}

func FuzzTerminal(f *testing.F) {
	for _, c := range cases() {
		f.Add([]byte(c.in))
	}
	for _, in := range forms() {
		f.Add([]byte(in))
	}
	for seed := range uint64(20) {
		f.Add(thrown(rand.New(rand.NewPCG(seed, 3)), 100))
	}
	f.Add([]byte("\x1b[2147483647b\x1b[99999999999999999999L\x1b[9999;9999H\u6f22\xf8\x01\x01\u6f22\xf8\xff\x63x"))
	f.Add([]byte("\x1b]52;c;QUJD\a\x1bPqqq\x1b\\\x1b_apc\x1b\\\xe2\x82\xf8\x02\x01\x82a\u0301\u200d"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := play(data); err != nil {
			t.Fatal(err)
		}
	})
}

// thrown is parts of sequences thrown together at random.
func thrown(rnd *rand.Rand, n int) []byte {
	parts := []string{
		"\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b_", "\a", "\x1b\\", ";", ":", "?", ">", "$", " ", "0", "1", "2", "5", "38", "9999999999",
		"1049", "2026", "47", "6", "7", "4", "h", "l", "m", "H", "J", "K", "L", "M", "P", "@", "X", "S", "T", "b", "r", "c", "n", "q", "p", "u", "s",
		"\r", "\n", "\t", "\b", "\x0e", "\x0f", "text and more text ", "漢字", "e\u0301", "\u200d", "\U0001f468", "\U0001f1e9", "\ufe0f", "\u202e", "\x85",
		"\xe2", "\x82", "\xac", "\xff", "\x1bc", "\x1b7", "\x1b8", "\x1bM", "\x1bD", "\x1b(0", "\x1b#8", "\x1b[?1049h", "\x1b[?1049l", "\x1b[2;4r", "\x1b[?6h", "\x1b[4h",
		"\x1b[38;2;1;2;3m", "\x1b[41m", "\xf8",
	}
	var data []byte
	for range n {
		p := parts[rnd.IntN(len(parts))]
		data = append(data, p...)
		if p == "\xf8" {
			data = append(data, byte(rnd.IntN(60)), byte(rnd.IntN(30)))
		}
	}
	return data
}

// TestRandom is a fuzz run without the fuzzer: with resizes between, the same
// on each run.
func TestRandom(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 300
	}
	for seed := range uint64(rounds) {
		data := thrown(rand.New(rand.NewPCG(seed, 1)), 150)
		if _, err := play(data); err != nil {
			t.Fatalf("seed %d: %v\n%q", seed, err, data)
		}
	}
}

// TestNoGrowth lets one terminal take rubbish at all sizes for long: once its
// scrollback is full it holds no more than before.
func TestNoGrowth(t *testing.T) {
	const rounds, colours = 500, 100
	term := New(100, 30, Options{Scrollback: 300})
	rnd := rand.New(rand.NewPCG(1, 2))
	some := func() int64 {
		for k := range rounds {
			_, _ = term.Write(thrown(rnd, 150))
			for range colours {
				_, _ = term.Write(fmt.Appendf(nil, "\x1b[38;2;%d;%d;%dm%c\u0301", rnd.IntN(256), rnd.IntN(256), k%256, 'a'+rune(rnd.IntN(26))))
			}
			term.Resize(1+rnd.IntN(300), 1+rnd.IntN(100))
			if err := check(term); err != nil {
				t.Fatal(err)
			}
			term.TakeReplies()
		}
		term.Resize(300, 100)
		return heap()
	}
	before := some()
	const most = 4 << 20 // of tables that are fuller than they were
	if grown := some() - before; grown > most {
		t.Errorf("%d bytes more after as much again", grown)
	} else {
		t.Logf("%d bytes more", grown)
	}
	goruntime.KeepAlive(term)
}
