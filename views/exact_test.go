package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// sizes are the screens every view is tried on.
func sizes() [][2]int {
	var out [][2]int
	for _, w := range []int{1, 2, 3, 7, 12, 24, 38, 40, 59, 60, 79, 80, 119, 120, 160, 210} {
		for _, h := range []int{1, 2, 5, 8, 15, 24, 36, 70} {
			out = append(out, [2]int{w, h})
		}
	}
	return out
}

// exact fails unless b has h rows of w cells with nothing in them but text and SGR sequences.
func exact(t *testing.T, what string, b Block, w, h int) {
	t.Helper()
	if len(b) != h {
		t.Fatalf("%s at %dx%d: %d rows", what, w, h, len(b))
	}
	for y, row := range b {
		if n := ansi.StringWidth(row); n != w {
			t.Fatalf("%s at %dx%d: row %d has %d cells: %q", what, w, h, y, n, row)
		}
		if n := rowWidth(row); n != w {
			t.Fatalf("%s at %dx%d: row %d is counted as %d cells: %q", what, w, h, y, n, row)
		}
		if bad := foreign(row); bad != "" {
			t.Fatalf("%s at %dx%d: row %d holds %q: %q", what, w, h, y, bad, row)
		}
	}
}

// foreign finds a control sequence that is not ours: anything but SGR.
func foreign(row string) string {
	for i := 0; i < len(row); i++ {
		if row[i] != 0x1b {
			continue
		}
		end := strings.IndexByte(row[i:], 'm')
		if end < 2 || row[i+1] != '[' || strings.Trim(row[i+2:i+end], "0123456789;") != "" {
			return row[i:min(len(row), i+8)]
		}
		i += end
	}
	plain := ansi.Strip(row)
	if Clean(plain) != plain {
		return plain
	}
	return ""
}

func themes(t *testing.T) []*Theme {
	return []*Theme{
		theme(t, "", ThemeOptions{Colors: 16}), theme(t, "mono", ThemeOptions{ASCII: true}),
		theme(t, "dark", ThemeOptions{Colors: 256}), theme(t, "light", ThemeOptions{Colors: 256}),
		theme(t, "high-contrast", ThemeOptions{Colors: 256}), theme(t, "colour-blind", ThemeOptions{Colors: 256}),
	}
}

