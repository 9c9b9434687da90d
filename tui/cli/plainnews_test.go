package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime/alert"
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
