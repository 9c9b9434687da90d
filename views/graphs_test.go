package views

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/keymap"
)

// cellsOf is a history of n cells with a gap in it.
func cellsOf(n int, top, step float64) []GraphCell {
	out := make([]GraphCell, n)
	for i, f := range wave(n, top, step) {
		out[i] = GraphCell{f * .8, f, f * 1.2}
		if i > n/3 && i < n/3+n/10 {
			out[i] = GraphCell{Gap(), Gap(), Gap()}
		}
	}
	return out
}

// graphsState are the graphs of n containers.
func graphsState(n, cells int) *GraphsState {
	s := &GraphsState{
		Tabs: []string{"All", "CPU", "Memory", "I/O", "Network", "Pids", "Pressure"}, Spans: []string{"1m", "5m", "15m", "1h", "6h", "24h"}, Span: 1,
		Cells: cells, Newest: cells - 1, Cursor: -1, At: "12:05:01", Hints: keymap.Footer(keys(), keymap.Graphs, keymap.Situation{}),
	}
	for i := range n {
		s.Names = append(s.Names, fmt.Sprintf("web-%d", i+1))
	}
	for i, g := range []Graph{
		{Title: "CPU", Of: "of a core", Role: GraphCPU, Limit: 150}, {Title: "Memory", Kind: GraphBytes, Role: GraphMem, Limit: 1 * gib},
		{Title: "Read", Kind: GraphRate, Role: GraphIO, Limit: Gap(), Why: "io: no controller"}, {Title: "Write", Kind: GraphRate, Role: GraphIO, Limit: Gap()},
		{Title: "Received", Kind: GraphRate, Role: GraphNet, Limit: Gap()}, {Title: "Sent", Kind: GraphRate, Role: GraphNet, Limit: Gap()},
		{Title: "Pids", Kind: GraphCount, Limit: 512}, {Title: "Pressure, CPU", Of: "some task waited", Role: GraphCPU, Limit: Gap()},
		{Title: "Pressure, memory", Of: "some task waited", Role: GraphMem, Limit: Gap()}, {Title: "Pressure, I/O", Of: "some task waited", Role: GraphIO, Limit: Gap()},
	} {
		top := []float64{110, 700 * mib, 0, 18 * mib, 1.2 * mib, 88 * kib, 42, 3, 0, 12}[i]
		for k := range n {
			line := cellsOf(cells, top*(1-float64(k)/10), .1+float64(k)*.07)
			if i == 2 {
				line = cellsOf(cells, math.NaN(), 1)
			}
			g.Lines = append(g.Lines, line)
		}
		if n > 1 {
			g.Limit = Gap()
		}
		s.Graphs = append(s.Graphs, g)
	}
	for i := 1; i < 5; i++ {
		s.Ticks = append(s.Ticks, GraphTick{i * cells / 5, fmt.Sprintf("12:0%d:00", i)})
	}
	return s
}

func nastyGraphs(n int) *GraphsState {
	s := graphsState(n, 150)
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	for i := range s.Names {
		s.Names[i] = nastyNames()[i]
	}
	s.More, s.Note, s.Paused, s.Cursor, s.At, s.Ago = 9, bad, "12:04:09", 77, "Nov 26 12:03:40 to 12:03:42", "1m before the end"
	s.Starts = []GraphStart{{3, 0}, {3, 0}, {77, n - 1}, {149, 0}, {999, 0}, {-1, 0}}
	s.Ticks = append(s.Ticks, GraphTick{5, bad}, GraphTick{-4, "x"}, GraphTick{149, "12:05:00"})
	s.Graphs[2].Why = bad
	s.Say = &NoticeState{Level: LevelError, Text: bad, Hint: bad}
	s.Graphs[0].Lines[0][3] = GraphCell{0, math.Inf(1), math.Inf(1)}
	s.Graphs[1].Lines[0][3] = GraphCell{1e300, 1e300, 1e300}
	return s
}

