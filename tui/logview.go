package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

const (
	// logBusyPause is the time between two looks at a log that grows, and logIdlePause
	// at one that does not.
	logBusyPause, logIdlePause = 150 * time.Millisecond, 400 * time.Millisecond
	// logShare is which part of the time is spent reading at most, as one of so many; a
	// search counts for logRest at most.
	logShare, logRest = 4, 2 * time.Second
	// logWaitPause is how often it is painted how far a search is.
	logWaitPause = 250 * time.Millisecond
	// logSlow is after which time a search is told of.
	logSlow = 300 * time.Millisecond
)

// logRule is a filter that a person has set.
type logRule struct {
	text  string
	out   bool // lines that match are left out
	match *logfile.Matcher
}

// logView reads the logs of a container, or of several by time. What is wanted of
// them is asked off the loop, one thing at a time; keys that come meanwhile are
// gathered.
type logView struct {
	reader
	title    string
	list     logList
	choosing bool // keys go to the list
	back     bool // it was opened from the text

	open string   // name of the log that is shown
	text *logText // nil = none is
	page logPage  // what was read last
	had  bool     // something was
	err  error    // why the last reading failed

	next   *logAsk // what is wanted when the one that is out is back
	goal   logAsk  // the one that is out
	halted bool    // what was looked through is not to be gone on with by itself

	left   int
	wrap   bool
	bare   bool
	match  *logfile.Matcher
	asText bool // match was meant as a pattern, and is none
	up     bool // the last search went up
	rules  []logRule
	level  logfile.Level // lines of less are left out
	filter *logfile.Filter

	prompt string // what is typed: "/", "&", "!", "time: "; "" = nothing
	typed  textLine
	when   string // the moment that was typed last
	note   string
}

func (m *Model) logHandlers() map[keymap.ID]func() tea.Cmd {
	all := map[keymap.ID]func() tea.Cmd{keymap.Logs: m.openLogs}
	for id, f := range logActs() {
		all[id] = func() tea.Cmd {
			if x := m.logsOpen(); x != nil {
				return f(x, m)
			}
			return nil
		}
	}
	return all
}

// openLogs looks for the logs of the marked containers, or of the selected one.
func (m *Model) openLogs() tea.Cmd {
	targets := m.targets()
	if len(targets) == 0 {
		return nil
	}
	x := &logView{choosing: true, title: m.called(targets[0].Ref)}
	for i := range targets[:min(len(targets), mostLogs)] {
		x.list.of = append(x.list.of, targets[i].Ref)
	}
	if n := len(targets); n > 1 {
		x.list.more = max(0, n-mostLogs)
		x.title = plural(n-x.list.more, "container")
		if x.list.more > 0 {
			m.say(noteWarn, fmt.Sprintf("%d are marked: logs of the first %d alone", n, mostLogs), "")
		}
	}
	m.overlay = x
	return x.fetchList(m)
}

// logsOpen is the view, be it below something else; nil = it is not open.
func (m *Model) logsOpen() *logView { return opened[*logView](m) }

// openText shows a log at its end.
func (x *logView) openText(m *Model, e logEntry) tea.Cmd {
	shut := x.letGo()
	x.text, x.open = newLogText(m.rt, e.wants), e.name
	x.page, x.had, x.err, x.left, x.note, x.halted = logPage{}, false, nil, 0, "", false
	return tea.Batch(shut, x.ask(m, logAsk{to: logEnd}))
}

// letGo closes the log that is shown; what reads it is ended first.
func (x *logView) letGo() tea.Cmd {
	text := x.text
	if text == nil {
		return nil
	}
	if x.stop != nil {
		x.stop()
	}
	x.gen++ // what comes back of it is a stranger
	x.text, x.out, x.next = nil, false, nil
	return cmd("log", func() tea.Msg { _ = text.close(); return nil })
}

// close leaves the view.
func (x *logView) close(m *Model) tea.Cmd {
	shut := x.letGo()
	return tea.Batch(shut, x.leave(m))
}

// names are those of the containers, where there are several.
func (x *logView) names() []string {
	if x.text == nil || len(x.text.wants) < 2 {
		return nil
	}
	out := make([]string, len(x.text.wants))
	for i := range x.text.wants {
		out[i] = x.text.wants[i].name
	}
	return out
}

// rows is how many rows are read for a screen.
func (x *logView) rows(m *Model) int { return max(1, m.theme.LogPage(x.state(m), m.layout.H)) }

// slow says whether an ask may have to look through gigabytes.
func (a *logAsk) slow() bool { return a.to == logFinds || a.filter != nil && !a.still }

