package keymap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func newMap(t *testing.T, preset string, user map[string][]string, prefix string) *Map {
	t.Helper()
	m, err := New(preset, user, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func find(t *testing.T, id ID) Action {
	t.Helper()
	a, ok := Find(id)
	if !ok {
		t.Fatalf("no action %q", id)
	}
	return a
}

func TestEveryPresetIsSound(t *testing.T) {
	for _, p := range append(Presets(), "") {
		m := newMap(t, p, nil, "")
		for _, a := range Actions() {
			for _, key := range m.Keys(a.ID) {
				if key == "prefix" {
					key = m.Prefix()
				} else if norm, err := ParseKey(key); err != nil || norm != key {
					t.Errorf("preset %q: %s: key %q: %q, %v", p, a.ID, key, norm, err)
				}
				if got, ok := m.Lookup(a.Scope, key); !ok || got.ID != a.ID {
					t.Errorf("preset %q: %s in %s is %q, want %q", p, key, a.Scope, got.ID, a.ID)
				}
			}
		}
	}
}

func TestActionsAreWhole(t *testing.T) {
	seen := map[ID]bool{}
	for _, a := range Actions() {
		if seen[a.ID] {
			t.Errorf("%s stands twice in the table", a.ID)
		}
		seen[a.ID] = true
		if a.Title == "" || !slices.Contains(Groups(), a.Group) {
			t.Errorf("%s: title %q, group %q", a.ID, a.Title, a.Group)
		}
		if len(a.Ops) > 0 && (!a.Changes || a.Targets != Many) {
			t.Errorf("%s does %v but does not change many", a.ID, a.Ops)
		}
		for _, key := range a.Keys {
			upper := len(key) == 1 && key[0] >= 'A' && key[0] <= 'Z'
			if len(a.Ops) > 0 && !upper {
				t.Errorf("%s changes containers on %q, which is not upper case", a.ID, key)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	m := newMap(t, "", nil, "")
	for _, c := range []struct {
		scope Scope
		key   string
		want  ID
	}{
		{List, "s", OpenShell}, {List, "q", Quit}, {Detail, "S", StartStop}, {Detail, "pgdown", PageDown}, {Everywhere, "?", HelpKey},
		{Everywhere, "s", ""}, {Help, "j", Down}, {Help, "S", ""}, {List, "d", Diagnose}, {List, "h", GraphList}, {List, "0", ""}, {Graphs, "h", GraphLeft}, {Graphs, "S", ""},
		{Shell, "d", Detach}, {Shell, "z", ShellZoom}, {Shell, "ctrl+]", ShellSend}, {Shell, "ctrl+5", ShellSend}, {Shell, ":", Palette}, {Shell, "j", ""}, {Shell, "S", ""},
	} {
		got, ok := m.Lookup(c.scope, c.key)
		if got.ID != c.want || ok != (c.want != "") {
			t.Errorf("%q in %s is %q, %v; want %q", c.key, c.scope, got.ID, ok, c.want)
		}
	}
}

func TestUserKeys(t *testing.T) {
	m := newMap(t, "", map[string][]string{"kill": {"f9"}, "shell": {"E", "ctrl+alt+x"}, "mark": {}}, "ctrl+a")
	for key, want := range map[string]ID{"f9": KillKey, "E": OpenShell, "K": "", "s": "", "space": ""} {
		if got, _ := m.Lookup(List, key); got.ID != want {
			t.Errorf("%s is %q, want %q", key, got.ID, want)
		}
	}
	if got := m.KeyOf(ShellSend); got != "ctrl+a ctrl+a" {
		t.Errorf("sends the prefix on %q", got)
	}
	if m.IsPrefix("ctrl+5") || m.IsPrefix("ctrl+]") || !m.IsPrefix("ctrl+a") {
		t.Error("another key than ctrl+a is the prefix")
	}
	if got, ok := m.Lookup(Shell, "ctrl+a"); !ok || got.ID != ShellSend {
		t.Errorf("the prefix twice is %q", got.ID)
	}
}

func TestErrorsOfSettings(t *testing.T) {
	for _, c := range []struct {
		what   string
		preset string
		user   map[string][]string
		prefix string
		want   []string
	}{
		{"unknown action", "", map[string][]string{"shel": {"s"}}, "", []string{`unknown action "shel"`, `did you mean "shell"?`}},
		{"bad key", "", map[string][]string{"shell": {"hyper-s"}}, "", []string{"shell", `"hyper-s"`}},
		{"bad modifier", "", map[string][]string{"shell": {"strg+s"}}, "", []string{`"strg" is no modifier`}},
		{"conflict in a pane", "", map[string][]string{"shell": {"S"}}, "", []string{"S is both", `"shell"`, `"start-stop"`, "list"}},
		{"conflict with everywhere", "", map[string][]string{"shell": {"q"}}, "", []string{"q is both", `"quit"`, `"shell"`}},
		{"a synonym conflicts too", "", map[string][]string{"shell": {"pgdn"}}, "", []string{"pgdn is both", `"page-down"`, `"shell"`}},
		{"bad preset", "emacs", nil, "", []string{`"emacs"`, "default, vim, htop"}},
		{"prefix that is typed", "", nil, "x", []string{"prefix", "x would be typed"}},
		{"prefix that is enter", "", nil, "ctrl+m", []string{"ctrl+m is enter"}},
		{"prefix that is tab", "", nil, "ctrl+i", []string{"ctrl+i is tab"}},
		{"prefix that is esc", "", nil, "ctrl+[", []string{"ctrl+[ is esc"}},
		{"prefix without a code", "", nil, "ctrl+1", []string{"not told from others"}},
		{"prefix in another script", "", nil, "ctrl+é", []string{"not told from others"}},
		{"prefix that begins a sequence", "", nil, "alt+[", []string{"not told from others"}},
		{"no way out", "", map[string][]string{"interrupt": {}}, "", []string{"interrupt", "needs a key"}},
		{"prefix that is none", "", nil, "ctrl+", []string{"prefix"}},
		{"all at once", "emacs", map[string][]string{"nope": nil, "kill": {"q"}}, "y", []string{"emacs", "nope", "q is both", "prefix"}},
	} {
		_, err := New(c.preset, c.user, c.prefix)
		if err == nil {
			t.Errorf("%s: no error", c.what)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in %q", c.what, w, err)
			}
		}
	}
}

func TestParseKey(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "G": "G", "+": "+", " ": "space", "space": "space", "pgdn": "pgdown", "PgDn": "pgdown", "escape": "esc", "F1": "f1", "f12": "f12",
		"ctrl+d": "ctrl+d", "Ctrl+]": "ctrl+]", "alt+ctrl+x": "ctrl+alt+x", "shift+a": "A", "shift+tab": "shift+tab", "ctrl++": "ctrl++",
		"ctrl+shift+a": "ctrl+shift+a", "ctrl+pgup": "ctrl+pgup", "ü": "ü", "ctrl+space": "ctrl+space",
		"": "", "ctrl+": "", "ctrl+D": "", "shift+1": "", "f64": "", "f01": "", "ab": "", "ctrl+ctrl+a": "", "\x1b": "", "foo+a": "", "\xff": "",
	} {
		got, err := ParseKey(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseKey(%q) = %q, %v; want %q", in, got, err, want)
		}
		if again, err := ParseKey(got); want != "" && (again != got || err != nil) {
			t.Errorf("ParseKey(%q) = %q, %v", got, again, err)
		}
	}
	for in, want := range map[string]string{"pgdown": "pgdn", "ctrl+]": "ctrl+]", "ctrl+pgdown": "ctrl+pgdn", "+": "+", "ctrl++": "ctrl++", "delete": "del"} {
		if got := KeyName(in); got != want {
			t.Errorf("KeyName(%q) = %q, want %q", in, got, want)
		}
	}
}

func box(name string, s runtime.State) runtime.Container {
	return runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: name}, State: s, Config: &runtime.Config{}}
}

func on(cs ...runtime.Container) Situation { return Situation{Targets: cs} }

func TestWhy(t *testing.T) {
	run, stop, froz := box("web", runtime.Running), box("old", runtime.Stopped), box("ice", runtime.Frozen)
	uid := 1000
	foreign, stuck, broken, lost := run, run, stop, run
	foreign.Foreign = &uid
	stuck.NoAnswerSince = time.Date(2026, 3, 1, 15, 4, 5, 0, time.UTC)
	broken.Problem = &runtime.Error{Op: "list", Err: fmt.Errorf("%w: a FIFO", runtime.ErrConfig)}
	lost.State = runtime.Unknown
	other := run
	other.Problem = errors.New("addresses cannot be read")
	managed := run
	managed.Manager = "proxmox"
	busy := Situation{Targets: []runtime.Container{run}, Busy: map[runtime.Ref]string{run.Ref: "stopping"}}
	readOnly := on(run)
	readOnly.ReadOnly = true
	for _, c := range []struct {
		what string
		id   ID
		s    Situation
		want []string // nil = allowed
	}{
		{"stop a running one", StartStop, on(run), nil},
		{"start a stopped one", StartStop, on(stop), nil},
		{"stop a frozen one", OpStop, on(froz), nil},
		{"shell", OpenShell, on(run), nil},
		{"a container with a harmless problem", OpStop, on(other), nil},
		{"another manager's container", OpStop, on(managed), nil},
		{"quit", Quit, Situation{}, nil},
		{"look at the command when read-only", Copy, readOnly, nil},
		{"read-only", StartStop, readOnly, []string{"read-only", "start it without --read-only"}},
		{"read-only shell", OpenShell, readOnly, []string{"read-only"}},
		{"nothing selected", StartStop, Situation{}, []string{"no container is selected"}},
		{"start a running one", OpStart, on(run), []string{"web is running already"}},
		{"stop a stopped one", OpStop, on(stop), []string{"old is stopped already"}},
		{"restart a stopped one", RestartKey, on(stop), []string{"old is stopped", "start it"}},
		{"thaw a running one", OpThaw, on(run), []string{"web is running"}},
		{"shut a frozen one down", OpShutdown, on(froz), []string{"ice is frozen", "thaw it"}},
		{"freeze or thaw a stopped one", FreezeThaw, on(stop), []string{"old is stopped", "freeze or thaw"}},
		{"shell in a stopped one", OpenShell, on(stop), []string{"old is stopped", "start it"}},
		{"shell in a frozen one", OpenShell, on(froz), []string{"ice is frozen", "thaw it"}},
		{"busy", StartStop, busy, []string{"web is busy (stopping)", "wait"}},
		{"busy shell", OpenShell, busy, []string{"web is busy"}},
		{"foreign", StartStop, on(foreign), []string{"web belongs to uid 1000", "as that user"}},
		{"foreign shell", OpenShell, on(foreign), []string{"uid 1000"}},
		{"no answer", KillKey, on(stuck), []string{"monitor of web", "since 15:04:05"}},
		{"broken", OpStart, on(broken), []string{"configuration of old cannot be loaded", "a FIFO"}},
		{"state not known", StartStop, on(lost), []string{"state of web is not known"}},
		{"marks that allow it", StartStop, on(run, stop), nil},
		{"marks of which one allows it", OpStart, on(run, stop), nil},
		{"marks of which none allows it", OpStart, on(run, run), []string{"none of the 2 marked", "web is running already"}},
		{"leave without a shell", Detach, Situation{}, []string{"no shell is shown"}},
		{"leave", Detach, Situation{Shells: 1, ShellShown: true}, nil},
		{"end an ended shell", ShellKill, Situation{Shells: 1, ShellShown: true, ShellEnded: true}, []string{"ended"}},
		{"dismiss a running shell", Dismiss, Situation{Shells: 1, ShellShown: true}, []string{"no ended shell"}},
		{"next of one", ShellNext, Situation{Shells: 2, Tabs: 1, ShellShown: true}, []string{"no other tab"}},
		{"next of two", ShellNext, Situation{Shells: 2, Tabs: 2, ShellShown: true}, nil},
		{"other half of one", ShellHalf, Situation{Shells: 1, ShellShown: true}, []string{"not split"}},
		{"split twice", ShellBeside, Situation{Shells: 2, ShellShown: true, Split: true}, []string{"split already"}},
		{"no sessions", SessionList, Situation{}, []string{"no session is open"}},
		{"sessions that were", SessionList, Situation{Closed: 1}, nil},
		{"nothing to open again", Reopen, Situation{Shells: 1}, []string{"no session was closed"}},
		{"console of a stopped one", OpenConsole, on(stop), []string{"old is stopped", "start it"}},
		{"type into stopped ones", Broadcast, on(stop, stop), []string{"none of the 2 marked", "old is stopped"}},
		{"type into one that runs", Broadcast, on(stop, run), nil},
		{"clear no marks", ClearMarks, on(run), []string{"nothing is marked"}},
		{"mark nothing", Mark, Situation{}, []string{"no container is selected"}},
	} {
		got := Why(find(t, c.id), c.s)
		if c.want == nil && got != "" {
			t.Errorf("%s: refused: %s", c.what, got)
		}
		if c.want != nil && got == "" {
			t.Errorf("%s: allowed", c.what)
		}
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in %q", c.what, w, got)
			}
		}
	}
}

