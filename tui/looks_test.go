package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"lxcdeck/views"
)

var looks = flag.String("looks", "", "directory that the scenes are written to, for make looks")

// dressed is the frame of a theme on a terminal of so many colours.
func (d *deck) dressed(theme string, colours int, ascii bool) string {
	d.t.Helper()
	d.m.themeName, d.m.ascii = theme, ascii
	d.m.setTheme(colours)
	d.m.dirty, d.m.paint.all = true, true
	return d.m.View().Content
}

// TestScenes holds every screen exact in cells at every size, in every theme. What
// stands where goes by the size alone: neither colours nor a theme move a thing.
// In ASCII our own signs are of seven bits, and without colours there is none.
func TestScenes(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			d := demo(t, 120, 40)
			d.show(s)
			for _, size := range [][2]int{{40, 10}, {60, 20}, {80, 24}, {100, 30}, {120, 40}, {200, 60}, {300, 80}} {
				w, h := size[0], size[1]
				d.send(tea.WindowSizeMsg{Width: w, Height: h})
				for _, ascii := range []bool{false, true} {
					plain := ansi.Strip(d.dressed("mono", 0, ascii))
					inCells(t, plain, w, h)
					if ascii {
						sevenBits(t, plain)
					}
					for _, name := range views.Themes() {
						for _, colours := range []int{0, 16, 256} {
							got := d.dressed(name, colours, ascii)
							what := fmt.Sprintf("%dx%d, %s, %d colours, ascii %v", w, h, name, colours, ascii)
							if text := ansi.Strip(got); text != plain {
								t.Fatalf("%s: it says something else:\n%s\nwant\n%s", what, text, plain)
							}
							if c := wrongColour(got, colours); c != "" && !strings.HasPrefix(s.name, "shell") && s.name != "sessions" {
								t.Fatalf("%s: %q", what, c)
							}
						}
					}
				}
				if *looks != "" {
					keepLooks(t, d, s.name, w, h)
				}
			}
		})
	}
}

// inCells fails when a frame is not w x h cells.
func inCells(t *testing.T, frame string, w, h int) {
	t.Helper()
	rows := strings.Split(frame, "\n")
	if len(rows) != h {
		t.Fatalf("%dx%d: %d rows", w, h, len(rows))
	}
	for y, r := range rows {
		if n := ansi.StringWidth(r); n != w {
			t.Fatalf("%dx%d: row %d has %d cells: %q", w, h, y, n, r)
		}
	}
}

// sevenBits fails on a character of ours beyond ASCII; names are not ours.
func sevenBits(t *testing.T, frame string) {
	t.Helper()
	for y, row := range strings.Split(frame, "\n") {
		for _, r := range row {
			if r > unicode.MaxASCII && !unicode.Is(unicode.Han, r) {
				t.Fatalf("row %d has %q: %s", y, r, row)
			}
		}
	}
}

// wrongColour finds a colour that a terminal of so many has not.
func wrongColour(frame string, colours int) string {
	for frame != "" {
		_, rest, ok := strings.Cut(frame, "\x1b[")
		if !ok {
			return ""
		}
		sgr, after, ok := strings.Cut(rest, "m")
		if !ok {
			return rest
		}
		frame = after
		params := strings.Split(sgr, ";")
		for i, p := range params {
			deep := p == "38" || p == "48"
			some := len(p) == 2 && (p[0] == '3' || p[0] == '4') || len(p) == 3
			if deep && colours < 256 || some && colours == 0 && (i < 2 || params[i-1] != "5") {
				return sgr
			}
			if deep {
				break
			}
		}
	}
	return ""
}

// keepLooks writes a screen as it is with many colours, with sixteen, and without.
func keepLooks(t *testing.T, d *deck, name string, w, h int) {
	t.Helper()
	for file, text := range map[string]string{
		"truecolour": d.dressed("dark", 256, false), "16": d.dressed("default", 16, false), "none": d.dressed("mono", 0, false),
	} {
		dir := filepath.Join(*looks, file)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s.%dx%d", name, w, h)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
