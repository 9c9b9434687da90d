package tui

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
	"lxcdeck/views"
)

// take makes a text the draft, and has it looked over.
func (x *confView) take(m *Model, text []byte) tea.Cmd {
	x.draft, x.drafted, x.fault, x.restores = text, true, nil, false
	if x.sameText() {
		m.say(noteInfo, x.name+": nothing was changed", "")
		return x.forget(m)
	}
	x.resolve()
	x.build(m)
	return x.review(m)
}

// forget drops the draft, and the file that an editor has left of it.
func (x *confView) forget(m *Model) tea.Cmd {
	x.draft, x.drafted, x.fault, x.restores = x.base, false, nil, false
	x.resolve()
	x.draft = nil
	x.build(m)
	return x.dropKept()
}

// dropKept removes the file of an edit that has come to its end.
func (x *confView) dropKept() tea.Cmd {
	path := x.kept
	x.kept = ""
	return removing(path)
}

// undo drops the draft.
func (x *confView) undo(m *Model) tea.Cmd {
	if !x.drafted || x.job != nil {
		m.say(noteInfo, x.name+" has no changes that are not saved", "")
		return nil
	}
	return m.askUpon(&question{
		state: views.PromptState{Title: "Drop the changes of " + x.name + "?", More: "They are not saved."},
		yes: func() tea.Cmd {
			m.notices.dismiss() // such as why it was refused
			drop := x.forget(m)
			m.say(noteInfo, "the changes of "+x.name+" are dropped: this is the file as it stands", "")
			return tea.Batch(drop, x.fetch(m, nil))
		},
	})
}

// review has liblxc judge the draft, and reads what stands in the file by now.
func (x *confView) review(m *Model) tea.Cmd {
	if !x.drafted {
		m.say(noteInfo, x.name+" has no changes that are not saved", "")
		return nil
	}
	if n := conflictLeft(x.draft); n > 0 {
		m.say(noteWarn, fmt.Sprintf("line %d begins with %s: both versions still stand there", n, markMine), x.editKey(m))
		return nil
	}
	return x.fetch(m, x.draft)
}

// look is review when it is asked for: what kept it from being saved may be over.
func (x *confView) look(m *Model) tea.Cmd {
	if why := x.whyNot(m); why != "" && (m.readOnly || !x.read || x.job != nil) {
		m.say(noteWarn, why, "")
		return nil
	}
	return x.review(m)
}

// editKey says how the draft is edited again.
func (*confView) editKey(m *Model) string {
	if key := m.keys.KeyOf(keymap.ConfEdit); key != "" {
		return key + " edits it again"
	}
	return ""
}

// judged goes on with what liblxc and the file say: an error, a merge, or the
// differences, for a yes.
func (x *confView) judged(m *Model, got *confGot) tea.Cmd {
	if got.text.Version != x.version && x.version != "" && got.text.Version != "" && bytes.Equal(x.textOf(&got.text), x.base) {
		x.version = got.text.Version
		m.say(noteInfo, "somebody else has changed owner or mode of "+x.name+" meanwhile, and not its text", "saving goes on with that")
	}
	switch {
	case got.text.NoSave != "":
		m.say(noteError, x.name+" cannot be saved: "+got.text.NoSave, "")
		return nil
	case got.text.Version != x.version:
		return x.merge(m)
	case got.failed != nil:
		m.say(noteError, x.name+" is not saved: "+got.failed.Error(), hintOf(got.failed))
		return nil
	case got.fault != nil:
		x.fault = got.fault
		x.build(m)
		for i := range x.rows {
			if x.rows[i].node == 0 && got.fault.Line > 0 && x.rows[i].line == got.fault.Line {
				x.move(m, i)
			}
		}
		m.say(noteError, x.name+" is not saved: liblxc refuses it: "+got.fault.String(), x.editKey(m))
		return nil
	}
	d := &confDiff{x: x, asked: m.clock.Now()}
	d.build()
	m.overlay = &upon{d, x}
	return nil
}

// merge puts the draft and what somebody else has saved meanwhile together; where
// both have changed the same, it asks.
func (x *confView) merge(m *Model) tea.Cmd {
	theirs := x.textOf(&x.got)
	parts := conf.Merge(conf.Split(string(x.base)), conf.Split(string(x.draft)), conf.Split(string(theirs)))
	lines, ok := conf.Merged(parts, nil)
	path := x.of.Path()
	clashes := conf.Clashes(conf.Parse(path, x.base), conf.Parse(path, x.draft), conf.Parse(path, theirs))
	if ok && len(clashes) == 0 {
		x.base, x.version = theirs, x.got.Version
		m.say(noteWarn, "somebody else has changed "+x.name+" meanwhile: their changes and yours are put together", "look over them before you save")
		return x.take(m, []byte(strings.Join(lines, "")))
	}
	what := "Both have changed the same lines."
	if ok {
		what = "Both have set " + clashes[0].Key + "."
	}
	both := bothText(parts)
	if ok { // the lines stand apart, and one of them would win unseen
		both = []byte(markMine + " look at " + clashes[0].Key + ", which both have set, and take this line out\n" + strings.Join(lines, ""))
	}
	on := confBase{theirs, x.got.Version}
	q := &question{state: views.PromptState{
		Title: "Somebody else has changed " + x.name + " meanwhile", More: what + " Nothing is saved over theirs.",
		Choices: []string{"edit both versions", "keep theirs, drop mine", "back, and save nothing"},
	}, picks: []func() tea.Cmd{
		func() tea.Cmd { return x.edit(m, both, &on) },
		func() tea.Cmd { x.base, x.version = on.text, on.version; return x.forget(m) },
		func() tea.Cmd { return nil },
	}}
	return m.askUpon(q)
}

