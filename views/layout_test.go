package views

import (
	"fmt"
	"image"
	"strings"
	"testing"
)

func modes() map[string]Mode {
	m := map[string]Mode{}
	for _, d := range []Show{Auto, Open, Closed} {
		for _, sh := range []bool{false, true} {
			m[fmt.Sprintf("detail %d shell %v", d, sh)] = Mode{Detail: d, Shell: sh}
			m[fmt.Sprintf("detail %d shell %v, who is new", d, sh)] = Mode{Detail: d, Shell: sh, Tip: true}
			for _, half := range []Halves{Undivided, Stacked, SideBySide} {
				m[fmt.Sprintf("detail %d shell %v halves %d", d, sh, half)] = Mode{Detail: d, Shell: sh, Halves: half}
				m[fmt.Sprintf("detail %d shell %v halves %d, tabs", d, sh, half)] = Mode{Detail: d, Shell: sh, Halves: half, Tabs: true, Second: true}
				m[fmt.Sprintf("detail %d shell %v halves %d, zoom", d, sh, half)] = Mode{Detail: d, Shell: sh, Halves: half, Second: true, Zoomed: true, Zoom: ShellPane}
			}
			m[fmt.Sprintf("detail %d shell %v, the terminal", d, sh)] = Mode{Detail: d, Shell: sh, Zoomed: true, Zoom: ShellPane, Raw: true}
			for _, z := range []Pane{ListPane, DetailPane, ShellPane} {
				m[fmt.Sprintf("detail %d shell %v zoom %d", d, sh, z)] = Mode{Detail: d, Shell: sh, Zoomed: true, Zoom: z}
			}
		}
	}
	return m
}

func TestArrangeCoversTheScreenOnce(t *testing.T) {
	for name, mode := range modes() {
		for w := 1; w <= 210; w += 3 {
			for h := 1; h <= 70; h++ {
				l := Arrange(w, h, mode)
				rects := []image.Rectangle{l.Host, l.List, l.Split, l.Rule, l.Detail, l.Status, l.Tip,
					l.Tabs, l.Banner, l.Shell, l.Middle, l.Banner2, l.Shell2}
				raw := mode.Raw && mode.Shell // whatever its size
				if raw && l.Shell != l.Whole {
					t.Fatalf("%s at %dx%d: the shell has %v", name, w, h, l.Shell)
				}
				if l.TooSmall != (!raw && (w < MinW || h < MinH)) {
					t.Fatalf("%s at %dx%d: too small is %v", name, w, h, l.TooSmall)
				}
				if l.TooSmall {
					continue
				}
				area := 0
				for i, a := range rects {
					area += a.Dx() * a.Dy()
					if !a.In(l.Whole) {
						t.Fatalf("%s at %dx%d: rectangle %d %v is outside", name, w, h, i, a)
					}
					for j, b := range rects[:i] {
						if a.Overlaps(b) {
							t.Fatalf("%s at %dx%d: rectangles %d %v and %d %v overlap", name, w, h, i, a, j, b)
						}
					}
				}
				if area != w*h {
					t.Fatalf("%s at %dx%d: %d of %d cells are covered", name, w, h, area, w*h)
				}
				if !mode.Shell || raw || mode.Zoomed && mode.Zoom != ShellPane {
					continue
				}
				for _, half := range []image.Rectangle{l.Shell, l.Shell2} {
					least := image.Pt(MinW, 5)
					if !l.Shell.Empty() && !l.Shell2.Empty() {
						least = image.Pt(minHalfW, minHalfH)
					}
					if !half.Empty() && (half.Dy() < least.Y || half.Dx() < least.X) {
						t.Fatalf("%s at %dx%d: a shell has %v", name, w, h, half.Size())
					}
				}
				if mode.Second && l.Shell2.Empty() && mode.Halves != Undivided || l.Shell.Empty() && l.Shell2.Empty() {
					t.Fatalf("%s at %dx%d: the shell in focus is not shown", name, w, h)
				}
			}
		}
	}
}

