package vt

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxPattern = 1000    // bytes
	maxProgram = 2000    // instructions of a regular expression: what one byte may cost
	maxMatches = 1 << 14 // of one line
	maxJoined  = 4       // lines of the scrollback that are put together again on either side
)

// Pattern is what Find looks for. It may be used by many terminals at once.
type Pattern struct {
	literal []byte
	re      *regexp.Regexp // instead of literal
	fold    bool           // text is made lower case before
}

// Compile makes a pattern of plain text or of a regular expression (RE2). One
// without capital letters finds both cases.
func Compile(pattern string, regex bool) (*Pattern, error) {
	switch {
	case pattern == "":
		return nil, errors.New("nothing to look for")
	case len(pattern) > maxPattern:
		return nil, errors.New("pattern is too long")
	case !utf8.ValidString(pattern):
		return nil, errors.New("pattern is no UTF-8")
	case !regex:
		fold := strings.ToLower(pattern) == pattern
		return &Pattern{literal: []byte(pattern), fold: fold}, nil
	}
	return compileRegex(pattern)
}

func compileRegex(pattern string) (*Pattern, error) {
	// Lower case text and a pattern as it is find the same as a pattern that
	// ignores case, in a fifth of the time; not where the pattern speaks of
	// capitals without having one.
	p := &Pattern{fold: true}
	for i := 0; i < len(pattern); i++ {
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
			if strings.IndexByte("xpP01234567", pattern[i]) >= 0 {
				p.fold = false
			}
		}
	}
	switch letters := escapes.ReplaceAllString(pattern, ""); {
	case strings.ToLower(letters) != letters:
		p.fold = false
	case !p.fold || strings.Contains(pattern, "[:"):
		p.fold = false
		pattern = "(?i)" + pattern
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	if len(prog.Inst) > maxProgram {
		return nil, errors.New("pattern is too large")
	}
	if p.re, err = regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	return p, nil
}

// escapes are parts of a pattern whose letters are no text.
var escapes = regexp.MustCompile(`\\[pP]\{[^}]*\}|\\[pP].|\\.|\[:\^?[a-z]+:\]`)

// Match is where a pattern was found: its first and its last column.
type Match struct{ First, Last Pos }

// On is the part of the match that lies in row n.
func (m Match) On(n uint64, look Look) (s Span, ok bool) {
	s = Span{From: 0, To: MaxCols, Look: look}
	if m.First.Row == n {
		s.From = m.First.Col
	}
	if m.Last.Row == n {
		s.To = m.Last.Col + 1
	}
	return s, m.First.Row <= n && n <= m.Last.Row
}

// Find looks for p: for the first match that begins at from or behind it, or,
// going back, the last that begins before it. A line that was wrapped is one
// line. After about rows rows it stops with more, so that the caller can let
// go of its lock, and goes on from next. After a match, next is where to look
// for the one after it.
func (t *Terminal) Find(p *Pattern, from Pos, back bool, rows int) (m Match, next Pos, found, more bool) {
	first, end := t.Rows()
	if !from.before(Pos{Row: end}) {
		from = Pos{Row: end}
	}
	if from.before(Pos{Row: first}) {
		from = Pos{Row: first}
	}
	n := from.Row
	if back && from.Col <= 0 {
		n--
	}
	for looked := 0; n >= first && n < end; {
		s := t.stretch(n)
		if m, found = t.findIn(p, s, from, back); found {
			next = m.First
			if !back {
				next = Pos{Row: m.Last.Row, Col: m.Last.Col + 1}
			}
			return m, next, true, false
		}
		looked += int(s.end - s.first)
		next, n = Pos{Row: s.end}, s.end
		if back {
			next, n = Pos{Row: s.first}, s.first-1
		}
		if looked >= rows && n >= first && n < end {
			return m, next, false, true
		}
	}
	return m, next, false, false
}

// MatchesIn gives all matches that touch rows from to to, both included.
func (t *Terminal) MatchesIn(p *Pattern, from, to uint64) []Match {
	first, end := t.Rows()
	from, to = max(from, first), min(to, end-1)
	var all []Match
	for n := from; n <= to; {
		s := t.stretch(n)
		for _, m := range t.locate(p, s, t.offsets(p, s)) {
			if m.Last.Row >= from && m.First.Row <= to && (len(all) == 0 || all[len(all)-1].Last.before(m.First)) {
				all = append(all, m)
			}
		}
		n = s.end
	}
	return all
}

// stretch is a line as far as it is put together: lines [i,j) of the
// scrollback and rows [y0,y1) of the screen.
type stretch struct {
	i, j, y0, y1 int
	first, end   uint64 // its rows
}

// stretch is the one that row n, which is kept, is a part of. Only what a
// program prints without end over hundreds of rows is not all of its line.
func (t *Terminal) stretch(n uint64) stretch {
	h := &t.hist
	var s stretch
	if y, ok := t.onScreen(n); ok {
		s.y0, s.y1 = y, y+1
		for s.y0 > 0 && t.cur.at(s.y0-1).wrapped {
			s.y0--
		}
		s.i, s.j = len(h.lines), len(h.lines)
		s.first = h.next + uint64(s.y0)
	} else {
		s.i = h.index(n)
		s.j = s.i + 1
		s.first = h.lines[s.i].first
	}
	if s.y0 == 0 && (s.y1 == 0 || t.cur == &t.main) {
		for k := 0; k < maxJoined && s.i > h.head && h.lines[s.i-1].open; k++ {
			s.i--
			s.first = h.lines[s.i].first
		}
	}
	for k := 0; k < maxJoined && s.j < len(h.lines) && h.lines[s.j-1].open; k++ {
		s.j++
	}
	if s.y1 == 0 && s.j == len(h.lines) && h.last().open && t.cur == &t.main {
		s.y1 = 1
	}
	if s.y1 == 0 {
		l := &h.lines[s.j-1]
		s.end = l.first + uint64(l.rows)
		return s
	}
	for s.y1 < t.rows && t.cur.at(s.y1-1).wrapped {
		s.y1++
	}
	s.end = h.next + uint64(s.y1)
	return s
}