func TestGraphsAreExact(t *testing.T) {
	th, ascii := themes(t)[0], themes(t)[1]
	tab := nastyGraphs(8) // of one resource, in blocks
	tab.Graphs, tab.Blocks = tab.Graphs[:1], true
	for name, paint := range map[string]func(w, h int) Block{
		"one":       func(w, h int) Block { return th.Graphs(nastyGraphs(1), w, h) },
		"eight":     func(w, h int) Block { return th.Graphs(nastyGraphs(8), w, h) },
		"ascii":     func(w, h int) Block { return ascii.Graphs(nastyGraphs(8), w, h) },
		"ascii one": func(w, h int) Block { return ascii.Graphs(nastyGraphs(1), w, h) },
		"a tab":     func(w, h int) Block { return th.Graphs(tab, w, h) },
		"nothing":   func(w, h int) Block { return th.Graphs(&GraphsState{}, w, h) },
		"few cells": func(w, h int) Block { return th.Graphs(graphsState(3, 1), w, h) },
		"empty": func(w, h int) Block {
			return th.Graphs(&GraphsState{Names: []string{"web"}, Empty: "\x1b[m" + strings.Repeat("It has not run. ", 40)}, w, h)
		},
	} {
		for _, size := range sizes() {
			exact(t, "graphs of "+name, paint(size[0], size[1]), size[0], size[1])
		}
	}
}

func TestGoldenGraphs(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, size := range map[string][2]int{"40x10": {40, 10}, "60x15": {60, 15}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		w, h := size[0], size[1]
		s := graphsState(1, 150)
		golden(t, "graphs-"+name, th.Graphs(s, w, h), false)
		s.Cursor, s.At, s.Ago = 75, "12:02:30 to 12:02:32", "2m ago"
		s.Starts, s.Paused = []GraphStart{{50, 0}}, "12:05:01"
		s.Graphs = s.Graphs[:2]
		golden(t, "graphs-read-"+name, th.Graphs(s, w, h), true)
		golden(t, "graphs-compared-"+name, th.Graphs(graphsState(4, 150), w, h), false)
		three := graphsState(3, 75)
		three.Graphs, three.Tab, three.More = three.Graphs[:1], 1, 2
		golden(t, "graphs-ascii-"+name, plain.Graphs(three, w, h), false)
	}
	s := graphsState(1, 60)
	s.Blocks, s.Graphs = true, s.Graphs[:1]
	golden(t, "graphs-blocks", th.Graphs(s, 80, 24), false)
}

// plotRows are the rows of a plot as text.
func plotRows(th *Theme, s *GraphsState, g *Graph, w, h int) []string {
	s.Cursor = -1
	var rows []string
	for _, row := range th.graphRows(s, g, w+scaleW, h)[1:] {
		rows = append(rows, string([]rune(ansi.Strip(row))[scaleW:]))
	}
	return rows
}

func flat(values ...float64) []GraphCell {
	cells := make([]GraphCell, len(values))
	for i, f := range values {
		cells[i] = GraphCell{f, f, f}
	}
	return cells
}

func TestPlots(t *testing.T) {
	th, ascii := themes(t)[0], themes(t)[1]
	one := func(th *Theme, cells []GraphCell, limit float64, h int) []string {
		s := &GraphsState{Cells: len(cells)}
		g := &Graph{Kind: GraphPercent, Lines: [][]GraphCell{cells}, Limit: limit}
		w := len(cells)
		if !th.ASCII {
			w /= 2
		}
		return plotRows(th, s, g, w, h)
	}
	// Nought is a base line, a gap is nothing, and the limit is a line.
	if got := one(th, flat(0, 0, Gap(), Gap(), 100, 100), Gap(), 2); got[0] != "  ⣿" || got[1] != "⣀ ⣿" {
		t.Errorf("%q", got)
	}
	if got := one(ascii, flat(0, Gap(), 100), Gap(), 2); got[0] != "  #" || got[1] != "_ #" {
		t.Errorf("%q", got)
	}
	if got := one(th, flat(10, 10, 40, 40), 50, 3); got[0] != "─⣤" || got[1] != " ⣿" || got[2] != "⣤⣿" {
		t.Errorf("%q", got)
	}
	// A peak above a low mean is there.
	spike := flat(10, 10, 10, 10)
	spike[1].High, spike[2].High = 100, 100
	if got := one(th, spike, Gap(), 4); got[0] != "⠈⠁" {
		t.Errorf("%q", got)
	}
	if got := one(ascii, spike, Gap(), 4); got[0] != " '' " {
		t.Errorf("%q", got)
	}
	// Lines that meet take turns where they are letters, and a gap is nobody's.
	s := &GraphsState{Cells: 4}
	g := &Graph{Limit: Gap(), Lines: [][]GraphCell{flat(10, 10, Gap(), 10), flat(10, 10, 10, 2)}}
	if got := plotRows(ascii, s, g, 4, 2); got[0] != "abba" || got[1] != "   b" {
		t.Errorf("%q", got)
	}
}

