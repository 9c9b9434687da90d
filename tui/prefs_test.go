package tui

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
)

// paper are settings that a test writes.
type paper struct {
	mu    sync.Mutex
	n     int
	prefs Prefs
	err   error
	wrote []Rebinding
	fails error
}

func (p *paper) Stamp() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strconv.Itoa(p.n)
}

func (p *paper) Load() (Prefs, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return Prefs{}, p.err
	}
	next := p.prefs
	keys, err := keymap.New(next.Preset, next.Bound, next.Prefix)
	next.Keys = keys
	return next, err
}

func (p *paper) Begin() (string, error) { return p.prefs.Own, nil }

func (p *paper) Bind(all []Rebinding) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return p.fails
	}
	p.wrote = all
	p.prefs.Bound, p.prefs.BoundAt = maps.Clone(p.prefs.Bound), maps.Clone(p.prefs.BoundAt)
	for _, r := range all {
		delete(p.prefs.Bound, string(r.ID))
		delete(p.prefs.BoundAt, r.ID)
		if !r.Drop {
			p.prefs.Bound[string(r.ID)] = r.Keys
			p.prefs.BoundAt[r.ID] = [2]string{p.prefs.Own, p.prefs.Own + ":9"}
		}
	}
	p.n++
	return nil
}

// write changes the settings, or spoils them.
func (p *paper) write(change func(*Prefs), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if change != nil {
		change(&p.prefs)
	}
	p.err = err
	p.n++
}

func newPaper() *paper {
	return &paper{prefs: Prefs{
		Interval: time.Second, Theme: "default", Own: "/home/jo/config.toml",
		Bound: map[string][]string{}, BoundAt: map[keymap.ID][2]string{},
		Lines: []SettingLine{
			{Name: "interval", Value: "1s", From: "default", Default: "1s", Means: "between two readings"},
			{Name: "lxcpath", Value: "LXC's own", From: "default", Default: "LXC's own", Means: "directories", Waits: true},
			{Name: "read_only", Value: "false", From: "default", Default: "false", Means: "refuse", Waits: true},
			{Name: "mouse", Value: "false", From: "/etc/lxcdeck/config.toml:3", Default: "false", Means: "the mouse"},
		},
	}}
}

func paperDeck(t *testing.T, p *paper) *deck {
	t.Helper()
	first, err := p.Load()
	if err != nil {
		t.Fatal(err)
	}
	return newDeck(t, 100, 24, Options{Files: p, Prefs: first, Keys: first.Keys, Interval: first.Interval, Theme: first.Theme}, some()...)
}

// TestASavedFileIsTakenOver: it is found by itself, and what cannot be changed waits.
func TestASavedFileIsTakenOver(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	p.write(func(x *Prefs) {
		x.Interval, x.Mouse, x.Sort, x.Reverse, x.ASCII = 5*time.Second, true, "name", true, true
		x.Bound = map[string][]string{"shell": {"f2"}}
		x.Alerts, x.Bell = alert.Rules{alert.Memory: 90}, true
		x.Limits = map[string][]runtime.LimitSetting{"small": {}}
		x.Lines = []SettingLine{
			{Name: "interval", Value: "5s"}, {Name: "lxcpath", Value: "/srv", Waits: true},
			{Name: "read_only", Value: "false", Waits: true}, {Name: "mouse", Value: "true"},
		}
	}, nil)
	d.until("the file is read", func() bool { return d.m.interval == 5*time.Second })
	d.sees("settings taken over: interval, mouse; lxcpath at the next start")
	if d.names() != "delta charlie bravo alpha" || !d.m.theme.ASCII || d.m.View().MouseMode == tea.MouseModeNone {
		t.Errorf("%s, ascii %v, mouse %v", d.names(), d.m.theme.ASCII, d.m.View().MouseMode)
	}
	if a, _ := d.m.keys.Lookup(keymap.List, "f2"); a.ID != keymap.OpenShell {
		t.Errorf("f2 is %q", a.ID)
	}
	if d.m.alerts.watch == nil || !d.m.alerts.bell || len(d.m.presets) != 1 {
		t.Errorf("%+v, %v", d.m.alerts, d.m.presets)
	}
}

