package tui

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLogRotates(t *testing.T) {
	d, _, paths := fileDeck(t, 80, 24, numbered(100))
	name := paths[0]
	rotate := func(text string) {
		t.Helper()
		if err := os.Rename(name, name+".1"); err != nil {
			t.Fatal(err)
		}
		appends(t, name, text)
		d.pass(time.Second)
	}
	d.press("l")
	d.sees("line 99", "follows")
	rotate("new 1\nnew 2\n")
	d.sees("new 2", "follows", "this is the new one")
	d.sees("line 99\n  new 1\n  new 2\n") // what was last in the old one
	d.press("up")                         // what was told has been read
	d.seesNo("this is the new one")

	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "new %d\n", i+3)
	}
	appends(t, name, b.String())
	d.pass(time.Second)
	d.press("G", "pgup")
	d.sees("new 91", "stands")
	appends(t, name, "last\n")
	rotate("newest\n")
	d.sees("new 91", "another file has taken its place: G goes to that", "2 new lines")
	d.press("pgdown", "pgdown")
	d.sees("last\n")
	d.seesNo("newest")
	d.press("down")
	d.sees("newest", "here begins the file that has taken its place")
	d.press("G")
	d.sees("newest", "follows")
	d.seesNo("here begins")
}

// Who follows sees the end of a file that is moved away, and what was written to it
// then, above the beginning of the next one.
func TestLogRotatesWithinALook(t *testing.T) {
	d, _, paths := fileDeck(t, 80, 24, "")
	name := paths[0]
	d.press("l")
	appends(t, name, "x1\nx2 late\nx3\n")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	appends(t, name+".1", "late\n")
	appends(t, name, "new 1\nnew 2\n")
	d.pass(time.Second)
	d.sees("x1\n  x2 late\n  x3\n  late\n  new 1\n  new 2\n", "follows")
	d.press("y", "enter")
	if want := "x1\nx2 late\nx3\nlate\nnew 1\nnew 2"; d.copied[len(d.copied)-1] != want {
		t.Errorf("copied %q", d.copied)
	}
	d.enters("&", "late")
	d.sees("  x2 late\n  late\n")
	d.seesNo("x3", "new")
	d.press("backspace")
	appends(t, name, numbered(20))
	d.pass(time.Second)
	d.sees("new 1", "line 19")
	d.seesNo("x3", "x1\n")
	d.press("g")
	d.sees("new 1")
	d.seesNo("late")
}

// After a cut each key moves, and what waits is what is below the screen.
func TestLogIsCutAboveItsEnd(t *testing.T) {
	d, _, paths := fileDeck(t, 80, 24, numbered(3000))
	d.press("l", "g")
	d.enters("/", "line 1000$")
	d.press("esc")
	if err := os.Truncate(paths[0], 0); err != nil {
		t.Fatal(err)
	}
	appends(t, paths[0], strings.Repeat("other\n", 20000)+"the end\n")
	d.pass(time.Second)
	d.sees("other", "new lines")
	x := d.m.logsOpen()
	below := (x.page.size-x.page.at-int64(len("the end\n")))/int64(len("other\n")) + 1 - int64(x.page.lines)
	if x.page.waits != below {
		t.Errorf("%d lines wait, %d are below the screen", x.page.waits, below)
	}
	at := x.page.at
	d.press("up")
	if x.page.at >= at {
		t.Errorf("from %d to %d", at, x.page.at)
	}
	if err := os.Truncate(paths[0], 6); err != nil {
		t.Fatal(err)
	}
	d.pass(time.Second)
	d.sees("other", "stands")
	d.seesNo("new line")
}

func TestLogIsCut(t *testing.T) {
	d, _, paths := fileDeck(t, 80, 24, numbered(100))
	d.press("l")
	if err := os.Truncate(paths[0], 0); err != nil {
		t.Fatal(err)
	}
	appends(t, paths[0], "fresh\n")
	d.pass(time.Second)
	d.sees("fresh", "follows", "it was cut or written anew")
	appends(t, paths[0], numbered(100))
	d.pass(time.Second)
	d.press("pgup")
	d.sees("line 80", "stands")
	if err := os.Truncate(paths[0], 100); err != nil {
		t.Fatal(err)
	}
	d.pass(time.Second)
	d.sees("fresh", "line 0", "it was cut or written anew")
}

func TestLogIsGoneAndBack(t *testing.T) {
	d, _, paths := fileDeck(t, 80, 24, numbered(5))
	d.press("l")
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	d.pass(time.Second)
	d.sees("line 4", "it is not in its place any more: no such file or directory")
	d.press("down")
	d.sees("not in its place")
	if err := os.Symlink("/etc/passwd", paths[0]); err != nil {
		t.Fatal(err)
	}
	d.pass(time.Second)
	d.sees("line 4", "not in its place any more: it is no regular file")
	d.seesNo("root:")
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	appends(t, paths[0], "again\n")
	d.pass(time.Second)
	d.sees("again")
	d.seesNo("not in its place")
}
