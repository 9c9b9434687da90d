package tui

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/tui/record"
)

type (
	// savedMsg is the end of writing text into a file.
	savedMsg struct {
		path string
		size int
		err  error
	}
	// recordingMsg is a recording that has begun.
	recordingMsg struct {
		id   int
		path string
		cast *record.Cast
		err  error
	}
	// recordedMsg is the end of a recording.
	recordedMsg struct {
		cast *record.Cast
		path string
		size int64
		err  error
	}
)

// askFile asks where something is to be saved; act gets the path.
func (m *Model) askFile(title, note, action string, ref runtime.Ref, ext string, act func(path string) tea.Cmd) tea.Cmd {
	name := record.Name(ref.Name, ext, m.clock.Now())
	m.overlay = &form{
		title: title, note: note, action: action, fields: []formField{textField("file", "", filepath.Join(m.saveDir, name))},
		check: func(f *form) (int, error) {
			if strings.TrimSpace(f.text(0)) == "" {
				return 0, errors.New("no file is named")
			}
			return 0, nil
		},
		submit: func(f *form) tea.Cmd {
			m.notices.dismiss() // what did not work before was read
			return act(strings.TrimSpace(f.text(0)))
		},
	}
	return nil
}

// saveScroll writes what is selected, or all there is, into a file.
func (m *Model) saveScroll() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil || sh.scroll == nil {
		return nil
	}
	what := "Save all of its text"
	if sh.scroll.kind != selectNothing {
		what = "Save the selection"
	}
	return m.askFile(what, "", "saves", sh.ref(), "txt", func(path string) tea.Cmd {
		if sh.scroll == nil {
			return nil
		}
		places, of := m.savePlaces(), *sh.scroll
		if of.kind == selectNothing {
			of.everything()
		}
		return cmd("save", func() tea.Msg { return save(path, places, sh.text(of)) })
	})
}

// savePlaces are where files may be made. What belongs to containers is none of
// them: as root that could go anywhere.
func (m *Model) savePlaces() record.Places {
	dirs := slices.Clone(m.about.Paths)
	for i := range m.all {
		if c := m.all[i].Config; c != nil {
			dirs = append(dirs, c.Roots...)
		}
		dirs = append(dirs, m.all[i].Path)
	}
	slices.Sort(dirs)
	return record.Places{Own: m.saveDir, Refuse: slices.Compact(dirs)}
}

// save writes a text and its last line end.
func save(path string, places record.Places, text string) savedMsg {
	f, err := record.Create(path, places)
	if err != nil {
		return savedMsg{path: path, err: err}
	}
	n, err := io.WriteString(f, text+"\n")
	if err = errors.Join(err, f.Close()); err != nil {
		err = fmt.Errorf("save %s: %w", f.Name(), err)
	}
	return savedMsg{f.Name(), n, err}
}

// cause is an error without its path, which is long and stands behind it.
func cause(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return err.Error()
}

// innermost is what the kernel or the recording itself has said.
func innermost(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}

func (m *Model) onSaved(msg savedMsg) {
	if msg.err != nil {
		m.say(noteError, "not saved: "+cause(msg.err), msg.path)
		return
	}
	m.say(noteInfo, fmt.Sprintf("saved %d bytes to %s", msg.size, msg.path), "")
}

// recordShell begins to record the session in focus, or ends that.
func (m *Model) recordShell() tea.Cmd {
	sh := m.shells.shown()
	switch {
	case sh == nil || sh.over:
		return nil
	case sh.recording():
		return m.endRecording(sh)
	case sh.comingUp():
		m.say(noteWarn, "not recorded: the session in "+m.called(sh.ref())+" is not open yet", "wait until it is")
		return nil
	}
	return m.askFile("Record "+m.called(sh.ref()), "What it shows, not what is typed.", "records", sh.ref(), "cast", func(path string) tea.Cmd {
		places, id := m.savePlaces(), sh.id
		o := record.Options{Cols: sh.size[0], Rows: sh.size[1], Title: m.called(sh.ref()), Term: "xterm-256color"}
		return cmd("record", func() tea.Msg {
			f, err := record.Create(path, places)
			if err != nil {
				return recordingMsg{id: id, path: path, err: err}
			}
			return recordingMsg{id, f.Name(), record.Start(f, o), nil}
		})
	})
}

// recording says whether the session is recorded.
func (sh *shell) recording() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.rec != nil
}

// onRecording lets the output through to the recording, which begins with what
// stands on the screen.
func (m *Model) onRecording(msg recordingMsg) tea.Cmd {
	if msg.err != nil {
		m.say(noteError, "not recorded: "+cause(msg.err), msg.path)
		return nil
	}
	sh := m.shells.byID(msg.id)
	if sh == nil || sh.over || sh.recording() {
		return cmd("end the recording", func() tea.Msg {
			return recordedMsg{path: msg.path, size: msg.cast.Written(), err: msg.cast.Close()}
		})
	}
	sh.record(msg.cast)
	sh.recPath = msg.path
	m.casts = append(m.casts, msg.cast)
	m.say(noteInfo, m.called(sh.ref())+" is recorded to "+msg.path, m.prefixName()+" R ends it")
	return cmd("recording", func() tea.Msg { // its own end, such as a full disk
		<-msg.cast.Done()
		return recordedMsg{msg.cast, msg.path, msg.cast.Written(), msg.cast.Failed()}
	})
}

// record begins a recording with what stands on the screen; nil ends the one
// there was, and gives it.
func (sh *shell) record(to *record.Cast) (was *record.Cast) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if to != nil {
		to.Resize(sh.term.Size())
		to.Output(sh.term.AppendState(nil))
	}
	was, sh.rec = sh.rec, to
	return was
}

// endRecording ends it off the loop; its Done tells.
func (m *Model) endRecording(sh *shell) tea.Cmd {
	if rec := sh.record(nil); rec != nil {
		rec.Stop()
	}
	return nil
}

func (m *Model) onRecorded(msg recordedMsg) {
	m.casts = slices.DeleteFunc(m.casts, func(c *record.Cast) bool { return c == msg.cast })
	for _, sh := range m.shells.all {
		if sh.recPath == msg.path {
			_ = m.endRecording(sh)
			sh.recPath = ""
		}
	}
	if msg.err != nil {
		m.say(noteError, "the recording ended: "+innermost(msg.err), "it can be played up to there: "+msg.path)
		return
	}
	m.say(noteInfo, fmt.Sprintf("recorded %d KiB to %s", (msg.size+1023)>>10, msg.path), "")
}
