package settings

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime/alert"
	"lxcdeck/views"
)

// TestExample holds docs/config.toml, which is installed, to what settings there are:
// it sets nothing; without the # before its keys it names every one, and changes no
// default. docs/settings.md names them too.
func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/config.toml")
	if err != nil {
		t.Fatal(err)
	}
	ours := Known{Themes: views.Themes()}
	for _, c := range views.Columns() {
		ours.Columns = append(ours.Columns, c.ID)
	}
	load := func(text string) Settings {
		t.Helper()
		s, err := Load(Places{User: write(t, text)}, ours)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := load(string(text)); !reflect.DeepEqual(s, Defaults()) {
		t.Errorf("as it is it sets something: %+v", s)
	}
	s := load(regexp.MustCompile(`(?m)^#([a-z\[])`).ReplaceAllString(string(text), "$1"))
	keys := regexp.MustCompile(`(?m)^#([a-z_]+) = `).FindAllStringSubmatch(string(text), -1)
	var named []string
	for _, k := range keys {
		named = append(named, k[1])
	}
	want := append(Names(), "bell", "command")
	for _, k := range alert.Kinds() {
		want = append(want, k.String())
		if a, ok := s.Alerts[k]; !ok || a.Value != 0 {
			t.Errorf("alerts.%s: %+v", k, a)
		}
	}
	page, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range want {
		if !slices.Contains(named, name) {
			t.Errorf("%s is not there", name)
		}
		if !strings.Contains(string(page), name) {
			t.Errorf("docs/settings.md has no %s", name)
		}
	}
	for _, table := range tables() {
		if !strings.Contains(string(text), "\n#["+table+"]\n") {
			t.Errorf("[%s] is not there", table)
		}
	}
	d := Defaults()
	if s.Interval.Value != d.Interval.Value || s.Theme.Value != d.Theme.Value || s.ASCII.Value != d.ASCII.Value ||
		s.Mouse.Value != d.Mouse.Value || s.ReadOnly.Value != d.ReadOnly.Value || s.AlertBell.Value || len(s.AlertCommand.Value) > 0 ||
		s.Prefix.Value != keymap.DefaultPrefix || s.Preset.Value != "default" {
		t.Errorf("other values than the defaults: %+v", s)
	}
	if !slices.Equal(s.Columns.Value, ours.Columns) || len(s.Limits) == 0 {
		t.Errorf("columns %v, limits %v", s.Columns.Value, s.Limits)
	}
	for id, k := range s.Keys {
		if a, _ := keymap.Find(keymap.ID(id)); !slices.Equal(a.Keys, k.Value) {
			t.Errorf("keys.%s = %v, the default is %v", id, k.Value, a.Keys)
		}
	}
	if len(s.Keys) == 0 {
		t.Error("[keys] has no example")
	}
}
