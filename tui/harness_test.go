package tui

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// patience is how long a test waits for what other goroutines do. It is never
// waited out when all is well.
const patience = time.Minute

var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)

// handClock is time that the test turns: timers fire when it is advanced.
type handClock struct {
	*fake.Clock
	timers []timer
}

type timer struct {
	at  time.Time
	msg tea.Msg
}

func (c *handClock) After(d time.Duration, msg tea.Msg) tea.Cmd {
	c.timers = append(c.timers, timer{c.Now().Add(d), msg})
	return nil
}

// next takes the timer that is due first until then; ok is false when none is.
func (c *handClock) next(until time.Time) (t timer, ok bool) {
	best := -1
	for i, x := range c.timers {
		if !x.at.After(until) && (best < 0 || x.at.Before(c.timers[best].at)) {
			best = i
		}
	}
	if best < 0 {
		return timer{}, false
	}
	t = c.timers[best]
	c.timers = slices.Delete(c.timers, best, best+1)
	return t, true
}

// deck drives a Model as Bubble Tea does, without a terminal: it presses keys,
// runs commands to idle and turns the clock.
type deck struct {
	t        *testing.T
	m        *Model
	rt       *fake.Runtime
	clock    *handClock
	msgs     chan tea.Msg // from goroutines
	results  chan tea.Msg // from commands
	flying   int          // commands that have not answered
	stuck    int          // of these, how many the test expects to hang
	quit     bool
	watching bool // the watch has reported
	copied   []string
	sent     []string // type names of Bubble Tea's own messages, in order
}

// newDeck starts a screen of w x h cells on a fake host.
func newDeck(t *testing.T, w, h int, o Options, specs ...fake.Spec) *deck {
	t.Helper()
	clock := fake.NewClock(noon)
	rt := fake.New(fake.Options{Clock: clock, Paths: []string{"/var/lib/lxc", "/srv/lxc"}}, specs...)
	d := newDeckOn(t, w, h, o, rt, rt, clock)
	d.until("the watch", func() bool { return d.watching })
	return d
}

// newDeckOn is newDeck with a runtime of the test's own around the fake.
func newDeckOn(t *testing.T, w, h int, o Options, rt runtime.Runtime, f *fake.Runtime, clock *fake.Clock) *deck {
	t.Helper()
	o.Runtime = rt
	if o.Hostname == "" {
		o.Hostname = "host"
	}
	m := New(o)
	d := &deck{
		t: t, m: m, rt: f, clock: &handClock{Clock: clock},
		msgs: make(chan tea.Msg), results: make(chan tea.Msg),
	}
	m.clock = d.clock
	m.out.send = func(msg tea.Msg) {
		select {
		case d.msgs <- msg:
		case <-m.out.ctx.Done():
		}
	}
	t.Cleanup(func() { m.closeShells() })
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.run(m.Init())
	d.settle()
	return d
}

// send gives the model one message and lets it settle.
func (d *deck) send(msg tea.Msg) {
	d.t.Helper()
	d.apply(msg)
	d.settle()
}

func (d *deck) apply(msg tea.Msg) {
	if msg == nil {
		return
	}
	switch msg := msg.(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
		return
	case eventsMsg, watchLostMsg:
		d.watching = true
	case tea.QuitMsg:
		d.quit = true
		return
	}
	if name := fmt.Sprintf("%T", msg); strings.HasPrefix(name, "tea.") {
		d.sent = append(d.sent, name)
		if name == "tea.setClipboardMsg" {
			d.copied = append(d.copied, reflect.ValueOf(msg).String())
		}
	}
	_, c := d.m.Update(msg)
	d.run(c)
	if d.m.crash != nil {
		d.t.Fatalf("crash: %v", d.m.crash)
	}
}

func (d *deck) run(c tea.Cmd) {
	if c == nil {
		return
	}
	d.flying++
	go func() { d.results <- c() }()
}

// settle runs commands until only those fly that are expected to hang.
func (d *deck) settle() {
	d.t.Helper()
	end := time.After(patience)
	for d.flying > d.stuck {
		select {
		case msg := <-d.results:
			d.flying--
			d.apply(msg)
		case msg := <-d.msgs:
			d.apply(msg)
		case <-end:
			d.t.Fatalf("%d commands do not come back", d.flying)
		}
	}
	d.m.View()
}

// until waits for something that other goroutines bring about.
func (d *deck) until(what string, ok func() bool) {
	d.t.Helper()
	end := time.After(patience)
	for {
		d.settle()
		if ok() {
			return
		}
		select {
		case msg := <-d.results:
			d.flying--
			d.apply(msg)
		case msg := <-d.msgs:
			d.apply(msg)
		case <-time.After(time.Millisecond):
		case <-end:
			d.t.Fatalf("%s: not within %s\n%s", what, patience, d.screen())
		}
	}
}

