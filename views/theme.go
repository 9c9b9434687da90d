package views

import (
	"fmt"
	"slices"
	"strings"
)

// Role is what a piece of text means; the theme decides how that looks.
type Role uint8

// The roles.
const (
	Plain      Role = iota
	Dim             // secondary: units, absent figures, rules
	Strong          // headings, the name of what is selected
	Header          // column titles
	Sorted          // title of the sorted column
	Key             // a key in footer and help
	Good            // running, done
	Notice          // starting, information
	Warn            // a limit is near, frozen, late
	Bad             // failed, a limit bites
	Idle            // stopped
	Cursor          // the selected row of the pane in focus
	CursorBlur      // the selected row of a pane without focus
	MarkedRow       // mark sign of a marked row
	Badge           // RO, DEMO
	Banner          // one-row rule of the pane in focus
	GraphCPU        // graphs, by what they show
	GraphMem
	GraphNet
	GraphIO
	Border // frames of overlays
	Input  // text being typed
	roleCount
)

// Glyphs are the characters of our own chrome. All are one cell wide.
type Glyphs struct {
	Ellipsis   string
	Rule       string // horizontal line
	Bar        string // vertical line between panes
	Corners    [4]string
	Up, Down   string // sorted column; received, sent
	Cursor     string
	Marked     string
	Full, Free string // meter
	Levels     []string
	On, Off    string // picker
	Dot        string // separates figures in one row
}

// ThemeOptions say what the terminal can show.
type ThemeOptions struct {
	// Colors: 0 = none (NO_COLOR, vt100), 16 = the terminal's own palette, 256.
	Colors int
	// ASCII keeps to 7-bit glyphs.
	ASCII bool
}

// Theme turns meanings into colours and glyphs.
type Theme struct {
	Name   string
	ASCII  bool
	Glyphs Glyphs
	sgr    [roleCount]string
}

// Themes names the themes there are. The first is the default.
func Themes() []string { return []string{"default", "mono", "dark", "light"} }

// NewTheme builds a theme for a terminal. "" is "default": sixteen colours of
// the terminal's own palette. "dark" and "light" want 256 colours and fall
// back to the default below that; without colours every theme is "mono". An
// unknown name is an error that names those there are.
func NewTheme(name string, o ThemeOptions) (*Theme, error) {
	if name == "" {
		name = Themes()[0]
	}
	if !slices.Contains(Themes(), name) {
		return nil, fmt.Errorf("unknown theme %q (there are %s)", name, strings.Join(Themes(), ", "))
	}
	t := &Theme{Name: name, ASCII: o.ASCII, Glyphs: unicodeGlyphs()}
	if o.ASCII {
		t.Glyphs = asciiGlyphs()
	}
	switch {
	case name == "mono" || o.Colors < 8:
		t.sgr = monoRoles()
	case name == "dark" && o.Colors >= 256:
		t.sgr = darkRoles()
	case name == "light" && o.Colors >= 256:
		t.sgr = lightRoles()
	default:
		t.sgr = paletteRoles()
	}
	return t, nil
}

func monoRoles() [roleCount]string {
	return [roleCount]string{
		Strong: "1", Header: "1", Sorted: "1;4", Key: "1", Warn: "1", Bad: "1;7", Cursor: "7", CursorBlur: "1",
		MarkedRow: "1", Badge: "7", Banner: "1", Input: "4", Dim: "2", Idle: "2",
	}
}

// paletteRoles uses nothing but the sixteen colours every terminal lets its
// user choose, and never black or white, so light and dark backgrounds work.
func paletteRoles() [roleCount]string {
	return [roleCount]string{
		Dim: "2", Strong: "1", Header: "2", Sorted: "1;4", Key: "1;36", Good: "32", Notice: "36", Warn: "33", Bad: "1;31",
		Idle: "2", Cursor: "7", CursorBlur: "1", MarkedRow: "1;35", Badge: "7;33", Banner: "1;36",
		GraphCPU: "32", GraphMem: "36", GraphNet: "35", GraphIO: "33", Border: "36", Input: "1",
	}
}

func darkRoles() [roleCount]string {
	return [roleCount]string{
		Dim: "38;5;245", Strong: "1;38;5;255", Header: "38;5;245", Sorted: "1;38;5;117", Key: "1;38;5;117",
		Good: "38;5;114", Notice: "38;5;117", Warn: "38;5;221", Bad: "1;38;5;203", Idle: "38;5;245",
		Cursor: "48;5;24;38;5;255", CursorBlur: "1;38;5;255", MarkedRow: "1;38;5;177", Badge: "1;48;5;130;38;5;255",
		Banner: "1;38;5;117", GraphCPU: "38;5;114", GraphMem: "38;5;110", GraphNet: "38;5;176", GraphIO: "38;5;179",
		Border: "38;5;67", Input: "1;38;5;255",
	}
}

func lightRoles() [roleCount]string {
	return [roleCount]string{
		Dim: "38;5;242", Strong: "1;38;5;232", Header: "38;5;242", Sorted: "1;38;5;25", Key: "1;38;5;25",
		Good: "38;5;28", Notice: "38;5;25", Warn: "38;5;130", Bad: "1;38;5;160", Idle: "38;5;242",
		Cursor: "48;5;153;38;5;232", CursorBlur: "1;38;5;232", MarkedRow: "1;38;5;90", Badge: "1;48;5;130;38;5;255",
		Banner: "1;38;5;25", GraphCPU: "38;5;28", GraphMem: "38;5;25", GraphNet: "38;5;90", GraphIO: "38;5;130",
		Border: "38;5;67", Input: "1;38;5;232",
	}
}

func unicodeGlyphs() Glyphs {
	return Glyphs{
		Ellipsis: "…", Rule: "─", Bar: "│", Corners: [4]string{"┌", "┐", "└", "┘"}, Up: "▲", Down: "▼",
		Cursor: ">", Marked: "*", Full: "█", Free: "·",
		Levels: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, On: "x", Off: " ", Dot: "·",
	}
}

func asciiGlyphs() Glyphs {
	return Glyphs{
		Ellipsis: "~", Rule: "-", Bar: "|", Corners: [4]string{"+", "+", "+", "+"}, Up: "^", Down: "v",
		Cursor: ">", Marked: "*", Full: "#", Free: ".",
		Levels: []string{"_", ".", ":", "-", "=", "+", "*", "#"}, On: "x", Off: " ", Dot: "-",
	}
}

// Paint styles clean plain text.
func (t *Theme) Paint(r Role, s string) string {
	if t.sgr[r] == "" || s == "" {
		return s
	}
	return "\x1b[" + t.sgr[r] + "m" + s + "\x1b[m"
}
