package views

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Clean makes foreign text safe to print: whatever could steer a terminal,
// hide, reorder or misalign text becomes a visible escape in Go's notation:
//
//	\n \t \r       line feed, tab, carriage return
//	\x1b \x7f      the other C0 controls and DEL
//	\u009b \u202e  C1, bidirectional and zero-width controls, line separators,
//	               unassigned code points, marks without a letter before them
//	\xff           a byte that is not UTF-8
//
// Text without any of these comes back unchanged and unallocated, so
// Clean(Clean(s)) == Clean(s). A backslash in s stays as it is: the result is
// for reading, not for parsing back.
func Clean(s string) string {
	i := firstDirty(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:i])
	free := true // the mark at i, if it is one, has nothing to stand on
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			escapeByte(&b, s[i])
		case dirty(r), free && joins(r):
			escapeRune(&b, r)
		default:
			b.WriteString(s[i : i+n])
		}
		free = r == ' '
		i += n
	}
	return b.String()
}

// firstDirty is the index of the first byte that Clean changes, -1 = none.
func firstDirty(s string) int {
	free := true
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7f {
				return i
			}
			free = c == ' '
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && n == 1) || dirty(r) || free && joins(r) {
			return i
		}
		free = false
		i += n
	}
	return -1
}

// dirty says whether a rune must not reach the terminal as it is.
func dirty(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0xad:
		return false
	case !unicode.IsGraphic(r):
		return true // bidi and zero-width controls, tags, separators, private and unassigned ones
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
		return true // fillers and selectors that show nothing or change a width
	case r >= 0x1f3fb && r <= 0x1f3ff, r >= 0x1f1e6 && r <= 0x1f1ff, r >= 0x1160 && r <= 0x11ff, r >= 0xd7b0 && r <= 0xd7ff:
		return true // skin tones, flags, conjoining jamo: terminals disagree on how wide they are
	default:
		return prepended(r)
	}
}

// joins says whether a rune stands on the one before it, even on a blank.
func joins(r rune) bool {
	switch r {
	case 0x0e33, 0x0eb3, 0xff9e, 0xff9f: // letters that extend a cluster (UAX 29)
		return true
	default:
		return unicode.Is(unicode.M, r)
	}
}

// prepended says whether a rune joins the character after it into one cluster
// (Grapheme_Cluster_Break=Prepend, UAX 29): beside a blank of ours it would
// swallow a cell.
func prepended(r rune) bool {
	switch {
	case r == 0x0d4e, r == 0x113d1, r == 0x1193f, r == 0x11941, r == 0x11a3a, r == 0x11d46, r == 0x11f02:
		return true
	default:
		return r >= 0x111c2 && r <= 0x111c3 || r >= 0x11a84 && r <= 0x11a89
	}
}

const hexDigits = "0123456789abcdef"

func escapeByte(b *strings.Builder, c byte) {
	b.WriteString(`\x`)
	b.WriteByte(hexDigits[c>>4])
	b.WriteByte(hexDigits[c&15])
}

func escapeRune(b *strings.Builder, r rune) {
	switch r {
	case '\n':
		b.WriteString(`\n`)
		return
	case '\t':
		b.WriteString(`\t`)
		return
	case '\r':
		b.WriteString(`\r`)
		return
	}
	digits := 8
	switch {
	case r < 0x80:
		escapeByte(b, byte(r))
		return
	case r <= 0xffff:
		digits = 4
		b.WriteString(`\u`)
	default:
		b.WriteString(`\U`)
	}
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b.WriteByte(hexDigits[r>>shift&15])
	}
}

// Width is how many cells clean plain text takes. Characters count by
// grapheme cluster, as the renderer does.
func Width(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < 0x20 {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// Cut shortens clean plain text to at most w cells; what is cut is shown by
// the theme's ellipsis in the last cell.
func (t *Theme) Cut(s string, w int) string {
	if len(s) <= w || Width(s) <= w {
		return s
	}
	if w <= 0 {
		return ""
	}
	return ansi.Truncate(s, w, t.Glyphs.Ellipsis)
}

// cutName shortens what a container is called. Of a path, which stands where
// there are two of a name, the end is what tells.
func (t *Theme) cutName(s string, w int) string {
	dots := Width(t.Glyphs.Ellipsis)
	if !strings.HasPrefix(s, "/") || w <= dots || Width(s) <= w {
		return t.Cut(s, w)
	}
	return t.Glyphs.Ellipsis + tailCells(s, w-dots)
}

// cells gives the longest start of clean plain text that takes at most w cells.
func cells(s string, w int) string {
	if w <= 0 {
		return ""
	}
	return ansi.Truncate(s, w, "")
}

// spaces holds more blanks than most rows need, so that padding allocates nothing.
const spaces = "                                                                                                                                                                                                                                                                "

// blank is n spaces.
func blank(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(spaces):
		return spaces[:n]
	default:
		return strings.Repeat(" ", n)
	}
}
