package events

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// later is another run on the same host, an hour after h has ended.
func (h *host) later(t *testing.T, boot string) *host {
	t.Helper()
	m := h.Memory()
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	past, err := ParseMemory(text)
	if err != nil {
		t.Fatal(err)
	}
	n := newHost(past)
	n.Tracker = New(boot, past)
	n.now, n.all = h.now.Add(time.Hour), map[string]runtime.Container{}
	for k, v := range h.all {
		n.all[k] = v
	}
	return n
}

func firstRun() *host {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.set("db", runtime.Running, 20)
	h.set("old", runtime.Stopped, 0)
	h.set("ice", runtime.Frozen, 30)
	h.look()
	for name, pid := range map[string]int{"web": 10, "db": 20} {
		h.sample(name, pid, func(s *runtime.Sample) {
			s.Memory.OOMKills, s.Memory.Limit, s.Pids.Max = runtime.Of(1), runtime.Of(512), runtime.Unlimited()
		})
	}
	return h
}

func TestWhatHappenedWhileAway(t *testing.T) {
	h := firstRun()
	h = h.later(t, "boot-1")
	h.look()
	h.want(t, "") // nothing has changed
	h = firstRun().later(t, "boot-1")
	h.now = h.now.Add(time.Minute)
	h.set("old", runtime.Running, 99)
	started := h.now
	h.set("db", runtime.Stopped, 0)
	h.set("ice", runtime.Running, 30)
	h.edit("web", func(c *runtime.Container) { c.ConfigID = "v2" })
	h.set("new", runtime.Stopped, 0)
	h.now = h.now.Add(time.Hour)
	h.look()
	for _, e := range h.All() {
		if e.Kind == Started && !e.At.Equal(started) || e.Since.Sub(noon) > time.Second {
			t.Errorf("%+v", e)
		}
	}
	got := strings.Split(h.said(), ", ")
	want := []string{"db stopped away", "ice thawed away", "new created away", "old started away", "web config edited away"}
	if len(got) != len(want) {
		t.Fatalf("told %q", got)
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(got, ","), w) {
			t.Errorf("%q is not in %q", w, got)
		}
	}
	// The figures are told with the first reading of the same life, and no more
	// than once; what happens from now on is not away.
	h.sample("web", 10, func(s *runtime.Sample) {
		s.Memory.OOMKills, s.Memory.Limit, s.Pids.Max = runtime.Of(4), runtime.Of(1024), runtime.Of(9)
	})
	h.want(t, "web OOM-killed (3) away, web limits changed memory 512->1024 pids 0->9 away")
	h.sample("old", 99, kills(7))
	h.want(t, "") // of another life
	h.set("web", runtime.Stopped, 0)
	h.edit("old", func(c *runtime.Container) { c.ConfigID = "v9" })
	h.look()
	for _, part := range strings.Split(h.said(), ", ") {
		if strings.HasSuffix(part, "away") {
			t.Errorf("told %q", part)
		}
	}
}

func TestPidsOfAnotherStartOfTheHost(t *testing.T) {
	h := firstRun().later(t, "boot-2")
	h.set("db", runtime.Stopped, 0) // web has the same pid as before
	h.look()
	s := h.said()
	for _, w := range []string{"db stopped away boot", "ice restarted away boot", "ice frozen away", "web restarted away boot"} {
		if !strings.Contains(s, w) {
			t.Errorf("%q is not in %q", w, s)
		}
	}
	h.sample("web", 10, kills(9))
	h.look()
	h.want(t, "")
	// Without a boot_id nobody knows whose a pid was.
	h = firstRun().later(t, "")
	h.set("web", runtime.Running, 11)
	h.look()
	h.sample("web", 11, kills(9))
	h.want(t, "")
}

