package views

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/runtime"
)

// plain are the rows without styles.
func plain(b Block) []string {
	out := make([]string, len(b))
	for i, row := range b {
		out[i] = ansi.Strip(row)
	}
	return out
}

func TestColumnsGoByTheirRank(t *testing.T) {
	s := listState(someRows())
	s.Paths = true
	order := []string{ColGroups, ColAuto, ColPids, ColIO, ColNet, ColPath, ColIP, ColUp, ColCPU, ColMem}
	before := VisibleColumns(s, 200)
	if len(before) != len(Columns()) {
		t.Fatalf("200 columns wide: %v", before)
	}
	gone := []string{}
	for w := 199; w > 0; w-- {
		now := VisibleColumns(s, w)
		for _, id := range before {
			if !slices.Contains(now, id) {
				gone = append(gone, id)
			}
		}
		before = now
		if tab := arrangeColumns(s, w); w >= 20 && tab.cols[0].w < nameMin {
			t.Fatalf("at %d the name has %d cells", w, tab.cols[0].w)
		}
		if w == 80 && slices.Contains(gone, ColIP) {
			t.Errorf("80 wide: gone are %v", gone)
		}
		if w == 59 && !slices.Equal(now, []string{ColName, ColState, ColCPU, ColMem}) {
			t.Errorf("below 60: %v", now)
		}
	}
	// Below 60 columns several go at once, in the order in which they stand.
	if !slices.Equal(gone[:5], order[:5]) || !slices.Equal(before, []string{ColName, ColState}) {
		t.Errorf("columns went in the order %v, left are %v", gone, before)
	}
}

// Why a container is as it is stands in its row whatever columns were chosen.
func TestNotesWithoutColumns(t *testing.T) {
	s := listState(someRows())
	s.Columns = []string{ColName}
	b := strings.Join(plain(theme(t, "", ThemeOptions{}).List(s, 80, 12)), "\n")
	for _, want := range []string{"no answer 12s", "foreign (uid 1000)", "configuration cannot be loaded"} {
		if !strings.Contains(b, want) {
			t.Errorf("%q is not in\n%s", want, b)
		}
	}
}

func TestChosenColumns(t *testing.T) {
	s := listState(someRows())
	s.Columns = []string{ColMem, ColGroups}
	if got := VisibleColumns(s, 80); !slices.Equal(got, []string{ColName, ColState, ColMem, ColGroups}) {
		t.Errorf("%v", got)
	}
}

func TestScroll(t *testing.T) {
	for _, c := range []struct{ cursor, offset, total, n, want int }{
		{0, 0, 10, 5, 0}, {4, 0, 10, 5, 0}, {5, 0, 10, 5, 1}, {9, 0, 10, 5, 5}, {2, 5, 10, 5, 2}, {3, 9, 4, 5, 0}, {0, 0, 0, 5, 0}, {3, 1, 10, 0, 0},
	} {
		if got := Scroll(c.cursor, c.offset, c.total, c.n); got != c.want {
			t.Errorf("Scroll(%d, %d, %d, %d) = %d, want %d", c.cursor, c.offset, c.total, c.n, got, c.want)
		}
	}
}

func names(rows []Row) string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = rows[i].C.Name
	}
	return strings.Join(out, " ")
}

