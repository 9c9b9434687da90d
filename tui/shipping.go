package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/tui/record"
	"lxcdeck/views"
)

// lookedMsg is what an archive says of itself.
type lookedMsg struct {
	file    string
	sum     string
	info    os.FileInfo // which file was looked into
	meta    archive.Meta
	config  []byte
	choices runtime.Choices
	err     error
}

func (m *Model) shipHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{keymap.PackKey: m.onSelected(m.askPack), keymap.UnpackKey: m.askUnpack}
}

// The fields of the form to pack.
const (
	packFile = iota
	packLevel
)

// askPack asks where the archive goes.
func (m *Model) askPack(c runtime.Container) tea.Cmd {
	args := func(f *form) (*runtime.PackArgs, error) {
		a := &runtime.PackArgs{}
		if word := strings.TrimSpace(f.text(packLevel)); word != "" {
			n, err := strconv.Atoi(word)
			if err != nil || n == 0 {
				return nil, fmt.Errorf("a level of zstd is a number, 1 to 19, not %q", word)
			}
			a.Level = n
		}
		return a, a.Check()
	}
	note := "A new file of mode 0600: its config and its root without sockets, device nodes and what is mounted. Snapshots are not in it."
	if c.State != runtime.Stopped && c.State != runtime.Frozen {
		note += " It stands frozen for as long as that takes."
	}
	m.overlay = (&form{
		title: "Pack " + m.called(c.Ref) + " into an archive", action: "packs", note: note,
		fields: []formField{
			textField("file", "", filepath.Join(m.saveDir, record.Name(c.Name, "tar.zst", m.clock.Now()))),
			textField("level", "1, the quickest; 19 makes it smallest", ""),
		},
		submit: func(f *form) tea.Cmd {
			a, err := args(f)
			if err != nil {
				return nil // the form has refused it before
			}
			path, places, rt := strings.TrimSpace(f.text(packFile)), m.savePlaces(), m.rt
			return m.enqueueWith([]runtime.Request{{Op: runtime.Pack, Ref: c.Ref, Expect: c.State, Same: c.Identity, Args: a}},
				func(ctx context.Context, q runtime.Request) error { return packInto(ctx, rt, q, path, places) })
		},
	}).under(formRules{check: func(f *form) (int, error) {
		if strings.TrimSpace(f.text(packFile)) == "" {
			return packFile, unfinishedError{"no file is named"}
		}
		if _, err := args(f); err != nil {
			return packLevel, inForm(err)
		}
		return -1, nil
	}})
	return nil
}

// packInto makes the file when the job's turn has come, and removes it when the job
// fails. It runs off the loop.
func packInto(ctx context.Context, rt runtime.Controller, q runtime.Request, path string, places record.Places) error {
	file, err := record.Begin(path, places)
	if err != nil {
		return &runtime.Error{Op: q.Op.String(), Ref: q.Ref, Err: err, Hint: record.Hint(err)}
	}
	q.File = file.File
	tell := shipped(&q, func(s *runtime.Shipped) string { return s.SHA256 + "  " + file.Name() })
	did := rt.Do(ctx, q)
	switch err := file.Finish(did); {
	case err == nil:
		tell()
		return nil
	case did != nil:
		return err
	default:
		return &runtime.Error{Op: q.Op.String(), Ref: q.Ref, Err: err, Hint: record.Hint(err)}
	}
}

// shipped makes a request keep what it came to; tell adds that to the job's output.
func shipped(q *runtime.Request, more func(*runtime.Shipped) string) (tell func()) {
	var what *runtime.Shipped
	told := q.Progress
	q.Progress = func(p runtime.Progress) {
		if p.Shipped != nil {
			what = p.Shipped
		}
		told(p)
	}
	return func() {
		if what == nil {
			return
		}
		told(runtime.Progress{Output: fmt.Appendf(nil, "%s, %s of files in an archive of %s\n%s\n",
			entries(what.Entries), views.Bytes(what.Bytes), views.Bytes(what.Size), more(what))})
	}
}

func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.FormatUint(n, 10) + " entries"
}

// The fields of the form that asks for an archive.
const (
	unpackFile = iota
	unpackSum
)

