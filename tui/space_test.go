package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// spaceDeck is a host whose containers take room, with something beside them.
func spaceDeck(t *testing.T, w, h int) *deck {
	t.Helper()
	specs := some()
	specs[1].Snapshots = []runtime.SnapshotInfo{{Name: "snap0", Size: 1 << 30, Taken: noon.Add(-time.Hour)}}
	d := newDeck(t, w, h, Options{}, specs...)
	d.rt.Lie(runtime.SpaceExtra{Kind: "directory", Path: "/var/lib/lxc/old\x1b[31m one", Use: runtime.UseUnknown, Why: "the config of delta is not read", Room: runtime.Room{Bytes: runtime.Of(5 << 20), At: noon}},
		runtime.SpaceExtra{Kind: "directory", Path: "/var/lib/lxc/free", Use: runtime.UseOrphan, Changed: noon.Add(-48 * time.Hour), Room: runtime.Room{Bytes: runtime.Of(7 << 20), At: noon}})
	return d
}

// rowsOfSpace are the rows in their order.
func (d *deck) rowsOfSpace() string {
	x := d.m.spaceOpen()
	if x == nil {
		return "closed"
	}
	var out []string
	for i := range x.rows {
		key := spaceRowKey(&x.rows[i])
		out = append(out, key[strings.LastIndex(key, "/")+1:])
	}
	return strings.Join(out, " ")
}

func TestSpaceIsMeasuredWhileOpen(t *testing.T) {
	d := spaceDeck(t, 120, 40)
	d.press("f")
	d.sees("Space on disk: allocated blocks", "bravo", "1.0G", "FILE SYSTEM", "ext4", "NOT A CONTAINER", "orphan", "not known to be used", `old\x1b[31m one`)
	if calls := d.rt.Calls(fake.Measure); calls != 1 {
		t.Errorf("measured %d times", calls)
	}
	d.pass(time.Minute)
	if calls := d.rt.Calls(fake.Measure); calls != 1 {
		t.Errorf("measured %d times without being asked", calls)
	}
	d.sees("1m")
	d.press("ctrl+r")
	if calls := d.rt.Calls(fake.Measure); calls != 2 {
		t.Errorf("measured %d times", calls)
	}
	d.sees("<1m")
	d.press("q")
	if d.rowsOfSpace() != "closed" {
		t.Error("q does not leave")
	}
	d.press("f")
	d.pass(time.Minute)
	d.sees("1m") // what is known is not measured again
}

func TestSpaceIsSorted(t *testing.T) {
	d := spaceDeck(t, 120, 40)
	d.press("f")
	if got := d.rowsOfSpace(); !strings.HasPrefix(got, "bravo ") || !strings.HasSuffix(got, "all fs / free old\x1b[31m one") && !strings.Contains(got, "free old") {
		t.Errorf("by size: %q", got)
	}
	d.press("g", "o")
	if got := d.rowsOfSpace(); !strings.HasPrefix(got, "alpha bravo charlie delta all") {
		t.Errorf("by name: %q", got)
	}
	if x := d.m.spaceOpen(); spaceRowKey(x.row()) != "/var/lib/lxc/bravo" {
		t.Errorf("the cursor has left its container: %q", spaceRowKey(x.row()))
	}
	d.press("O")
	if got := d.rowsOfSpace(); !strings.HasPrefix(got, "delta charlie bravo alpha all") {
		t.Errorf("reversed: %q", got)
	}
	d.press("esc", "f")
	if got := d.rowsOfSpace(); !strings.HasPrefix(got, "delta charlie") {
		t.Errorf("it is forgotten: %q", got)
	}
}

