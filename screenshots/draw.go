package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The size of a cell in pixels. The font is scaled so that its characters are
// exactly one cell wide.
const (
	cellWidth  = 9
	cellHeight = 18
	margin     = 9
)

// Fonts draws text in two weights.
type Fonts struct {
	regular, bold font.Face
	baseline      int // pixels below the top of a cell
}

// LoadFonts reads a monospace font in two weights from TrueType files.
func LoadFonts(regular, bold string) (*Fonts, error) {
	r, err := loadFace(regular)
	if err != nil {
		return nil, err
	}
	b, err := loadFace(bold)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	m := r.Metrics()
	spare := fixed.I(cellHeight) - m.Ascent - m.Descent
	return &Fonts{regular: r, bold: b, baseline: (m.Ascent + spare/2).Round()}, nil
}

// Close lets go of the fonts.
func (f *Fonts) Close() error { return errors.Join(f.regular.Close(), f.bold.Close()) }

func loadFace(path string) (font.Face, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load font: %w", err)
	}
	parsed, err := opentype.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("load font %s: %w", path, err)
	}
	// One face at a known size tells how wide a character is.
	const probe = 1000
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: probe, DPI: 72})
	if err != nil {
		return nil, fmt.Errorf("load font %s: %w", path, err)
	}
	advance, ok := face.GlyphAdvance('0')
	if err := face.Close(); err != nil {
		return nil, fmt.Errorf("load font %s: %w", path, err)
	}
	if !ok || advance == 0 {
		return nil, fmt.Errorf("load font %s: it has no digits", path)
	}
	size := probe * cellWidth * 64 / float64(advance)
	face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("load font %s: %w", path, err)
	}
	return face, nil
}

// Draw paints a screen. The same screen gives the same pixels.
func (f *Fonts) Draw(screen Screen) *image.RGBA {
	cols := 0
	if len(screen) > 0 {
		cols = len(screen[0])
	}
	img := image.NewRGBA(image.Rect(0, 0, cols*cellWidth+2*margin, len(screen)*cellHeight+2*margin))
	_, background := (Style{}).colours()
	fill(img, img.Bounds(), background)
	for y, row := range screen {
		for x, cell := range row {
			if cell.Text == "" {
				continue
			}
			width := 1
			if x+1 < len(row) && row[x+1].Text == "" {
				width = 2
			}
			at := image.Pt(margin+x*cellWidth, margin+y*cellHeight)
			f.cell(img, image.Rectangle{at, at.Add(image.Pt(width*cellWidth, cellHeight))}, cell)
		}
	}
	return img
}

func (f *Fonts) cell(img *image.RGBA, r image.Rectangle, c Cell) {
	fg, bg := c.Style.colours()
	fill(img, r, bg)
	first, size := utf8.DecodeRuneInString(c.Text)
	if size != len(c.Text) || !drawn(img, r, first, fg, bg) {
		face := f.regular
		if c.Style.Bold {
			face = f.bold
		}
		// Nothing of a character may reach into the next cell.
		clip, ok := img.SubImage(r).(*image.RGBA)
		if ok {
			d := font.Drawer{Dst: clip, Src: image.NewUniform(fg), Face: face}
			for _, char := range c.Text {
				d.Dot = fixed.P(r.Min.X, r.Min.Y+f.baseline)
				d.DrawString(string(char))
			}
		}
	}
	if c.Style.Underline {
		y := r.Min.Y + f.baseline + 2
		fill(img, image.Rect(r.Min.X, y, r.Max.X, y+1), fg)
	}
	if c.Style.Struck {
		y := r.Min.Y + cellHeight/2
		fill(img, image.Rect(r.Min.X, y, r.Max.X, y+1), fg)
	}
}

// colours gives what the style is drawn in, with defaults, dim and reverse
// resolved.
func (s Style) colours() (fg, bg color.Color) {
	fg, bg = s.Fg, s.Bg
	if fg == nil {
		fg = rgb(0xc8ccd4)
	}
	if bg == nil {
		bg = rgb(0x16181c)
	}
	if s.Reverse {
		fg, bg = bg, fg
	}
	if s.Dim {
		fg = blend(fg, bg, 0.55)
	}
	return fg, bg
}
