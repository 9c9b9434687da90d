package tui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/tui/settings"
	"lxcdeck/views"
)

func TestListShowsAllPathsAndSelectsTheFirst(t *testing.T) {
	twin := box("alpha", runtime.Running)
	twin.Path = "/srv/lxc"
	d := newDeck(t, 120, 40, Options{}, append(some(), twin)...)
	d.at("alpha")
	if got := d.names(); got != "alpha alpha bravo charlie delta" {
		t.Fatal(got)
	}
	d.sees("/var/lib/lxc", "/srv/lxc", "3/5 running")
	d.press("j")
	if p := d.m.rows.selected.Path; p != "/var/lib/lxc" {
		t.Fatalf("rows of the same name are not told apart: %s", p)
	}
}

func TestMoving(t *testing.T) {
	var specs []fake.Spec
	for i := range 60 {
		specs = append(specs, box(fmt.Sprintf("c%02d", i), runtime.Stopped))
	}
	d := newDeck(t, 80, 24, Options{}, specs...)
	for _, step := range []struct{ key, want string }{
		{"k", "c00"}, {"j", "c01"}, {"down", "c02"}, {"up", "c01"}, {"G", "c59"}, {"j", "c59"},
		{"g", "c00"}, {"end", "c59"}, {"home", "c00"}, {"ctrl+d", "c10"}, {"pgdown", "c20"},
		{"ctrl+u", "c10"}, {"pgup", "c00"}, {"backspace", "c00"},
	} {
		d.press(step.key)
		if got := d.m.rows.selected.Name; got != step.want {
			t.Fatalf("%s: at %s, want %s", step.key, got, step.want)
		}
		d.sees(">" + " " + step.want)
	}
}

// busy is a container whose CPU runs at percent of one core.
func busy(name string, percent float64) fake.Spec {
	s := box(name, runtime.Running)
	s.Counters = func(active time.Duration, _ runtime.Tier, x *runtime.Sample) {
		x.CPU.Usage = runtime.Of(uint64(float64(active) * percent / 100))
		x.Memory.Usage = runtime.Of(uint64(percent) << 20)
		x.Memory.WorkingSet = runtime.Of(uint64(percent) << 20)
		x.Pids.Current = runtime.Of(uint64(percent))
	}
	return s
}

func TestSelectionFollowsTheContainer(t *testing.T) {
	d := newDeck(t, 80, 24, Options{Sort: views.ColCPU}, busy("a", 10), busy("b", 50), busy("c", 30))
	d.at("a") // no rates yet: by name
	d.pass(time.Second)
	d.at("b") // nobody has moved: the first row
	if got := d.names(); got != "b c a" {
		t.Fatal(got)
	}
	d.press("j") // c
	d.at("c")
	d.rt.Set(ref("a"), runtime.Changed, func(s *fake.Spec) { s.Counters = busy("a", 90).Counters })
	d.pass(5 * time.Second)
	if got := d.names(); got != "a b c" {
		t.Fatal(got)
	}
	d.at("c")
	d.press("O")
	if got := d.names(); got != "c b a" {
		t.Fatal(got)
	}
	d.at("c")
}

func TestVanishedContainerLeavesTheCursorOnItsNeighbour(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("j", "j")
	d.at("charlie")
	d.rt.Remove(ref("charlie"))
	d.until("the event", func() bool { return d.names() == "alpha bravo delta" })
	d.at("delta")
	d.rt.Remove(ref("delta"))
	d.until("the event", func() bool { return d.names() == "alpha bravo" })
	d.at("bravo")
	d.rt.Remove(ref("alpha"))
	d.rt.Remove(ref("bravo"))
	d.until("the event", func() bool { return d.names() == "" })
	d.at("")
	d.press("s", "S", "enter", "y", "space", "v", "*", "R")
	d.rt.Add(box("new", runtime.Running))
	d.until("the event", func() bool { return d.names() == "new" })
	d.at("new")
}