// ask reads the log as it is wanted, now or when what is out is back.
func (x *logView) ask(m *Model, a logAsk) tea.Cmd {
	if x.text == nil {
		return nil
	}
	if x.out {
		if x.next != nil && x.next.to == logMoves && a.to == logMoves {
			a.by += x.next.by
		}
		x.next = &a
		if x.outdated(m) {
			x.stop()
		}
		return nil
	}
	x.next = nil
	a.page, a.bare, a.match, a.filter = x.rows(m), x.bare, x.match, x.filter
	a.shape = views.LogShape{Width: views.LogWidth(x.names(), m.layout.W), Left: x.left, Wrap: x.wrap}
	if a.key {
		x.halted = false
	}
	a.still = x.halted
	x.goal = a
	within := readDeadline
	if a.slow() {
		within = 0 // a key ends it
	}
	text, now := x.text, m.clock.Now()
	act := fetch(m, x, "log", within, func(ctx context.Context) (logPage, error) { return text.read(ctx, a, now) })
	if a.slow() {
		return tea.Batch(act, next(m, x, logWaitPause))
	}
	return act
}

// slowed says whether the reading that is out looks through much.
func (x *logView) slowed(m *Model) bool {
	return x.out && x.goal.slow() && m.clock.Now().Sub(x.began) >= logSlow
}

// outdated says whether what is wanted next matters more than the reading that is out:
// that looks through much, or by a filter that was changed.
func (x *logView) outdated(m *Model) bool {
	return x.next != nil && (x.slowed(m) || x.goal.slow() && x.goal.filter != x.filter)
}

// took shows what was read, and asks for what is wanted next.
func (x *logView) took(m *Model, got logPage, err error) tea.Cmd {
	x.err = err
	if err == nil {
		x.page, x.had, x.left = got, true, got.left
		if got.note != "" && (x.next == nil || x.next.to != logFinds) { // else the next one says
			x.note = got.note
			if x.asText && x.goal.to == logFinds {
				x.note += ": " + noPattern
			}
		}
		x.up = x.up != got.turned
	}
	if x.next != nil {
		return x.ask(m, *x.next)
	}
	if err != nil && !x.had {
		return nil // a key tries again
	}
	pause := logIdlePause
	if got.fresh {
		pause = logBusyPause
	}
	return next(m, x, max(pause, min(logRest, logShare*m.clock.Now().Sub(x.began))))
}

// due looks for what is new, or lets it be painted how far a search is.
func (x *logView) due(m *Model) tea.Cmd {
	switch {
	case x.out:
		if x.outdated(m) { // it has become slow since
			x.stop()
		}
		return next(m, x, logWaitPause)
	case m.held:
		return next(m, x, logIdlePause)
	default:
		return x.ask(m, logAsk{})
	}
}

// again reads what is on screen in another shape.
func (x *logView) again(m *Model) tea.Cmd { return x.ask(m, logAsk{key: true}) }

// setFilter makes one of the rules and the level.
func (x *logView) setFilter(m *Model) tea.Cmd {
	x.filter = nil
	if len(x.rules) > 0 || x.level != logfile.NoLevel {
		f := &logfile.Filter{}
		for _, r := range x.rules {
			if r.out {
				f.Out = append(f.Out, r.match)
			} else {
				f.In = append(f.In, r.match)
			}
		}
		if least := x.level; least != logfile.NoLevel {
			f.Too = func(line []byte) bool { return logfile.LevelOf(line) >= least }
		}
		x.filter = f
	}
	return x.again(m)
}

// filterWords says what is left out.
func (x *logView) filterWords() string {
	var parts []string
	for _, r := range x.rules {
		how := "with "
		if r.out {
			how = "without "
		}
		parts = append(parts, how+r.text)
	}
	switch x.level {
	case logfile.Info:
		parts = append(parts, "of level info or worse")
	case logfile.Warn:
		parts = append(parts, "of warnings or worse")
	case logfile.Error:
		parts = append(parts, "of errors")
	}
	if len(parts) == 0 {
		return ""
	}
	return "only lines " + strings.Join(parts, ", ")
}

func (x *logView) paint(m *Model) views.Block { return m.theme.Log(x.state(m), m.layout.W, m.layout.H) }

