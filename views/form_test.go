package views

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// formState is a form as it is used to open a shell.
func formState() *FormState {
	return &FormState{
		Title: "Open a shell in web-1", Action: "opens", Cursor: 2, Wrong: 3, Why: `"LANG" has no = (KEY=VALUE ...)`,
		Note: "No shell reads these words: for pipes and variables run sh -c '...'.",
		Fields: []FormField{
			{Label: "user", Help: "root"}, {Label: "directory", Value: "/srv/www"},
			{Label: "command", Value: "tail -f '/var/log/nginx/a log file with a long name, longer than the field.log'", Behind: 4},
			{Label: "environment", Value: "LANG"},
			{Kind: ChoiceField, Label: "terminal", Value: "xterm-256color", Help: "TERM inside"},
			{Kind: CheckField, Label: "remember", On: true, Help: "for this container"},
		},
	}
}

// plainForm is the form as text.
func plainForm(t *testing.T, s *FormState, w, h int) string {
	t.Helper()
	return strings.Join(plain(theme(t, "", ThemeOptions{Colors: 16}).Form(s, w, h)), "\n")
}

func TestFormOnASmallScreen(t *testing.T) {
	golden(t, "form-40x8", theme(t, "", ThemeOptions{Colors: 16}).Form(formState(), 40, 8), true)
	s := formState()
	for i := range s.Fields {
		for _, h := range []int{3, 4, 5, 8} {
			s.Cursor = i
			if got := plainForm(t, s, 40, h); !strings.Contains(got, "> "+s.Fields[i].Label) {
				t.Errorf("40x%d: the field with the cursor, %s, is not in sight:\n%s", h, s.Fields[i].Label, got)
			}
		}
	}
	s.Cursor = s.Wrong
	if got := plainForm(t, s, 40, 4); !strings.Contains(got, "has no =") {
		t.Errorf("what is wrong is not in sight:\n%s", got)
	}
	s.Wrong, s.Why = -1, "the container has stopped"
	if got := plainForm(t, s, 40, 4); !strings.Contains(got, s.Why) || !strings.Contains(got, "> environment") {
		t.Errorf("what stands against the form, or the field, is not in sight:\n%s", got)
	}
}

func TestFormShowsTheEndThatIsTyped(t *testing.T) {
	s := formState()
	if got := plainForm(t, s, 80, 24); !strings.Contains(got, "> command      …") || !strings.Contains(got, "longer than the field.log' ") {
		t.Errorf("the cursor is not in sight:\n%s", got)
	}
	s.Fields[2].Behind = 40 // some of what follows stays in sight
	if got := plainForm(t, s, 80, 24); !strings.Contains(got, "…l -f '/var/log/nginx/a log file with a long name, longe…") {
		t.Errorf("what follows the cursor is not in sight:\n%s", got)
	}
	s.Fields[2].Behind = len(s.Fields[2].Value)
	if got := plainForm(t, s, 80, 24); !strings.Contains(got, "tail -f") {
		t.Errorf("the cursor is not in sight:\n%s", got)
	}
	s.Cursor = 0
	if got := plainForm(t, s, 80, 24); !strings.Contains(got, "tail -f") || strings.Contains(got, "field.log") {
		t.Errorf("a field without cursor begins at its beginning:\n%s", got)
	}
	// The default is to be told from what was typed, and the cursor is there too.
	th := theme(t, "", ThemeOptions{Colors: 16})
	row := th.Form(s, 80, 24)[3]
	if !strings.Contains(row, th.Paint(Cursor, " ")+th.Paint(Dim, "root")) {
		t.Errorf("%q", row)
	}
	s.Fields[0].Value = "root"
	if row := th.Form(s, 80, 24)[3]; !strings.Contains(row, th.Paint(Input, "root")+th.Paint(Cursor, " ")) {
		t.Errorf("%q", row)
	}
}

func TestFormNamesTheKeysThatMatter(t *testing.T) {
	s := formState()
	foot := func(w int) string {
		b := theme(t, "", ThemeOptions{Colors: 16}).Form(s, w, 24)
		return ansi.Strip(b[len(b)-1])
	}
	for _, c := range []struct {
		at, w int
		want  string
	}{
		{0, 80, "tab next   enter opens   esc leaves"}, {4, 80, "space changes   enter opens   esc leaves"},
		{0, 40, "tab next   enter opens"}, {4, 40, "space changes   enter opens"}, {5, 24, "enter opens"},
	} {
		s.Cursor = c.at
		if got := foot(c.w); !strings.Contains(got, " "+c.want+" ") {
			t.Errorf("field %d at %d: %s", c.at, c.w, got)
		}
	}
}
