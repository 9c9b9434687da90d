package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

// copyLimit is the most a container may put into the clipboard at once.
const copyLimit = 64 << 10

const (
	// wishPause is the least time between two wishes of a session that are told:
	// a container must not push all else out of the status line and the messages.
	wishPause = 2 * time.Second
	// copyPause is the same for copies that were allowed.
	copyPause = 100 * time.Millisecond
)

// onCopyWish tells of what a container wants to copy (OSC 52), or copies it
// when that was allowed for the session. It takes no focus.
func (m *Model) onCopyWish(sh *shell) tea.Cmd {
	text := sh.wish()
	if text == "" || !sh.mayCopy && text == sh.told {
		return nil
	}
	pause := wishPause
	if sh.mayCopy {
		pause = copyPause
	}
	now := m.clock.Now()
	if rest := pause - now.Sub(sh.toldAt); rest > 0 && text != sh.told {
		if sh.toldNext.After(now) {
			return nil // the timer runs
		}
		sh.toldNext = now.Add(rest)
		return m.clock.After(rest, paintMsg{sh.id})
	}
	sh.told, sh.toldAt = text, now
	m.paint.all = true
	if len(text) > copyLimit {
		sh.forgetWish()
		m.say(noteWarn, fmt.Sprintf("%s wanted to copy %d KiB: refused, 64 KiB at most", m.called(sh.ref()), len(text)>>10), "")
		return nil
	}
	if sh.mayCopy {
		sh.forgetWish()
		m.say(noteInfo, fmt.Sprintf("%s copied %d B", m.called(sh.ref()), len(text)), "")
		if z := m.raw; z != nil { // what is given to Bubble Tea would wait for its end
			return cmd("copy", func() tea.Msg { z.clip(text); return nil })
		}
		return tea.SetClipboard(text)
	}
	wants := fmt.Sprintf("%s wants to copy %d B: %s c allows", m.called(sh.ref()), len(text), m.prefixName())
	m.say(noteWarn, wants, preview(text))
	if z := m.raw; z != nil && z.sh == sh {
		z.tell(" " + wants + " ")
	}
	return nil
}

// allowCopy lets the shown session copy what it asked to, and from then on.
func (m *Model) allowCopy() tea.Cmd {
	sh := m.shells.shown()
	if sh == nil {
		return nil
	}
	sh.mayCopy = true
	if sh.wish() == "" {
		m.say(noteInfo, m.called(sh.ref())+" may copy now, until its session ends", "")
		return nil
	}
	return m.onCopyWish(sh)
}

// preview is the beginning of a text, for a notice; views clean it.
func preview(text string) string {
	const most = 40
	r := []rune(text)
	if len(r) > most {
		r = append(r[:most], '…')
	}
	return string(r)
}

// wish is what the container wants to copy; "" = nothing.
func (sh *shell) wish() string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.asks = false
	return sh.copies
}

// wishes says whether there is a wish that the loop has not looked at.
func (sh *shell) wishes() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.asks
}

func (sh *shell) forgetWish() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.copies = ""
}
