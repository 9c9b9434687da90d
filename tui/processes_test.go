package tui

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// procDeck is a host on which alpha has these processes, and shows them.
func procDeck(t *testing.T, w, h int, o Options) *deck {
	t.Helper()
	specs := some()
	specs[0].InitPID = 500
	begun := noon.Add(-time.Hour)
	add := func(pid, ppid int, name, user string, uid int, rss uint64) {
		specs[0].Processes = append(specs[0].Processes, runtime.Process{
			PID: pid, PPID: ppid, Inner: pid - 499, Begin: uint64(pid), Started: begun, State: 'S', Threads: 1, UID: 100000 + uid, InnerUID: uid, User: user,
			Name: name, Command: "/bin/" + name + " -x", RSS: runtime.Of(rss), CPU: runtime.Of(0),
		})
	}
	add(500, 1, "init", "root", 0, 1<<20)
	add(510, 500, "nginx", "root", 0, 5<<20)
	add(511, 510, "worker", "www-data", 33, 60<<20)
	add(512, 510, "burner", "www-data", 33, 50<<20)
	add(520, 500, "cron", "root", 0, 2<<20)
	d := newDeck(t, w, h, o, specs...)
	d.press("t")
	return d
}

// edit changes the processes of alpha behind the screen's back.
func (d *deck) edit(f func(all []runtime.Process) []runtime.Process) {
	d.t.Helper()
	d.rt.Remake(ref("alpha"), f)
}

// later turns the clock until something is on screen.
func (d *deck) later(text string) {
	d.t.Helper()
	d.until(text, func() bool {
		d.pass(time.Second)
		return strings.Contains(d.screen(), text)
	})
}

