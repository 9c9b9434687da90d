package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
)

// bitText is a row without what parts are.
func bitText(row []LogBit) string {
	var b strings.Builder
	for _, bit := range row {
		switch bit.Kind {
		case LogHit:
			b.WriteString("<" + bit.Text + ">")
		case LogCut:
			b.WriteString("~")
		default:
			b.WriteString(bit.Text)
		}
	}
	return b.String()
}

func TestLogRows(t *testing.T) {
	for _, c := range []struct {
		what string
		line LogText
		s    LogShape
		want string // rows, joined by a bar
		n    int
	}{
		{"plain", LogText{Text: "hello"}, LogShape{Width: 10}, "hello", 1},
		{"nothing", LogText{}, LogShape{Width: 10}, "", 1},
		{"too long", LogText{Text: "hello world"}, LogShape{Width: 5}, "hello ", 1}, // a cell more says so
		{"sideways", LogText{Text: "hello world"}, LogShape{Width: 5, Left: 6}, "world", 1},
		{"sideways, beyond", LogText{Text: "hello"}, LogShape{Width: 5, Left: 60}, "", 1},
		{"sideways, a wide one across the edge", LogText{Text: "日本語"}, LogShape{Width: 10, Left: 1}, "本語", 1},
		{"wrapped", LogText{Text: "hello world"}, LogShape{Width: 5, Wrap: true}, "hello| worl|d", 3},
		{"wrapped, full", LogText{Text: "helloworld"}, LogShape{Width: 5, Wrap: true}, "hello|world", 2},
		{"wrapped, wide ones", LogText{Text: "日本語日本語"}, LogShape{Width: 5, Wrap: true}, "日本|語日|本語", 3},
		{"wrapped, too narrow for it", LogText{Text: "a日b"}, LogShape{Width: 1, Wrap: true}, "a|~|b", 3},
		{"wrapped, nothing", LogText{}, LogShape{Width: 5, Wrap: true}, "", 1},
		{"tabs", LogText{Text: "\ta\tbc"}, LogShape{Width: 40}, "        a       bc", 1},
		{"colours", LogText{Text: "[\x1b[0;1;32m  OK  \x1b[0m] x\r\r"}, LogShape{Width: 40}, "[  OK  ] x", 1},
		{"other controls stay in sight", LogText{Text: "a\x1b]0;x\x07b\x00\rc\x1b"}, LogShape{Width: 40}, `a\x1b]0;x\x07b\x00\rc\x1b`, 1},
		{"no control sequence after all", LogText{Text: "\x1b[12\n\x1b["}, LogShape{Width: 40}, `\x1b[12\n\x1b[`, 1},
		{"bytes", LogText{Text: "\xff\xfe\u202e"}, LogShape{Width: 40}, `\xff\xfe\u202e`, 1},
		{"hits", LogText{Text: "a needle, needle", Hits: [][2]int{{2, 8}, {10, 16}}}, LogShape{Width: 40}, "a <needle>, <needle>", 1},
		{"hits that are none", LogText{Text: "abc", Hits: [][2]int{{2, 1}, {1, 2}, {0, 1}, {2, 9}}}, LogShape{Width: 40}, "a<b>c", 1},
		{"a hit over two rows", LogText{Text: "xxneedle", Hits: [][2]int{{2, 8}}}, LogShape{Width: 4, Wrap: true}, "xx<ne>|<edle>", 2},
		{"a piece", LogText{Text: "bc", Begun: true, More: true}, LogShape{Width: 40}, "~bc~", 1},
		{"a hole", LogText{Hole: 3 << 30}, LogShape{Width: 40}, "(3.0G that were never written)", 1},
		{"marks on one letter", LogText{Text: "e" + strings.Repeat("\u0301", 40) + "x"}, LogShape{Width: 9}, "e" + strings.Repeat("\u0301", mostMarks) + "x", 1},
	} {
		rows, n := LogRows(&c.line, c.s, 0, 100)
		var got []string
		for _, row := range rows {
			got = append(got, bitText(row))
		}
		if text := strings.Join(got, "|"); text != c.want || n != c.n {
			t.Errorf("%s: %q in %d rows, want %q in %d", c.what, text, n, c.want, c.n)
		}
	}
	rows, n := LogRows(&LogText{Text: "hello world"}, LogShape{Width: 2, Wrap: true}, 2, 3)
	if n != 6 || len(rows) != 3 || bitText(rows[0]) != "o " || bitText(rows[2]) != "rl" {
		t.Errorf("of a part: %v of %d", rows, n)
	}
	if got := LogCells("\ta日\x1b[1m!"); got != 12 {
		t.Errorf("%d cells, want 12", got)
	}
}

