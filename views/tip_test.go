package views

import (
	"strings"
	"testing"

	"lxcdeck/keymap"
)

func TestTipKeepsWhatMattersMost(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := &TipState{Hide: "x", Hints: []keymap.Hint{
		{ID: keymap.OpenShell, Key: "s", Text: "for a shell in web-1"}, {ID: keymap.Palette, Key: ":", Text: "to find all by name"},
		{ID: keymap.HelpKey, Key: "?", Text: "for help"}, {ID: keymap.Quit, Key: "q", Text: "to quit"},
	}}
	for _, c := range []struct {
		w    int
		want []string
		no   string
	}{
		{120, []string{"New here?", "s for a shell in web-1", ": to find all by name", "? for help", "q to quit", "x hides this"}, "..."},
		{80, []string{"s for a shell in web-1", ": to find all by name", "? for help", "x hides this"}, "New here?"},
		{52, []string{"s for a shel", "? for help", "x hides this"}, "New"},
		{40, []string{"s for a she", "? for help", "x hides this"}, "q to quit"},
	} {
		row := plain(th.Tip(s, c.w, 1))[0]
		for _, want := range c.want {
			if !strings.Contains(row, want) {
				t.Errorf("%d cells: no %q in %q", c.w, want, row)
			}
		}
		if strings.Contains(row, c.no) {
			t.Errorf("%d cells: %q in %q", c.w, c.no, row)
		}
	}
}