// TestABadFileChangesNothing: it is told with its place, and taken over when mended.
func TestABadFileChangesNothing(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	d.press("+") // by hand
	p.write(nil, errors.Join(errors.New("/home/jo/config.toml:3:12: interval: a string in quotes is allowed"), errors.New("another")))
	d.until("the fault is told", func() bool { return d.m.prefs.err != nil })
	d.sees("error: settings: config.toml:3:12")
	p.write(nil, nil)
	d.until("the fault is mended", func() bool { return d.m.prefs.err == nil })
	d.sees("the fault is mended")
	p.write(nil, errors.Join(errors.New("/home/jo/config.toml:3:12: interval: a string in quotes is allowed"), errors.New("another")))
	d.until("the fault is told", func() bool { return d.m.prefs.err != nil })
	d.press("m")
	d.reads("settings: config.toml:3:12: interval: a string in quotes is allowed (1 more fault)", "what held before stays")
	d.press("esc")
	if d.m.interval != 2*time.Second {
		t.Errorf("interval %s", d.m.interval)
	}
	d.press(":")
	d.typed("settings")
	d.press("enter")
	d.sees("/home/jo/config.toml:3:12", "changed here", "interval", "/etc/lxcdeck/config.toml:3")
	p.write(nil, nil)
	d.until("the fault is mended", func() bool { return d.m.prefs.err == nil })
	d.sees("the fault is mended")
	d.seesNo("/home/jo/config.toml:3:12")
	if d.m.interval != 2*time.Second {
		t.Errorf("what was changed by hand is %s", d.m.interval)
	}
	d.press("esc")
	p.write(nil, errors.New("/home/jo/config.toml:4:1: no such key"))
	d.until("another fault is told", func() bool { return d.m.prefs.err != nil })
	d.sees("config.toml:4:1")
	p.write(nil, nil)
	d.until("it is mended", func() bool { return d.m.prefs.err == nil })
	d.sees("the fault is mended") // without a key
	d.seesNo("config.toml:4:1")
}

// TestReadOnlyIsNeverTakenBack: a file makes a running screen read-only, and none
// makes it writable again.
func TestReadOnlyIsNeverTakenBack(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	set := func(on bool) {
		p.write(func(x *Prefs) {
			x.ReadOnly = on
			x.Lines = []SettingLine{{Name: "read_only", Value: strconv.FormatBool(on), From: "f:1", Default: "false", Means: "refuse", Waits: true}}
			x.Alarm = func(alert.Alert) error { return errors.New("run") }
			x.Alerts = alert.Rules{alert.Memory: 1}
		}, nil)
		d.until("it is read", func() bool { return d.m.prefs.now.ReadOnly == on && d.m.prefs.now.Alarm != nil })
	}
	set(true)
	d.press("down", "S")
	d.sees("lxcdeck is read-only")
	set(false)
	d.sees("read_only at the next start")
	d.press("S")
	d.sees("lxcdeck is read-only")
	if err := d.m.rt.Do(context.Background(), runtime.Request{Op: runtime.Start, Ref: ref("bravo")}); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("the runtime says %v", err)
	}
	if d.m.alerts.alarm != nil {
		t.Error("a command is run for alerts")
	}
	if len(d.rt.Requests()) != 0 {
		t.Errorf("%v", d.rt.Requests())
	}
	d.press(":")
	d.typed("settings")
	d.press("enter")
	d.sees("read_only", "the start; false")
}

// readsBoxed is reads for what stands in a box.
func (d *deck) readsBoxed(want string) {
	d.t.Helper()
	text := strings.NewReplacer("│", " ").Replace(d.screen())
	if whole := strings.Join(strings.Fields(text), " "); !strings.Contains(whole, want) {
		d.t.Fatalf("no %q on screen:\n%s", want, d.screen())
	}
}

func openKeys(t *testing.T, d *deck, search string) {
	t.Helper()
	d.press(":")
	d.typed("keys")
	d.press("enter")
	d.sees("Keys", "action", "does")
	d.press("/")
	d.typed(search)
	d.press("enter")
}

func TestKeysAreBound(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	openKeys(t, d, "fan open a shell")
	d.sees("No action")
	d.press("esc")
	d.press("/")
	d.typed("open shell")
	d.press("enter", "down")
	d.sees("In the list of containers", "Open a shell", "as the preset has it")
	d.press("enter")
	d.sees("Press the key for: Open a shell", "It has s now")
	d.press("f2")
	d.until("it is bound", func() bool { return len(d.m.prefs.now.Bound) == 1 })
	d.sees("* f2", "/home/jo/config.toml:9", "the preset has s", "shell: f2")
	d.press("a", "f3")
	d.until("one more is bound", func() bool { return len(d.m.prefs.now.Bound["shell"]) == 2 })
	d.sees("* f2  f3")
	d.press("d")
	d.until("it is the preset's", func() bool { return len(d.m.prefs.now.Bound) == 0 })
	d.sees("as the preset has it", "shell: s")
	d.press("enter", "esc")
	d.seesNo("Press the key")
	d.press("esc", "esc")
	if d.m.overlay != nil {
		t.Errorf("%T is open", d.m.overlay)
	}
}

