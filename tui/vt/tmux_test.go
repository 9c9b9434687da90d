package vt

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// capture reads the lines of capture-pane -e: SGR sequences, text, and SO and
// SI around line drawing characters, all of which hold on from line to line.
// It knows only what tmux writes, and shares no code with the emulator.
type capture struct {
	style Style
	lines bool
}

func (cp *capture) parse(line string) []Cell {
	var cells []Cell
	for line != "" {
		switch {
		case strings.HasPrefix(line, "\x1b["):
			end := strings.IndexByte(line, 'm')
			captureSGR(&cp.style, line[2:end])
			line = line[end+1:]
			continue
		case line[0] == 0x0e || line[0] == 0x0f:
			cp.lines = line[0] == 0x0e
			line = line[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(line)
		text := line[:n]
		line = line[n:]
		w := captureWidth(r)
		k := len(cells)
		switch {
		case w == 0 || k > 0 && strings.HasSuffix(lastText(cells), "\u200d"):
			for k--; k > 0 && cells[k].Width == 0; k-- {
			}
			cells[k].Text += text
			continue
		case k > 0 && regional(r) && cells[k-1].Width == 1 && regional([]rune(cells[k-1].Text)[0]):
			cells[k-1].Text, cells[k-1].Width = cells[k-1].Text+text, 2
			cells = append(cells, Cell{Style: cp.style})
			continue
		case cp.lines && r >= 0x60 && r <= 0x7e:
			text = string([]rune("◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")[r-0x60])
		}
		cells = append(cells, Cell{Text: text, Width: w, Style: cp.style})
		if w == 2 {
			cells = append(cells, Cell{Style: cp.style})
		}
	}
	return cells
}

func lastText(cells []Cell) string {
	for i := len(cells) - 1; i >= 0; i-- {
		if cells[i].Width > 0 {
			return cells[i].Text
		}
	}
	return ""
}

// captureWidth knows the characters of the suite.
func captureWidth(r rune) int {
	switch {
	case r >= 0x300 && r < 0x370, r == 0x200d, r == 0xfe0f, r == 0x20e3:
		return 0
	case r >= 0x1f300 && r < 0x1f700, r == 0x231a, r >= 0x3041 && r < 0xa000:
		return 2
	}
	return 1
}

// captureSGR applies the parameters tmux writes: colons only in 4:n.
func captureSGR(s *Style, params string) {
	if params == "" {
		params = "0"
	}
	p := strings.Split(params, ";")
	for i := 0; i < len(p); i++ {
		if sub := strings.Split(p[i], ":"); len(sub) > 1 {
			n := make([]int, len(sub))
			for k := range sub {
				n[k], _ = strconv.Atoi(sub[k])
			}
			switch {
			case n[0] == 4:
				s.Underline = Underline(n[1])
			case n[0] == 5 && n[1] == 3: // tmux's spelling of 53
				s.Attr |= Overline
			}
			continue
		}
		n, _ := strconv.Atoi(p[i])
		if n == 38 || n == 48 || n == 58 {
			var v [5]int
			for k := 1; k < 5 && i+k < len(p); k++ {
				v[k], _ = strconv.Atoi(p[i+k])
			}
			c := Indexed(uint8(v[2]))
			i += 2
			if v[1] == 2 {
				c = RGB(uint8(v[2]), uint8(v[3]), uint8(v[4]))
				i += 2
			}
			switch n {
			case 38:
				s.FG = c
			case 48:
				s.BG = c
			case 58:
				s.UL = c
			}
			continue
		}
		captureOne(s, n)
	}
}

func captureOne(s *Style, n int) {
	attrs := map[int]Attr{1: Bold, 2: Dim, 3: Italic, 5: Blink, 7: Reverse, 8: Conceal, 9: Strike, 53: Overline}
	switch {
	case n == 0:
		*s = Style{}
	case attrs[n] != 0:
		s.Attr |= attrs[n]
	case n == 4:
		s.Underline = Single
	case n == 39:
		s.FG = 0
	case n == 49:
		s.BG = 0
	case n >= 30 && n < 38:
		s.FG = Indexed(uint8(n - 30))
	case n >= 40 && n < 48:
		s.BG = Indexed(uint8(n - 40))
	case n >= 90 && n < 98:
		s.FG = Indexed(uint8(n - 82))
	case n >= 100 && n < 108:
		s.BG = Indexed(uint8(n - 92))
	}
}

// differences compares what tmux shows with what t has.
func (v verdict) differences(t *Terminal) []string {
	var d []string
	cols, rows := t.Size()
	for y := range rows {
		for x := range cols {
			got := t.Cell(x, y)
			if got.Text == "" && got.Width == 1 {
				got.Text = " "
			}
			// tmux does not tell the background of blanks at a line's end:
			// the cases about it put a mark there.
			want := Cell{Text: " ", Width: 1, Style: Style{BG: got.Style.BG}}
			if y < len(v.rows) && x < len(v.rows[y]) {
				want = v.rows[y][x]
			}
			if got != want {
				d = append(d, fmt.Sprintf("cell %d,%d is %+v, in tmux %+v", x, y, got, want))
			}
		}
	}
	c := t.Cursor()
	if c.X != v.x || c.Y != v.y || c.Visible == v.hidden {
		d = append(d, fmt.Sprintf("cursor %d,%d visible %v, in tmux %d,%d visible %v", c.X, c.Y, c.Visible, v.x, v.y, !v.hidden))
	}
	const enough = 4
	if n := len(d); n > enough {
		d = append(d[:enough], fmt.Sprintf("and %d more", n-enough))
	}
	return append(d, v.modeDifferences(t)...)
}

func (v verdict) modeDifferences(t *Terminal) []string {
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	m := t.Modes()
	got := fmt.Sprintf("=%d ins=%d ckm=%d kpm=%d origin=%d wrap=%d std=%d btn=%d all=%d sgr=%d top=%d bot=%d",
		bit(m.AltScreen), bit(t.mode&modeInsert != 0), bit(m.AppCursor), bit(m.AppKeypad), bit(t.mode&modeOrigin != 0), bit(t.mode&modeWrap != 0),
		bit(m.Mouse == MouseNormal), bit(m.Mouse == MouseDrag), bit(m.Mouse == MouseAny), bit(m.MouseEncoding == MouseSGR), t.top, t.bot)
	if got != v.flags {
		return []string{fmt.Sprintf("modes alt%s, in tmux alt%s", got, v.flags)}
	}
	return nil
}

func TestAgainstTmux(t *testing.T) {
	const cols, rows = 20, 6
	j := newJudge(t)
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			term := New(cols, rows, Options{})
			_, _ = term.Write([]byte(anew + c.in))
			if err := check(term); err != nil {
				t.Fatal(err)
			}
			if c.odd != "" {
				if got := term.PlainText(); got != c.want {
					t.Errorf("%q shows %q, want %q (%s)", c.in, got, c.want, c.odd)
				}
				if j.show(c.in, cols, rows).differences(term) == nil {
					t.Errorf("%q: tmux does the same, it is not odd", c.in)
				}
				return
			}
			j.t = t
			for _, d := range j.show(c.in, cols, rows).differences(term) {
				t.Error(d)
			}
			if t.Failed() {
				t.Logf("after %q", c.in)
			}
		})
	}
	j.t = t
}

// TestSplitWrites feeds every case byte by byte: nothing may depend on how a
// pty cuts its output.
func TestSplitWrites(t *testing.T) {
	for _, c := range cases() {
		whole, split := New(20, 6, Options{}), New(20, 6, Options{})
		_, _ = whole.Write([]byte(c.in))
		for i := range len(c.in) {
			_, _ = split.Write([]byte(c.in[i : i+1]))
		}
		for y := range 6 {
			if a, b := whole.Line(y), split.Line(y); a != b {
				t.Errorf("%s: row %d is %q, byte by byte %q", c.name, y, a, b)
			}
		}
		if whole.Cursor() != split.Cursor() || whole.Modes() != split.Modes() {
			t.Errorf("%s: cursor or modes differ byte by byte", c.name)
		}
	}
}