func (x *logView) state(m *Model) *views.LogState {
	p := &x.page
	s := &views.LogState{
		Title: x.title, Names: x.names(), Rows: p.rows, Stands: !p.follow, At: p.at, Size: p.size, Waits: p.waits,
		Follow: p.follow && p.ended == "", Filter: x.filterWords(), Note: x.note, Warn: p.warn, Say: m.noticeState(),
		Prompt: x.prompted(), Typed: x.typed.String(), Behind: x.typed.behind(),
		List: views.LogListState{Items: x.items(m), Cursor: x.list.at, Offset: x.list.top, Focus: x.choosing},
	}
	if l := &x.list; l.filter != "" {
		s.List.Empty = "no log has that in its name"
		if x.choosing && x.note == "" {
			s.Note = fmt.Sprintf("%d of %d with %s", len(l.entries), len(l.all), views.Clean(l.filter))
		}
	}
	x.list.top = views.Scroll(x.list.at, x.list.top, len(x.list.entries), m.theme.LogPage(s, m.layout.H))
	s.List.Offset = x.list.top
	if p.ended != "" && p.warn == "" {
		s.Warn = "no more comes: " + p.ended
	}
	if x.text == nil {
		s.Title = "Logs of " + x.title
	} else {
		s.Source = x.open
		if of := len(x.list.of); of > 1 {
			s.Title = fmt.Sprintf("%d of %d containers", len(x.text.wants), of)
		}
	}
	if x.slowed(m) {
		s.Busy, s.Doing, s.Done = m.clock.Now().Sub(x.began), "searches", float64(x.text.done.Load())/1000
		if x.goal.to != logFinds {
			s.Doing = "filters"
		}
	}
	x.empty(s)
	s.Hints = x.hints(m)
	return s
}

// empty says why there is no row.
func (x *logView) empty(s *views.LogState) {
	l := &x.list
	if len(l.all) == 0 {
		s.List.Focus = false
	}
	switch {
	case x.text == nil && !l.read:
		s.Empty = "looking for logs ..."
	case x.text == nil && l.err() != nil && len(l.all) == 0:
		s.Empty = "The logs were not found: " + logWords(l.err())
	case x.text == nil && len(l.all) == 0:
		s.Empty = "No log is kept. lxc.log.file and lxc.console.logfile in a config name files, lxc.console.buffer.size keeps " +
			"what the console has shown, and what is below /var/log inside, or in its journal, is listed here once it is there."
	case x.text == nil:
		s.Empty = "choose a log: enter opens it"
	case x.err != nil:
		s.Empty, s.Rows = "It cannot be read: "+logWords(x.err), nil
	case !x.had:
		s.Empty = "opening ..."
	case s.Size == 0:
		s.Empty = "nothing is in it"
	case x.filter != nil && x.page.cut:
		s.Empty = "not all was looked through: a key that moves goes on"
	case x.filter != nil:
		s.Empty = "no line is like that"
	}
}

// logWords is an error and what to do about it.
func logWords(err error) string {
	text := err.Error()
	e := (*runtime.Error)(nil)
	switch {
	case errors.As(err, &e) && e.Hint != "":
		text += ". " + e.Hint
	case errors.Is(err, logfile.ErrNotRegular):
		text += ". What is none may lead elsewhere, or never answer, and is not read"
	case errors.Is(err, runtime.ErrPermission), errors.Is(err, fs.ErrPermission):
		text += ". Root can read it, or whoever it belongs to"
	}
	return strings.ReplaceAll(text, "\n", "; ")
}

// hints are what keys do now.
func (x *logView) hints(m *Model) []keymap.Hint {
	var out []keymap.Hint
	add := func(id keymap.ID, text string) {
		if key := m.keys.KeyOf(id); key != "" {
			out = append(out, keymap.Hint{Key: key, Text: text})
		}
	}
	switch {
	case x.text == nil && len(x.list.all) == 0, x.text != nil && x.err != nil && !x.choosing:
		add(keymap.Back, "back")
		add(keymap.Refresh, "tries again")
		return out
	case x.choosing && x.list.filter != "":
		add(keymap.LogOpen, "opens")
		add(keymap.Back, "shows all")
		add(keymap.LogFind, "filters")
		return out
	case x.choosing:
		add(keymap.LogOpen, "opens")
		add(keymap.Back, "back")
		add(keymap.LogFind, "filters")
		add(keymap.Refresh, "looks again")
		return out
	}
	add(keymap.Back, "back")
	add(keymap.LogFind, "search")
	if x.match != nil {
		next, key := "down, up", keymap.KeyName(m.keys.KeyOf(keymap.LogNext))+" "+m.keys.KeyOf(keymap.LogPrev)
		if x.up {
			next = "up, down"
		}
		out = append(out, keymap.Hint{Key: key, Text: next})
	}
	add(keymap.LogFilter, "only")
	add(keymap.LogHide, "without")
	if x.filter != nil {
		add(keymap.LogUnfilter, "takes back")
	}
	add(keymap.HelpKey, "help")
	add(keymap.LogWrap, "wrap")
	add(keymap.LogJump, "to a time")
	add(keymap.LogLevel, "level")
	add(keymap.LogCopy, "copy")
	add(keymap.LogSave, "save")
	if len(x.list.all) > 1 {
		add(keymap.LogList, "other logs")
	}
	return slices.Clip(out)
}