func TestEqualFiguresKeepTheirOrder(t *testing.T) {
	var specs []fake.Spec
	for i := range 30 {
		specs = append(specs, box(fmt.Sprintf("c%02d", i), runtime.Stopped))
	}
	d := newDeck(t, 80, 40, Options{Sort: views.ColMem}, specs...)
	want := d.names()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(d.m.rows.shown), func(i, j int) {
			d.m.rows.shown[i], d.m.rows.shown[j] = d.m.rows.shown[j], d.m.rows.shown[i]
		})
		d.m.arrange()
		if got := d.names(); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestSortKeys(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, busy("a", 10), busy("b", 50), busy("c", 30))
	d.pass(time.Second)
	d.press(">", ">") // name, state, cpu
	if d.m.rows.sort != views.ColCPU || d.names() != "b c a" {
		t.Fatal(d.m.rows.sort, d.names())
	}
	d.press("<", "<", "<")
	if d.m.rows.sort == views.ColName {
		t.Fatal("< on the first column stays there")
	}
	d.press("o")
	d.sees("Sort by")
	d.press("home", "enter")
	if d.m.rows.sort != views.ColName || d.names() != "a b c" {
		t.Fatal(d.m.rows.sort, d.names())
	}
	for _, c := range views.Columns() {
		d.m.sortBy(c.ID, false)
		if n := strings.Count(d.names(), " "); n != 2 {
			t.Fatalf("%s: %s", c.ID, d.names())
		}
	}
}

func TestFilterAsYouType(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("G")
	d.press("/")
	d.typed("al")
	d.sees("alpha")
	d.seesNo("bravo", "delta")
	d.press("backspace")
	if got := d.names(); got != "alpha bravo charlie delta" {
		t.Fatal(got)
	}
	d.typed("l") // "al" again
	d.press("enter")
	d.at("alpha")
	if d.m.prompt.open {
		t.Fatal("enter leaves the prompt open")
	}
	d.press("/") // opens with the current text
	if got := d.m.prompt.line.String(); got != "al" {
		t.Fatalf("the prompt opens with %q", got)
	}
	d.press("esc")
	if d.names() != "alpha bravo charlie delta" || d.m.prompt.open {
		t.Fatal("esc does not clear and close")
	}
	d.press("/")
	d.typed("b")
	d.press("backspace", "backspace")
	if d.m.prompt.open || d.m.filter.Text != "" {
		t.Fatal("backspace on empty text does not close")
	}
	d.press("/")
	d.typed("zzz")
	d.sees("No container matches")
	d.press("enter", "j", "s", "S")
	d.press("esc")
	if d.names() != "alpha bravo charlie delta" {
		t.Fatal("esc in the list does not clear the filter")
	}
	d.press("/")
	d.send(keyMsg("j")) // letters are text here
	if d.m.prompt.line.String() != "j" {
		t.Fatal("a letter acts while the filter is typed")
	}
}

