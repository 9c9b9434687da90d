package main

import (
	"image"
	"image/color"
	"image/draw"
)

// Glyphs that have to join those of the cells beside them are drawn here to
// the pixel: a font's own would leave seams where a cell ends.

// arms says where the lines of a box drawing character go from the middle.
type arms struct {
	left, right, up, down bool
	thick                 int
}

// box gives the arms of a box drawing character (U+2500 to U+257F).
func box(r rune) (arms, bool) {
	const thin, heavy = 1, 3
	switch r {
	case '─', '╌', '┄', '┈':
		return arms{left: true, right: true, thick: thin}, true
	case '━', '═':
		return arms{left: true, right: true, thick: heavy}, true
	case '│', '╎', '┆', '┊':
		return arms{up: true, down: true, thick: thin}, true
	case '┃', '║':
		return arms{up: true, down: true, thick: heavy}, true
	case '┌', '╭':
		return arms{right: true, down: true, thick: thin}, true
	case '┐', '╮':
		return arms{left: true, down: true, thick: thin}, true
	case '└', '╰':
		return arms{right: true, up: true, thick: thin}, true
	case '┘', '╯':
		return arms{left: true, up: true, thick: thin}, true
	case '├':
		return arms{right: true, up: true, down: true, thick: thin}, true
	case '┤':
		return arms{left: true, up: true, down: true, thick: thin}, true
	case '┬':
		return arms{left: true, right: true, down: true, thick: thin}, true
	case '┴':
		return arms{left: true, right: true, up: true, thick: thin}, true
	case '┼':
		return arms{left: true, right: true, up: true, down: true, thick: thin}, true
	case '╴':
		return arms{left: true, thick: thin}, true
	case '╶':
		return arms{right: true, thick: thin}, true
	case '╵':
		return arms{up: true, thick: thin}, true
	case '╷':
		return arms{down: true, thick: thin}, true
	}
	return arms{}, false
}

// drawn paints the character if it is one of those drawn by hand.
func drawn(dst draw.Image, cell image.Rectangle, r rune, fg, bg color.Color) bool {
	switch {
	case r >= 0x2580 && r <= 0x259f:
		drawBlock(dst, cell, r, fg, bg)
		return true
	case r >= 0x2800 && r <= 0x28ff:
		drawBraille(dst, cell, r, fg)
		return true
	}
	a, ok := box(r)
	if ok {
		drawArms(dst, cell, a, fg)
	}
	return ok
}

func drawArms(dst draw.Image, cell image.Rectangle, a arms, fg color.Color) {
	x0, y0 := cell.Min.X+(cell.Dx()-a.thick)/2, cell.Min.Y+(cell.Dy()-a.thick)/2
	x1, y1 := x0+a.thick, y0+a.thick
	if a.left {
		fill(dst, image.Rect(cell.Min.X, y0, x1, y1), fg)
	}
	if a.right {
		fill(dst, image.Rect(x0, y0, cell.Max.X, y1), fg)
	}
	if a.up {
		fill(dst, image.Rect(x0, cell.Min.Y, x1, y1), fg)
	}
	if a.down {
		fill(dst, image.Rect(x0, y0, x1, cell.Max.Y), fg)
	}
}

// quadrants of U+2596 to U+259F: upper left 1, upper right 2, lower left 4,
// lower right 8.
func quadrants(r rune) int {
	return [...]int{4, 8, 1, 1 | 4 | 8, 1 | 8, 1 | 2 | 4, 1 | 2 | 8, 2, 2 | 4, 2 | 4 | 8}[r-0x2596]
}

func drawBlock(dst draw.Image, cell image.Rectangle, r rune, fg, bg color.Color) {
	// part gives a share of the cell in eighths, rounded to pixels.
	part := func(left, top, right, bottom int) image.Rectangle {
		return image.Rect(
			cell.Min.X+(cell.Dx()*left+4)/8, cell.Min.Y+(cell.Dy()*top+4)/8,
			cell.Min.X+(cell.Dx()*right+4)/8, cell.Min.Y+(cell.Dy()*bottom+4)/8)
	}
	switch {
	case r == 0x2580:
		fill(dst, part(0, 0, 8, 4), fg)
	case r <= 0x2588: // lower eighths
		fill(dst, part(0, 8-int(r-0x2580), 8, 8), fg)
	case r <= 0x258f: // left eighths
		fill(dst, part(0, 0, 8-int(r-0x2588), 8), fg)
	case r == 0x2590:
		fill(dst, part(4, 0, 8, 8), fg)
	case r <= 0x2593: // shades
		fill(dst, cell, blend(fg, bg, float64(r-0x2590)/4))
	case r == 0x2594:
		fill(dst, part(0, 0, 8, 1), fg)
	case r == 0x2595:
		fill(dst, part(7, 0, 8, 8), fg)
	default:
		set := quadrants(r)
		for i, quarter := range [...]image.Rectangle{
			part(0, 0, 4, 4), part(4, 0, 8, 4), part(0, 4, 4, 8), part(4, 4, 8, 8),
		} {
			if set&(1<<i) != 0 {
				fill(dst, quarter, fg)
			}
		}
	}
}

func drawBraille(dst draw.Image, cell image.Rectangle, r rune, fg color.Color) {
	// Where the dot of each bit stands (the Unicode chart of U+2800): column, row.
	dots := [8]image.Point{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}}
	const size = 2
	for bit, at := range dots {
		if (r-0x2800)&(1<<bit) == 0 {
			continue
		}
		x := cell.Min.X + (cell.Dx()*(2*at.X+1)/2-size)/2
		y := cell.Min.Y + (cell.Dy()*(2*at.Y+1)/4-size)/2
		fill(dst, image.Rect(x, y, x+size, y+size), fg)
	}
}

func fill(dst draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(dst, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// blend mixes share of a with the rest of b.
func blend(a, b color.Color, share float64) color.Color {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	mix := func(x, y uint32) uint8 {
		return uint8((float64(x)*share + float64(y)*(1-share)) / 257)
	}
	return color.RGBA{mix(ar, br), mix(ag, bg), mix(ab, bb), 255}
}
