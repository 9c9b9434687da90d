package tui

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// textLine is one line of text being typed.
type textLine struct {
	text []rune
	at   int // place of the cursor
}

// textLimit is far more than any filter or command, and little enough to paint.
const textLimit = 500

func (l *textLine) set(s string) {
	l.text = []rune(s)
	l.at = len(l.text)
}

func (l *textLine) String() string { return string(l.text) }

// behind is how many characters stand behind the cursor.
func (l *textLine) behind() int { return len(l.text) - l.at }

// insert adds text at the cursor; control characters and line ends become
// blanks, so that a pasted paragraph stays one line.
func (l *textLine) insert(s string) {
	for _, r := range strings.TrimRight(s, "\r\n") {
		if len(l.text) >= textLimit {
			return
		}
		if unicode.IsControl(r) {
			r = ' '
		}
		l.text = append(l.text[:l.at], append([]rune{r}, l.text[l.at:]...)...)
		l.at++
	}
}

// key edits the line; false = the key means nothing to a line of text.
func (l *textLine) key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left", "ctrl+b":
		l.at = max(0, l.at-1)
	case "right", "ctrl+f":
		l.at = min(len(l.text), l.at+1)
	case "home", "ctrl+a":
		l.at = 0
	case "end", "ctrl+e":
		l.at = len(l.text)
	case "backspace", "ctrl+h":
		l.cut(max(0, l.at-1), l.at)
	case "delete", "ctrl+d":
		l.cut(l.at, min(len(l.text), l.at+1))
	case "ctrl+u":
		l.cut(0, l.at)
	case "ctrl+k":
		l.cut(l.at, len(l.text))
	case "ctrl+w":
		l.cut(l.wordStart(), l.at)
	default:
		if k.Text == "" {
			return false
		}
		l.insert(k.Text)
	}
	return true
}

func (l *textLine) cut(from, to int) {
	l.text = append(l.text[:from], l.text[to:]...)
	l.at = from
}

func (l *textLine) wordStart() int {
	i := l.at
	for i > 0 && l.text[i-1] == ' ' {
		i--
	}
	for i > 0 && l.text[i-1] != ' ' {
		i--
	}
	return i
}
