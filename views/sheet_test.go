package views

import (
	"fmt"
	"strings"
	"testing"

	"lxcdeck/keymap"
)

// someSettings are those of a host with a file or two.
func someSettings() *SheetState {
	s := &SheetState{
		Title: "Settings", Right: "/home/jo/.config/lxcdeck/config.toml", Heads: [3]string{"setting", "value", "from"}, Cursor: 2,
		Hints: []keymap.Hint{{Key: "e", Text: "edit"}, {Key: "/", Text: "search"}, {Key: "esc", Text: "back"}},
	}
	for _, r := range [][4]string{
		{"interval", "2s", "--interval", "between two readings; default: 1s"}, {"lxcpath", "LXC's own", "default", "directories of containers"},
		{"columns", "name state cpu memory network io pids ip uptime", "config.toml:7", "columns of the list, in order; default: by width; from: /home/jo/.config/lxcdeck/config.toml:7"},
		{"theme", "mono", "NO_COLOR", "colours"}, {"keys.filter", "/ f3", "/etc/lxcdeck/config.toml:12", "keys of: Filter"},
	} {
		role := Strong
		if r[2] == "default" {
			role = Dim
		}
		s.Rows = append(s.Rows, SheetRow{Cells: [3]string{r[0], r[1], r[2]}, Roles: [3]Role{Plain, role, Dim}, Full: r[0] + ": " + r[3]})
	}
	return s
}

// someKeys are those of two scopes.
func someKeys() *SheetState {
	s := &SheetState{
		Title: "Keys /shell", Right: "preset default  prefix ctrl+]", Heads: [3]string{"action", "keys", "does"}, Cursor: 1, Typing: true, Filter: "shell", Behind: 2,
		Faults: []string{"/home/jo/.config/lxcdeck/config.toml:3:5: unknown key \"foo\"", "another"},
		Rows: []SheetRow{
			{Head: "In the list of containers", Full: "In the list of containers"},
			{Cells: [3]string{"shell", "* f2  f3", "Open a shell"}, Roles: [3]Role{Plain, Strong, Dim}, Full: "shell: Open a shell; from /home/jo/.config/lxcdeck/config.toml:9; the preset has s"},
			{Cells: [3]string{"shell-with", "u", "Open a shell: as whom, where, what"}, Roles: [3]Role{Plain, Key, Dim}},
			{Head: "In a shell, after the prefix"},
			{Cells: [3]string{"shell-split-beside", "ctrl+] |  %", "Split: another shell beside this one"}, Roles: [3]Role{Plain, Key, Dim}},
		},
	}
	return s
}

func nastySheet() *SheetState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := someKeys()
	s.Title, s.Right, s.Filter, s.Behind, s.Faults = bad, bad, bad, 5, []string{bad, bad, bad}
	s.Say = &NoticeState{Level: LevelError, Text: bad, Hint: bad}
	for i := range s.Rows {
		s.Rows[i].Full = bad
		if s.Rows[i].Head == "" {
			s.Rows[i].Cells = [3]string{bad, bad, bad}
		} else {
			s.Rows[i].Head = bad
		}
	}
	return s
}

func TestGoldenSheet(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}, "120x40": {120, 40}} {
		w, h := s[0], s[1]
		golden(t, "settings-"+name, th.Sheet(someSettings(), w, h), false)
		golden(t, "settings-colour-"+name, th.Sheet(someSettings(), w, h), true)
		golden(t, "keys-"+name, th.Sheet(someKeys(), w, h), false)
		golden(t, "keys-mono-"+name, plain.Sheet(someKeys(), w, h), true)
	}
}

func TestSheetsAreExact(t *testing.T) {
	for i, s := range []*SheetState{someSettings(), someKeys(), nastySheet(), {}, {Empty: strings.Repeat("long words ", 90), Title: "日本"}} {
		th := themes(t)[i%2]
		for _, size := range sizes() {
			exact(t, fmt.Sprintf("sheet %d", i), th.Sheet(s, size[0], size[1]), size[0], size[1])
		}
		for _, size := range [][2]int{{0, 0}, {-1, -1}, {0, 5}} {
			if b := th.Sheet(s, size[0], size[1]); len(b) != max(0, size[1]) {
				t.Errorf("sheet %d at %v: %d rows", i, size, len(b))
			}
		}
	}
}
