package guard

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"lxcdeck/tui/passthru"
	"lxcdeck/tui/vt"
)

// Whatever a program in a container may have switched in a zoom, the terminal
// is as it was, text and cursor of the main screen included.
func TestResetEndsWhatAZoomLetsThrough(t *testing.T) {
	fresh := func() *vt.Terminal {
		term := vt.New(20, 6, vt.Options{})
		_, _ = term.Write([]byte("one\r\ntwo\r\n$ "))
		return term
	}
	want, term := fresh(), fresh()
	_, _ = want.Write([]byte("\x1b[?1049h"))
	_, _ = term.Write([]byte("\x1b[?1049h\x1b[>1u\x1b[?1;5;6;9;66;1000;1002;1003;1004;1006;2004;2026h\x1b[?7;25l\x1b[4;20h\x1b=" +
		"\x1b[3 q\x1b[>4;2m\x1b)0\x0e\x1b(0\x1b[1\"q\x1b[1;31m\x1b]8;;http://x\x1b\\\x1b[3;5rtext\x1b7\x1b]0;cut off"))
	for _, x := range []*vt.Terminal{want, term} {
		_, _ = x.Write([]byte(Reset()))
	}
	if got := term.Modes(); got != want.Modes() {
		t.Errorf("modes are %+v, not %+v", got, want.Modes())
	}
	// Margins, origin, wrap, character sets and pen show in what comes next.
	for _, x := range []*vt.Terminal{want, term} {
		_, _ = x.Write([]byte("ls jqx and more than a row\r\na\r\nb\r\nc\r\nd\x1b[1;1H>"))
		_ = x.TakeReplies()
	}
	for y := range 6 {
		if got := term.Line(y); got != want.Line(y) {
			t.Errorf("row %d is %q, not %q", y, got, want.Line(y))
		}
	}
	if got := term.Cursor(); !reflect.DeepEqual(got, want.Cursor()) {
		t.Errorf("the cursor is %+v, not %+v", got, want.Cursor())
	}
}

// The same for whatever there may be, state by state of the terminal.
func TestResetEndsWhatPassesTheFilter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 9))
	for range 2000 {
		var evil []byte
		for range 1 + rnd.IntN(12) {
			evil = append(evil, randomSequence(rnd)...)
		}
		want, term := vt.New(80, 24, vt.Options{}), vt.New(80, 24, vt.Options{})
		for _, x := range []*vt.Terminal{want, term} {
			_, _ = x.Write([]byte("before\r\n$ \x1b[?1049h"))
		}
		f := passthru.NewFilter(passthru.Options{KeepScreen: true})
		_, _ = term.Write(f.Append(nil, evil))
		for _, x := range []*vt.Terminal{want, term} {
			_, _ = x.Write([]byte(Reset() + "\x1b7")) // what is saved matters to nobody
		}
		if got, want := string(term.AppendState(nil)), string(want.AppendState(nil)); got != want {
			t.Fatalf("after %q the terminal is\n%q, not\n%q", evil, got, want)
		}
	}
}

func randomSequence(rnd *rand.Rand) string {
	pick := func(from string) string { return from[rnd.IntN(len(from)):][:1] }
	switch rnd.IntN(6) {
	case 0:
		modes := []int{1, 3, 5, 6, 7, 9, 12, 25, 45, 66, 67, 69, 80, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1048, 1049, 2004, 2026, 2048}
		return fmt.Sprintf("\x1b[?%d%s", modes[rnd.IntN(len(modes))], pick("hl"))
	case 1:
		return fmt.Sprintf("\x1b[%d%s", []int{2, 4, 12, 20}[rnd.IntN(4)], pick("hl"))
	case 2:
		return "\x1b" + pick("()*+") + pick("0AB")
	case 3:
		return "\x1b" + pick("78=>HMNODEcno") + pick("xy\x0e\x0f\r\n")
	case 4:
		return fmt.Sprintf("\x1b[%d;%d%s", rnd.IntN(90), rnd.IntN(30), pick("rHmgsuJKLMST@PXqh"))
	default:
		return []string{
			"\x1b[>1u", "\x1b[<3u", "\x1b[=5;1u", "\x1b[>4;2m", "\x1b[3 q", "\x1b[1\"q", "\x1b[!p", "\x1b]8;;http://x\x1b\\", "\x1b]0;t\a",
			"\x1b]4;1;#123456\a", "\x1b]11;#123456\a", "\x1bP$qm\x1b\\", "\x1b[?5W", "\x1b[3g", "\x1b]8;;cut off",
		}[rnd.IntN(15)]
	}
}

// Without an alternate screen no text is written over.
func TestResetOnTheMainScreen(t *testing.T) {
	for _, printed := range []string{"one\r\n", "one\r\n\x1b[2;4r\x1b[?6h", "one\r\n\x1b[6;1Htwo"} {
		term := vt.New(20, 6, vt.Options{})
		_, _ = term.Write([]byte(printed + Reset() + "it died"))
		var text string
		first, end := term.Rows()
		for n := first; n < end; n++ {
			text += term.Text(vt.Pos{Row: n}, vt.Pos{Row: n, Col: 19}, false) + "\n"
		}
		for _, word := range []string{"one\n", "it died\n"} {
			if !strings.Contains(text, word) {
				t.Errorf("after %q: %q", printed, text)
			}
		}
		if strings.Contains(printed, "two") && !strings.Contains(text, "two\nit died") {
			t.Errorf("after %q: %q", printed, text)
		}
	}
}
