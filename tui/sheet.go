package tui

import (
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/views"
)

// sheet is a table of words with a search, as settings and keys are shown.
type sheet struct {
	at, top int
	filter  string
	line    *textLine // the filter while it is typed; nil = it is not
	before  string    // what it was before that
}

// sheetView is a view that is a sheet.
type sheetView interface {
	overlay
	tableScope() keymap.Scope
}

// begin lets the filter be typed.
func (x *sheet) begin() {
	x.line, x.before = &textLine{}, x.filter
	x.line.set(x.filter)
}

// typing is a key in the filter.
func (x *sheet) typing(k tea.KeyPressMsg) {
	switch k.String() {
	case "esc", "ctrl+c":
		x.filter, x.line = x.before, nil
		return
	case "enter":
		x.line = nil
		return
	case "backspace":
		if len(x.line.text) == 0 {
			x.line, x.filter = nil, ""
			return
		}
	}
	x.line.key(k)
	x.filter, x.at = x.line.String(), 0
}

// pressed is a key in the sheet of a view: one of the view's own, a step, or what leads
// out.
func (x *sheet) pressed(m *Model, of sheetView, k tea.KeyPressMsg, s *views.SheetState, move func(to int)) tea.Cmd {
	m.notices.read(k.String())
	if x.line != nil {
		x.typing(k)
		return nil
	}
	scope := of.tableScope()
	a, ok := m.keys.Lookup(scope, k.String())
	if !ok {
		return nil
	}
	if a.Scope == scope {
		return m.do(a)
	}
	if to, ok := stepped(a.ID, x.at, x.page(m, s), len(s.Rows)); ok {
		move(to)
		return nil
	}
	leave := func(m *Model) tea.Cmd { m.overlay = nil; return nil }
	switch a.ID {
	case keymap.Back:
		if x.filter != "" {
			x.filter = ""
			return nil
		}
		return leave(m)
	case keymap.Quit, keymap.Interrupt:
		return leave(m)
	case keymap.Refresh:
		m.lookAtSettings()
		return nil
	case keymap.FreezeView:
		return m.do(a)
	}
	return m.aside(of, scope, a, leave)
}

// paste goes into the filter.
func (x *sheet) paste(_ *Model, text string) bool {
	if x.line == nil {
		return false
	}
	x.line.insert(text)
	x.filter, x.at = x.line.String(), 0
	return true
}

// wanted says whether all words of the filter stand in one of the texts.
func (x *sheet) wanted(texts ...string) bool {
	whole := strings.ToLower(strings.Join(texts, "\n"))
	for _, word := range strings.Fields(strings.ToLower(x.filter)) {
		if !strings.Contains(whole, word) {
			return false
		}
	}
	return true
}

// put completes a sheet by where one is in it.
func (x *sheet) put(m *Model, s *views.SheetState) *views.SheetState {
	s.Filter, s.Say = x.filter, m.noticeState()
	if x.line != nil {
		s.Typing, s.Behind = true, x.line.behind()
	} else if x.filter != "" {
		s.Title += " /" + x.filter
	}
	if m.prefs.err != nil {
		for _, err := range eachError(m.prefs.err) {
			s.Faults = append(s.Faults, err.Error())
		}
	}
	x.at = max(0, min(x.at, len(s.Rows)-1))
	x.top = views.Scroll(x.at, x.top, len(s.Rows), views.SheetRows(s, m.layout.H))
	s.Cursor, s.Offset = x.at, x.top
	return s
}

// page is half of what is in sight.
func (x *sheet) page(m *Model, s *views.SheetState) int {
	return max(1, views.SheetRows(s, m.layout.H)/2)
}

// sheetHints are the keys of a sheet; the one for the end leads back here.
func (m *Model) sheetHints(scope keymap.Scope) []keymap.Hint {
	hints := keymap.Footer(m.keys, scope, m.situation())
	for i := range hints {
		if hints[i].ID == keymap.Quit {
			hints[i].Text = "back"
		}
	}
	return hints
}

