package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// reading opens a shell that has printed n numbered lines and reads back.
func reading(t *testing.T, n int) (*deck, func(string)) {
	t.Helper()
	d, s, _ := inShell(t, 80, 24)
	d.m.saveDir = t.TempDir()
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "line %d\r\n", i)
	}
	s.Feed([]byte(b.String() + "end"))
	d.shows("end")
	d.press("ctrl+]", "[")
	d.sees("q back")
	return d, func(text string) { s.Feed([]byte(text)) }
}

func TestScrollbackStandsStill(t *testing.T) {
	d, feed := reading(t, 500)
	d.sees("line 500", "line 501/501")
	d.press("pgup", "pgup", "pgup")
	_, before, _ := strings.Cut(d.screen(), "q back")
	feed("\r\nmore\r\nand more")
	d.shows("2 new lines")
	if _, after, _ := strings.Cut(d.screen(), "q back"); after != before {
		t.Errorf("the text moved:\n%s\nwas\n%s", after, before)
	}
	d.press("g")
	d.sees("line 1/503", "line 1\n")
	d.press("G")
	d.sees("and more", "line 503/503")
	d.press("2", "0", "enter")
	d.sees("line 20/503")
	d.press("q")
	d.sees("and more")
	d.seesNo("/503")
}

func TestScrollbackSearch(t *testing.T) {
	d, _ := reading(t, 500)
	d.press("/")
	d.typed("Line 3")
	d.press("enter")
	d.shows("not found") // a capital letter asks for its case
	d.press("/")
	d.send(tea.PasteMsg{Content: "line 37"})
	d.press("enter")
	d.shows("line 37/501")
	d.sees("from the other end")
	d.press("n")
	d.shows("line 370/501")
	d.press("N")
	d.shows("line 37/501")
	d.press("R")
	d.typed("^line [45]00$")
	d.press("enter")
	d.shows("line 400/501")
	d.press("R")
	d.typed("(")
	d.press("enter")
	d.sees("missing closing )")
	d.press("/", "enter", "n")
	d.sees("nothing was searched for")
}

func TestScrollbackCopies(t *testing.T) {
	d, _ := reading(t, 100)
	d.press("g", "y")
	d.press("j", "V", "j", "y")
	d.press("0", "v", "e", "w", "y") // e means nothing
	d.press("g", "0", "w", "ctrl+v", "j", "l", "y")
	want := []string{"line 1", "line 2\nline 3", "line 3", "1\n2"}
	if strings.Join(d.copied, "|") != strings.Join(want, "|") {
		t.Fatalf("%q, want %q", d.copied, want)
	}
	d.press("v", "j", "o", "esc")
	d.sees("q back") // esc ends the selection first
	d.press("esc")
	d.seesNo("q back")
}

