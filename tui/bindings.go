package tui

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// bindingView shows all actions with their keys, and binds others.
type bindingView struct {
	sheet
	ids []keymap.ID // of the rows; "" = a heading
}

func (m *Model) bindingHandlers() map[keymap.ID]func() tea.Cmd {
	on := func(do func(x *bindingView, id keymap.ID) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			x := opened[*bindingView](m)
			if x == nil {
				return nil
			}
			x.state(m)
			if x.at >= len(x.ids) || x.ids[x.at] == "" {
				return nil
			}
			if m.prefs.files == nil {
				m.say(noteWarn, "there is no file that keys could be written into", "")
				return nil
			}
			return do(x, x.ids[x.at])
		}
	}
	return map[keymap.ID]func() tea.Cmd{
		keymap.KeysKey:      func() tea.Cmd { m.overlay = &bindingView{}; return nil },
		keymap.BindingEdit:  m.editSettings,
		keymap.BindingSet:   on(func(x *bindingView, id keymap.ID) tea.Cmd { return m.catchKey(x, id, false) }),
		keymap.BindingAdd:   on(func(x *bindingView, id keymap.ID) tea.Cmd { return m.catchKey(x, id, true) }),
		keymap.BindingUsual: on(func(_ *bindingView, id keymap.ID) tea.Cmd { return m.usualKeys(id) }),
		keymap.BindingNone:  on(func(_ *bindingView, id keymap.ID) tea.Cmd { return m.bind(id, []string{}) }),
		keymap.BindingFilter: func() tea.Cmd {
			if x := opened[*bindingView](m); x != nil {
				x.begin()
			}
			return nil
		},
	}
}

func (x *bindingView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	return x.pressed(m, x, k, x.state(m), x.move)
}

// move goes to a row that is no heading.
func (x *bindingView) move(to int) {
	way := 1
	if to < x.at {
		way = -1
	}
	to = max(0, min(to, len(x.ids)-1))
	for i := to; i >= 0 && i < len(x.ids); i += way {
		if x.ids[i] != "" {
			x.at = i
			return
		}
	}
	x.top = 0 // the heading above the first is in sight
}

func (x *bindingView) paint(m *Model) views.Block {
	return m.theme.Sheet(x.state(m), m.layout.W, m.layout.H)
}

func (x *bindingView) state(m *Model) *views.SheetState {
	p := &m.prefs.now
	preset := p.Preset
	if preset == "" {
		preset = keymap.Presets()[0]
	}
	s := &views.SheetState{
		Title: "Keys", Right: "preset " + preset + "  prefix " + m.prefixName(), Heads: [3]string{"action", "keys", "does"},
		Empty: "No action has that in its name, its keys or its words.",
		Hints: m.sheetHints(keymap.KeyList),
	}
	x.ids = x.ids[:0]
	for _, g := range keymap.Bindings(m.keys, p.Preset) {
		head := len(s.Rows)
		for _, b := range g.Lines {
			if !x.wanted(string(b.ID), b.Keys, b.Title, g.Scope.Title()) {
				continue
			}
			if len(s.Rows) == head {
				s.Rows, x.ids = append(s.Rows, views.SheetRow{Head: g.Scope.Title(), Full: g.Scope.Title()}), append(x.ids, "")
			}
			s.Rows, x.ids = append(s.Rows, x.row(p, b)), append(x.ids, b.ID)
		}
	}
	if x.at < len(x.ids) && x.ids[x.at] == "" {
		x.at++
	}
	return x.put(m, s)
}

// row is an action; a star says that its keys are not the preset's.
func (x *bindingView) row(p *Prefs, b keymap.BindingLine) views.SheetRow {
	keys, full := b.Keys, string(b.ID)+": "+b.Title
	if keys == "" {
		keys = views.Absent
	}
	r := views.SheetRow{Roles: [3]views.Role{views.Plain, views.Key, views.Dim}}
	at, bound := p.BoundAt[b.ID]
	switch {
	case bound:
		keys, r.Roles[1] = "* "+keys, views.Strong
		full += "; from " + at[1] + "; the preset has " + orNone(b.Usual)
	case b.Keys != b.Usual: // by the prefix
		full += "; by the prefix"
	default:
		full += "; as the preset has it"
	}
	r.Cells = [3]string{string(b.ID), keys, b.Title}
	r.Full = full
	return r
}

func orNone(keys string) string {
	if keys == "" {
		return "none"
	}
	return keys
}

// keyCatch waits for the key that an action is to have.
type keyCatch struct {
	id  keymap.ID
	add bool
}

func (m *Model) catchKey(x *bindingView, id keymap.ID, add bool) tea.Cmd {
	m.overlay = &upon{&keyCatch{id, add}, x}
	return nil
}

// key is the key itself, whatever it means elsewhere.
func (c *keyCatch) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	m.overlay = nil // what lies below comes up
	name := k.String()
	if name == "esc" {
		return nil
	}
	key, err := keymap.ParseKey(name)
	if err != nil {
		m.say(noteWarn, "that key has no name: "+err.Error(), "")
		return nil
	}
	keys := []string{key}
	if c.add {
		if keys = m.keys.Keys(c.id); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return m.bindLater(c.id, keys)
}

