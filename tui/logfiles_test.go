package tui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// twoLogs are of two containers, a line of the second between each two of the first.
func twoLogs(n int) (first, second string) {
	var a, b strings.Builder
	for i := range n {
		at := noon.Add(time.Duration(i-n) * time.Second)
		fmt.Fprintf(&a, "%s a%d\n", at.Format("2006-01-02T15:04:05Z"), i)
		fmt.Fprintf(&b, "%s b%d\n", at.Add(500*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), i)
	}
	return a.String(), b.String()
}

func TestLogsByTime(t *testing.T) {
	a, b := twoLogs(1000)
	d, _, paths := fileDeck(t, 80, 24, a, b)
	d.press("*", "l")
	d.sees("2 of 4 containers: lxc", "alpha 2024-05-06T11:59:59Z a999\n  delta 2024-05-06T11:59:59.500Z b999", "follows")
	appends(t, paths[0], "2024-05-06T12:00:01Z later\n")
	d.pass(time.Second)
	d.sees("b999\n  alpha 2024-05-06T12:00:01Z later")
	d.press("up")
	d.seesNo("later")
	d.press("g")
	d.sees("a0\n", "b10\n", "stands")
	d.enters("/", "b500")
	d.sees(">delta 2024-05-06T11:51:40.500Z b500")
	d.press("n")
	d.sees("not found further down")
	d.enters("&", "77")
	d.sees("only lines with 77", "a577", "b577\n")
	d.seesNo("b578")
	d.enters("!", "a")
	d.sees("b777")
	d.seesNo("a777")
	d.press("esc", "esc")
	d.enters("T", noon.Add(-10*time.Second).Local().Format("15:04:05"))
	d.sees("a990\n", "b999\n")
	appends(t, paths[1], "2024-05-06T12:00:02Z d1\n2024-05-06T12:00:03Z d2\n")
	d.pass(time.Second)
	d.sees("new lines: G follows")
	d.press("G", "y", "enter")
	if len(d.copied) != 1 || !strings.HasSuffix(d.copied[0], "\ndelta: 2024-05-06T12:00:02Z d1\ndelta: 2024-05-06T12:00:03Z d2") || strings.Count(d.copied[0], "\n") != 21 {
		t.Errorf("copied %q", d.copied)
	}
}

// Of several containers one whose log cannot be opened is told of.
func TestLogsOfWhichOneFails(t *testing.T) {
	a, b := twoLogs(3)
	d, _, paths := fileDeck(t, 120, 40, a, b)
	if err := os.Remove(paths[1]); err != nil {
		t.Fatal(err)
	}
	d.press("*", "l")
	d.sees("a2", "delta: open log", "no such file")
}

func TestLogCopies(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(100)+"a\tb \x1b[2Jc\xff\r\n")
	d.press("y", "enter")
	if want := "\n2024-05-06T06:01:39Z line 99\na\tb \\x1b[2Jc\\xff"; len(d.copied) != 1 || !strings.HasSuffix(d.copied[0], want) || strings.Count(d.copied[0], "\n") != 21 {
		t.Errorf("copied %q", d.copied)
	}
	d.sees("copied 22 lines")
	d.enters("/", "line 9$")
	d.press("y", "down", "enter")
	if d.copied[len(d.copied)-1] != "2024-05-06T06:00:09Z line 9" {
		t.Errorf("copied %q", d.copied)
	}
	d.press("y", "end", "enter")
	if d.copied[len(d.copied)-1] != "tail -F /var/log/lxc/alpha.log" {
		t.Errorf("copied %q", d.copied)
	}
	d.press("pgdown", "pgdown", "y", "down", "enter")
	d.sees("not on screen")
}

