package passthru

import (
	"bytes"
	"testing"
)

func TestFilter(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"text", "héllo 東京\r\n\t\a\b", "héllo 東京\r\n\t\a\b"},
		{"colours", "\x1b[1;32mok\x1b[38:2::1:2:3m\x1b[m", "\x1b[1;32mok\x1b[38:2::1:2:3m\x1b[m"},
		{"cursor and erase", "\x1b[2J\x1b[H\x1b[3;4H\x1b7\x1b8\x1bM", "\x1b[2J\x1b[H\x1b[3;4H\x1b7\x1b8\x1bM"},
		{"character set", "\x1b(0lqk\x1b(B\x0e\x0f", "\x1b(0lqk\x1b(B\x0e\x0f"},
		{"queries", "\x1b[6n\x1b[c\x1b[>q\x1b[?2026$p", "\x1b[6n\x1b[c\x1b[>q\x1b[?2026$p"},
		{"title BEL", "a\x1b]0;evil\ab", "ab"},
		{"title ST", "a\x1b]2;evil\x1b\\b", "ab"},
		{"palette", "a\x1b]4;1;red\ab", "ab"},
		{"directory", "a\x1b]7;file:///\ab", "ab"},
		{"notification", "a\x1b]9;hi\a\x1b]777;notify;x\a\x1b]99;;x\ab", "ab"},
		{"colours of the terminal", "a\x1b]10;red\a\x1b]11;?\a\x1b]12;red\a\x1b]104\ab", "ab"},
		{"font and iTerm", "a\x1b]50;x\a\x1b]1337;File=:AAAA\ab", "ab"},
		{"clipboard", "a\x1b]52;c;ZXZpbA==\ab", "ab"},
		{"unknown OSC", "a\x1b]4711;x\ab", "ab"},
		{"hyperlink", "\x1b]8;;http://x/\alink\x1b]8;;\a", "\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\"},
		{"hyperlink with C1", "a\x1b]8;;\u009d0;evil\ab", "ab"},
		{"OSC ended by a new escape", "a\x1b]0;evil\x1b[1mb", "a\x1b[1mb"},
		{"OSC cancelled", "a\x1b]0;evil\x18b", "ab"},
		{"DECRQSS", "\x1bP$qm\x1b\\", "\x1bP$qm\x1b\\"},
		{"sixel", "a\x1bPq#0;2;0;0;0\x1b\\b", "ab"},
		{"XTGETTCAP", "a\x1bP+q544e\x1b\\b", "ab"},
		{"APC PM SOS", "a\x1b_Gx\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\b", "ab"},
		{"BEL does not end DCS", "a\x1bPx\ay\x1b\\b", "ab"},
		{"screen title", "a\x1bkevil\x1b\\b", "ab"},
		{"window operation", "a\x1b[8;1;1t\x1b[21tb", "ab"},
		{"print", "a\x1b[5i\x1b[?4ib", "ab"},
		{"checksum", "a\x1b[1;1;1;1;80;24*yb", "ab"},
		{"132 columns", "a\x1b[?3hb\x1b[?3;25lc\x1b[132$|", "ab\x1b[?25lc"},
		{"VT52", "a\x1b[?2lb", "ab"},
		{"eight-bit replies", "a\x1b G\x1b[62;2\"pb", "ab"},
		{"coding", "a\x1b%@b", "ab"},
		{"saved modes", "a\x1b[?3s\x1b[?3rb\x1b[1;5r", "ab\x1b[1;5r"},
		{"ENQ, NUL, DEL", "a\x05\x00\x7fb", "ab"},
		{"C1 in UTF-8", "a\u009b5ib\u009d0;x\ac", "a5ib0;x\ac"},
		{"C1 raw", "a\x9b5ib", "a\ufffd5ib"},
		{"invalid UTF-8", "a\xe9b\xff\xf0\x9fc", "a\ufffdb\ufffd\ufffdc"},
		{"C1 behind a cut rune", "\xe9\x9b5i", "\ufffd5i"},
		{"C0 inside CSI", "\x1b[3\r1m", "\r\x1b[31m"},
		{"ESC inside CSI", "\x1b[3\x1b[1mx", "\x1b[1mx"},
		{"too long CSI", "a\x1b[" + string(bytes.Repeat([]byte("1;"), 500)) + "mb", "ab"},
		{"lone ST", "a\x1b\\b", "ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f Filter
			if got := string(f.Append(nil, []byte(tt.in))); got != tt.want {
				t.Errorf("filtered %q to %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestResetUndoesWhatWasSwitched(t *testing.T) {
	const first, pen, slot = "\x1b\\", "\x0f\x1b(B\x1b]8;;\x1b\\\x1b[m", "\x1b7\x1b8"
	tests := []struct{ name, in, want string }{
		{"nothing", "ls\r\n", first + pen},
		{"vi", "\x1b[?1049h\x1b[?1h\x1b=\x1b[?25l", first + "\x1b[?1049l\x1b[?25h\x1b[?1l\x1b>" + pen + slot},
		{"vi that left", "\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l", first + pen + slot},
		{"mouse and paste", "\x1b[?1000;1006h\x1b[?2004h", first + "\x1b[?2004l\x1b[?1006l\x1b[?1000l" + pen},
		{"origin mode in the saved cursor", "\x1b[?6h\x1b7\x1b[?6l\x1b8", first + "\x1b[?6l" + pen + slot},
		{"no wrap", "\x1b[?7l", first + "\x1b[?7h" + pen},
		{"region", "\x1b[2;5r", first + pen + "\x1b7\x1b[r\x1b8"},
		{"kitty", "\x1b[>1u", first + "\x1b[<1u" + pen},
		{"kitty on both screens", "\x1b[>1u\x1b[?1049h\x1b[>5u", first + "\x1b[<1u\x1b[?1049l\x1b[<1u" + pen + slot},
		{"other keys", "\x1b[>4;2m", first + "\x1b[>4m" + pen},
		{"insert and cursor shape", "\x1b[4h\x1b[5 q", first + "\x1b[4l\x1b[0 q" + pen},
		{"blinking cursor", "\x1b[?12h", first + "\x1b[?12l\x1b[0 q" + pen},
		{"character sets", "\x1b*0\x1bn", first + "\x0f\x1b(B\x1b)B\x1b*B\x1b+B" + pen[4:]},
		{"protection", "\x1b[1\"q", first + pen + "\x1b[0\"q"},
		{"reset by itself", "\x1b[?1049h\x1bc", first + pen + slot},
		{"cut off inside a sequence", "\x1b]0;half", first + pen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f Filter
			f.Append(nil, []byte(tt.in))
			if got := string(f.Reset()); got != tt.want {
				t.Errorf("reset after %q is %q, want %q", tt.in, got, tt.want)
			}
			if got := string(f.Append(nil, []byte("x"))); got != "x" {
				t.Errorf("after the reset x became %q", got)
			}
		})
	}
}