// A pid that another init got since is another life, and makes no claim about
// counters, whatever the wall clock says of its start.
func TestPidsThatComeBack(t *testing.T) {
	h := firstRun().later(t, "boot-1")
	h.edit("web", func(c *runtime.Container) { c.Begin++ })
	h.look()
	h.want(t, "web restarted away")
	h.sample("web", 10, kills(9))
	h.want(t, "")
	// The same while this run looks.
	h.edit("web", func(c *runtime.Container) { c.Begin++ })
	h.look()
	h.want(t, "web restarted")
	h.sample("web", 10, kills(12))
	h.want(t, "")
	// What an older version kept has no such start: nobody knows whose figures it has.
	past := firstRun().Memory()
	for i := range past.Places[0].Containers {
		past.Places[0].Containers[i].Begin = 0
	}
	first := firstRun()
	h = newHost(past)
	h.all, h.now = first.all, first.now.Add(time.Hour)
	h.look()
	h.sample("web", 10, kills(9))
	h.want(t, "")
}

// A clock that is set between two runs, or while one looks, makes no other life:
// the start that is computed from it moves, and the figures go on.
func TestTheClockIsSetBetweenRuns(t *testing.T) {
	for _, step := range []time.Duration{-26 * time.Hour, -time.Minute, time.Minute, 26 * time.Hour} {
		h := firstRun().later(t, "boot-1")
		h.now = h.now.Add(step)
		for name := range h.all {
			h.edit(name, func(c *runtime.Container) {
				if !c.Started.IsZero() {
					c.Started = c.Started.Add(step)
				}
			})
		}
		h.look()
		h.sample("web", 10, kills(4))
		h.want(t, "web OOM-killed (3) away")
		h.now = h.now.Add(step)
		h.edit("web", func(c *runtime.Container) { c.Started = c.Started.Add(step) })
		h.look()
		h.sample("web", 10, kills(6))
		h.want(t, "web OOM-killed (2)")
	}
}