// editSettings gives a person's own file to an editor.
func (m *Model) editSettings() tea.Cmd {
	files := m.prefs.files
	if files == nil || m.editor == nil {
		m.say(noteWarn, "there is no terminal for an editor, or no place for the file", "")
		return nil
	}
	run, ctx := m.editor, m.out.ctx
	m.leaving = true // what is typed is the editor's
	return cmd("editor", func() tea.Msg {
		m.pace.hush(settleTime)
		path, err := files.Begin()
		if err == nil {
			err = run(ctx, path)
		}
		return settingsEditedMsg{path, err}
	})
}

// settingsEditedMsg is the end of an editor.
type settingsEditedMsg struct {
	path string
	err  error
}

// arrive takes the screen back, and has the file looked at.
func (msg settingsEditedMsg) arrive(m *Model) tea.Cmd {
	m.leaving = false
	m.pace.speak()
	if m.sizer != nil {
		m.sizer.ask()
	}
	if msg.err != nil {
		m.say(noteError, "not edited: "+msg.err.Error(), "VISUAL or EDITOR names the editor")
	}
	m.lookAtSettings()
	return tea.Batch(tea.ClearScreen, m.restarted())
}

// settingView shows every setting: its value and where it comes from.
type settingView struct{ sheet }

func (m *Model) settingHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(do func(x *settingView) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if x := opened[*settingView](m); x != nil {
				return do(x)
			}
			return nil
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.SettingsKey:   func() tea.Cmd { m.overlay = &settingView{}; return nil },
		keymap.MouseKey:      m.toggleMouse,
		keymap.SettingEdit:   m.editSettings,
		keymap.SettingFilter: on(func(x *settingView) tea.Cmd { x.begin(); return nil }),
		keymap.SettingCopy:   on(func(x *settingView) tea.Cmd { return x.copy(m) }),
	}
}

func (x *settingView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	s := x.state(m)
	return x.pressed(m, x, k, s, func(to int) { x.at = max(0, min(to, len(s.Rows)-1)) })
}

func (x *settingView) copy(m *Model) tea.Cmd {
	s := x.state(m)
	if x.at >= len(s.Rows) {
		return nil
	}
	text := views.Clean(s.Rows[x.at].Cells[0] + " = " + s.Rows[x.at].Cells[1])
	m.say(noteInfo, "copied: "+text, "")
	return tea.SetClipboard(text)
}

func (x *settingView) paint(m *Model) views.Block {
	return m.theme.Sheet(x.state(m), m.layout.W, m.layout.H)
}

func (x *settingView) state(m *Model) *views.SheetState {
	s := &views.SheetState{
		Title: "Settings", Right: m.prefs.now.Own, Heads: [3]string{"setting", "value", "from"},
		Empty: "No setting has that in it.",
		Hints: m.sheetHints(keymap.SettingList),
	}
	if m.prefs.files == nil {
		s.Empty = "There are no settings: the screen was started without files."
	}
	for _, l := range m.settingLines() {
		if !x.wanted(l.Name, l.Value, l.From, l.Means) {
			continue
		}
		from := l.From
		if rest, own := strings.CutPrefix(from, m.prefs.now.Own+":"); own && m.prefs.now.Own != "" {
			from = filepath.Base(m.prefs.now.Own) + ":" + rest // the title names its directory
		}
		r := views.SheetRow{Cells: [3]string{l.Name, l.Value, from}}
		if l.From == "default" {
			r.Roles = [3]views.Role{views.Plain, views.Dim, views.Dim}
		} else {
			r.Roles[1] = views.Strong
		}
		r.Full = l.Name + ": " + l.Means + "; default: " + l.Default + "; from: " + l.From
		if l.Waits {
			r.Full += "; a change takes effect at the next start"
		}
		s.Rows = append(s.Rows, r)
	}
	return x.put(m, s)
}
