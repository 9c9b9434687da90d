package logfile

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// needle is a literal that is looked for.
type needle struct {
	text []byte
	size int // bytes of it, in whatever case
	zero bool
	fold [][][]byte // its characters, each in all cases; nil = as it stands
	// values are the bytes that may stand at each place, where case does not matter.
	values [][]byte
	anchor int // the place to look at first in short texts
}

// newNeedle makes one. Where case does not matter, characters whose other case has
// as many bytes in UTF-8 have both; all others are only themselves.
func newNeedle(text string, fold bool) needle {
	n := needle{text: []byte(text), size: len(text), zero: strings.IndexByte(text, 0) >= 0}
	if !fold {
		return n
	}
	for rest := text; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		forms := [][]byte{[]byte(rest[:size])}
		if r != utf8.RuneError {
			forms = append(forms[:0], otherCases(r, false)...)
		}
		n.fold = append(n.fold, forms)
		for i := range size {
			var values []byte
			for _, f := range forms {
				if bytes.IndexByte(values, f[i]) < 0 {
					values = append(values, f[i])
				}
			}
			n.values = append(n.values, values)
		}
		rest = rest[size:]
	}
	n.anchor = n.rarest(func(b byte) int {
		// Of what logs hold much of, roughly in order.
		const often = "zjqxkvbwyfpgmhudclnrsiatoe0-.:123456789/= "
		return strings.IndexByte(often, lower(b)) + 1
	})
	return n
}

// otherCases are a character and its other cases that have as many bytes, in UTF-8.
// With all set there are none where one has another number of bytes.
func otherCases(r rune, all bool) [][]byte {
	size := utf8.RuneLen(r)
	forms := [][]byte{utf8.AppendRune(nil, r)}
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		switch {
		case utf8.RuneLen(other) == size:
			forms = append(forms, utf8.AppendRune(nil, other))
		case all:
			return nil
		}
	}
	return forms
}

// rarest is the place of which the fewest bytes are seen.
func (n *needle) rarest(seen func(byte) int) int {
	best, least := 0, -1
	for i, values := range n.values {
		sum := 0
		for _, v := range values {
			sum += seen(v)
		}
		if least < 0 || sum < least {
			best, least = i, sum
		}
	}
	return best
}

// sampled is how much of a longer text is counted, in bytes, to see what is rare in
// it.
const sampled = 512

// index is where the needle stands first in a text; -1 = it does not.
func (n *needle) index(b []byte) int {
	if n.fold == nil {
		return bytes.Index(b, n.text)
	}
	if len(b) < n.size {
		return -1
	}
	anchor := n.anchor
	if len(b) >= 16*sampled {
		var seen [256]int
		for _, c := range b[len(b)/2:][:sampled] {
			seen[c]++
		}
		anchor = n.rarest(func(c byte) int { return seen[c] })
	}
	values := n.values[anchor]
	if len(values) > maxCases {
		return -1 // cannot be: see maxCases
	}
	var next [maxCases]int // where each value comes next
	for i := range next {
		next[i] = -1
	}
	last := len(b) - n.size + anchor // where the anchor can be
	for at := anchor; at <= last; {
		best := len(b)
		for i, v := range values {
			if next[i] < at {
				next[i] = len(b)
				if k := bytes.IndexByte(b[at:], v); k >= 0 {
					next[i] = at + k
				}
			}
			best = min(best, next[i])
		}
		if best > last {
			return -1
		}
		if n.begins(b[best-anchor:]) {
			return best - anchor
		}
		at = best + 1
	}
	return -1
}

// maxCases is how many cases a character has at most. Unicode knows four.
const maxCases = 8

// begins says whether a text begins with the needle.
func (n *needle) begins(b []byte) bool {
	for _, forms := range n.fold {
		if !equalAny(b, forms) {
			return false
		}
		b = b[len(forms[0]):]
	}
	return true
}

// each tells of every place of the needle in a text, of those before an offset.
func (n *needle) each(b []byte, before int, found func(at int)) {
	b = b[:min(len(b), before+n.size-1)]
	for at := 0; at < before; at++ {
		i := n.index(b[at:])
		if i < 0 {
			return
		}
		at += i
		found(at)
	}
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b | 0x20
	}
	return b
}

// equalAny says whether a text begins with one of some forms, all of one length.
func equalAny(b []byte, forms [][]byte) bool {
	for _, f := range forms {
		if bytes.HasPrefix(b, f) {
			return true
		}
	}
	return false
}