// panes are the views of exact size, in states that are hard on them.
func panes(th *Theme) map[string]func(w, h int) Block {
	nasty := nastyRows()
	ls := listState(nasty)
	ls.Cursor, ls.Paths = 3, true
	nastyShell := shellState()
	nastyShell.Name, nastyShell.Title = nasty[0].C.Name, "\x1b]0;x\x07日本語日本語日本語"
	ended := *nastyShell
	ended.Ended, ended.Exit, ended.Notice = true, runtime.Exit{Code: 137, Signal: 9, Reason: "日本\x1b語 stopped"}, "host pty"
	failed := *nastyShell
	failed.Err = "attach: \x1b[2J " + strings.Repeat("failed ", 20)
	armed := *nastyShell
	armed.Armed, armed.Hints = true, []keymap.Hint{{Key: "d", Text: "leave"}, {Key: "z", Text: "zoom"}}
	m := map[string]func(w, h int) Block{
		"list":           func(w, h int) Block { return th.List(ls, w, h) },
		"list plain":     func(w, h int) Block { return th.List(listState(someRows()), w, h) },
		"host":           func(w, h int) Block { return th.Host(nastyHost(), w, h) },
		"host nothing":   func(w, h int) Block { return th.Host(&HostState{}, w, h) },
		"banner":         func(w, h int) Block { return th.Banner(nastyShell, w, h) },
		"banner armed":   func(w, h int) Block { return th.Banner(&armed, w, h) },
		"shell":          func(w, h int) Block { return th.Shell(nastyShell, w, h) },
		"shell ended":    func(w, h int) Block { return th.Shell(&ended, w, h) },
		"shell failed":   func(w, h int) Block { return th.Shell(&failed, w, h) },
		"banner of many": func(w, h int) Block { s := *nastyShell; s.Many = 12; s.Record = true; return th.Banner(&s, w, h) },
		"banner of a scrollback": func(w, h int) Block {
			s := *nastyShell
			s.Scroll = &ScrollState{At: 17, Of: 10040, New: 300, Lost: true, Selecting: "lines", Note: "not found: \x1b[m日本"}
			return th.Banner(&s, w, h)
		},
		"searching": func(w, h int) Block {
			s := *nastyShell
			s.Scroll = &ScrollState{Prompt: "/", Typed: strings.Repeat("日本語 ", 40), Behind: 7}
			return th.Shell(&s, w, h)
		},
		"tabs":       func(w, h int) Block { return th.Tabs(nastyTabs(2), w, h) },
		"tabs, last": func(w, h int) Block { return th.Tabs(nastyTabs(len(nastyNames())-1), w, h) },
		"no tabs":    func(w, h int) Block { return th.Tabs(&TabsState{}, w, h) },
		"too small":  func(w, h int) Block { return th.TooSmall(w, h, "q") },
		"help":       func(w, h int) Block { return th.Help(helpState(), w, h) },
		"help, searched": func(w, h int) Block {
			s := helpFor(keymap.Files, keymap.Situation{})
			s.Query, s.Typing, s.Behind, s.Version, s.Offset = strings.Repeat("名前\x1b", 90), true, 3, "\x1b日本", 7
			return th.Help(s, w, h)
		},
		"help of a view without a scope": func(w, h int) Block {
			return th.Help(&HelpState{Topic: HelpJobs, Groups: []keymap.HelpGroup{{Group: "Here", Lines: []keymap.HelpLine{{Keys: "x", Title: "日本\x1b" + strings.Repeat("語 ", 40)}}}}, Query: "a", Hit: 2}, w, h)
		},
		"tip": func(w, h int) Block {
			return th.Tip(&TipState{Hide: "x", Hints: []keymap.Hint{{Key: "s", Text: "for a shell in " + strings.Repeat("日本\x1b語", 20)}, {ID: keymap.HelpKey, Key: "?", Text: "for help"}, {Key: "q", Text: "to quit"}}}, w, h)
		},
		"no tip": func(w, h int) Block { return th.Tip(&TipState{Hide: "esc"}, w, h) },
		"messages": func(w, h int) Block {
			return th.Messages(&MessagesState{Offset: 3, Items: []Message{
				{At: now, Level: LevelError, Text: "日本語\x1b[31m\n" + strings.Repeat("long words ", 30), Hint: strings.Repeat("長い", 90)},
				{At: now, Text: "web-1: stop done in 20ms"},
			}}, w, h)
		},
		"config": func(w, h int) Block { return th.Config(nastyConfig(), w, h) },
		"config empty": func(w, h int) Block {
			return th.Config(&ConfigState{Title: "日本\x1b語", Empty: "\x1b[2J none", Right: "not saved"}, w, h)
		},
		"config differences": func(w, h int) Block {
			s := nastyConfig()
			s.Cursor, s.Offset, s.Note = -1, 7, "a note\x1b"
			return th.Config(s, w, h)
		},
		"jobs":    func(w, h int) Block { return th.Jobs(nastyJobs(40), w, h) },
		"no jobs": func(w, h int) Block { return th.Jobs(&JobsState{Title: "Jobs", Now: now}, w, h) },
		"output":  func(w, h int) Block { return th.Output(nastyOutput(3), w, h) },
		"output search": func(w, h int) Block {
			s := nastyOutput(0)
			s.Prompt, s.Typed = true, strings.Repeat("名前", 90)
			return th.Output(s, w, h)
		},
		"no output":    func(w, h int) Block { return th.Output(&OutputState{Empty: "no output so far"}, w, h) },
		"leftovers":    func(w, h int) Block { return th.Leftovers(nastyLeftovers(), w, h) },
		"no leftovers": func(w, h int) Block { return th.Leftovers(&LeftoversState{Err: "bad\x1b[31m"}, w, h) },
		"doctor":       func(w, h int) Block { return th.Doctor(nastyDoctor(), w, h) },
		"no cause":     func(w, h int) Block { return th.Doctor(&DoctorState{Loading: true}, w, h) },
		"checks":       func(w, h int) Block { return th.Checks(nastyChecks(), w, h) },
		"no checks":    func(w, h int) Block { return th.Checks(&ChecksState{Loading: true}, w, h) },
		"no messages":  func(w, h int) Block { return th.Messages(&MessagesState{}, w, h) },
		"detail none":  func(w, h int) Block { return th.Detail(&DetailState{}, w, h) },
		"rule none":    func(w, h int) Block { return th.Rule(&RuleState{}, w, h) },
	}
	for i := range nasty {
		r := &nasty[i]
		if i%3 == 0 && i > 3 {
			continue // the rest is enough
		}
		m[fmt.Sprintf("detail %d", i)] = func(w, h int) Block { return th.Detail(detailState(r), w, h) }
		m[fmt.Sprintf("rule %d", i)] = func(w, h int) Block {
			return th.Rule(&RuleState{Row: r, Now: now, At: i + 1, Of: 300, Shells: 2, Cores: .5}, w, h)
		}
	}
	for i := range 4 {
		m[fmt.Sprintf("files %d", i)] = func(w, h int) Block { return th.Files(nastyFiles(i), w, h) }
		m[fmt.Sprintf("log %d", i)] = func(w, h int) Block { return th.Log(nastyLog(i), w, h) }
	}
	for i, s := range nastyStatus() {
		m[fmt.Sprintf("status %d", i)] = func(w, h int) Block { return th.Status(s, w, h) }
	}
	for k := EmptyLoading; k <= EmptyFailed; k++ {
		m[fmt.Sprintf("empty %d", k)] = func(w, h int) Block {
			return th.Empty(&EmptyState{Kind: k, Paths: nastyNames(), Filter: "\x1b日本語", Total: 3, User: "日本\x1b", Err: "open: \x07denied", Key: "esc", Elsewhere: []runtime.Elsewhere{{Path: strings.Repeat("/日本\x1b", 30), Owner: "\x1b語", Containers: 1}, {Path: "/x", Hidden: true}}}, w, h)
		}
	}
	return m
}

