package main

import (
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseStyles(t *testing.T) {
	red, orange := Indexed(1), color.RGBA{255, 128, 0, 255}
	for name, test := range map[string]struct {
		capture string
		want    Style
	}{
		"plain":                 {"x", Style{}},
		"bold":                  {"\x1b[1mx", Style{Bold: true}},
		"dim":                   {"\x1b[2mx", Style{Dim: true}},
		"underline":             {"\x1b[4mx", Style{Underline: true}},
		"curly underline":       {"\x1b[4:3mx", Style{Underline: true}},
		"no underline, colon":   {"\x1b[4m\x1b[4:0mx", Style{}},
		"reverse":               {"\x1b[7mx", Style{Reverse: true}},
		"struck":                {"\x1b[9mx", Style{Struck: true}},
		"several":               {"\x1b[1;4;31mx", Style{Bold: true, Underline: true, Fg: red}},
		"16 colours":            {"\x1b[31;42mx", Style{Fg: red, Bg: Indexed(2)}},
		"bright":                {"\x1b[91;102mx", Style{Fg: Indexed(9), Bg: Indexed(10)}},
		"256 colours":           {"\x1b[38;5;208;48;5;17mx", Style{Fg: Indexed(208), Bg: Indexed(17)}},
		"true colour":           {"\x1b[38;2;255;128;0mx", Style{Fg: orange}},
		"true colour, colons":   {"\x1b[48:2::255:128:0mx", Style{Bg: orange}},
		"old colons":            {"\x1b[38:2:255:128:0mx", Style{Fg: orange}},
		"256 colours, colons":   {"\x1b[38:5:208mx", Style{Fg: Indexed(208)}},
		"underline colour":      {"\x1b[58;5;1;1mx", Style{Bold: true}},
		"reset":                 {"\x1b[1;31m\x1b[0mx", Style{}},
		"empty reset":           {"\x1b[1;31m\x1b[mx", Style{}},
		"defaults":              {"\x1b[31;42m\x1b[39;49mx", Style{}},
		"off":                   {"\x1b[1;2;4;7;9m\x1b[22;24;27;29mx", Style{}},
		"italics are not drawn": {"\x1b[3mx", Style{}},
		"hyperlink":             {"\x1b]8;;http://example.org/\x1b\\x\x1b]8;;\x1b\\", Style{}},
	} {
		screen, err := Parse(test.capture, 1, 1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := screen[0][0]; got != (Cell{"x", test.want}) {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

// texts joins what the cells of a row hold, with | between them.
func texts(row []Cell) string {
	var s []string
	for _, c := range row {
		s = append(s, c.Text)
	}
	return strings.Join(s, "|")
}

func TestParseCells(t *testing.T) {
	for name, test := range map[string]struct {
		capture string
		want    []string
	}{
		"padded":    {"ab\n", []string{"a|b| | ", " | | | "}},
		"cut":       {"abcdef\nx", []string{"a|b|c|d", "x| | | "}},
		"wide":      {"a世b", []string{"a|世||b", " | | | "}},
		"combining": {"e\u0301x", []string{"e\u0301|x| | ", " | | | "}},
		"box":       {"─▄⣿", []string{"─|▄|⣿| ", " | | | "}},
	} {
		screen, err := Parse(test.capture, 4, 2)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for y, want := range test.want {
			if got := texts(screen[y]); got != want {
				t.Errorf("%s: row %d is %q, want %q", name, y, got, want)
			}
		}
	}
}

func TestStyleLastsOverLines(t *testing.T) {
	screen, err := Parse("\x1b[1ma\nb", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !screen[1][0].Style.Bold {
		t.Error("bold ended with the line")
	}
}

func TestParseRefuses(t *testing.T) {
	for name, capture := range map[string]string{
		"cursor movement":   "\x1b[2Jx",
		"unknown attribute": "\x1b[77mx",
		"unfinished":        "\x1b[1",
		"colour over 255":   "\x1b[38;5;256mx",
		"colour cut short":  "\x1b[38;2;1;2mx",
		"no number":         "\x1b[1;?mx",
		"control character": "a\x07",
		"escape alone":      "\x1b",
		"too many lines":    "a\nb\nc",
	} {
		if _, err := Parse(capture, 4, 2); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestIndexed(t *testing.T) {
	for n, want := range map[uint8]color.Color{
		16:  color.RGBA{0, 0, 0, 255},
		21:  color.RGBA{0, 0, 255, 255},
		46:  color.RGBA{0, 255, 0, 255},
		208: color.RGBA{255, 135, 0, 255},
		231: color.RGBA{255, 255, 255, 255},
		232: color.RGBA{8, 8, 8, 255},
		255: color.RGBA{238, 238, 238, 255},
	} {
		if got := Indexed(n); got != want {
			t.Errorf("colour %d is %v, want %v", n, got, want)
		}
	}
}

// What tmux really prints has to be understood.
func TestParseTmux(t *testing.T) {
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		t.Skip("tmux is not installed: its own output is not parsed")
	}
	socket := filepath.Join(t.TempDir(), "s")
	run := func(args ...string) string {
		out, err := exec.Command(tmux, append([]string{"-f", os.DevNull, "-S", socket}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	const text = `\033[1;31mred\033[0m \033[48;5;208mbg\033[0m \033[38;2;1;2;3mtrue\033[0m \033[4;7;2mmix\033[0m end`
	run("new-session", "-d", "-x", "40", "-y", "4", "printf '"+text+"'; exec sleep 300")
	t.Cleanup(func() { run("kill-server") })
	var capture string
	for deadline := time.Now().Add(20 * time.Second); ; {
		capture = run("capture-pane", "-e", "-N", "-p")
		if strings.Contains(capture, "end") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("tmux shows %q", capture)
		}
		time.Sleep(20 * time.Millisecond)
	}
	screen, err := Parse(capture, 40, 4)
	if err != nil {
		t.Fatal(err)
	}
	row := screen[0]
	for x, want := range map[int]Cell{
		0:  {"r", Style{Bold: true, Fg: Indexed(1)}},
		3:  {" ", Style{}},
		4:  {"b", Style{Bg: Indexed(208)}},
		8:  {"r", Style{Fg: color.RGBA{1, 2, 3, 255}}},
		12: {"m", Style{Underline: true, Reverse: true, Dim: true}},
		16: {"e", Style{}},
	} {
		if row[x] != want {
			t.Errorf("cell %d is %+v, want %+v", x, row[x], want)
		}
	}
}
