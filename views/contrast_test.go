package views

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// tint is a colour in linear light, red, green and blue from 0 to 1.
type tint [3]float64

// tintOf is a colour of three bytes (IEC 61966-2-1).
func tintOf(r, g, b int) tint {
	linear := func(n int) float64 {
		x := float64(n) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return tint{linear(r), linear(g), linear(b)}
}

// indexed is one of the 256 that no palette changes: the cube and the greys.
func indexed(t *testing.T, n int) tint {
	t.Helper()
	if n < 16 || n > 255 {
		t.Fatalf("colour %d is the palette's: nobody knows how it looks", n)
	}
	if n >= 232 {
		grey := 8 + 10*(n-232)
		return tintOf(grey, grey, grey)
	}
	level := func(i int) int {
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return tintOf(level(n/36), level(n/6%6), level(n%6))
}

func (c tint) luminance() float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// contrast is that of WCAG 2: 1 to 21.
func contrast(a, b tint) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// through is a colour as somebody sees it who has no cones of one kind (Machado,
// Oliveira and Fernandes 2009, severity 1).
func (c tint) through(eye [3][3]float64) tint {
	var out tint
	for i, row := range eye {
		out[i] = min(1, max(0, row[0]*c[0]+row[1]*c[1]+row[2]*c[2]))
	}
	return out
}

func eyes() map[string][3][3]float64 {
	return map[string][3][3]float64{
		"all cones":    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	}
}

// apart is how different two colours look: CIE76, where about 2 is just seen.
func apart(a, b tint) float64 {
	lab := func(c tint) [3]float64 {
		f := func(t float64) float64 {
			if t > 0.008856 {
				return math.Cbrt(t)
			}
			return 7.787*t + 16.0/116
		}
		x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.95047)
		y := f(c.luminance())
		z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.08883)
		return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
	}
	p, q := lab(a), lab(b)
	return math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
}

// dress is what a role is painted with.
type dress struct {
	text, ground  *tint // nil = the terminal's own
	faint, turned bool
	palette       bool // some colour is one of the palette's sixteen
	attributes    string
}

func dressOf(t *testing.T, th *Theme, r Role) dress {
	t.Helper()
	var d dress
	params := strings.Split(strings.TrimSuffix(strings.TrimPrefix(th.open[r], "\x1b["), "m"), ";")
	for i := 0; i < len(params); i++ {
		n, err := strconv.Atoi(params[i])
		switch {
		case params[i] == "":
			continue
		case err != nil:
			t.Fatalf("%s, role %d: %q", th.Name, r, th.open[r])
		case n == 38 || n == 48:
			if i+2 >= len(params) || params[i+1] != "5" {
				t.Fatalf("%s, role %d: %q is none of 256 colours", th.Name, r, th.open[r])
			}
			number, err := strconv.Atoi(params[i+2])
			if err != nil {
				t.Fatal(err)
			}
			c := indexed(t, number)
			if n == 38 {
				d.text = &c
			} else {
				d.ground = &c
			}
			i += 2
		case n >= 30 && n <= 49 || n >= 90 && n <= 107:
			d.palette = true
		case n == 2:
			d.faint = true
		case n == 7:
			d.turned = true
		default:
			d.attributes += params[i] + " "
		}
	}
	return d
}

// grounds are the backgrounds that a theme is made for, the hardest of them.
func grounds() map[string][]tint {
	dark := []tint{tintOf(0, 0, 0), tintOf(0x26, 0x26, 0x26)}
	light := []tint{tintOf(255, 255, 255), tintOf(0xee, 0xee, 0xee)}
	return map[string][]tint{
		"dark": dark, "colour-blind": dark, "light": light, "colour-blind-light": light,
		"high-contrast": append(dark, light...),
	}
}

