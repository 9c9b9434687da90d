package guard

import (
	"reflect"
	"testing"

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
	_, _ = term.Write([]byte("\x1b[?1049h\x1b[>1u\x1b[?1;5;6;9;66;1000;1002;1003;1004;1006;2004;2026h\x1b[?7;25l\x1b[4;20h\x1b=" +
		"\x1b[3 q\x1b[>4;2m\x1b)0\x0e\x1b(0\x1b[1\"q\x1b[1;31m\x1b]8;;http://x\x1b\\\x1b[3;5rtext\x1b7\x1b]0;cut off"))
	for _, x := range []*vt.Terminal{want, term} {
		_, _ = x.Write([]byte(Reset))
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
