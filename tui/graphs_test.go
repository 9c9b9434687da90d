package tui

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/tui/trend"
	"lxcdeck/views"
)

// ticks lets the screen live for so many ticks of its interval.
func (d *deck) ticks(n int) {
	d.t.Helper()
	for range n {
		d.pass(d.m.interval)
	}
}

// known counts the cells of a container's CPU that hold this figure, and fails
// on any other.
func (d *deck) known(name string, span time.Duration, want float64) (n int) {
	d.t.Helper()
	l := d.m.hist.trends.Of(ref(name))
	if l == nil {
		return 0
	}
	for _, c := range l.Read(trend.CPU, trend.Look(span, d.m.hist.trends.Now(), 1000), nil) {
		if math.IsNaN(c.Mean) {
			continue
		}
		if n++; math.Abs(c.Mean-want) > want/100 {
			d.t.Fatalf("%s: %v, want %v", name, c, want)
		}
	}
	return n
}

// shown is what the screen calls an instant so many seconds after noon.
func shown(secs int) string {
	return noon.Add(time.Duration(secs) * time.Second).Local().Format("15:04:05")
}

func TestGraphsOfAContainer(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42), box("off", runtime.Stopped))
	d.press("j")
	d.at("web")
	d.ticks(30)
	d.press("h")
	d.sees("Graphs of web", "[All]", "[5m]", "CPU  42%  of a core", "Memory  42.0M", "Pids  42", "Read  -", "nothing was read in this time", "newest "+shown(27))
	d.press("tab")
	d.sees("[CPU]", "CPU  42%")
	d.seesNo("Memory  42")
	d.press("up", "up")
	d.sees("[Pressure]")
	d.press("tab", "1")
	d.sees("[All]", "[1m]")
	d.press("]", "]")
	d.sees("[15m]")
	d.press("[", "[", "[", "[")
	d.sees("[1m]")

	// The cursor reads a cell, and stays on its instant while time goes on.
	d.press("left", "left", "left")
	d.sees("at "+shown(27), "3s ago")
	d.ticks(10)
	d.sees("at "+shown(27), "13s ago")
	d.press("right")
	d.sees("at " + shown(28))
	d.press("home")
	d.sees("at "+shown(-20), "CPU  -")
	d.press("end")
	d.sees("newest " + shown(39))
	d.press("right")
	d.sees("newest")

	d.press("?")
	d.sees("Read an earlier cell", "1-6")
	d.press("esc")
	d.sees("Graphs of web")
	d.press("esc")
	d.seesNo("Graphs of")
	d.press("h")
	d.sees("[All]", "[1m]") // as it was left
}

func TestGraphsOfWhatHasNotRun(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, box("off", runtime.Stopped))
	d.ticks(3)
	d.press("h")
	d.sees("off has not run since lxcdeck was started", "[All]", "q back")
	d.rt.Become(ref("off"), runtime.Running)
	d.until("it to run", func() bool { c := d.m.byRef(ref("off")); return c != nil && c.InitPID > 0 })
	d.ticks(5)
	d.seesNo("has not run")
	d.sees("CPU")
}

func TestGraphsOfTheHost(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(5)
	d.press(":")
	d.typed("host-graphs")
	d.press("enter")
	d.sees("Graphs of the host", "of all cores", "Memory", "Pressure, CPU")
	d.seesNo("Pids", "Sent")
	d.press("up")
	d.sees("[Pressure]")
	d.press("esc", "h")
	d.sees("Graphs of web", "[Pressure]")
}

func TestPausedGraphsStand(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(30)
	d.press("h", "1", "space")
	d.sees("PAUSED "+shown(30), "space go on")
	before := d.screen()
	d.ticks(200)
	if after := d.screen(); after != before {
		t.Fatalf("paused graphs were\n%s\nand are\n%s", before, after)
	}
	d.press("left", "3")
	d.sees("PAUSED", "[15m]", "before the end")
	d.press("space")
	d.seesNo("PAUSED")
	if n := d.known("web", 5*time.Minute, 42); n < 225 {
		t.Fatalf("%d cells were recorded meanwhile", n)
	}
}

func TestNothingIsPaintedAnewWhenNothingChanged(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(60)
	d.press("h", "6", "tab")
	frame := d.m.View().Content
	changed := 0
	for range 120 {
		d.ticks(1)
		if now := d.m.View().Content; now != frame {
			frame = now
			changed++
		}
	}
	if changed > 1 { // a cell of ten minutes may have begun
		t.Fatalf("the screen changed %d times in two minutes of the same", changed)
	}
}

