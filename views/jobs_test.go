package views

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/keymap"
)

func nastyJobs(n int) *JobsState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := &JobsState{Title: bad, Parts: true, Cursor: n / 2, Now: now, Note: bad, Hints: []keymap.Hint{{Key: "x", Text: "cancels"}, {Key: "y", Text: bad}}}
	for i := range n {
		s.Items = append(s.Items, JobItem{
			Part: JobPart(3 * i / n), Mark: JobMark(i % 7), What: nastyNames()[i%len(nastyNames())], Who: []string{"", bad}[i%2],
			At: now.Add(-time.Duration(i) * 9 * time.Hour), Took: time.Duration(i-1) * time.Second, Halt: time.Duration(i) * time.Second,
			Progress: JobProgress{Step: bad, Done: uint64(i), Total: 40, Unit: bad, Lines: i}, Total: i % 5, Done: i % 3, Bad: i % 2, Result: bad, Command: bad,
		})
	}
	return s
}

func nastyOutput(left int) *OutputState {
	bad := "日本語\x1b[31m\a" + strings.Repeat("long words ", 30)
	s := &OutputState{Item: nastyJobs(20).Items[11], Now: now, First: 8, Total: 90, Dropped: 7, Left: left, Match: regexp.MustCompile("語|o"), Below: 9, Note: bad}
	s.Item.Command, s.Item.Result = bad, bad
	for range 40 {
		s.Lines = append(s.Lines, bad, "", "\u202ertl\xff")
	}
	return s
}

func nastyLeftovers() *LeftoversState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := &LeftoversState{Cursor: 4, Now: now, Hints: []keymap.Hint{{Key: "esc", Text: "closes"}}}
	for i := range 9 {
		s.Items = append(s.Items, LeftoverItem{Name: bad, What: bad, Since: now.Add(-time.Hour), Where: bad, Size: int64(i-1) << 20, Ways: "f finishes it", Kept: i%2 == 0, Busy: []string{"", bad}[i%2]})
	}
	return s
}

func nastyDoctor() *DoctorState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	return &DoctorState{Name: bad, Failed: bad, Cause: bad, Detail: []string{bad, "", bad}, Advice: bad, Log: []string{bad}, Fix: bad, Command: bad, Offset: 3}
}

// someJobs is what a busy morning looks like.
func someJobs() *JobsState {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	return &JobsState{
		Title: "Jobs and history", Parts: true, Cursor: 4, Now: now,
		Hints: []keymap.Hint{{Key: "esc", Text: "closes"}, {Key: "enter", Text: "output"}, {Key: "d", Text: "explains"}, {Key: "y", Text: "copies the command"}},
		Items: []JobItem{
			{Mark: JobRuns, What: "create web-9", At: ago(42 * time.Second), Took: 42 * time.Second, Progress: JobProgress{Step: "unpacking the image", Done: 70 << 20, Total: 180 << 20, Lines: 31}},
			{Mark: JobRuns, What: "shutdown db-main", At: ago(17 * time.Second), Took: 17 * time.Second, Halt: 43 * time.Second},
			{Mark: JobRuns, What: "start 100 containers", At: ago(3 * time.Second), Took: 3 * time.Second, Total: 100, Done: 37, Bad: 2},
			{Mark: JobWaits, What: "clone web-1 to web-10", At: ago(time.Second)},
			{Part: JobsOver, Mark: JobFailed, What: "start test-7", At: ago(5 * time.Minute), Took: 1200 * time.Millisecond,
				Result: "start test-7: failed: no such bridge lxcbr0. Make it, or choose another.", Command: "lxc-start -P /var/lib/lxc -n test-7"},
			{Part: JobsOver, Mark: JobDone, What: "snapshot web-1", At: ago(9 * time.Minute), Took: 340 * time.Millisecond, Command: "lxc-snapshot -P /var/lib/lxc -n web-1"},
			{Part: JobsOver, Mark: JobCancelled, What: "create web-8", At: ago(12 * time.Minute), Took: 3 * time.Second},
			{Part: JobsEarlier, Mark: JobDone, What: "restore web-1", Who: "alice", At: ago(26 * time.Hour), Took: 72 * time.Second},
			{Part: JobsEarlier, Mark: JobLost, What: "destroy old", Who: "root", At: ago(400 * 24 * time.Hour), Took: -1},
		},
	}
}

