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
	// zones gathers what can be clicked; nil = nothing does.
	zones *Zones
}

// ThemeInfo is what there is to know of a theme before it is worn.
type ThemeInfo struct {
	Name  string
	About string // for whom, in a few words
	few   func() looks
	many  func() looks // with 256 colours; nil = few
}

// ThemeInfos gives all themes. The first is the default.
func ThemeInfos() []ThemeInfo {
	return []ThemeInfo{
		{"default", "the terminal's own colours", paletteLooks, nil},
		{"dark", "for a dark background", paletteLooks, darkLooks},
		{"light", "for a light background", paletteLooks, lightLooks},
		{"high-contrast", "nothing faint; any background", contrastPaletteLooks, contrastLooks},
		{"colour-blind", "blue and orange, on dark", safePaletteLooks, safeDarkLooks},
		{"colour-blind-light", "blue and brown, on light", safePaletteLooks, safeLightLooks},
		{"mono", "bold, faint and reverse alone", monoLooks, nil},
	}
}

// Themes names the themes there are. The first is the default.
func Themes() []string {
	var names []string
	for _, i := range ThemeInfos() {
		names = append(names, i.Name)
	}
	return names
}

// NewTheme builds a theme for a terminal. "" is the first. What a theme looks like
// in 256 colours has an equal in the sixteen of the terminal's own palette, and
// without colours every theme is "mono". An unknown name is an error that names
// those there are.
func NewTheme(name string, o ThemeOptions) (*Theme, error) {
	all := ThemeInfos()
	at := 0
	if name != "" {
		at = slices.IndexFunc(all, func(i ThemeInfo) bool { return i.Name == name })
	}
	if at < 0 {
		return nil, fmt.Errorf("unknown theme %q (there are %s)", name, strings.Join(Themes(), ", "))
	}
	info := &all[at]
	t := &Theme{Name: info.Name, ASCII: o.ASCII, Glyphs: unicodeGlyphs()}
	if o.ASCII {
		t.Glyphs = asciiGlyphs()
	}
	switch {
	case o.Colors < 8:
		t.wear(monoLooks())
	case o.Colors >= 256 && info.many != nil:
		t.wear(info.many())
	default:
		t.wear(info.few())
	}
	return t, nil
}

// wear takes the escape sequences out of the styles.
func (t *Theme) wear(l looks) {
	for role, style := range l {
		t.open[role], _, _ = strings.Cut(style.Render("x"), "x")
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
