package cli

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/runtime/audit"
	"lxcdeck/tui/settings"
)

// TestPlainAlerts: a threshold that is passed is told once, rings, and runs the command,
// of which it is told what went wrong.
func TestPlainAlerts(t *testing.T) {
	state := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_STATE_HOME": state}[name] }
	d := &deck{Options: Options{Getenv: getenv, Now: time.Now}, rt: plainHost(), settings: settings.Defaults()}
	d.settings.Alerts = map[alert.Kind]settings.Setting[float64]{alert.Memory: {Value: 10}}
	n := d.newNews(soon(t))
	rang := make(chan alert.Alert, 4)
	n.alarm = func(a alert.Alert) error {
		rang <- a
		return errors.New("no bell")
	}
	for range 4 {
		n.figures(soon(t))
		time.Sleep(2 * time.Millisecond) // readings of one instant count once
	}
	select {
	case a := <-rang:
		if a.Ref.Name != "web-1" || a.Kind != alert.Memory {
			t.Errorf("it rings for %+v", a)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no command is run")
	}
	lines, rings := n.untold()
	if len(lines) != 1 || !rings || !strings.Contains(lines[0], "web-1: alert: memory ") || !strings.Contains(lines[0], "(threshold 10%)") {
		t.Errorf("told: %q, rings %v", lines, rings)
	}
	if again, rings := n.untold(); len(again) > 0 || rings {
		t.Errorf("told again: %q", again)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := n.amiss(); err != nil {
			if err.Error() != "alert command: no bell" {
				t.Errorf("what went wrong: %v", err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is not told what went wrong")
		}
	}
}

// TestPlainTellsEarlier: what an earlier run left alone, and what was interrupted, is told
// at the start.
func TestPlainTellsEarlier(t *testing.T) {
	rt, dir := plainHost(), t.TempDir()
	ref := runtime.Ref{Path: path, Name: "web-1"}
	rt.Leave(runtime.Leftover{ID: "1", Ref: ref, What: "a restore of snap0 was interrupted", Ways: []runtime.RecoverWay{runtime.Undo}})
	env := map[string]string{"TERM": "dumb", "XDG_STATE_HOME": dir, "AUDIT": filepath.Join(dir, "log", "audit.jsonl")}
	failed := &runtime.Error{Op: "stop", Ref: ref, Err: runtime.ErrStillRunning}
	if err := audit.Append(env["AUDIT"], audit.Unattended("x", "stop", ref, time.Minute, failed, nil)); err != nil {
		t.Fatal(err)
	}
	all := sitDownWith(t, rt, env).leaves()
	if !strings.Contains(all, "While nobody looked: ") || !strings.Contains(all, ": stop web-1: "+runtime.ErrStillRunning.Error()) {
		t.Errorf("the end is not told: %q", all)
	}
	if !strings.Contains(all, "Interrupted: web-1: a restore of snap0 was interrupted; recover lists it.") {
		t.Errorf("what was interrupted is not told: %q", all)
	}
	p := sitDownWith(t, rt, env)
	p.says("recover 1 undo")
	p.says("yes")
	if all := p.leaves(); strings.Contains(all, "While nobody looked") {
		t.Errorf("the end is told again: %q", all)
	}
	done := rt.Requests()
	if a, ok := done[len(done)-1].Args.(*runtime.RecoverArgs); !ok || a.What != "a restore of snap0 was interrupted" {
		t.Errorf("it is undone whatever is there: %+v", done)
	}
}