// order are the names of the processes in their rows.
func (d *deck) order() string {
	x := d.m.processesOpen()
	if x == nil {
		return "closed"
	}
	var out []string
	for i, r := range x.rows {
		name := r.P.Name
		if i == x.at {
			name = ">" + name
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func (d *deck) ordered(want string) {
	d.t.Helper()
	if got := d.order(); got != want {
		d.t.Fatalf("processes %s\nwant %s\n%s", got, want, d.screen())
	}
}

func TestProcessesAreReadWhileOpen(t *testing.T) {
	d := procDeck(t, 120, 40, Options{})
	d.ordered(">init nginx worker burner cron")
	d.sees("Processes of alpha: 5", "├─", "└─/bin/cron -x", "/bin/burner -x")
	before := d.rt.Calls(fake.Oversee)
	burn := func(over time.Duration) {
		d.edit(func(all []runtime.Process) []runtime.Process {
			all[3].CPU = runtime.Of(all[3].CPU.Or(0) + uint64(over)/2)
			return all
		})
		d.pass(over)
	}
	burn(firstPause)
	d.sees("50")
	for range 5 {
		burn(time.Second)
		if x := d.m.processesOpen(); x.rows[3].CPU.Or(0) < 30 || x.rows[3].CPU.Or(0) > 55 || x.rows[0].CPU.Or(-1) != 0 {
			t.Fatalf("CPU %v and %v", x.rows[3].CPU, x.rows[0].CPU)
		}
	}
	if n := d.rt.Calls(fake.Oversee) - before; n != 6 {
		t.Errorf("%d readings in 5.5 seconds", n)
	}
	d.press("esc")
	after := d.rt.Calls(fake.Oversee)
	d.pass(10 * time.Second)
	if n := d.rt.Calls(fake.Oversee) - after; n != 0 || d.order() != "closed" {
		t.Errorf("%d readings once it is closed", n)
	}
}

func TestProcessesAreSorted(t *testing.T) {
	d := procDeck(t, 120, 40, Options{})
	d.press("j", "j") // worker
	d.ordered("init nginx >worker burner cron")
	d.press("t") // flat
	d.ordered("init nginx >worker burner cron")
	d.press("O")
	d.ordered("cron burner >worker nginx init")
	d.press("o")
	d.sees("Sort by", "memory (RSS)")
	d.press("m", "enter")
	d.ordered(">worker burner nginx cron init")
	d.press("<")
	d.sees("CPU%▼")
	d.press(">", ">", "t")
	d.press("o", "home", "enter")
	d.ordered("init nginx >worker burner cron")
	// What it was sorted by is kept for the next view.
	d.press("O", "q", "t")
	d.ordered(">init cron nginx burner worker")
}

func TestProcessesKeepTheCursor(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.press("j", "j", "j")
	d.ordered("init nginx worker >burner cron")
	d.edit(func(all []runtime.Process) []runtime.Process {
		fresh := all[1]
		fresh.PID, fresh.Inner, fresh.Begin, fresh.PPID, fresh.Name = 505, 6, 505, 500, "early"
		return append([]runtime.Process{all[0], fresh}, all[1:]...)
	})
	d.pass(time.Second)
	d.ordered("init early nginx worker >burner cron")
	d.edit(func(all []runtime.Process) []runtime.Process { // another process with that pid
		all[4].Begin++
		all[4].Name = "other"
		return all
	})
	d.pass(time.Second)
	d.ordered("init early nginx worker >other cron")
	d.edit(func(all []runtime.Process) []runtime.Process { return all[:1] })
	d.pass(time.Second)
	d.ordered(">init")
}

func TestProcessesAreFiltered(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.press("/")
	d.typed("user:www !burn")
	d.ordered(">worker")
	d.sees("5, 1 shown", "/user:www !burn")
	d.press("enter")
	d.ordered(">worker")
	d.seesNo("t flat")
	d.press("t")
	d.sees("what fits a filter has no tree")
	d.seesNo("t tree")
	d.press("/", "ctrl+u")
	d.typed("mem>3m")
	d.ordered("nginx >worker burner")
	d.typed("x")
	d.sees("filter")
	d.press("esc")
	d.ordered(">worker")
	d.press("/", "ctrl+u")
	d.typed("zzz")
	d.says("No process fits the filter")
	d.press("enter", "esc")
	d.ordered("init nginx >worker burner cron")
	d.press("/")
	d.send(tea.PasteMsg{Content: "cron"})
	d.ordered(">cron")
	d.press("backspace", "backspace", "backspace", "backspace", "backspace")
	d.ordered("init nginx worker burner >cron")
}

func TestProcessInFull(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.press("j", "j", "enter")
	d.sees("Process 511 of alpha", "511 on the host, 12 inside", "510 (nginx)", "www-data (33 inside)", "60M (RSS), 45M (PSS")
	d.edit(func(all []runtime.Process) []runtime.Process { return all[:2] })
	d.pass(time.Second)
	d.sees("It has ended.")
	d.press("esc")
	d.ordered("init >nginx")
}

// TestProcessWithALongCommand: figures come first, however long a command is.
func TestProcessWithALongCommand(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.edit(func(all []runtime.Process) []runtime.Process {
		all[2].Command = "x" + strings.Repeat(" words", 600) + "\nrm -rf /"
		return all
	})
	d.pass(time.Second)
	d.press("j", "j", "enter")
	d.sees("511 on the host, 12 inside", "60M (RSS)", "www-data (33 inside)", "j k scroll")
	d.press("esc", "y", "j", "j", "enter")
	if got := d.copied; len(got) != 1 || !strings.HasSuffix(got[0], `words\nrm -rf /`) {
		t.Errorf("copied: %q", got)
	}
}

// TestUnitsHaveAColumnWhereThereAreSome: without systemd commands have its room.
func TestUnitsHaveAColumnWhereThereAreSome(t *testing.T) {
	d := procDeck(t, 120, 40, Options{})
	d.seesNo("UNIT")
	d.press("o", "home", "enter", "<") // from the first to the last
	d.sees("COMMAND▲")
	d.press("<")
	d.seesNo("UNIT", "THR▲")
	d.edit(func(all []runtime.Process) []runtime.Process { all[4].Unit = "cron.service"; return all })
	d.pass(time.Second)
	d.sees("UNIT", "cron.service")
}

// TestSignalWhileItStops: what keeps a container from stopping can be ended
// while it is waited for; what else changes it waits.
func TestSignalWhileItStops(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	for _, op := range []runtime.Op{runtime.Stop, runtime.Restart} {
		d.m.jobs.list = []*job{{req: runtime.Request{Op: op, Ref: ref("alpha")}, started: noon, batch: &batch{}, feed: &feed{}}}
		d.press("j", "j", "K")
		if op == runtime.Stop {
			d.sees("Signal for worker (511)")
			d.press("esc", "home")
			continue
		}
		d.seesNo("Signal for")
		d.sees("is busy")
	}
	d.m.jobs.list = nil
}

func TestSignals(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.press("j", "j", "K")
	d.sees("Signal for worker (511)", "TERM", "asks it to end")
	d.press("esc")
	d.ordered("init nginx >worker burner cron")
	d.press("K", "j", "enter")
	d.sees("Send KILL to process 511 of alpha?", "/bin/worker -x", "lxc-attach -P /var/lib/lxc -n alpha -- kill -KILL 12")
	d.pass(questionGrace)
	d.press("n")
	if n := len(d.rt.Requests()); n != 0 {
		t.Fatalf("%d requests after a no", n)
	}
	d.press("K", "j", "enter")
	d.yes()
	want := runtime.SignalArgs{PID: 511, Begin: 511, Signal: int(syscall.SIGKILL), Name: "worker", Inner: 12}
	if q := d.asked(1); q.Op != runtime.Signal || q.Ref != ref("alpha") || *q.Args.(*runtime.SignalArgs) != want {
		t.Errorf("%+v", q)
	}
	d.pass(time.Second)
	d.ordered("init nginx >burner cron")

	// One that has become another meanwhile is left alone.
	d.press("K", "enter")
	d.edit(func(all []runtime.Process) []runtime.Process {
		for i := range all {
			if all[i].Name == "burner" {
				all[i].Begin, all[i].Name = 9999, "innocent"
			}
		}
		return all
	})
	d.yes()
	d.pass(time.Second)
	d.ordered("init nginx >innocent cron")
	d.sees("another one by now")
}

// TestSignalsToTheFrozen: only KILL may reach them before they are thawed.
func TestSignalsToTheFrozen(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.rt.Become(ref("alpha"), runtime.Frozen)
	d.later("FROZEN")
	d.press("j", "j", "K", "enter")
	d.says("it acts on it once it is thawed")
	d.pass(questionGrace)
	d.press("n", "K", "j", "enter")
	d.says("on cgroup v2 that ends it at once")
}

func TestSignalsToTheInit(t *testing.T) {
	d := procDeck(t, 80, 24, Options{})
	d.press("K", "j", "enter")
	d.says("This is the container's init: all in it ends at once")
	d.pass(questionGrace)
	d.press("y", "enter")
	if n := len(d.rt.Requests()); n != 0 {
		t.Fatalf("%d requests without the name", n)
	}
	d.press("K", "j", "enter")
	d.pass(questionGrace)
	d.typed("alpha")
	d.press("enter")
	if q := d.asked(1); !q.Args.(*runtime.SignalArgs).Init {
		t.Errorf("%+v", q.Args)
	}
	d.pass(2 * time.Second)
	d.says("alpha has stopped. They are shown as soon as it runs.")
	d.rt.Become(ref("alpha"), runtime.Running)
	d.later("alpha was started anew")
}

func TestSignalsAreRefused(t *testing.T) {
	d := procDeck(t, 80, 24, Options{ReadOnly: true})
	d.sees("Processes of alpha: 5")
	d.seesNo("K signal")
	d.press("K")
	d.sees("read-only")

	d = procDeck(t, 80, 24, Options{})
	d.rt.Set(ref("alpha"), runtime.Edited, func(s *fake.Spec) { s.Lock = &runtime.LockInfo{By: "jo"} })
	d.until("the lock", func() bool { d.pass(time.Second); return d.m.byRef(ref("alpha")).Lock != nil })
	d.press("K")
	d.sees("locked by jo")
	d.edit(func(all []runtime.Process) []runtime.Process { all[0].State = 'Z'; return all })
	d.rt.Set(ref("alpha"), runtime.Edited, func(s *fake.Spec) { s.Lock = nil })
	d.until("the lock is gone", func() bool { d.pass(time.Second); return d.m.byRef(ref("alpha")).Lock == nil })
	d.press("K")
	d.sees("has ended already")
}

func TestProcessesOfWhatDoesNotRun(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j", "t")
	d.says("bravo is stopped: it has no processes")
	if n := d.rt.Calls(fake.Oversee); n != 0 {
		t.Errorf("%d readings of a stopped container", n)
	}
	d.rt.Become(ref("bravo"), runtime.Running)
	d.later("Processes of bravo: 2")
	d.sees("getty")
	d.rt.Become(ref("bravo"), runtime.Frozen)
	d.later("FROZEN")
	d.rt.Remove(ref("bravo"))
	d.later("bravo is gone")
	d.press("q")

	// An error leaves what was read, and says so; a hang is given up.
	d = procDeck(t, 80, 24, Options{})
	d.rt.Fail(fake.Oversee, ref("alpha"), fake.Fault{Err: errors.New("disk \x1b[31mon fire")})
	d.pass(time.Second)
	d.sees(`disk \x1b[31mon fire`, "/bin/cron -x")
	d.rt.Heal(fake.Oversee, ref("alpha"))
	d.pass(2 * time.Second)
	d.seesNo("on fire")
}

func TestWho(t *testing.T) {
	specs := some()
	specs[3].Procs = []string{"/sbin/init", "nginx: master", "nginx: worker"}
	specs[3].InitPID = 7000
	d := newDeck(t, 80, 24, Options{}, specs...)
	d.press(":")
	d.typed("who 80")
	d.press("enter")
	d.sees("delta has pid or port 80: tcp 0.0.0.0:80  nginx, pid 7001 (14 inside)")
	d.at("delta")
	d.ordered("init >nginx nginx")
	d.press("q", ":")
	d.typed("who 7002")
	d.press("enter")
	d.ordered("init nginx >nginx")
	d.press("q", ":")
	d.typed("who :9")
	d.press("enter")
	d.sees("nobody listens on port 9")
	d.press(":")
	d.typed("who nginx")
	d.press("enter")
	d.sees("neither a pid nor a port")
	d.press(":")
	d.typed("who")
	d.press("enter")
	d.sees("Who has a pid or a port", "pid or port")
	d.typed("7000")
	d.press("enter")
	d.sees("init, pid 7000 (1 inside)")
	d.rt.Fail(fake.Oversee, runtime.Ref{}, fake.Fault{Err: errors.New("cannot look")})
	d.press("q", ":")
	d.typed("who 5")
	d.press("enter")
	d.sees("cannot look")
}

// TestProcessesOnEveryScreen opens the view and all that stands above it at
// all sizes.
func TestProcessesOnEveryScreen(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {60, 20}, {80, 24}, {120, 40}, {200, 60}} {
		d := procDeck(t, size[0], size[1], Options{})
		check := func(what string) {
			t.Helper()
			rows := strings.Split(d.m.View().Content, "\n")
			if len(rows) != size[1] {
				t.Fatalf("%s at %v: %d rows", what, size, len(rows))
			}
		}
		for _, keys := range []string{"", "K", "o", "y", "?", "m", "/", "enter"} {
			if keys != "" {
				d.press(keys)
			}
			check(fmt.Sprintf("%q", keys))
			d.press("esc")
			d.m.held = false
			if d.order() == "closed" {
				d.press("t")
			}
		}
	}
}