func TestContrast(t *testing.T) {
	if c := contrast(tintOf(0, 0, 0), tintOf(255, 255, 255)); math.Abs(c-21) > 0.01 {
		t.Fatalf("black on white is %.2f", c)
	}
	for name, grounds := range grounds() {
		th := theme(t, name, ThemeOptions{Colors: 256})
		coloured := 0
		for r := range roleCount {
			d := dressOf(t, th, r)
			want := 4.5
			switch {
			case name == "high-contrast":
				want = 7
			case r == Border || r >= GraphCPU && r <= GraphIO: // no text
				want = 3
			}
			if d.faint || d.palette {
				t.Errorf("%s, role %d: %q cannot be told", name, r, th.open[r])
			}
			if d.turned && (d.text != nil || d.ground != nil) {
				t.Errorf("%s, role %d: %q is reversed and coloured", name, r, th.open[r])
			}
			on := grounds
			if d.ground != nil {
				on = []tint{*d.ground}
			}
			if d.text == nil && d.ground != nil {
				t.Errorf("%s, role %d: a ground for text of any colour", name, r)
			}
			if d.text == nil {
				continue
			}
			coloured++
			for _, g := range on {
				if c := contrast(*d.text, g); c < want {
					t.Errorf("%s, role %d (%q): %.2f, want %.1f", name, r, th.open[r], c, want)
				}
			}
		}
		if coloured < 6 {
			t.Errorf("%s: %d roles have a colour", name, coloured)
		}
	}
}

// TestColoursForAllEyes holds that the four states are far apart for whoever lacks
// one kind of cones, and that the measure is one under which the usual ones are not.
func TestColoursForAllEyes(t *testing.T) {
	const far = 25
	nearest := func(name string) (least float64, where string) {
		th := theme(t, name, ThemeOptions{Colors: 256})
		least = math.Inf(1)
		states := map[string]Role{"good": Good, "warn": Warn, "bad": Bad, "notice": Notice}
		for what, eye := range eyes() {
			for a, ra := range states {
				for b, rb := range states {
					if a >= b {
						continue
					}
					x, y := dressOf(t, th, ra).text, dressOf(t, th, rb).text
					if d := apart(x.through(eye), y.through(eye)); d < least {
						least, where = d, a+" and "+b+" with "+what
					}
				}
			}
		}
		return least, where
	}
	for _, name := range []string{"colour-blind", "colour-blind-light"} {
		if d, where := nearest(name); d < far {
			t.Errorf("%s: %s are %.1f apart, want %d", name, where, d, far)
		}
	}
	if d, where := nearest("light"); d >= far {
		t.Errorf("light: even its nearest, %s, are %.1f apart: the measure tells nothing", where, d)
	}
}

// TestThemesFallBack holds what a theme is with fewer colours: none of 256 with
// sixteen, and mono with none.
func TestThemesFallBack(t *testing.T) {
	mono := theme(t, "mono", ThemeOptions{})
	for _, name := range Themes() {
		few := theme(t, name, ThemeOptions{Colors: 16})
		for r := range roleCount {
			if strings.Contains(few.open[r], "8;5;") || strings.Contains(few.open[r], "8;2;") {
				t.Errorf("%s with 16 colours, role %d: %q", name, r, few.open[r])
			}
			if d := dressOf(t, few, r); name == "high-contrast" && d.faint {
				t.Errorf("%s with 16 colours, role %d is faint", name, r)
			}
		}
		if few.open[Bad] == few.open[Good] || few.open[Bad] == few.open[Warn] || few.open[Cursor] == "" {
			t.Errorf("%s with 16 colours: what is bad looks like what is not", name)
		}
		if none := theme(t, name, ThemeOptions{}); none.open != mono.open {
			t.Errorf("%s without colours is not mono", name)
		}
	}
	// Neither red nor green says anything by itself.
	few := theme(t, "colour-blind", ThemeOptions{Colors: 16})
	for r := range roleCount {
		for _, p := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(few.open[r], "\x1b["), "m"), ";") {
			if p == "31" || p == "32" || p == "91" || p == "92" {
				t.Errorf("colour-blind with 16 colours, role %d: %q", r, few.open[r])
			}
		}
	}
}
