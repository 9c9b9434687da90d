package vt

import (
	"strconv"
	"strings"
)

// Color is a colour of a cell: the terminal's default, one of the 256 indexed
// ones, or 24 bits of red, green and blue.
type Color uint32

const (
	colorIndexed Color = 1 << 24
	colorRGB     Color = 1 << 25
)

// Indexed is colour n of the 256.
func Indexed(n uint8) Color { return colorIndexed | Color(n) }

// RGB is a colour by its parts.
func RGB(r, g, b uint8) Color { return colorRGB | Color(r)<<16 | Color(g)<<8 | Color(b) }

// Default says that the colour is the terminal's own.
func (c Color) Default() bool { return c == 0 }

// Index gives the number of an indexed colour.
func (c Color) Index() (n uint8, ok bool) { return uint8(c), c&colorIndexed != 0 }

// RGB gives the parts of a direct colour.
func (c Color) RGB() (r, g, b uint8, ok bool) {
	return uint8(c >> 16), uint8(c >> 8), uint8(c), c&colorRGB != 0
}

// Attr is a set of text attributes.
type Attr uint16

// The attributes SGR knows (ECMA-48 8.3.117).
const (
	Bold Attr = 1 << iota
	Dim
	Italic
	Blink
	Reverse
	Conceal
	Strike
	Overline
)

// Underline is the style of an underline (SGR 4:n).
type Underline uint8

// The underline styles.
const (
	NoUnderline Underline = iota
	Single
	Double
	Curly
	Dotted
	Dashed
)

// Style is all that SGR can say of a cell.
type Style struct {
	FG, BG, UL Color // UL is the underline's colour
	Attr       Attr
	Underline  Underline
}

type styleID uint16

const (
	maxStyles   = 1 << 15
	roomCoarse  = 1 << 12 // above maxStyles, for rounded colours only
	maxClusters = 1 << 14
	maxCluster  = 32 // bytes of one character with all that combines with it
)

// styles gives every style in use a number. It is bounded: when it is full the
// screens are searched for what is still in use (see Terminal.collect).
type styles struct {
	list []Style
	ids  map[Style]styleID
}

func newStyles() styles {
	return styles{list: []Style{{}}, ids: map[Style]styleID{{}: 0}}
}

// id finds or adds s; ok is false when the table already holds limit styles.
func (t *styles) id(s Style, limit int) (id styleID, ok bool) {
	if id, ok = t.ids[s]; ok {
		return id, true
	}
	if len(t.list) >= limit {
		return 0, false
	}
	id = styleID(len(t.list))
	t.list = append(t.list, s)
	t.ids[s] = id
	return id, true
}

// clusters gives every multi-rune character in use a number, like styles.
type clusters struct {
	list []cluster
	ids  map[cluster]uint32
}

// cluster is a character of several runes and the columns it takes.
type cluster struct {
	text string
	wide bool
}

// shown is the text without a joiner that nothing has joined.
func (c cluster) shown() string { return strings.TrimSuffix(c.text, string(rune(zwj))) }

func newClusters() clusters { return clusters{ids: map[cluster]uint32{}} }

func (t *clusters) id(c cluster) (id uint32, ok bool) {
	if id, ok = t.ids[c]; ok {
		return id, true
	}
	if len(t.list) >= maxClusters {
		return 0, false
	}
	id = uint32(len(t.list))
	t.list = append(t.list, c)
	t.ids[c] = id
	return id, true
}

// coarse is s with direct colours rounded to the 6x6x6 cube: what a style
// becomes when the table is full of styles that are all on screen.
func (s Style) coarse() Style {
	s.FG, s.BG, s.UL = s.FG.coarse(), s.BG.coarse(), 0
	return s
}

func (c Color) coarse() Color {
	r, g, b, ok := c.RGB()
	if !ok {
		return c
	}
	const step = 43 // 256 shades in six parts
	return Indexed(uint8(16 + int(r)/step*36 + int(g)/step*6 + int(b)/step))
}

var attrCodes = [...]struct {
	attr Attr
	code byte
}{{Bold, '1'}, {Dim, '2'}, {Italic, '3'}, {Blink, '5'}, {Reverse, '7'}, {Conceal, '8'}, {Strike, '9'}}

// appendSGR writes the sequence that sets exactly s, whatever was set before.
func (s Style) appendSGR(b []byte) []byte {
	b = append(b, "\x1b["...)
	if s == (Style{}) {
		return append(b, 'm')
	}
	b = append(b, '0')
	for _, a := range attrCodes {
		if s.Attr&a.attr != 0 {
			b = append(b, ';', a.code)
		}
	}
	switch s.Underline {
	case NoUnderline:
	case Single:
		b = append(b, ";4"...)
	default:
		b = append(b, ";4:"...)
		b = append(b, '0'+byte(s.Underline))
	}
	if s.Attr&Overline != 0 {
		b = append(b, ";53"...)
	}
	b = appendColor(b, s.FG, 30, 90, "38")
	b = appendColor(b, s.BG, 40, 100, "48")
	b = appendUnderlineColor(b, s.UL)
	return append(b, 'm')
}

func appendColor(b []byte, c Color, low, high int64, direct string) []byte {
	if n, ok := c.Index(); ok {
		b = append(b, ';')
		switch {
		case n < 8:
			return strconv.AppendInt(b, low+int64(n), 10)
		case n < 16:
			return strconv.AppendInt(b, high+int64(n)-8, 10)
		}
		b = append(append(b, direct...), ";5;"...)
		return strconv.AppendInt(b, int64(n), 10)
	}
	if r, g, bl, ok := c.RGB(); ok {
		b = append(append(append(b, ';'), direct...), ";2;"...)
		return appendTriple(b, r, g, bl, ';')
	}
	return b
}

// appendUnderlineColor uses colons: a terminal that does not know 58 would
// take the parts of the semicolon form for blink and faint.
func appendUnderlineColor(b []byte, c Color) []byte {
	if n, ok := c.Index(); ok {
		return strconv.AppendInt(append(b, ";58:5:"...), int64(n), 10)
	}
	if r, g, bl, ok := c.RGB(); ok {
		return appendTriple(append(b, ";58:2::"...), r, g, bl, ':')
	}
	return b
}

func appendTriple(b []byte, r, g, bl uint8, sep byte) []byte {
	b = strconv.AppendInt(b, int64(r), 10)
	b = strconv.AppendInt(append(b, sep), int64(g), 10)
	return strconv.AppendInt(append(b, sep), int64(bl), 10)
}
