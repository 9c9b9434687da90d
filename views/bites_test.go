package views

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lxcdeck/runtime"
)

// bitten is a calm row with one limit that bites.
func bitten(l runtime.Limit, events uint64) Row {
	r := running("web-1", 20, 100*mib, 1*gib, "10.0.3.21")
	r.Sample.Memory.High = runtime.Of(512 * mib)
	r.Bites = &runtime.Bites{}
	r.Bites[l] = runtime.Bite{On: true, Since: now, Last: now.Add(-2 * time.Second), Events: events}
	return r
}

// TestBitesAreMarkedAndTold: every limit has a mark in the list at every width,
// and words beside it and in the detail; a calm row has neither.
func TestBitesAreMarkedAndTold(t *testing.T) {
	th := theme(t, "mono", ThemeOptions{ASCII: true})
	calm := running("web-1", 20, 100*mib, 1*gib, "10.0.3.21")
	calm.Bites = &runtime.Bites{}
	marked := func(r Row, w int) bool {
		rows := th.List(listState([]Row{r}), w, 2)
		return strings.Contains(ansi.Strip(rows[1]), "!")
	}
	all := map[string]struct {
		row   Row
		words string
	}{
		"cpu":    {bitten(runtime.CPULimit, 4), "throttled a moment ago (limit 0.5)"},
		"memory": {bitten(runtime.MemoryLimit, 1200), "memory limit 1.0G hit 1200 times"},
		"high":   {bitten(runtime.HighLimit, 1), "slowed at memory.high 512M once"},
		"above":  {bitten(runtime.HighLimit, 0), "at memory.high 512M"},
		"oom":    {bitten(runtime.OOMLimit, 2), "2 OOM kills just now"},
		"pids":   {bitten(runtime.PidsLimit, 7), "pids, 7 forks refused in its top cgroup"},
		"tasks":  {bitten(runtime.PidsLimit, 0), "of 512 pids"},
	}
	for _, w := range []int{34, 40, 60, 80, 120, 200} {
		if marked(calm, w) {
			t.Errorf("a calm row is marked at %d columns", w)
		}
		for name, c := range all {
			if !marked(c.row, w) {
				t.Errorf("%s: no mark at %d columns:\n%s", name, w, strings.Join(th.List(listState([]Row{c.row}), w, 2), "\n"))
			}
		}
	}
	for name, c := range all {
		has(t, name, th.Rule(&RuleState{Row: &c.row, Now: now, Cores: 0.5}, 100, 1), c.words)
		s := detailState(&c.row)
		has(t, name+" in the detail", th.Detail(s, 150, 40), "limit", strings.TrimSuffix(c.words, " (limit 0.5)"))
	}
	hasNot(t, "calm", th.Rule(&RuleState{Row: &calm, Now: now, Cores: 0.5}, 100, 1), "throttled", "memory", "OOM", "pids")
	hasNot(t, "calm detail", th.Detail(detailState(&calm), 150, 40), "refused", "hit", "slowed")
	late := bitten(runtime.OOMLimit, 1)
	late.Bites[runtime.OOMLimit].Last = now.Add(-5 * time.Minute)
	has(t, "some time ago", th.Rule(&RuleState{Row: &late, Now: now}, 100, 1), "1 OOM kill 5m ago")
	many := bitten(runtime.OOMLimit, 72)
	for since, words := range map[time.Duration]string{
		0: "72 OOM kills just now", 40 * time.Second: "72 OOM kills in the last minute", 5 * time.Minute: "72 OOM kills in 5m, the last just now",
	} {
		many.Bites[runtime.OOMLimit].Last = now
		many.Bites[runtime.OOMLimit].Since = now.Add(-since)
		has(t, "a sum", th.Rule(&RuleState{Row: &many, Now: now}, 100, 1), words)
	}
	slow := bitten(runtime.CPULimit, 3)
	for last, words := range map[time.Duration]string{9 * time.Second: "throttled a moment ago", 30 * time.Second: "throttled in the last minute", 3 * time.Minute: "throttled 3m ago"} {
		slow.Bites[runtime.CPULimit].Last = now.Add(-last)
		has(t, "readings far apart", th.Rule(&RuleState{Row: &slow, Now: now}, 100, 1), words)
	}
	// One that bites does not bring along what is only near or long past.
	one := bitten(runtime.CPULimit, 3)
	one.Sample.Memory.OOMKills = runtime.Of(3)
	facts := th.Detail(detailState(&one), 150, 40)
	has(t, "one limit", facts, "throttled")
	hasNot(t, "one limit", facts, "3 OOM kills")
	locked := bitten(runtime.PidsLimit, 1)
	locked.C.Lock = &runtime.LockInfo{}
	has(t, "the more urgent of two signs", th.List(listState([]Row{locked}), 40, 2), "R!")
}

