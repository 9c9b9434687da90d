package vt

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// judge is a tmux server on a socket of its own.
type judge struct {
	t      *testing.T
	socket string
	dir    string
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	for _, tool := range []string{"tmux", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT TESTED against tmux: %v (install %s)", err, tool)
		}
	}
	dir := t.TempDir()
	j := &judge{t: t, socket: filepath.Join(dir, "s"), dir: dir}
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte("set -g status off\nset -g exit-empty off\nset -g remain-on-exit on\nset -s escape-time 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	j.run("-f", conf, "start-server")
	t.Cleanup(func() { j.run("kill-server") })
	return j
}

func (j *judge) run(args ...string) string {
	j.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", j.socket}, args...)...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TMUX") && !strings.HasPrefix(kv, "LC_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		j.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// verdict is what tmux shows: cells of style and text, cursor, and modes.
type verdict struct {
	rows   [][]Cell
	x, y   int
	hidden bool
	flags  string
}

// show feeds in to a pane. The pane's program then asks for the terminal's
// status; once the answer is there, tmux has taken all that came before.
func (j *judge) show(name, in string, cols, rows int) verdict {
	j.t.Helper()
	file := filepath.Join(j.dir, "in-"+name)
	if err := os.WriteFile(file, []byte(in), 0o600); err != nil {
		j.t.Fatal(err)
	}
	script := fmt.Sprintf(`stty raw -echo; cat %[1]s; printf '\030\033[5n'; IFS= read -r -d n; : >%[1]s.done; read -r x`, file)
	j.run("new-session", "-d", "-s", name, "-x", strconv.Itoa(cols), "-y", strconv.Itoa(rows), "bash", "-c", script)
	defer j.run("kill-session", "-t", "="+name)
	deadline := time.Now().Add(20 * time.Second)
	for {
		if _, err := os.Stat(file + ".done"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			j.t.Fatalf("tmux did not answer after %q", in)
		}
		time.Sleep(2 * time.Millisecond)
	}
	target := "=" + name + ":"
	var v verdict
	var c capture
	for _, line := range strings.Split(strings.TrimSuffix(j.run("capture-pane", "-e", "-N", "-p", "-t", target), "\n"), "\n") {
		v.rows = append(v.rows, c.parse(line))
	}
	state := j.run("display-message", "-p", "-t", target,
		"#{cursor_x} #{cursor_y} #{cursor_flag} alt=#{alternate_on} ins=#{insert_flag} ckm=#{keypad_cursor_flag} kpm=#{keypad_flag} origin=#{origin_flag} wrap=#{wrap_flag} std=#{mouse_standard_flag} btn=#{mouse_button_flag} all=#{mouse_all_flag} sgr=#{mouse_sgr_flag} top=#{scroll_region_upper} bot=#{scroll_region_lower}")
	var cursor int
	if _, err := fmt.Sscan(state, &v.x, &v.y, &cursor); err != nil {
		j.t.Fatalf("%q: %v", state, err)
	}
	v.x = min(v.x, cols-1)
	v.hidden = cursor == 0
	_, v.flags, _ = strings.Cut(strings.TrimSpace(state), " alt")
	return v
}

// capture reads the lines of capture-pane -e: SGR sequences, text, and SO and
// SI around line drawing characters, all of which hold on from line to line.
// It knows only what tmux writes, and shares no code with the emulator.
type capture struct {
	style Style
	lines bool
}

func (cp *capture) parse(line string) []Cell {
	var cells []Cell
	for line != "" {
		switch {
		case strings.HasPrefix(line, "\x1b["):
			end := strings.IndexByte(line, 'm')
			captureSGR(&cp.style, line[2:end])
			line = line[end+1:]
			continue
		case line[0] == 0x0e || line[0] == 0x0f:
			cp.lines = line[0] == 0x0e
			line = line[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(line)
		text := line[:n]
		line = line[n:]
		w := captureWidth(r)
		k := len(cells)
		switch {
		case w == 0 || k > 0 && strings.HasSuffix(lastText(cells), "\u200d"):
			for k--; k > 0 && cells[k].Width == 0; k-- {
			}
			cells[k].Text += text
			continue
		case k > 0 && regional(r) && cells[k-1].Width == 1 && regional([]rune(cells[k-1].Text)[0]):
			cells[k-1].Text, cells[k-1].Width = cells[k-1].Text+text, 2
			cells = append(cells, Cell{Style: cp.style})
			continue
		case cp.lines && r >= 0x60 && r <= 0x7e:
			text = string([]rune("◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")[r-0x60])
		}
		cells = append(cells, Cell{Text: text, Width: w, Style: cp.style})
		if w == 2 {
			cells = append(cells, Cell{Style: cp.style})
		}
	}
	return cells
}

func lastText(cells []Cell) string {
	for i := len(cells) - 1; i >= 0; i-- {
		if cells[i].Width > 0 {
			return cells[i].Text
		}
	}
	return ""
}

// captureWidth knows the characters of the suite.
func captureWidth(r rune) int {
	switch {
	case r >= 0x300 && r < 0x370, r == 0x200d, r == 0xfe0f, r == 0x20e3:
		return 0
	case r >= 0x1f300 && r < 0x1f700, r == 0x231a, r >= 0x3041 && r < 0xa000:
		return 2
	}
	return 1
}

// captureSGR applies the parameters tmux writes: colons only in 4:n.
func captureSGR(s *Style, params string) {
	if params == "" {
		params = "0"
	}
	p := strings.Split(params, ";")
	for i := 0; i < len(p); i++ {
		if sub := strings.Split(p[i], ":"); len(sub) > 1 {
			n := make([]int, len(sub))
			for k := range sub {
				n[k], _ = strconv.Atoi(sub[k])
			}
			switch {
			case n[0] == 4:
				s.Underline = Underline(n[1])
			case n[0] == 5 && n[1] == 3: // tmux's spelling of 53
				s.Attr |= Overline
			}
			continue
		}
		n, _ := strconv.Atoi(p[i])
		if n == 38 || n == 48 || n == 58 {
			var v [5]int
			for k := 1; k < 5 && i+k < len(p); k++ {
				v[k], _ = strconv.Atoi(p[i+k])
			}
			c := Indexed(uint8(v[2]))
			i += 2
			if v[1] == 2 {
				c = RGB(uint8(v[2]), uint8(v[3]), uint8(v[4]))
				i += 2
			}
			switch n {
			case 38:
				s.FG = c
			case 48:
				s.BG = c
			case 58:
				s.UL = c
			}
			continue
		}
		captureOne(s, n)
	}
}

func captureOne(s *Style, n int) {
	attrs := map[int]Attr{1: Bold, 2: Dim, 3: Italic, 5: Blink, 7: Reverse, 8: Conceal, 9: Strike, 53: Overline}
	switch {
	case n == 0:
		*s = Style{}
	case attrs[n] != 0:
		s.Attr |= attrs[n]
	case n == 4:
		s.Underline = Single
	case n == 39:
		s.FG = 0
	case n == 49:
		s.BG = 0
	case n >= 30 && n < 38:
		s.FG = Indexed(uint8(n - 30))
	case n >= 40 && n < 48:
		s.BG = Indexed(uint8(n - 40))
	case n >= 90 && n < 98:
		s.FG = Indexed(uint8(n - 82))
	case n >= 100 && n < 108:
		s.BG = Indexed(uint8(n - 92))
	}
}

// differences compares what tmux shows with what t has.
func (v verdict) differences(t *Terminal) []string {
	var d []string
	cols, rows := t.Size()
	for y := range rows {
		for x := range cols {
			got := t.Cell(x, y)
			if got.Text == "" && got.Width == 1 {
				got.Text = " "
			}
			// tmux does not tell the background of blanks at a line's end:
			// the cases about it put a mark there.
			want := Cell{Text: " ", Width: 1, Style: Style{BG: got.Style.BG}}
			if y < len(v.rows) && x < len(v.rows[y]) {
				want = v.rows[y][x]
			}
			if got != want {
				d = append(d, fmt.Sprintf("cell %d,%d is %+v, in tmux %+v", x, y, got, want))
			}
		}
	}
	c := t.Cursor()
	if c.X != v.x || c.Y != v.y || c.Visible == v.hidden {
		d = append(d, fmt.Sprintf("cursor %d,%d visible %v, in tmux %d,%d visible %v", c.X, c.Y, c.Visible, v.x, v.y, !v.hidden))
	}
	const enough = 4
	if n := len(d); n > enough {
		d = append(d[:enough], fmt.Sprintf("and %d more", n-enough))
	}
	return append(d, v.modeDifferences(t)...)
}

func (v verdict) modeDifferences(t *Terminal) []string {
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	m := t.Modes()
	got := fmt.Sprintf("=%d ins=%d ckm=%d kpm=%d origin=%d wrap=%d std=%d btn=%d all=%d sgr=%d top=%d bot=%d",
		bit(m.AltScreen), bit(t.mode&modeInsert != 0), bit(m.AppCursor), bit(m.AppKeypad), bit(t.mode&modeOrigin != 0), bit(t.mode&modeWrap != 0),
		bit(m.Mouse == MouseNormal), bit(m.Mouse == MouseDrag), bit(m.Mouse == MouseAny), bit(m.MouseEncoding == MouseSGR), t.top, t.bot)
	if got != v.flags {
		return []string{fmt.Sprintf("modes alt%s, in tmux alt%s", got, v.flags)}
	}
	return nil
}

func TestAgainstTmux(t *testing.T) {
	const cols, rows = 20, 6
	j := newJudge(t)
	for i, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			term := New(cols, rows, Options{})
			_, _ = term.Write([]byte(c.in))
			if err := check(term); err != nil {
				t.Fatal(err)
			}
			if c.odd != "" {
				if got := term.PlainText(); got != c.want {
					t.Errorf("%q shows %q, want %q (%s)", c.in, got, c.want, c.odd)
				}
				return
			}
			j.t = t
			for _, d := range j.show("c"+strconv.Itoa(i), c.in, cols, rows).differences(term) {
				t.Error(d)
			}
			if t.Failed() {
				t.Logf("after %q", c.in)
			}
		})
	}
	j.t = t
}

// TestSplitWrites feeds every case byte by byte: nothing may depend on how a
// pty cuts its output.
func TestSplitWrites(t *testing.T) {
	for _, c := range cases() {
		whole, split := New(20, 6, Options{}), New(20, 6, Options{})
		_, _ = whole.Write([]byte(c.in))
		for i := range len(c.in) {
			_, _ = split.Write([]byte(c.in[i : i+1]))
		}
		for y := range 6 {
			if a, b := whole.Line(y), split.Line(y); a != b {
				t.Errorf("%s: row %d is %q, byte by byte %q", c.name, y, a, b)
			}
		}
		if whole.Cursor() != split.Cursor() || whole.Modes() != split.Modes() {
			t.Errorf("%s: cursor or modes differ byte by byte", c.name)
		}
	}
}