// Whatever the state, an action is either refused with a sentence or has an operation.
func TestWhyAndCandidatesAgree(t *testing.T) {
	for _, a := range Actions() {
		for s := runtime.Unknown; s <= runtime.Thawed; s++ {
			sit := on(box("web", s))
			why, ops := Why(a, sit), Candidates(a, sit)
			if len(a.Ops) > 0 && (why == "") != (len(ops) > 0) {
				t.Errorf("%s of a %s container: %q, but %v", a.ID, s, why, ops)
			}
			if len(a.Ops) > 0 && why != "" && !strings.Contains(why, "web") {
				t.Errorf("%s of a %s container does not name it: %q", a.ID, s, why)
			}
		}
	}
}

func TestCandidatesOfMixedMarks(t *testing.T) {
	run, stop, froz := box("web", runtime.Running), box("old", runtime.Stopped), box("ice", runtime.Frozen)
	busy := on(run, stop)
	busy.Busy = map[runtime.Ref]string{stop.Ref: "starting"}
	for _, c := range []struct {
		id   ID
		s    Situation
		want []runtime.Op
	}{
		{StartStop, on(run, stop, froz), []runtime.Op{runtime.Start, runtime.Stop}},
		{StartStop, on(run, froz), []runtime.Op{runtime.Stop}},
		{StartStop, busy, []runtime.Op{runtime.Stop}},
		{FreezeThaw, on(stop, froz), []runtime.Op{runtime.Thaw}},
		{FreezeThaw, on(froz, run), []runtime.Op{runtime.Freeze, runtime.Thaw}},
		{KillKey, on(stop), nil},
		{Quit, on(run), nil},
	} {
		if got := Candidates(find(t, c.id), c.s); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.id, got, c.want)
		}
	}
	can, cannot := Split(runtime.Stop, on(run, stop, froz))
	if len(can) != 2 || len(cannot) != 1 || cannot[0].Container.Name != "old" || !strings.Contains(cannot[0].Why, "stopped already") {
		t.Errorf("can %v, cannot %v", can, cannot)
	}
}

