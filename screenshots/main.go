// Command screenshots draws a terminal's screen, as "tmux capture-pane -e -N -p"
// prints it on standard input, into a PNG file. The script beside it, make, runs
// lxcdeck in tmux and feeds it. With files as arguments it draws several of them
// into one sheet; the script looks makes them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
)

const fontDir = "/usr/share/fonts/truetype/dejavu/"

// options are the command's flags.
type options struct {
	cols, rows       int
	cursorX, cursorY int
	regular, bold    string
	out              string
}

func main() {
	var o options
	flag.IntVar(&o.cols, "cols", 80, "columns of the screen")
	flag.IntVar(&o.rows, "rows", 24, "rows of the screen")
	flag.IntVar(&o.cursorX, "x", -1, "column of the cursor, from 0; none if negative")
	flag.IntVar(&o.cursorY, "y", -1, "row of the cursor, from 0; none if negative")
	flag.StringVar(&o.regular, "font", fontDir+"DejaVuSansMono.ttf", "TrueType file of a monospace font")
	flag.StringVar(&o.bold, "bold", fontDir+"DejaVuSansMono-Bold.ttf", "the same in bold")
	flag.StringVar(&o.out, "o", "", "PNG file to write")
	flag.Parse()
	if o.out == "" || o.cols < 1 || o.rows < 1 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	if flag.NArg() > 0 {
		err = sheet(flag.Args(), &o)
	} else {
		err = run(os.Stdin, &o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, o *options) (err error) {
	capture, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read capture: %w", err)
	}
	screen, err := Parse(string(capture), o.cols, o.rows)
	if err != nil {
		return err
	}
	screen.Cursor(o.cursorX, o.cursorY)
	fonts, err := LoadFonts(o.regular, o.bold)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fonts.Close()) }()
	return write(o.out, fonts.Draw(screen))
}

func write(path string, img image.Image) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(f, img); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}
