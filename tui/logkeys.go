package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

// keepPage is how many rows of a page stay on screen when it turns.
const keepPage = 1

// logActs are what the keys of the view do.
func logActs() map[keymap.ID]func(*logView, *Model) tea.Cmd {
	prompt := func(sign string) func(*logView, *Model) tea.Cmd {
		return func(x *logView, _ *Model) tea.Cmd { x.prompt, x.note, x.typed = sign, "", textLine{}; return nil }
	}
	page := func(by int) func(*logView, *Model) tea.Cmd {
		return func(x *logView, m *Model) tea.Cmd { return x.moves(m, by*max(1, x.rows(m)-keepPage)) }
	}
	aside := func(by int) func(*logView, *Model) tea.Cmd {
		return func(x *logView, m *Model) tea.Cmd { return x.aside(m, by*max(1, m.layout.W/3)) }
	}
	return map[keymap.ID]func(*logView, *Model) tea.Cmd{
		keymap.LogFind:     prompt("/"),
		keymap.LogFilter:   prompt("&"),
		keymap.LogHide:     prompt("!"),
		keymap.LogJump:     prompt(timePrompt),
		keymap.LogNext:     func(x *logView, m *Model) tea.Cmd { return x.nextMatch(m, x.up) },
		keymap.LogPrev:     func(x *logView, m *Model) tea.Cmd { return x.nextMatch(m, !x.up) },
		keymap.LogUnfilter: (*logView).unfilter,
		keymap.LogLevel:    (*logView).nextLevel,
		keymap.LogStamps:   func(x *logView, m *Model) tea.Cmd { x.bare = !x.bare; return x.again(m) },
		keymap.LogWrap:     func(x *logView, m *Model) tea.Cmd { x.wrap, x.left = !x.wrap, 0; return x.again(m) },
		keymap.LogLeft:     aside(-1),
		keymap.LogRight:    aside(1),
		keymap.LogStart:    func(x *logView, m *Model) tea.Cmd { return x.aside(m, -x.left) },
		keymap.LogFollow:   func(x *logView, m *Model) tea.Cmd { return x.ask(m, logAsk{to: logEnd, key: true}) },
		keymap.LogPageUp:   page(-1),
		keymap.LogPageDown: page(1),
		keymap.LogOpen:     func(x *logView, m *Model) tea.Cmd { return x.moves(m, 1) },
		keymap.LogList:     func(x *logView, m *Model) tea.Cmd { x.choosing, x.back = true, true; return x.fetchList(m) },
		keymap.LogBefore:   func(x *logView, m *Model) tea.Cmd { return x.stepEntry(m, -1) },
		keymap.LogAfter:    func(x *logView, m *Model) tea.Cmd { return x.stepEntry(m, 1) },
		keymap.LogCopy:     (*logView).copyMenu,
		keymap.LogSave:     (*logView).saveForm,
	}
}

const (
	// timePrompt stands before a moment that is typed.
	timePrompt = "time: "
	// listPrompt stands before a part of the names in the list of logs.
	listPrompt = "names with: "
)

// prompted is what stands before what is typed: of a moment also which was the last,
// until something is typed.
func (x *logView) prompted() string {
	if x.prompt == timePrompt && x.when != "" && len(x.typed.text) == 0 {
		return "time, up is " + views.Clean(x.when) + ": "
	}
	return x.prompt
}

func (x *logView) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if x.prompt != "" {
		return x.typing(m, k)
	}
	m.notices.read(k.String())
	x.note = ""
	a, ok := m.keys.Lookup(keymap.LogText, k.String())
	if !ok {
		return nil
	}
	switch a.ID {
	case keymap.Quit:
		return x.close(m)
	case keymap.FreezeView:
		return m.do(a)
	case keymap.HelpKey, keymap.Messages, keymap.Palette:
		return m.aside(x, keymap.LogText, a, x.close)
	}
	if x.choosing || x.text == nil {
		return x.listKey(m, a)
	}
	if a.Scope == keymap.LogText {
		return m.do(a)
	}
	return x.textKey(m, a)
}

// textKey is a key of everywhere while a log is read.
func (x *logView) textKey(m *Model, a keymap.Action) tea.Cmd {
	half := max(1, x.rows(m)/2)
	switch a.ID {
	case keymap.Up:
		return x.moves(m, -1)
	case keymap.Down:
		return x.moves(m, 1)
	case keymap.PageUp:
		return x.moves(m, -half)
	case keymap.PageDown:
		return x.moves(m, half)
	case keymap.Top:
		return x.ask(m, logAsk{to: logBegin, key: true})
	case keymap.Bottom:
		return x.ask(m, logAsk{to: logEnd, key: true})
	case keymap.NextPane:
		if len(x.list.all) > 1 {
			x.choosing, x.back = true, true
		}
	case keymap.Refresh:
		if x.err != nil && !x.had {
			return x.reopen(m)
		}
		return tea.Batch(x.fetchList(m), x.again(m))
	case keymap.Back, keymap.Interrupt:
		return x.stepBack(m)
	}
	return nil
}

// reopen tries once more to open what could not be.
func (x *logView) reopen(m *Model) tea.Cmd {
	if i := slices.IndexFunc(x.list.all, func(e logEntry) bool { return e.name == x.open }); i >= 0 {
		return x.openText(m, x.list.all[i])
	}
	return x.fetchList(m)
}

