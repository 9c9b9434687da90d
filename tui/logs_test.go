package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/runtime/logfile"
)

// logOf is a log of the fake host.
func logOf(kind runtime.LogKind, path, text string) fake.LogText {
	return fake.LogText{LogSource: runtime.LogSource{Kind: kind, Path: path}, Text: text}
}

// logDeck shows a log of alpha, which has another that cannot be read.
func logDeck(t *testing.T, w, h int, text string) *deck {
	t.Helper()
	specs := some()
	specs[0].Logs = []fake.LogText{
		logOf(runtime.LogLXC, "/var/log/lxc/alpha.log", text),
		{LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/sys\x1b[31mlog", Why: "permission denied"}},
	}
	d := newDeck(t, w, h, Options{SaveDir: t.TempDir()}, specs...)
	d.press("l")
	d.sees("> lxc")
	d.press("enter")
	return d
}

// numbered is a log of n lines, one a second from six in the morning on.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2024-05-06T%02d:%02d:%02dZ line %d\n", 6+i/3600, i/60%60, i%60, i)
	}
	return b.String()
}

// adds writes to the lxc log of alpha and lets the view look.
func (d *deck) adds(text string) {
	d.t.Helper()
	if err := d.rt.AppendLog(ref("alpha"), "lxc", text); err != nil {
		d.t.Fatal(err)
	}
	d.pass(time.Second)
}

// enters types a text behind a key, and enter.
func (d *deck) enters(key, text string) {
	d.t.Helper()
	d.press(key)
	d.typed(text)
	d.press("enter")
}

// fileLogs is a fake host whose logs are files of the test.
type fileLogs struct {
	*fake.Runtime
	logs           map[runtime.Ref][]runtime.LogSource
	began, hold    chan struct{} // an open tells the one and waits for the other; nil = none does
	opened, closed atomic.Int32
}

func (r *fileLogs) Logs(_ context.Context, of runtime.Ref) ([]runtime.LogSource, error) {
	return r.logs[of], nil
}

func (r *fileLogs) OpenLog(ctx context.Context, of runtime.Ref, s runtime.LogSource) (*runtime.Log, error) {
	if r.hold != nil {
		r.began <- struct{}{}
		<-r.hold // a file system that does not answer listens to nobody
	}
	r.opened.Add(1)
	return &runtime.Log{Open: logfile.Path(s.Path), Close: func() error { r.closed.Add(1); return nil }}, nil
}

// fileDeck is a screen on which alpha and delta have a log each, which are files.
func fileDeck(t *testing.T, w, h int, texts ...string) (d *deck, rt *fileLogs, paths []string) {
	t.Helper()
	clock := fake.NewClock(noon)
	f := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc", "/srv/lxc"}}, some()...)
	rt = &fileLogs{Runtime: f, logs: map[runtime.Ref][]runtime.LogSource{}}
	for i, text := range texts {
		name := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		of := ref([]string{"alpha", "delta"}[i])
		rt.logs[of] = append(rt.logs[of], runtime.LogSource{Kind: runtime.LogLXC, Path: name})
		paths = append(paths, name)
	}
	d = newDeckOn(t, w, h, Options{SaveDir: t.TempDir()}, rt, f, clock)
	d.until("the watch", func() bool { return d.watching })
	t.Cleanup(func() {
		if x := d.m.logsOpen(); x != nil {
			d.run(x.close(d.m))
			d.settle()
		}
		if rt.opened.Load() != rt.closed.Load() {
			t.Errorf("%d logs were opened and %d closed", rt.opened.Load(), rt.closed.Load())
		}
	})
	return d, rt, paths
}

// appends writes to a file of the test.
func appends(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, werr := f.WriteString(text)
	if cerr := f.Close(); werr != nil || cerr != nil {
		t.Fatal(werr, cerr)
	}
}

func TestLogFollows(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(1000))
	d.sees("line 978", "line 999", "follows")
	d.adds("line 1000 ERROR it failed\n")
	d.sees("E line 1000 ERROR it failed", "follows")
	d.press("up")
	d.seesNo("line 1000", "follows")
	d.sees("line 999", "stands")
	d.adds("a\nb\nc\n")
	d.sees("3 new lines", "line 999")
	d.seesNo("line 1000")
	d.press("G")
	d.sees("  c\n", "line 1000", "follows")
	d.press("g")
	d.sees("line 0\n", "stands")
	d.press("end", "b")
	d.sees("line 981", "stands")
	d.press("down")
	d.sees("line 982")
	d.press("F")
	d.sees("follows")
	d.press("up", "down") // the last line is in sight again
	d.sees("follows")
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	d.sees("stands")
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	d.sees("follows")
}

