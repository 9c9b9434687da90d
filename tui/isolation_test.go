package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// isolationDeck is a host that shows the isolation of alpha.
func isolationDeck(t *testing.T, w, h int, change func(*runtime.Isolation)) *deck {
	t.Helper()
	specs := some()
	specs[0].Isolated = change
	d := newDeck(t, w, h, Options{}, specs...)
	d.press("I")
	return d
}

func TestIsolationIsShown(t *testing.T) {
	d := isolationDeck(t, 80, 40, nil)
	d.sees("Isolation of alpha", "privileged: no user namespace", "namespaces  the host's are those of pid 1", "user          4026531833  the host's", "y copies")
	before := d.rt.Calls(fake.Examine)
	d.pass(10 * time.Second)
	if n := d.rt.Calls(fake.Examine) - before; n != 0 {
		t.Errorf("%d readings of what has not changed", n)
	}
	d.press("ctrl+r")
	if n := d.rt.Calls(fake.Examine) - before; n != 1 {
		t.Errorf("%d readings when asked", n)
	}
	d.press("G")
	d.sees("lxc.cap.drop = mac_admin")
	d.press("?")
	d.sees("Isolation and its weak points")
	d.press("esc")
	d.sees("lxc.cap.drop = mac_admin")
	for _, key := range []string{"q", "esc", "I", "ctrl+c"} {
		d.press("esc", "I", key)
		if d.m.isolationOpen() != nil {
			t.Errorf("%s does not close it", key)
		}
		d.press("I")
	}
	d.press(":")
	d.typed("isolation")
	d.press("enter")
	d.sees("Isolation of alpha")
}

// TestIsolationCopies: what is copied is clean, and of the line under the cursor.
func TestIsolationCopies(t *testing.T) {
	d := isolationDeck(t, 80, 24, func(i *runtime.Isolation) {
		i.Config.Settings = append(i.Config.Settings, runtime.Setting{Key: "lxc.x", Value: "a\x1b]52;;x\ab"})
	})
	d.press("y")
	d.sees("copied: lxc.idmap = u 0 100000 65536")
	d.press("G", "y")
	d.sees(`copied: lxc.x = a\x1b]52;;x\x07b`)
}

// TestIsolationFollowsTheContainer: what it shows is of the life it is in.
func TestIsolationFollowsTheContainer(t *testing.T) {
	d := isolationDeck(t, 80, 24, nil)
	d.sees("Isolation of alpha", "!! leads to the host")
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.later("alpha does not run: this is what its configuration asks for")
	d.sees("asked for by its configuration")
	d.rt.Become(ref("alpha"), runtime.Running)
	d.later("!! leads to the host")
	if x, c := d.m.isolationOpen(), d.m.byRef(ref("alpha")); x.got.InitPID != c.InitPID || c.InitPID == 0 {
		t.Errorf("init %d, want %d", x.got.InitPID, c.InitPID)
	}
	d.rt.Remove(ref("alpha"))
	d.later("alpha is gone")
	d.press("esc")
	d.seesNo("Isolation of")
}

// TestIsolationSaysWhenItWasRead: once it is not fresh, on any screen, until it is
// read again; a clock that is set makes it no older.
func TestIsolationSaysWhenItWasRead(t *testing.T) {
	for _, w := range []int{40, 80} {
		d := isolationDeck(t, w, 24, nil)
		at := d.m.isolationOpen().got.At.Local().Format("read 15:04:05")
		d.pass(5 * time.Second)
		d.seesNo("read ")
		d.pass(10 * time.Second)
		title, _, _ := strings.Cut(d.screen(), "\n")
		if !strings.Contains(title, "alpha") || !strings.Contains(title, at) || !strings.Contains(title, "!!") {
			t.Errorf("title %q, want %q", title, at)
		}
		d.pass(10 * time.Second)
		d.sees(at)
		d.clock.Advance(26 * time.Hour)
		d.pass(2 * time.Second)
		d.sees(d.m.isolationOpen().got.At.Local().Format("read Jan _2 15:04:05"))
		d.press("ctrl+r")
		d.seesNo("read ")
		d.rt.Fail(fake.Examine, ref("alpha"), fake.Fault{Err: errors.New("it broke")})
		at = d.m.isolationOpen().got.At.Local().Format("read 15:04:05")
		d.press("ctrl+r")
		d.pass(12 * time.Second)
		d.sees("it broke", at) // what is shown is as old as it is
	}
}

