package views

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

// now is the instant at which all test screens are painted.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

func theme(t testing.TB, name string, o ThemeOptions) *Theme {
	t.Helper()
	th, err := NewTheme(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// wave is a history of n figures between 0 and top, the same every time.
func wave(n int, top float64, step float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = top * (0.5 + 0.5*math.Sin(float64(i)*step))
	}
	return v
}

// running is a container with all figures.
func running(name string, cpu float64, mem, limit uint64, ip string) Row {
	c := &runtime.Container{
		Ref:     runtime.Ref{Path: "/var/lib/lxc", Name: name},
		State:   runtime.Running,
		InitPID: 4121,
		Started: now.Add(-9 * 24 * time.Hour),
		IPsRead: true,
		Config:  &runtime.Config{Autostart: true, Order: 10, Groups: []string{"web", "front"}},
	}
	if ip != "" {
		c.IPs = []netip.Addr{netip.MustParseAddr(ip)}
	}
	s := &runtime.Sample{At: now, InitPID: 4121, Cgroup: "/lxc.payload." + name}
	s.CPU.Usage = runtime.Of(1e12)
	s.CPU.Quota, s.CPU.Period = runtime.Of(2e8), runtime.Of(1e8)
	s.Memory.Usage, s.Memory.WorkingSet = runtime.Of(mem+100*mib), runtime.Of(mem)
	s.Memory.Limit = runtime.Unlimited()
	if limit > 0 {
		s.Memory.Limit = runtime.Of(limit)
	}
	s.Memory.Anon, s.Memory.File, s.Memory.Kernel = runtime.Of(mem/2), runtime.Of(mem/3), runtime.Of(9*mib)
	s.Memory.Swap, s.Memory.SwapLimit = runtime.Of(12*mib), runtime.Unlimited()
	s.Memory.OOMKills = runtime.Of(0)
	s.Pids.Current, s.Pids.Max = runtime.Of(42), runtime.Of(512)
	u := &runtime.Usage{
		Over: time.Second, CPU: runtime.RateOf(cpu), User: runtime.RateOf(cpu * .7), System: runtime.RateOf(cpu * .3),
		OfLimit: runtime.RateOf(cpu / 2), OfHost: runtime.RateOf(cpu / 16),
		RxBytes: runtime.RateOf(1.2 * mib), TxBytes: runtime.RateOf(88 * kib), RxPkts: runtime.RateOf(900), TxPkts: runtime.RateOf(450),
		ReadBytes: runtime.RateOf(0), WriteBytes: runtime.RateOf(18 * mib), ReadOps: runtime.RateOf(0), WriteOps: runtime.RateOf(310),
		Throttled: runtime.RateOf(0), CPUSome: runtime.RateOf(3), MemSome: runtime.RateOf(0), MemFull: runtime.RateOf(0),
		IOSome: runtime.RateOf(12), IOFull: runtime.RateOf(4),
	}
	return Row{C: c, Sample: s, Usage: u, Order: Gap(), Spark: wave(20, cpu*1.2, .6)}
}

func stopped(name string) Row {
	return Row{C: &runtime.Container{
		Ref: runtime.Ref{Path: "/var/lib/lxc", Name: name}, State: runtime.Stopped, IPsRead: true, Config: &runtime.Config{},
	}, Order: Gap()}
}

// someRows are the rows of the ordinary screens.
func someRows() []Row {
	web := running("web-1", 112, 812*mib, 880*mib, "10.0.3.21")
	web.Usage.Throttled = runtime.RateOf(12)
	web.C.IPs = append(web.C.IPs, netip.MustParseAddr("fd42::21"))
	db := running("db-main", 41, 6*gib+100*mib, 8*gib, "10.0.3.30")
	db.C.Started = now.Add(-41 * 24 * time.Hour)
	db.Marked = true
	old := running("build-old", 0, 220*mib, 0, "10.0.3.44")
	old.C.State = runtime.Frozen
	old.C.Config = &runtime.Config{}
	old.Usage.RxBytes, old.Usage.TxBytes = runtime.Rate{}, runtime.Rate{}
	old.Usage.WriteBytes = runtime.RateOf(0)
	busy := running("mail", 3.2, 96*mib, 512*mib, "10.0.3.9")
	busy.Busy = "stopping"
	stuck := running("stuck", 0.4, 30*mib, 0, "")
	stuck.C.NoAnswerSince = now.Add(-12 * time.Second)
	uid := 1000
	theirs := stopped("alice-dev")
	theirs.C.State, theirs.C.Config, theirs.C.Foreign = runtime.Running, nil, &uid
	broken := stopped("broken")
	broken.C.State, broken.C.Config = runtime.Unknown, nil
	broken.C.Problem = &runtime.Error{Op: "list", Ref: broken.C.Ref, Err: fmt.Errorf("%w: it is a FIFO", runtime.ErrConfig)}
	rows := []Row{web, db, old, busy, stuck, theirs, broken, stopped("test-7")}
	for i := range 14 {
		rows = append(rows, running(fmt.Sprintf("app-%02d", i+1), float64(i)*1.7, uint64(i+1)*37*mib, 1*gib, fmt.Sprintf("10.0.3.%d", 100+i)))
	}
	return rows
}

// nastyRows hold names and errors that would wreck a screen printed as they are.
func nastyRows() []Row {
	rows := make([]Row, 0, len(nastyNames()))
	for i, n := range nastyNames() {
		r := running(n, float64(i*13), uint64(i+1)*90*mib, 1*gib, "fd00:1234:5678:9abc:def0:1234:5678:9abc")
		r.C.Config.Groups = []string{n}
		if i%3 == 1 {
			r = stopped(n)
			r.C.Problem = errors.New("bad\x1b[2J\r\n" + n)
		}
		rows = append(rows, r)
	}
	return rows
}

func nastyNames() []string {
	return []string{
		"esc\x1b[31mred\x1b]0;title\x07", "日本語のコンテナ名前", "한국어-컨테이너", "e\u0301\u0301\u0301combining", "\u0301first",
		"\u202ertl\u202c", "zero\u200bwidth\u200d", "\xff\xfe bytes", "c1\u009b31m", "👩\u200d👩\u200d👧-family", "👍🏽", "🇩🇪🇫🇷",
		"क्षत्रिय", "ภาษาไทย", "\u0d4emalayalam", "new\nline\ttab", "del\x7f", "", "a very long name that goes on and on and does not end before the screen does",
		"ﷺ", "\u1100\u1161\u11a8", "emoji\ufe0f☺\ufe0f", "\U000e0041tag", "\U0010ffff", "ｆｕｌｌｗｉｄｔｈ",
	}
}

func listState(rows []Row) *ListState {
	return &ListState{Rows: rows, Total: len(rows), Sort: ColCPU, Desc: true, Now: now, Focused: true}
}

func hostState() *HostState {
	s := &runtime.HostSample{At: now, CPUs: 8, MemTotal: runtime.Of(31*gib + 200*mib), MemFree: runtime.Of(9*gib + 800*mib),
		SwapTotal: runtime.Of(8 * gib), SwapFree: runtime.Of(7 * gib), Load: [3]float64{2.41, 2.02, 1.88}, LoadRead: true,
		DiskTotal: runtime.Of(450 * gib), DiskFree: runtime.Of(120 * gib)}
	u := &runtime.HostUsage{CPU: runtime.RateOf(37), Steal: runtime.RateOf(0), IOWait: runtime.RateOf(2),
		CPUSome: runtime.RateOf(1.2), MemSome: runtime.RateOf(0), IOSome: runtime.RateOf(4)}
	for i := range 8 {
		u.PerCPU = append(u.PerCPU, runtime.RateOf(float64(i*12)))
	}
	return &HostState{Hostname: "web01", Sample: s, Usage: u, CPU: wave(20, 60, .5), Running: 18, Total: 22, Interval: time.Second}
}

func history() *History {
	return &History{
		CPU: wave(400, 150, .11), Memory: wave(400, 800*mib, .05), Rx: wave(400, 1.2*mib, .2), Tx: wave(400, 88*kib, .2),
		Read: wave(400, 0, 1), Write: wave(400, 18*mib, .3), Pids: wave(400, 42, .01),
		CPUStall: wave(400, 3, .1), MemStall: wave(400, 0, .1), IOStall: wave(400, 12, .1),
	}
}

func detailState(r *Row) *DetailState {
	return &DetailState{Row: r, History: history(), HostCPUs: 8, HostMem: runtime.Of(31 * gib), Now: now}
}

// keys is the default map, made once for all tests.
var keys = sync.OnceValue(func() *keymap.Map {
	m, err := keymap.New("", nil, "")
	if err != nil {
		panic(err)
	}
	return m
})

func situation(r *Row) keymap.Situation {
	return keymap.Situation{Selected: r.C, Targets: []runtime.Container{*r.C}}
}

// screen paints a whole frame the way the program does.
func screen(th *Theme, w, h int, mode Mode, list *ListState, host *HostState) Block {
	l := Arrange(w, h, mode)
	if l.TooSmall {
		return th.Compose(l, Panes{})
	}
	var row *Row
	footer := []keymap.Hint{}
	if list.Cursor < len(list.Rows) {
		row = &list.Rows[list.Cursor]
		footer = keymap.Footer(keys(), keymap.List, situation(row))
	}
	size := func(r interface {
		Dx() int
		Dy() int
	}) (int, int) {
		return r.Dx(), r.Dy()
	}
	var p Panes
	w1, h1 := size(l.Host)
	p.Host = th.Host(host, w1, h1)
	w1, h1 = size(l.List)
	p.List = th.List(list, w1, h1)
	if h1 == 0 {
		p.List = nil
	}
	w1, h1 = size(l.Rule)
	rule := &RuleState{Row: row, Now: now, Cores: 1}
	if row != nil {
		rule.At, rule.Of = list.Cursor+1, len(list.Rows)
	}
	p.Rule = th.Rule(rule, w1, h1)
	w1, h1 = size(l.Detail)
	p.Detail = th.Detail(detailState(row), w1, h1)
	w1, h1 = size(l.Banner)
	sh := shellState()
	p.Banner = th.Banner(sh, w1, h1)
	w1, h1 = size(l.Shell)
	p.Shell = th.Shell(sh, w1, h1)
	w1, h1 = size(l.Tabs)
	p.Tabs = th.Tabs(&TabsState{Focused: true, Current: 1, Tabs: []Tab{
		{Text: "web-1"}, {Text: "web-1+db-main"}, {Text: "logs", Marks: SessionMarks{Activity: true}}, {Text: "test-7", Marks: SessionMarks{Ended: true}},
	}}, w1, h1)
	second := &ShellState{Kind: "console", Name: "db-main", Prefix: "ctrl+]", Other: true, Body: []string{"db-main login: "}}
	w1, h1 = size(l.Banner2)
	p.Banner2 = th.Banner(second, w1, h1)
	w1, h1 = size(l.Shell2)
	p.Shell2 = th.Shell(second, w1, h1)
	w1, h1 = size(l.Status)
	p.Status = th.Status(&StatusState{Hints: footer, Now: now, NoConfig: 1, Total: len(list.Rows), Shown: len(list.Rows)}, w1, h1)
	return th.Compose(l, p)
}

func shellState() *ShellState {
	return &ShellState{Kind: "shell", Name: "web-1", Title: "root@web-1: ~", Index: 1, Count: 2, Prefix: "ctrl+]", Focused: true,
		Body: []string{"\x1b[32mroot@web-1\x1b[m:~# ls", "bin  dev  etc  home", "root@web-1:~# "}}
}