// TestAKeyOfAnother asks before it is taken, and what it is taken from keeps the rest.
func TestAKeyOfAnother(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	openKeys(t, d, "shell-with")
	d.press("enter", "o")
	d.sees("Take it for: Open a shell: as whom, where, what?")
	d.readsBoxed(`o is "Choose the sorted column" (sort, in: list), which has none then`)
	d.pass(time.Second)
	d.press("n")
	if p.wrote != nil {
		t.Fatalf("written without a yes: %v", p.wrote)
	}
	d.press("enter", "k")
	d.readsBoxed(`k is "Up" (up, in: everywhere), which keeps up.`)
	d.pass(time.Second)
	d.press("y")
	d.until("it is bound", func() bool { return p.wrote != nil })
	d.settle()
	if got := d.m.keys.Keys(keymap.Up); len(got) != 1 || got[0] != "up" {
		t.Errorf("up has %v", got)
	}
	if a, _ := d.m.keys.Lookup(keymap.List, "k"); a.ID != keymap.OpenWith {
		t.Errorf("k is %q", a.ID)
	}
	p.fails = errors.New("write /home/jo/config.toml: somebody else has written it meanwhile")
	d.press("enter", "f3")
	d.sees("nothing was bound: write config.toml: somebody else") // the directory would hide the cause
	if a, _ := d.m.keys.Lookup(keymap.List, "f3"); a.ID != "" {
		t.Errorf("f3 is %q", a.ID)
	}
}

// Every key of every preset can be taken by another action: it ends with a question.
func TestEveryKeyCanBeTaken(t *testing.T) {
	for _, preset := range keymap.Presets() {
		p := newPaper()
		p.prefs.Preset = preset
		d := paperDeck(t, p)
		d.m.overlay = &bindingView{}
		for _, a := range keymap.Actions() {
			for _, key := range d.m.keys.Keys(a.ID) {
				if key == "prefix" || a.ID == keymap.Quit {
					continue
				}
				d.m.bind(keymap.Quit, []string{key})
				if u, ok := d.m.overlay.(*upon); ok {
					q, ok := u.top.(*question)
					if !ok || !strings.Contains(q.state.More, string(a.ID)) && a.Scope != keymap.Shell && a.Scope != keymap.Scrollback && a.Scope != keymap.Sessions {
						t.Fatalf("%s: %s of %s: %T", preset, key, a.ID, u.top)
					}
					d.m.overlay = u.under
				}
			}
		}
	}
}

// TestReadOnlyHoldsForWhatWaits: what has its runtime already, what is asked about and
// what is being filled in when a file makes the screen read-only changes nothing.
func TestReadOnlyHoldsForWhatWaits(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	held := d.m.rt // as a job that waits its turn, or a form, holds on to it
	d.press("R")
	d.sees("Restart alpha?")
	p.write(func(x *Prefs) { x.ReadOnly = true }, nil)
	d.until("it is read", func() bool { return d.m.readOnly })
	d.seesNo("Restart alpha?")
	d.press("y")
	ctx := context.Background()
	if err := held.Do(ctx, runtime.Request{Op: runtime.Start, Ref: ref("bravo")}); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("what was held says %v", err)
	}
	if _, err := held.Exec(ctx, runtime.Shell{Ref: ref("alpha")}, runtime.Stdio{}); !errors.Is(err, runtime.ErrReadOnly) {
		t.Errorf("a program that was to run says %v", err)
	}
	if n := len(d.rt.Requests()); n != 0 {
		t.Errorf("%v", d.rt.Requests())
	}
	for name, open := range map[string][]string{"form": {"N"}, "keys": {":", "k", "e", "y", "s", "enter", "enter"}} {
		p := newPaper()
		d := paperDeck(t, p)
		d.press(open...)
		before := d.m.topOverlay()
		p.write(func(x *Prefs) { x.ReadOnly = true }, nil)
		d.until("it is read", func() bool { return d.m.readOnly })
		if now := d.m.topOverlay(); before == nil || now == before {
			t.Errorf("%s: %T stays open", name, now)
		}
		d.run(bindMsg{keymap.Info, []string{"f9"}}.arrive(d.m))
		if p.wrote != nil {
			t.Errorf("%s: %v was written", name, p.wrote)
		}
	}
}

// TestTheWayOutKeepsAKey: neither taking its keys away nor giving them to another
// action is written, and what was said of that does not stand in the way of the next.
func TestTheWayOutKeepsAKey(t *testing.T) {
	p := newPaper()
	d := paperDeck(t, p)
	d.press(":")
	d.typed("keys")
	d.press("enter", "/")
	d.typed("twice")
	d.press("enter", "x")
	d.sees("interrupt needs a key")
	if p.wrote != nil {
		t.Fatalf("%v was written", p.wrote)
	}
	d.press("a", "f21")
	d.until("it is bound", func() bool { return p.wrote != nil })
	d.sees("interrupt: ctrl+c f21")
	d.seesNo("needs a key")
	d.press("enter", "f22")
	d.until("it is bound", func() bool { return len(d.m.keys.Keys(keymap.Interrupt)) == 1 })
	d.press("f22")
	if d.m.overlay != nil {
		t.Errorf("f22 does not lead out of %T", d.m.overlay)
	}
}
