package tui

import (
	"encoding/base64"
	"fmt"
	"testing"
)

// A container that wants to copy all the time does not push what else was told
// out of the status line.
func TestWishesToCopyAreToldNowAndThen(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	wish := func(text string) {
		s.Feed([]byte("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a\x1b[2J\x1b[H" + fmt.Sprint("mark ", len(text), ".")))
		d.shows(fmt.Sprint("mark ", len(text), "."))
	}
	before := len(d.m.notices.past)
	for i := range 40 {
		wish(fmt.Sprintf("wish%0*d", i+2, i))
	}
	if n := len(d.m.notices.past) - before; n != 1 {
		t.Fatalf("%d wishes are told at once", n)
	}
	d.pass(wishPause)
	d.sees("alpha wants to copy 45 B") // the last one is
	d.press("ctrl+]", "c")
	d.pass(copyPause)
	if len(d.copied) != 1 {
		t.Fatalf("copied %q", d.copied)
	}
	wish("and another")
	wish("and the last")
	d.pass(copyPause)
	if n := len(d.copied); n < 2 || d.copied[n-1] != "and the last" {
		t.Fatalf("copied %q", d.copied)
	}
}
