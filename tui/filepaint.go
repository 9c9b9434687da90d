package tui

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"syscall"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (x *filesView) paint(m *Model) views.Block {
	return m.theme.Files(x.state(m), m.layout.W, m.layout.H)
}

// scroll keeps the cursor in sight.
func (x *filesView) scroll(m *Model) {
	n := views.FilesRows(x.state(m), m.layout.H)
	for i := range x.panes {
		p := &x.panes[i]
		p.top = views.Scroll(p.at, p.top, len(p.rows), n)
	}
}

func (x *filesView) state(m *Model) *views.FilesState {
	s := &views.FilesState{
		Focus: x.side, Sort: m.files.sort, Now: m.clock.Now(), Prompt: x.prompt, Typed: x.typed.String(), Behind: x.typed.behind(),
		Say: m.noticeState(), Hints: x.hints(m), Job: x.jobState(m),
	}
	for i := range x.panes {
		s.Panes[i] = x.paneState(m, i)
	}
	return s
}

func (x *filesView) paneState(m *Model, side int) views.FilePane {
	p := &x.panes[side]
	s := views.FilePane{
		Where: x.name, Path: p.dir, Rows: p.rows, Cursor: p.at, Offset: p.top,
		Total: len(p.folder.Entries), More: p.folder.More, Hidden: p.hidden, Filter: p.filter, Free: p.folder.Free,
	}
	if side == hostSide {
		s.Where = "host"
	}
	if p.moving() {
		s.Path = p.going.dir
		s.Waiting = m.clock.Now().Sub(p.began) >= filesSlow
	}
	if n := len(p.marks); n > 0 {
		s.Marked = strconv.Itoa(n) + " marked: " + filesWords(p.chosen())
	}
	switch {
	case p.err != nil && side == innerSide && m.isGone(x.ref):
		s.Empty, s.Bad = x.name+" is gone", true
	case p.err != nil:
		s.Empty, s.Bad = "It cannot be read: "+m.filesWhy(p.err), true
	case !p.read:
		s.Empty = ""
	case p.filter != "" && s.Total > p.hidden:
		s.Empty = "no name has that in it"
	case p.hidden > 0:
		s.Empty = "empty but for hidden ones: " + m.keys.KeyOf(keymap.FileHidden) + " shows them"
	default:
		s.Empty = "empty"
	}
	return s
}

// filesWhy is why a folder cannot be read, and what to do about it.
func (m *Model) filesWhy(err error) string {
	var e *runtime.Error
	hint := ""
	if errors.As(err, &e) {
		hint = e.Hint
	}
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return "it is no folder"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, runtime.ErrNoFile):
		return "it is not there"
	case (errors.Is(err, fs.ErrPermission) || errors.Is(err, runtime.ErrPermission)) && m.about.UID == 0: // root needs no advice to be it
		return "permission denied"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, runtime.ErrPermission):
		return strings.TrimSuffix("permission denied. "+hint, ". ")
	case errors.Is(err, syscall.ELOOP):
		return "its links lead in a circle"
	}
	text := err.Error()
	if e != nil {
		text = e.Err.Error()
		if l := e.LastLog(); l != "" {
			text += ": " + l
		}
	}
	if hint != "" {
		text += ". " + hint
	}
	return strings.ReplaceAll(text, "\n", "; ")
}

// jobState is what copies files of this container.
func (x *filesView) jobState(m *Model) *views.JobState {
	for _, j := range m.jobs.list {
		if j.req.Ref != x.ref || !copiesFiles(j.req.Op) {
			continue
		}
		s := &views.JobState{
			Text: m.doing(&j.req), Since: j.started, Progress: j.feed.progress(), Ending: !j.ending.IsZero(), Key: m.keys.KeyOf(keymap.Interrupt),
		}
		if j.started.IsZero() {
			s.Text = m.askedFor(&j.req) + ": waits for its turn"
		}
		if s.Progress.Step == s.Text { // it says no more
			s.Progress.Step = ""
		}
		return s
	}
	return nil
}

