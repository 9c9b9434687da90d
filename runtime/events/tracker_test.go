package events

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

const lib = "/var/lib/lxc"

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// host is what a test lets the Tracker see.
type host struct {
	*Tracker
	now  time.Time
	all  map[string]runtime.Container
	less []string // lxcpaths that cannot be read
	none []runtime.Ref
	link []runtime.Ref
	id   string
	told int
}

func newHost(past Memory) *host {
	return &host{Tracker: New("boot-1", past), now: noon, all: map[string]runtime.Container{}, id: "dir"}
}

func ref(name string) runtime.Ref { return runtime.Ref{Path: lib, Name: name} }

// set puts a container into a state; pid 0 = none.
func (h *host) set(name string, s runtime.State, pid int) {
	c := h.all[name]
	if c.Name == "" {
		c = runtime.Container{Ref: ref(name), Identity: "id-" + name, ConfigID: "v1"}
	}
	if c.InitPID != pid {
		c.Started, c.Begin = h.now, uint64(h.now.Sub(noon)/(10*time.Millisecond))+1
	}
	c.State, c.InitPID = s, pid
	h.all[name] = c
}

func (h *host) edit(name string, f func(*runtime.Container)) {
	c := h.all[name]
	f(&c)
	h.all[name] = c
}

// look lets a second pass, and a List come.
func (h *host) look() {
	h.now = h.now.Add(time.Second)
	l := runtime.Listing{Read: map[string]string{lib: h.id}, NoConfig: h.none, Dangling: h.link}
	for _, p := range h.less {
		delete(l.Read, p)
	}
	if len(h.less) == 0 {
		for _, c := range h.all {
			l.Containers = append(l.Containers, c)
		}
	}
	h.Look(&l, h.now.Add(-10*time.Millisecond), h.now)
}

// sample is a reading of a container.
func (h *host) sample(name string, pid int, f func(*runtime.Sample)) {
	r := runtime.Reading{Ref: ref(name), InitPID: pid, Sample: runtime.Sample{At: h.now, FullAt: h.now, InitPID: pid}}
	f(&r.Sample)
	h.Sampled(&runtime.Batch{Readings: []runtime.Reading{r}}, h.now)
}

// said is what was told since the last call.
func (h *host) said() string {
	var out []string
	for i := h.told; i < len(h.All()); i++ {
		e := &h.All()[i]
		s := e.Ref.Name + " " + e.Kind.String()
		if e.Kills > 0 {
			s += fmt.Sprintf(" (%d)", e.Kills)
		}
		for _, c := range e.Changes {
			s += fmt.Sprintf(" %s %d->%d", c.Name, c.From.Or(0), c.To.Or(0))
		}
		if e.By != "" {
			s += " by " + e.By + e.Who
		}
		if e.Away {
			s += " away"
		}
		if e.Boot {
			s += " boot"
		}
		out = append(out, s)
	}
	h.told = len(h.All())
	return strings.Join(out, ", ")
}

func (h *host) want(t *testing.T, want string) {
	t.Helper()
	if got := h.said(); got != want {
		t.Fatalf("told %q\nwant %q", got, want)
	}
}

func kills(n uint64) func(*runtime.Sample) {
	return func(s *runtime.Sample) { s.Memory.OOMKills = runtime.Of(n) }
}

func TestWhatHappens(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.set("db", runtime.Stopped, 0)
	h.look()
	h.want(t, "") // what is there at first is no news
	h.set("db", runtime.Running, 20)
	h.look()
	h.want(t, "db started")
	h.set("web", runtime.Frozen, 10)
	h.look()
	h.set("web", runtime.Running, 10)
	h.look()
	h.want(t, "web frozen, web thawed")
	h.set("web", runtime.Running, 11)
	h.look()
	h.want(t, "web restarted")
	h.edit("web", func(c *runtime.Container) { c.ConfigID = "v2" })
	h.look()
	h.want(t, "web config edited")
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "web stopped")
	h.set("new", runtime.Running, 30)
	h.look()
	h.want(t, "new created, new started")
	delete(h.all, "db")
	h.look()
	h.want(t, "db gone")
	h.edit("web", func(c *runtime.Container) { c.Identity = "id-other" })
	h.look()
	h.want(t, "web gone, web created")
	for i, e := range h.All() {
		if e.Seq != uint64(i+1) {
			t.Errorf("event %d has number %d", i, e.Seq)
		}
	}
}