func nastyTabs(current int) *TabsState {
	s := &TabsState{Current: current, Focused: true}
	for i, name := range nastyNames() {
		s.Tabs = append(s.Tabs, Tab{Text: name, Marks: SessionMarks{Activity: i%2 == 0, Bell: i%3 == 0, Ended: i%5 == 4}})
	}
	return s
}

func nastySessions(n int) *SessionsState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := &SessionsState{Cursor: n / 2, Now: now, Hint: bad, Note: bad}
	for i := range n {
		s.Items = append(s.Items, SessionItem{
			Tab: i + 1, Half: [3]string{"", "a", "b"}[i%3], Name: nastyNames()[i%len(nastyNames())], Label: []string{"", bad}[i%2], Command: bad,
			Opened: now.Add(-time.Duration(i) * time.Hour), Active: now.Add(-time.Duration(i) * time.Second), Current: i == 3,
			Marks: SessionMarks{Activity: i%2 == 0, Bell: i%3 == 0, Recording: i%4 == 1, Ended: i%5 == 4}, Opening: i == 6, Err: []string{"", bad}[i%7/6],
		})
	}
	return s
}

func nastyHost() *HostState {
	s := hostState()
	s.Hostname, s.ReadOnly, s.Demo, s.Held, s.Polling, s.Late = "h\x1b[most日本語日本語日本語日本語", true, true, true, true, true
	return s
}

func nastyStatus() []*StatusState {
	hints := []keymap.Hint{{Key: "s", Text: "shell"}, {Key: "/", Text: "filter"}, {Key: "?", Text: "help"}}
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	return []*StatusState{
		{}, {Hints: hints, Filter: bad, Marks: 12, Now: now},
		{Notice: &NoticeState{Level: LevelError, Text: bad, Hint: bad, More: 3, Key: "m", Act: "d", Does: bad[:3]}, Hints: hints},
		{Typing: true, Filter: bad, Shown: 2, Total: 300, Hints: hints},
		{Job: &JobState{Text: bad, Since: now, Done: 3, Total: 7, More: 2, Key: "ctrl+c"}, Now: now, Hints: hints},
		{Job: &JobState{Text: bad, Since: now, Progress: JobProgress{Step: bad, Done: 7, Total: 9, Unit: bad}, Halt: time.Minute, Ending: true, Show: "J"}, Now: now},
		{Left: bad, NoConfig: 3, Marks: 2, Filter: "x", Prefixed: "ctrl+]", Hints: hints},
	}
}

func helpState() *HelpState {
	s := helpFor(keymap.List, keymap.Situation{ReadOnly: true})
	s.ReadOnly = true
	return s
}

// helpFor is the help of a scope.
func helpFor(scope keymap.Scope, now keymap.Situation) *HelpState {
	s := &HelpState{Topic: TopicOf(scope), Prefix: "ctrl+]", Version: "0.1.0"}
	s.Groups, s.Everywhere, s.Elsewhere = keymap.HelpSections(keys(), scope, now)
	return s
}

func TestEveryPaneIsExact(t *testing.T) {
	for _, th := range themes(t)[:2] {
		for name, paint := range panes(th) {
			for _, s := range sizes() {
				exact(t, th.Name+" "+name, paint(s[0], s[1]), s[0], s[1])
			}
		}
	}
	th := themes(t)[0]
	for name, paint := range panes(th) {
		for _, s := range [][2]int{{0, 0}, {-1, -1}, {0, 5}} {
			if b := paint(s[0], s[1]); len(b) != max(0, s[1]) {
				t.Errorf("%s at %v: %d rows", name, s, len(b))
			}
		}
	}
}