func TestSort(t *testing.T) {
	rows := func() []Row {
		a, b, c := running("a", 10, 300*mib, gib, "10.0.0.10"), running("b", 90, 100*mib, gib, "10.0.0.9"), running("c", 10, 200*mib, gib, "")
		b.C.Started = now.Add(-time.Hour)
		b.C.Config = &runtime.Config{}
		b.Order = 5 // smoothed: it has only just begun
		c.C.Path = "/srv/lxc"
		c.C.Config = &runtime.Config{Autostart: true, Order: 1, Groups: []string{"db"}}
		return []Row{stopped("d"), c, b, a}
	}
	for _, c := range []struct {
		col  string
		desc bool
		want string
	}{
		{ColName, false, "a b c d"}, {ColName, true, "d c b a"}, {ColState, false, "a b c d"}, {ColState, true, "d a b c"},
		{ColCPU, true, "a c b d"}, {ColCPU, false, "b a c d"}, {ColMem, true, "a c b d"}, {ColMem, false, "b c a d"},
		{ColNet, true, "a b c d"}, {ColIO, true, "a b c d"}, {ColPids, true, "a b c d"},
		{ColIP, false, "b a c d"}, {ColIP, true, "a b c d"}, {ColUp, true, "a c b d"}, {ColUp, false, "b a c d"},
		{ColAuto, false, "c a b d"}, {ColAuto, true, "a c b d"}, {ColGroups, false, "c a b d"}, {ColGroups, true, "a c b d"},
		{ColPath, false, "c a b d"}, {"no such column", false, "a b c d"},
	} {
		r := rows()
		SortRows(r, c.col, c.desc)
		if got := names(r); got != c.want {
			t.Errorf("by %s, descending %v: %s, want %s", c.col, c.desc, got, c.want)
		}
	}
	if Compare("nope", false) != nil {
		t.Error("an unknown column has an order")
	}
	for _, col := range Columns() {
		if Compare(col.ID, false) == nil {
			t.Errorf("column %s has no order", col.ID)
		}
	}
}

// A name is as wide as it is shown, not as long as its bytes.
func TestNameColumnCountsCells(t *testing.T) {
	width := func(name string) int {
		s := listState(someRows())
		s.Rows[0].C.Name = name
		return arrangeColumns(s, 200).cols[0].w
	}
	if a, b := width("監視監視監視監視"), width("abcdabcdabcdabcd"); a != b {
		t.Errorf("16 cells of wide characters get %d cells, of narrow ones %d", a, b)
	}
	if got := width("\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b"); got < 32 {
		t.Errorf("8 escapes of 4 cells each get %d cells", got)
	}
}

// Groups and autostart are not worth cutting names for.
func TestNamesGoBeforeTheLastColumns(t *testing.T) {
	s := listState(someRows())
	s.Rows[0].C.Name = "postgres-primary" // 16 cells
	for w := 80; w <= 130; w++ {
		if tab := arrangeColumns(s, w); tab.cols[0].w < len("postgres-primary") {
			t.Errorf("%d columns: the name has %d cells beside %v", w, tab.cols[0].w, VisibleColumns(s, w))
		}
	}
}

func TestOnlyVisibleRowsAreLookedAt(t *testing.T) {
	s := listState(manyRows(300))
	s.Cursor, s.Offset = 100, 90
	for i := range s.Rows {
		if i < 90 || i >= 113 {
			s.Rows[i].Usage = nil
			s.Rows[i].Sample = &runtime.Sample{}
			s.Rows[i].C.Name = fmt.Sprintf("hid-%03d", i)
		}
	}
	b := plain(theme(t, "", ThemeOptions{}).List(s, 80, 24))
	if strings.Contains(strings.Join(b, "\n"), "hid-") || !strings.Contains(b[1], "web-090") || !strings.HasPrefix(b[11], "> web-100") {
		t.Errorf("%s", strings.Join(b, "\n"))
	}
}

// rowOf is the row of a list of one, as text.
func rowOf(t *testing.T, r Row, w int, change func(*ListState)) string {
	s := listState([]Row{r})
	s.Focused = false
	if change != nil {
		change(s)
	}
	return plain(theme(t, "", ThemeOptions{Colors: 16}).List(s, w, 2))[1]
}

