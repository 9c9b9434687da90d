package tui

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/tui/record"
	"lxcdeck/views"
)

// saveBatch is how many lines are taken at once where a log is saved in part.
const saveBatch = 2000

type (
	// logCopiedMsg is text of a log to copy.
	logCopiedMsg struct {
		view *logView
		text string
		err  error
	}
	// logSavedMsg is the end of saving a log.
	logSavedMsg struct {
		view *logView
		job  logSaving
		path string // the whole of it
		size int64
		err  error
	}
	// logSaving is what is to be saved, and where.
	logSaving struct {
		what   int // of the form's choices
		path   string
		places record.Places
		over   bool // what has that name is replaced
		filter *logfile.Filter
		form   *form // in which it was filled in
	}
)

// What is saved, in the order of the form's choices.
const (
	saveAll   = iota // every byte
	saveShown        // the lines that the filter keeps
	saveRows         // those on screen
)

// saveFile is which field of the form the file is.
const saveFile = 1

// copyMenu offers what is worth copying.
func (x *logView) copyMenu(m *Model) tea.Cmd {
	pick := &menu{title: "Copy", note: "enter copies, esc leaves"}
	text := x.text
	lines := func(label, hint string, found bool) {
		pick.items = append(pick.items, choice{label: label, hint: hint, pick: func() tea.Cmd {
			return cmd("copy", func() tea.Msg {
				got, err := text.copied(found)
				return logCopiedMsg{x, got, err}
			})
		}})
	}
	lines("lines on screen", plural(x.page.lines, "line"), false)
	if x.match != nil {
		lines("the line that was found", "", true)
	}
	add := func(label, text string) {
		if text = views.Clean(text); text != "" {
			pick.items = append(pick.items, choice{label: label, hint: text, pick: func() tea.Cmd {
				m.say(noteInfo, "copied: "+text, "")
				return tea.SetClipboard(text)
			}})
		}
	}
	if len(text.wants) == 1 {
		w := &text.wants[0]
		add("path", w.source.Path)
		c := m.byRef(w.ref)
		add("command", logCommand(w, c != nil && c.State != runtime.Stopped))
	}
	m.overlay = &upon{pick, x}
	return nil
}

// logCommand is what shows the same in a shell; "" = nothing does. What is inside is
// reached while the container runs.
func logCommand(w *logWant, runs bool) string {
	inside := "lxc-attach -P " + runtime.ShellQuote(w.ref.Path) + " -n " + runtime.ShellQuote(w.ref.Name) + " -- "
	switch kind := w.source.Kind; {
	case (kind == runtime.LogJournal || kind == runtime.LogFile) && !runs:
	case kind == runtime.LogJournal:
		return inside + "journalctl -f"
	case kind == runtime.LogFile:
		return inside + "tail -F " + runtime.ShellQuote(w.source.Path)
	case (kind == runtime.LogLXC || kind == runtime.LogConsole) && w.source.Path != "":
		return "tail -F " + runtime.ShellQuote(w.source.Path)
	}
	return ""
}

// copied is the text of the lines on screen, or of the one that was found, in full.
func (x *logText) copied(found bool) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return "", errLogClosed
	}
	var lines []logLine
	if x.ask.filter != nil {
		lines = x.window.at(x.top, x.page.lines)
	} else {
		var err error
		if lines, _, err = x.after(context.Background(), nil, x.top, x.page.lines); err != nil {
			return "", err
		}
	}
	if n := x.page.gone; n > 0 {
		lines = x.underGone(x.ask.filter, lines, n+len(lines))
	}
	var b strings.Builder
	for i := range lines {
		l := &lines[i]
		if found && (l.gone || x.hit == nil || *x.hit != logHit{l.part, l.At}) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.whose(l))
		for k, part := range strings.Split(strings.TrimRight(string(l.Text), "\r"), "\t") {
			if k > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(views.Clean(part))
		}
	}
	if found && b.Len() == 0 {
		return "", errors.New("what was found is not on screen")
	}
	return b.String(), nil
}

// whose is what stands before a line of several logs where it leaves the screen.
func (x *logText) whose(l *logLine) string {
	if len(x.parts) < 2 {
		return ""
	}
	return views.Clean(x.parts[l.part].name) + ": "
}

func (msg logCopiedMsg) arrive(m *Model) tea.Cmd {
	x := msg.view
	switch n := strings.Count(msg.text, "\n") + 1; {
	case msg.err != nil:
		x.note = "not copied: " + msg.err.Error()
		return nil
	case msg.text == "":
		x.note = "nothing to copy"
		return nil
	case len(msg.text) > clipLimit:
		x.note = fmt.Sprintf("%d KiB are too much to copy: %s saves them", len(msg.text)>>10, m.keys.KeyOf(keymap.LogSave))
		return nil
	case n > 1:
		x.note = "copied " + plural(n, "line")
	default:
		x.note = "copied " + plural(utf8.RuneCountInString(msg.text), "character")
	}
	if len(msg.text) > clipSafe {
		x.note += ", which many terminals cut"
	}
	return tea.SetClipboard(msg.text)
}

