package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSheet(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a.40x10", "b.300x4", "c.120x6"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("\x1b[7mtext\x1b[m"), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	o := options{regular: fontDir + "DejaVuSansMono.ttf", bold: fontDir + "DejaVuSansMono-Bold.ttf", out: filepath.Join(dir, "sheet.png")}
	if _, err := os.Stat(o.regular); err != nil {
		t.Skip(err)
	}
	if err := sheet(files, &o); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(o.out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	side := func(cells, size int) int { return cells*size + 2*margin }
	want := image.Pt(side(40, cellWidth)+between+side(300, cellWidth), side(10, cellHeight)+between+side(6, cellHeight)+2*caption)
	if got := img.Bounds().Size(); got != want {
		t.Errorf("two beside each other and one below take %v, want %v", got, want)
	}
	for _, name := range []string{"a", "a.40", "a.40x", "a.x10", "a.0x10", "40x10"} {
		if err := sheet([]string{filepath.Join(dir, name)}, &o); err == nil || !strings.Contains(err.Error(), "NAME.COLSxROWS") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