func TestParts(t *testing.T) {
	th := theme(t, "mono", ThemeOptions{ASCII: true})
	row := running("web-1", 20, 100*mib, 1*gib, "10.0.3.21")
	row.Sample.Memory.OOMKills = runtime.Of(2)
	row.Sample.CPU.ThrottledTime = runtime.Of(uint64(90 * time.Minute))
	s := detailState(&row)
	rate := runtime.RateOf
	s.Restarts = 2
	s.Parts = &PartsState{
		Devices: []runtime.PartRate{
			{Name: "sda", In: rate(0), Out: rate(2048), InOps: rate(0), OutOps: rate(12.4), Ever: true, InTotal: runtime.Of(3 * gib), OutTotal: runtime.Of(5 * mib)},
			{Name: "vg0-data", In: rate(1 << 20), Out: rate(0), Ever: true, InTotal: runtime.Of(1 * gib), OutTotal: runtime.Of(1)},
			{Name: "dm-9", InOps: rate(3), Ever: true}, // v1: bytes could not be read
			{Name: "loop0"},
		},
		Links: []runtime.PartRate{{Name: "eth0", Ever: true, InTotal: runtime.Of(7 * mib), OutTotal: runtime.Of(9 * mib)}}, MoreLinks: 12,
		Kills: []runtime.Killed{{Name: "mysqld", PID: 4711, At: now.Add(-3 * time.Hour)}, {Name: "old", PID: 6, About: true, At: now.Add(-4 * time.Hour)}, {Name: "cc1\x1b[31m", PID: 5, At: now}},
	}
	b := th.Detail(s, 150, 40)
	has(t, "parts", b, "restarted 2 times since lxcdeck began", "mysqld (pid 4711) 3h00 ago, old (pid 6) about 4h00 ago", "(pid 5) just now", "eth0: rx -, tx -, in all 7.0M and 9.0M",
		"12 more interfaces", "vg0-data: read 1.0M/s, write 0/s, in all 1.0G and 1B", "sda: read 0/s, write 2.0k/s, 0 and 12 operations/s, in all 3.0G and 5.0M", "dm-9: read -, write -, 3 and - operations/s ", "1 more device ")
	has(t, "throttled time", th.Detail(s, 200, 40), "1h30 in all")
	hasNot(t, "parts", b, "loop0", "\x1b[31m")
	text := ansi.Strip(strings.Join(b, "\n"))
	if strings.Index(text, "vg0-data") > strings.Index(text, "sda") {
		t.Error("what moves most does not come first")
	}
	s.Parts.Kills, s.Parts.KillsWhy, s.Restarts = nil, "the kernel's log cannot be read: open /dev/kmsg: operation not permitted", 1
	has(t, "no names", th.Detail(s, 150, 40), "restarted once since", "not known: the kernel's log cannot be read")
	s.Parts.KillsWhy = ""
	has(t, "gone from the log", th.Detail(s, 150, 40), "does not name it, or not any more")
	row.Sample.Memory.OOMKills, s.Restarts = runtime.Of(0), 0
	hasNot(t, "no kills", th.Detail(s, 150, 40), "killed", "restarted")
	s.Parts = &PartsState{Devices: []runtime.PartRate{{Name: "sda"}}}
	has(t, "nothing moved", th.Detail(s, 150, 40), "nothing yet")
	s.Parts = nil
	hasNot(t, "not told apart yet", th.Detail(s, 150, 40), "disk", "in all 1.0G")
}

// TestNastyPartsAreExact: names of interfaces and processes are a container's.
func TestNastyPartsAreExact(t *testing.T) {
	for _, th := range []*Theme{theme(t, "", ThemeOptions{Colors: 256}), theme(t, "mono", ThemeOptions{ASCII: true})} {
		row := bitten(runtime.PidsLimit, 1<<62)
		for l := range row.Bites {
			row.Bites[l] = runtime.Bite{On: true, Events: 1 << 63}
		}
		s := detailState(&row)
		s.Restarts = 1 << 30
		s.Parts = &PartsState{MoreLinks: 1 << 40, MoreDevices: 1 << 40, KillsWhy: nastyNames()[0]}
		for i, name := range nastyNames() {
			p := runtime.PartRate{Name: name, In: runtime.RateOf(float64(i) * 1e17), Ever: true, InTotal: runtime.Of(1 << 63), OutTotal: runtime.Of(1 << 63)}
			s.Parts.Links, s.Parts.Devices = append(s.Parts.Links, p), append(s.Parts.Devices, p)
			s.Parts.Kills = append(s.Parts.Kills, runtime.Killed{Name: name, PID: 1 << 22})
		}
		for _, size := range sizes() {
			w, h := size[0], size[1]
			exact(t, "detail", th.Detail(s, w, h), w, h)
			exact(t, "rule", th.Rule(&RuleState{Row: &row, Now: now, Cores: .3}, w, h), w, h)
			exact(t, "list", th.List(listState([]Row{row}), w, h), w, h)
		}
	}
}

func TestStealByCore(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := hostState()
	s.Usage.PerSteal = make([]runtime.Rate, 8)
	before := th.Host(s, 120, 2)
	s.Usage.Steal, s.Usage.PerSteal[3] = runtime.RateOf(5), runtime.RateOf(40)
	b := th.Host(s, 120, 2)
	has(t, "one core", b, "steal 5% (core 3 40%)", "8 cores")
	s.Usage.CPUGaps = true
	has(t, "with one that is offline", th.Host(s, 120, 2), "steal 5% (one core 40%)")
	if before[0] == b[0] || ansi.Strip(before[0]) == ansi.Strip(b[0]) {
		t.Error("the core is not pointed out")
	}
	for i := range s.Usage.PerSteal {
		s.Usage.PerSteal[i] = runtime.RateOf(20)
	}
	s.Usage.Steal = runtime.RateOf(20)
	hasNot(t, "all alike", th.Host(s, 120, 2), "(core")
}
