package views

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
)

func TestTerminalChecks(t *testing.T) {
	env := func(pairs string) func(string) string {
		return func(name string) string {
			for _, p := range strings.Fields(pairs) {
				if v, ok := strings.CutPrefix(p, name+"="); ok {
					return v
				}
			}
			return ""
		}
	}
	const ok, optional, unknown = runtime.CheckGood, runtime.CheckOptional, runtime.CheckUnknown
	for _, c := range []struct {
		env        string
		colours    int
		cols, rows int
		what       string
		verdict    runtime.Verdict
		found      string
	}{
		{"TERM=xterm-256color", 256, 80, 24, "TERM", ok, "xterm-256color"},
		{"", 256, 80, 24, "TERM", optional, "not set"},
		{"TERM=dumb", 0, 80, 24, "TERM", optional, "no screen"},
		{"TERM=linux", 16, 80, 24, "TERM", ok, "ASCII"},
		{"TERM=xterm TMUX=/tmp/x,1,0", 16, 80, 24, "TERM", optional, "inside tmux"},
		{"TERM=tmux-256color TMUX=/tmp/x,1,0", 256, 80, 24, "TERM", ok, "tmux-256color"},
		{"LANG=C LC_ALL=de_DE.UTF-8", 0, 80, 24, "locale", ok, "de_DE.UTF-8"},
		{"LANG=en_US.utf8 LC_CTYPE=POSIX", 0, 80, 24, "locale", optional, "POSIX is not UTF-8"},
		{"", 0, 80, 24, "locale", unknown, "none is set"},
		{"TERM=xterm", 0, 80, 24, "colours", optional, "none"},
		{"TERM=xterm", 16, 80, 24, "colours", optional, "16"},
		{"TERM=xterm", 256, 80, 24, "colours", ok, "256"},
		{"NO_COLOR=1", 0, 80, 24, "colours", ok, "NO_COLOR"},
		{"TERM=xterm", 256, 80, 24, "true colour", optional, "fewer"},
		{"TERM=xterm", TrueColour, 80, 24, "true colour", ok, "yes"},
		{"NO_COLOR=1", 0, 80, 24, "true colour", ok, "NO_COLOR"},
		{"", 0, 40, 10, "size", ok, "40x10"},
		{"", 0, 39, 10, "size", optional, "39x10"},
		{"", 0, 80, 9, "size", optional, "80x9"},
		{"", 0, 0, 0, "size", unknown, "does not say"},
		{"", 0, 80, 24, "inside another", ok, "neither"},
		{"STY=1.pts", 0, 80, 24, "inside another", optional, "screen, which may take ctrl+a"},
		{"TMUX=x", 0, 80, 24, "inside another", ok, "tmux"},
		{"", 0, 80, 24, "clipboard", unknown, "OSC 52"},
	} {
		found := false
		for _, got := range TerminalChecks(&Terminal{Is: true, Getenv: env(c.env), Cols: c.cols, Rows: c.rows, Colours: c.colours, Prefix: "ctrl+a"}) {
			if got.Topic != TopicTerminal || got.Verdict == runtime.CheckBad || (got.Verdict == ok) != (got.Advice == "") {
				t.Errorf("%s: %+v", c.env, got)
			}
			if got.What != c.what {
				continue
			}
			found = true
			if got.Verdict != c.verdict || !strings.Contains(got.Found, c.found) {
				t.Errorf("%s, %d colours, %dx%d: %+v; want %s, %s", c.env, c.colours, c.cols, c.rows, got, c.verdict, c.found)
			}
		}
		if !found {
			t.Errorf("no check of %s", c.what)
		}
	}
	none := TerminalChecks(&Terminal{Getenv: env("LANG=C.UTF-8 TERM=xterm"), Cols: 80, Rows: 24})
	if len(none) != 2 || none[0].Verdict != unknown || none[1].Verdict != ok {
		t.Errorf("without a terminal: %+v", none)
	}
}
