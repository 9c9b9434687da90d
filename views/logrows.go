package views

import (
	"strings"
	"unicode/utf8"
)

const (
	// tabStop is how far tabs of a log go, in cells.
	tabStop = 8
	// mostMarks is how many marks may stand on one letter of a log: more are left out.
	mostMarks = 8
	// cellBytes is what a cell takes at most then, a letter and its marks.
	cellBytes = 4 * (1 + mostMarks)
	// commonBytes is what most cells take at most.
	commonBytes = 6
	// mostEscape is how long a control sequence is that is left out.
	mostEscape = 64
)

// LogText is a line of a log, or a piece of one, as it was read.
type LogText struct {
	Text  string   // foreign text
	Hits  [][2]int // what was searched for: byte ranges of Text, in order
	Begun bool     // it begins before this piece
	More  bool     // it goes on behind it
	Hole  int64    // bytes that were never written stand here; 0 = it is text
}

// LogShape is how lines are laid into rows.
type LogShape struct {
	Width int  // cells of a row
	Left  int  // cells left of the screen; without Wrap
	Wrap  bool // what is too long goes on in the next row
}

// LogKind is what a part of a row is.
type LogKind uint8

// The kinds.
const (
	LogPlain LogKind = iota
	LogHit           // what was searched for
	LogNote          // our own words
	LogCut           // something was left out here: the theme says how that looks
)

// LogBit is a part of a row: clean text of one kind.
type LogBit struct {
	Text string
	Kind LogKind
}

// LogRows lays a line into rows: most of them from one on, counted from 0. n is how
// many it has in all, at least one. It is for whoever reads the log, off the loop: a
// line may have 64 KiB.
func LogRows(line *LogText, s LogShape, from, most int) (rows [][]LogBit, n int) {
	s.Width = max(1, s.Width)
	if s.Wrap {
		return wrapBits(logBits(line, -1), s.Width, from, most)
	}
	if from > 0 || most < 1 {
		return nil, 1
	}
	return [][]LogBit{skipBits(logBits(line, s.Left+s.Width+1), s.Left, s.Width+1)}, 1
}

// LogCells is how many cells a text of a log takes, before it is cut.
func LogCells(text string) int {
	b := logBuilder{within: -1}
	b.clean(text, LogPlain)
	return b.col
}

// logBits are the clean parts of a line, those in the first cells alone; negative =
// all.
func logBits(line *LogText, within int) []LogBit {
	var b logBuilder
	b.within = within
	if line.Begun {
		b.put(" ", LogCut)
	}
	if line.Hole > 0 {
		b.put("("+Bytes(uint64(line.Hole))+" that were never written)", LogNote)
	}
	text := strings.TrimRight(line.Text, "\r")
	at := 0
	for _, hit := range line.Hits {
		if hit[0] < at || hit[1] <= hit[0] || hit[1] > len(text) {
			continue
		}
		b.clean(text[at:hit[0]], LogPlain)
		b.clean(text[hit[0]:hit[1]], LogHit)
		at = hit[1]
	}
	b.clean(text[at:], LogPlain)
	if line.More {
		b.put(" ", LogCut)
	}
	return b.all
}

// logBuilder makes parts.
type logBuilder struct {
	all    []LogBit
	col    int // cells so far
	within int // as many are wanted; negative = all
}

func (b *logBuilder) put(clean string, kind LogKind) {
	if clean == "" {
		return
	}
	clean = fewMarks(clean)
	b.col += Width(clean)
	if n := len(b.all); n > 0 && b.all[n-1].Kind == kind && kind != LogCut && len(b.all[n-1].Text) < mostEscape {
		b.all[n-1].Text += clean
		return
	}
	b.all = append(b.all, LogBit{clean, kind})
}

