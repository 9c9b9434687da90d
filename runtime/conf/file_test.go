package conf

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestParseLines(t *testing.T) {
	for _, c := range []struct {
		raw, key, value string
		kind            LineKind
		at              int32
		quote           byte
	}{
		{"\n", "", "", Blank, 0, 0},
		{" \t\r\n", "", "", Blank, 0, 0},
		{"  # lxc.tty.max = 1\n", "", "", Comment, 0, 0},
		{"arch = x\n", "", "", Foreign, 0, 0},
		{"\flxc.tty.max = 1\n", "", "", Foreign, 0, 0}, // liblxc knows blanks and tabs alone
		{"lxc.tty.max 1\n", "", "", Broken, 0, 0},
		{"lxc.tty.max = 1\n", "lxc.tty.max", "1", Setting, 14, 0},
		{"\tlxc.tty.max=1", "lxc.tty.max", "1", Setting, 13, 0},
		{"lxc.tty.max =\n", "lxc.tty.max", "", Setting, 13, 0},
		{"lxc.tty.max =  \n", "lxc.tty.max", "", Setting, 13, 0},
		{"lxc.uts.name = 'web 1'  \r\n", "lxc.uts.name", "web 1", Setting, 16, '\''},
		{"lxc.environment = \"A=b c \"\n", "lxc.environment", "A=b c ", Setting, 19, '"'},
		{"lxc.environment = A=\"b c\"\n", "lxc.environment", "A=\"b c\"", Setting, 18, 0},
		{"lxc.uts.name = \"a'\n", "lxc.uts.name", "\"a'", Setting, 15, 0},
		{"lxc.uts.name = \"\n", "lxc.uts.name", "\"", Setting, 15, 0},
		{"lxc.uts.name = \"\"\n", "lxc.uts.name", "", Setting, 16, '"'},
		{"lxc.pty.max = 4\f\n", "lxc.pty.max", "4\f", Setting, 14, 0},
		{"lxc.mount.entry = a b # c = d\n", "lxc.mount.entry", "a b # c = d", Setting, 18, 0},
	} {
		f := Parse("config", []byte(c.raw))
		if len(f.Lines) != 1 || f.Err != nil {
			t.Fatalf("%q: %d lines, %v", c.raw, len(f.Lines), f.Err)
		}
		want := Line{Raw: c.raw, Key: c.key, Value: c.value, ValueAt: c.at, Kind: c.kind, Quote: c.quote}
		if f.Lines[0] != want {
			t.Errorf("%q:\n got %+v\nwant %+v", c.raw, f.Lines[0], want)
		}
	}
}

func TestParseEndsLinesAsLiblxc(t *testing.T) {
	f := Parse("config", []byte("a\nb\rc\r\n\r\rd"))
	var raws []string
	for _, l := range f.Lines {
		raws = append(raws, l.Raw)
	}
	if got := strings.Join(raws, "|"); got != "a\n|b\r|c\r\n|\r|\r|d" {
		t.Errorf("lines %q", got)
	}
}

func TestParseNUL(t *testing.T) {
	text := "lxc.uts.name = a\x00lxc.tty.max = 3\nlxc.tty.max = 4\n"
	f := Parse("config", []byte(text))
	if !errors.Is(f.Err, ErrBinary) || !strings.Contains(f.Err.Error(), "line 1") {
		t.Errorf("error %v", f.Err)
	}
	if l := f.Lines[0]; l.Value != "a" || f.Lines[1].Kind != Unread {
		t.Errorf("lines %+v", f.Lines)
	}
	if string(f.Bytes()) != text {
		t.Errorf("written back as %q", f.Bytes())
	}
}

func TestParseTooLong(t *testing.T) {
	for name, text := range map[string]string{
		"10 MB in lines":  strings.Repeat("lxc.tty.max = 1\n", 10<<20/16),
		"10 MB in a line": strings.Repeat("x", 10<<20),
		"short lines":     strings.Repeat("\n", MaxLines+5),
	} {
		f := Parse(name, []byte(text))
		if !errors.Is(f.Err, ErrTooLong) || f.Size != len(text) {
			t.Errorf("%s: error %v, size %d", name, f.Err, f.Size)
		}
		if len(f.Lines) == 0 || len(f.Lines) > MaxLines {
			t.Errorf("%s: %d lines to look at", name, len(f.Lines))
		}
		if !bytes.Equal(f.Bytes(), []byte(text)) {
			t.Errorf("%s: written back otherwise", name)
		}
	}
	f := Parse("full", []byte(strings.Repeat("x", MaxSize)))
	if f.Err != nil || f.Lines[0].Kind == Unread {
		t.Errorf("a file of %d bytes: %v", MaxSize, f.Err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("# a\n\nlxc.uts.name = 'x'\r\nlxc.net.0.type=veth\rlxc.cap.drop =\nfoo\nlxc.x"))
	f.Add([]byte("lxc.a = \x00\nlxc.b = \"\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := Parse("f", text)
		if !bytes.Equal(file.Bytes(), text) {
			t.Fatalf("%q becomes %q", text, file.Bytes())
		}
		for i := range file.Lines {
			l := &file.Lines[i]
			if l.Kind == Setting && !strings.HasPrefix(l.Raw[l.ValueAt:], l.Value) {
				t.Fatalf("%q: value %q is not at %d", l.Raw, l.Value, l.ValueAt)
			}
			if again := parseLine(l.Raw); l.Kind != Unread && again != *l {
				t.Fatalf("%q is %+v and then %+v", l.Raw, *l, again)
			}
			at := 0
			for _, p := range l.Secrets() {
				if p[0] < at || p[1] <= p[0] || p[1] > len(l.Raw) {
					t.Fatalf("%q: secrets %v", l.Raw, l.Secrets())
				}
				at = p[1]
			}
		}
	})
}

// A file that was read up to the limit alone is not said to end there.
func TestTooLongSaysNoSize(t *testing.T) {
	f := Parse("x", []byte(strings.Repeat("#\n", MaxSize/2)+"#"))
	if f.Err == nil || !strings.Contains(f.Err.Error(), "more than 1048576 bytes") {
		t.Errorf("%v", f.Err)
	}
}