func TestTargetsOfOne(t *testing.T) {
	web, old := box("web", runtime.Running), box("old", runtime.Stopped)
	s := Situation{Targets: []runtime.Container{old, old}, Marks: 2, Selected: &web}
	if why := Why(find(t, OpenShell), s); why != "" {
		t.Errorf("the shell looks at the marks: %s", why)
	}
	s.Selected = nil
	if why := Why(find(t, OpenShell), s); why == "" {
		t.Error("a shell in two containers at once")
	}
}

func TestFooterOffersOnlyWhatCanBeDone(t *testing.T) {
	m := newMap(t, "", nil, "")
	texts := func(hs []Hint) string {
		var out []string
		for _, h := range hs {
			out = append(out, h.Key+" "+h.Text)
		}
		return strings.Join(out, ", ")
	}
	for _, c := range []struct {
		scope Scope
		s     Situation
		want  string
	}{
		{List, on(box("web", runtime.Running)), "enter detail, s shell, S stop, F freeze, / filter, : command, ? help, q quit"},
		{List, on(box("old", runtime.Stopped)), "enter detail, S start, / filter, : command, ? help, q quit"},
		{List, on(box("ice", runtime.Frozen)), "enter detail, S stop, F thaw, / filter, : command, ? help, q quit"},
		{List, on(box("web", runtime.Running), box("old", runtime.Stopped)), "enter detail, S start/stop, F freeze, / filter, : command, ? help, q quit"},
		{List, Situation{ReadOnly: true, Targets: []runtime.Container{box("web", runtime.Running)}}, "enter detail, / filter, : command, ? help, q quit"},
		{Shell, Situation{Shells: 1, ShellShown: true}, "ctrl+] d leave, ctrl+] z zoom, ctrl+] k kill, ctrl+] [ scroll, ctrl+] s sessions, ctrl+] ? help"},
	} {
		got := texts(Footer(m, c.scope, c.s))
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.scope, got, c.want)
		}
	}
}

