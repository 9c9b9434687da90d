package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

func TestGraphNotesSayWhatIsWrong(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(5)
	d.press("h")
	d.m.sampling.late, d.m.sampling.since = 3, d.clock.Now()
	if s := d.m.graphsOpen().state(d.m); !strings.HasPrefix(s.Note, "no figures since "+shown(5)) {
		t.Fatalf("note %q", s.Note)
	}
}

func TestGraphNotesAreAllSaid(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("alpha", 10), busy("bravo", 50))
	d.ticks(5)
	d.m.sampling.err, d.m.listing.err = errors.New("no sample"), errors.New("no list")
	for _, x := range []*graphView{{}, {of: []graphed{{ref: ref("alpha")}, {ref: ref("bravo")}}}} {
		if s := x.state(d.m); s.Note != "no list; no sample" {
			t.Errorf("note %q", s.Note)
		}
	}
	d.m.sampling.err, d.m.listing.err = nil, nil
	d.press("*", "h")
	for _, name := range []string{"alpha", "bravo"} {
		d.rt.Become(ref(name), runtime.Stopped)
		d.until("the event", func() bool { return d.m.byRef(ref(name)).State == runtime.Stopped })
	}
	d.sees("alpha does not run; bravo does not run")
}

func TestWhatWasNotListedIsNotSaidToBeGone(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(5)
	d.press("h")
	d.rt.Fail(fake.List, runtime.Ref{Path: "/var/lib/lxc"}, fake.Fault{Err: errors.New("input/output error")})
	d.pass(relistEvery + time.Second)
	d.until("the list", func() bool { return len(d.m.all) == 0 })
	d.sees("the last list could not tell of web", "newest")
	d.seesNo("is gone")
	never := &graphView{of: []graphed{{ref: ref("never")}}}
	if s := never.state(d.m); s.Empty != "Nothing was read of never so far." {
		t.Errorf("of what was never read: %q", s.Empty)
	}
	elsewhere := &graphView{of: []graphed{{ref: runtime.Ref{Path: "/srv/lxc", Name: "never"}}}}
	if s := elsewhere.state(d.m); s.Empty != "never is gone." {
		t.Errorf("of what is gone: %q", s.Empty)
	}
	d.m.listing.noConfig = []runtime.Ref{elsewhere.of[0].ref}
	if s := elsewhere.state(d.m); s.Empty != "Nothing was read of never so far." {
		t.Errorf("of what has no config file: %q", s.Empty)
	}
	two := &graphView{of: []graphed{never.of[0], elsewhere.of[0]}}
	if s := two.state(d.m); s.Empty != "Nothing was read of them so far." {
		t.Errorf("of two: %q", s.Empty)
	}
}

func TestAGraphNamesItsOwnController(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("web", 42))
	d.ticks(5)
	d.m.hist.of(ref("web")).sample.Controls = "io: not enabled for this cgroup; cpuset: no such controller here; pressure: cpu.pressure cannot be read"
	s := (&graphView{of: []graphed{{ref: ref("web")}}}).state(d.m)
	for _, g := range s.Graphs {
		want := ""
		switch g.Title {
		case "Read", "Write":
			want = "io: not enabled for this cgroup"
		case "Pressure, CPU":
			want = "pressure: cpu.pressure cannot be read"
		}
		if g.Why != want {
			t.Errorf("%s: %q, want %q", g.Title, g.Why, want)
		}
	}
}

func TestNewestIsThatOfAllGraphs(t *testing.T) {
	gap := views.GraphCell{Low: views.Gap(), Mean: views.Gap(), High: views.Gap()}
	none := views.Graph{Lines: [][]views.GraphCell{{gap, gap, gap}}}
	s := &views.GraphsState{Cells: 3, Graphs: []views.Graph{none, {Lines: [][]views.GraphCell{{gap, {}, gap}}}}}
	if got := newestCell(s); got != 1 {
		t.Errorf("the newest is %d", got)
	}
	s.Graphs = s.Graphs[:1]
	if got := newestCell(s); got != -1 {
		t.Errorf("of nothing the newest is %d", got)
	}
}