// An endless line of whatever is laid out in no time that anybody would notice.
func TestEndlessLinesAreQuick(t *testing.T) {
	const size = 64 << 10
	for what, text := range map[string]string{
		"letters": strings.Repeat("a", size), "zeros": strings.Repeat("\x00", size), "wide": strings.Repeat("日", size/3),
		"marks": strings.Repeat("\u0301", size/2), "tabs": strings.Repeat("\t", size), "colours": strings.Repeat("\x1b[1m", size/4), "escapes": strings.Repeat("\x1b", size),
		"accents": strings.Repeat("e\u0301", size/3),
	} {
		began := time.Now()
		line := LogText{Text: text}
		for _, s := range []LogShape{{Width: 100}, {Width: 100, Left: 50000}, {Width: 100, Wrap: true}} {
			rows, n := LogRows(&line, s, 0, 60)
			if len(rows) > 60 || n < 1 {
				t.Errorf("%s: %d of %d rows", what, len(rows), n)
			}
			for _, row := range rows {
				w, size := 0, 0
				for _, b := range row {
					w, size = w+Width(b.Text), size+len(b.Text)
				}
				if w > 101 || size > 101*cellBytes {
					t.Errorf("%s: a row of %d cells in %d bytes", what, w, size)
				}
			}
		}
		if took := time.Since(began); took > 20*time.Second { // some 20 ms are expected
			t.Errorf("%s: took %s", what, took)
		}
	}
}

// FuzzLogRows: nothing that could steer a terminal is left, and rows fit.
func FuzzLogRows(f *testing.F) {
	for _, s := range []string{"", "a\tb", "\x1b[31mred\x1b[m", "日本語", "e\u0301\u0301", "\xff\x00\r", "\u202e\u200b", "กำ", "\x1b[", "👩‍👩‍👧"} {
		f.Add(s, 7, 3, 1, 2)
	}
	th, err := NewTheme("", ThemeOptions{Colors: 16})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string, w, left, a, b int) {
		if len(s) > 400 { // each row is painted
			return
		}
		w, left = 1+max(0, w)%90, max(0, left)%200
		line := LogText{Text: s, Hits: [][2]int{{a, b}}, Begun: a%2 == 0, More: b%2 == 0}
		if a < 0 {
			line.Hits = nil
		}
		_, all := LogRows(&line, LogShape{Width: w, Wrap: true}, 0, 0)
		for _, shape := range []LogShape{{Width: w, Left: left}, {Width: w, Wrap: true}} {
			rows, n := LogRows(&line, shape, 0, 1<<30)
			if n != len(rows) || shape.Wrap && n != all {
				t.Fatalf("%d rows of %d, %d", len(rows), n, all)
			}
			for _, row := range rows {
				l := LogState{Rows: []LogRow{{Bits: row}}, Source: "x"}
				exact(t, "row", th.Log(&l, w+logMarks, 4), w+logMarks, 4)
				cells := 0
				for _, bit := range row {
					if Clean(bit.Text) != bit.Text && bit.Kind != LogCut && !strings.HasPrefix(bit.Text, " ") {
						t.Fatalf("%q is not clean", bit.Text)
					}
					cells += Width(bit.Text)
				}
				if cells > w+1 || shape.Wrap && cells > w {
					t.Fatalf("%d cells of %d: %q", cells, w, bitText(row))
				}
			}
		}
	})
}