// What lines of both versions stand between in an editor.
const (
	markMine   = "<<<<<<<"
	markMiddle = "======="
	markTheirs = ">>>>>>>"
)

// bothText is a merge with both versions of what is in conflict.
func bothText(parts []conf.Part) []byte {
	lines, _ := conf.Merged(parts, func(p *conf.Part) []string {
		out := []string{markMine + " mine\n"}
		out = append(append(out, ended(p.Mine)...), markMiddle+"\n")
		return append(append(out, ended(p.Theirs)...), markTheirs+" theirs\n")
	})
	return []byte(strings.Join(lines, ""))
}

// ended are lines of which the last has an end.
func ended(lines []string) []string {
	out := append([]string(nil), lines...)
	if n := len(out); n > 0 && !strings.HasSuffix(out[n-1], "\n") {
		out[n-1] += "\n"
	}
	return out
}

// conflictLeft is the first line that both versions still stand behind; 0 = none.
func conflictLeft(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		for _, mark := range []string{markMine, markMiddle, markTheirs} {
			if bytes.HasPrefix(line, []byte(mark)) {
				return n
			}
		}
	}
	return 0
}

// save puts the draft in the place of the version that it was made of.
func (x *confView) save(m *Model) tea.Cmd {
	q := runtime.SaveConfig(x.of, x.version, x.draft)
	if c := m.byRef(x.of.Ref); c != nil {
		q.Same = c.Identity
	}
	act := m.enqueue([]runtime.Request{q})
	if n := len(m.jobs.list); n > 0 {
		x.job = m.jobs.list[n-1]
	}
	return tea.Batch(act, next(m, x, m.interval))
}

// saved sees what came of the job, by what stands in the file now.
func (x *confView) saved(m *Model, now []byte) tea.Cmd {
	x.job = nil
	if !bytes.Equal(now, x.draft) {
		return nil // the job has told why
	}
	x.base, x.version, x.draft, x.drafted = now, x.got.Version, nil, false
	if x.got.Restart == runtime.Yes {
		m.say(noteWarn, x.name+" is saved, and needs a restart to run with it", "")
	}
	return x.dropKept()
}

// confDiff shows what would be saved, and takes the answer.
type confDiff struct {
	x     *confView
	asked time.Time
	rows  []views.ConfigRow
	top   int
}

// diffAround is how many lines stand around each change.
const diffAround = 3

// build compares the draft with what it was made of.
func (d *confDiff) build() {
	d.rows = nil
	path := d.x.of.Path()
	old, made := conf.Parse(path, d.x.base), conf.Parse(path, d.x.draft)
	for i, h := range conf.Diff(old.Raws(), made.Raws(), diffAround) {
		if i > 0 {
			d.rows = append(d.rows, views.ConfigRow{Role: views.Dim, Text: "..."})
		}
		for _, l := range h.Lines {
			r := views.ConfigRow{Number: max(l.Old, l.New), Role: views.Dim}
			from := old
			switch l.Op {
			case conf.Gone:
				r.Sign, r.Role = "-", views.Bad
			case conf.New:
				r.Sign, r.Role, from = "+", views.Good, made
			}
			at := l.Old
			if l.Op == conf.New {
				at = l.New
			}
			text := l.Text
			if !d.x.secrets && at >= 1 && at <= len(from.Lines) {
				text = from.Lines[at-1].Shown()
			}
			r.Text = strings.ReplaceAll(strings.TrimRight(text, "\r\n"), "\t", "    ")
			if l.Op != conf.Same && !strings.HasSuffix(l.Text, "\n") && !strings.HasSuffix(l.Text, "\r") {
				r.Note = "no newline at the end"
			}
			d.rows = append(d.rows, r)
		}
	}
}

func (d *confDiff) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if m.clock.Now().Sub(d.asked) < questionGrace {
		return nil
	}
	switch s := k.String(); s {
	case "y", "Y":
		if d.unread(m) {
			m.say(noteWarn, readOn, "")
			return nil
		}
		m.overlay = nil
		return d.x.save(m)
	case "n", "N":
		return d.leave(m)
	default:
		top, done := scrollKey(s, d.top, len(d.rows), max(1, views.ConfigPage(d.state(m), m.layout.W, m.layout.H)))
		d.top = top
		if done {
			return d.leave(m)
		}
	}
	return nil
}

// leave goes back to the draft; an earlier version that was only looked at is none.
func (d *confDiff) leave(m *Model) tea.Cmd {
	m.overlay = nil
	if d.x.restores {
		return d.x.forget(m)
	}
	return nil
}

// unread says whether the end of the differences was never on screen.
func (d *confDiff) unread(m *Model) bool {
	return d.top+views.ConfigPage(d.state(m), m.layout.W, m.layout.H) < len(d.rows)
}

func (*confDiff) paste(*Model, string) bool { return false }

func (d *confDiff) paint(m *Model) views.Block {
	return m.theme.Config(d.state(m), m.layout.W, m.layout.H)
}

func (d *confDiff) state(m *Model) *views.ConfigState {
	kept := "What is there now is kept as an earlier version."
	if d.x.version == "" {
		kept = "The file is new."
	}
	return &views.ConfigState{
		Title: "Save this to " + d.x.of.Path() + "?", Rows: d.rows, Cursor: -1, Offset: d.top, Say: m.noticeState(),
		Note:  "liblxc takes it. " + kept,
		Empty: "Only ends of lines differ.",
		Hints: []keymap.Hint{{Key: "y", Text: "saves"}, {Key: "n", Text: "back"}, {Key: "down", Text: "reads on"}},
	}
}