func TestGraphsAreCompared(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("alpha", 10), busy("bravo", 50), box("off", runtime.Stopped))
	d.ticks(60)
	d.press("*", "h", "1")
	d.sees("Graphs of 3 containers", "a alpha  b bravo  c off", "a 10%  b 50%  c -")
	if s := d.screen(); !regexp.MustCompile(`\p{Braille}a\p{Braille}`).MatchString(s) || !regexp.MustCompile(`\p{Braille}b\p{Braille}`).MatchString(s) {
		t.Fatalf("no letters stand in the lines:\n%s", s)
	}
	d.press("b")
	if s := d.screen(); !strings.Contains(s, "aaaa") || !strings.Contains(s, "bbbb") {
		t.Fatalf("no lines of letters:\n%s", s)
	}
	for i := range 12 {
		d.rt.Add(busy(fmt.Sprintf("c%02d", i), float64(i+1)))
	}
	d.until("all", func() bool { return len(d.m.all) == 15 })
	d.ticks(5)
	d.press("esc", "\\", "*", "h")
	d.sees("Graphs of 8 of 15 containers", "and 7 more")
	d.seesNo("off")
	// What is compared is read in full at every tick.
	d.m.sampling.ticks++
	d.m.fillBatch()
	full := 0
	for _, r := range d.m.sampling.batch.Readings {
		if r.Tier == runtime.Full && d.m.isGraphed(r.Ref) {
			full++
		}
	}
	if full != views.MostGraphed {
		t.Fatalf("%d of %d are read in full", full, views.MostGraphed)
	}
}

func TestGraphsAtEveryInterval(t *testing.T) {
	for _, interval := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 10 * time.Second, time.Minute} {
		d := newDeck(t, 80, 24, Options{Interval: interval}, busy("web", 42))
		n := int(5 * time.Minute / interval)
		d.ticks(n)
		if got := d.known("web", time.Minute, 42); got < 58 {
			t.Errorf("every %s: %d cells of a minute", interval, got)
		}
		if got := d.known("web", 5*time.Minute, 42); got < 238 {
			t.Errorf("every %s: %d cells of five minutes", interval, got)
		}
	}
	// A change of the interval is no gap, nor is the reading that follows.
	d := newDeck(t, 80, 24, Options{Interval: time.Minute}, busy("web", 42))
	d.ticks(3)
	for range 5 {
		d.press("-")
	}
	d.ticks(60)
	if got := d.known("web", 5*time.Minute, 42); got < 178 {
		t.Errorf("%d cells over a change of the interval", got)
	}
}

// Memory is read of what is not selected every few ticks only: those of the
// longer interval are no gap.
func TestAShorterIntervalTearsNoMemory(t *testing.T) {
	for phase := range 3 {
		d := newDeck(t, 80, 24, Options{Interval: time.Minute}, busy("db", 42), busy("web", 42))
		d.ticks(20 + phase)
		for range 5 {
			d.press("-")
		}
		d.ticks(60)
		for _, name := range []string{"db", "web"} {
			first, last, n := -1, -1, 0
			for i, c := range d.m.hist.trends.Of(ref(name)).Read(trend.Memory, trend.Look(time.Hour, d.m.hist.trends.Now(), 1000), nil) {
				if math.IsNaN(c.Mean) {
					continue
				}
				if first < 0 {
					first = i
				}
				last = i
				n++
			}
			if n < 30 || n != last-first+1 {
				t.Errorf("%s: memory is known of %d cells from %d to %d", name, n, first, last)
			}
		}
	}
}

func TestALateReadingIsNotOfAnother(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, busy("web", 42))
	d.ticks(5)
	late := &runtime.Batch{Readings: append([]runtime.Reading(nil), d.m.sampling.batch.Readings...)}
	late.Readings[0].Sample.At = d.clock.Now().Add(time.Second)
	d.rt.Remove(ref("web"))
	d.until("it to be gone", func() bool { return d.m.byRef(ref("web")) == nil })
	d.m.hist.trends.Follow(&runtime.Listing{Read: map[string]string{"/var/lib/lxc": "/var/lib/lxc"}}, d.clock.Now().Add(time.Hour))
	if d.m.hist.trends.Of(ref("web")) != nil {
		t.Fatal("its figures are still there")
	}
	d.m.hist.take(late)
	if d.m.hist.trends.Of(ref("web")) != nil {
		t.Fatal("a late reading began a life of what is gone")
	}
}

