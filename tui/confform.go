package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime/conf"
	"lxcdeck/views"
)

// The fields of the form for one key.
const (
	keyName = iota
	keyValue
)

// keyForm is a form whose text fields complete what was typed, as a shell does.
type keyForm struct {
	*form
	complete func(field int, typed string) []string
}

func (f *keyForm) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	at := f.here()
	if k.String() != "tab" || at == nil || at.kind != views.TextField || at.fixed {
		return f.form.key(m, k)
	}
	typed := at.line.String()
	all := f.complete(f.at, typed)
	if begin := commonBegin(all); len(begin) > len(typed) {
		at.line.set(begin)
		f.changed()
		return f.look(m)
	}
	return f.form.key(m, k)
}

// commonBegin is what all words begin with.
func commonBegin(words []string) string {
	if len(words) == 0 {
		return ""
	}
	begin := words[0]
	for _, w := range words[1:] {
		for !strings.HasPrefix(w, begin) {
			begin = begin[:len(begin)-1]
		}
	}
	return begin
}

// text is what changes are made of: the draft, else what was read.
func (x *confView) text() []byte {
	if x.drafted {
		return x.draft
	}
	return x.base
}

// enter changes the key under the cursor, or unfolds what is included there.
func (x *confView) enter(m *Model) tea.Cmd {
	if x.at < len(x.rows) && x.rows[x.at].fold != "" {
		x.fold(m)
		return nil
	}
	if why := x.whyNot(m); why != "" {
		m.say(noteWarn, why, "")
		return nil
	}
	if x.at >= len(x.rows) {
		return x.add(m, "", "")
	}
	r := &x.rows[x.at]
	switch {
	case r.item < 0:
		m.say(noteInfo, "there is no key in this line of "+x.name, x.editKey(m))
		return nil
	case r.node > 0: // what is included belongs to others: a line of this config overrides it
		it := &x.tree.Items[r.item]
		return x.add(m, it.Key, it.Value)
	}
	it := &x.tree.Items[r.item]
	if !x.secrets && len(conf.SecretsOf(it.Key, it.Value)) > 0 {
		m.say(noteInfo, "the value of "+it.Key+" is hidden: show secrets first", m.keyDoes(keymap.ConfSecrets, "shows them"))
		return nil
	}
	k, _ := conf.Lookup(it.Key)
	if own := x.tree.Own(it.Key); k.Kind != conf.List && own.Line == r.line && own.Beaten { // where it stands it would change nothing
		return x.ask(m, x.setTitle, it.Key, it.Value, true, x.set)
	}
	title := func(string) string { return fmt.Sprintf("Change line %d of %s", r.line, x.name) }
	return x.ask(m, title, it.Key, it.Value, true, func(f *conf.File, _, value string) (int, error) {
		return r.line, f.Replace(r.line, value)
	})
}

// set puts a key into the file where no include that stands there takes it back.
func (x *confView) set(f *conf.File, key, value string) (int, error) {
	return x.tree.Put(f, key, value)
}

// setTitle says what set does.
func (x *confView) setTitle(key string) string {
	k, _ := conf.Lookup(key)
	switch own := x.tree.Own(key); {
	case own.Line == 0 || k.Kind == conf.List:
		return "Add a line to " + x.name
	case own.Beaten:
		return fmt.Sprintf("Change line %d of %s, and move it to the end, behind an include", own.Line, x.name)
	default:
		return fmt.Sprintf("Change line %d of %s", own.Line, x.name)
	}
}

// add asks for a key that gets a line.
func (x *confView) add(m *Model, key, value string) tea.Cmd {
	return x.ask(m, x.setTitle, key, value, false, x.set)
}

// drop takes the line under the cursor out.
func (x *confView) drop(m *Model) tea.Cmd {
	if x.at >= len(x.rows) || x.rows[x.at].node > 0 || x.rows[x.at].line == 0 {
		m.say(noteInfo, "not taken out: this is no line of "+x.of.Path(), "what is included is another file: a line of this one overrides it")
		return nil
	}
	f := conf.Parse(x.of.Path(), x.text())
	if err := f.Delete(x.rows[x.at].line); err != nil {
		m.say(noteError, "not taken out of "+x.of.Path()+": "+err.Error(), x.editKey(m))
		return nil
	}
	return x.draftOf(m, f, 0)
}