// logState is a log as it may stand on a screen of w cells.
func logState(w int, names ...string) *LogState {
	s := &LogState{
		Title: "web-1", Source: "journal", Names: names, At: 300, Size: 1000, Waits: 12,
		Filter: "only lines with web, without cron", Hints: []keymap.Hint{{Key: "esc", Text: "back"}, {Key: "/", Text: "search"}},
		List: LogListState{Cursor: 2, Items: []LogItem{
			{Name: "lxc", Path: "/var/log/lxc/web-1.log", Size: "119B", Age: "3h"}, {Name: "console", Path: "/var/log/lxc/web-1.console", Size: "146B", Age: "2d"},
			{Name: "journal", Size: "55k", Age: "1s", Open: true}, {Name: "/var/log/nginx/access.log", Size: "2.0G", Age: "1s"},
			{Name: "/var/log/nginx/error.log", Why: "it is no regular file"},
		}},
	}
	if len(names) > 0 {
		s.Title, s.Stands, s.Waits = "2 containers", true, 0
	}
	for i, line := range []string{
		"2026-11-27T10:02:33+0000 web-1 systemd[1]: Started Daily apt download activities.", "2026-11-27T10:02:34+0000 web-1 app[340]: level=error msg=\"upstream did not answer\" after=5s retry=1",
		"2026-11-27T10:02:35+0000 web-1 app[340]: level=warning msg=\"queue is long\" waiting=184 and more than fits into the width of any screen that it is tried on, be it two hundred cells, or be it less",
		"2026-11-27T10:02:36+0000 web-1 app[340]: level=debug msg=\"cache miss\" key=user:4711", "2026-11-27T10:02:37+0000 web-1 app[340]: 日本語\x1b[1m!",
	} {
		l := LogText{Text: line}
		if at := strings.Index(line, "msg="); at >= 0 {
			l.Hits = [][2]int{{at, at + 3}}
		}
		rows, _ := LogRows(&l, LogShape{Width: LogWidth(names, w), Wrap: len(names) > 0}, 0, 9)
		level := []LogLevel{NoLogLevel, LogError, LogWarn, LogDebug, LogInfo}[i]
		for k, row := range rows {
			s.Rows = append(s.Rows, LogRow{Bits: row, Level: level, From: i % 2, Goes: k > 0, Found: i == 1})
		}
	}
	return s
}

func TestLogGolden(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	mono := theme(t, "mono", ThemeOptions{ASCII: true})
	for _, s := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 60}} {
		at := fmt.Sprintf("%dx%d", s[0], s[1])
		golden(t, "log-"+at, th.Log(logState(s[0]), s[0], s[1]), false)
		golden(t, "logs-"+at, th.Log(logState(s[0], "web-1", "a-database-of-a-long-name"), s[0], s[1]), false)
		chosen := logState(s[0])
		chosen.Rows, chosen.Source, chosen.List.Focus, chosen.Filter, chosen.Empty = nil, "", true, "", "choose a log: enter opens it"
		golden(t, "loglist-"+at, th.Log(chosen, s[0], s[1]), false)
	}
	golden(t, "log-colour", th.Log(logState(80), 80, 16), true)
	golden(t, "log-mono", mono.Log(logState(80, "web-1", "web-2"), 80, 16), true)
	busy := logState(80)
	busy.Busy, busy.Doing, busy.Done, busy.Warn = 3*time.Second, "searches", .42, "it was cut or written anew"
	golden(t, "log-busy", th.Log(busy, 80, 8), false)
	typed := logState(80)
	typed.Prompt, typed.Typed, typed.Behind = "/", "upstream", 2
	golden(t, "log-typed", th.Log(typed, 80, 8), false)
}

// nastyLog is hard on the view.
func nastyLog(kind int) *LogState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := &LogState{Title: bad, Source: bad, At: 9, Size: 3, Waits: -12, Filter: bad, Empty: bad, Note: bad, Warn: bad, Say: &NoticeState{Text: bad}}
	for i := range 100 {
		s.Rows = append(s.Rows, LogRow{Bits: []LogBit{{strings.Repeat("日本", 99), LogPlain}, {"x", LogHit}, {" ", LogCut}}, Level: LogLevel(i % 9), From: i % 20, Goes: i%3 == 0, Found: i%4 == 0})
		s.List.Items = append(s.List.Items, LogItem{Name: bad, Path: bad, Size: "1234567890", Age: "1234567890", Why: []string{"", bad}[i%2], Open: i == 5})
	}
	s.List.Cursor, s.Names = 70, nastyNames()
	switch kind {
	case 1:
		s.Rows, s.Names, s.Say, s.List.Focus = nil, nil, nil, true
	case 2:
		s.Rows, s.Busy, s.Doing, s.Done = nil, time.Hour, "searches", 7
	case 3:
		s.Prompt, s.Typed, s.Behind, s.Stands = "/", bad, 9, true
	}
	return s
}