func TestArrangeAtTheSizesOfTheDesign(t *testing.T) {
	at := image.Rect
	for _, c := range []struct {
		what string
		w, h int
		mode Mode
		want Layout
	}{
		{"a list alone with its summary", 80, 24, Mode{}, Layout{Host: at(0, 0, 80, 1), List: at(0, 1, 80, 22), Rule: at(0, 22, 80, 23), Status: at(0, 23, 80, 24)}},
		{"no room for a summary", 40, 10, Mode{}, Layout{Host: at(0, 0, 40, 1), List: at(0, 1, 40, 9), Status: at(0, 9, 40, 10)}},
		{"who is new", 80, 24, Mode{Tip: true}, Layout{Host: at(0, 0, 80, 1), List: at(0, 1, 80, 21), Rule: at(0, 21, 80, 22), Tip: at(0, 22, 80, 23), Status: at(0, 23, 80, 24)}},
		{"no room for who is new", 40, 10, Mode{Tip: true}, Layout{Host: at(0, 0, 40, 1), List: at(0, 1, 40, 9), Status: at(0, 9, 40, 10)}},
		{"detail instead of the list", 40, 10, Mode{Detail: Open}, Layout{Host: at(0, 0, 40, 1), Rule: at(0, 1, 40, 2), Detail: at(0, 2, 40, 9), Status: at(0, 9, 40, 10)}},
		{"detail below", 120, 40, Mode{}, Layout{Host: at(0, 0, 120, 2), List: at(0, 2, 120, 18), Rule: at(0, 18, 120, 19), Detail: at(0, 19, 120, 38), Status: at(0, 38, 120, 40)}},
		{"detail beside", 200, 60, Mode{}, Layout{Host: at(0, 0, 200, 2), List: at(0, 2, 96, 58), Split: at(96, 2, 97, 58), Rule: at(97, 2, 200, 3), Detail: at(97, 3, 200, 58), Status: at(0, 58, 200, 60), Beside: true}},
		{"shell below", 80, 24, Mode{Shell: true}, Layout{Host: at(0, 0, 80, 1), List: at(0, 1, 80, 7), Banner: at(0, 7, 80, 8), Shell: at(0, 8, 80, 23), Status: at(0, 23, 80, 24)}},
		{"shell beside", 200, 60, Mode{Shell: true}, Layout{Host: at(0, 0, 200, 2), List: at(0, 2, 96, 58), Split: at(96, 2, 97, 58), Banner: at(97, 2, 200, 3), Shell: at(97, 3, 200, 58), Status: at(0, 58, 200, 60), Beside: true}},
		{"shell instead of the list", 40, 10, Mode{Shell: true}, Layout{Host: at(0, 0, 40, 1), Banner: at(0, 1, 40, 2), Shell: at(0, 2, 40, 9), Status: at(0, 9, 40, 10)}},
		{"shell left", 40, 10, Mode{Shell: true, InList: true, Detail: Open}, Layout{Host: at(0, 0, 40, 1), List: at(0, 1, 40, 9), Status: at(0, 9, 40, 10)}},
		{"shell left, with room", 160, 10, Mode{Shell: true, InList: true}, Layout{Host: at(0, 0, 160, 1), List: at(0, 1, 96, 9), Split: at(96, 1, 97, 9), Banner: at(97, 1, 160, 2), Shell: at(97, 2, 160, 9), Status: at(0, 9, 160, 10), Beside: true}},
		{"two shells below", 80, 24, Mode{Shell: true, Tabs: true, Halves: Stacked}, Layout{Host: at(0, 0, 80, 1), List: at(0, 1, 80, 7), Tabs: at(0, 7, 80, 8), Banner: at(0, 8, 80, 9), Shell: at(0, 9, 80, 16), Banner2: at(0, 16, 80, 17), Shell2: at(0, 17, 80, 23), Status: at(0, 23, 80, 24)}},
		{"two shells side by side", 120, 24, Mode{Shell: true, Halves: SideBySide}, Layout{Host: at(0, 0, 120, 1), List: at(0, 1, 120, 7), Banner: at(0, 7, 59, 8), Shell: at(0, 8, 59, 23), Middle: at(59, 7, 60, 23), Banner2: at(60, 7, 120, 8), Shell2: at(60, 8, 120, 23), Status: at(0, 23, 120, 24)}},
		{"no room for two", 40, 10, Mode{Shell: true, Halves: Stacked, Second: true}, Layout{Host: at(0, 0, 40, 1), Banner2: at(0, 1, 40, 2), Shell2: at(0, 2, 40, 9), Status: at(0, 9, 40, 10)}},
		{"second shell zoomed", 80, 24, Mode{Shell: true, Halves: Stacked, Second: true, Zoomed: true, Zoom: ShellPane}, Layout{Banner2: at(0, 0, 80, 1), Shell2: at(0, 1, 80, 24)}},
		{"shell passed through", 80, 24, Mode{Shell: true, Zoomed: true, Zoom: ShellPane, Raw: true}, Layout{Shell: at(0, 0, 80, 24)}},
		{"shell zoomed", 80, 24, Mode{Shell: true, Zoomed: true, Zoom: ShellPane}, Layout{Banner: at(0, 0, 80, 1), Shell: at(0, 1, 80, 24)}},
		{"too small", 39, 24, Mode{}, Layout{TooSmall: true}},
		{"too low", 80, 7, Mode{}, Layout{TooSmall: true}},
	} {
		c.want.W, c.want.H, c.want.Whole = c.w, c.h, at(0, 0, c.w, c.h)
		if got := Arrange(c.w, c.h, c.mode); got != c.want {
			t.Errorf("%s, %dx%d:\n got %+v\nwant %+v", c.what, c.w, c.h, got, c.want)
		}
	}
}

func TestTooSmallSaysWhatItNeeds(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	b := th.Compose(Arrange(39, 7, Mode{}), Panes{})
	if got := plain(b); strings.TrimSpace(got[0]) != "too small" || strings.TrimSpace(got[1]) != "needs 40x8" {
		t.Errorf("%q", got)
	}
}
