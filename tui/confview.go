package tui

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
	"lxcdeck/views"
)

// confView shows a config with all that it includes, and takes changes of it. They
// make a draft, which is checked, compared and confirmed before it is saved.
type confView struct {
	reader
	of       runtime.ConfigOf
	name     string // as people read it
	got      runtime.ConfigText
	read     bool // something was
	err      error
	seen     string // version of the config and life of the container that were read
	base     []byte // what the draft was made of
	version  string // of base
	draft    []byte
	drafted  bool // there is a draft that is not saved
	restores bool // the draft is an earlier version as it was
	fault    *runtime.ConfigFault
	tree     *conf.Tree // of the draft, or of what was read
	rows     []confRow
	lines    []views.ConfigRow // of rows, as they are painted
	unfolded map[string]bool   // files whose lines are shown
	secrets  bool              // are shown
	judging  bool              // liblxc is asked about the draft
	job      *job              // that saves the draft
	kept     string            // file that an editor has worked on; "" = none
	earlier  bool              // the list of versions is wanted once the config is there
	at, top  int
}

// confRow is a row of the view.
type confRow struct {
	views.ConfigRow
	node, line int // of the tree; line 0 = none
	item       int // of the tree; -1 = none
	key        string
	fold       string // path of a file whose lines it folds; "" = none
	said       bool   // something is said of it that is to be seen
	hides      bool   // of lines that it folds
}

// confGot is a reading.
type confGot struct {
	text    runtime.ConfigText
	tree    *conf.Tree // of the text as it stands
	checked bool       // draft was judged
	draft   []byte
	fault   *runtime.ConfigFault
	failed  error  // why draft was not judged
	left    string // what is said of edits that never ended; "" = there are none
}

func (m *Model) configHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(do func(x *confView) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if x := m.configOpen(); x != nil {
				return do(x)
			}
			return nil
		}
	}
	changing := func(do func(x *confView) tea.Cmd) func() tea.Cmd {
		return on(func(x *confView) tea.Cmd {
			if why := x.whyNot(m); why != "" {
				m.say(noteWarn, why, "")
				if x.read && x.got.NoSave != "" && x.job == nil && !x.judging { // it may be over by now
					return x.fetch(m, nil)
				}
				return nil
			}
			return do(x)
		})
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.ConfigKey:     func() tea.Cmd { return m.openConfig(false) },
		keymap.ConfigHistory: func() tea.Cmd { return m.openConfig(true) },
		keymap.ConfigDefault: m.openDefault,

		keymap.ConfEdit:    changing(func(x *confView) tea.Cmd { return x.edit(m, nil, nil) }),
		keymap.ConfSet:     on(func(x *confView) tea.Cmd { return x.enter(m) }),
		keymap.ConfAdd:     changing(func(x *confView) tea.Cmd { return x.add(m, "", "") }),
		keymap.ConfDrop:    changing(func(x *confView) tea.Cmd { return x.drop(m) }),
		keymap.ConfSave:    on(func(x *confView) tea.Cmd { return x.look(m) }),
		keymap.ConfUndo:    on(func(x *confView) tea.Cmd { return x.undo(m) }),
		keymap.ConfFold:    on(func(x *confView) tea.Cmd { x.fold(m); return nil }),
		keymap.ConfSecrets: on(func(x *confView) tea.Cmd { x.secrets = !x.secrets; x.build(m); return nil }),
		keymap.ConfEarlier: on(func(x *confView) tea.Cmd { return x.versions(m) }),
		keymap.ConfNext:    on(func(x *confView) tea.Cmd { x.next(m); return nil }),
		keymap.ConfCopy:    on(func(x *confView) tea.Cmd { return x.copy(m) }),
	}
}

// configOpen is the view, be it below something else; nil = it is not open.
func (m *Model) configOpen() *confView { return opened[*confView](m) }

// openConfig shows that of the selected container, earlier: or its earlier versions.
func (m *Model) openConfig(earlier bool) tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	return m.showConfig(&confView{of: runtime.ConfigOf{Ref: c.Ref}, name: m.called(c.Ref), earlier: earlier})
}

// openDefault shows a default config; of several it asks for one.
func (m *Model) openDefault() tea.Cmd {
	all := m.rt.DefaultConfigs()
	show := func(path string) tea.Cmd {
		return m.showConfig(&confView{of: runtime.ConfigOf{Default: path}, name: path})
	}
	if len(all) == 1 {
		if m.about.UID != 0 {
			m.say(noteInfo, "this user has no home directory, and so no default config but the host's", "")
		}
		return show(all[0])
	}
	n := &menu{title: "Which default config?"}
	for _, path := range all {
		n.items = append(n.items, choice{label: path, pick: func() tea.Cmd { return show(path) }})
	}
	m.overlay = n
	return nil
}

