package main

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Cell is one character position of a terminal.
type Cell struct {
	Text  string // one character with its combining marks; "" = right half of a wide one
	Style Style
}

// Style is how a cell looks. A nil colour is the terminal's default.
type Style struct {
	Fg, Bg                                color.Color
	Bold, Dim, Underline, Reverse, Struck bool
}

// Screen is what a terminal shows: rows of cells.
type Screen [][]Cell

// Parse reads a screen as "tmux capture-pane -e -N -p" prints it: lines of
// text with SGR sequences, no cursor movement. Lines are cut and padded to
// cols, and lines to rows. Another control sequence is an error, because a
// picture without it would be wrong.
func Parse(capture string, cols, rows int) (Screen, error) {
	screen := make(Screen, rows)
	lines := strings.Split(strings.TrimSuffix(capture, "\n"), "\n")
	if len(lines) > rows {
		return nil, fmt.Errorf("parse capture: %d lines on a screen of %d rows", len(lines), rows)
	}
	// Attributes last over the end of a line: tmux says only what changes.
	var style Style
	for y := range screen {
		line := ""
		if y < len(lines) {
			line = lines[y]
		}
		row, err := parseLine(line, cols, &style)
		if err != nil {
			return nil, fmt.Errorf("parse capture: line %d: %w", y+1, err)
		}
		screen[y] = row
	}
	return screen, nil
}

// Cursor shows the cursor at a cell: in reverse. Outside of the screen there
// is none.
func (s Screen) Cursor(x, y int) {
	if y >= 0 && y < len(s) && x >= 0 && x < len(s[y]) {
		s[y][x].Style.Reverse = !s[y][x].Style.Reverse
	}
}

func parseLine(line string, cols int, style *Style) ([]Cell, error) {
	row := make([]Cell, 0, cols)
	for line != "" {
		if line[0] == '\x1b' {
			rest, err := sequence(line, style)
			if err != nil {
				return nil, err
			}
			line = rest
			continue
		}
		r, size := utf8.DecodeRuneInString(line)
		text := line[:size]
		line = line[size:]
		if r < ' ' || r == 0x7f {
			return nil, fmt.Errorf("control character %q", r)
		}
		switch displaywidth.String(text) {
		case 0:
			if len(row) > 0 {
				row[len(row)-1].Text += text
			}
		case 1:
			row = append(row, Cell{text, *style})
		default:
			row = append(row, Cell{text, *style}, Cell{"", *style})
		}
	}
	if len(row) > cols {
		row = row[:cols]
	}
	for len(row) < cols {
		row = append(row, Cell{" ", Style{}})
	}
	return row, nil
}

// sequence applies the control sequence at the start of s and gives what
// follows it.
func sequence(s string, style *Style) (rest string, err error) {
	if strings.HasPrefix(s, "\x1b]8;") {
		// A hyperlink (OSC 8) looks like its text.
		if _, rest, ok := strings.Cut(s, "\x1b\\"); ok {
			return rest, nil
		}
	}
	if !strings.HasPrefix(s, "\x1b[") {
		return "", fmt.Errorf("control sequence %.8q", s)
	}
	end := strings.IndexFunc(s[2:], func(r rune) bool { return r >= '@' && r <= '~' })
	if end < 0 || s[2+end] != 'm' {
		return "", fmt.Errorf("control sequence %.8q", s)
	}
	if err := style.apply(s[2 : 2+end]); err != nil {
		return "", fmt.Errorf("style %q: %w", s[2:2+end], err)
	}
	return s[3+end:], nil
}

// apply changes the style by the parameters of an SGR sequence (ECMA-48 8.3.117
// and what xterm added: 38, 48 and 90 to 107).
func (s *Style) apply(params string) error {
	fields := strings.Split(params, ";")
	for len(fields) > 0 {
		used, err := s.one(fields)
		if err != nil {
			return err
		}
		fields = fields[used:]
	}
	return nil
}

// one applies the first of the parameters and says how many it took.
func (s *Style) one(fields []string) (used int, err error) {
	sub := strings.Split(fields[0], ":")
	n, err := number(sub[0])
	if err != nil {
		return 0, err
	}
	switch n {
	case 38, 48, 58:
		return s.extended(n, fields, sub)
	case 4:
		// 4:0 is no underline; other styles of line are drawn as a plain one.
		s.Underline = len(sub) < 2 || sub[1] != "0"
		return 1, nil
	}
	if !s.colour(n) && !s.attribute(n) {
		return 0, fmt.Errorf("parameter %d", n)
	}
	return 1, nil
}

