package vt

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// check looks for anything that must never be, whatever a program printed.
func check(t *Terminal) error {
	if c := t.Cursor(); c.X < 0 || c.X >= t.cols || c.Y < 0 || c.Y >= t.rows {
		return fmt.Errorf("cursor %d,%d outside %dx%d", c.X, c.Y, t.cols, t.rows)
	}
	if t.top < 0 || t.bot >= t.rows || t.top > t.bot {
		return fmt.Errorf("margins %d-%d of %d rows", t.top, t.bot, t.rows)
	}
	if len(t.replies) > maxReplies {
		return fmt.Errorf("%d bytes of replies", len(t.replies))
	}
	if len(t.cur.ring) != t.rows || len(t.main.ring) != t.rows {
		return fmt.Errorf("%d and %d rows of %d", len(t.cur.ring), len(t.main.ring), t.rows)
	}
	for y := range t.rows {
		if err := checkRow(t.cur.at(y), t.cols); err != nil {
			return fmt.Errorf("row %d: %w", y, err)
		}
		if err := checkLine(t.Line(y), t.cols); err != nil {
			return fmt.Errorf("line %d: %w", y, err)
		}
	}
	n := t.ScrollbackLen()
	if n > t.hist.limit {
		return fmt.Errorf("scrollback of %d rows, %d allowed", n, t.hist.limit)
	}
	for _, i := range []int{0, n / 2, n - 1} {
		if err := checkLine(t.ScrollLine(i), t.cols); err != nil {
			return fmt.Errorf("scrollback %d of %d: %w", i, n, err)
		}
	}
	if s := t.Title(); strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > maxTitle {
		return fmt.Errorf("title %q", s)
	}
	return nil
}

func checkRow(r *row, cols int) error {
	if len(r.cells) != cols || r.used > cols {
		return fmt.Errorf("%d cells, %d used of %d", len(r.cells), r.used, cols)
	}
	for x, c := range r.cells {
		switch {
		case x >= r.used && c != 0:
			return fmt.Errorf("cell %d behind the %d used is %x", x, r.used, uint64(c))
		case c&cellTail != 0 && (x == 0 || r.cells[x-1]&cellWide == 0):
			return fmt.Errorf("cell %d is half a character", x)
		case c&cellWide != 0 && (x+1 == cols || r.cells[x+1]&cellTail == 0):
			return fmt.Errorf("cell %d lacks its right half", x)
		case c&(cellWide|cellTail) != 0 && !r.wide:
			return fmt.Errorf("cell %d is wide in a row that knows of none", x)
		}
	}
	return nil
}

// checkLine judges a painted line with x/ansi's counters, both of them.
func checkLine(s string, cols int) error {
	if a, b := ansi.StringWidth(s), ansi.StringWidthWc(s); a != cols || b != cols {
		return fmt.Errorf("%q is %d or %d wide, not %d", s, a, b, cols)
	}
	if !strings.HasSuffix(s, "\x1b[m") {
		return fmt.Errorf("%q does not end in a reset", s)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is no UTF-8", s)
	}
	for rest := s; ; {
		text, after, found := strings.Cut(rest, "\x1b")
		if strings.ContainsFunc(text, foreign) {
			return fmt.Errorf("%q holds a control character", s)
		}
		if !found {
			return nil
		}
		end := strings.IndexFunc(after, func(r rune) bool { return !strings.ContainsRune("0123456789;:[", r) })
		if end < 1 || after[0] != '[' || after[end] != 'm' {
			return fmt.Errorf("%q holds a sequence that is not SGR", s)
		}
		rest = after[end+1:]
	}
}

// foreign says that r must not reach the outer terminal.
func foreign(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029 || r == 0xfeff
}

// checkViews asks for rows, text, matches and marks at places that are there
// and at some that are not.
func checkViews(t *Terminal) error {
	first, end := t.Rows()
	if end-first != uint64(t.ScrollbackLen()+t.rows) {
		return fmt.Errorf("rows %d to %d with %d of scrollback", first, end, t.ScrollbackLen())
	}
	spans := []Span{{From: 1, To: 3, Look: LookMatch}, {From: 2, To: MaxCols, Look: LookSelected}, {From: -1, To: 1, Look: LookCurrent}}
	letter, err := Compile("[a-z\u6f22]+", true)
	if err != nil {
		return err
	}
	for _, n := range []uint64{first, (first + end) / 2, t.ScreenRow(), end - 1, end, noRow, first - 1} {
		if err := checkLine(t.Row(n, spans), t.cols); err != nil {
			return fmt.Errorf("row %d of %d to %d: %w", n, first, end, err)
		}
		if s := t.RowPlain(n); strings.ContainsFunc(s, foreign) {
			return fmt.Errorf("plain row %d is %q", n, s)
		}
		if a, b := t.LogicalLine(n); a < first || b >= end || a > b {
			return fmt.Errorf("the line of row %d is %d to %d of %d to %d", n, a, b, first, end)
		}
		for _, x := range []int{0, t.cols - 1, -5, 1 << 40} {
			at := Pos{Row: n, Col: x}
			places := []Pos{t.Snap(at, true), t.Word(at, false), t.Word(at, true)}
			if m, _, found, _ := t.Find(letter, at, x > 0, 10); found {
				places = append(places, m.First, m.Last)
			}
			p, ok := t.Place(t.Mark(at))
			if n >= first && n < end && !ok {
				return fmt.Errorf("the mark of %v is gone", at)
			}
			for _, p := range append(places, p) {
				if p.Row < first || p.Row >= end || p.Col < 0 || p.Col >= t.cols {
					return fmt.Errorf("%v leads to %v outside %d to %d", at, p, first, end)
				}
			}
		}
		t.Text(Pos{Row: n, Col: 3}, Pos{Row: n + 2, Col: -1}, n%2 == 0)
	}
	for _, m := range t.MatchesIn(letter, first, end) {
		if t.Text(m.First, m.Last, false) == "" {
			return fmt.Errorf("a match of nothing at %v", m)
		}
	}
	return nil
}
