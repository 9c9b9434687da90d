package vt

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Packed text is UTF-8. Bytes that no cell's text begins with announce a
// style, which holds until the next, and a character of several runes.
const (
	opStyle   = 1 // a mask, then what it names
	opCluster = 2 // a length with wideMarker, then the text

	maskFG     = 1
	maskBG     = 2
	maskUL     = 4
	maskAttr   = 8
	wideMarker = 0x80
)

// pack appends cells to b, which stands in the style before, and says in which it
// ends.
func (t *Terminal) pack(b []byte, cells []cell, before Style) ([]byte, Style) {
	at := styleID(0)
	if before != (Style{}) {
		b = append(b, opStyle, 0)
	}
	for _, c := range cells {
		if low := uint32(c); c.style() == at && (low-' ' < 0x5f || low == 0) { // nearly all
			b = append(b, byte(max(low, ' ')))
			continue
		}
		if c&cellTail != 0 {
			continue
		}
		if s := c.style(); s != at {
			at = s
			b = packStyle(b, t.styles.list[s])
		}
		switch r := rune(c.text()); {
		case c&cellCluster != 0:
			b = packCluster(b, t.clusters.list[c.text()])
		case r == 0:
			b = append(b, ' ')
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b, t.styles.list[at]
}

func packCluster(b []byte, c cluster) []byte {
	text := c.shown()
	n := byte(len(text))
	if c.wide {
		n |= wideMarker
	}
	b = append(b, opCluster, n)
	return append(b, text...)
}

func packStyle(b []byte, s Style) []byte {
	mask := len(b) + 1
	b = append(b, opStyle, 0)
	color := func(c Color, bit byte) {
		if c != 0 {
			b[mask] |= bit
			b = binary.LittleEndian.AppendUint32(b, uint32(c))
		}
	}
	color(s.FG, maskFG)
	color(s.BG, maskBG)
	color(s.UL, maskUL)
	if s.Attr != 0 || s.Underline != 0 {
		b[mask] |= maskAttr
		b = append(b, byte(s.Attr), byte(s.Underline))
	}
	return b
}

// unpack gives the glyphs of a packed line until each says false.
func (t *Terminal) unpack(b []byte, each func(glyph) bool) {
	var s Style
	for len(b) > 0 {
		g := glyph{style: s}
		switch c := b[0]; {
		case c == opStyle:
			s, b = unpackStyle(b[1:])
			continue
		case c == opCluster:
			n := int(b[1] &^ wideMarker)
			g.wide = b[1]&wideMarker != 0
			g.multi = string(b[2 : 2+n])
			b = b[2+n:]
		case c < utf8.RuneSelf:
			g.r = rune(c)
			b = b[1:]
		default:
			r, n := utf8.DecodeRune(b)
			g.r, g.wide = r, t.width(r) == 2
			b = b[n:]
		}
		if !each(g) {
			return
		}
	}
}

func unpackStyle(b []byte) (Style, []byte) {
	var s Style
	mask := b[0]
	b = b[1:]
	color := func(c *Color, bit byte) {
		if mask&bit != 0 {
			*c = Color(binary.LittleEndian.Uint32(b))
			b = b[4:]
		}
	}
	color(&s.FG, maskFG)
	color(&s.BG, maskBG)
	color(&s.UL, maskUL)
	if mask&maskAttr != 0 {
		s.Attr, s.Underline = Attr(b[0]), Underline(b[1])
		b = b[2:]
	}
	return s, b
}

// styleSize is how many bytes a style of this mask takes, the mask included.
func styleSize(mask byte) int {
	n := 1 + 4*bits.OnesCount8(mask&(maskFG|maskBG|maskUL))
	if mask&maskAttr != 0 {
		n += 2
	}
	return n
}