func TestLogOfFewLinesStays(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(3))
	d.press("up", "pgup", "b")
	d.sees("line 0\n", "line 2\n", "follows") // there is nothing to scroll
	d.press("g")
	d.sees("line 0\n", "line 2\n", "stands")
}

func TestLogSearch(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(1000)+"The End\n")
	d.enters("/", "line 12[34]$")
	d.sees(">2024-05-06T06:02:04Z line 124") // who follows is shown the last one
	d.press("n")
	d.sees(">2024-05-06T06:02:03Z line 123")
	d.press("n")
	d.sees("not found further up", ">2024-05-06T06:02:03Z line 123")
	d.press("N")
	d.sees(">2024-05-06T06:02:04Z line 124")
	d.press("esc") // takes the marks away
	d.seesNo(">2024")
	d.enters("/", "line 999")
	d.sees(">2024-05-06T06:16:39Z line 999")
	d.press("g")
	d.enters("/", "the end") // without capitals, whatever it is in the log
	d.sees(">The End")
	d.enters("/", "the END")
	d.sees("not found")
	d.press("G")
	d.enters("/", "line 5")
	d.sees(">2024-05-06T06:09:59Z line 599")
	d.press("/", "enter") // once more
	d.sees(">2024-05-06T06:09:58Z line 598")
	d.press("g", "/")
	d.typed("line 1")
	d.press("backspace", "backspace", "backspace", "backspace", "backspace", "backspace")
	d.sees("/")
	d.press("backspace")
	d.seesNo("line 1\n/")
	d.sees("search")
}

// What is no pattern is looked for as it is, and that is said.
func TestLogSearchForWhatIsNoPattern(t *testing.T) {
	d := logDeck(t, 100, 24, numbered(100)+"call foo(1)\n")
	d.enters("/", "foo(")
	d.sees("call foo(1)", ">call", "it is no pattern, and is looked for as text")
	d.enters("/", "bar(")
	d.sees("not found: it is no pattern, and is looked for as text")
	d.enters("/", "bar[(]")
	d.seesNo("as text")
	d.enters("&", "foo(")
	d.sees("call foo(1)", "it is no pattern, and is looked for as text")
}

// A search that finds nothing below the screen looks above it.
func TestLogSearchTurns(t *testing.T) {
	d := logDeck(t, 80, 24, "needle\n"+numbered(1000))
	d.press("G", "b")
	d.enters("/", "needle")
	d.sees(">needle", "it is further up")
}

func TestLogFilters(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(1000)+"level=warning msg=a\nlevel=error msg=b\nlevel=debug msg=c\n")
	d.enters("&", "line 99")
	d.sees("only lines with line 99", "line 99\n", "line 990", "line 999")
	d.seesNo("line 98")
	d.enters("!", "line 995")
	d.sees("only lines with line 99, without line 995", "line 994", "line 996")
	d.seesNo("Z line 995")
	d.adds("line 995\nline 99x\nother\n")
	d.sees("line 99x", "follows")
	d.seesNo("  other", "  line 995")
	d.press("g")
	d.adds("other\nline 99y\nline 99z") // of which the filter keeps two
	d.sees("2 new lines")
	d.adds(" and more\nother\n")
	d.sees("2 new lines")
	d.press("G")
	d.sees("line 99z and more")
	d.press("g")
	d.sees("line 99\n")
	d.press("backspace")
	d.sees("Z line 995")
	d.press("esc")
	d.seesNo("only lines")
	d.press("G", "v", "v")
	d.sees("of warnings or worse", "msg=a", "msg=b")
	d.seesNo("msg=c", "Z line")
	d.press("v")
	d.sees("of errors", "msg=b")
	d.seesNo("msg=a")
	d.press("backspace")
	d.sees("msg=c")
	d.press("backspace")
	d.sees("all lines are shown")
	d.enters("&", "no such text")
	d.sees("no line is like that")
	d.enters("&", "")
	d.sees("msg=c")
	d.enters("&", "line 5")
	d.enters("/", "line 42") // which the filter keeps from sight
	d.sees("not found")
}