func TestFilterLanguage(t *testing.T) {
	web := busy("web", 50)
	web.Config = &runtime.Config{Groups: []string{"Web", "infra"}}
	big := busy("big", 300)
	d := newDeck(t, 80, 24, Options{}, web, big, box("off", runtime.Stopped), box("ice", runtime.Frozen))
	d.pass(time.Second)
	for _, c := range []struct{ text, want string }{
		{"", "big ice off web"}, {"WEB", "web"}, {"!web", "big ice off"}, {"state:running", "big web"},
		{"state:stop", "off"}, {"!state:running", "ice off"}, {"group:web", "web"}, {"group:we", ""},
		{"mem>100m", "big"}, {"mem<100m", "ice web"}, {"mem>=0.1g", "big"}, {"cpu>100", "big"}, {"cpu>100%", "big"},
		{"cpu<100 !ice", "web"}, {"pids>49 state:r", "big web"}, {"ip:10.0", "big ice web"}, {"10.0.3.21", "big ice web"},
		{"name:i", "big ice"}, {"path:/var", "big ice off web"}, {"mem>", "big ice off web"}, {"!", "big ice off web"},
		{"mem>0%", ""}, {"pids>0%", ""}, {"infra", "web"}, {"web state:frozen", ""},
	} {
		d.m.prompt.line.set(c.text)
		d.m.applyFilter()
		if got := d.names(); got != c.want || d.m.prompt.err != nil {
			t.Errorf("%q: %q, want %q (%v)", c.text, got, c.want, d.m.prompt.err)
		}
	}
	for _, bad := range []string{"mem>x", "disk>4", "web mem>1q"} {
		if _, err := views.ParseFilter(bad); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
	d.m.prompt.line.set("web mem>1q")
	d.m.applyFilter()
	if d.names() != "web" {
		t.Error("words before a bad one do not count")
	}
}

func TestMarks(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("space")
	d.at("bravo")
	d.press("j", "j", "v")
	if n := len(d.m.rows.marks); n != 4 {
		t.Fatalf("v marks %d, want 4", n)
	}
	d.sees("4 marked")
	d.press("\\")
	d.seesNo("marked")
	d.press("/")
	d.typed("a")
	d.typed("l")
	d.press("enter", "*", "/", "esc")
	if n := len(d.m.rows.marks); n != 1 || !d.m.rows.marks[ref("alpha")] {
		t.Fatalf("* marks %v", d.m.rows.marks)
	}
	d.rt.Remove(ref("alpha"))
	d.until("the event", func() bool { return len(d.m.rows.marks) == 0 })
}

func TestOnlyAliveAndUnit(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("A")
	if d.names() != "alpha charlie delta" {
		t.Fatal(d.names())
	}
	d.press("A", "%")
	d.sees("HOST%")
	d.press("%")
	d.sees("LIM%")
	d.press("%")
	d.sees("CPU%")
	if d.names() != "alpha bravo charlie delta" {
		t.Fatal(d.names())
	}
}

// titles are the list's columns on screen.
func (d *deck) titles() []string {
	return strings.Fields(strings.Split(d.screen(), "\n")[d.m.layout.List.Min.Y])
}

func TestColumnPicker(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	if !slices.Contains(d.titles(), "PIDS") {
		t.Fatal(d.titles())
	}
	d.press("c")
	d.sees("Columns")
	for d.m.overlay.(*menu).items[d.m.overlay.(*menu).at].label != "PIDS" {
		d.press("j")
	}
	d.press("space", "esc")
	if slices.Contains(d.titles(), "PIDS") {
		t.Fatal(d.titles())
	}
	d.press("c")
	for d.m.overlay.(*menu).items[d.m.overlay.(*menu).at].label != "PIDS" {
		d.press("j")
	}
	d.press("enter", "esc")
	if !slices.Contains(d.titles(), "PIDS") {
		t.Fatal(d.titles())
	}
}

func TestCopyMenu(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("y")
	d.sees("Copy", "10.0.3.21", "/var/lib/lxc/alpha", "lxc-attach")
	d.press("j", "enter")
	if len(d.copied) != 1 || d.copied[0] != "10.0.3.21" {
		t.Fatalf("copied %q", d.copied)
	}
	d.sees("copied: 10.0.3.21")
}

func TestInterval(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	d.press("+")
	d.sees("2s")
	n := d.rt.Calls(fake.Sample)
	d.pass(4 * time.Second)
	if got := d.rt.Calls(fake.Sample) - n; got != 2 {
		t.Fatalf("%d samples in 4 s at 2 s", got)
	}
	d.press("-", "-", "-", "-", "-", "-")
	if d.m.interval != settings.MinInterval {
		t.Fatal(d.m.interval)
	}
	for range len(intervals()) + 1 {
		d.press("+")
	}
	if d.m.interval != settings.MaxInterval {
		t.Fatal(d.m.interval)
	}
	d.m.interval = 1500 * time.Millisecond // --interval takes any
	d.press("-")
	d.sees("interval 1s")
}

func TestPanesAndBack(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, some()...)
	if !d.m.layout.Detail.Empty() {
		t.Fatal("80x24 has a detail unasked")
	}
	d.press("enter")
	if d.m.focus != views.DetailPane || d.m.layout.Detail.Empty() {
		t.Fatal("enter does not open the detail")
	}
	d.press("tab")
	if d.m.focus != views.ListPane {
		t.Fatal("tab does not go to the list")
	}
	d.press("tab", "z")
	if !d.m.layout.List.Empty() {
		t.Fatal("z does not zoom")
	}
	d.press("q")
	if d.quit || d.m.layout.List.Empty() {
		t.Fatal("q does not leave the zoom")
	}
	d.press("esc", "esc")
	if d.m.focus != views.ListPane || !d.m.layout.Detail.Empty() {
		t.Fatal("esc does not close the detail")
	}
	d.press("z")
	if d.m.layout.Detail.Empty() || !d.m.layout.List.Empty() {
		t.Fatal("z in the list does not zoom the detail")
	}
	d.press("z")
	if d.m.focus != views.ListPane {
		t.Fatal("focus stays in a pane that is gone")
	}
	d.press("q")
	if !d.quit {
		t.Fatal("q does not quit")
	}
}

func TestDetailIsHiddenUntilAskedFor(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, box("a", runtime.Running), box("b", runtime.Running))
	d.pass(time.Second)
	with := d.m.layout.List.Dy()
	d.press("i")
	if d.m.layout.List.Dy() <= with || !d.m.layout.Detail.Empty() {
		t.Fatalf("the list has %d rows with the detail and %d without", with, d.m.layout.List.Dy())
	}
	d.press("enter")
	if d.m.layout.Detail.Empty() {
		t.Fatal("enter does not open the hidden detail")
	}
	d.press("esc")
	if !d.m.layout.Detail.Empty() {
		t.Fatal("leaving the detail does not hide it again")
	}
	d.press("i")
	if d.m.layout.Detail.Empty() || d.m.focus != views.ListPane {
		t.Fatal("i does not bring the detail back below the list")
	}
}
