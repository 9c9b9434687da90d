package tui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// The cursor stays on its job, wherever that moves to.
func TestJobsKeepTheCursorOnTheJob(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 120, 40, Options{}, h.do, some()...)
	d.begin(h, 1, creating("n0"))
	d.begin(h, 1, creating("n1"))
	d.press("J", "j")
	d.sees("create n0", "create n1", "2/2", "lxc-create -P /var/lib/lxc -n n1 -t busybox")
	d.stuck--
	d.m.jobs.list[0].cancel()
	d.until("the end of the first", func() bool { return len(d.m.jobs.list) == 1 })
	d.sees("1/2", "-n n1 -t busybox") // it is the first now, and still under the cursor
	d.press("y")
	if len(d.copied) != 1 || d.copied[0] != "lxc-create -P /var/lib/lxc -n n1 -t busybox" {
		t.Fatalf("%q", d.copied)
	}
	d.stuck = 0
	h.free <- &runtime.Error{Op: "create", Ref: ref("n1"), Err: errors.New("the template failed"),
		Log: "first line\nsecond line", Hint: "Look at its output."}
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("this session", "create n1: the template failed: first line; second line. Look at its output.")
	d.press("esc")
	d.seesNo("this session")
}

// Output is followed until somebody scrolls, and again from its end on.
func TestOutputFollowsUntilScrolled(t *testing.T) {
	h := newHeld()
	dir := t.TempDir()
	d := workDeck(t, 80, 24, Options{SaveDir: dir}, h.do, some()...)
	q := d.begin(h, 1, creating("new"))[0]
	say := func(text string) {
		q.Progress(runtime.Progress{Output: []byte(text)})
		d.pass(jobPace)
	}
	d.press("J", "enter")
	d.sees("create new", "no output so far")
	for i := range 100 {
		q.Progress(runtime.Progress{Output: fmt.Appendf(nil, "line %03d\n", i)})
	}
	say(" 10%\r 20%\r 30%")
	d.sees("line 099", " 30%", "/101", "follows")
	d.seesNo("10%", "20%")
	say("\r100%\nnext\x1b[31m\a\n")
	d.sees("100%", `next\x1b[31m\x07`)
	d.press("k")
	d.sees("1 line below: G follows")
	d.seesNo(`next\x1b`)
	say("a\nb\n")
	d.sees("3 lines below")
	d.press("g")
	d.sees("line 000")
	d.press("j")
	d.seesNo("line 000")
	d.press("G")
	d.sees("b\n", "follows")
	say("c\n")
	d.sees("\nc\n")

	d.press("/")
	d.typed("LINE 05")
	d.press("enter")
	d.sees("not found") // a capital letter: case counts
	d.press("/")
	d.typed("line 0[5]")
	d.press("enter")
	d.sees("line 050")
	d.press("n")
	if x := d.m.overlay.(*outputView); x.hit != 51 {
		t.Errorf("n goes to line %d", x.hit)
	}
	d.press("N", "N") // before the first comes the last
	d.sees("line 059")
	if x := d.m.overlay.(*outputView); x.hit != 59 || x.follow {
		t.Errorf("N goes to line %d", x.hit)
	}
	d.press("/")
	d.typed("[")
	d.press("enter")
	d.sees(`next\x1b[31m`) // no regular expression: the text itself

	d.press("ctrl+s")
	d.sees("Save the output")
	d.press("ctrl+u")
	file := filepath.Join(dir, "out.txt")
	d.typed(file)
	d.press("enter")
	d.sees("saved", "create new")
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "line 000\nline 001\n") || strings.Contains(string(text), "\x1b") || !strings.HasSuffix(string(text), "\nc\n") {
		t.Errorf("saved %q, %v", text, err)
	}
	d.press("x")
	d.sees("Cancel: creating new?")
	d.pass(questionGrace)
	d.stuck = 0
	d.press("y")
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("cancelled after")
	d.press("esc", "esc")
	d.seesNo("Jobs and history")
}

// Lines keep their numbers when older ones have to go.
func TestOutputStaysWhereItIsReadWhenOldLinesGo(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 80, 24, Options{}, h.do, some()...)
	q := d.begin(h, 1, creating("new"))[0]
	for i := range runtime.MaxOutputLines {
		q.Progress(runtime.Progress{Output: fmt.Appendf(nil, "line %05d\n", i)})
	}
	d.press("J", "enter", "g")
	for range 100 {
		d.press("pgdown")
	}
	top := d.m.overlay.(*outputView).top
	want := fmt.Sprintf("line %05d", top)
	d.sees(want)
	for i := range 1000 {
		q.Progress(runtime.Progress{Output: fmt.Appendf(nil, "more %05d\n", i)})
	}
	d.pass(jobPace)
	d.sees(want, "1000 older lines had to go")
	d.stuck = 0
	h.free <- nil
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
}

