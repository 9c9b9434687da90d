package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lxcdeck/tui/settings"
)

// TestThemeFlag holds that --theme is above the file, and names what there is.
func TestThemeFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("theme = \"mono\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	known := settings.Known{Themes: []string{"default", "mono", "light"}}
	for _, c := range []struct{ args, theme, from string }{
		{"", "mono", file}, {"--theme light", "light", "--theme"}, {"--theme=default", "default", "--theme"},
	} {
		d := &deck{Options: Options{Known: known, Places: settings.Places{User: file}}}
		root := d.root()
		if err := root.ParseFlags(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		if err := d.configure(root); err != nil {
			t.Fatal(err)
		}
		if s := d.settings.Theme; s.Value != c.theme || !strings.HasPrefix(s.From.String(), c.from) {
			t.Errorf("%q: %s from %s, want %s from %s", c.args, s.Value, s.From, c.theme, c.from)
		}
	}
	for _, args := range [][]string{{"--theme", "pink", "ls"}, {"ls", "--theme="}} {
		if r := lxcdeck(t, testHost(), args...); r.code != exitUsage || !strings.Contains(r.err, "--theme: there is no ") || !strings.Contains(r.err, "only default") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}
