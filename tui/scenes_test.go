package tui

import (
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/events"
	"lxcdeck/runtime/fake"
)

// scene is one screen as somebody sees it who has pressed some keys.
type scene struct {
	name string
	on   string // container that the cursor is on; "" = the first
	do   func(d *deck)
	want []string // what is then on the screen
}

// keys presses them.
func keys(all ...string) func(*deck) { return func(d *deck) { d.press(all...) } }

// asked asks for an action by its name.
func asked(name string, more ...string) func(*deck) {
	return func(d *deck) {
		d.press(":")
		d.typed(name)
		d.press("enter")
		d.press(more...)
	}
}

// scenes are all screens there are, on the demo's host.
func scenes() []scene {
	return slices.Concat(homeScenes(), lookScenes(), askScenes(), toldScenes())
}

func homeScenes() []scene {
	return []scene{
		{"list", "web-1", nil, []string{"> web-1"}},
		{"list-wide-name", "東京-監視", nil, []string{"> 東京-監視"}},
		{"list-marked", "web-1", keys("space", "j", "space"), []string{"2 marked"}},
		{"list-filtered", "", func(d *deck) { d.press("/"); d.typed("web"); d.press("enter") }, []string{"web-2"}},
		{"filter-prompt", "", func(d *deck) { d.press("/"); d.typed("mem>") }, []string{"mem>"}},
		{"list-nothing-fits", "", func(d *deck) { d.press("/"); d.typed("zzz"); d.press("enter") }, []string{"zzz"}},
		{"detail", "web-1", keys("tab", "z"), []string{"web-1", "10.0.3.21", "esc list"}},
		{"detail-stopped", "test-7", func(d *deck) {
			d.m.events.Tell(events.Started, ref("test-7"), "", noon.Add(-3*time.Hour))
			d.m.events.Tell(events.OOMKilled, ref("web-1"), "", noon.Add(-2*time.Hour))
			d.m.events.Tell(events.Stopped, ref("test-7"), "by lxc-stop", noon.Add(-time.Hour))
			d.press("tab", "z")
			d.seesNo("OOM")
		}, []string{"test-7", "what can be done", "Clone", "what has happened", "started"}},
		{"detail-locked", "attic", keys("tab", "z"), []string{"attic", "being moved"}},
		{"detail-broken", "broken-cfg", keys("tab", "z"), []string{"unknown key"}},
		{"detail-wide-name", "東京-監視", keys("tab", "z"), []string{"東京-監視"}},
		{"shell", "web-1", shellScene, []string{"root@web-1"}},
		{"shell-zoomed", "web-1", func(d *deck) { shellScene(d); d.press("ctrl+]", "z") }, []string{"root@web-1"}},
		{"sessions", "web-1", func(d *deck) { shellScene(d); d.press("ctrl+]", "s") }, []string{"web-1"}},
	}
}

// slowly presses a key whose answer takes some of the host's own time.
func (d *deck) slowly(key string, ok func() bool) {
	d.t.Helper()
	d.apply(keyMsg(key))
	d.stuck = d.flying
	d.until(key, func() bool { d.clock.Advance(time.Second); return ok() })
	d.stuck = d.flying
}

func startFails(d *deck) {
	d.slowly("S", func() bool { return d.m.notices.now != nil && d.m.notices.now.kind == noteError })
}

// shellScene opens a shell in which somebody has looked around.
func shellScene(d *deck) {
	sessions := d.session()
	d.press("s")
	x := <-sessions
	x.Feed([]byte("\x1b[1;32mroot@web-1\x1b[m:~# ls\r\n\x1b[1;34mapp\x1b[m  logs  \x1b[1;32mrun.sh\x1b[m\r\n\x1b[1;32mroot@web-1\x1b[m:~# "))
	d.shows("run.sh")
}