// TestIsolationOfAnInitWithTheSamePid: a restart may give the new init the pid of
// the old one.
func TestIsolationOfAnInitWithTheSamePid(t *testing.T) {
	d := isolationDeck(t, 80, 24, nil)
	was, before := d.m.byRef(ref("alpha")).InitPID, d.rt.Calls(fake.Examine)
	d.clock.Advance(time.Minute)
	d.rt.Remove(ref("alpha"))
	spec := some()[0]
	spec.InitPID, spec.Started = was, d.clock.Now()
	d.rt.Add(spec)
	d.pass(3 * time.Second)
	x, c := d.m.isolationOpen(), d.m.byRef(ref("alpha"))
	if c.InitPID != was || x.got.Begin != c.Begin || x.got.InitPID != was || d.rt.Calls(fake.Examine) == before {
		t.Errorf("of init %d at %d, want %d at %d", x.got.InitPID, x.got.Begin, c.InitPID, c.Begin)
	}
	before = d.rt.Calls(fake.Examine)
	d.pass(5 * time.Second)
	if n := d.rt.Calls(fake.Examine) - before; n != 0 {
		t.Errorf("%d more readings of the same life", n)
	}
}

// TestIsolationThatFails: a reading that hangs or fails holds nothing else up.
func TestIsolationThatFails(t *testing.T) {
	d := isolationDeck(t, 80, 24, nil)
	d.rt.Fail(fake.Examine, ref("alpha"), fake.Fault{Err: errors.New("it broke\x1b[2J")})
	d.press("ctrl+r")
	d.sees("it broke", "privileged: no user namespace") // what was read stays
	d.press("esc", "I")
	d.sees("it broke")
	d.seesNo("privileged")
	d.rt.Heal(fake.Examine, ref("alpha"))
	d.later("privileged") // without being asked for
	d.rt.Fail(fake.Examine, ref("alpha"), fake.Fault{Stuck: true})
	d.press("esc")
	d.stuck = 1
	d.press("I")
	d.sees("reading ...")
	d.stuck = 0
	d.press("I", "down", "I")
	d.sees("Isolation of bravo", "weak points")
	d.press("esc")
	d.seesNo("Isolation of")
}

// TestIsolationScrolls: every line can be reached and read in full, on any screen.
func TestIsolationScrolls(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {60, 15}, {80, 24}, {120, 40}, {200, 60}} {
		d := isolationDeck(t, size[0], size[1], nil)
		seen, x := map[string]bool{}, d.m.isolationOpen()
		for n := 0; ; n++ {
			for row := range strings.SplitSeq(d.screen(), "\n") {
				seen[strings.TrimSpace(strings.TrimPrefix(row, ">"))] = true
			}
			at, top := x.at, x.top
			d.press("down")
			if x.at == at && x.top == top {
				break
			}
			if n > 1000 {
				t.Fatalf("%v: no end", size)
			}
		}
		if x.at != len(x.lines)-1 {
			t.Errorf("%v: ends at line %d of %d", size, x.at, len(x.lines))
		}
		whole := isolationDeck(t, size[0], 400, nil)
		for row := range strings.SplitSeq(whole.screen(), "\n") {
			if row = strings.TrimSpace(strings.TrimPrefix(row, ">")); row != "" && !strings.Contains(row, "y copies") && !seen[row] {
				t.Errorf("%v: never seen: %q", size, row)
			}
		}
		for n := 0; x.at != 1 || x.top != 0; n++ {
			d.press("up")
			if n > 1000 {
				t.Fatalf("%v: no way back: line %d, row %d", size, x.at, x.top)
			}
		}
		d.press("ctrl+d", "ctrl+d", "ctrl+u", "ctrl+u", "ctrl+u", "ctrl+u", "ctrl+u", "ctrl+u")
		if x.at != 1 || x.top != 0 {
			t.Errorf("%v: half pages end at line %d, row %d", size, x.at, x.top)
		}
		for _, keys := range []string{"G", "g", "m", "?"} {
			d.press(keys)
			if rows := strings.Split(d.m.View().Content, "\n"); len(rows) != size[1] {
				t.Fatalf("%q at %v: %d rows", keys, size, len(rows))
			}
		}
	}
}

// TestIsolationKeys: with the user's own keys it is moved in and left by those.
func TestIsolationKeys(t *testing.T) {
	keys, err := keymap.New("", map[string][]string{"isolation": {"f7"}, "copy-command": {"f8"}, "down": {"f2"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	d := newDeck(t, 80, 24, Options{Keys: keys}, some()...)
	d.press("f7", "f2", "f8")
	d.sees("Isolation of alpha", "f8 copies", "copied: lxc.cap.drop = dac_read_search")
	d.press("f7")
	d.seesNo("Isolation of")
}

// isolationOpen is the view, be it below something else; nil = it is not open.
func (m *Model) isolationOpen() *isolationView {
	return opened[*isolationView](m)
}