func TestGraphTitlesReadTheCell(t *testing.T) {
	th := themes(t)[1]
	s := graphsState(1, 150)
	s.Graphs = s.Graphs[:1]
	s.Graphs[0].Lines[0][30] = GraphCell{1.5, 37, 112}
	s.Cursor = 30
	if got := strings.Join(th.Graphs(s, 120, 40), "\n"); !strings.Contains(ansi.Strip(got), "CPU  37%  low 1.5%  high 112%  of a core  limit 150%") {
		t.Errorf("no reading in\n%s", ansi.Strip(got))
	}
	s.Cursor = 55 // in the gap
	if got := ansi.Strip(th.Graphs(s, 120, 40).String()); !strings.Contains(got, "CPU  -  of a core") {
		t.Errorf("a gap is read as\n%s", got)
	}
	many := graphsState(3, 150)
	many.Graphs = many.Graphs[:1]
	for i, f := range []float64{5, 60, Gap()} {
		many.Graphs[0].Lines[i][30].Mean = f
	}
	many.Cursor = 30
	if got := ansi.Strip(th.Graphs(many, 120, 40).String()); !strings.Contains(got, "a 5.0%  b 60%  c -") || !strings.Contains(got, "a web-1  b web-2  c web-3") {
		t.Errorf("compared they are read as\n%s", got)
	}
}

// BenchmarkGraphs paints the screen of graphs.
func BenchmarkGraphs(b *testing.B) {
	th := theme(b, "", ThemeOptions{Colors: 16})
	for name, n := range map[string]int{"one": 1, "eight": 8} {
		s := graphsState(n, 100)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = th.Graphs(s, 120, 40).String()
			}
		})
	}
}

func TestWhatHasNoRoomLeavesASign(t *testing.T) {
	th := themes(t)[0]
	s := graphsState(8, 60)
	s.Note = strings.Repeat("web-1 does not run; ", 20)
	s.Starts, s.Older = []GraphStart{{3, 0}}, true
	if title := ansi.Strip(th.graphTitle(s, &s.Graphs[1], 38)); !strings.Contains(title, "…") || Width(title) > 38 {
		t.Errorf("title %q", title)
	}
	if row := ansi.Strip(th.graphReading(s, s.places(80, 24), 80)); !strings.HasSuffix(strings.TrimSpace(row), "…") || Width(row) > 80 || !strings.Contains(row, "newest") {
		t.Errorf("reading %q", row)
	}
	s.Note = ""
	if row := ansi.Strip(th.graphReading(s, s.places(80, 24), 80)); !strings.Contains(row, "started anew, and earlier ones") {
		t.Errorf("reading %q", row)
	}
	s.Newest, s.At = -1, ""
	if row := ansi.Strip(th.graphReading(s, s.places(80, 24), 80)); strings.Contains(row, "newest") {
		t.Errorf("of nothing: %q", row)
	}
}

// TestGraphSaysWhyInFull: why a graph is empty can be read to its end where it
// stands beside another, and is cut with a sign where there is no room.
func TestGraphSaysWhyInFull(t *testing.T) {
	const why = "io: blkio.throttle.io_service_bytes_recursive names no device (since Linux 6.10 it counts where a throttle is set, in lxc.cgroup.blkio.throttle.*)"
	for _, th := range themes(t) {
		for _, size := range [][2]int{{120, 40}, {80, 24}, {200, 60}, {76, 12}} {
			s := graphsState(1, 150)
			if size[1] < 40 { // the tab of I/O
				s.Graphs = s.Graphs[2:4]
			}
			for i := range s.Graphs {
				s.Graphs[i].Why = ""
				if s.Graphs[i].Title == "Read" {
					s.Graphs[i].Why = why
				}
			}
			p := s.places(size[0], size[1])
			var words []string
			for _, row := range th.Graphs(s, size[0], size[1]) {
				left := ansi.Strip(row)
				if p.columns > 1 {
					left = ansi.Cut(left, 0, p.colW)
				}
				words = append(words, strings.Fields(left)...)
			}
			if text := strings.Join(words, " "); !strings.Contains(text, "not read: "+why) {
				t.Errorf("%v: not in full:\n%s", size, text)
			}
		}
		g := Graph{Title: "Read", Kind: GraphRate, Limit: Gap(), Why: why}
		if rows := th.plotWords(&g, 30, 2); len(rows) != 2 || !strings.HasSuffix(rows[1], th.Glyphs.Ellipsis) || Width(rows[1]) > 30 {
			t.Errorf("%q", rows)
		}
	}
}