// Nothing is written while read-only.
func TestReadOnlySavesNoOutput(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 80, 24, Options{}, h.do, some()...)
	d.begin(h, 1, creating("new"))
	d.m.readOnly = true
	d.press("J", "enter", "ctrl+s")
	d.sees("read-only")
	d.seesNo("Save the output")
	d.stuck = 0
	h.free <- nil
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
}

func somePast() []runtime.Past {
	return []runtime.Past{
		{At: noon.Add(-time.Hour), Who: "alice\x1b[31m", Op: "destroy", Ref: ref("old"), Result: runtime.PastDone, Took: 3 * time.Second, Command: "lxc-destroy -P /var/lib/lxc -n old"},
		{At: noon.Add(-50 * time.Hour), Who: "bob", Op: "create", Ref: ref("alpha"), Result: "create alpha: disk full", Took: time.Minute},
		{At: noon.Add(-60 * time.Hour), Op: "clone", Ref: ref("alpha")},
		{At: noon.Add(-61 * time.Hour), Op: "create", Ref: ref("c1"), Result: "create c1: cancelled", Took: 7 * time.Second},
		{At: noon.Add(-62 * time.Hour), Op: "delete-snapshot", Ref: runtime.Ref{Path: "/w", Name: "x"}, Result: runtime.PastDone},
	}
}

// Records of the audit log stand below what was done in this session.
func TestHistory(t *testing.T) {
	reads := 0
	d := newDeck(t, 120, 40, Options{History: func() ([]runtime.Past, error) {
		reads++
		if reads == 2 {
			return nil, errors.New("audit.jsonl: permission denied")
		}
		return somePast(), nil
	}}, some()...)
	if reads != 0 {
		t.Error("read before anybody looks")
	}
	d.press("j", "S", "J")
	d.sees("this session", "start bravo", "earlier", "destroy old", `by alice\x1b[31m`, "done in 3s", "failed after 1m0s", "no end recorded yet",
		"cancelled after 7s", "delete snapshot x in /w") // the log is the whole host's
	d.press("j", "y")
	if len(d.copied) != 1 || d.copied[0] != "lxc-destroy -P /var/lib/lxc -n old" {
		t.Fatalf("%q", d.copied)
	}
	d.press("j", "enter")
	d.sees("create alpha", "disk full", "the audit log keeps no output")
	d.press("x", "y")
	d.sees("no lxc-* command does the same")
	d.press("esc", "x")
	d.sees("that is over: there is nothing to cancel")
	d.press("esc", "J")
	d.sees("the audit log cannot be read", "destroy old") // what was read before stays
	d.press("ctrl+c")
	d.seesNo("earlier")
}

func TestNothingWasDone(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("J")
	d.sees("nothing was done so far")
	for _, k := range []string{"j", "G", "enter", "y", "d", "pgdown", "x"} {
		d.press(k)
	}
	if d.m.overlay != nil {
		t.Error("x on nothing does not close")
	}
}

// What ended while nobody looked is told at the start.
func TestMissed(t *testing.T) {
	cancelled := runtime.Past{Op: "run", Ref: ref("job"), Result: "run job: cancelled"}
	for _, c := range []struct {
		past []runtime.Past
		err  error
		want string
	}{
		{somePast()[:1], nil, "while nobody looked: destroy old done"},
		{somePast()[1:2], nil, "error: while nobody looked: create alpha failed: create alpha: disk full"},
		{somePast()[:2], nil, "while nobody looked 2 operations ended, 1 of them failed"},
		{append(somePast()[:1], somePast()[:1]...), nil, "while nobody looked 2 operations were done"},
		{[]runtime.Past{cancelled}, nil, "warning: while nobody looked: run job was cancelled"},
		{append(somePast()[:1], cancelled), nil, "while nobody looked 2 operations ended, some of them cancelled"},
		{nil, errors.New("audit.jsonl: permission denied"), "audit.jsonl: permission denied"},
	} {
		d := newDeck(t, 160, 40, Options{Missed: func() ([]runtime.Past, error) { return c.past, c.err }}, some()...)
		d.sees(c.want)
		if c.err == nil {
			d.sees("J shows more")
		}
	}
	d := newDeck(t, 160, 40, Options{Missed: func() ([]runtime.Past, error) { return nil, nil }}, some()...)
	if d.m.notices.now != nil {
		t.Error("something is told of nothing")
	}
}