// stepBack undoes one thing: a search under way, its marks, the filters; then it goes
// back to the list, or leaves.
func (x *logView) stepBack(m *Model) tea.Cmd {
	switch {
	case x.out && x.goal.to == logFinds, x.slowed(m):
		x.halted, x.next = true, nil
		x.stop()
	case x.match != nil:
		x.match = nil
		return x.again(m)
	case x.filter != nil:
		x.rules, x.level = nil, logfile.NoLevel
		return x.setFilter(m)
	case len(x.list.all) > 1:
		x.choosing, x.back = true, false
		return x.fetchList(m)
	default:
		return x.close(m)
	}
	return nil
}

func (x *logView) moves(m *Model, by int) tea.Cmd {
	return x.ask(m, logAsk{to: logMoves, by: by, key: true})
}

// wheel moves by rows, in the list or in the text.
func (x *logView) wheel(m *Model, by int) tea.Cmd {
	switch {
	case x.prompt != "":
		return nil
	case x.choosing || x.text == nil:
		x.list.move(x.list.at + by)
		return nil
	}
	return x.moves(m, by)
}

// aside goes left or right.
func (x *logView) aside(m *Model, by int) tea.Cmd {
	if x.wrap {
		x.note = "long lines are wrapped: " + m.keys.KeyOf(keymap.LogWrap) + " ends that"
		return nil
	}
	x.left = max(0, min(x.left+by, maxAside))
	return x.again(m)
}

// maxAside is how far to the right the screen goes at most, in cells: a line comes in
// pieces of that many bytes, each of which may take four cells.
const maxAside = 4 * logfile.MaxLine

func (x *logView) nextMatch(m *Model, back bool) tea.Cmd {
	if x.match == nil {
		x.note = "nothing was searched for yet: " + m.keys.KeyOf(keymap.LogFind) + " searches"
		return nil
	}
	return x.ask(m, logAsk{to: logFinds, back: back, key: true})
}

// nextLevel leaves out what is less than info, than a warning, than an error.
func (x *logView) nextLevel(m *Model) tea.Cmd {
	switch x.level {
	case logfile.NoLevel:
		x.level = logfile.Info
	case logfile.Info:
		x.level = logfile.Warn
	case logfile.Warn:
		x.level = logfile.Error
	default:
		x.level = logfile.NoLevel
	}
	return x.setFilter(m)
}

// unfilter takes the last filter back.
func (x *logView) unfilter(m *Model) tea.Cmd {
	switch {
	case len(x.rules) > 0:
		x.rules = x.rules[:len(x.rules)-1]
	case x.level != logfile.NoLevel:
		x.level = logfile.NoLevel
	default:
		x.note = "all lines are shown"
		return nil
	}
	return x.setFilter(m)
}

// typing is a key while it is typed what to search or to filter for, or a moment.
func (x *logView) typing(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if x.prompt == listPrompt {
		x.picking(k)
		return nil
	}
	switch k.String() {
	case "esc", "ctrl+c":
		x.prompt = ""
	case "enter":
		how, text := x.prompt, x.typed.String()
		x.prompt, x.note = "", "" // what was told meanwhile is of what was before
		return x.entered(m, how, text)
	case "backspace", "ctrl+h":
		if len(x.typed.text) == 0 {
			x.prompt = ""
			return nil
		}
		x.typed.key(k)
	case "up", "ctrl+p":
		if x.prompt == timePrompt {
			x.typed.set(x.when)
		}
	default:
		x.typed.key(k)
	}
	return nil
}

// picking is a key while a part of the names in the list is typed: the list follows
// at once, as that of containers does.
func (x *logView) picking(k tea.KeyPressMsg) {
	l := &x.list
	switch key := k.String(); {
	case key == "enter":
		x.prompt = ""
		if l.filter != "" {
			l.move(0)
		}
		return
	case key == "esc", key == "ctrl+c", (key == "backspace" || key == "ctrl+h") && len(x.typed.text) == 0:
		x.prompt = ""
		l.narrow("")
		return
	case key == "up", key == "ctrl+p":
		l.move(l.at - 1)
		return
	case key == "down", key == "ctrl+n":
		l.move(l.at + 1)
		return
	}
	x.typed.key(k)
	l.narrow(x.typed.String())
}

// entered does what was typed.
func (x *logView) entered(m *Model, how, text string) tea.Cmd {
	switch {
	case how == timePrompt:
		if text == "" {
			return nil
		}
		x.when = text
		at, err := logfile.ParseMoment(text, inDay(m.clock.Now()))
		if err != nil {
			x.note = err.Error()
			return nil
		}
		return x.ask(m, logAsk{to: logTime, at: at, key: true})
	case text == "" && how == "/": // as less(1): the same once more
		return x.nextMatch(m, x.up)
	case text == "" && how == "&":
		x.rules, x.level = nil, logfile.NoLevel
		return x.setFilter(m)
	case text == "":
		return nil
	}
	match, asText, err := logPattern(text)
	if err != nil {
		x.note = err.Error()
		return nil
	}
	if asText {
		x.note = noPattern
	}
	if how == "/" {
		// Whoever follows wants what was before.
		x.match, x.asText, x.up = match, asText, x.page.follow
		return x.ask(m, logAsk{to: logFinds, back: x.up, turns: true, key: true})
	}
	x.rules = append(x.rules[:len(x.rules):len(x.rules)], logRule{text, how == "!", match})
	return x.setFilter(m)
}

// paste goes into what is typed.
func (x *logView) paste(_ *Model, text string) bool {
	if x.prompt == "" {
		return false
	}
	x.typed.insert(text)
	if x.prompt == listPrompt {
		x.list.narrow(x.typed.String())
	}
	return true
}
