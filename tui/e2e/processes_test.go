package e2e

import (
	"regexp"
	"testing"
)

// TestProcesses looks at those of a real container, of which one has a name
// that would move the cursor and colour the screen, and ends that one.
func TestProcesses(t *testing.T) {
	s := host(t, "lxcdt-web")
	const script = `exec sh -c 'sleep 7300; :' "$(printf 'evil\033[2J\033[31m\nname')"`
	want(t, s.Tool("lxc-attach", "lxcdt-web", "--", "/bin/sh", "-c", "("+script+") </dev/null >/dev/null 2>&1 &"))
	term := deck(t, 80, 24, "-P", s.Path)
	want(t, term.Wait("1/2", patience))
	want(t, term.Type("t"))
	want(t, term.Wait("Processes of lxcdt-web", patience))
	want(t, term.Wait(`evil\x1b[2J`, patience))
	for _, size := range [][2]int{{40, 10}, {80, 24}, {200, 60}} {
		want(t, term.Resize(size[0], size[1]))
		want(t, term.Wait("sh -c", patience))
	}
	want(t, term.Wait(`evil\x1b[2J\x1b[31m\nname`, patience))
	want(t, term.Type("/evil"))
	want(t, term.Wait(", 1 shown", patience))
	want(t, term.Type("\r"))
	want(t, term.WaitGone("enter keeps it", patience))
	pid := regexp.MustCompile(`pid (\d+)  inside \d+`).FindStringSubmatch(term.Screen())
	if pid == nil {
		t.Fatalf("no pid:\n%s", term.Screen())
	}
	want(t, term.Type("K"))
	want(t, term.Wait("asks it to end", patience))
	want(t, term.Type("j\r"))
	want(t, term.Wait("Send KILL to process "+pid[1]+" of lxcdt-web?", patience))
	want(t, term.Wait("y yes", patience))
	want(t, term.Type("y"))
	want(t, term.Wait("No process fits the filter", patience))
	want(t, term.Type("\x1b"))
	want(t, term.Wait("getty", patience))

	// The container stops, and comes back, while they are shown.
	want(t, s.Stop("lxcdt-web"))
	want(t, term.Wait("lxcdt-web has stopped", patience))
	want(t, s.Start("lxcdt-web"))
	want(t, term.Wait("was started anew", patience))
	want(t, term.Type("q"))
	want(t, term.WaitGone("Processes of", patience))
}