func TestSuspensionIsAGap(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, busy("web", 42))
	d.ticks(30)
	d.clock.Advance(2 * time.Minute) // nothing ran meanwhile
	d.ticks(30)
	if got := d.known("web", 5*time.Minute, 42); got < 55 || got > 62 {
		t.Fatalf("%d cells are known of a minute, with two in between", got)
	}
}

func TestGraphsKeepARestartApart(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(20)
	d.press("h", "1")
	d.rt.Become(ref("web"), runtime.Stopped)
	d.until("the event", func() bool { return d.m.all[0].State == runtime.Stopped })
	d.ticks(10)
	d.sees("web does not run", "CPU  42%")
	d.rt.Become(ref("web"), runtime.Running)
	d.until("the event", func() bool { return d.m.all[0].State == runtime.Running })
	d.ticks(20)
	d.sees("▲", "started anew", "CPU  42%")
	d.seesNo("does not run")
	if n := d.known("web", time.Minute, 42); n < 36 || n > 41 {
		t.Fatalf("%d cells are known of two lives of 20 s", n)
	}
}

func TestGraphsFollowWhoTheContainerIs(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(20)
	d.press("h", "1")
	d.rt.Become(ref("web"), runtime.Stopped)
	d.until("the event", func() bool { return d.m.all[0].State == runtime.Stopped })
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("web"), Args: &runtime.RenameArgs{To: "shop"}})
	d.until("the new name", func() bool { return d.m.byRef(ref("shop")) != nil })
	d.ticks(1)
	d.sees("Graphs of shop", "shop does not run", "CPU  42%")
	if d.known("shop", time.Minute, 42) < 18 || d.known("web", time.Minute, 42) != 0 {
		t.Fatal("the figures did not follow the name")
	}
	// One that is made anew under the name begins anew.
	d.rt.Remove(ref("shop"))
	d.until("it to be gone", func() bool { return d.m.byRef(ref("shop")) == nil })
	d.sees("shop is gone", "CPU  42%")
	d.rt.Add(busy("shop", 7))
	d.until("another", func() bool { return d.m.byRef(ref("shop")) != nil })
	d.ticks(10)
	d.sees("CPU  7.0%")
	if n := d.known("shop", time.Minute, 7); n < 8 || n > 10 {
		t.Fatalf("%d cells are known", n)
	}
}

func TestGraphKeysOfVim(t *testing.T) {
	k, err := keymap.New("vim", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	d := newDeck(t, 120, 40, Options{Keys: k}, busy("web", 42))
	d.ticks(3)
	d.press("H")
	d.sees("Graphs of web")
	d.press("h")
	d.seesNo("Graphs of web")
}

func TestGraphsAtEverySize(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42), busy("db", 3))
	d.ticks(40)
	for _, keys := range [][]string{{"h"}, {"*", "h"}} {
		d.press(keys...)
		for tab := range 7 {
			for _, size := range [][2]int{{40, 8}, {60, 15}, {80, 24}, {120, 40}, {200, 60}, {39, 7}, {300, 90}} {
				d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				d.press("left")
				d.ticks(1)
				if rows := strings.Split(d.m.View().Content, "\n"); len(rows) != size[1] {
					t.Fatalf("tab %d at %v: %d rows", tab, size, len(rows))
				}
			}
			d.press("tab", "b")
		}
		d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
		d.press("esc")
	}
}

// BenchmarkGraphScreen is what a tick costs with the graphs of eight open.
func BenchmarkGraphScreen(b *testing.B) {
	m := benchModel(b, 300, 120, 40)
	for i := range 8 {
		m.rows.marks[m.all[i].Ref] = true
	}
	m.openGraphs()
	at := m.clock.Now()
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Second)
		for i := range m.sampling.batch.Readings {
			m.sampling.batch.Readings[i].Sample.At = at
		}
		m.Update(sampledMsg{m.sampling.batch, nil})
		m.View()
	}
}

// The store of figures must not cost the tick an allocation.
func TestRecordingAllocatesNothing(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, busy("a", 5), busy("b", 5))
	d.ticks(3)
	h, at := d.m.hist, d.clock.Now()
	batch := &runtime.Batch{Readings: make([]runtime.Reading, len(d.m.sampling.batch.Readings)), Host: &runtime.HostSample{}}
	copy(batch.Readings, d.m.sampling.batch.Readings)
	if err := d.rt.Sample(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(200, func() {
		at = at.Add(time.Second)
		for i := range batch.Readings {
			batch.Readings[i].Sample.At, batch.Readings[i].Sample.FullAt = at, at
		}
		batch.Host.At = at
		h.expect(time.Second)
		h.take(batch)
	})
	if n > 0 {
		t.Fatalf("%v allocations a tick", n)
	}
}