func TestSpaceTellsAll(t *testing.T) {
	d := spaceDeck(t, 120, 40)
	d.press("f", "g", "enter")
	d.sees("Space of bravo", "root", "snap0", "1.0G", "1h00 ago", "logs", "total", "store     dir", "lies on   /")
	d.press("esc", "G", "enter")
	d.says("Not known to be used (the config of delta is not read).")
	d.press("esc", "k", "enter")
	d.says("Orphan: every config in the lxcpaths in use and in LXC's own was read, and none names it.")
	d.press("esc", "y")
	if len(d.copied) != 1 || d.copied[0] != "/var/lib/lxc/free" {
		t.Errorf("copied %q", d.copied)
	}
	d.press("G", "y")
	if len(d.copied) != 2 || strings.ContainsAny(d.copied[1], "\x1b") || !strings.HasPrefix(d.copied[1], "'") {
		t.Errorf("copied %q", d.copied)
	}
	for _, text := range []string{"rm ", "remove", "lvremove", "destroy"} {
		d.seesNo(text)
	}
}

// A root that does not answer holds up neither the others nor a key; leaving ends it.
func TestSpaceOfWhatDoesNotAnswer(t *testing.T) {
	d := spaceDeck(t, 120, 40)
	d.rt.Fail(fake.Measure, ref("delta"), fake.Fault{Stuck: true})
	d.stuck++
	d.press("f")
	d.later("no answer 12s")
	d.sees("alpha", "bravo", "charlie", "1.0G")
	d.press("j", "k", "enter", "esc")
	d.rt.Heal(fake.Measure, ref("delta"))
	d.press("q")
	d.stuck--
	d.settle()
	if d.rowsOfSpace() != "closed" {
		t.Error("it is open")
	}
	d.seesNo("no answer")
}

// What is asked anew while it is measured begins anew at once.
func TestSpaceBeginsAnew(t *testing.T) {
	d := spaceDeck(t, 120, 40)
	d.rt.Fail(fake.Measure, ref("alpha"), fake.Fault{Stuck: true, Times: 1})
	d.stuck++
	d.press("f")
	d.later("no answer")
	d.stuck--
	d.press("ctrl+r")
	d.seesNo("no answer")
	d.sees("alpha", "bravo")
	if calls := d.rt.Calls(fake.Measure); calls != 2 {
		t.Errorf("measured %d times", calls)
	}
}

func TestSpaceThatFails(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.rt.Fail(fake.Measure, runtime.Ref{}, fake.Fault{Err: errors.New("no \x1b[31mhelpers"), Times: 1})
	d.press("f")
	d.sees(`no \x1b[31mhelpers`, "could not be read")
	d.press("ctrl+r")
	d.sees("alpha", "delta")
	// One that goes away while it is shown.
	d.rt.Remove(ref("delta"))
	d.later("delta (gone)")
}

func TestSpaceOnEveryScreen(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {60, 15}, {80, 24}, {120, 40}, {200, 60}} {
		d := spaceDeck(t, size[0], size[1])
		for _, keys := range []string{"", "G", "enter", "?", "m", "o", "y"} {
			if d.rowsOfSpace() == "closed" {
				d.press("f")
			}
			if keys != "" {
				d.press(keys)
			}
			if rows := strings.Split(d.m.View().Content, "\n"); len(rows) != size[1] {
				t.Fatalf("%q at %v: %d rows", keys, size, len(rows))
			}
			if keys != "y" && keys != "G" && keys != "o" && keys != "" {
				d.press("esc")
			}
		}
	}
	d := spaceDeck(t, 80, 24)
	for i := range 3 {
		d.press(":")
		d.typed("space")
		d.press("enter")
		if d.rowsOfSpace() == "closed" {
			t.Fatal(fmt.Sprint("the palette does not open it, ", i))
		}
		d.press("esc")
	}
}

func TestSpaceCountsOneFile(t *testing.T) {
	for n, want := range map[uint64]string{0: "root        4.0k", 1: "root        4.0k  1 file", 1200: "root        4.0k  1,200 files"} {
		r := runtime.Room{Bytes: runtime.Of(4096), Files: n, At: noon}
		if got := sizeLine("root", &r, "", noon); got != want {
			t.Errorf("%d files: %q, want %q", n, got, want)
		}
	}
}
