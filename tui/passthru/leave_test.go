package passthru

import "testing"

func TestLeave(t *testing.T) {
	both := []Way{{"ctrl+]", "dD"}, {"ctrl+a", "q"}}
	same := []Way{{"ctrl+a", "dD"}, {"ctrl+a", "q"}}
	tests := []struct {
		name string
		ways []Way
		in   []string
		want string
	}{
		{"text", both, []string{"ls\r"}, "ls\r"},
		{"the prefix", both, []string{"a\x1ddb"}, "a<left>"},
		{"lxc-console's", both, []string{"a\x01qb"}, "a<left>"},
		{"in pieces", both, []string{"\x01", "q"}, "<left>"},
		{"kitty", both, []string{"\x1b[97;5uq"}, "<left>"},
		{"kitty, both coded", both, []string{"\x1b[97;5u\x1b[113u"}, "<left>"},
		{"kitty press and release", both, []string{"\x1b[97;5:1u\x1b[97;5:3u\x1b[113;1:1u"}, "<left>"},
		{"modifyOtherKeys", both, []string{"\x1b[27;5;97~q"}, "<left>"},
		{"split sequence", both, []string{"\x1b[97", ";5uq"}, "<left>"},
		{"one of each", both, []string{"\x1d\x1dx\x01\x01y"}, "\x1dx\x01y"},
		{"the other's key", both, []string{"\x1dqx\x01dy"}, "\x1dqx\x01dy"},
		{"the other's prefix between", both, []string{"\x01\x1d\x1dx"}, "\x01\x1dx"},
		{"out by the one behind the other", both, []string{"\x01\x1dd"}, "<left>"},
		{"no other key", both, []string{"\x01x\x01Q"}, "\x01x\x01Q"},
		{"paste", both, []string{"\x1b[200~\x01q\x1dd\x1b[201~"}, "\x1b[200~\x01q\x1dd\x1b[201~"},
		{"escape", both, []string{"\x1b"}, "\x1b"},
		{"escape behind a prefix", both, []string{"\x01\x1b"}, "\x1b"},
		{"arrow", both, []string{"\x1b[A"}, "\x1b[A"},
		{"same prefix, one key", same, []string{"x\x01d"}, "x<left>"},
		{"same prefix, the other", same, []string{"x\x01q"}, "x<left>"},
		{"same prefix twice", same, []string{"\x01\x01q"}, "\x01q"},
		{"one way", both[:1], []string{"\x01q\x1dd"}, "\x01q<left>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := NewLeave(tt.ways...)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for _, p := range tt.in {
				var left bool
				if got, left = l.Feed(got, []byte(p)); left {
					got = append(got, "<left>"...)
					break
				}
			}
			if l.Holding() {
				got = l.Flush(got)
			}
			if string(got) != tt.want {
				t.Errorf("%q became %q, want %q", tt.in, got, tt.want)
			}
			if l.Holding() {
				t.Error("it still holds something")
			}
		})
	}
}

func TestLeaveHoldsAnEscape(t *testing.T) {
	l, err := NewLeave(Way{"ctrl+]", "d"}, Way{"ctrl+a", "q"})
	if err != nil {
		t.Fatal(err)
	}
	if out, left := l.Feed(nil, []byte("\x1b[1")); len(out) > 0 || left || !l.Holding() {
		t.Errorf("%q, left %v, holding %v", out, left, l.Holding())
	}
	if out, _ := l.Feed(nil, []byte("A")); string(out) != "\x1b[1A" || l.Holding() {
		t.Errorf("%q, holding %v", out, l.Holding())
	}
}

func TestLeaveRefusesWhatCannotBeRecognised(t *testing.T) {
	if _, err := NewLeave(Way{"ctrl+]", "d"}, Way{"ctrl+i", "q"}); err == nil {
		t.Error("no error")
	}
}