// hints are what keys do now.
func (x *filesView) hints(m *Model) []keymap.Hint {
	var out []keymap.Hint
	add := func(id keymap.ID, text string) {
		if key := m.keys.KeyOf(id); key != "" {
			out = append(out, keymap.Hint{ID: id, Key: key, Text: text})
		}
	}
	if x.prompt != "" {
		switch x.prompt {
		case goPrompt:
			return []keymap.Hint{{Key: "enter", Text: "goes there"}, {Key: "esc", Text: "leaves it"}}
		case ownerPrompt:
			return []keymap.Hint{{Key: "enter", Text: "takes it; none: as outside"}, {Key: "esc", Text: "leaves it"}}
		}
		return []keymap.Hint{{Key: "enter", Text: "keeps it"}, {Key: "esc", Text: "clears it"}}
	}
	p, other := x.pane(), "host"
	if x.side == hostSide {
		other = x.name
	}
	if n := len([]rune(other)); n > 16 {
		other = "other side"
	}
	if e := p.entry(); e != nil && (e.Kind == runtime.FileFolder || e.Kind == runtime.FileLink) {
		add(keymap.FileOpen, "open")
	}
	add(keymap.NextPane, views.Clean(other))
	if !m.readOnly && p.entry() != nil {
		to := "copy"
		if n := len(p.marks); n > 0 {
			to = "copy " + strconv.Itoa(n)
		}
		add(keymap.FileCopy, to)
	}
	add(keymap.FileUp, "up")
	add(keymap.FileMark, "mark")
	add(keymap.Quit, "back")
	add(keymap.HelpKey, "help")
	add(keymap.FileFilter, "filter")
	add(keymap.FileHidden, "hidden")
	add(keymap.FileSort, "sort")
	add(keymap.FileGo, "go to")
	add(keymap.FileInfo, "info")
	add(keymap.FileOwner, "owner")
	add(keymap.FileVerify, "verify")
	add(keymap.FileRead, "read again")
	return out
}

// info says all of the entry under the cursor.
func (x *filesView) info(m *Model) tea.Cmd {
	p := x.pane()
	e := p.entry()
	if e == nil || p.moving() {
		return nil
	}
	s := views.PromptState{Kind: views.Told, Title: e.Name}
	fact := func(name, text string) {
		if text != "" {
			s.Facts = append(s.Facts, views.PromptFact{Name: name, Text: text})
		}
	}
	where := x.name
	if x.side == hostSide {
		where = "the host"
	}
	fact("path", path.Join(p.dir, e.Name))
	fact("of", where)
	fact("kind", views.FileKindWords(e))
	if e.Kind == runtime.FileLink {
		fact("leads to", e.Target)
	}
	if n, ok := e.Size.Get(); ok && e.Kind == runtime.FileRegular {
		fact("size", views.Thousands(n)+" bytes, "+views.Bytes(n))
	}
	fact("mode", views.FileMode(e)+"  "+strconv.FormatUint(uint64(fileBits(e.Mode)), 8))
	fact("owner", fileID(e.Owner, e.UID))
	fact("group", fileID(e.Group, e.GID))
	if !e.Changed.IsZero() {
		fact("changed", e.Changed.Local().Format("2006-01-02 15:04:05")+", "+views.Age(m.clock.Now().Sub(e.Changed))+" ago")
	}
	return m.askUpon(&question{state: s})
}

// fileBits are permissions as chmod(1) takes them.
func fileBits(mode fs.FileMode) uint32 {
	n := uint32(mode.Perm())
	for bit, set := range map[uint32]bool{0o4000: mode&fs.ModeSetuid != 0, 0o2000: mode&fs.ModeSetgid != 0, 0o1000: mode&fs.ModeSticky != 0} {
		if set {
			n |= bit
		}
	}
	return n
}

// fileID is an id, with its name where it has one.
func fileID(name string, id uint32) string {
	n := strconv.FormatUint(uint64(id), 10)
	if name == "" {
		return n + ", which has no name there"
	}
	return name + " (" + n + ")"
}