func TestLogJumps(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(1000))
	d.enters("T", noon.Add(-6*time.Hour+5*time.Minute).Local().Format("2006-01-02 15:04"))
	d.sees("line 300\n", "stands")
	d.seesNo("line 299")
	d.enters("T", "x")
	d.sees("line 300")
	d.press("T")
	d.sees("time, up is x:")
	d.press("esc")
	d.enters("T", "-355m") // it begins with nothing
	d.sees("line 300")
	d.enters("T", "-1m")
	d.sees("all of it was written before that", "line 999")
	d.press("T", "up")
	d.sees("time: -1m")
	d.press("backspace", "backspace", "backspace")
	d.typed("-1d2w")
	d.press("enter")
	d.sees("not a moment")
	d.enters("T", "06:05 UTC")
	d.sees("line 300\n", "stands")
	other := logDeck(t, 80, 24, "no\ntimes\n")
	other.enters("T", "-1h")
	other.sees("no line of it says when")
}

func TestLogLooks(t *testing.T) {
	long := "2024-05-06T06:00:00Z start " + strings.Repeat("0123456789", 30) + " end\n"
	d := logDeck(t, 80, 24, "2024-05-06T06:00:00Z first\n"+long)
	d.sees("2024-05-06T06:00:00Z first", "start 0123")
	d.seesNo(" end\n")
	d.press("t")
	d.seesNo("2024-05-06T06")
	d.sees("  first\n", "  start 0123")
	d.press("t", "right")
	d.seesNo("first")
	for range 20 {
		d.press("right")
	}
	d.seesNo("0123")
	d.press("0")
	d.sees("first")
	d.enters("/", "END$")
	d.seesNo(">")
	d.enters("/", "end$") // which is far to the right
	d.sees("end\n")
	d.press("w")
	d.sees("first", "start 0123", " end\n")
	d.press("right")
	d.sees("long lines are wrapped: w ends that")
}

// A line that fills several screens is read row by row where it is wrapped.
func TestLogWrapsEndlessLines(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "part %04d ", i)
	}
	d := logDeck(t, 82, 24, "before\n"+b.String()+"\nafter\n") // eight parts a row
	d.press("w")
	d.sees("part 2999\n  after\n", "follows")
	d.press("up")
	d.sees("part 2999\n")
	d.seesNo("after")
	d.adds("later\n")
	d.sees("1 new line")
	d.press("g")
	d.sees("before\n  part 0000")
	d.press("down")
	d.seesNo("before")
	d.sees("  part 0000")
	d.press("down")
	d.seesNo("part 0000")
	d.sees("  part 0008")
	d.enters("/", "part 1504")
	d.sees("part 1504")
	d.press("G")
	d.sees("after\n  later")
}

// Who stands within a line sees it, whatever its width becomes.
func TestLogWithinALineIsShapedAnew(t *testing.T) {
	d := logDeck(t, 80, 24, strings.Repeat("x", 1<<20))
	d.press("w", "b", "w")
	d.sees("xxxx", "stands")
	d.press("w", "G", "b", "b")
	d.send(tea.WindowSizeMsg{Width: 200, Height: 60})
	d.pass(time.Second)
	d.sees("xxxx", "stands")
	d = logDeck(t, 80, 24, numbered(1)+"2024-05-06T06:00:01Z "+strings.Repeat("y", 60)+"\n"+numbered(50))
	d.press("w", "g", "down", "down")
	d.seesNo("06:00:01Z yyy")
	d.press("t") // without its time it has one row
	d.sees("yyyy")
}

func TestLogOfBinary(t *testing.T) {
	junk := make([]byte, 1<<20)
	for i := range junk {
		junk[i] = byte(i*7919 ^ i>>8)
		if junk[i] == '\n' {
			junk[i] = 0x1b
		}
	}
	for _, size := range [][2]int{{80, 24}, {200, 60}} {
		d, _, paths := fileDeck(t, size[0], size[1], "plain\n"+string(junk))
		d.press("l")
		began := time.Now()
		d.press("w", "pgup", "pgup", "g", "down", "w", "right", "right", "G", "space", "b")
		appends(t, paths[0], "\nthe end\n")
		d.press("G", "0")
		d.sees("the end")
		if took := time.Since(began); took > time.Minute { // a second or less is expected
			t.Errorf("took %s", took)
		}
	}
}