// saveForm asks what is saved, and where.
func (x *logView) saveForm(m *Model) tea.Cmd {
	const what, file = 0, saveFile
	choices := []string{"all of it", "the lines that the filter keeps", "the lines on screen"}
	at := []int{saveAll, saveShown, saveRows}
	if x.filter == nil {
		choices, at = []string{choices[0], choices[2]}, []int{saveAll, saveRows}
	}
	of := x.list.of[0].Name
	if len(x.list.of) > 1 {
		of = "containers"
	}
	field := choiceField("what", choices...)
	if x.filter != nil {
		field.at = 1
	}
	f := &form{
		title: "Save " + views.Clean(x.open), note: "A file of mode 0600.", action: "saves",
		fields: []formField{field, textField("file", "", filepath.Join(m.saveDir, record.Name(of, "log", m.clock.Now())))},
		at:     file,
		check: func(f *form) (int, error) {
			if strings.TrimSpace(f.text(file)) == "" {
				return file, errors.New("no file is named")
			}
			return 0, nil
		},
		submit: func(f *form) tea.Cmd {
			m.notices.dismiss() // what did not work before was read
			return x.save(m, logSaving{
				what: at[f.fields[what].at], path: strings.TrimSpace(f.text(file)), places: m.savePlaces(), filter: x.filter, form: f,
			})
		},
	}
	m.overlay = &upon{f, x}
	return nil
}

// save writes the file off the loop; it ends with lxcdeck.
func (x *logView) save(m *Model, job logSaving) tea.Cmd {
	text, ctx := x.text, m.out.ctx
	if text == nil {
		return nil
	}
	m.say(noteInfo, "saving to "+job.path+" ...", "")
	return cmd("save", func() tea.Msg {
		path, size, err := text.save(ctx, &job)
		return logSavedMsg{x, job, path, size, err}
	})
}

func (msg logSavedMsg) arrive(m *Model) tea.Cmd {
	x, here := msg.view, m.overlay == overlay(msg.view)
	switch {
	case errors.Is(msg.err, record.ErrExists) && !errors.Is(msg.err, record.ErrNotFile) && !errors.Is(msg.err, record.ErrKept) && here:
		m.notices.dismiss()
		return m.askUpon(&question{
			state: views.PromptState{Title: "Replace " + views.Clean(msg.job.path) + "?", More: "There is such a file. What is in it would be lost."},
			yes:   func() tea.Cmd { msg.job.over = true; return x.save(m, msg.job) },
			form:  msg.job.form,
		})
	case msg.err != nil && here && record.Hint(msg.err) == "": // what was typed is not lost
		m.notices.dismiss()
		msg.job.form.refuse(saveFile, "not saved: "+cause(msg.err))
		m.overlay = &upon{msg.job.form, x}
	case msg.err != nil:
		m.say(noteError, "not saved: "+cause(msg.err), cmp.Or(record.Hint(msg.err), msg.job.path))
	default:
		m.say(noteInfo, fmt.Sprintf("saved %s to %s", views.Bytes(uint64(msg.size)), msg.path), "")
	}
	return nil
}

// save writes a log, or what is shown of it, into a file.
func (x *logText) save(ctx context.Context, job *logSaving) (path string, size int64, err error) {
	begin := record.Begin
	if job.over {
		begin = record.Replace
	}
	out, err := begin(job.path, job.places)
	if err != nil {
		return "", 0, err
	}
	count := &counter{w: out}
	switch job.what {
	case saveRows:
		var text string
		if text, err = x.copied(false); err == nil {
			_, err = io.WriteString(count, text+"\n")
		}
	default:
		err = x.pour(ctx, job, count)
	}
	if err != nil {
		err = fmt.Errorf("save %s: %w", out.Name(), err)
	}
	path = out.Name()
	return path, count.n, out.Finish(err)
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// twin is the same log opened once more, at the end of which nothing is followed: it
// is read for a long time while somebody reads on.
func (x *logText) twin() (*logText, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, errLogClosed
	}
	t := &logText{}
	for _, p := range x.parts {
		from, err := logfile.Follow(p.log.Open, -1)
		if err != nil {
			return nil, errors.Join(err, t.letGo())
		}
		t.parts = append(t.parts, &logPart{name: p.name, from: from, clock: p.clock})
	}
	return t, nil
}

// letGo closes a twin.
func (x *logText) letGo() error {
	var errs []error
	for _, p := range x.parts {
		errs = append(errs, p.from.Close())
	}
	return errors.Join(errs...)
}

// pour writes all of a log as it is now, or the lines that a filter keeps.
func (x *logText) pour(ctx context.Context, job *logSaving, w io.Writer) error {
	t, err := x.twin()
	if err != nil {
		return err
	}
	defer func() { _ = t.letGo() }() // it was only read
	if len(t.parts) == 1 && job.what == saveAll {
		_, err := t.parts[0].file().Copy(ctx, w, 0, t.parts[0].end())
		return err
	}
	var keep *logfile.Filter
	if job.what == saveShown {
		keep = job.filter
	}
	b := bufio.NewWriterSize(w, 256<<10)
	for at, end := make(logSpot, len(t.parts)), t.ends().sum(); at.sum() < end; {
		lines, upto, err := t.selectAfter(ctx, keep, at, saveBatch)
		if err != nil {
			return err
		}
		for i := range lines {
			l := &lines[i]
			if l.Cut&logfile.Continues == 0 {
				_, _ = b.WriteString(t.whose(l))
			}
			_, _ = b.Write(l.Text) // an error stays, and Flush gives it
			if l.Cut&logfile.GoesOn == 0 {
				_ = b.WriteByte('\n')
			}
		}
		if upto.sum() <= at.sum() {
			break
		}
		at = upto
	}
	return b.Flush()
}