// pass turns the clock and fires what is due, in order.
func (d *deck) pass(t time.Duration) {
	d.t.Helper()
	end := d.clock.Now().Add(t)
	for {
		x, ok := d.clock.next(end)
		if !ok {
			break
		}
		d.clock.Advance(max(0, x.at.Sub(d.clock.Now())))
		d.send(x.msg)
	}
	d.clock.Advance(end.Sub(d.clock.Now()))
	d.settle()
}

// press presses keys, named as Bubble Tea names them.
func (d *deck) press(keys ...string) {
	d.t.Helper()
	for _, k := range keys {
		d.send(keyMsg(k))
	}
}

// typed types text key by key.
func (d *deck) typed(text string) {
	d.t.Helper()
	for _, r := range text {
		k := string(r)
		if r == ' ' {
			k = "space"
		}
		d.press(k)
	}
}

// keyMsg is the message of a key.
func keyMsg(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace,
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
		"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"delete": tea.KeyDelete, "f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f10": tea.KeyF10,
	}
	var mod tea.KeyMod
	rest := name
	if after, ok := strings.CutPrefix(rest, "ctrl+"); ok {
		mod, rest = tea.ModCtrl, after
	}
	if code, ok := codes[rest]; ok {
		return tea.KeyPressMsg{Code: code, Mod: mod}
	}
	if rest == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Mod: mod, Text: " "}
	}
	r := []rune(rest)[0]
	if mod != 0 {
		return tea.KeyPressMsg{Code: r, Mod: mod}
	}
	return tea.KeyPressMsg{Code: r, Text: rest}
}

// screen is the frame without styles, trailing blanks cut.
func (d *deck) screen() string {
	d.t.Helper()
	var rows []string
	for _, row := range strings.Split(ansi.Strip(d.m.View().Content), "\n") {
		rows = append(rows, strings.TrimRight(row, " "))
	}
	return strings.Join(rows, "\n")
}

func (d *deck) sees(parts ...string) {
	d.t.Helper()
	s := d.screen()
	for _, p := range parts {
		if !strings.Contains(s, p) {
			d.t.Fatalf("no %q on screen:\n%s", p, s)
		}
	}
}

// reads is sees for sentences, which may be broken anywhere: paths differ in length.
func (d *deck) reads(parts ...string) {
	d.t.Helper()
	whole := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for _, p := range parts {
		if !strings.Contains(whole(d.screen()), whole(p)) {
			d.t.Fatalf("no %q on screen:\n%s", p, d.screen())
		}
	}
}

func (d *deck) seesNo(parts ...string) {
	d.t.Helper()
	s := d.screen()
	for _, p := range parts {
		if strings.Contains(s, p) {
			d.t.Fatalf("%q is on screen:\n%s", p, s)
		}
	}
}

// names are the rows in order.
func (d *deck) names() string {
	var out []string
	for _, r := range d.m.rows.shown {
		out = append(out, r.C.Name)
	}
	return strings.Join(out, " ")
}

func (d *deck) at(want string) {
	d.t.Helper()
	if got := d.m.rows.selected.Name; got != want {
		d.t.Fatalf("selected %q, want %q of %s", got, want, d.names())
	}
}

// ref is a container in the first lxcpath.
func ref(name string) runtime.Ref { return runtime.Ref{Path: "/var/lib/lxc", Name: name} }

// box is a container of the fake host.
func box(name string, s runtime.State) fake.Spec {
	x := fake.Spec{Container: runtime.Container{Ref: ref(name), State: s, Config: &runtime.Config{}, IPsRead: true}}
	if s.Alive() {
		x.Started = noon.Add(-3 * time.Hour)
		x.IPs = []netip.Addr{netip.MustParseAddr("10.0.3.21")}
	}
	return x
}

// some is a small host: alpha and delta run, bravo is stopped, charlie frozen.
func some() []fake.Spec {
	return []fake.Spec{
		box("alpha", runtime.Running), box("bravo", runtime.Stopped),
		box("charlie", runtime.Frozen), box("delta", runtime.Running),
	}
}

// session lets Attach hand out sessions whose program is the test.
func (d *deck) session() (sessions chan *fake.Session) {
	sessions = make(chan *fake.Session, 16)
	d.rt.OnAttach(func(sh runtime.Shell) (runtime.Session, error) {
		s := fake.NewSession(sh.Cols, sh.Rows)
		sessions <- s
		return s, nil
	})
	return sessions
}

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