func TestScrollbackSaves(t *testing.T) {
	d, _ := reading(t, 300)
	d.press("ctrl+s")
	d.sees("Save all of its text", "alpha-2024-05-06-120000.txt")
	d.press("enter")
	d.shows("saved")
	text, err := os.ReadFile(filepath.Join(d.m.saveDir, "alpha-2024-05-06-120000.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(text), "\n"); lines[0] != "line 1" || lines[299] != "line 300" || lines[300] != "end" {
		t.Fatalf("%q", text)
	}
	d.press("ctrl+s", "enter")
	d.shows("such a file exists already")
}

func TestScrollbackOfAnEndedShell(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	s.Feed([]byte(strings.Repeat("words\r\n", 100)))
	s.End(runtime.Exit{Code: 1})
	d.shows("exit status 1")
	d.press("ctrl+]", "[", "g")
	d.sees("line 1/")
	d.press("q")
	d.sees("exit status 1")
}

func TestScrollbackSurvivesAnotherSize(t *testing.T) {
	d, _ := reading(t, 500)
	d.press("1", "0", "0", "enter")
	d.sees("line 100/501")
	d.send(tea.WindowSizeMsg{Width: 60, Height: 20})
	d.sees("line 100/501")
	d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	d.sees("line 100/501")
}

// One budget for all: those quiet longest lose their oldest lines, and say so.
func TestScrollbackBudget(t *testing.T) {
	d, first, all := inShell(t, 80, 24)
	d.m.out.budget.limit = 3 << 20
	line := strings.Repeat("\x1b[31mx\x1b[32my", 39) + "\r\n"
	load := func(s interface{ Feed([]byte) }) {
		for range 20 {
			s.Feed([]byte(strings.Repeat(line, 400)))
		}
	}
	load(first)
	d.press("ctrl+]", "o")
	second := <-all
	load(second)
	kept := func() (sum int) {
		for _, sh := range d.m.shells.all {
			sh.mu.Lock()
			sum += sh.term.ScrollbackBytes()
			sh.mu.Unlock()
		}
		return sum
	}
	d.until("less memory", func() bool { return d.m.shells.all[0].lost.Load() && kept() < 4<<20 })
	d.press("ctrl+]", "1", "ctrl+]", "[")
	d.sees("older ones are gone")
}

// A place is never before the first line, however fast lines go.
func TestScrollbackOvertaken(t *testing.T) {
	d, feed := reading(t, 500)
	d.press("g")
	feed(strings.Repeat("\r\nflood", 20_000) + "\r\nlast")
	d.until("the flood", func() bool {
		s := d.m.shells.shown()
		s.mu.Lock()
		defer s.mu.Unlock()
		_, end := s.term.Rows()
		return end > 20_000
	})
	d.m.dirty = true
	d.sees("line 1/10")
	d.seesNo("line -")
}

// What came of a key is not cut, on small screens neither.
func TestScrollbackTellsOnSmallScreens(t *testing.T) {
	d, feed := reading(t, 500)
	feed(strings.Repeat("\r\nmore", 300))
	d.send(tea.WindowSizeMsg{Width: 40, Height: 10})
	d.press("/")
	d.typed("zzz")
	d.sees("enter searches", "esc leaves")
	d.seesNo("copy")
	if d.m.View().Cursor != nil {
		t.Error("two cursors: of the text and of what is typed")
	}
	d.press("enter")
	d.shows("not found")
	d.press("R")
	d.typed("([")
	d.press("enter")
	d.sees("missing closing ]")
	d.press("V")
	d.sees("selecting lines")
	d.send(tea.WindowSizeMsg{Width: 60, Height: 10})
	d.press("esc", "/")
	d.typed("line 3")
	d.press("enter")
	d.shows("line 3/")
}

// The footer offers the next hit once something was searched for.
func TestScrollbackFooter(t *testing.T) {
	d, _ := reading(t, 50)
	d.seesNo("n next")
	d.press("n")
	d.sees("nothing was searched for")
	d.press("/")
	d.typed("line 4")
	d.press("enter")
	d.shows("n next")
	d.press("f1")
	d.seesNo("Inside a shell", "…")
}

// Told is what was done last, not what failed before.
func TestSavingAgainTellsOfThatOnly(t *testing.T) {
	d, _ := reading(t, 50)
	d.press("ctrl+s", "ctrl+u")
	d.typed("/proc/x")
	d.press("enter")
	d.shows("not saved")
	d.press("ctrl+s", "enter")
	d.shows("saved 395 bytes")
	d.seesNo("not saved")
}

// A wide character is one step of the cursor, which stands on its left half.
func TestScrollbackStepsOverWideCharacters(t *testing.T) {
	d, feed := reading(t, 50)
	feed("\r\n日本語x\r\nnext")
	d.press("q")
	d.shows("next")
	d.press("ctrl+]", "[", "up", "0")
	s := d.m.shells.shown().scroll
	for _, step := range []struct {
		key string
		col int
	}{{"l", 2}, {"l", 4}, {"l", 6}, {"h", 4}, {"down", 4}, {"left", 3}, {"up", 2}} {
		if d.press(step.key); s.at.Col != step.col {
			t.Fatalf("after %s the cursor is in column %d, not %d", step.key, s.at.Col, step.col)
		}
	}
	d.press("v", "y")
	if len(d.copied) != 1 || d.copied[0] != "本" {
		t.Errorf("copied %q", d.copied)
	}
}
