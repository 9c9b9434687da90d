package vt

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

const (
	zwj         = 0x200d
	replacement = 0xfffd
)

// charset is a graphic set that a program can designate.
type charset uint8

const (
	ascii charset = iota
	decGraphics
	british
)

// charsets is what is designated as G0 to G3, which of them is locked in, and
// which holds for one character (SS2, SS3).
type charsets struct {
	g      [4]charset
	gl     uint8
	single uint8 // 2 or 3, 0 for none
}

// plain says that ASCII means itself.
func (c *charsets) plain() bool { return c.g[c.gl] == ascii && c.single == 0 }

func (c *charsets) translate(b byte) rune {
	set := c.g[c.gl]
	if c.single != 0 {
		set = c.g[c.single]
		c.single = 0
	}
	switch {
	case set == decGraphics && b >= 0x60 && b <= 0x7e:
		return graphics[b-0x60]
	case set == british && b == '#':
		return '£'
	}
	return rune(b)
}

// graphics is DEC Special Graphics, 0x60 to 0x7e (VT220 programmer reference,
// table 2-4). The blank at 0x5f is left out, as in tmux: it is in no terminfo.
var graphics = [...]rune{
	'◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺',
	'⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
}

// widthEntry remembers how wide a rune is; one in 256 slots.
type widthEntry struct {
	r rune
	w int8
}

// width is the number of columns of r: 0 for what combines, -1 for what must
// not be shown.
func (t *Terminal) width(r rune) int {
	e := &t.widths[uint8(r)^uint8(r>>8)]
	if e.r != r {
		*e = widthEntry{r, int8(runeWidth(r))}
	}
	return int(e.w)
}

func runeWidth(r rune) int {
	switch {
	case r < 0xa0:
		return -1 // C0, DEL, C1
	case r == 0x61c, r >= 0x200e && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return -1 // bidi controls: they would turn around what stands beside the pane
	case r == 0x200b, r >= 0x2060 && r <= 0x2064, r >= 0x206a && r <= 0x206f, r == 0xfeff, r == 0x2028, r == 0x2029,
		r >= 0xfff9 && r <= 0xfffb, r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
		return -1 // invisible, or no characters at all
	case r == 0xad:
		return 1
	case regional(r):
		return 1 // two of them make one wide character
	case r >= 0x1160 && r <= 0x11ff:
		return 0 // Hangul vowels and finals join the syllable before them
	}
	return displaywidth.Rune(r)
}

func regional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// utf8 takes one character, or what of it has come, and says how many bytes
// of p it took. An ill-formed sequence becomes one U+FFFD for its longest
// well-formed beginning (Unicode 3.9, table 3-8).
func (t *Terminal) utf8(p []byte) int {
	ps := &t.parser
	if ps.un == 0 {
		if r, n := utf8.DecodeRune(p); r != utf8.RuneError || n > 1 {
			t.putRune(r)
			return n
		}
	}
	took := 0
	for took < len(p) {
		if ps.un > 0 && !continues(ps.utf[:ps.un], p[took]) {
			break
		}
		ps.utf[ps.un] = p[took]
		ps.un++
		took++
		if r, n := utf8.DecodeRune(ps.utf[:ps.un]); r != utf8.RuneError || n > 1 {
			ps.un = 0
			t.putRune(r)
			return took
		}
		if ps.un == 1 && !leads(ps.utf[0]) {
			break
		}
	}
	if took == len(p) && (ps.un != 1 || leads(ps.utf[0])) {
		return took // the rest is still to come
	}
	ps.un = 0
	t.putRune(replacement)
	return took
}

// leads says whether b can start a character of several bytes.
func leads(b byte) bool { return b >= 0xc2 && b <= 0xf4 }

// continues says whether b can follow the unfinished character so far.
func continues(so []byte, b byte) bool {
	lo, hi := byte(0x80), byte(0xbf)
	if len(so) == 1 {
		switch so[0] {
		case 0xe0:
			lo = 0xa0
		case 0xed:
			hi = 0x9f
		case 0xf0:
			lo = 0x90
		case 0xf4:
			hi = 0x8f
		}
	}
	return b >= lo && b <= hi
}

// printASCII writes a run of printable ASCII: the way nearly all bytes take.
func (t *Terminal) printASCII(p []byte) {
	if t.mode&modeInsert != 0 || t.mode&modeWrap == 0 || !t.cs.plain() {
		for _, b := range p {
			t.put(cell(t.cs.translate(b)), 1)
		}
		return
	}
	base := cell(t.sid) << cellBits
	for len(p) > 0 {
		if t.x >= t.cols {
			t.wrap()
		}
		r := t.cur.at(t.y)
		n := min(len(p), t.cols-t.x)
		if r.wide {
			r.mend(t.x)
			r.mend(t.x + n)
		}
		dst := r.cells[t.x : t.x+n]
		for i, b := range p[:n] {
			dst[i] = base | cell(b)
		}
		t.x += n
		r.used = max(r.used, t.x)
		t.touch(r)
		t.last = rune(p[n-1])
		p = p[n:]
	}
}

