package tui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// shellForm is a form with every kind of field; what is submitted goes into got.
func shellForm(got *[]string) *form {
	return &form{
		title: "Open a shell in alpha", action: "opens", note: "no shell reads these words", wrong: -1,
		fields: []formField{
			{label: "user", help: "root"}, {label: "command", help: "the login shell"}, {label: "environment"},
			{kind: views.ChoiceField, label: "terminal", choices: []string{"xterm", "vt100", "linux"}},
			{kind: views.CheckField, label: "remember", on: true},
		},
		check: func(f *form) (int, error) {
			if _, err := runtime.SplitWords(f.fields[1].line.String()); err != nil {
				return 1, err
			}
			if _, err := splitEnv(f.fields[2].line.String()); err != nil {
				return 2, err
			}
			if f.fields[0].line.String() == "nobody" {
				return -1, errors.New("alpha has stopped")
			}
			return 0, nil
		},
		submit: func(f *form) tea.Cmd {
			*got = []string{f.fields[0].line.String(), f.fields[1].line.String(), f.fields[2].line.String(), f.fields[3].choice()}
			if f.fields[4].on {
				*got = append(*got, "remembered")
			}
			return func() tea.Msg { return nil }
		},
	}
}

// formDeck shows the form.
func formDeck(t *testing.T, w, h int, f *form) *deck {
	d := newDeck(t, w, h, Options{}, some()...)
	d.m.overlay = f
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	return d
}

func shiftTab() tea.KeyPressMsg { return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift} }

func TestFormIsFilledInAndSubmitted(t *testing.T) {
	var got []string
	d := formDeck(t, 80, 24, shellForm(&got))
	d.sees("Open a shell in alpha", "> user", "root", "the login shell", "[x]", "tab next   enter opens   esc leaves")
	d.typed("wwq")
	d.press("backspace", "tab")
	d.typed("ls -l q") // letters are no actions here, blanks no toggles
	d.seesNo("the login shell")
	d.press("left", "left", "home", "down", "down")
	d.sees("> terminal", "< xterm >", "space changes")
	d.press("space", "right", "left", "left", "left", "x")
	d.sees("< linux >")
	d.press("tab", "space", "tab")
	d.sees("> user", "[ ]", "  terminal     linux")
	d.send(shiftTab())
	d.sees("> remember")
	d.press("up", "up", "ctrl+p", "ctrl+p", "up")
	d.sees("> user")
	if d.m.overlay == nil || got != nil {
		t.Fatalf("closed, or submitted %q", got)
	}
	d.press("enter")
	if want := "ww|ls -l q||linux"; strings.Join(got, "|") != want || d.m.overlay != nil {
		t.Fatalf("%q, want %q; overlay %v", got, want, d.m.overlay)
	}
	d.at("alpha")
	if n := len(d.rt.Requests()); n != 0 {
		t.Errorf("%d operations", n)
	}
}

func TestFormStaysWhenItIsWrong(t *testing.T) {
	var got []string
	d := formDeck(t, 80, 24, shellForm(&got))
	d.press("down")
	d.typed("echo 'a")
	d.press("down")
	d.typed("LANG=C x")
	d.press("enter")
	d.sees("> command", "a ' is not closed")
	if got != nil {
		t.Fatalf("submitted %q", got)
	}
	d.press("left") // changes nothing
	d.sees("is not closed")
	d.press("end")
	d.typed("'")
	d.seesNo("is not closed")
	d.press("enter")
	d.sees("> environment", `"x" has no =`, "echo 'a'", "LANG=C x")
	d.press("up", "up") // it stays said while other fields change
	d.typed("nobody")
	d.sees(`"x" has no =`)
	d.press("down", "down", "backspace", "backspace", "enter")
	d.sees("alpha has stopped", "> environment", "nobody")
	d.press("up", "up", "ctrl+u")
	d.seesNo("alpha has stopped")
	d.press("enter")
	if want := "|echo 'a'|LANG=C|xterm|remembered"; strings.Join(got, "|") != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestFormLeaves(t *testing.T) {
	for _, key := range []string{"esc", "ctrl+c"} {
		var got []string
		d := formDeck(t, 80, 24, shellForm(&got))
		d.typed("x")
		d.press(key)
		if d.m.overlay != nil || got != nil || d.quit {
			t.Errorf("%s: overlay %v, submitted %q, quit %t", key, d.m.overlay, got, d.quit)
		}
		d.seesNo("ctrl+c again")
	}
}

func TestFormTakesPastesWhereTextIs(t *testing.T) {
	var got []string
	f := shellForm(&got)
	d := formDeck(t, 80, 24, f)
	d.press("tab")
	d.send(tea.PasteMsg{Content: "one\ntwo\t日本\r\n"})
	d.sees("one two 日本 ")
	if s := f.fields[1].line.String(); s != "one two 日本" {
		t.Errorf("%q", s)
	}
	// Half a command is another command.
	d.send(tea.PasteMsg{Content: strings.Repeat("x", textLimit-3)})
	d.sees("not pasted: 497 characters are too many", "one two 日本")
	d.typed("!")
	d.seesNo("not pasted")
	d.press("down", "down")
	d.send(tea.PasteMsg{Content: "vt100"})
	d.sees("pasted text dropped")
	d.press("enter")
	if want := "|one two 日本!||xterm|remembered"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFormOnTheSmallestScreen(t *testing.T) {
	var got []string
	f := shellForm(&got)
	d := formDeck(t, 40, 8, f)
	for i := range f.fields {
		d.sees("> " + f.fields[i].label)
		d.press("tab")
	}
	d.press("tab", "tab")
	d.typed("no")
	d.press("tab", "tab", "enter")
	d.sees("> environment", "has no =")
	d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	d.sees("> environment  no", "has no =", "no shell reads")
}

// TestFormWithoutFields: nothing to fill in is no reason to crash.
func TestFormWithoutFields(t *testing.T) {
	sent := 0
	f := &form{title: "Empty", action: "opens", wrong: -1, submit: func(*form) tea.Cmd { sent++; return nil }}
	d := formDeck(t, 80, 24, f)
	d.press("tab", "down", "up", "x", "space")
	d.send(shiftTab())
	d.send(tea.PasteMsg{Content: "x"})
	f.fields = []formField{{kind: views.ChoiceField, label: "none"}}
	d.press("space", "left")
	d.sees("none")
	d.press("enter")
	if sent != 1 {
		t.Errorf("submitted %d times", sent)
	}
}