func TestRowsSayWhatIsTheMatter(t *testing.T) {
	web := func(change func(*Row)) Row {
		r := running("web-1", 41, 300*mib, gib, "10.0.3.21")
		change(&r)
		return r
	}
	bare := func(change func(*Row)) Row {
		r := stopped("web-1")
		change(&r)
		return r
	}
	uid := 1000
	for _, c := range []struct {
		what string
		row  Row
		want []string
		not  []string
	}{
		{"calm", web(func(*Row) {}), []string{" R ", "300M/1.0G ", "10.0.3.21", "9d"}, []string{"!"}},
		{"near its limit", web(func(r *Row) { r.Sample.Memory.WorkingSet = runtime.Of(930 * mib) }), []string{"930M/1.0G!"}, nil},
		{"throttled", web(func(r *Row) { r.Usage.Throttled = runtime.RateOf(12) }), []string{"41!"}, nil},
		{"busy", web(func(r *Row) { r.Busy = "stopping" }), []string{"300M/1.0G", "stopping", "9d"}, []string{"10.0.3.21"}},
		{"no answer", web(func(r *Row) { r.C.NoAnswerSince = now.Add(-12 * time.Second) }), []string{"no answer 12s"}, nil},
		{"no answer, no figures", bare(func(r *Row) { r.C.State = runtime.Unknown; r.C.NoAnswerSince = now.Add(-time.Minute) }), []string{" ? no answer 1m"}, nil},
		{"foreign", bare(func(r *Row) { r.C.Foreign = &uid }), []string{" S foreign (uid 1000)"}, nil},
		{"broken", bare(func(r *Row) {
			r.C.Problem = &runtime.Error{Op: "list", Ref: r.C.Ref, Err: runtime.ErrConfig, Log: "no such key\x1b[2J"}
		}), []string{` S configuration cannot be loaded: no such key\x1b[2J`}, []string{"list web-1"}},
		{"not ours to read, with figures", web(func(r *Row) {
			r.C.IPs = nil
			r.C.Problem = &runtime.Error{Op: "list", Ref: r.C.Ref, Err: fmt.Errorf("lstat /srv/lxc/web-1/config: %w", runtime.ErrPermission)}
		}), []string{"300M/1.0G", "permission den…"}, []string{"lstat"}},
		{"a note", bare(func(r *Row) { r.Note = "no cgroup of its own" }), []string{" S no cgroup of its own"}, nil},
		{"stopped", bare(func(*Row) {}), []string{" S ", " - "}, []string{"0"}},
		{"marked", web(func(r *Row) { r.Marked = true }), []string{">*web-1"}, nil},
	} {
		got := rowOf(t, c.row, 80, nil)
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in %q", c.what, w, got)
			}
		}
		for _, w := range c.not {
			if strings.Contains(got, w) {
				t.Errorf("%s: %q is in %q", c.what, w, got)
			}
		}
	}
}

func TestCPUUnits(t *testing.T) {
	r := running("web-1", 40, gib, 2*gib, "")
	for unit, want := range map[CPUUnit]string{OfCore: " 40 ", OfHost: " 2.5 ", OfLimit: " 20 "} {
		if got := rowOf(t, r, 60, func(s *ListState) { s.CPUUnit = unit }); !strings.Contains(got, want) {
			t.Errorf("%s: %q", unit, got)
		}
	}
	if OfLimit.Next() != OfCore {
		t.Error("the units do not go round")
	}
}

// The sorted column and its direction are seen without colours.
func TestEverySortedColumnHasAnArrow(t *testing.T) {
	th := theme(t, "mono", ThemeOptions{})
	for _, w := range []int{40, 60, 80, 120, 200} {
		s := listState(someRows())
		for _, id := range VisibleColumns(s, w) {
			s.Sort, s.Desc = id, true
			c, _ := FindColumn(id)
			row := ansi.Strip(th.List(s, w, 10)[0])
			if !strings.Contains(row, c.Title+"▼") { // "UP▼AUTO" would be read as sorted by UP
				t.Errorf("%d columns, by %s: %q", w, id, row)
			}
		}
	}
}

// Of two figures under one name neither stands alone: it would be read as the
// figure above.
func TestAllWaitedIsOnePiece(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	rows := someRows()
	for w := 40; w < 150; w++ {
		for h := 5; h < 20; h += 5 {
			for _, row := range plain(th.Detail(detailState(&rows[0]), w, h)) {
				if i := strings.Index(row, "PSI"); i >= 0 && !strings.Contains(row, "all waited") && strings.Count(row[i:], " io ") > 1 {
					t.Fatalf("%dx%d: %q", w, h, row)
				}
			}
		}
	}
}

// A figure is never cut to make room for its graph.
func TestFiguresGoBeforeGraphs(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	c := cardOf{title: "I/O", figures: []piece{figure(0, "read", Plain, "887k/s"), figure(0, "write", Plain, "3.6M/s")}}
	c.series = []series{{"", GraphIO, []float64{1, 2, 3}, 3, ""}}
	l := th.newLine(38)
	th.compactCard(&l, &c, 38)
	if row := ansi.Strip(l.String()); !strings.Contains(row, "write 3.6M/s") {
		t.Errorf("%q", row)
	}
}
