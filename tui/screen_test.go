package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// demo is the demo's host with a clock that stands still.
func demo(t *testing.T, w, h int) *deck {
	t.Helper()
	clock := fake.NewClock(noon)
	rt := fake.DemoAt(clock)
	d := newDeckOn(t, w, h, Options{Version: "1.0"}, rt, rt, clock)
	d.until("the watch", func() bool { return d.watching })
	for range 5 {
		d.pass(time.Second)
	}
	return d
}

var sizes = []struct{ w, h int }{{40, 10}, {80, 24}, {120, 40}, {200, 60}}

// TestScreens says what stands where at every size; how it looks to the cell
// is held by the views' own golden screens.
func TestScreens(t *testing.T) {
	for _, s := range sizes {
		t.Run(fmt.Sprintf("%dx%d", s.w, s.h), func(t *testing.T) {
			d := demo(t, s.w, s.h)
			d.onRow(0, "lxcdeck", "DEMO")
			d.onRow(d.m.layout.List.Min.Y, "NAME", "CPU%", "MEM/LIMIT")
			d.onRow(s.h-1, "enter detail", "? help")
			d.press("G", "k", "k")
			d.at("web-1")
			d.sees("> web-1")
			if r := d.m.layout.Rule; !r.Empty() {
				d.onRow(r.Min.Y, "web-1: running")
			}
			d.press("S")
			d.sees("Stop web-1?", "a moment")
			d.pass(questionGrace)
			d.sees("y yes", "enter no")
			d.press("esc", ":")
			d.typed("rest")
			d.sees("Restart")
			d.press("esc")
			sessions := d.session()
			d.press("s")
			x := <-sessions
			x.Feed([]byte("\x1b[1;32mroot@web-1\x1b[m:~# "))
			d.shows("root@web-1:~#")
			d.onRow(d.m.layout.Shell.Min.Y, "root@web-1:~#")
			d.onRow(d.m.layout.Banner.Min.Y, "shell", "ctrl+] d")
			d.press("ctrl+]")
			d.onRow(d.m.layout.Banner.Min.Y, "ctrl+] d", "z zoom")
		})
	}
}

// onRow fails unless row y holds the words.
func (d *deck) onRow(y int, words ...string) {
	d.t.Helper()
	row := strings.Split(d.screen(), "\n")[y]
	for _, w := range words {
		if !strings.Contains(row, w) {
			d.t.Fatalf("no %q on row %d:\n%s", w, y, d.screen())
		}
	}
}

// exact fails when the frame is not w x h cells.
func exact(t *testing.T, d *deck, w, h int) {
	t.Helper()
	rows := strings.Split(d.m.View().Content, "\n")
	if len(rows) != h {
		t.Fatalf("%dx%d: %d rows", w, h, len(rows))
	}
	for y, r := range rows {
		if n := ansi.StringWidth(r); n != w {
			t.Fatalf("%dx%d: row %d is %d wide: %q", w, h, y, n, r)
		}
	}
}

func TestEveryScreenIsExactlyAsLargeAsTheTerminal(t *testing.T) {
	d := demo(t, 80, 24)
	d.session()
	all := [][2]int{{1, 1}, {39, 7}, {39, 24}, {80, 7}, {40, 8}, {59, 15}, {60, 14}, {79, 23}, {159, 35}, {160, 36}, {300, 90}}
	for _, keys := range [][]string{{}, {"?"}, {"esc", ":"}, {"esc", "o"}, {"esc", "y"}, {"esc", "*", "K"}, {"esc", "/"}, {"esc", "enter"},
		{"z"}, {"esc", "G", "k", "k", "s"}, {"ctrl+]"}, {"z"}} {
		d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
		d.press(keys...)
		d.pass(questionGrace)
		for _, s := range all {
			d.send(tea.WindowSizeMsg{Width: s[0], Height: s[1]})
			exact(t, d, s[0], s[1])
		}
	}
	d.send(tea.WindowSizeMsg{Width: 39, Height: 7})
	d.sees("too small", "needs 40x8")
}

func TestNothingChangedIsTheSameString(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, box("a", runtime.Stopped), box("b", runtime.Stopped))
	d.pass(2 * time.Second)
	rt := &still{Runtime: d.m.rt}
	d.m.rt = rt
	d.pass((sparkLength + 2) * sparkTicks * time.Second) // until the sparkline holds nothing older
	want := d.m.View().Content
	painted := 0
	for range 20 {
		d.pass(time.Second)
		if d.m.View().Content != want {
			painted++
		}
	}
	if painted > 0 {
		t.Fatalf("%d of 20 idle seconds change the screen:\n%s", painted, d.screen())
	}
	before := d.m.frame.Content
	d.m.Update(tea.FocusMsg{})
	if d.m.dirty {
		t.Fatal("a message that means nothing makes the frame dirty")
	}
	if d.m.View().Content != before {
		t.Fatal("another frame")
	}
}

// still is a host whose figures do not move.
type still struct {
	runtime.Runtime
	host *runtime.HostSample
}

func (x *still) Sample(ctx context.Context, b *runtime.Batch) error {
	err := x.Runtime.Sample(ctx, b)
	if x.host == nil {
		h := *b.Host
		h.PerCPU = slices.Clone(h.PerCPU)
		x.host = &h
	}
	at, cores := b.Host.At, b.Host.PerCPU
	*b.Host = *x.host
	b.Host.At, b.Host.PerCPU = at, append(cores[:0], x.host.PerCPU...)
	return err
}

func TestUpdateAndViewNeverWait(t *testing.T) {
	clock := fake.NewClock(noon)
	var specs []fake.Spec
	for i := range 2000 {
		specs = append(specs, busy(fmt.Sprintf("c%04d", i), 1))
	}
	rt := fake.New(fake.Options{Clock: clock}, specs...)
	d := newDeckOn(t, 120, 40, Options{}, rt, rt, clock)
	d.until("the watch", func() bool { return d.watching })
	d.pass(2 * time.Second)
	if len(d.m.rows.shown) != 2000 {
		t.Fatal(len(d.m.rows.shown))
	}
	slowest := time.Duration(0)
	for _, k := range []string{"j", "G", "k", "g", "ctrl+d", "o", "esc", "A", "A", "/", "9", "backspace", "esc", "O", ">", "*", "\\"} {
		start := time.Now()
		d.m.Update(keyMsg(k))
		d.m.View()
		slowest = max(slowest, time.Since(start))
	}
	if slowest > 400*time.Millisecond { // 20 times what it takes
		t.Fatalf("a key takes %s with 2,000 containers", slowest)
	}
}

func TestASCIIOnly(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{nil, false},
		{[]string{"TERM=xterm-256color"}, false},
		{[]string{"TERM=vt100"}, true},
		{[]string{"TERM=linux", "LANG=C.UTF-8"}, true},
		{[]string{"TERM=xterm", "LANG=C"}, true},
		{[]string{"TERM=xterm", "LANG=C", "LC_ALL=en_GB.utf8"}, false},
		{[]string{"TERM=xterm", "LANG=de_DE.UTF-8", "LC_CTYPE=POSIX"}, true},
		{[]string{"LC_ALL=", "LANG=de_DE.UTF-8"}, false},
	} {
		if got := asciiOnly(c.env); got != c.want {
			t.Errorf("%v: %v", c.env, got)
		}
	}
}
