package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"lxcdeck/views"
)

// TestThemePicker holds that the screen wears what the cursor is on, that esc goes
// back to what was, and that enter tells what keeps it.
func TestThemePicker(t *testing.T) {
	const file = "~/.config/lxcdeck/config.toml"
	d := newDeck(t, 80, 24, Options{Theme: "light", SettingsFile: file}, some()...)
	d.send(tea.ColorProfileMsg{Profile: colorprofile.ANSI256})
	before := d.m.View().Content
	open := func() {
		t.Helper()
		d.press(":")
		d.typed("theme")
		d.press("enter")
		d.sees("Theme", "colour-blind-light", "x light")
	}
	open()
	looks := map[string]bool{}
	d.press("home")
	for range views.Themes() {
		looks[d.m.View().Content] = true
		if names := views.Themes(); d.m.theme.Name != names[d.m.overlay.(*menu).at] {
			t.Fatalf("%s is worn, the cursor is on %d of %v", d.m.theme.Name, d.m.overlay.(*menu).at, names)
		}
		d.press("down")
	}
	if len(looks) != len(views.Themes()) {
		t.Errorf("%d different screens for %d themes", len(looks), len(views.Themes()))
	}
	d.press("esc")
	if d.m.View().Content != before {
		t.Error("after esc the screen is not as it was")
	}

	open()
	d.press("down", "enter")
	d.sees(`theme = "high-contrast" in ` + file + " keeps it")
	d.send(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	if d.m.theme.Name != "high-contrast" || strings.Contains(d.m.View().Content, "8;5;") {
		t.Errorf("with 16 colours it is %s", d.m.theme.Name)
	}
	d.send(tea.ColorProfileMsg{Profile: colorprofile.ASCII})
	d.press("esc")
	open = func() { d.press(":"); d.typed("theme"); d.press("enter") }
	open()
	d.sees("no colours here")
}

// TestATryOutDoesNotOutliveTheSettings: esc goes back to what they have now.
func TestATryOutDoesNotOutliveTheSettings(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	d.press(":")
	d.typed("theme")
	d.press("enter", "down")
	p.write(func(x *Prefs) { x.Theme = "light" }, nil)
	d.until("it is read", func() bool { return d.m.prefs.now.Theme == "light" })
	d.press("down", "esc")
	if d.m.theme.Name != "light" {
		t.Errorf("it wears %s", d.m.theme.Name)
	}
}
