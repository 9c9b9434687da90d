package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/tui/vt"
)

// onShellKey is a key while a session has the focus: the prefix and what
// follows it are ours, all else is typed, into many sessions where that was
// asked for.
func (m *Model) onShellKey(sh *shell, k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	switch {
	case m.many.on && m.keys.IsPrefix(key):
		return m.stopMany()
	case m.many.on:
		m.many.press(m, k)
		return nil
	case sh.armed:
		sh.armed = false
		return m.onPrefixed(key)
	case m.keys.IsPrefix(key):
		sh.armed = true
		return nil
	case sh.scroll != nil:
		return m.onScrollKey(sh, k)
	case sh.over:
		if key == "q" || key == "esc" {
			m.notices.read(key)
			return m.dismissShell()
		}
		return nil
	case sh.op.console:
		return m.onConsoleKey(sh, k)
	default:
		m.typeInto(sh, sh.encodeKey(k))
		return nil
	}
}

// consoleEscape and consoleLeave are how lxc-console is left; the first twice
// sends one.
const (
	consoleEscape = "ctrl+a"
	consoleLeave  = "q"
)

// onConsoleKey is a key for a console, which is also left as lxc-console is.
func (m *Model) onConsoleKey(sh *shell, k tea.KeyPressMsg) tea.Cmd {
	key, escaped := k.String(), sh.escaped
	sh.escaped = false
	switch {
	case escaped && key == consoleLeave:
		return m.leaveShell()
	case escaped && key != consoleEscape:
		m.typeInto(sh, sh.encodeKey(pressOf(consoleEscape)))
	case !escaped && key == consoleEscape:
		sh.escaped = true
		return nil
	}
	m.typeInto(sh, sh.encodeKey(k))
	return nil
}

// onPrefixed is the key behind the prefix. One that means nothing says so: what
// was typed for the shell is lost otherwise, and nobody knows why.
func (m *Model) onPrefixed(key string) tea.Cmd {
	m.notices.read(key)
	m.lastKey = key
	if sh := m.shells.shown(); sh != nil && sh.op.console && key == consoleLeave && m.keys.Prefix() == consoleEscape {
		return m.leaveShell() // before what q means everywhere
	}
	a, ok := m.keys.Lookup(keymap.Shell, key)
	if !ok {
		m.say(noteWarn, m.prefixName()+" "+keymap.KeyName(key)+" means nothing", m.keyDoes(keymap.ShellHelp, "lists what does"))
		return nil
	}
	return m.do(a)
}

// typeInto queues bytes for a session.
func (m *Model) typeInto(sh *shell, b []byte) {
	if sh.over {
		return
	}
	sh.fit() // what is typed after a resize is for the new size
	if err := sh.out.put(b); errors.Is(err, errOutboxFull) {
		m.say(noteWarn, m.called(sh.ref())+": "+err.Error()+"; what was typed now is lost", "")
	}
}

func (m *Model) pasteInto(sh *shell, text string) {
	m.typeInto(sh, vt.EncodePaste(text, sh.modes()))
}

// sendPrefix types the prefix itself.
func (m *Model) sendPrefix() tea.Cmd {
	if sh := m.shells.shown(); sh != nil {
		m.typeInto(sh, sh.encodeKey(pressOf(m.keys.Prefix())))
	}
	return nil
}

// pasteShell takes a paste while a session has the focus; false = it takes no
// text now.
func (m *Model) pasteShell(sh *shell, text string) bool {
	sh.armed = false
	switch {
	case m.many.on:
		m.many.paste(m, text)
	case sh.scroll != nil && sh.scroll.prompt != "":
		sh.scroll.line.insert(text)
	case sh.over || sh.scroll != nil:
		return false
	default:
		m.pasteInto(sh, text)
	}
	return true
}