// What is not known at the end keeps what was known last.
func TestUnknownIsNotKept(t *testing.T) {
	h := firstRun()
	h.edit("web", func(c *runtime.Container) {
		c.State, c.InitPID, c.NoAnswerSince, c.ConfigID = runtime.Unknown, 0, h.now, ""
	})
	h.look()
	h.less = []string{lib}
	h.look()
	changed := h.Changed()
	m := h.Memory()
	if !changed || len(m.Places) != 1 || len(m.Places[0].Containers) != 4 {
		t.Fatalf("%+v", m)
	}
	if web := m.Places[0].Containers[3]; web.Name != "web" || web.State != "RUNNING" || web.PID != 10 || web.Config != "v1" || web.Kills == nil || *web.Kills != 1 {
		t.Errorf("%+v", web)
	}
	if h.Changed() {
		t.Error("it has changed though nothing happened")
	}
	// Nor does a lxcpath that is not read overwrite or tell anything.
	n := h.later(t, "boot-1")
	n.less = []string{lib}
	n.look()
	if m := n.Memory(); len(m.Places) != 0 {
		t.Errorf("%+v", m)
	}
	n.less = nil
	n.set("web", runtime.Stopped, 0)
	n.edit("web", func(c *runtime.Container) { c.NoAnswerSince = time.Time{} })
	n.look()
	n.want(t, "web stopped away")
	// Another directory in its place is another lxcpath.
	n = firstRun().later(t, "boot-1")
	n.id, n.all = "other", map[string]runtime.Container{}
	n.look()
	n.want(t, "")
	// Which does not lose what was seen in the first one.
	here, before := n.Memory(), firstRun().Memory()
	if all := here.Merge(before, noon); len(all.Places) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestMemoriesAreMerged(t *testing.T) {
	place := func(path string, age int, names ...string) Place {
		p := Place{Path: path, ID: "d", Seen: noon.Add(-time.Duration(age) * time.Hour)}
		for _, n := range names {
			p.Containers = append(p.Containers, Box{Name: n})
		}
		return p
	}
	old := Memory{Version: 1, Places: []Place{place("/a", 1, "x"), place("/b", 2, "y")}}
	mine := Memory{Version: 1, Places: []Place{place("/b", 0, "z")}}
	got := mine.Merge(old, noon)
	if fmt.Sprint(got.Places) != fmt.Sprint([]Place{place("/a", 1, "x"), place("/b", 0, "z")}) {
		t.Errorf("%+v", got)
	}
	// What another has seen later stays, but for what was seen in the future.
	late := Memory{Version: 1, Places: []Place{place("/b", 3, "w")}}
	if got := late.Merge(old, noon); fmt.Sprint(got.Places) != fmt.Sprint(old.Places) {
		t.Errorf("%+v", got)
	}
	if got := late.Merge(old, noon.Add(-150*time.Minute)); got.Places[1].Containers[0].Name != "w" {
		t.Errorf("%+v", got)
	}
	for i := range maxPlaces {
		old.Places = append(old.Places, place(fmt.Sprintf("/c%d", i), 10+i))
	}
	if got = mine.Merge(old, noon); len(got.Places) != maxPlaces || got.Places[0].Path != "/a" {
		t.Errorf("%d places, the first %s", len(got.Places), got.Places[0].Path)
	}
	if err := got.check(); err != nil {
		t.Error(err)
	}
}

func TestMemoriesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":        ``,
		"half":           `{"version":1,"lxcpaths":[{"path"`,
		"version":        `{"version":2}`,
		"no version":     `{}`,
		"relative":       `{"version":1,"lxcpaths":[{"path":"lxc"}]}`,
		"not clean":      `{"version":1,"lxcpaths":[{"path":"/a/../b"}]}`,
		"twice":          `{"version":1,"lxcpaths":[{"path":"/a","id":"i"},{"path":"/a","id":"i"}]}`,
		"name":           `{"version":1,"lxcpaths":[{"path":"/a","containers":[{"name":"../x"}]}]}`,
		"no name":        `{"version":1,"lxcpaths":[{"path":"/a","containers":[{}]}]}`,
		"name twice":     `{"version":1,"lxcpaths":[{"path":"/a","containers":[{"name":"x"},{"name":"x"}]}]}`,
		"state":          `{"version":1,"lxcpaths":[{"path":"/a","containers":[{"name":"x","state":"STOPPING"}]}]}`,
		"pid":            `{"version":1,"lxcpaths":[{"path":"/a","containers":[{"name":"x","pid":-1}]}]}`,
		"long word":      `{"version":1,"lxcpaths":[{"path":"/a","containers":[{"name":"x","identity":"` + strings.Repeat("i", 600) + `"}]}]}`,
		"negative kills": `{"version":1,"lxcpaths":[{"path":"/a","containers":[{"name":"x","oom_kills":-1}]}]}`,
		"too large":      strings.Repeat(" ", MaxMemory+1),
	} {
		if m, err := ParseMemory([]byte(text)); err == nil || len(m.Places) != 0 {
			t.Errorf("%s: %v, %+v", name, err, m)
		}
	}
}

func FuzzParseMemory(f *testing.F) {
	m := firstRun().Memory()
	text, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"lxcpaths":[{"path":"/var/lib/lxc","id":"dir","boot":"boot-1","seen":"2026-11-03T12:00:00Z","containers":[{"name":"web","state":"FROZEN","pid":10,"limits":{"memory":1},"unlimited":["pids"]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMemory(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseMemory(again); err != nil && len(again) <= MaxMemory {
			t.Fatalf("what was read is refused when it is written: %v", err)
		}
		// Whatever stands in it, a run goes on.
		h := newHost(m)
		h.set("web", runtime.Running, 10)
		h.set("db", runtime.Stopped, 0)
		h.look()
		h.sample("web", 10, kills(3))
		if n := len(h.All()); n > 2*maxHere*maxPlaces {
			t.Fatalf("%d events", n)
		}
	})
}