// offsets is where the text of s matches, in bytes.
func (t *Terminal) offsets(p *Pattern, s stretch) [][]int {
	b := t.found[:0]
	for i := s.i; i < s.j; i++ {
		b = appendPacked(b, t.hist.bytes(&t.hist.lines[i]), p.fold)
	}
	for y := s.y0; y < s.y1; y++ {
		t.walkRow(y, func(_ int, g glyph) bool {
			b = g.appendText(b, p.fold)
			return true
		})
	}
	if t.found = b; cap(b) > 2*chunkSize {
		t.found = nil
	}
	return p.all(bytes.TrimRight(b, " "))
}

// all is where b matches; nothing is no match.
func (p *Pattern) all(b []byte) [][]int {
	var all [][]int
	if p.re != nil {
		for _, m := range p.re.FindAllIndex(b, maxMatches) {
			if m[0] < m[1] {
				all = append(all, m)
			}
		}
		return all
	}
	for at := 0; len(all) < maxMatches; {
		i := bytes.Index(b[at:], p.literal)
		if i < 0 {
			break
		}
		all = append(all, []int{at + i, at + i + len(p.literal)})
		at += i + len(p.literal)
	}
	return all
}

// findIn is Find in one stretch.
func (t *Terminal) findIn(p *Pattern, s stretch, from Pos, back bool) (Match, bool) {
	all := t.offsets(p, s)
	if len(all) == 0 {
		return Match{}, false
	}
	// Rows that a limit has cut off a line are not kept.
	oldest := t.offset(p, s, Pos{Row: t.hist.oldest()})
	at := t.offset(p, s, from)
	if back {
		for i := len(all) - 1; i >= 0; i-- {
			if all[i][0] < at && all[i][0] >= oldest {
				return t.locate(p, s, all[i:i+1])[0], true
			}
		}
		return Match{}, false
	}
	for i := range all {
		if all[i][0] >= max(at, oldest) {
			return t.locate(p, s, all[i:i+1])[0], true
		}
	}
	return Match{}, false
}

// walkStretch gives the glyphs of s and where the text of each begins and
// ends.
func (t *Terminal) walkStretch(p *Pattern, s stretch, each func(at Pos, g glyph, from, to int) bool) {
	off, on := 0, true
	var one [maxCluster * 2]byte
	take := func(n uint64, x int, g glyph) bool {
		size := len(g.appendText(one[:0], p.fold))
		off += size
		on = each(Pos{Row: n, Col: x}, g, off-size, off)
		return on
	}
	for i := s.i; on && i < s.j; i++ {
		t.walkLine(&t.hist.lines[i], 0, take)
	}
	for y := s.y0; on && y < s.y1; y++ {
		t.walkRow(y, func(x int, g glyph) bool { return take(t.hist.next+uint64(y), x, g) })
	}
}

// offset is where the text of s at or behind a place begins.
func (t *Terminal) offset(p *Pattern, s stretch, at Pos) int {
	switch {
	case !Pos{Row: s.first}.before(at):
		return 0
	case at.Row >= s.end:
		return math.MaxInt
	}
	off := math.MaxInt
	t.walkStretch(p, s, func(pos Pos, _ glyph, from, _ int) bool {
		if !pos.before(at) {
			off = from
			return false
		}
		return true
	})
	return off
}

// locate gives the places of offsets, which ascend.
func (t *Terminal) locate(p *Pattern, s stretch, all [][]int) []Match {
	if len(all) == 0 {
		return nil
	}
	places := make([]Match, 0, len(all))
	k, inside := 0, false
	var m Match
	t.walkStretch(p, s, func(at Pos, g glyph, _, to int) bool {
		for k < len(all) && all[k][0] < to {
			if !inside {
				m.First, inside = at, true
			}
			if all[k][1] > to {
				return true
			}
			m.Last = Pos{Row: at.Row, Col: min(at.Col+g.width(), t.cols) - 1}
			places = append(places, m)
			k++
			inside = false
		}
		return k < len(all)
	})
	return places
}

// appendPacked appends the text of a packed line.
func appendPacked(b, line []byte, fold bool) []byte {
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == opStyle:
			i += 1 + styleSize(line[i+1])
		case c == opCluster:
			n := int(line[i+1] &^ wideMarker)
			b = appendFolded(b, string(line[i+2:i+2+n]), fold)
			i += 2 + n
		case c < utf8.RuneSelf:
			if fold && c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			b = append(b, c)
			i++
		default:
			r, n := utf8.DecodeRune(line[i:])
			if fold {
				r = unicode.ToLower(r)
			}
			b = utf8.AppendRune(b, r)
			i += n
		}
	}
	return b
}

func appendFolded(b []byte, s string, fold bool) []byte {
	for _, r := range s {
		if fold {
			r = unicode.ToLower(r)
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

// appendText appends the text of g; a blank is a space.
func (g glyph) appendText(b []byte, fold bool) []byte {
	switch {
	case g.multi != "":
		return appendFolded(b, g.multi, fold)
	case g.r == 0:
		return append(b, ' ')
	case fold:
		return utf8.AppendRune(b, unicode.ToLower(g.r))
	}
	return utf8.AppendRune(b, g.r)
}