// What nobody knows is neither stopped nor gone, and told as nothing once it is
// known again.
func TestNotKnownIsNoNews(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.set("db", runtime.Stopped, 0)
	h.look()
	for name, hide := range map[string]func(){
		"unknown": func() { h.edit("web", func(c *runtime.Container) { c.State, c.InitPID = runtime.Unknown, 0 }) },
		"passing": func() { h.edit("web", func(c *runtime.Container) { c.State = runtime.Stopping }) },
		"no answer": func() {
			h.edit("web", func(c *runtime.Container) { c.State, c.NoAnswerSince = runtime.Stopped, h.now })
		},
		"unread":      func() { h.less = []string{lib} },
		"no config":   func() { delete(h.all, "web"); h.none = []runtime.Ref{ref("web")} },
		"dangling":    func() { delete(h.all, "web"); h.link = []runtime.Ref{ref("web")} },
		"bad config":  func() { h.edit("web", func(c *runtime.Container) { c.ConfigID, c.Identity = "", "" }) },
		"no init pid": func() { h.edit("web", func(c *runtime.Container) { c.InitPID = 0 }) },
	} {
		hide()
		h.look()
		h.look()
		h.less, h.none, h.link = nil, nil, nil
		h.all["web"] = runtime.Container{Ref: ref("web"), Identity: "id-web", ConfigID: "v1", State: runtime.Running, InitPID: 10}
		h.look()
		if got := h.said(); got != "" {
			t.Errorf("%s: told %q", name, got)
		}
	}
	// Another directory in the place of the lxcpath: a disk that is not mounted.
	kept := h.all
	h.all, h.id = map[string]runtime.Container{}, "empty"
	h.look()
	h.all, h.id = kept, "dir"
	h.look()
	h.want(t, "")
	// And what changed meanwhile is told.
	h.edit("web", func(c *runtime.Container) { c.State = runtime.Unknown })
	h.look()
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "web stopped")
}

func TestKillsAreCountedInOneLife(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.look()
	h.sample("web", 10, kills(4))
	h.want(t, "") // they were before us
	h.now = h.now.Add(time.Second)
	r := runtime.Reading{Ref: ref("web"), InitPID: 10, Sample: runtime.Sample{At: h.now, FullAt: h.now, InitPID: 10}}
	kills(6)(&r.Sample)
	r.Killed = []runtime.Killed{{PID: 7, Name: "sh"}, {PID: 6, Name: "dd"}, {PID: 5, Name: "old"}}
	h.Sampled(&runtime.Batch{Readings: []runtime.Reading{r}}, h.now)
	h.want(t, "web OOM-killed (2)")
	if e := h.All()[len(h.All())-1]; len(e.Killed) != 2 || e.Killed[0].Name != "sh" || e.Killed[1].Name != "dd" {
		t.Errorf("killed: %+v", e.Killed)
	}
	h.now = h.now.Add(time.Second)
	h.sample("web", 10, kills(1))
	h.want(t, "") // set back
	h.sample("web", 10, func(s *runtime.Sample) { s.FullAt, s.Memory.OOMKills = h.now.Add(time.Second), runtime.Value{} })
	h.now = h.now.Add(2 * time.Second)
	h.sample("web", 10, kills(2))
	h.want(t, "web OOM-killed (1)") // what was absent is no zero
	h.set("web", runtime.Running, 11)
	h.look()
	h.want(t, "web restarted")
	h.sample("web", 10, kills(9))
	h.want(t, "") // of the life before
	h.sample("web", 11, kills(3))
	h.want(t, "") // a restart may have kept the cgroup
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.set("web", runtime.Running, 12)
	h.look()
	h.sample("web", 12, kills(1))
	h.want(t, "web stopped, web started, web OOM-killed (1)")
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "web stopped (1)") // a kill was counted just before
	h.set("web", runtime.Running, 13)
	h.look()
	h.sample("web", 13, kills(1))
	h.now = h.now.Add(time.Minute)
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "web started, web OOM-killed (1), web stopped")
}