// askUnpack asks for an archive, which is looked into first.
func (m *Model) askUnpack() tea.Cmd {
	m.overlay = (&form{
		title: "Unpack an archive", action: "looks into it",
		note: "Nothing is made yet: what it is, and what of its config is left out, is shown first.",
		fields: []formField{
			textField("file", "/path/to/web.tar.zst", ""),
			textField("SHA-256", "not given: undamaged is all that can be said", ""),
		},
		submit: func(f *form) tea.Cmd {
			return m.lookInto(strings.TrimSpace(f.text(unpackFile)), strings.TrimSpace(f.text(unpackSum)))
		},
	}).under(formRules{check: func(f *form) (int, error) {
		file := strings.TrimSpace(f.text(unpackFile))
		switch a := (&runtime.UnpackArgs{SHA256: strings.TrimSpace(f.text(unpackSum))}); {
		case file == "":
			return unpackFile, unfinishedError{"no file is named"}
		case !filepath.IsAbs(file):
			return unpackFile, errors.New("an absolute path is wanted, such as /srv/web.tar.zst")
		case a.Check() != nil:
			return unpackSum, inForm(a.Check())
		}
		return -1, nil
	}})
	return nil
}

// lookInto reads the head of an archive, and what this host has for it.
func (m *Model) lookInto(file, sum string) tea.Cmd {
	rt, parent := m.rt, m.out.ctx
	m.say(noteInfo, "looking into "+file+" ...", "")
	return cmd("archive", func() tea.Msg {
		msg := lookedMsg{file: file, sum: sum}
		f, info, err := openRegular(file)
		if err != nil {
			msg.err = err
			return msg
		}
		defer f.Close()
		msg.info = info
		if msg.meta, msg.config, _, msg.err = archive.Head(f); msg.err != nil {
			return msg
		}
		ctx, cancel := context.WithTimeout(parent, choicesDeadline)
		defer cancel()
		msg.choices, msg.err = rt.Choices(ctx)
		return msg
	})
}

// openRegular opens a file without waiting for whoever is at the other end of a FIFO.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("no regular file, and only the command line takes pipes: %s", path)
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(info, now) {
		err = errors.New("it was replaced meanwhile")
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, now, nil
}

// The fields of the form for the new container; one for each key of the archive's
// config that is left out follows.
const (
	unpackName = iota
	unpackPath
	unpackMapped
	unpackKeys
)

// maxKeys is how many keys the form offers to take all the same.
const maxKeys = 12

// unpacking is what the form for the new container knows.
type unpacking struct {
	m    *Model
	from lookedMsg
	keys []string // of the fields from unpackKeys on
}

// onLooked asks for what the new container is to be.
func (m *Model) onLooked(msg lookedMsg) tea.Cmd {
	m.notices.dismiss()
	if msg.err != nil {
		m.say(noteError, "not unpacked: "+msg.err.Error(), msg.file)
		return nil
	}
	if m.overlay != nil {
		m.say(noteInfo, msg.file+" was looked into, but something else is open", "ask again")
		return nil
	}
	u := &unpacking{m: m, from: msg}
	f := &form{
		title: "Unpack " + filepath.Base(msg.file), action: "asks once more", submit: u.submit,
		note: "Packed " + msg.meta.Created.Local().Format("2006-01-02 15:04") + " as " + msg.meta.Name + ", " + msg.meta.Arch +
			". Its paths, host name and MAC addresses will be new; it is not started.",
		fields: []formField{
			textField("name", "of the new container", msg.meta.Name),
			choiceField("lxcpath", m.about.Paths...),
			checkField("unprivileged", "its ids mapped to those of subuid(5)"),
		},
	}
	f.fields[unpackPath].off = len(m.about.Paths) < 2
	mapped := &f.fields[unpackMapped]
	mapped.on = (msg.meta.IDs > 0 || msg.choices.MustMap) && len(msg.choices.IDMaps) > 0
	switch {
	case len(msg.choices.IDMaps) == 0:
		mapped.fixed, mapped.help = true, "no: "+msg.choices.IDMapsWhy
	case msg.choices.MustMap:
		mapped.fixed, mapped.help = true, "always, since lxcdeck does not run as root"
	}
	dropped := u.judge(f).Dropped
	for _, l := range dropped {
		a := runtime.UnpackArgs{AllowConfig: []string{l.Key}}
		if slices.Contains(u.keys, l.Key) || a.Check() != nil || len(u.keys) == maxKeys {
			continue
		}
		field := checkField(l.Key, l.Value)
		if n := count(dropped, l.Key); n > 1 {
			field.help = fmt.Sprintf("%d lines: %s", n, l.Value)
		}
		if len(u.keys) == 0 {
			field.section = "Left out: taken, such lines can act on this host as root"
		}
		u.keys = append(u.keys, l.Key)
		f.fields = append(f.fields, field)
	}
	m.overlay = f.under(formRules{check: func(f *form) (int, error) {
		q := u.request(f)
		if err := m.whyNoName(q.Ref); err != nil {
			return unpackName, err
		}
		return -1, q.Args.Check()
	}})
	return f.look(m)
}