func TestHelpNamesEveryKeyOnce(t *testing.T) {
	m := newMap(t, "", nil, "")
	seen := map[ID]int{}
	for _, g := range HelpGroups(m, List, Situation{ReadOnly: true, Targets: []runtime.Container{box("web", runtime.Running)}}) {
		for _, l := range g.Lines {
			seen[l.ID]++
			a := find(t, l.ID)
			if a.Changes && !strings.Contains(l.Why, "read-only") {
				t.Errorf("%s is offered though read-only: %q", l.ID, l.Why)
			}
		}
	}
	for _, scope := range []Scope{Scrollback, Processes, Network, Graphs, Space, Config, LogText, Files, Events, JobList, Output, Sessions, Snapshots, LeftList, Answers, SettingList, KeyList, HostChecks, StartWhy} {
		for _, g := range HelpGroups(m, scope, Situation{}) {
			for _, l := range g.Lines {
				if a := find(t, l.ID); a.Scope == scope {
					seen[l.ID]++
				}
			}
		}
	}
	for _, a := range Actions() {
		if want := 1; a.Scope != Help && seen[a.ID] != want {
			t.Errorf("%s stands %d times in help", a.ID, seen[a.ID])
		}
	}
	for _, g := range HelpGroups(m, Shell, Situation{}) {
		for _, l := range g.Lines {
			if a := find(t, l.ID); a.Scope != Shell {
				t.Errorf("the help of a shell lists %s", l.ID)
			}
		}
	}
}

