package passthru

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// lists are what may come out, written apart from the filter: all of the output
// has to be made of these.
type lists struct {
	main, kept *regexp.Regexp
	push       *regexp.Regexp // an entry for the keyboard
}

func newLists() lists {
	const (
		number  = `[0-9]{0,5}`
		text    = `[^\x00-\x1f\x7f-\x9f]*`
		private = `(?:1|5|6|7|9|12|25|66|100[02346]|1048|2004|2026)`
		all     = `(?:1|4|5|6|7|8|9|12|25|42|47|66|69|100[02346]|101[56]|104[789]|20(?:04|26|31|48))`
	)
	both := []string{
		`[\x07-\x0f\x20-\x7e\x{a0}-\x{10ffff}]`,
		`\x1b[78=>DEHMNOZno]`, `\x1b#8`,
		`\x1b\]8;` + text + `\x1b\\`, `\x1bP\$q[ -/]{0,2}[@-~]\x1b\\`,
		`\x1b\[` + number + "[@A-GILMPSTXZ`ade]", `\x1b\[(?:[0-9]{0,3}|1000)b`,
		`\x1b\[(?:` + number + `;)?` + number + `[Hfr]`,
		`\x1b\[[0-2]?[JK]`, `\x1b\[[03]?g`, `\x1b\[[suc]`, `\x1b\[[56]n`, `\x1b\[\?(?:6|15|25|26|996)n`,
		`\x1b\[[0-9:;]*m`, `\x1b\[>4(?:;[0-2])?m`, `\x1b\[[>=]c`, `\x1b\[>q`, `\x1b\[[0-6]? q`,
		`\x1b\[(?:4|20)(?:[hl]|\$p)`, `\x1b\[\?u`,
	}
	kept := append([]string{
		`\x1b[()*+][0AB]`, `\x1b\[\?` + private + `(?:;` + private + `)*[hl]`, `\x1b\[\?` + private + `\$p`,
		`\x1b\[>[01]u`, `\x1b\[=[01];1u`,
		`\x1b\[\?5W`, // of the undo of tab stops
	}, both...)
	main := append([]string{
		`\x1b[()*+][0-~]`, `\x1b#[34568]`, `\x1b[c69]`, `\x1b\]133;` + text + `\x1b\\`,
		`\x1b\[\?` + all + `(?:;` + all + `)*[hl]`, `\x1b\[\?` + all + `\$p`,
		`\x1b\[` + number + `;?` + number + `s`, `\x1b\[` + number + `[jkx]`, `\x1b\[\?[0-2]?[JK]`, `\x1b\[\?4m`, `\x1b\[!p`,
		`\x1b\[[0-9:;]*(?:\$[rtvxz{]|"q| [@A]|'[}~]|#[{}pq])`,
		`\x1b\[>(?:[12]?[0-9]|3[01])u`, `\x1b\[=(?:[12]?[0-9]|3[01]);1u`, `\x1b\[<1u`,
	}, both...)
	compile := func(parts []string) *regexp.Regexp {
		return regexp.MustCompile(`^(?:` + strings.Join(parts, "|") + `)*`)
	}
	return lists{main: compile(main), kept: compile(kept), push: regexp.MustCompile(`\x1b\[>[0-9]+u`)}
}

// filterSeeds are inputs that a filter may trip over.
func filterSeeds() []string {
	return []string{
		"a\x1b]0;x\ab", "\x1b[?3;25h", "\x1bP$qm\x1b\\", "\xe9\x9b5i", "\x1b]8;;\xc2\x9c\x1b]52;c;x\a", "\x1b\x1b[31m", "\x1b[?1049h\x1b=",
		"\x1b[?25:1049h\x1b[!p\x1bc", "\x1b[>31u\x1b[?1049h\x1b[=5;2u\x1b[<9u\x1b[?1049l", "\x1b[5;3;1Hx\x1b[99999999999b\x1b[3J", "\x1b[1;2s\x1b[1\"q\x1b[1;1;2;2$z",
		"\x1b]52;c;?\x1b\\\x1b_Gx\x1b\\\x1bPq~\x1b\\\x1bkx\x1b\\", "\x1b[?1001;1005;1007;1034;2027;69;2048h", "\x1b(K\x1b*0\x1b-A\x1b%G\x1b F", "\x1b[3\r1m\x1b[1\xe2\x82\xac",
		"\x1b]8;;http://x", "\x1bH\x1bc\x1b[3g\x1bH\x1b7\x1b[2;4r\x1b[?6h\x1b[4;20;2h\x1b[5 q\x1b[>4;2m", "\xf0\x9f\x98", "\x1bP$q rm\x1b\\\x1b[12;", "\u009b5i\u009dx",
	}
}

// paints says whether the emulator has to paint for in.
func paints(in []byte) bool {
	_, used, paint := NewFilter(Options{KeepScreen: true}).AppendUntil(nil, in)
	return paint || used < len(in)
}

func FuzzFilter(f *testing.F) {
	for _, s := range filterSeeds() {
		f.Add([]byte(s), 3)
	}
	may := newLists()
	f.Fuzz(func(t *testing.T, in []byte, cut int) { may.check(t, in, max(0, min(cut, len(in)))) })
}

// check filters in as a whole and in two parts.
func (may lists) check(t *testing.T, in []byte, cut int) {
	t.Helper()
	for _, keep := range []bool{false, true} {
		list := may.main
		if keep {
			list = may.kept
		}
		whole, parts := Filter{keep: keep}, Filter{keep: keep}
		out := whole.Append(nil, in)
		split := parts.Append(parts.Append(nil, in[:cut]), in[cut:])
		if !bytes.Equal(out, split) {
			t.Fatalf("keep %v: %q split at %d: %q, whole: %q", keep, in, cut, split, out)
		}
		if !utf8.Valid(out) {
			t.Fatalf("keep %v: %q became invalid UTF-8 %q", keep, in, out)
		}
		if good := list.Find(out); len(good) != len(out) {
			t.Fatalf("keep %v: %q let %q through", keep, in, out[len(good):])
		}
		// Once more changes nothing, unless an undo is taken for the container's.
		again := Filter{keep: keep}
		if twice := again.Append(nil, out); !bytes.Equal(twice, out) && !(keep && paints(in)) {
			t.Fatalf("keep %v: %q: filtered once %q, twice %q", keep, in, out, twice)
		}
		reset := whole.Reset()
		if !utf8.Valid(reset) || !bytes.Equal(reset, parts.Reset()) {
			t.Fatalf("keep %v: reset after %q is %q", keep, in, reset)
		}
		// What is pushed is popped; RIS pops by itself.
		all := append(out, reset...)
		if !bytes.Contains(out, []byte("\x1bc")) && len(may.push.FindAll(all, -1)) != bytes.Count(all, []byte("\x1b[<1u")) {
			t.Fatalf("keep %v: %q pushes and pops by %q", keep, in, all)
		}
	}
}