// overlays are the boxes, which may be smaller than the room they get.
func overlays(th *Theme) map[string]func(w, h int) Block {
	bad := "日本語\x1b[31m " + strings.Repeat("long words ", 9)
	var targets []Target
	for _, n := range nastyNames() {
		targets = append(targets, Target{Name: n, State: runtime.Running}, Target{Name: n, State: runtime.Stopped, Skip: n + " is stopped"})
	}
	items := keymap.PaletteItems(keys(), "st", keymap.Situation{ReadOnly: true})
	pick := []PickerItem{{Label: bad, Note: bad, On: true}}
	for _, c := range Columns() {
		pick = append(pick, PickerItem{Label: c.ID, Note: c.Long})
	}
	form := &FormState{Title: bad, Note: bad, Action: "opens", Why: bad, Fields: []FormField{
		{Label: "user", Help: "root"}, {Label: bad, Value: bad, Behind: 50}, {Kind: ChoiceField, Label: "日本語", Value: bad, Help: bad},
		{Kind: CheckField, Label: "host", On: true, Help: bad}, {Label: "", Value: bad}, {Label: "empty", Help: bad},
	}}
	boxes := map[string]func(w, h int) Block{
		"sessions":    func(w, h int) Block { return th.Sessions(nastySessions(40), w, h) },
		"no sessions": func(w, h int) Block { return th.Sessions(&SessionsState{Hint: "esc closes"}, w, h) },
		"naming": func(w, h int) Block {
			s := nastySessions(9)
			s.Renaming, s.Typed, s.Behind = true, strings.Repeat("名前", 90), 3
			return th.Sessions(s, w, h)
		},
		"steady form": func(w, h int) Block {
			return th.Form(&FormState{Title: bad, Note: bad, NoteRows: 3, Why: bad, Wrong: -1, Fields: []FormField{{Label: bad, Value: bad, Warn: bad}}}, w, h)
		},
		"no form": func(w, h int) Block { return th.Form(&FormState{Wrong: -1, Why: bad}, w, h) },
		"prompt": func(w, h int) Block {
			return th.Prompt(&PromptState{Title: bad, Targets: targets, More: bad, Command: bad}, w, h)
		},
		"which": func(w, h int) Block {
			return th.Prompt(&PromptState{Kind: AskWhich, Title: "Which?", Targets: targets, Choices: []string{"start", bad}, Cursor: 1}, w, h)
		},
		"typed": func(w, h int) Block {
			return th.Prompt(&PromptState{Kind: AskTyped, Title: "Destroy?", Targets: targets[:1], Typed: bad, Want: bad, Note: bad}, w, h)
		},
		"palette": func(w, h int) Block { return th.Palette(&PaletteState{Query: bad, Items: items, Cursor: 2}, w, h) },
		"nothing": func(w, h int) Block { return th.Palette(&PaletteState{Query: "zzz"}, w, h) },
		"picker": func(w, h int) Block {
			return th.Picker(&PickerState{Title: bad, Items: pick, Multi: true, Cursor: 9, Hint: bad}, w, h)
		},
	}
	for name, paint := range surveys(th) {
		boxes[name] = paint
	}
	for _, at := range [][2]int{{1, 1}, {2, -1}, {3, 4}, {6, 9}} {
		f := *form
		f.Cursor, f.Wrong = at[0], at[1]
		boxes[fmt.Sprintf("form %v", at)] = func(w, h int) Block { return th.Form(&f, w, h) }
	}
	return boxes
}

func TestEveryOverlayFitsAndLeavesTheFrameExact(t *testing.T) {
	for _, th := range themes(t)[:2] {
		list := listState(nastyRows())
		for name, paint := range overlays(th) {
			for _, s := range sizes() {
				w, h := s[0], s[1]
				box := paint(w, h)
				size := box.Size()
				if size.X > w || size.Y > h {
					t.Fatalf("%s at %dx%d takes %v", name, w, h, size)
				}
				exact(t, name, box, size.X, size.Y)
				exact(t, name+" on a list", Centre(th.List(list, w, h), box), w, h)
			}
		}
	}
}

func TestEveryScreenIsExact(t *testing.T) {
	modes := map[string]Mode{
		"auto": {}, "open": {Detail: Open}, "closed": {Detail: Closed}, "shell": {Shell: true},
		"zoom list": {Zoomed: true}, "zoom detail": {Zoomed: true, Zoom: DetailPane}, "zoom shell": {Zoomed: true, Zoom: ShellPane, Shell: true},
	}
	for _, th := range themes(t)[1:3] {
		for name, mode := range modes {
			for _, s := range sizes() {
				exact(t, name, screen(th, s[0], s[1], mode, listState(nastyRows()), nastyHost()), s[0], s[1])
			}
		}
	}
}

func TestOverAtEveryPlace(t *testing.T) {
	th := themes(t)[0]
	frame := th.List(listState(nastyRows()), 60, 20)
	box := th.Prompt(&PromptState{Title: "日本語?", Targets: []Target{{Name: "日本", State: runtime.Running}}}, 30, 10)
	for x := -2; x < 62; x++ {
		for y := -3; y < 22; y++ {
			exact(t, fmt.Sprintf("over %d,%d", x, y), Over(frame, box, x, y), 60, 20)
		}
	}
}