func (m *Model) showConfig(x *confView) tea.Cmd {
	x.unfolded = map[string]bool{}
	m.overlay = x
	return x.fetch(m, nil)
}

// fetch reads it off the loop; with a draft liblxc judges that too. A reading that
// is out is given up.
func (x *confView) fetch(m *Model, draft []byte) tea.Cmd {
	if x.stop != nil {
		x.stop()
	}
	x.judging = draft != nil
	rt, of, dir, first := m.rt, x.of, m.saveDir, !x.read
	pattern := x.editPattern()
	return fetch(m, x, "config", readDeadline, func(ctx context.Context) (confGot, error) {
		text, err := rt.ConfigText(ctx, of)
		if err != nil {
			return confGot{}, err
		}
		got := confGot{text: text}
		got.tree = conf.Resolve(of.Path(), conf.FromText(&text), conf.Options{Supports: conf.SupportedBy(text.Lacking, text.Extra)})
		if first {
			got.left = leftEdits(dir, pattern, x.textOf(&text))
		}
		if draft != nil {
			got.checked, got.draft = true, draft
			got.fault, got.failed = rt.CheckConfig(ctx, of, draft)
		}
		return got, nil
	})
}

// due sees whether the config is another by now, or the container in another life.
func (x *confView) due(m *Model) tea.Cmd {
	if x.job != nil && !x.job.ended.IsZero() || !m.held && x.job == nil && x.seen != x.life(m) {
		return x.fetch(m, nil)
	}
	return next(m, x, m.interval)
}

// life tells versions of the config and lives of the container apart, as the list does.
func (x *confView) life(m *Model) string {
	c := m.byRef(x.of.Ref)
	if c == nil {
		return ""
	}
	return lifeOf(c)
}

// took takes a reading over.
func (x *confView) took(m *Model, got confGot, err error) tea.Cmd {
	x.judging = false
	if x.err = err; err != nil {
		if errors.Is(err, runtime.ErrNotFound) && !x.drafted {
			x.read, x.rows, x.lines = false, nil, nil
		}
		x.job = nil
		return next(m, x, x.pause(m))
	}
	first := !x.read
	x.got, x.read, x.seen = got.text, true, x.life(m)
	now := x.textOf(&got.text)
	armed := next(m, x, x.pause(m))
	if x.job != nil && !x.job.ended.IsZero() {
		armed = tea.Batch(armed, x.saved(m, now))
	}
	if !x.drafted {
		x.base, x.version, x.tree, x.fault = now, got.text.Version, got.tree, nil
	} else {
		x.resolve()
	}
	x.build(m)
	if got.left != "" && first {
		m.say(noteWarn, got.left, "")
	}
	if x.earlier {
		x.earlier = false
		return tea.Batch(armed, x.versions(m))
	}
	if got.checked && x.drafted && bytes.Equal(got.draft, x.draft) {
		return tea.Batch(armed, x.judged(m, &got))
	}
	return armed
}

// textOf is the config itself.
func (x *confView) textOf(t *runtime.ConfigText) []byte {
	if f, ok := t.File(x.of.Path()); ok {
		return f.Text
	}
	return nil
}

// whyNot says why nothing can be changed; "" = it can.
func (x *confView) whyNot(m *Model) string {
	switch {
	case m.readOnly:
		return keymap.WhyReadOnly
	case !x.read:
		return "it was not read yet"
	case x.got.NoSave != "":
		return x.name + ": it cannot be saved: " + x.got.NoSave
	case x.job != nil:
		return "it is being saved"
	}
	return ""
}

func (x *confView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.notices.read(k.String())
	a, ok := m.keys.Lookup(keymap.Config, k.String())
	if !ok {
		return nil
	}
	if x.judging && a.ID == keymap.ConfCopy { // a yes that came before its question
		m.say(noteInfo, "liblxc is asked about the changes first", "")
		return nil
	}
	if a.Scope == keymap.Config {
		return m.do(a)
	}
	if to, ok := stepped(a.ID, x.at, max(1, views.ConfigPage(x.state(m), m.layout.W, m.layout.H)/2), len(x.rows)); ok {
		x.move(m, to)
		return nil
	}
	switch a.ID {
	case keymap.Back, keymap.Quit, keymap.Interrupt:
		return x.close(m)
	case keymap.Refresh:
		return x.fetch(m, nil)
	case keymap.FreezeView:
		return m.do(a)
	case keymap.Palette:
		if x.drafted {
			return x.close(m)
		}
	}
	return m.aside(x, keymap.Config, a, x.close)
}

