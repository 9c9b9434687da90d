package settings

import (
	"errors"
	"strings"
	"testing"

	"lxcdeck/keymap"
)

func TestClashesNameBothActionsAndTheirPlace(t *testing.T) {
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"with the preset", "[keys]\nshell = [\"f2\", \"S\"]\n",
			[]string{`:2:16: keys: S is both`, `"shell" (Open a shell)`, `"start-stop" (Start or stop, by state)`, "in: list", `start-stop has it from the preset "default"`}},
		{"of two lines", "[keys]\nkill = [\"f2\"]\nshell = [\"f2\"]\n",
			[]string{`:3:10: keys: f2 is both`, `"shell"`, `"kill"`, "kill has it in line 2"}},
		{"whatever their order", "[keys]\nshell = [\"f2\"]\nkill = [\n  \"f3\", # one\n  \"f2\",\n]\n",
			[]string{`:5:3: keys: f2 is both`, `"shell"`, `"kill"`, "shell has it in line 2"}},
		{"with what works everywhere", "keys = { shell = [\"q\"] }\n", []string{`:1:19: keys: q is both`, `"quit" (Quit, or back)`, `"shell"`, `preset "default"`}},
		{"by another name of the key", "[keys]\nshell = [\"pgdn\"]\n", []string{`:2:10: keys: pgdn is both`, `"page-down"`}},
		{"in another preset", "key_preset = \"vim\"\n[keys]\nshell = [\"l\"]\n", []string{`:3:10: keys: l is both`, `"open"`, `preset "vim"`}},
		{"of the prefix", "prefix = \"ctrl+o\"\n[keys]\nshell-leave = [\"ctrl+o\"]\n", []string{`:3:16: keys: ctrl+o is both`, `"shell-send-prefix"`, `"shell-leave"`}},
		{"behind the prefix", "[keys]\nshell-leave = [\"z\"]\n", []string{`:2:16: keys: z is both`, `"shell-zoom"`}},
		{"without a way out", "[keys]\nquit = []\ninterrupt = []\n", []string{`:3:1: keys: interrupt needs a key`}},
		{"while a log is read", "[keys]\nlog-open = [\"F\"]\n", []string{`:2:13: keys: F is both`, `"log-follow"`, "in: log"}},
	} {
		_, err := Load(Places{User: write(t, c.text)}, known)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is no error with a place", c.what, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in %q", c.what, w, err)
			}
		}
	}
}

func TestEveryClashIsTold(t *testing.T) {
	_, err := Load(Places{
		System: write(t, "[keys]\nkill = [\"f5\"]\n"),
		User:   write(t, "[keys]\nshell = [\"f5\"]\nlogs = [\"S\"]\n"),
	}, known)
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range []string{":2:10: keys: f5 is both", "kill has it in /", ":3:9: keys: S is both", `"logs"`} {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in %q", w, err)
		}
	}
}

// Whoever takes a key from one action may give it to another.
func TestAKeyThatIsFreeIsNoClash(t *testing.T) {
	s, err := Load(Places{User: write(t, "[keys]\nstart-stop = []\nshell = [\"S\"]\n")}, known)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Keymap()
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := m.Lookup(keymap.List, "S"); a.ID != keymap.OpenShell {
		t.Errorf("S is %q", a.ID)
	}
}