func lookScenes() []scene {
	return []scene{
		{"graphs", "web-1", keys("h"), []string{"CPU", "Memory"}},
		{"graphs-two", "web-1", keys("space", "space", "h"), []string{"web-1", "web-2"}},
		{"graphs-host", "", asked("graphs of the host"), []string{"CPU"}},
		{"processes", "web-1", keys("t"), []string{"nginx"}},
		{"network", "", keys("n"), []string{"lxcbr0"}},
		{"isolation", "web-1", keys("I"), []string{"web-1"}},
		{"space", "", func(d *deck) { d.slowly("f", func() bool { return d.flying == 0 }) }, []string{"web-1"}},
		{"events", "", asked("events: what"), []string{"Events"}},
		{"history", "", keys("J"), []string{"Jobs"}},
		{"snapshots", "web-1", keys("p"), []string{"snap0"}},
		{"config", "web-1", keys("e"), []string{"lxc.uts.name"}},
		{"config-differences", "web-1", keys("e", "j", "j", "j", "j", "j", "D", "w"), []string{"rootfs.path"}},
		{"config-history", "web-1", keys("e", "b"), []string{"web-1"}},
		{"logs-list", "web-1", keys("l"), []string{"console"}},
		{"logs-unread", "web-1", keys("l", "G"), []string{"it is no regular file"}},
		{"log", "web-1", keys("l", "j", "j", "enter"), []string{"journal"}},
		{"files", "web-1", keys("B"), []string{"etc"}},
		{"start-failed", "kiosk", startFails, []string{"kiosk"}},
		{"doctor", "kiosk", func(d *deck) { startFails(d); d.press("d") }, []string{"lxcbr0"}},
		{"job", "test-7", func(d *deck) { d.slowly("S", func() bool { return len(d.m.jobs.past) > 0 }); d.press("J") }, []string{"test-7"}},
		{"host-doctor", "", asked("check this host"), []string{"cgroup"}},
		{"leftovers", "", asked("what killed"), []string{"db-main"}},
		{"boot-plan", "", asked("autostart"), []string{"web-1"}},
		{"keys", "", asked("keys of all"), []string{"Half a page up"}},
	}
}

func askScenes() []scene {
	return []scene{
		{"help", "", keys("?"), []string{"Help on the list"}},
		{"palette", "", func(d *deck) { d.press(":"); d.typed("st") }, []string{":st"}},
		{"sort-menu", "", keys("o"), []string{"Sort by"}},
		{"columns-menu", "", keys("c"), []string{"Columns"}},
		{"copy-menu", "web-1", keys("y"), []string{"10.0.3.21"}},
		{"theme-menu", "", asked("theme"), []string{"high-contrast"}},
		{"question", "web-1", func(d *deck) { d.press("S"); d.pass(questionGrace) }, []string{"Stop web-1?"}},
		{"question-marks", "web-1", func(d *deck) { d.press("*", "K"); d.pass(questionGrace) }, []string{"Kill"}},
		{"destroy", "test-7", func(d *deck) { d.press("D"); d.pass(questionGrace) }, []string{"test-7"}},
		{"create", "", keys("N"), []string{"template"}},
		{"limits", "web-1", keys("L"), []string{"memory"}},
		{"clone", "test-7", keys("C"), []string{"test-7"}},
		{"run-in-marked", "web-1", keys("space", "!"), []string{"web-1"}},
	}
}

func toldScenes() []scene {
	return []scene{
		{"messages", "", func(d *deck) {
			d.m.say(noteError, "stop web-1: no answer within 60 s, and its monitor does not end", "kill it, or look what its init waits for")
			d.m.say(noteWarn, "polling every 2s: inotify: too many open files", "")
			d.press("m")
		}, []string{"no answer within"}},
		{"told-error", "", func(d *deck) {
			d.m.say(noteError, "start kiosk: liblxc: starting the container failed: Failed to attach veth to bridge lxcbr0", "d explains it")
			d.m.dirty, d.m.paint.all = true, true
		}, []string{"start kiosk"}},
		{"list-fails", "", func(d *deck) {
			d.rt.Fail(fake.List, runtime.Ref{}, fake.Fault{Err: errors.New("read /var/lib/lxc: permission denied")})
			d.press("ctrl+r")
			d.pass(5 * time.Second)
		}, []string{"permission denied"}},
		{"empty", "", func(d *deck) {
			for _, c := range slices.Clone(d.m.all) {
				d.rt.Remove(c.Ref)
			}
			d.press("ctrl+r")
			d.until("an empty list", func() bool { return len(d.m.all) == 0 })
		}, []string{"lxc", "N create"}},
	}
}

// show brings a scene about.
func (d *deck) show(s scene) {
	d.t.Helper()
	d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	if s.on != "" {
		d.press("g")
		for i := 0; d.m.rows.selected.Name != s.on; i++ {
			if i > len(d.m.rows.shown) {
				d.t.Fatalf("no %s in %s", s.on, d.names())
			}
			d.press("j")
		}
	}
	if s.do != nil {
		s.do(d)
	}
	d.settle()
	d.sees(s.want...)
}