func TestLimitsAreCompared(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.look()
	at := func(mem, pids runtime.Value, cores uint64) {
		h.now = h.now.Add(time.Second)
		h.sample("web", 10, func(s *runtime.Sample) {
			s.Memory.Limit, s.Pids.Max = mem, pids
			if cores > 0 {
				s.CPU.Quota, s.CPU.Period = runtime.Of(cores*100), runtime.Of(100)
			}
		})
	}
	at(runtime.Of(512), runtime.Unlimited(), 1)
	at(runtime.Of(512), runtime.Value{}, 1)
	h.want(t, "")
	at(runtime.Of(1024), runtime.Of(50), 2)
	h.want(t, "web limits changed memory 512->1024 cpu 1000->2000 pids 0->50")
	at(runtime.Value{}, runtime.Value{}, 0)
	at(runtime.Of(1024), runtime.Of(50), 2)
	h.want(t, "")
}

func TestWhoDidIt(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.look()
	stop := func(from, to time.Duration, f func(*Done)) bool {
		d := Done{Op: "stop", Ref: ref("web"), Identity: "id-web", From: h.now.Add(from), To: h.now.Add(to)}
		if f != nil {
			f(&d)
		}
		return h.Did(d)
	}
	h.set("web", runtime.Stopped, 0)
	h.look()
	for name, f := range map[string]func(*Done){
		"another container": func(d *Done) { d.Ref = ref("db") },
		"another identity":  func(d *Done) { d.Identity = "id-old" },
		"another verb":      func(d *Done) { d.Op = "freeze" },
		"long before":       func(d *Done) { d.From, d.To = h.now.Add(-time.Minute), h.now.Add(-50*time.Second) },
		"later":             func(d *Done) { d.From, d.To = h.now.Add(time.Second), h.now.Add(2*time.Second) },
	} {
		if stop(-500*time.Millisecond, 0, f) {
			t.Errorf("%s: is taken for the cause", name)
		}
	}
	h.want(t, "web stopped")
	if !h.Unexplained(h.now) || h.Unexplained(h.now.Add(time.Second)) {
		t.Error("what has no cause is not known as such")
	}
	// The end of the operation comes after the List, or before it.
	h.Tell(AlertBegan, ref("db"), "x", h.now.Add(-time.Hour)) // which hides none before it
	if !h.Unexplained(h.now) {
		t.Error("what has no cause is not known behind an alert")
	}
	h.told--
	if !stop(-400*time.Millisecond, 100*time.Millisecond, nil) {
		t.Error("is not the cause")
	}
	h.want(t, "web stopped by stop, db alert")
	if h.Unexplained(h.now) {
		t.Error("its cause is not known")
	}
	h.set("web", runtime.Running, 11)
	h.look()
	h.now = h.now.Add(5 * time.Second) // after the one that was later
	h.look()
	h.now = h.now.Add(time.Second)
	stop(-time.Second, 0, func(d *Done) { d.Who = "jo" })
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "web started, web stopped by stopjo")
	// One operation makes one change.
	h.set("web", runtime.Running, 12)
	h.look()
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "web started, web stopped")
}

func TestTheLogIsBounded(t *testing.T) {
	h := newHost(Memory{})
	for i := range 3 * Most {
		h.Tell(AlertBegan, ref("web"), "x", h.now.Add(-time.Duration(i)*time.Hour)) // the clock goes back
	}
	all := h.All()
	if len(all) > Most || h.Last() != 3*Most || h.Dropped() != uint64(3*Most-len(all)) {
		t.Fatalf("%d events, the last %d, %d dropped", len(all), h.Last(), h.Dropped())
	}
	for i := range all {
		if all[i].Seq != h.Dropped()+uint64(i)+1 {
			t.Fatalf("event %d has number %d", i, all[i].Seq)
		}
	}
}

// A container that floods the log does not push out what happened to others.
func TestOneContainerDoesNotPushOutOthers(t *testing.T) {
	h := newHost(Memory{})
	h.Tell(AlertBegan, ref("db"), "once", h.now)
	for range 5 * Most {
		h.Tell(AlertBegan, ref("web"), "again", h.now)
	}
	if all := h.All(); len(all) > Most || all[0].Text != "once" {
		t.Errorf("%d events, the first %+v", len(all), all[0])
	}
	for i := range 3 * Most {
		h.Tell(AlertBegan, ref(fmt.Sprint("c", i)), "many", h.now)
	}
	if all := h.All(); len(all) > Most || all[0].Text != "many" {
		t.Errorf("%d events, the first %+v", len(all), all[0])
	}
}
