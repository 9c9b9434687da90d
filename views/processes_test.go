package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// someProcesses are those of a web server, as a tree.
func someProcesses() *ProcessesState {
	s := &ProcessesState{
		Name: "web-1", State: runtime.Running, Cursor: 2, Sort: ProcPID, Tree: true, Units: true, Now: now,
		Hints: []keymap.Hint{{Key: "K", Text: "signal"}, {Key: "/", Text: "filter"}, {Key: "t", Text: "flat"}, {Key: "o", Text: "sort"}, {Key: "enter", Text: "in full"}, {Key: "y", Text: "copy"}, {Key: "?", Text: "help"}, {Key: "q", Text: "back"}},
	}
	add := func(pid, inner int, tree, user string, state byte, cpu float64, mem uint64, unit, command string) *runtime.Process {
		p := &runtime.Process{
			PID: pid, Inner: inner, User: user, UID: 100000, State: state, Threads: 1 + pid%3, RSS: runtime.Of(mem), CPU: runtime.Of(uint64(cpu * 1e11)),
			Name: strings.Fields(command)[0], Command: command, Unit: unit, Begin: uint64(pid), Started: now.Add(-time.Duration(pid) * time.Second), Init: inner == 1,
		}
		s.Items = append(s.Items, ProcessItem{P: p, CPU: runtime.RateOf(cpu), Tree: tree})
		return p
	}
	add(4121, 1, "", "root", 'S', 0, 12*mib, "init.scope", "/sbin/init splash")
	add(4130, 61, "+", "root", 'S', 0.3, 18*mib, "systemd-journald.service", "/lib/systemd/systemd-journald")
	add(4198, 88, "+", "root", 'S', 0, 9*mib, "nginx.service", "nginx: master process /usr/sbin/nginx -g daemon on; master_process on; error_log /var/log/nginx/error.log warn;")
	w := add(4200, 90, "|+", "www-data", 'R', 87.4, 512*mib, "nginx.service", "nginx: worker process")
	w.UID, w.InnerUID = 100033, 33
	add(4201, 91, "|`", "www-data", 'D', 12, 498*mib, "nginx.service", "nginx: worker process")
	z := add(4300, 120, "+", "", 'Z', 0, 0, "cron.service", "sh -c /usr/local/bin/report")
	z.RSS, z.Command, z.InnerUID = runtime.Value{}, "", -1
	n := add(4401, 200, "`", "root", 'S', 0, 3*mib, "nginx.service", "/sbin/init")
	n.Depth, n.Init = 1, false
	add(4999, 0, "", "root", 'T', 0, mib, "", "bash")
	s.Total = len(s.Items)
	return s
}

// nastyProcesses have all that is hard to paint.
func nastyProcesses() *ProcessesState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := someProcesses()
	s.Name, s.Note, s.Filter, s.Wrong, s.Empty, s.State = bad, bad, bad, bad, bad, runtime.Frozen
	for i := range s.Items {
		p := s.Items[i].P
		p.Command, p.Name, p.User, p.HostUser, p.Unit = bad, bad, nastyNames()[i%len(nastyNames())], bad, bad
		s.Items[i].Tree = strings.Repeat("|", i*4) + "`"
		p.PID, p.Inner, p.Threads = 4194304, 4194304, 99999
		p.CPU, p.RSS = runtime.Of(1<<63), runtime.Of(1<<63)
		s.Items[i].CPU = runtime.RateOf(1e9)
		if i%2 == 0 {
			p.State = 0
		}
	}
	return s
}

func TestGoldenProcesses(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "60x20": {60, 20}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		w, h := s[0], s[1]
		golden(t, "processes-"+name, th.Processes(someProcesses(), w, h), false)
		golden(t, "processes-colour-"+name, th.Processes(someProcesses(), w, h), true)
		golden(t, "processes-mono-"+name, plain.Processes(someProcesses(), w, h), true)
		none := &ProcessesState{Name: "web-1", Sort: ProcCPU, Desc: true, Now: now, Empty: "web-1 has stopped. They are shown as soon as it runs.", Hints: someProcesses().Hints}
		golden(t, "processes-empty-"+name, th.Processes(none, w, h), false)
		wide := someProcesses()
		wide.Name, wide.State = "東京-監視", runtime.Frozen
		for i := range wide.Items {
			p := wide.Items[i].P
			p.Command, p.User, p.Unit = "/usr/bin/監視 --名前 "+strings.Repeat("東京", 60), "利用者名前長", "監視サービス監視.service"
		}
		golden(t, "processes-wide-"+name, th.Processes(wide, w, h), false)
		typed := someProcesses()
		typed.Items, typed.Cursor, typed.Typing, typed.Filter, typed.Behind = typed.Items[3:5], 0, true, "nginx cpu>", 0
		golden(t, "processes-filter-"+name, th.Processes(typed, w, h), false)
	}
}

func TestProcessesAreExact(t *testing.T) {
	states := []*ProcessesState{someProcesses(), nastyProcesses(), nastyProcesses(), {Empty: strings.Repeat("long words ", 90), Say: &NoticeState{Text: "日本語 notice"}}}
	states[1].Typing, states[1].Behind, states[1].Say = true, 3, states[3].Say
	for i, s := range states {
		th := themes(t)[i%2]
		for _, size := range sizes() {
			exact(t, fmt.Sprintf("processes %d", i), th.Processes(s, size[0], size[1]), size[0], size[1])
		}
		for _, size := range [][2]int{{0, 0}, {-1, -1}, {0, 5}} {
			if b := th.Processes(s, size[0], size[1]); len(b) != max(0, size[1]) {
				t.Fatalf("%v: %d rows", size, len(b))
			}
		}
	}
}

func TestCPUTimes(t *testing.T) {
	for in, want := range map[runtime.Value]string{
		{}: "-", runtime.Of(0): "0:00", runtime.Of(7e9): "0:07", runtime.Of(3599e9): "59:59", runtime.Of(3600e9): "1h00", runtime.Of(1 << 63): Age(1 << 62),
	} {
		if got := CPUTime(in); got != want || Width(got) > 6 {
			t.Errorf("%v: %q, want %q", in, got, want)
		}
	}
}
