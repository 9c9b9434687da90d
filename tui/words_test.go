package tui

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestSplitWords(t *testing.T) {
	for in, want := range map[string][]string{
		"": nil, " \t\n ": nil, "a": {"a"}, "  ls   -l\t/x\n": {"ls", "-l", "/x"}, "''": {""}, `"" a ''`: {"", "a", ""},
		`sh -c 'echo "$HOME" | wc'`: {"sh", "-c", `echo "$HOME" | wc`}, `a\ b c\\d \'`: {"a b", `c\d`, "'"},
		`"a\"b\$\` + "`" + `\\c\d'e"`: {`a"b$` + "`" + `\c\d'e`}, `'a\'b`: {`a\b`}, `'a\\b\$"'`: {`a\\b\$"`}, `a'b'"c"d`: {"abcd"},
		"$HOME * ~ #x ; | & > {a,b}": {"$HOME", "*", "~", "#x", ";", "|", "&", ">", "{a,b}"},
		"a\\\nb \"c\\\nd\" \\\n e":   {"ab", "cd", "e"}, "日本 \xff": {"日本", "\xff"}, "a\u00a0b\r": {"a\u00a0b\r"},
	} {
		if got, err := splitWords(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		`echo 'a`: "a ' is not closed", `"a'`: `a " is not closed`, `"a\"`: `a " is not closed`, `a\`: `nothing follows the last \`, `'`: "a ' is not closed",
	} {
		if got, err := splitWords(in); err == nil || err.Error() != want {
			t.Errorf("%q: %q, %v, want %s", in, got, err, want)
		}
	}
}

func TestSplitEnv(t *testing.T) {
	for in, want := range map[string][]string{
		"": nil, "A=b": {"A=b"}, `LANG=C.UTF-8 _x1="a b"  Y= Z=a=b`: {"LANG=C.UTF-8", "_x1=a b", "Y=", "Z=a=b"}, "a=1 A=1": {"a=1", "A=1"},
	} {
		if got, err := splitEnv(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"A=b c": `"c" has no =`, "=x": `"" is no name`, "1A=x": `"1A" is no name`, "A-B=x": `"A-B" is no name`, "É=x": "is no name",
		"A=1 A=2": "A is set twice", "A='x": "is not closed", "A\x1b=x": `"A\x1b" is no name`,
	} {
		if got, err := splitEnv(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v, want %s", in, got, err, want)
		}
	}
}

// FuzzSplitWords: words joined and cut again are the same; a line without what
// a shell would expand is cut as a shell cuts it.
func FuzzSplitWords(f *testing.F) {
	for _, s := range []string{
		"", "ls -l", `a\ b`, `"a\"b" 'c d'e`, "''", `'it'\''s'`, `"a\xb\\"`, "a\\\nb", "\"a\\\nb\"", "日本\xff \\\xff", `"`, `\`, "\\\n", "a\t \tb", `x""y`, "\v\r",
	} {
		f.Add(s)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Fatalf("a POSIX shell is needed: %v", err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words, err := splitWords(s)
		if err != nil {
			if words != nil || !strings.ContainsAny(s, `'"\`) {
				t.Fatalf("%q: %q, %v", s, words, err)
			}
			return
		}
		again, err := splitWords(joinWords(words))
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("%q: %q came back as %q, %v", s, words, again, err)
		}
		if strings.ContainsAny(s, "\x00$`*?[]{}~#&|;<>()!") || strings.Contains(strings.ReplaceAll(s, "\\\n", ""), "\n") {
			return // a shell does more with these
		}
		out, err := exec.Command(sh, "-c", "set -- x "+s+"\nshift; for w do printf '%s\\0' \"$w\"; done").Output()
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		theirs := strings.Split(string(out), "\x00")
		if theirs = theirs[:len(theirs)-1]; !slices.Equal(theirs, words) {
			t.Fatalf("%q: %q, the shell has %q", s, words, theirs)
		}
	})
}
