package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"lxcdeck/tui/drive"
)

// TestSlowLink: over a line of 4 kB/s with 200 ms there and back, behind which
// ssh takes whatever is written, a flood in a pane lies in no long queue: frames
// are left out, it is said, and a key is seen soon.
func TestSlowLink(t *testing.T) {
	const rate, trip = 4_000, 200 * time.Millisecond
	s := host(t, "lxcdt-a")
	cmd := exec.Command(bin, "-P", s.Path)
	cmd.Env = env(t)
	link := &drive.Link{Rate: rate, Trip: trip}
	term, err := drive.Start(cmd, drive.Options{Cols: 120, Rows: 40, Link: link})
	want(t, err)
	t.Cleanup(term.Close)
	want(t, term.Wait("1/2 running", patience))
	if strings.Contains(term.Screen(), "slow link") {
		t.Errorf("the link is called slow before anything had to wait:\n%s", term.Screen())
	}
	want(t, term.Type("s"))
	want(t, term.Wait("#", patience))
	link.Most()
	want(t, term.Type("seq 1000000000 9999999999\r"))
	want(t, term.Wait("slow link", patience))
	// Frames still come.
	start := term.Bytes()
	eventually(t, "more of the flood", func() bool { return term.Bytes() > start+5*rate })
	// What may be written ahead of an answer, twice, and a few frames. Without a
	// word from the terminal it would be megabytes.
	if most := link.Most(); most > 5*rate {
		t.Errorf("%d bytes lay in front of the line, a second is %d", most, rate)
	}
	want(t, term.Type("\x03"))
	want(t, term.Type("clear; echo done-$((1+1))\r"))
	want(t, term.Wait("done-2", patience))
	want(t, term.WaitGone("slow link", patience))
	want(t, term.Type("exit\r"))
	want(t, term.Wait("exit status 0", patience))
	want(t, term.Type("q"))
	want(t, term.Type("q"))
	code, err := term.WaitExit(patience)
	want(t, err)
	if code != 0 {
		t.Errorf("it ended with %d", code)
	}
}