// close leaves the view; changes that are not saved are not dropped unasked.
func (x *confView) close(m *Model) tea.Cmd {
	if !x.drafted || x.job != nil {
		return x.leave(m)
	}
	return m.askUpon(&question{
		state: views.PromptState{Title: "Drop the changes of " + x.name + "?", More: "They are not saved."},
		yes:   func() tea.Cmd { return tea.Batch(x.forget(m), x.gone()) },
	})
}

// gone takes the view away from below a question.
func (x *confView) gone() tea.Cmd {
	return cmd("config", func() tea.Msg { return confGoneMsg{x} })
}

// confGoneMsg closes a view.
type confGoneMsg struct{ x *confView }

func (msg confGoneMsg) arrive(m *Model) tea.Cmd {
	if opened[*confView](m) != msg.x {
		return nil
	}
	return msg.x.leave(m)
}

// paste is not for reading.
func (*confView) paste(*Model, string) bool { return false }

func (x *confView) move(m *Model, to int) {
	x.at = max(0, min(to, len(x.rows)-1))
	x.top = views.Scroll(x.at, x.top, len(x.rows), views.ConfigPage(x.state(m), m.layout.W, m.layout.H))
}

// next goes to the next row of which something is said.
func (x *confView) next(m *Model) {
	for i := range x.rows {
		to := (x.at + 1 + i) % len(x.rows)
		if !x.rows[to].said {
			continue
		}
		for x.rows[to].hides { // it is a line in this file
			x.unfolded[x.rows[to].fold], x.at = true, to
			x.build(m)
			for to++; to < len(x.rows)-1 && !x.rows[to].said; {
				to++
			}
		}
		x.move(m, to)
		return
	}
	m.say(noteInfo, "nothing is said against any line", "")
}

// fold shows or hides the lines of a file that is included.
func (x *confView) fold(m *Model) {
	if x.at >= len(x.rows) {
		return
	}
	path := x.rows[x.at].fold
	if path == "" && x.rows[x.at].node > 0 { // a line of it folds it as well
		path = x.tree.Nodes[x.rows[x.at].node].Path
	}
	if path == "" {
		m.say(noteInfo, "nothing is included in this line", "lines with + have more in them")
		return
	}
	x.unfolded[path] = !x.unfolded[path]
	x.build(m)
	if i := slices.IndexFunc(x.rows, func(r confRow) bool { return r.fold == path }); i >= 0 {
		x.move(m, i)
	}
}

// copy copies the line under the cursor, as it is shown.
func (x *confView) copy(m *Model) tea.Cmd {
	if x.at >= len(x.rows) || x.rows[x.at].Role == views.Header {
		return nil
	}
	text := views.Clean(strings.TrimSpace(x.rows[x.at].Text))
	m.say(noteInfo, "copied: "+text, "")
	return tea.SetClipboard(text)
}

func (x *confView) paint(m *Model) views.Block {
	return m.theme.Config(x.state(m), m.layout.W, m.layout.H)
}

func (x *confView) state(m *Model) *views.ConfigState {
	s := &views.ConfigState{Title: "Config of " + x.name, Right: x.right(), Rows: x.lines, Cursor: x.at, Offset: x.top, Note: x.note(m), Empty: "reading ...", Say: m.noticeState()}
	if x.of.Default != "" {
		s.Title = "Default config " + x.name
	}
	switch {
	case x.err != nil:
		s.Empty = x.err.Error()
	case x.read && x.got.Version == "":
		s.Empty = "it is not there: new containers begin with nothing"
	case x.read:
		s.Empty = "it is empty"
	}
	if x.at < len(x.rows) {
		r := &x.rows[x.at]
		s.About = x.about(r)
		const margin = 10 // what stands before a text, at most
		if text := strings.TrimSpace(r.Text); views.Width(text)+views.Width(r.Note)+r.Indent+margin > m.layout.W {
			s.About = append([]string{text}, s.About...)
		}
	}
	hint := func(id keymap.ID, text string) {
		if key := m.keys.KeyOf(id); key != "" {
			s.Hints = append(s.Hints, keymap.Hint{ID: id, Key: key, Text: text})
		}
	}
	if x.drafted {
		hint(keymap.ConfSave, "save")
		hint(keymap.ConfUndo, "drop changes")
	}
	if x.whyNot(m) == "" {
		hint(keymap.ConfEdit, "edit")
		hint(keymap.ConfSet, "change")
		hint(keymap.ConfAdd, "add")
	}
	hint(keymap.ConfFold, "unfold")
	hint(keymap.ConfSecrets, "secrets")
	hint(keymap.ConfEarlier, "earlier")
	hint(keymap.HelpKey, "help")
	hint(keymap.Quit, "back")
	return s
}
