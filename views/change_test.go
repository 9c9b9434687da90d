package views

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// destroyState is a question with everything that goes with a container.
func destroyState() *PromptState {
	return &PromptState{
		Kind: AskTyped, Title: "Destroy test-7?", Targets: []Target{{Name: "test-7", State: runtime.Stopped}},
		Facts: []PromptFact{{Name: "root", Text: "437M in dir"}, {Name: "snapshots", Text: "3, 192M: snap0 snap1 snap2", Warn: true}},
		More:  runtime.Destroy.Info().AsksMore, Command: "lxc-destroy -P /var/lib/lxc -n test-7 -s", Want: "test-7", Typed: "test-7",
	}
}

// planState is a plan in which something is left out.
func planState() *PlanState {
	return &PlanState{
		Title: "Start 3 containers in this order?", Starts: 3, Command: "lxc-autostart -P /var/lib/lxc -g web,db",
		Rows: []PlanRow{
			{Name: "web-1", State: runtime.Stopped, Group: "web", Order: 1, Delay: 5 * time.Second},
			{Name: "web-2", State: runtime.Stopped, Group: "web", Order: 10},
			{Name: "db-main", State: runtime.Stopped, Group: "db", Order: -2, Delay: time.Minute},
			{Name: "cache", State: runtime.Running, Group: "db", Why: "it is RUNNING"},
			{Name: "attic", State: runtime.Stopped, Why: "lxc.start.auto is not 1"},
		},
	}
}

// promptGoldens are the questions before a change and the plan.
func promptGoldens(t *testing.T, th *Theme, name string, w, h int) {
	t.Helper()
	golden(t, "destroy-"+name, th.Prompt(destroyState(), w, h), false)
	many := &PromptState{Kind: AskTyped, Title: "Destroy 2 containers?", Want: "2", Waits: true, Targets: []Target{
		{Name: "test-7", State: runtime.Stopped, With: "437M and 3 snapshots"}, {Name: "test-8", State: runtime.Stopped, With: "measuring ..."},
		{Name: "base", State: runtime.Stopped, Skip: "test-8 is an overlay on its root"},
	}}
	golden(t, "destroy-many-"+name, th.Prompt(many, w, h), false)
	told := &PromptState{Kind: Told, Title: "base cannot be destroyed", Note: "Destroy those first.", Targets: []Target{{Name: "base", State: runtime.Stopped}},
		Facts: []PromptFact{{Name: "base", Text: "test-8, test-9 are overlays on its root", Warn: true}}}
	golden(t, "told-"+name, th.Prompt(told, w, h), false)
	golden(t, "plan-"+name, th.Plan(planState(), w, h), false)
}

// TestPromptAndPlanFitEverywhere: boxes are never larger than the screen, and
// foreign text steers no terminal.
func TestPromptAndPlanFitEverywhere(t *testing.T) {
	nasty := "\x1b[2J日本語\n" + strings.Repeat("x", 90)
	p := destroyState()
	p.Facts = append(p.Facts, PromptFact{Name: nasty, Text: nasty, Warn: true})
	p.Targets = append(p.Targets, Target{Name: nasty, With: nasty}, Target{Name: nasty, Skip: nasty})
	p.Typed, p.Note = nasty, nasty
	plan := planState()
	plan.Rows = append(plan.Rows, PlanRow{Name: nasty, Group: nasty, Order: 1 << 30, Delay: time.Hour}, PlanRow{Name: nasty, Why: nasty})
	plan.Starts, plan.Command, plan.Offset = 9, nasty, 2
	for _, th := range themes(t) {
		for _, s := range sizes() {
			for what, b := range map[string]Block{"prompt": th.Prompt(p, s[0], s[1]), "plan": th.Plan(plan, s[0], s[1])} {
				size := b.Size()
				if size.X > s[0] || size.Y > s[1] {
					t.Fatalf("%s at %v takes %v", what, s, size)
				}
				exact(t, what, b, size.X, size.Y)
			}
			if th.PlanPage(plan, s[0], s[1]) < 1 {
				t.Fatalf("a page of a plan at %v has no row", s)
			}
		}
	}
}

// TestPromptKeepsWhatCounts: on a small screen the command and the words give
// way before what goes with the answer, and the answer stays.
func TestPromptKeepsWhatCounts(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	has(t, "40x10", th.Prompt(destroyState(), 40, 10), "437M in dir", "snap0", "type test-7: test-7", "enter yes")
	s := destroyState()
	s.Waits = true
	has(t, "waits", th.Prompt(s, 80, 24), "measuring ...", "esc no")
	hasNot(t, "waits", th.Prompt(s, 80, 24), "enter yes")
	s.Kind, s.Note = Told, "Destroy those first."
	has(t, "told", th.Prompt(s, 80, 24), "Destroy those first.", "esc leaves")
	hasNot(t, "told", th.Prompt(s, 80, 24), "type test-7", "enter", "yes")
}

// Whoever wrote an archive could hide a line behind many harmless ones.
func TestPromptHidesNothing(t *testing.T) {
	for _, th := range []*Theme{theme(t, "", ThemeOptions{Colors: 16})} {
		s := &PromptState{Title: "Unpack it?", More: "The end."}
		for i := range 40 {
			s.Facts = append(s.Facts, PromptFact{Name: "taken", Text: "harmless " + strconv.Itoa(i), Warn: true})
		}
		s.Facts = append(s.Facts, PromptFact{Name: "taken", Text: "EVIL" + strings.Repeat(" long", 40), Warn: true}, PromptFact{Name: "changed", Text: "this and that"})
		for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 10}} {
			w, h := size[0], size[1]
			s.Top, s.Note = 0, ""
			hasNot(t, "at first", th.Prompt(s, w, h), "EVIL")
			has(t, "at first", th.Prompt(s, w, h), "harmless 0", " rows: up, down", "y yes")
			seen := false
			for range 20 {
				unread := th.PromptUnread(s, w, h)
				if seen = seen || strings.Contains(strings.Join(plain(th.Prompt(s, w, h)), ""), "EVIL"); !seen && !unread {
					t.Fatalf("%dx%d: read before it was shown", w, h)
				}
				s.Top = th.PromptScroll(s, w, h, 3)
			}
			if th.PromptUnread(s, w, h) {
				t.Errorf("%dx%d: unread at the end", w, h)
			}
			has(t, "at the end", th.Prompt(s, w, h), "The end.", "y yes")
		}
		s.Facts = s.Facts[:3]
		if s.Top = 0; th.PromptUnread(s, 80, 24) {
			t.Error("all of it is shown, and it is unread")
		}
		hasNot(t, "short", th.Prompt(s, 80, 24), "rows: up, down")
	}
}

func TestALockIsSeen(t *testing.T) {
	c := runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "db"}, State: runtime.Stopped,
		Lock: &runtime.LockInfo{By: "eve\x1b[2J", Why: "backup", Since: now}}
	rows := []Row{{C: &c}}
	for _, th := range themes(t) {
		list := listState(rows)
		has(t, "list", th.List(list, 40, 3), "S"+th.Glyphs.Lock)
		has(t, "rule", th.Rule(&RuleState{Row: &rows[0], Now: now}, 60, 1), "stopped", "locked")
		has(t, "detail", th.Detail(&DetailState{Row: &rows[0], Now: now}, 80, 6), "lock", `locked by eve\x1b[2J since`, "backup")
		exact(t, "list", th.List(list, 40, 3), 40, 3)
	}
	c.Lock = nil
	hasNot(t, "list", themes(t)[0].List(listState(rows), 40, 3), "⊘")
}
