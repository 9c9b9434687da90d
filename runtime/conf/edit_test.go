package conf

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const sample = "# mine\r\nlxc.uts.name = web  \n\n  lxc.tty.max=1\nlxc.cap.drop = kill chown\n# caps\nlxc.cap.drop = chown\nlxc.environment = \"A=b \"\nlxc.tty.max = 2"

func TestEdits(t *testing.T) {
	for name, c := range map[string]struct {
		do         func(f *File) error
		from, want string // of the text: all else stays
	}{
		"set keeps blanks": {func(f *File) error { _, err := f.Set("lxc.uts.name", "db"); return err },
			"lxc.uts.name = web  \n", "lxc.uts.name = db  \n"},
		"set changes the line that counts": {func(f *File) error { _, err := f.Set("lxc.tty.max", "5"); return err },
			"lxc.tty.max = 2", "lxc.tty.max = 5"},
		"set to nothing clears": {func(f *File) error { _, err := f.Set("lxc.uts.name", ""); return err },
			"lxc.uts.name = web  \n", "lxc.uts.name =\n"},
		"quotes are kept": {func(f *File) error { _, err := f.Set("lxc.environment", "B= c"); return err },
			"\"A=b \"", "\"B= c\""},
		"quotes are given": {func(f *File) error { _, err := f.Set("lxc.uts.name", " 'x' "); return err },
			"lxc.uts.name = web  \n", "lxc.uts.name = \" 'x' \"  \n"},
		"a new key is put at the end": {func(f *File) error { _, err := f.Set("lxc.arch", "arm"); return err },
			"lxc.tty.max = 2", "lxc.tty.max = 2\nlxc.arch = arm\n"},
		"a new clearing line": {func(f *File) error { _, err := f.Set("lxc.cap.keep", ""); return err },
			"lxc.tty.max = 2", "lxc.tty.max = 2\nlxc.cap.keep =\n"},
		"an entry goes behind its list": {func(f *File) error { _, err := f.Add("lxc.cap.drop", "bpf"); return err },
			"lxc.cap.drop = chown\n", "lxc.cap.drop = chown\nlxc.cap.drop = bpf\n"},
		"append goes to the end": {func(f *File) error { _, err := f.Append("lxc.cap.drop", ""); return err },
			"lxc.tty.max = 2", "lxc.tty.max = 2\nlxc.cap.drop =\n"},
		"a word is taken out of all lines": {func(f *File) error { return f.Remove("lxc.cap.drop", "chown") },
			"lxc.cap.drop = kill chown\n# caps\nlxc.cap.drop = chown\n", "lxc.cap.drop = kill\n# caps\n"},
		"an entry is taken out": {func(f *File) error { return f.Remove("lxc.environment", "A=b ") },
			"lxc.environment = \"A=b \"\n", ""},
		"one line": {func(f *File) error { return f.Replace(4, "9") }, "  lxc.tty.max=1\n", "  lxc.tty.max=9\n"},
		"delete":   {func(f *File) error { return f.Delete(1) }, "# mine\r\n", ""},
	} {
		f := Parse("config", []byte(sample))
		if err := c.do(f); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := strings.Replace(sample, c.from, c.want, 1)
		if want == sample && c.from != c.want {
			t.Fatalf("%s: %q is not in the sample", name, c.from)
		}
		if got := string(f.Bytes()); got != want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
		if !slices.Equal(f.Lines, Parse("config", f.Bytes()).Lines) {
			t.Errorf("%s: the lines are not those of the text", name)
		}
	}
	f := Parse("config", []byte(sample))
	if n, err := f.Unset("lxc.tty.max"); n != 2 || err != nil || strings.Contains(string(f.Bytes()), "tty.max") {
		t.Errorf("Unset: %d, %v, %q", n, err, f.Bytes())
	}
}

