package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
)

// fontFiles writes a font that comes with a module, so that the tests need
// none of the machine's.
func fontFiles(t *testing.T) (regular, bold string) {
	t.Helper()
	dir := t.TempDir()
	regular, bold = filepath.Join(dir, "regular.ttf"), filepath.Join(dir, "bold.ttf")
	for path, data := range map[string][]byte{regular: gomono.TTF, bold: gomonobold.TTF} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return regular, bold
}

func drawing(t *testing.T, capture string, cols, rows int) *image.RGBA {
	t.Helper()
	fonts, err := LoadFonts(fontFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fonts.Close(); err != nil {
			t.Error(err)
		}
	})
	screen, err := Parse(capture, cols, rows)
	if err != nil {
		t.Fatal(err)
	}
	return fonts.Draw(screen)
}

// cellAt gives the pixels of one cell.
func cellAt(img *image.RGBA, x, y int) *image.RGBA {
	at := image.Pt(margin+x*cellWidth, margin+y*cellHeight)
	sub, ok := img.SubImage(image.Rectangle{at, at.Add(image.Pt(cellWidth, cellHeight))}).(*image.RGBA)
	if !ok {
		panic("a part of an RGBA image is one")
	}
	return sub
}

// count says how many pixels of the picture have this colour.
func count(img *image.RGBA, want color.Color) int {
	n := 0
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
			if img.At(x, y) == want {
				n++
			}
		}
	}
	return n
}

const cellArea = cellWidth * cellHeight

func TestDrawSize(t *testing.T) {
	img := drawing(t, "", 120, 40)
	want := image.Rect(0, 0, 120*cellWidth+2*margin, 40*cellHeight+2*margin)
	if img.Bounds() != want {
		t.Errorf("picture of %v, want %v", img.Bounds(), want)
	}
}

func TestDrawBlocksAndLines(t *testing.T) {
	red := Indexed(1)
	for glyph, want := range map[string]int{
		"█": cellArea,
		"▀": cellArea / 2,
		"▄": cellArea / 2,
		"▂": cellWidth * (cellHeight - (cellHeight*6+4)/8),
		"▌": (cellWidth + 1) / 2 * cellHeight,
		"▛": cellArea - (cellWidth-(cellWidth+1)/2)*cellHeight/2,
		"─": cellWidth,
		"│": cellHeight,
		"┼": cellWidth + cellHeight - 1,
		"━": 3 * cellWidth,
		"⠀": 0,
		"⠁": 4,
		"⣿": 8 * 4,
	} {
		img := drawing(t, "\x1b[31m"+glyph, 1, 1)
		if got := count(img, red); got != want {
			t.Errorf("%s has %d pixels, want %d", glyph, got, want)
		}
	}
}

// A frame of box drawing characters has no seams: every cell's line meets its
// neighbour's at the edge.
func TestBoxesJoin(t *testing.T) {
	red := Indexed(1)
	img := drawing(t, "\x1b[31m┌─┐\n│ │\n╰─╯", 3, 3)
	right, down := cellAt(img, 0, 0), cellAt(img, 0, 0)
	y := right.Rect.Min.Y + (cellHeight-1)/2
	if img.At(right.Rect.Max.X-1, y) != red || img.At(right.Rect.Max.X, y) != red {
		t.Error("┌ and ─ do not meet")
	}
	x := down.Rect.Min.X + (cellWidth-1)/2
	if img.At(x, down.Rect.Max.Y-1) != red || img.At(x, down.Rect.Max.Y) != red {
		t.Error("┌ and │ do not meet")
	}
}

func TestDrawText(t *testing.T) {
	_, background := (Style{}).colours()
	img := drawing(t, " W \x1b[1mW\x1b[0m", 4, 1)
	for x, inked := range []bool{false, true, false, true} {
		if blank := count(cellAt(img, x, 0), background) == cellArea; blank == inked {
			t.Errorf("cell %d: blank is %v", x, blank)
		}
	}
	regular, bold := cellAt(img, 1, 0), cellAt(img, 3, 0)
	if count(regular, background) <= count(bold, background) {
		t.Error("bold has no more ink than regular")
	}
}

func TestDrawStyles(t *testing.T) {
	fg, bg := (Style{}).colours()
	red, green := Indexed(1), Indexed(2)
	for name, test := range map[string]struct {
		capture string
		colour  color.Color
		want    int
	}{
		"background":        {"\x1b[41m ", red, cellArea},
		"reverse":           {"\x1b[7m ", fg, cellArea},
		"reverse of colour": {"\x1b[31;42;7m ", red, cellArea},
		"reverse block":     {"\x1b[31;42;7m█", green, cellArea},
		"dim":               {"\x1b[2m█", blend(fg, bg, 0.55), cellArea},
		"underline":         {"\x1b[4;31m ", red, cellWidth},
		"struck":            {"\x1b[9;31m ", red, cellWidth},
	} {
		img := cellAt(drawing(t, test.capture, 1, 1), 0, 0)
		if got := count(img, test.colour); got != test.want {
			t.Errorf("%s: %d pixels of %v, want %d", name, got, test.colour, test.want)
		}
	}
}

func TestWideCharacterTakesTwoCells(t *testing.T) {
	img := drawing(t, "\x1b[41m世\x1b[0m", 3, 1)
	_, background := (Style{}).colours()
	for x, coloured := range []bool{true, true, false} {
		if got := count(cellAt(img, x, 0), background) != cellArea; got != coloured {
			t.Errorf("cell %d: coloured is %v", x, got)
		}
	}
}

func TestRunWritesTheSamePictureTwice(t *testing.T) {
	regular, bold := fontFiles(t)
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		out := filepath.Join(dir, "out.png")
		o := options{cols: 20, rows: 3, regular: regular, bold: bold, out: out}
		if err := run(strings.NewReader("\x1b[32mhello\x1b[0m ▃⣷│"), &o); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = data
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two pictures of one screen differ")
	}
	if _, err := png.Decode(bytes.NewReader(files[0])); err != nil {
		t.Error(err)
	}
}

func TestCursor(t *testing.T) {
	screen, err := Parse("ab", 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	screen.Cursor(1, 0)
	screen.Cursor(-1, -1)
	screen.Cursor(2, 1)
	if screen[0][0].Style.Reverse || !screen[0][1].Style.Reverse {
		t.Errorf("cursor on the second cell: got %+v", screen[0])
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	regular, bold := fontFiles(t)
	out := filepath.Join(t.TempDir(), "out.png")
	for name, test := range map[string]struct{ capture, regular, out, want string }{
		"bad capture": {"\x1b[2J", regular, out, "parse capture: line 1"},
		"no font":     {"x", filepath.Join(t.TempDir(), "none.ttf"), out, "load font"},
		"no place":    {"x", regular, filepath.Join(t.TempDir(), "none", "out.png"), "write picture"},
	} {
		o := options{cols: 10, rows: 2, regular: test.regular, bold: bold, out: test.out}
		err := run(strings.NewReader(test.capture), &o)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q in it", name, err, test.want)
		}
	}
}
