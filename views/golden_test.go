package views

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

var update = flag.Bool("update", false, "write the goldens instead of comparing")

// golden compares a screen with testdata/NAME.golden. Plain ones hold text
// alone, with a bar at the end of each row so that blanks show; coloured ones
// hold the SGR sequences too, escapes written as \e.
func golden(t *testing.T, name string, b Block, colour bool) {
	t.Helper()
	var out strings.Builder
	for _, row := range b {
		if colour {
			out.WriteString(strings.ReplaceAll(row, "\x1b", `\e`))
		} else {
			out.WriteString(ansi.Strip(row))
		}
		out.WriteString("|\n")
	}
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./views -update writes it)", err)
	}
	if out.String() == string(want) {
		return
	}
	got, old := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	for y := range got {
		if y >= len(old) || got[y] != old[y] {
			was := "nothing"
			if y < len(old) {
				was = old[y]
			}
			t.Fatalf("%s, row %d:\n got %s\nwant %s", file, y, got[y], was)
		}
	}
	t.Fatalf("%s: %d rows, want %d", file, len(got), len(old))
}

func TestGoldenScreens(t *testing.T) {
	sizes := map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}}
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, s := range sizes {
		w, h := s[0], s[1]
		rows := someRows()
		SortRows(rows, ColCPU, true)
		golden(t, "normal-"+name, screen(th, w, h, Mode{}, listState(rows), hostState()), false)
		golden(t, "shell-"+name, screen(th, w, h, Mode{Shell: true}, listState(rows), hostState()), false)
		two := screen(th, w, h, Mode{Shell: true, Tabs: true, Halves: SideBySide}, listState(rows), hostState())
		golden(t, "split-"+name, two, false)
		golden(t, "colour-"+name, screen(th, w, h, Mode{}, listState(rows), hostState()), true)
		golden(t, "mono-"+name, screen(plain, w, h, Mode{Detail: Open}, listState(rows), hostState()), true)
		golden(t, "wide-"+name, screen(th, w, h, Mode{}, listState(nastyRows()), nastyHost()), false)

		none := listState(nil)
		none.Empty = EmptyState{Kind: EmptyNone, Paths: []string{"/var/lib/lxc"}, Key: "N", Arch: "amd64", Elsewhere: []runtime.Elsewhere{{Path: "/home/alice/.local/share/lxc", Owner: "alice", Containers: 2}}, User: "root", Root: true}
		golden(t, "empty-"+name, screen(th, w, h, Mode{}, none, hostState()), false)

		denied := listState(nil)
		denied.Empty = EmptyState{Kind: EmptyDenied, Paths: []string{"/var/lib/lxc"}, User: "alice", Err: "list: open /var/lib/lxc: permission denied"}
		golden(t, "error-"+name, screen(th, w, h, Mode{}, denied, &HostState{Hostname: "web01", Polling: true, Interval: hostState().Interval}), false)

		broken := listState(someRows())
		broken.Cursor = 6
		golden(t, "broken-"+name, screen(th, w, h, Mode{Detail: Open}, broken, hostState()), false)

		help := helpFor(keymap.List, situation(&rows[0]))
		golden(t, "help-"+name, th.Help(help, w, h), false)
		logs := helpFor(keymap.LogText, keymap.Situation{})
		logs.Prefix, logs.Query, logs.Hit = "", "follow", 1
		golden(t, "helplogs-"+name, th.Help(logs, w, h), name == "80x24")
	}
}

func TestGoldenOverlays(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	frame := func(w, h int) Block { return screen(th, w, h, Mode{}, listState(someRows()), hostState()) }
	for name, s := range map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}} {
		w, h := s[0], s[1]
		ask := &PromptState{Title: "Stop web-1?", Targets: []Target{{Name: "web-1", State: runtime.Running}},
			More: runtime.Stop.Info().AsksMore, Command: runtime.Stop.LXCCommand(runtime.Ref{Path: "/var/lib/lxc", Name: "web-1"})}
		golden(t, "ask-"+name, Centre(frame(w, h), th.Prompt(ask, w, h)), false)
		which := &PromptState{Kind: AskWhich, Title: "3 marked containers", Choices: []string{"start 1", "stop 2"}, Cursor: -1,
			Targets: []Target{{Name: "web-1", State: runtime.Running}, {Name: "db-main", State: runtime.Running}, {Name: "test-7", State: runtime.Stopped}}}
		golden(t, "which-"+name, Centre(frame(w, h), th.Prompt(which, w, h)), false)
		typed := &PromptState{Kind: AskTyped, Title: "Destroy test-7?", Targets: []Target{{Name: "test-7", State: runtime.Stopped}},
			More: "Its root file system is lost.", Want: "test-7", Typed: "tes"}
		golden(t, "typed-"+name, Centre(frame(w, h), th.Prompt(typed, w, h)), false)
		promptGoldens(t, th, name, w, h)
		rows := someRows()
		pal := &PaletteState{Query: "st", Items: keymap.PaletteItems(keys(), "st", situation(&rows[0])), Cursor: 1}
		golden(t, "palette-"+name, Centre(frame(w, h), th.Palette(pal, w, h)), false)
		pick := &PickerState{Title: "Columns", Multi: true, Cursor: 2, Hint: "space toggles   esc closes"}
		for i, c := range Columns() {
			pick.Items = append(pick.Items, PickerItem{Label: c.Title, Note: c.Long, On: i%3 != 2})
		}
		list := &SessionsState{Now: now, Cursor: 1, Hint: "enter goes there  r names  k ends  x dismisses", Note: "u opens again: login shell in old", Items: []SessionItem{
			{Tab: 1, Name: "web-1", Command: "login shell", Opened: now.Add(-3 * time.Minute), Active: now.Add(-time.Second), Current: true},
			{Tab: 2, Half: "a", Name: "db-main", Label: "logs", Command: "tail -F /var/log/messages", Opened: now.Add(-2 * time.Hour), Marks: SessionMarks{Activity: true}},
			{Tab: 2, Half: "b", Name: "db-main", Command: "login console", Opened: now.Add(-90 * time.Second), Marks: SessionMarks{Recording: true}},
			{Tab: 3, Name: "test-7", Command: "make", Opened: now.Add(-26 * time.Hour), Marks: SessionMarks{Ended: true}, Exit: runtime.Exit{Code: 2}},
		}}
		golden(t, "sessions-"+name, Centre(frame(w, h), th.Sessions(list, w, h)), false)
		golden(t, "picker-"+name, Centre(frame(w, h), th.Picker(pick, w, h)), false)
		golden(t, "form-"+name, Centre(frame(w, h), th.Form(formState(), w, h)), false)
	}
}