func TestGoldenJobs(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}, "120x40": {120, 40}} {
		w, h := s[0], s[1]
		jobs := someJobs()
		golden(t, "jobs-"+name, th.Jobs(jobs, w, h), false)
		out := &OutputState{
			Item: jobs.Items[0], Now: now, First: 20, Total: 43, Below: 12, Match: regexp.MustCompile("ssl"),
			Lines: strings.Split("Unpacking libssl3\nUnpacking openssl\nSetting up libssl3\n 38% [=====>        ]", "\n"),
			Hints: []keymap.Hint{{Key: "esc", Text: "back"}, {Key: "n N", Text: "next, previous"}, {Key: "x", Text: "cancels"}, {Key: "/", Text: "searches"}},
		}
		golden(t, "output-"+name, th.Output(out, w, h), true)
		golden(t, "doctor-"+name, th.Doctor(&DoctorState{
			Name: "test-7", Failed: "start test-7: liblxc: starting the container failed", Cause: "The bridge lxcbr0 of its network is not there.",
			Detail: []string{"lxc.net.0.link = lxcbr0", "no interface of that name"}, Advice: "Enable lxc-net, which makes it, or name another bridge in its config.",
			Log: []string{"network.c: netdev_configure_server_veth: 711 No such file or directory - Failed to attach \"vethX\" to bridge \"lxcbr0\""},
			Fix: "Enable lxc-net", FixKey: "y", Command: "systemctl enable --now lxc-net.service", Hints: []keymap.Hint{{Key: "y", Text: "does it"}, {Key: "esc", Text: "closes"}},
		}, w, h), false)
		golden(t, "leftovers-"+name, th.Leftovers(&LeftoversState{Now: now, Cursor: 1, Hints: []keymap.Hint{{Key: "esc", Text: "closes"}}, Items: []LeftoverItem{
			{Name: "web-1", What: "a restore of snap0 was interrupted", Since: now.Add(-time.Hour), Where: "/var/lib/lxc/.lxcdeck/restore-1", Size: 180 << 20, Ways: "f finishes it  u undoes it"},
			{Name: "db-main", What: "the root before the restore of snap2", Since: now.Add(-50 * time.Hour), Where: "/var/lib/lxc/.lxcdeck/old-3", Size: 6 << 30, Ways: "x dismisses it  u undoes it", Kept: true},
		}}, w, h), false)
		job := &JobState{Text: "creating web-9", Since: now.Add(-42 * time.Second), Key: "ctrl+c", Show: "J", More: 2, Progress: jobs.Items[0].Progress}
		halt := &JobState{Text: "shutting down db-main", Since: now.Add(-17 * time.Second), Key: "ctrl+c", Show: "J", Halt: 43 * time.Second}
		end := &JobState{Text: "creating web-9", Since: now.Add(-42 * time.Second), Ending: true, Show: "J"}
		var rows Block
		for _, j := range []*JobState{job, halt, end} {
			rows = append(rows, th.Status(&StatusState{Job: j, Now: now}, w, 1)...)
		}
		golden(t, "jobline-"+name, rows, false)
	}
}

// What is left of a line begins at the cell that was asked for, with hits set off.
func TestOutputLine(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	for _, c := range []struct {
		left int
		want string
	}{{0, "one two three four"}, {4, "two three four"}, {5, "wo three four"}, {17, "r"}, {40, ""}} {
		s := &OutputState{Left: c.left, Match: regexp.MustCompile("t[a-z]+")}
		got := th.outputLine(s, "one two three four", 30)
		if text := strings.TrimRight(ansi.Strip(got), " "); text != c.want {
			t.Errorf("from %d: %q, want %q", c.left, text, c.want)
		}
	}
	hit := th.Paint(CursorBlur, "two")
	if got := th.outputLine(&OutputState{Match: regexp.MustCompile("two")}, "one two", 30); !strings.Contains(got, hit) {
		t.Errorf("the hit is not set off: %q", got)
	}
}
