package e2e

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/tui/drive"
)

// tasks is the figure of a container in the column PIDS of the list; -1 = there is none.
func tasks(screen, name string) int {
	end := -1
	for line := range strings.SplitSeq(screen, "\n") {
		cells := []rune(line)
		if end < 0 {
			if before, _, ok := strings.Cut(line, "PIDS"); ok {
				end = len([]rune(before)) + len("PIDS")
			}
			continue
		}
		if len(cells) < end || !strings.Contains(line, name+" ") {
			continue
		}
		words := strings.Fields(string(cells[:end]))
		if n, err := strconv.Atoi(words[len(words)-1]); err == nil {
			return n
		}
	}
	return -1
}

// waitTasks waits for that figure.
func waitTasks(t *testing.T, term *drive.Term, name string, n int) {
	t.Helper()
	want(t, term.WaitFunc(name+" with "+strconv.Itoa(n)+" tasks", patience, func(screen string) bool { return tasks(screen, name) == n }))
}

// TestViewsBesideAStuckMonitor opens each view on a container whose monitor is stopped:
// it opens, answers, and closes, and the figures of another container go on.
func TestViewsBesideAStuckMonitor(t *testing.T) {
	s := host(t, "lxcdt-stuck", "lxcdt-web")
	pid := monitor(t, s, "lxcdt-stuck")
	want(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	term := deck(t, 120, 40, "-P", s.Path)
	want(t, term.Wait("no answer", patience))
	var before int
	want(t, term.WaitFunc("the tasks of lxcdt-web", patience, func(screen string) bool {
		before = tasks(screen, "lxcdt-web")
		return before > 0
	}))
	want(t, term.Type("gg"))
	want(t, term.Wait("── lxcdt-stuck", patience))
	for _, view := range []struct {
		keys  string
		shows []string // what it says of the container, or of itself
	}{
		{"n", []string{"Network", "lxcdt-stuck", "lxcdt-web"}},
		{"I", []string{"Isolation of lxcdt-stuck"}},
		{"f", []string{"Space on disk", "lxcdt-stuck", "lxcdt-web"}},
		{"t", []string{"Processes of lxcdt-stuck", "getty"}},
		{"h", []string{"Graphs of lxcdt-stuck"}},
		{"B", []string{"lxcdt-stuck: /", "etc/"}},
		{":events\r", []string{"Events"}},
	} {
		want(t, term.Type(view.keys))
		for _, text := range view.shows {
			want(t, term.Wait(text, patience))
		}
		want(t, term.WaitGone("PIDS", patience)) // the list is not what says it
		want(t, s.Tool("lxc-attach", "lxcdt-web", "--", "/bin/sh", "-c", "sleep 7300 </dev/null >/dev/null 2>&1 &"))
		before++
		if view.keys != ":events\r" { // that one has no help
			want(t, term.Type("?"))
			want(t, term.Wait("Help", patience))
			want(t, term.Type("\x1b"))
			want(t, term.WaitGone("Help", patience))
		}
		want(t, term.Type("\x1b"))
		want(t, term.Wait("PIDS", patience))
		waitTasks(t, term, "lxcdt-web", before)
		want(t, term.Wait("no answer", patience))
	}
	began := time.Now()
	want(t, term.Type("q"))
	code, err := term.WaitExit(patience)
	want(t, err)
	if code != 0 {
		t.Errorf("it ended with %d after %s", code, time.Since(began))
	}
	noneLeft(t, "views beside a stuck monitor")
}