// clean adds foreign text: tabs go on to the next stop, and the sequences that give
// colours and move the cursor (CSI of ECMA-48) are left out, as they say nothing here.
func (b *logBuilder) clean(s string, kind LogKind) {
	for s != "" && (b.within < 0 || b.col < b.within) {
		i := strings.IndexAny(s, "\t\x1b")
		if i < 0 {
			i = len(s)
		}
		// A piece at a time: of an endless line the beginning may be enough.
		if most := max(mostEscape, cellBytes*b.within); b.within >= 0 && i > most {
			for i = most; i < len(s) && i < most+utf8.UTFMax && !utf8.RuneStart(s[i]); {
				i++
			}
		}
		b.put(Clean(s[:i]), kind)
		if s = s[i:]; s == "" {
			return
		}
		switch n := escapeLen(s); {
		case s[0] == '\t':
			b.put(blank(tabStop-b.col%tabStop), kind)
			s = s[1:]
		case n > 0:
			s = s[n:]
		case s[0] == '\x1b':
			b.put(Clean(s[:1]), kind)
			s = s[1:]
		}
	}
}

// escapeLen is how long the control sequence is that a text begins with; 0 = none.
func escapeLen(s string) int {
	if len(s) < 3 || s[0] != '\x1b' || s[1] != '[' {
		return 0
	}
	for i := 2; i < min(len(s), mostEscape); i++ {
		switch c := s[i]; {
		case c >= 0x40 && c <= 0x7e:
			return i + 1
		case c < 0x20 || c > 0x3f:
			return 0
		}
	}
	return 0
}

// fewMarks leaves out marks of which too many stand on one letter.
func fewMarks(s string) string {
	if len(s) < mostMarks || ascii(s) {
		return s
	}
	var b strings.Builder
	run, from := 0, 0
	for i, r := range s {
		if r < utf8.RuneSelf || !joins(r) {
			run = 0
			continue
		}
		if run++; run > mostMarks {
			b.WriteString(s[from:i])
			from = i + utf8.RuneLen(r)
		}
	}
	if from == 0 {
		return s
	}
	b.WriteString(s[from:])
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// headCells gives the longest start of clean text in at most w cells, and how many it
// takes. What it costs does not depend on how long the text is.
func headCells(s string, w int) (head string, n int) {
	if ascii(s[:min(len(s), w+1)]) {
		head = s[:min(len(s), w)]
		return head, len(head)
	}
	for _, per := range [...]int{commonBytes, cellBytes} {
		part := s
		if most := per*w + cellBytes; most < len(s) {
			for most > 0 && !utf8.RuneStart(s[most]) {
				most--
			}
			part = s[:most]
		}
		if head = cells(part, w); len(head) < len(part) || len(part) == len(s) {
			break
		}
	}
	if head != "" { // marks on an ASCII letter are cut off by it
		rest := s[len(head):]
		head = s[:len(head)+len(rest)-len(strings.TrimLeftFunc(rest, joins))]
	}
	return head, Width(head)
}

// skipBits is what stands behind so many cells, in at most w cells.
func skipBits(all []LogBit, skip, w int) []LogBit {
	var out []LogBit
	for _, b := range all {
		part := b.Text
		for skip > 0 && part != "" {
			head, n := headCells(part, skip)
			if head == "" { // a wide character across the edge
				head, n = headCells(part, skip+1)
			}
			if head == "" {
				break
			}
			skip, part = max(0, skip-n), part[len(head):]
			if skip == 0 && part != "" {
				part = fewMarks(Clean(part)) // marks at its beginning stand on nothing any more
			}
		}
		if skip > 0 || part == "" {
			continue
		}
		head, n := headCells(part, w)
		if head != "" {
			out = append(out, LogBit{head, b.Kind})
		}
		if w -= n; w <= 0 || head == "" {
			break
		}
	}
	return out
}

// wrapBits lays parts into rows of w cells.
func wrapBits(all []LogBit, w, from, most int) (rows [][]LogBit, n int) {
	var row []LogBit
	left := w
	end := func() {
		if n >= from && len(rows) < most {
			rows = append(rows, row)
		}
		row, left = nil, w
		n++
	}
	for _, b := range all {
		for part := b.Text; part != ""; {
			if left == 0 {
				end()
			}
			head, took := headCells(part, left)
			switch {
			case head != "":
			case left < w: // a wide character that does not fit any more
				end()
				continue
			default: // and one that never does
				_, size := utf8.DecodeRuneInString(part)
				part = strings.TrimLeftFunc(part[size:], joins)
				row, left = append(row, LogBit{" ", LogCut}), left-1
				continue
			}
			if n >= from && len(rows) < most {
				row = append(row, LogBit{head, b.Kind})
			}
			part, left = part[len(head):], left-took
		}
	}
	end()
	return rows, n
}