// attribute applies what is neither a colour nor has parameters of its own.
func (s *Style) attribute(n int) bool {
	switch n {
	case 0:
		*s = Style{}
	case 1:
		s.Bold = true
	case 2:
		s.Dim = true
	case 7:
		s.Reverse = true
	case 9:
		s.Struck = true
	case 21:
		s.Underline = true
	case 22:
		s.Bold, s.Dim = false, false
	case 24:
		s.Underline = false
	case 27:
		s.Reverse = false
	case 29:
		s.Struck = false
	case 3, 5, 6, 8, 23, 25, 28, 53, 55, 59:
		// Italics, blinking and the like are drawn as if they were not there.
	default:
		return false
	}
	return true
}

// colour applies one of the sixteen colours, or the default.
func (s *Style) colour(n int) bool {
	switch {
	case n >= 30 && n <= 37:
		s.Fg = Indexed(uint8(n - 30))
	case n >= 90 && n <= 97:
		s.Fg = Indexed(uint8(n - 90 + 8))
	case n == 39:
		s.Fg = nil
	case n >= 40 && n <= 47:
		s.Bg = Indexed(uint8(n - 40))
	case n >= 100 && n <= 107:
		s.Bg = Indexed(uint8(n - 100 + 8))
	case n == 49:
		s.Bg = nil
	default:
		return false
	}
	return true
}

// extended applies 38, 48 and 58: with colons all in one parameter
// (38:5:N, 38:2::R:G:B), with semicolons in the ones that follow.
func (s *Style) extended(n int, fields, sub []string) (used int, err error) {
	used = 1
	if len(sub) == 1 {
		switch {
		case len(fields) >= 3 && fields[1] == "5":
			used = 3
		case len(fields) >= 5 && fields[1] == "2":
			used = 5
		default:
			return 0, fmt.Errorf("colour %q", strings.Join(fields, ";"))
		}
		sub = fields[:used]
	} else if len(sub) == 6 {
		// The colour space stands before the three values.
		sub = append(sub[:2:2], sub[3:]...)
	}
	c, err := trueOrIndexed(sub[1:])
	if err != nil {
		return 0, err
	}
	switch n {
	case 38:
		s.Fg = c
	case 48:
		s.Bg = c
	default:
		// 58 colours the underline, which is drawn in the colour of the text.
	}
	return used, nil
}

func trueOrIndexed(v []string) (color.Color, error) {
	values := make([]uint8, 0, 4)
	for _, field := range v {
		n, err := number(field)
		if err != nil || n > 255 {
			return nil, fmt.Errorf("colour %q", strings.Join(v, ":"))
		}
		values = append(values, uint8(n))
	}
	switch {
	case len(values) == 2 && values[0] == 5:
		return Indexed(values[1]), nil
	case len(values) == 4 && values[0] == 2:
		return color.RGBA{values[1], values[2], values[3], 255}, nil
	}
	return nil, fmt.Errorf("colour %q", strings.Join(v, ":"))
}

// number reads a parameter; an empty one is 0.
func number(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("parameter %q", s)
	}
	return n, nil
}

// Indexed gives one of the 256 colours: sixteen named ones, a cube of 6x6x6,
// 24 greys (xterm's 256colres).
func Indexed(n uint8) color.Color {
	named := [16]uint32{
		0x24262b, 0xe05f5f, 0x86b86b, 0xd9a74a, 0x6b9bd8, 0xb07fc9, 0x5fb5b5, 0xc8ccd4,
		0x6f7480, 0xf07f7f, 0xa4d489, 0xf0c46c, 0x8cb8f0, 0xcc9fe3, 0x80d3d3, 0xf4f6fa,
	}
	if i := int(n); i < len(named) {
		return rgb(named[i])
	}
	switch {
	case n < 232:
		level := func(i uint8) uint8 {
			if i == 0 {
				return 0
			}
			return 55 + 40*i
		}
		n -= 16
		return color.RGBA{level(n / 36), level(n / 6 % 6), level(n % 6), 255}
	default:
		grey := 8 + 10*(n-232)
		return color.RGBA{grey, grey, grey, 255}
	}
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}