// What is inside is offered by a command that can reach it alone.
func TestLogCommand(t *testing.T) {
	of := func(kind runtime.LogKind) *logWant {
		return &logWant{ref: ref("alpha"), source: runtime.LogSource{Kind: kind, Path: "/var/log/a b"}}
	}
	for _, kind := range []runtime.LogKind{runtime.LogFile, runtime.LogJournal} {
		if got := logCommand(of(kind), true); !strings.HasPrefix(got, "lxc-attach -P /var/lib/lxc -n alpha -- ") {
			t.Errorf("%v, running: %q", kind, got)
		}
		if got := logCommand(of(kind), false); got != "" {
			t.Errorf("%v, stopped: %q", kind, got)
		}
	}
	if got := logCommand(of(runtime.LogConsole), false); got != "tail -F '/var/log/a b'" {
		t.Errorf("%q", got)
	}
}

func TestLogSaves(t *testing.T) {
	text := numbered(5000) + "no end"
	d := logDeck(t, 80, 24, text)
	saved := func(name string) string {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(d.m.saveDir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	as := func(name string, before ...string) {
		t.Helper()
		d.press("ctrl+s", "ctrl+u")
		d.typed(filepath.Join(d.m.saveDir, name))
		d.press(before...)
		d.press("enter")
	}
	as("all.log")
	if got := saved("all.log"); got != text {
		t.Errorf("%d bytes, want %d", len(got), len(text))
	}
	d.sees("saved")
	d.adds("ing\n")
	as("all.log")
	d.sees("Replace ", "There is such a file")
	d.pass(time.Second)
	d.press("n")
	if got := saved("all.log"); got != text {
		t.Errorf("replaced after a no: %d bytes", len(got))
	}
	d.sees("Save lxc", "all.log") // and the name can be changed
	d.press("esc")
	d.seesNo("Save lxc")
	as("all.log")
	d.pass(time.Second)
	d.press("y")
	if got := saved("all.log"); got != text+"ing\n" {
		t.Errorf("%d bytes after a yes", len(got))
	}
	d.enters("&", "line 49")
	as("some.log")
	if got := saved("some.log"); strings.Count(got, "\n") != 111 || !strings.HasPrefix(got, "2024-05-06T06:00:49Z line 49\n") {
		t.Errorf("%d lines: %.200q", strings.Count(got, "\n"), got)
	}
	as("rows.log", "up", "right")
	if got := saved("rows.log"); strings.Count(got, "\n") != 21 || !strings.HasSuffix(got, "line 4999\n") {
		t.Errorf("%q", got)
	}
	as("none/there.log")
	d.sees("not saved: there is no such directory", "none/there.log")
	d.press("ctrl+u")
	d.typed(filepath.Join(d.m.saveDir, "there.log"))
	d.press("enter")
	if got := saved("there.log"); strings.Count(got, "\n") != 111 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
	if err := errors.Join(os.Symlink("all.log", filepath.Join(d.m.saveDir, "link")), os.Mkdir(filepath.Join(d.m.saveDir, "dir"), 0o700)); err != nil {
		t.Fatal(err)
	}
	as("link")
	d.sees("not saved: it is a link: take another name")
	d.seesNo("Replace")
	d.press("esc")
	as("dir")
	d.sees("not saved: it is a directory: take another name")
	d.press("esc", "q")
	d.m.readOnly = true
	d.press("l", "enter", "ctrl+s")
	d.sees("read-only")
}

// What waits for a file system that does not answer is no hurdle: the view can be left
// and opened again, and what comes too late is closed.
func TestLogThatHangs(t *testing.T) {
	d, rt, _ := fileDeck(t, 80, 24, numbered(3))
	rt.began, rt.hold = make(chan struct{}, 9), make(chan struct{})
	rt.logs[ref("alpha")] = append(rt.logs[ref("alpha")], runtime.LogSource{Kind: runtime.LogConsole, Why: "none is kept"})
	d.press("l")
	d.stuck = 1
	d.press("enter")
	d.sees("opening ...")
	<-rt.began
	d.stuck = 2 // what opens, and what waits to close that
	d.press("q")
	if d.m.overlay != nil {
		t.Fatal("the view cannot be left")
	}
	d.press("down")
	d.at("bravo")
	close(rt.hold)
	d.stuck = 0
	d.settle()
	if rt.opened.Load() != 1 || rt.closed.Load() != 1 {
		t.Errorf("%d opened, %d closed", rt.opened.Load(), rt.closed.Load())
	}
	d.press("up", "l", "enter")
	d.sees("line 2")
}

// hugeLog is a log of 2 GB, most of it a hole.
func hugeLog(t *testing.T, size int64) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "huge")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := f.WriteString("the beginning\n")
	_, err2 := f.WriteAt([]byte("\n"+numbered(100)), size)
	if err := errors.Join(err1, err2, f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestHugeLogOpensAtOnce(t *testing.T) {
	d, rt, _ := fileDeck(t, 80, 24, "")
	rt.logs[ref("alpha")] = []runtime.LogSource{{Kind: runtime.LogLXC, Path: hugeLog(t, 2<<30)}}
	began := time.Now()
	d.press("l")
	d.sees("line 99", "2.0G", "follows")
	if took := time.Since(began); took > 2*time.Second { // 100 ms are promised
		t.Errorf("its end is shown after %s", took)
	}
	d.press("g")
	d.sees("the beginning", "were never written")
}

// searchDeck is in a log in which a search takes its time.
func searchDeck(t *testing.T) *deck {
	t.Helper()
	d, rt, _ := fileDeck(t, 80, 24, "")
	name := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(name, []byte(strings.Repeat("a line that is like all others, and has no match at all\n", 4<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	rt.logs[ref("alpha")] = []runtime.LogSource{{Kind: runtime.LogLXC, Path: name}}
	d.press("l")
	d.sees("no match at all", "follows")
	return d
}

func TestLogSearchIsEnded(t *testing.T) {
	d := searchDeck(t)
	d.press("g", "/")
	d.typed("[nqx][0-9]")
	d.apply(keyMsg("enter")) // and nothing is waited for
	d.clock.Advance(time.Second)
	d.sees("searches", "esc ends it")
	d.apply(keyMsg("esc"))
	d.settle()
	d.sees("the search was ended", "no match at all")
	d.apply(keyMsg("n"))
	d.clock.Advance(time.Second)
	d.apply(keyMsg("G")) // a key that wants something else ends it too
	d.settle()
	d.sees("follows")

	d.press("&")
	d.typed("[nqx][0-9]")
	d.apply(keyMsg("enter"))
	d.clock.Advance(time.Second)
	d.sees("filters", "esc ends it")
	d.apply(keyMsg("esc"))
	d.settle()
	d.sees("not all was looked through")
	for range 10 { // and it is not gone on with by itself
		d.pass(time.Second)
	}
	d.sees("not all was looked through")
	d.press("&", "enter")
	d.sees("no match at all")
}

// A filter that was taken off is not waited for, however young its reading is.
func TestLogFilterIsTakenOff(t *testing.T) {
	d := searchDeck(t)
	d.press("&")
	d.typed("[nqx][0-9]")
	d.apply(keyMsg("enter")) // and nothing is waited for
	x, ended := d.m.logsOpen(), false
	stop := x.stop
	x.stop = func() { ended = true; stop() }
	d.apply(keyMsg("backspace"))
	if !ended {
		t.Error("the reading goes on")
	}
	d.settle()
	d.sees("no match at all", "follows")
}

// A move that waits ends a reading that has become slow only after it was asked for.
func TestLogSlowReadingIsEndedForWhatWaits(t *testing.T) {
	d := searchDeck(t)
	d.press("g", "/")
	d.typed("[nqx][0-9]")
	d.apply(keyMsg("enter"))
	x, ended := d.m.logsOpen(), false
	stop := x.stop
	x.stop = func() { ended = true; stop() }
	d.apply(keyMsg("G"))
	if ended {
		t.Error("it is ended at once: it may have been as good as done")
	}
	d.clock.Advance(time.Second)
	d.run(x.due(d.m))
	if !ended {
		t.Error("the reading goes on")
	}
	d.settle()
	d.sees("follows")
}

// What a search came to is not said of the one after it.
func TestLogSearchForgetsTheOneBefore(t *testing.T) {
	d := searchDeck(t)
	d.press("g", "/")
	d.typed("[nqx][0-9]")
	d.apply(keyMsg("enter"))
	d.apply(keyMsg("/"))
	d.clock.Advance(time.Second)
	x := d.m.logsOpen()
	x.stop()
	d.settle() // the first one ends while the next is typed
	d.typed("no match")
	d.press("enter")
	d.sees("no match at all")
	d.seesNo("not found", "was ended")
	d.press("/")
	d.typed("[nqx][0-9]")
	d.apply(keyMsg("enter"))
	d.clock.Advance(time.Second)
	d.apply(keyMsg("/"))
	for _, key := range "like" {
		d.apply(keyMsg(string(key)))
	}
	d.apply(keyMsg("enter")) // and while it is out
	d.settle()
	d.seesNo("not found", "was ended")
}

// TestLogFlood: 20 MB/s are followed, nothing of them is lost, and a key is answered.
func TestLogFlood(t *testing.T) {
	d, _, paths := fileDeck(t, 120, 40, "")
	line := strings.Repeat("x", 99)
	var worst time.Duration
	lines, wrote := 0, int64(0)
	f, err := os.OpenFile(paths[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	d.press("l")
	for round := range 10 {
		var b strings.Builder
		for range 20 << 10 { // 2 MB, a tenth of a second's
			fmt.Fprintf(&b, "%07d%s\n", lines, line[7:])
			lines++
		}
		if _, err := f.WriteString(b.String()); err != nil {
			t.Fatal(err)
		}
		wrote += int64(b.Len())
		for _, key := range []string{"up", "down", "G"} {
			began := time.Now()
			d.apply(keyMsg(key))
			d.m.View()
			worst = max(worst, time.Since(began))
		}
		d.settle()
		d.pass(200 * time.Millisecond)
		if round%3 == 0 {
			d.press("G")
		}
	}
	d.press("G")
	d.sees(fmt.Sprintf("%07dx", lines-1), fmt.Sprintf("%07dx", lines-38), "follows")
	if got := d.m.logsOpen().page.size; got != wrote {
		t.Errorf("%d bytes were seen of %d", got, wrote)
	}
	d.press("g")
	d.sees("0000000x", "0000037x")
	if worst > time.Second { // 50 ms are promised
		t.Errorf("a key took %s", worst)
	}
	t.Logf("the slowest key took %s", worst)
}

// BenchmarkLogFlood is what a look at a log that grows by 2 MB costs, and its frame.
func BenchmarkLogFlood(b *testing.B) {
	name := filepath.Join(b.TempDir(), "log")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	clock := fake.NewClock(noon)
	rt := &fileLogs{Runtime: fake.New(fake.Options{Clock: clock}, some()...), logs: map[runtime.Ref][]runtime.LogSource{
		ref("alpha"): {{Kind: runtime.LogLXC, Path: name}},
	}}
	m := New(Options{Runtime: rt})
	m.clock = &handClock{Clock: clock}
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 60})
	x := &logView{}
	m.overlay = x
	do := func(c tea.Cmd) {
		if c != nil {
			m.Update(c())
		}
	}
	more := []byte(strings.Repeat("2024-05-06T06:00:00Z a line of a log that is written quickly, level=info and so on\n", 25000))
	x.text = newLogText(rt, []logWant{{ref: ref("alpha"), source: rt.logs[ref("alpha")][0]}})
	do(x.ask(m, logAsk{to: logEnd}))
	for b.Loop() {
		b.StopTimer()
		if err := f.Truncate(0); err != nil {
			b.Fatal(err)
		}
		if _, err := f.WriteAt(more, 0); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		do(x.ask(m, logAsk{}))
		m.View()
	}
	b.StopTimer()
	do(x.letGo())
}
