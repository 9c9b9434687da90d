package runtime

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
		if got, err := SplitWords(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		`echo 'a`: "a ' is not closed", `"a'`: `a " is not closed`, `"a\"`: `a " is not closed`, `a\`: `nothing follows the last \`, `'`: "a ' is not closed",
	} {
		if got, err := SplitWords(in); err == nil || err.Error() != want {
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
		words, err := SplitWords(s)
		if err != nil {
			if words != nil || !strings.ContainsAny(s, `'"\`) {
				t.Fatalf("%q: %q, %v", s, words, err)
			}
			return
		}
		again, err := SplitWords(JoinWords(words))
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