func TestPalette(t *testing.T) {
	m := newMap(t, "", nil, "")
	s := on(box("web", runtime.Running))
	first := func(query string) ID {
		items := PaletteItems(m, query, s)
		if len(items) == 0 {
			return ""
		}
		return items[0].Action.ID
	}
	for query, want := range map[string]ID{"kill": KillKey, "KILL": KillKey, "left": Leftovers, "leftovers": Leftovers, "doctor": HostCheck, "check": HostCheck, "freeze": OpFreeze, "shut": OpShutdown, "opsh": OpenShell, "shell-kill": ShellKill, "settings": SettingsKey, "config.toml": SettingsKey, "config": ConfigKey, "keys": KeysKey, "mouse": MouseKey, "qqq": ""} {
		if got := first(query); got != want {
			t.Errorf("%q leads to %q, want %q", query, got, want)
		}
	}
	if !slices.ContainsFunc(PaletteItems(m, "config", s), func(it PaletteItem) bool { return it.Action.ID == SettingsKey }) {
		t.Error("config does not find the settings")
	}
	refused := false
	for _, it := range PaletteItems(m, "", s) {
		if it.Action.NoTyped {
			t.Errorf("%s is in the palette", it.Action.ID)
		}
		if refused && it.Why == "" {
			t.Errorf("%s stands behind what is refused", it.Action.ID)
		}
		refused = refused || it.Why != ""
	}
	if !refused {
		t.Error("nothing is refused, not even starting a running container")
	}
	for _, it := range PaletteItems(m, "st", s) {
		hit := ""
		for _, i := range it.Matches {
			hit += strings.ToLower(it.Action.Title[i : i+1])
		}
		if it.Matches != nil && hit != "st" {
			t.Errorf("%q: the hits spell %q", it.Action.Title, hit)
		}
	}
}