// wrap does what the pending wrap promised. A row that this scrolls in is
// blank in the default style: coloured text that is too long does not colour
// the rest of a row.
func (t *Terminal) wrap() {
	t.cur.at(t.y).wrapped = true
	pen := t.blankID
	t.blankID = 0
	t.lineFeed()
	t.blankID = pen
	t.x = 0
}

// putRune writes one character that is not ASCII.
func (t *Terminal) putRune(r rune) {
	t.cs.single = 0
	w := t.width(r)
	switch {
	case w < 0:
	case w == 0:
		t.combine(r)
	case t.join(r):
	default:
		c := cell(r)
		if w == 2 {
			c |= cellWide
		}
		t.put(c, w)
	}
}

// put writes a character of w columns at the cursor.
func (t *Terminal) put(c cell, w int) {
	if w > t.cols {
		return
	}
	if t.x > t.cols-w {
		if t.mode&modeWrap == 0 {
			if w == 2 {
				return // no room for all of it
			}
			t.x = t.cols - 1
		} else {
			if r := t.cur.at(t.y); t.x < t.cols && r.cells[t.x].text() == 0 {
				r.cells[t.x] |= cellSpacer
				r.used = t.cols
			}
			t.wrap()
		}
	}
	if t.mode&modeInsert != 0 {
		t.insertChars(w)
	}
	if c&cellCluster == 0 {
		t.last = rune(c.text())
	}
	r := t.cur.at(t.y)
	if r.wide {
		r.mend(t.x)
		r.mend(t.x + w)
	}
	c |= cell(t.sid) << cellBits
	r.cells[t.x] = c
	if w == 2 {
		r.wide = true
		r.cells[t.x+1] = cellTail | cell(t.sid)<<cellBits
	}
	t.x += w
	r.used = max(r.used, t.x)
	t.touch(r)
	if t.mode&modeWrap == 0 && t.x >= t.cols {
		t.x = t.cols - 1
	}
}

// previous is the column of the character before the cursor, -1 for none.
func (t *Terminal) previous() int {
	x := min(t.x, t.cols) - 1
	if x > 0 && t.cur.at(t.y).cells[x]&cellTail != 0 {
		x--
	}
	return x
}

// combine adds a mark without width to the character before the cursor.
func (t *Terminal) combine(r rune) {
	x := t.previous()
	if x < 0 || r == zwj && t.joining(x) {
		return
	}
	t.last = 0
	t.extend(x, r, false)
}

// joining says that the character at column x waits for one to join it.
func (t *Terminal) joining(x int) bool {
	c := t.cur.at(t.y).cells[x]
	return c&cellCluster != 0 && strings.HasSuffix(t.clusters.list[c.text()].text, string(rune(zwj)))
}

// join adds a character with width to the one before the cursor where the two
// are one: after a zero width joiner, and the second half of a flag.
func (t *Terminal) join(r rune) bool {
	x := t.previous()
	if x < 0 {
		return false
	}
	if t.joining(x) {
		return t.extend(x, r, false)
	}
	row := t.cur.at(t.y)
	c := row.cells[x]
	if c&cellCluster != 0 {
		return false
	}
	if !regional(r) || !regional(rune(c.text())) || t.x >= t.cols {
		return false
	}
	row.mend(t.x + 1)
	if !t.extend(x, r, true) {
		return false
	}
	row.cells[t.x] = cellTail | cell(c.style())<<cellBits
	row.wide = true
	t.x++
	row.used = max(row.used, t.x)
	return true
}

// extend makes the character at column x a cluster with r at its end. wider
// makes it two columns wide. It says false where that would be too long.
func (t *Terminal) extend(x int, r rune, wider bool) bool {
	row := t.cur.at(t.y)
	c := row.cells[x]
	text := t.cellText(c)
	if text == "" {
		text = " "
	}
	if len(text)+utf8.RuneLen(r) > maxCluster {
		return false
	}
	wide := wider || c&cellWide != 0
	id, ok := t.clusterID(cluster{text + string(r), wide})
	if !ok {
		return false
	}
	c = row.cells[x] // the collection may have numbered its style anew
	c = c&^(cellTextMask|cellSpacer) | cellCluster | cell(id)
	if wide {
		c |= cellWide
	}
	row.cells[x] = c
	row.used = max(row.used, x+1)
	t.touch(row)
	return true
}

// cellText is the character of a cell, "" for a blank.
func (t *Terminal) cellText(c cell) string {
	switch {
	case c&cellCluster != 0:
		return t.clusters.list[c.text()].text
	case c.text() == 0:
		return ""
	}
	return string(rune(c.text()))
}
