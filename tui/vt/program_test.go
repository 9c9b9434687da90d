package vt

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// patience is how long a program may take to show something.
const patience = 20 * time.Second

// program runs a real program in a pty in front of a Terminal.
type program struct {
	t    *testing.T
	term *Terminal
	tty  *os.File
	out  chan []byte // closed when the program is gone
}

func start(t *testing.T, cols, rows int, args ...string) *program {
	t.Helper()
	path, err := exec.LookPath(args[0])
	if err != nil {
		t.Skipf("NOT TESTED with a real program: %v (install %s)", err, args[0])
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Env = []string{"TERM=xterm-256color", "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + t.TempDir(), "PS1=$ "}
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, term: New(cols, rows, Options{}), tty: tty, out: make(chan []byte)}
	done := make(chan struct{})
	go func() {
		defer close(p.out)
		for {
			b := make([]byte, 4096)
			n, err := tty.Read(b)
			if n > 0 {
				select {
				case p.out <- b[:n]:
				case <-done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = tty.Close()
	})
	return p
}

// until feeds the terminal until the screen is as wanted.
func (p *program) until(what string, ok func(*Terminal) bool) {
	p.t.Helper()
	if !p.within(patience, what, ok) {
		p.t.Fatalf("not within %v: %s\n%s", patience, what, p.term.PlainText())
	}
}

// within is until that may fail.
func (p *program) within(limit time.Duration, what string, ok func(*Terminal) bool) bool {
	p.t.Helper()
	deadline := time.After(limit)
	for !ok(p.term) {
		select {
		case b, more := <-p.out:
			if !more {
				p.t.Fatalf("program ended before: %s\n%s", what, p.term.PlainText())
			}
			_, _ = p.term.Write(b)
			if err := check(p.term); err != nil {
				p.t.Fatal(err)
			}
			if r := p.term.TakeReplies(); len(r) > 0 {
				p.send(string(r))
			}
		case <-deadline:
			return false
		}
	}
	return true
}

// typing types until something is echoed, and rubs it out again: busybox's
// line editor asks for the cursor's place and loses keys that it reads
// together with the answer.
func (p *program) typing() {
	p.t.Helper()
	empty := func(t *Terminal) bool { return t.PlainLine(t.Cursor().Y) == "$" }
	p.until("prompt", empty)
	const tries = 50
	for range tries {
		p.keys(typed("#")...)
		if p.within(patience/tries, "echo", func(t *Terminal) bool { return t.PlainLine(t.Cursor().Y) == "$ #" }) {
			p.keys(Key{Code: Backspace})
			p.until("empty line", empty)
			return
		}
	}
	p.t.Fatalf("no echo\n%s", p.term.PlainText())
}

func (p *program) send(s string) {
	p.t.Helper()
	if _, err := p.tty.WriteString(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) keys(keys ...Key) {
	p.t.Helper()
	for _, k := range keys {
		p.send(string(EncodeKey(k, p.term.Modes())))
	}
}

func (p *program) ends() {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case b, more := <-p.out:
			if !more {
				return
			}
			_, _ = p.term.Write(b)
		case <-deadline:
			p.t.Fatalf("still running\n%s", p.term.PlainText())
		}
	}
}

// isRow says that row y of the screen is s.
func isRow(y int, s string) func(*Terminal) bool {
	return func(t *Terminal) bool { return t.PlainLine(y) == s }
}

// shows says that some row of the screen is s.
func shows(s string) func(*Terminal) bool {
	return func(t *Terminal) bool {
		for y := range t.rows {
			if t.PlainLine(y) == s {
				return true
			}
		}
		return false
	}
}

func lines(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func typed(s string) []Key {
	var k []Key
	for _, r := range s {
		k = append(k, Key{Code: r, Text: string(r)})
	}
	return k
}

func TestBusyboxVi(t *testing.T) {
	name := file(t, lines(50))
	p := start(t, 80, 24, "busybox", "vi", name)
	p.until("first screen", isRow(22, "line 23"))
	if !p.term.Modes().AltScreen {
		t.Error("not on the alternate screen")
	}
	p.keys(Key{Code: Down}, Key{Code: Down}, Key{Code: Right})
	p.until("cursor moved", func(t *Terminal) bool { return t.Cursor().Y == 2 && t.Cursor().X == 1 })
	p.keys(typed("iXYZ")...)
	p.until("inserted", isRow(2, "lXYZine 3"))
	p.keys(Key{Code: Escape})
	p.until("command mode", func(t *Terminal) bool { return strings.HasPrefix(t.PlainLine(23), "- ") })
	p.keys(typed("dd")...)
	p.until("line deleted", isRow(2, "line 4"))
	p.keys(typed("G")...)
	p.until("the end", shows("line 50"))
	p.keys(typed(":wq")...)
	p.keys(Key{Code: Enter})
	p.ends()
	if m := p.term.Modes(); m.AltScreen {
		t.Error("left on the alternate screen")
	}
	got, err := os.ReadFile(name)
	if err != nil || strings.Contains(string(got), "line 3\n") || !strings.Contains(string(got), "line 4\n") {
		t.Errorf("file is %q, %v", got, err)
	}
}

func TestVim(t *testing.T) {
	p := start(t, 80, 24, "vim", "-u", "NONE", "-N", file(t, lines(50)))
	p.until("first screen", isRow(22, "line 23"))
	p.keys(typed(":set number")...)
	p.keys(Key{Code: Enter})
	p.until("numbers", isRow(0, "  1 line 1"))
	p.keys(typed(":split")...)
	p.keys(Key{Code: Enter})
	p.until("two windows", func(t *Terminal) bool {
		return t.PlainLine(12) == "  1 line 1" && t.Cell(0, 11).Style.Attr&Reverse != 0
	})
	p.keys(Key{Code: PgDn})
	p.until("scrolled in the upper window", func(t *Terminal) bool { return t.PlainLine(0) == " 10 line 10" && t.PlainLine(12) == "  1 line 1" })
	p.keys(typed(":qa!")...)
	p.keys(Key{Code: Enter})
	p.ends()
}

func TestBusyboxLess(t *testing.T) {
	testLess(t, "busybox", "less", file(t, lines(100)))
}

func TestLess(t *testing.T) { testLess(t, "less", file(t, lines(100))) }

func testLess(t *testing.T, args ...string) {
	p := start(t, 60, 10, args...)
	p.until("first screen", isRow(8, "line 9"))
	p.keys(typed(" ")...)
	p.until("next page", isRow(0, "line 10"))
	p.keys(typed("G")...)
	p.until("the end", shows("line 100"))
	p.keys(typed("g")...)
	p.until("the beginning", isRow(0, "line 1"))
	p.keys(Key{Code: Down})
	p.until("one down", isRow(0, "line 2"))
	p.until("the rest of it", func(t *Terminal) bool { return t.PlainLine(8) == "line 10" && t.Cursor().Y == 9 })
	p.keys(typed("/")...)
	// busybox changes the tty's mode for every key: between two of them the tty
	// itself would echo what is typed, and hold it back until the line's end.
	p.until("question", isRow(9, "/"))
	for i, k := range typed("line 42") {
		p.keys(k)
		p.until("echo", func(t *Terminal) bool { return t.Cursor().X == i+2 && t.Cursor().Y == 9 })
	}
	p.keys(Key{Code: Enter})
	p.until("found", isRow(0, "line 42"))
	p.keys(typed("q")...)
	p.ends()
}

func TestBusyboxTop(t *testing.T) {
	p := start(t, 80, 24, "busybox", "top", "-d", "1")
	p.until("head and list", func(t *Terminal) bool {
		return strings.HasPrefix(t.PlainLine(0), "Mem: ") && strings.HasPrefix(t.PlainLine(1), "CPU: ") &&
			strings.Contains(t.PlainLine(3), "PID  PPID USER") && t.Cell(2, 3).Style.Attr&Reverse != 0 && t.PlainLine(4) != ""
	})
	first := p.term.LineGeneration(0)
	p.until("second round in place", func(t *Terminal) bool {
		return t.LineGeneration(0) != first && strings.HasPrefix(t.PlainLine(0), "Mem: ") && t.PlainLine(4) != ""
	})
	p.keys(typed("q")...)
	p.ends()
}

// TestBusyboxShell checks the prompt that asks for the cursor's place before
// each line, and the editing of a line longer than the screen.
func TestBusyboxShell(t *testing.T) {
	p := start(t, 20, 6, "busybox", "sh", "-i")
	p.typing()
	p.keys(typed("clear")...)
	p.keys(Key{Code: Enter})
	p.until("clear screen", isRow(0, "$"))
	p.typing()
	p.keys(typed("echo abcdefghijklmnopqrstuvwxyz")...)
	p.until("wrapped", isRow(1, "nopqrstuvwxyz"))
	p.keys(Key{Code: Home}, Key{Code: Delete}, Key{Code: 'e', Text: "e"}, Key{Code: End}, Key{Code: Backspace}, Key{Code: Enter})
	p.until("result", func(t *Terminal) bool {
		return t.PlainLine(2) == "abcdefghijklmnopqrst" && t.PlainLine(3) == "uvwxy" && t.PlainLine(4) == "$"
	})
	p.keys(Key{Code: 'd', Mod: Ctrl})
	p.ends()
}

// TestResizeUnderShell resizes while a shell is there: the prompt stays.
func TestResizeUnderShell(t *testing.T) {
	p := start(t, 40, 10, "bash", "--norc", "--noprofile", "-i")
	p.until("prompt", func(t *Terminal) bool { return strings.HasPrefix(t.PlainLine(0), "$") })
	p.send("printf '%s\\n' {1..30}\r")
	p.until("output", func(t *Terminal) bool { return t.PlainLine(8) == "30" && t.PlainLine(9) == "$" })
	for _, size := range [][2]int{{20, 5}, {60, 12}, {7, 3}, {40, 10}} {
		p.term.Resize(size[0], size[1])
		if err := pty.Setsize(p.tty, &pty.Winsize{Cols: uint16(size[0]), Rows: uint16(size[1])}); err != nil {
			t.Fatal(err)
		}
		p.send("echo r$((500+" + fmt.Sprint(size[0]) + "))\r")
		want := fmt.Sprintf("r%d", 500+size[0])
		p.until("answer at the new size", func(t *Terminal) bool {
			c := t.Cursor()
			return c.Y > 0 && t.PlainLine(c.Y) == "$" && t.PlainLine(c.Y-1) == want
		})
	}
	p.send("exit\r")
	p.ends()
}
