package tui

import (
	"cmp"
	"path"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// What stands before what is typed.
const (
	goPrompt         = "go to: "
	ownerPrompt      = "owner UID[:GID]: "
	filterPromptSign = "/"
)

func (x *filesView) ask(sign, text string) tea.Cmd {
	if sign == filterPromptSign && x.pane().moving() {
		return nil
	}
	x.prompt, x.was, x.typed = sign, text, textLine{}
	x.typed.set(text)
	return nil
}

// typing is a key in a path or a filter. What is typed filters at once.
func (x *filesView) typing(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch s := k.String(); {
	case s == "esc" || s == "ctrl+c" || s == "backspace" && len(x.typed.text) == 0:
		if x.prompt == filterPromptSign {
			x.typed.set("")
			x.filters(m)
		}
		x.prompt = ""
	case s == "enter":
		sign, text := x.prompt, x.typed.String()
		x.prompt = ""
		switch {
		case sign == goPrompt && strings.TrimSpace(text) != "":
			return x.goTyped(m, text)
		case sign == ownerPrompt && !m.takeOwner(strings.TrimSpace(text)):
			x.prompt = ownerPrompt // what was typed stays, to be put right
		}
	case (s == "up" || s == "down") && x.prompt == filterPromptSign:
		by := 1
		if s == "up" {
			by = -1
		}
		x.wheel(m, by)
	default:
		x.typed.key(k)
		x.filters(m)
	}
	return nil
}

// filters takes what is typed as the filter.
func (x *filesView) filters(m *Model) {
	if x.prompt != filterPromptSign {
		return
	}
	x.pane().filter = x.typed.String()
	x.pane().arrange(m.files.sort, m.files.dots)
	x.scroll(m)
}

// goTyped goes to a path, from where one is if it does not begin at the root.
func (x *filesView) goTyped(m *Model, text string) tea.Cmd {
	p := x.pane()
	if !path.IsAbs(text) {
		text = path.Join(cmp.Or(p.dir, p.going.dir), text)
	}
	return x.goes(m, x.side, goTo{dir: text, stay: true})
}

// paste goes into what is typed.
func (x *filesView) paste(m *Model, text string) bool {
	if x.prompt == "" {
		return false
	}
	x.typed.insert(text)
	x.filters(m)
	return true
}

// askOwner asks who is to get what goes into the container.
func (x *filesView) askOwner(m *Model) tea.Cmd {
	text := ""
	if o := m.files.owner; o != nil {
		text = o.String()
	}
	return x.ask(ownerPrompt, text)
}

// takeOwner takes what was typed as the owner; false = it is none.
func (m *Model) takeOwner(text string) bool {
	if text == "" {
		m.files.owner = nil
		m.say(noteInfo, "what goes in keeps its owners, by number", "")
		return true
	}
	o, err := runtime.ParseFileOwner(text)
	if err != nil {
		m.say(noteWarn, err.Error(), "")
		return false
	}
	m.files.owner = o
	m.say(noteInfo, "what goes into containers will belong to "+o.String(), "")
	return true
}

// toggleVerify has what is copied read again, or not.
func (m *Model) toggleVerify() tea.Cmd {
	words := "what is copied is not read again"
	if m.files.verify = !m.files.verify; m.files.verify {
		words = "what is copied will be read again, and its SHA-256 compared"
	}
	m.say(noteInfo, words, "")
	return nil
}