func TestEditsThatAreRefused(t *testing.T) {
	f := Parse("config", []byte(sample))
	_, set := f.Set("lxc.uts.name", "a\nlxc.hook.start = /x")
	_, nul := f.Add("lxc.uts.name", "a\x00")
	_, key := f.Set("lxc.a=b", "x")
	_, end := f.Append("lxc.a\n", "x")
	_, foreign := f.Set("arch", "x")
	for i, c := range []struct{ err, want error }{
		{set, ErrValue}, {nul, ErrValue}, {key, ErrKey}, {end, ErrKey}, {foreign, ErrKey},
		{f.Remove("lxc.cap.drop", "bpf"), ErrMissing}, {f.Remove("lxc.tty.max", "7"), ErrMissing},
		{f.Replace(1, "x"), ErrMissing}, {f.Replace(99, "x"), ErrMissing}, {f.Delete(0), ErrMissing}, {f.Replace(2, "a\rb"), ErrValue},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("case %d: %v, want %v", i, c.err, c.want)
		}
	}
	for _, text := range []string{strings.Repeat("#", MaxSize+1), strings.Repeat("\n", MaxLines+1), "a\x00"} {
		f := Parse("config", []byte(text))
		if _, err := f.Set("lxc.tty.max", "2"); !errors.Is(err, ErrTooLong) && !errors.Is(err, ErrBinary) {
			t.Errorf("a file of %d bytes is edited, %v", len(text), err)
		}
	}
	_, hidden := f.Set("lxc.environment", "A=hush\n")
	for _, err := range []error{hidden, f.Remove("lxc.environment", "A=hush")} {
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("a secret is told: %v", err)
		}
	}
	if string(f.Bytes()) != sample {
		t.Errorf("what was refused changed the text: %q", f.Bytes())
	}
}

// TestTypeComesFirst: a type that is added would take back what stands before it.
func TestTypeComesFirst(t *testing.T) {
	f := Parse("config", []byte("lxc.net.1.type = veth\nlxc.net.0.link = br0\n"))
	if line, err := f.Set("lxc.net.0.type", "veth"); line != 2 || err != nil {
		t.Errorf("line %d, %v", line, err)
	}
	tree := Resolve("c", WithFile("c", f, world(nil)), Options{})
	if got := tree.Of("lxc.net.0.link"); len(got) != 1 {
		t.Errorf("the link is lost:\n%s", story(tree))
	}
}

// FuzzEdits: an edit does what it says, and no other line is another one after it.
func FuzzEdits(f *testing.F) {
	f.Add([]byte(sample), "lxc.tty.max", "3", uint8(0))
	f.Add([]byte("lxc.a = b\r\rlxc.a = c\n\r\n"), "lxc.a", "c", uint8(2))
	f.Add([]byte("lxc.cap.drop = a b\rlxc.cap.drop=b\n\n"), "lxc.cap.drop", "b", uint8(4))
	f.Fuzz(func(t *testing.T, text []byte, key, value string, op uint8) {
		file := Parse("f", text)
		before := slices.Clone(file.Lines)
		var err error
		at := 0
		switch op % 5 {
		case 0:
			at, err = file.Set(key, value)
		case 1:
			at, err = file.Add(key, value)
		case 2:
			_, err = file.Unset(key)
		case 3:
			at, err = file.Append(key, value)
		case 4:
			err = file.Remove(key, value)
		}
		if err != nil {
			if string(file.Bytes()) != string(text) {
				t.Fatalf("refused (%v), and changed", err)
			}
			return
		}
		if !slices.Equal(file.Lines, Parse("f", file.Bytes()).Lines) {
			t.Fatalf("%q: lines are not those of %q", text, file.Bytes())
		}
		if at > 0 {
			if l := file.Lines[at-1]; l.Key != key || l.Value != value {
				t.Fatalf("%s = %q is written as %q", key, value, l.Raw)
			}
		}
		others := func(lines []Line) []string {
			var out []string
			for _, l := range lines {
				if text := strings.TrimRight(l.Raw, "\r\n"); l.Key != key && text != "" {
					out = append(out, text)
				}
			}
			return out
		}
		if a, b := others(before), others(file.Lines); !slices.Equal(a, b) {
			t.Fatalf("other lines were %q and are %q", a, b)
		}
	})
}
