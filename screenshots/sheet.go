package main

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

const (
	sheetWidth = 3700 // as wide as two screens of 200 columns
	caption    = 24   // pixels above a picture for its name
	between    = 12
)

// tile is one picture of a sheet.
type tile struct {
	name string
	img  image.Image
	at   image.Point
}

// sheet draws several captures into one picture, each below its name. A capture's
// file is called NAME.COLSxROWS.
func sheet(files []string, o *options) (err error) {
	fonts, err := LoadFonts(o.regular, o.bold)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fonts.Close()) }()
	tiles := make([]tile, 0, len(files))
	for _, f := range files {
		t, err := fonts.tile(f)
		if err != nil {
			return err
		}
		tiles = append(tiles, t)
	}
	return write(o.out, fonts.arranged(tiles))
}

func (f *Fonts) tile(file string) (tile, error) {
	name := filepath.Base(file)
	cols, rows, err := sizeOf(name)
	if err != nil {
		return tile{}, err
	}
	capture, err := os.ReadFile(file)
	if err != nil {
		return tile{}, fmt.Errorf("read capture: %w", err)
	}
	screen, err := Parse(string(capture), cols, rows)
	if err != nil {
		return tile{}, fmt.Errorf("%s: %w", name, err)
	}
	return tile{name: name, img: f.Draw(screen)}, nil
}

// sizeOf is what stands behind the last dot of a capture's name.
func sizeOf(name string) (cols, rows int, err error) {
	w, h, ok := strings.Cut(strings.TrimPrefix(filepath.Ext(name), "."), "x")
	if ok {
		cols, err = strconv.Atoi(w)
	}
	if ok && err == nil {
		rows, err = strconv.Atoi(h)
	}
	if !ok || err != nil || cols < 1 || rows < 1 {
		return 0, 0, fmt.Errorf("capture %q is not called NAME.COLSxROWS", name)
	}
	return cols, rows, nil
}

// arranged lays pictures side by side as far as the sheet is wide, in their order.
func (f *Fonts) arranged(tiles []tile) image.Image {
	x, y, row := 0, 0, 0
	var all image.Rectangle
	for i := range tiles {
		size := tiles[i].img.Bounds().Size()
		if x > 0 && x+size.X > sheetWidth {
			x, y, row = 0, y+row+between, 0
		}
		tiles[i].at = image.Pt(x, y)
		x, row = x+size.X+between, max(row, size.Y+caption)
		all = all.Union(image.Rect(0, 0, x-between, y+row))
	}
	img := image.NewRGBA(all)
	fill(img, all, rgb(0x808890))
	for _, t := range tiles {
		d := font.Drawer{Dst: img, Src: image.NewUniform(rgb(0)), Face: f.bold, Dot: fixed.P(t.at.X+4, t.at.Y+caption-7)}
		d.DrawString(t.name)
		at := t.at.Add(image.Pt(0, caption))
		draw.Draw(img, image.Rectangle{at, at.Add(t.img.Bounds().Size())}, t.img, image.Point{}, draw.Src)
	}
	return img
}
