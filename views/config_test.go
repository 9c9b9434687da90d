package views

import (
	"strings"
	"testing"

	"lxcdeck/keymap"
)

// nastyConfig is a config that is hard on its view.
func nastyConfig() *ConfigState {
	s := &ConfigState{
		Title: "Config of \x1b]0;x\a日本語", Right: "not saved, needs a restart", Cursor: 12, Offset: 3,
		About: []string{"lxc.uts.name: " + strings.Repeat("What it means. ", 20), "\x1b[31mforeign\u202e"},
		Hints: []keymap.Hint{{Key: "e", Text: "edit"}, {Key: "q", Text: "back"}},
		Say:   &NoticeState{Level: LevelError, Text: "line 7: \x9b31m", Hint: "edit it"},
	}
	for i := range 40 {
		s.Rows = append(s.Rows, ConfigRow{
			Number: i * 7919, Indent: i % 5 * 2, Sign: []string{"", "!", "+", "\x1b"}[i%4], Role: Role(i % int(Cursor)),
			Text: strings.Repeat("lxc.日本 = \x1b[2J", i%6), Note: strings.Repeat("runs with 語\x00 ", i%4), Warn: i%2 == 0,
		})
	}
	return s
}

// TestConfigKeepsTheLineInSight: whatever the offset was, and the size.
func TestConfigKeepsTheLineInSight(t *testing.T) {
	th := theme(t, "mono", ThemeOptions{ASCII: true})
	for _, h := range []int{4, 8, 15, 30} {
		for at := range 40 {
			s := &ConfigState{Cursor: at, Offset: 39 - at}
			for i := range 40 {
				s.Rows = append(s.Rows, ConfigRow{Number: i + 1, Text: "lxc.k" + string(rune('A'+i))})
			}
			all := strings.Join(th.Config(s, 60, h), "\n")
			if !strings.Contains(all, "lxc.k"+string(rune('A'+at))) {
				t.Fatalf("line %d of 40 is not in %d rows:\n%s", at+1, h, all)
			}
		}
	}
}

// What is said is not cut where there is room for all of it: its end says where a text
// lies.
func TestConfigSaysWholeSentences(t *testing.T) {
	th := theme(t, "mono", ThemeOptions{ASCII: true})
	s := &ConfigState{
		Cursor: 0, Rows: []ConfigRow{{Number: 1, Text: "lxc.uts.name = a"}, {Number: 2, Text: "lxc.tty.max = LAST"}},
		Note: "liblxc refuses it: " + strings.Repeat("because ", 15) + "END-OF-NOTE",
		Say:  &NoticeState{Level: LevelError, Text: strings.Repeat("the editor failed ", 6) + "the text is kept in /END-OF-SAY", Hint: "END-OF-HINT"},
	}
	rows := th.Config(s, 80, 24)
	all := strings.Join(rows, "\n")
	for _, want := range []string{"END-OF-NOTE", "END-OF-SAY", "END-OF-HINT", "LAST"} {
		if len(rows) != 24 || !strings.Contains(all, want) {
			t.Errorf("no %s in %d rows:\n%s", want, len(rows), all)
		}
	}
	if got, want := ConfigPage(s, 80, 24), 24-1-3-2-2-1; got != want {
		t.Errorf("%d rows of lines, want %d", got, want)
	}
}
