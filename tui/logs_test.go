package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func logDeck(t *testing.T, w, h int, text string) *deck {
	t.Helper()
	specs := some()
	specs[0].Logs = []fake.LogText{
		{LogSource: runtime.LogSource{Kind: runtime.LogLXC, Path: "/var/log/lxc/alpha.log"}, Text: text},
		{LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/sys\x1b[31mlog", Why: "permission denied"}},
	}
	d := newDeck(t, w, h, Options{}, specs...)
	d.press("l")
	d.sees("Logs of alpha", "lxc", `/var/log/sys\x1b[31mlog`, "permission denied")
	d.press("enter")
	return d
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2026-11-27T06:%02d:%02dZ line %d\n", i/60%60, i%60, i)
	}
	return b.String()
}

func TestLogFollows(t *testing.T) {
	d := logDeck(t, 80, 24, numbered(1000))
	d.sees("line 999", "follows")
	_ = d.rt.AppendLog(runtime.Ref{Path: "/srv/lxc", Name: "alpha"}, "lxc", "line 1000 ERROR it failed\n")
	d.pass(time.Second)
	t.Log(d.screen())
	d.press("pgup")
	t.Log(d.screen())
	d.press("/")
	d.typed("line 123")
	d.press("enter")
	d.press("N")
	t.Log(d.screen())
}
