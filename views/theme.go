package views

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
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
	Grave  // a line of a log that tells of an error
	roleCount
)

// Glyphs are the characters of our own chrome. All are one cell wide.
type Glyphs struct {
	Ellipsis   string
	Rule       string // horizontal line
	Bar        string // vertical line between panes
	Corners    [4]string
	Branch     string // of a tree, where it goes on; the last is a lower left corner
	Up, Down   string // sorted column; received, sent
	Cursor     string
	Marked     string
	Full, Free string // meter
	Levels     []string
	On, Off    string // picker
	Dot        string // separates figures in one row
	Lock       string // behind the state of a locked container
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
	// open is the escape sequence that begins each role. Lip Gloss makes it
	// once: its Render, asked for every cell run of every frame, would be most
	// of the painting.
	open [roleCount]string
}

// looks are the styles of the roles; a missing one is plain.
type looks map[Role]lipgloss.Style

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
		t.wear(monoLooks())
	case name == "dark" && o.Colors >= 256:
		t.wear(darkLooks())
	case name == "light" && o.Colors >= 256:
		t.wear(lightLooks())
	default:
		t.wear(paletteLooks())
	}
	return t, nil
}

// wear takes the escape sequences out of the styles.
func (t *Theme) wear(l looks) {
	for role, style := range l {
		t.open[role], _, _ = strings.Cut(style.Render("x"), "x")
	}
}

func monoLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Strong:     plain.Bold(true),
		Header:     plain.Bold(true),
		Sorted:     plain.Bold(true).Underline(true),
		Key:        plain.Bold(true),
		Warn:       plain.Bold(true),
		Bad:        plain.Bold(true).Reverse(true),
		Cursor:     plain.Reverse(true),
		CursorBlur: plain.Bold(true),
		MarkedRow:  plain.Bold(true),
		Badge:      plain.Reverse(true),
		Banner:     plain.Bold(true),
		Input:      plain.Underline(true),
		Grave:      plain.Bold(true),
		Dim:        plain.Faint(true),
		Idle:       plain.Faint(true),
	}
}

// paletteLooks uses nothing but the sixteen colours every terminal lets its
// user choose, and never black or white, so light and dark backgrounds work.
func paletteLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Dim:        plain.Faint(true),
		Strong:     plain.Bold(true),
		Header:     plain.Faint(true),
		Sorted:     plain.Bold(true).Underline(true),
		Key:        plain.Bold(true).Foreground(lipgloss.Cyan),
		Good:       plain.Foreground(lipgloss.Green),
		Notice:     plain.Foreground(lipgloss.Cyan),
		Warn:       plain.Foreground(lipgloss.Yellow),
		Bad:        plain.Bold(true).Foreground(lipgloss.Red),
		Idle:       plain.Faint(true),
		Cursor:     plain.Reverse(true),
		CursorBlur: plain.Bold(true),
		MarkedRow:  plain.Bold(true).Foreground(lipgloss.Magenta),
		Badge:      plain.Reverse(true).Foreground(lipgloss.Yellow),
		Banner:     plain.Bold(true).Foreground(lipgloss.Cyan),
		GraphCPU:   plain.Foreground(lipgloss.Green),
		GraphMem:   plain.Foreground(lipgloss.Cyan),
		GraphNet:   plain.Foreground(lipgloss.Magenta),
		GraphIO:    plain.Foreground(lipgloss.Yellow),
		Border:     plain.Foreground(lipgloss.Cyan),
		Input:      plain.Bold(true),
		Grave:      plain.Foreground(lipgloss.Red),
	}
}

func darkLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Dim:        plain.Foreground(lipgloss.ANSIColor(245)),
		Strong:     plain.Bold(true).Foreground(lipgloss.ANSIColor(255)),
		Header:     plain.Foreground(lipgloss.ANSIColor(245)),
		Sorted:     plain.Bold(true).Foreground(lipgloss.ANSIColor(117)),
		Key:        plain.Bold(true).Foreground(lipgloss.ANSIColor(117)),
		Good:       plain.Foreground(lipgloss.ANSIColor(114)),
		Notice:     plain.Foreground(lipgloss.ANSIColor(117)),
		Warn:       plain.Foreground(lipgloss.ANSIColor(221)),
		Bad:        plain.Bold(true).Foreground(lipgloss.ANSIColor(203)),
		Idle:       plain.Foreground(lipgloss.ANSIColor(245)),
		Cursor:     plain.Background(lipgloss.ANSIColor(24)).Foreground(lipgloss.ANSIColor(255)),
		CursorBlur: plain.Bold(true).Foreground(lipgloss.ANSIColor(255)),
		MarkedRow:  plain.Bold(true).Foreground(lipgloss.ANSIColor(177)),
		Badge:      plain.Bold(true).Background(lipgloss.ANSIColor(130)).Foreground(lipgloss.ANSIColor(255)),
		Banner:     plain.Bold(true).Foreground(lipgloss.ANSIColor(117)),
		GraphCPU:   plain.Foreground(lipgloss.ANSIColor(114)),
		GraphMem:   plain.Foreground(lipgloss.ANSIColor(110)),
		GraphNet:   plain.Foreground(lipgloss.ANSIColor(176)),
		GraphIO:    plain.Foreground(lipgloss.ANSIColor(179)),
		Border:     plain.Foreground(lipgloss.ANSIColor(67)),
		Input:      plain.Bold(true).Foreground(lipgloss.ANSIColor(255)),
		Grave:      plain.Foreground(lipgloss.ANSIColor(203)),
	}
}

func lightLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Dim:        plain.Foreground(lipgloss.ANSIColor(242)),
		Strong:     plain.Bold(true).Foreground(lipgloss.ANSIColor(232)),
		Header:     plain.Foreground(lipgloss.ANSIColor(242)),
		Sorted:     plain.Bold(true).Foreground(lipgloss.ANSIColor(25)),
		Key:        plain.Bold(true).Foreground(lipgloss.ANSIColor(25)),
		Good:       plain.Foreground(lipgloss.ANSIColor(28)),
		Notice:     plain.Foreground(lipgloss.ANSIColor(25)),
		Warn:       plain.Foreground(lipgloss.ANSIColor(130)),
		Bad:        plain.Bold(true).Foreground(lipgloss.ANSIColor(160)),
		Idle:       plain.Foreground(lipgloss.ANSIColor(242)),
		Cursor:     plain.Background(lipgloss.ANSIColor(153)).Foreground(lipgloss.ANSIColor(232)),
		CursorBlur: plain.Bold(true).Foreground(lipgloss.ANSIColor(232)),
		MarkedRow:  plain.Bold(true).Foreground(lipgloss.ANSIColor(90)),
		Badge:      plain.Bold(true).Background(lipgloss.ANSIColor(130)).Foreground(lipgloss.ANSIColor(255)),
		Banner:     plain.Bold(true).Foreground(lipgloss.ANSIColor(25)),
		GraphCPU:   plain.Foreground(lipgloss.ANSIColor(28)),
		GraphMem:   plain.Foreground(lipgloss.ANSIColor(25)),
		GraphNet:   plain.Foreground(lipgloss.ANSIColor(90)),
		GraphIO:    plain.Foreground(lipgloss.ANSIColor(130)),
		Border:     plain.Foreground(lipgloss.ANSIColor(67)),
		Input:      plain.Bold(true).Foreground(lipgloss.ANSIColor(232)),
		Grave:      plain.Foreground(lipgloss.ANSIColor(160)),
	}
}

func unicodeGlyphs() Glyphs {
	b := lipgloss.NormalBorder()
	return Glyphs{
		Ellipsis: "…", Rule: b.Top, Bar: b.Left, Corners: corners(b), Branch: b.MiddleLeft, Up: "▲", Down: "▼",
		Cursor: ">", Marked: "*", Full: "█", Free: "·",
		Levels: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, On: "x", Off: " ", Dot: "·", Lock: "⊘",
	}
}

func asciiGlyphs() Glyphs {
	b := lipgloss.ASCIIBorder()
	return Glyphs{
		Ellipsis: "~", Rule: b.Top, Bar: b.Left, Corners: corners(b), Branch: b.MiddleLeft, Up: "^", Down: "v",
		Cursor: ">", Marked: "*", Full: "#", Free: ".",
		Levels: []string{"_", ".", ":", "-", "=", "+", "*", "#"}, On: "x", Off: " ", Dot: "-", Lock: "#",
	}
}

func corners(b lipgloss.Border) [4]string {
	return [4]string{b.TopLeft, b.TopRight, b.BottomLeft, b.BottomRight}
}

// Paint styles clean plain text.
func (t *Theme) Paint(r Role, s string) string {
	if t.open[r] == "" || s == "" {
		return s
	}
	return t.open[r] + s + "\x1b[m"
}