// count is how many lines with a key the new container is not to get: they are taken
// all or not at all.
func count(dropped []archive.Dropped, key string) (n int) {
	for _, l := range dropped {
		if l.Key == key {
			n++
		}
	}
	return n
}

// judge says what becomes of the config, as the form stands.
func (u *unpacking) judge(f *form) archive.Config {
	q := u.request(f)
	a, ok := q.Args.(*runtime.UnpackArgs)
	if !ok {
		return archive.Config{}
	}
	return archive.Judge(u.from.config, archive.Site{
		Ref: q.Ref, IDMap: a.IDMap, Allow: a.AllowConfig,
		Bridge: func(name string) bool { return slices.Contains(u.from.choices.Bridges, name) },
		// What LXC has installed is looked up when it is unpacked, and said then.
		File: func(string) bool { return true },
	})
}

func (u *unpacking) request(f *form) runtime.Request {
	a := &runtime.UnpackArgs{SHA256: u.from.sum}
	a.Looked(u.from.config)
	if f.fields[unpackMapped].on {
		a.IDMap = u.from.choices.IDMaps
	}
	for i, key := range u.keys {
		if f.fields[unpackKeys+i].on {
			a.AllowConfig = append(a.AllowConfig, key)
		}
	}
	ref := runtime.Ref{Path: f.fields[unpackPath].choice(), Name: strings.TrimSpace(f.text(unpackName))}
	return runtime.Request{Op: runtime.Unpack, Ref: ref, Args: a}
}

// submit shows once more what is taken, what is changed, and what is left out.
func (u *unpacking) submit(f *form) tea.Cmd {
	m, q, c := u.m, u.request(f), u.judge(f)
	s := views.PromptState{
		Title: "Unpack " + filepath.Base(u.from.file) + " as " + m.called(q.Ref) + "?",
		More:  "It gets its name when all of it was verified; when that fails nothing is left.",
	}
	for _, l := range c.Allowed {
		s.Facts = append(s.Facts, views.PromptFact{Name: "taken", Text: l.String(), Warn: true})
	}
	for _, n := range c.Notes {
		s.Facts = append(s.Facts, views.PromptFact{Name: "changed", Text: n})
	}
	for i, l := range c.Dropped {
		if i == maxKeys {
			s.Facts = append(s.Facts, views.PromptFact{Name: "left out", Text: fmt.Sprintf("%d more lines; the job names them", len(c.Dropped)-i)})
			break
		}
		s.Facts = append(s.Facts, views.PromptFact{Name: "left out", Text: l.String()})
	}
	rt, from := m.rt, u.from
	return m.ask(&question{state: s, form: f, yes: func() tea.Cmd {
		return m.enqueueWith([]runtime.Request{q}, func(ctx context.Context, q runtime.Request) error { return unpackFrom(ctx, rt, q, &from) })
	}})
}

// unpackFrom opens the archive anew when the job's turn has come: it must be the
// one that was shown.
func unpackFrom(ctx context.Context, rt runtime.Controller, q runtime.Request, from *lookedMsg) error {
	f, now, err := openRegular(from.file)
	if err != nil {
		return &runtime.Error{Op: q.Op.String(), Ref: q.Ref, Err: err}
	}
	defer f.Close()
	if was := from.info; !os.SameFile(was, now) || was.Size() != now.Size() || !was.ModTime().Equal(now.ModTime()) {
		return &runtime.Error{Op: q.Op.String(), Ref: q.Ref, Err: errors.New("the archive has changed since it was looked into"), Hint: "Ask again."}
	}
	q.File = f
	tell := shipped(&q, func(s *runtime.Shipped) string {
		if from.sum != "" {
			return "SHA-256 " + s.SHA256 + ", the one that was given"
		}
		return "SHA-256 " + s.SHA256 + ": undamaged"
	})
	if err := rt.Do(ctx, q); err != nil {
		return err
	}
	tell()
	return nil
}