func (*keyCatch) paste(*Model, string) bool { return false }

func (c *keyCatch) paint(m *Model) views.Block {
	a, _ := keymap.Find(c.id)
	s := &views.PromptState{Kind: views.Told, Title: "Press the key for: " + a.Title}
	if has := m.keys.KeyOf(c.id); has != "" {
		s.More = "It has " + has + " now. "
	}
	if a.Scope == keymap.Shell {
		s.More += "It counts after the prefix, " + m.prefixName() + ". "
	}
	s.More += "esc leaves it as it is."
	return m.theme.Prompt(s, m.layout.W, m.layout.H)
}

// bindMsg binds once the box that caught the key is gone.
type bindMsg struct {
	id   keymap.ID
	keys []string
}

func (m *Model) bindLater(id keymap.ID, keys []string) tea.Cmd {
	return cmd("keys", func() tea.Msg { return bindMsg{id, keys} })
}

func (msg bindMsg) arrive(m *Model) tea.Cmd { return m.bind(msg.id, msg.keys) }

// usualKeys gives an action the preset's keys again.
func (m *Model) usualKeys(id keymap.ID) tea.Cmd {
	at, bound := m.prefs.now.BoundAt[id]
	switch {
	case !bound:
		m.say(noteInfo, "it has the preset's keys", "")
		return nil
	case at[0] != m.prefs.now.Own:
		m.say(noteWarn, "its keys stand in "+at[1]+", which is not yours: bind others above them", "")
		return nil
	}
	return m.bind(id, nil)
}

// bind gives an action keys, nil: the preset's. Where others have them it asks first.
func (m *Model) bind(id keymap.ID, keys []string) tea.Cmd {
	m.notices.dismiss() // what was said of the last key
	p := &m.prefs.now
	user := maps.Clone(p.Bound)
	if user == nil {
		user = map[string][]string{}
	}
	all := []Rebinding{{ID: id, Keys: keys, Drop: keys == nil}}
	user[string(id)] = keys
	if keys == nil {
		delete(user, string(id))
	}
	var lost []string
	for range 100 {
		_, err := keymap.New(p.Preset, user, p.Prefix)
		if err == nil {
			break
		}
		var c *keymap.ClashError
		if !errors.As(err, &c) || !c.Has(id) {
			m.say(noteError, err.Error(), "")
			return nil
		}
		other := c.First
		if other.ID == id {
			other = c.Second
		}
		now, has := user[string(other.ID)]
		if !has {
			now = keymap.PresetKeys(p.Preset, other.ID)
		}
		rest := slices.DeleteFunc(slices.Clone(now), func(k string) bool {
			norm, err := keymap.ParseKey(k)
			return k == c.Key || err == nil && norm == c.Key
		})
		if len(rest) == len(now) { // the prefix, which stands there by its name
			m.say(noteWarn, keymap.KeyName(c.Key)+" is the prefix: "+other.Title, "")
			return nil
		}
		user[string(other.ID)] = rest
		all = slices.DeleteFunc(all, func(r Rebinding) bool { return r.ID == other.ID })
		all = append(all, Rebinding{ID: other.ID, Keys: rest})
		keeps := "has none then"
		if len(rest) > 0 {
			keeps = "keeps " + strings.Join(rest, " ")
		}
		lost = append(lost, fmt.Sprintf("%s is %q (%s, in: %s), which %s.", keymap.KeyName(c.Key), other.Title, other.ID, other.Scope, keeps))
	}
	if len(lost) == 0 {
		return m.writeKeys(all)
	}
	a, _ := keymap.Find(id)
	return m.askUpon(&question{
		state: views.PromptState{Title: "Take it for: " + a.Title + "?", More: strings.Join(lost, " ")},
		yes:   func() tea.Cmd { return m.writeKeys(all) },
	})
}

// boundMsg is the end of writing keys.
type boundMsg struct {
	all   []Rebinding
	prefs Prefs
	err   error // why nothing was written
	after error // what is wrong with what was
}

// writeKeys writes them into a person's own file, and reads the settings again.
func (m *Model) writeKeys(all []Rebinding) tea.Cmd {
	if m.readOnly {
		m.say(noteWarn, "nothing was bound: "+runtime.ErrReadOnly.Error(), "")
		return nil
	}
	files := m.prefs.files
	return cmd("keys", func() tea.Msg {
		msg := boundMsg{all: all}
		if msg.err = files.Bind(all); msg.err == nil {
			msg.prefs, msg.after = files.Load()
		}
		return msg
	})
}

func (msg boundMsg) arrive(m *Model) tea.Cmd {
	if msg.err != nil {
		m.say(noteError, "nothing was bound: "+m.shortFault(msg.err), "")
		return nil
	}
	act := prefsMsg{msg.prefs, msg.after}.arrive(m)
	m.lookAtSettings()
	if msg.after == nil {
		words := make([]string, 0, len(msg.all))
		for _, r := range msg.all {
			words = append(words, string(r.ID)+": "+orNone(strings.Join(m.keys.Keys(r.ID), " ")))
		}
		m.say(noteDone, strings.Join(words, "; "), "in "+m.prefs.now.Own)
	}
	return act
}