// draftOf makes an edited file the draft, which is looked over when that is asked for,
// and goes to a line of it; 0 = it stays where it is.
func (x *confView) draftOf(m *Model, f *conf.File, line int) tea.Cmd {
	x.draft, x.drafted, x.fault = f.Bytes(), true, nil
	if x.sameText() {
		m.say(noteInfo, x.name+": nothing was changed", "")
		return x.forget(m)
	}
	x.resolve()
	x.build(m)
	if at := x.rowOf(0, line); at >= 0 && line > 0 {
		x.move(m, at)
		if i := x.rows[at].item; i >= 0 {
			it := &x.tree.Items[i]
			if it.State == conf.Overridden || it.State == conf.Cleared {
				m.say(noteWarn, it.Key+" is changed, and not saved yet, but it does not count: "+x.tree.Words(it), "")
				return nil
			}
		}
	}
	m.say(noteInfo, x.name+" is changed, and not saved yet", m.keyDoes(keymap.ConfSave, "looks over and saves"))
	return nil
}

// rowOf is the row of a line; -1 = it is not shown.
func (x *confView) rowOf(node, line int) int {
	return slices.IndexFunc(x.rows, func(r confRow) bool { return r.node == node && r.line == line && r.fold == "" })
}

// ask asks for a key and its value; edit puts them into the file and says in which
// line, title what that comes to.
func (x *confView) ask(m *Model, title func(key string) string, key, value string, fixed bool, edit func(f *conf.File, key, value string) (int, error)) tea.Cmd {
	if len([]rune(value)) > textLimit {
		m.say(noteWarn, fmt.Sprintf("the value of %s has more than %d characters, too many for a form", key, textLimit), x.editKey(m))
		return nil
	}
	var have []string
	for i := range x.tree.Items {
		have = append(have, x.tree.Items[i].Key)
	}
	supports := conf.SupportedBy(x.got.Lacking, x.got.Extra)
	f := &form{title: title(key), steady: 3, action: "changes it", wrong: -1, fields: []formField{
		textField("key", "", key), textField("value", "clears what was said before", value),
	}}
	f.fields[keyName].fixed, f.fields[keyName].need = fixed, "a line needs a key"
	if key == "" {
		f.fields[keyName].line.set("lxc.")
	} else {
		f.at = keyValue
	}
	complete := func(field int, typed string) []string {
		if field == keyValue {
			return conf.CompleteValue(strings.TrimSpace(f.text(keyName)), typed)
		}
		var out []string
		for _, c := range conf.Complete(typed, have, supports) {
			out = append(out, c.Text)
		}
		return out
	}
	f.live = func(_ *Model, f *form) tea.Cmd {
		if fixed {
			f.fields[keyName].line.set(key)
		}
		name, value := strings.TrimSpace(f.text(keyName)), f.text(keyValue)
		f.title, f.note = title(name), ""
		if _, known := conf.Lookup(name); known {
			f.note = keyWords(name)
		} else if all := complete(keyName, name); name != "" && len(all) > 0 {
			f.note = "tab completes: " + strings.Join(all[:min(len(all), 6)], "  ")
		}
		f.fields[keyName].warn, f.fields[keyValue].warn = "", ""
		switch err := conf.Check(name, value); {
		case name == "" || err == nil:
		case !supports(name) && len(complete(keyName, name)) > 0: // still being typed
		case !supports(name):
			f.fields[keyName].warn = "this liblxc has no such key"
		default:
			f.fields[keyValue].warn = strings.TrimPrefix(err.Error(), name+": ")
		}
		return nil
	}
	change := func(f *form) (*conf.File, int, error) {
		file := conf.Parse(x.of.Path(), x.text())
		line, err := edit(file, strings.TrimSpace(f.text(keyName)), f.text(keyValue))
		return file, line, err
	}
	f.check = func(f *form) (int, error) {
		if f.fields[keyName].empty() {
			return keyName, fmt.Errorf("%s", f.fields[keyName].need)
		}
		_, _, err := change(f)
		return -1, err
	}
	f.submit = func(f *form) tea.Cmd {
		file, line, err := change(f)
		if err != nil {
			return nil // the form has refused it before
		}
		return x.draftOf(m, file, line)
	}
	_ = f.live(m, f)
	m.overlay = &upon{&keyForm{f, complete}, x}
	return nil
}
