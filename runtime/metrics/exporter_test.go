package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// patience is how long a test waits for what takes milliseconds.
const patience = time.Minute

const srv = "/srv/lxc"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func spec(path, name string, s runtime.State) fake.Spec {
	var began time.Time
	if s.Alive() {
		began = start.Add(-time.Hour)
	}
	return fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Path: path, Name: name}, State: s, Started: began, Config: &runtime.Config{}},
		Load: fake.Load{CPU: 0.5, Memory: 64 << 20, Rx: 1000, Write: 4096, Pids: 7}}
}

func host(specs ...fake.Spec) *fake.Runtime {
	return fake.New(fake.Options{Paths: []string{"/var/lib/lxc", srv}, Clock: fake.NewClock(start)}, specs...)
}

// exporter is one whose scrapes share nothing unless they come at once.
func exporter(h Host) *Exporter {
	return New(Options{Host: h, Version: "1.2.3", LXC: "5.0.2", Fresh: time.Nanosecond, Now: func() time.Time { return start }})
}

// scrape is what a scraper gets, as text.
func scrape(t *testing.T, e *Exporter) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(e, false).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("status %d, %s: %s", w.Code, w.Header(), w.Body)
	}
	return w.Body.String()
}

// parse reads a scrape as the library does: series by name{label="value",...}.
func parse(t *testing.T, text string) map[string]float64 {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	all := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			key := name + "{" + strings.Join(labels, ",") + "}"
			if _, twice := all[key]; twice {
				t.Errorf("%s is there twice", key)
			}
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				if all[key] = m.GetCounter().GetValue(); !strings.HasSuffix(name, "_total") {
					t.Errorf("counter %s", name)
				}
			case dto.MetricType_GAUGE:
				all[key] = m.GetGauge().GetValue()
			default:
				t.Errorf("%s is a %s", name, f.GetType())
			}
		}
	}
	return all
}

func get(t *testing.T, e *Exporter) map[string]float64 {
	t.Helper()
	return parse(t, scrape(t, e))
}

// of is a series of a container; more are labels of its own, put before.
func of(figure, path, name string, more ...string) string {
	return "lxcdeck_container_" + figure + "{" + strings.Join(append(more, fmt.Sprintf("name=%q,path=%q", name, path)), ",") + "}"
}

// full is a sample with every figure another one.
func full(_ time.Duration, tier runtime.Tier, s *runtime.Sample) {
	v := runtime.Of
	s.Frozen = v(0)
	s.CPU = runtime.CPU{Usage: v(3e9), User: v(2e9), System: v(1e9), Periods: v(11), Throttled: v(12), ThrottledTime: v(13e9), Quota: v(150e6), Period: v(100e6), Weight: v(14), CPUs: v(15)}
	s.Memory = runtime.Memory{Usage: v(21), WorkingSet: v(22), Limit: v(23), High: v(24), Anon: v(25), File: v(26), Kernel: v(27), Swap: v(28), SwapLimit: v(29), OOMKills: v(30), FailedLimit: v(31), OverHigh: v(32)}
	s.IO = runtime.IO{ReadBytes: v(41), WriteBytes: v(42), ReadOps: v(43), WriteOps: v(44)}
	s.Net = runtime.Net{RxBytes: v(51), TxBytes: v(52), RxPackets: v(53), TxPackets: v(54)}
	s.Pids = runtime.Pids{Current: v(61), Max: v(62), Refused: v(63)}
	for i, p := range []*runtime.Pressure{&s.PSI.CPU, &s.PSI.Memory, &s.PSI.IO} {
		p.Some.Total, p.Full.Total = v(uint64(71+i)*1e6), v(uint64(81+i)*1e6)
	}
	if tier != runtime.Full {
		s.Memory.Anon = runtime.Value{}
	}
}

func TestEveryFigureUnderItsName(t *testing.T) {
	web := spec(srv, "web", runtime.Running)
	web.Counters, web.Config.Autostart, web.Lock = full, true, &runtime.LockInfo{Why: "secret"}
	got := get(t, exporter(host(web)))
	want := map[string]float64{
		"scrape_success": 1, "start_time_seconds": float64(start.Add(-time.Hour).Unix()), "autostart": 1, "unprivileged": 0, "locked": 1, "frozen": 0,
		"cpu_usage_seconds_total": 3, "cpu_periods_total": 11, "cpu_throttled_periods_total": 12, "cpu_throttled_seconds_total": 13,
		"cpu_limit_cores": 1.5, "cpu_weight": 14, "cpuset_cpus": 15,
		"memory_usage_bytes": 21, "memory_bytes": 22, "memory_limit_bytes": 23, "memory_high_bytes": 24, "memory_anon_bytes": 25, "memory_file_bytes": 26,
		"memory_kernel_bytes": 27, "swap_bytes": 28, "swap_limit_bytes": 29, "oom_kills_total": 30, "memory_limit_hits_total": 31, "memory_high_hits_total": 32,
		"io_read_bytes_total": 41, "io_write_bytes_total": 42, "io_reads_total": 43, "io_writes_total": 44,
		"network_receive_bytes_total": 51, "network_transmit_bytes_total": 52, "network_receive_packets_total": 53, "network_transmit_packets_total": 54,
		"tasks": 61, "tasks_limit": 62, "tasks_refused_total": 63,
	}
	all := map[string]float64{}
	for name, v := range want {
		all[of(name, srv, "web")] = v
	}
	all[of("cpu_seconds_total", srv, "web", `mode="user"`)] = 2
	all[of("cpu_seconds_total", srv, "web", `mode="system"`)] = 1
	for disk, io := range map[string][4]float64{"vda": {41, 0, 43, 0}, "vg0-data": {0, 42, 0, 44}} { // as the fake has it
		for i, figure := range []string{"read_bytes", "write_bytes", "reads", "writes"} {
			all[of("device_"+figure+"_total", srv, "web", fmt.Sprintf("device=%q", disk))] = io[i]
		}
	}
	for i, figure := range []string{"receive_bytes", "transmit_bytes", "receive_packets", "transmit_packets"} {
		all[of("interface_"+figure+"_total", srv, "web", `interface="eth0"`)] = float64(51 + i)
	}
	for i, r := range []string{"cpu", "memory", "io"} {
		all[of("pressure_"+r+"_seconds_total", srv, "web", `kind="some"`)] = float64(71 + i)
		all[of("pressure_"+r+"_seconds_total", srv, "web", `kind="full"`)] = float64(81 + i)
	}
	for s := runtime.Unknown; s <= runtime.Thawed; s++ {
		key := `lxcdeck_container_state{name="web",path="/srv/lxc",state="` + s.String() + `"}`
		if all[key] = 0; s == runtime.Running {
			all[key] = 1
		}
	}
	for key, v := range all {
		if is, ok := got[key]; !ok || is != v {
			t.Errorf("%s = %v (there: %v), want %v", key, is, ok, v)
		}
	}
	for key := range got {
		if _, ok := all[key]; !ok && strings.HasPrefix(key, "lxcdeck_container_") {
			t.Errorf("%s: nobody asked for it", key)
		}
	}
	for key, v := range map[string]float64{
		`lxcdeck_build_info{liblxc="5.0.2",version="1.2.3"}`: 1, "lxcdeck_scrape_success{}": 1, "lxcdeck_host_cpus{}": 8,
		"lxcdeck_host_memory_total_bytes{}": 32 << 30, `lxcdeck_scrape_errors_total{stage="container"}`: 0,
	} {
		if is, ok := got[key]; !ok || is != v {
			t.Errorf("%s = %v (there: %v), want %v", key, is, ok, v)
		}
	}
}

func TestAbsentIsNotZero(t *testing.T) {
	none, open := spec(srv, "none", runtime.Running), spec(srv, "open", runtime.Running)
	none.Counters = func(_ time.Duration, _ runtime.Tier, s *runtime.Sample) { s.CPU.Period = runtime.Of(1) }
	none.Config = nil
	open.Counters = func(_ time.Duration, _ runtime.Tier, s *runtime.Sample) {
		s.Memory.Limit, s.Pids.Max, s.CPU.Quota = runtime.Unlimited(), runtime.Unlimited(), runtime.Unlimited()
		s.CPU.Period, s.Memory.Swap = runtime.Of(100e6), runtime.Of(0)
	}
	got := get(t, exporter(host(none, open, spec(srv, "off", runtime.Stopped))))
	has := map[string]string{}
	for key := range got {
		for _, name := range []string{"none", "open", "off"} {
			if strings.Contains(key, `name="`+name+`"`) && !strings.Contains(key, "_state{") {
				figure, _, _ := strings.Cut(strings.TrimPrefix(key, "lxcdeck_container_"), "{")
				has[figure] += " " + name
			}
		}
	}
	for figure, who := range has {
		var want []string
		switch figure {
		case "locked":
			want = []string{"none", "open", "off"}
		case "autostart", "unprivileged":
			want = []string{"open", "off"}
		case "scrape_success", "start_time_seconds":
			want = []string{"none", "open"}
		case "swap_bytes":
			want = []string{"open"}
		}
		for _, name := range []string{"none", "open", "off"} {
			if wanted := strings.Contains(strings.Join(want, " "), name); strings.Contains(who, name) != wanted {
				t.Errorf("%s: of%s, want of %v", figure, who, want)
			}
		}
	}
	if v := got[of("swap_bytes", srv, "open")]; v != 0 || len(has) != 6 {
		t.Errorf("swap %v; figures %v", v, has)
	}
	if got[`lxcdeck_container_state{name="off",path="/srv/lxc",state="STOPPED"}`] != 1 {
		t.Error("off is not stopped")
	}
	var h runtime.HostSample
	if all := singles(ofHost(&h)); len(all) != 0 {
		t.Errorf("a host of which nothing was read: %v", all)
	}
}

func TestNamesKeepTheLibrarysRules(t *testing.T) {
	web := spec(srv, "web", runtime.Running)
	web.Counters = full
	rt := host(web, spec("/var/lib/lxc", "web", runtime.Running), spec("/var/lib/lxc", "a\xff", runtime.Running))
	rt.Fail(fake.List, runtime.Ref{Path: "/var/lib/lxc", Name: "web"}, fake.Fault{Stuck: true})
	e := exporter(rt)
	text := scrape(t, e)
	if !strings.Contains(text, "no_answer_seconds") {
		t.Fatal("not all figures are there")
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	// Gatherers look for types that do not fit, doubles, and labels that are no UTF-8.
	if _, err := (prometheus.Gatherers{e}).Gather(); err != nil {
		t.Error(err)
	}
}

func TestEqualNamesInTwoLxcpaths(t *testing.T) {
	a, b := spec("/var/lib/lxc", "web", runtime.Running), spec(srv, "web", runtime.Frozen)
	b.Load.Pids = 9
	got := get(t, exporter(host(a, b)))
	if got[of("tasks", "/var/lib/lxc", "web")] != 7 || got[of("tasks", srv, "web")] != 9 {
		t.Errorf("tasks: %v", got)
	}
}

func TestHostileNames(t *testing.T) {
	names := map[string]string{
		"a\xff": `a\xff`, `a\xff`: `a\\xff`, `a\\xff`: `a\\\\xff`, "a\ufffd": "a\ufffd", "new\nline": `new\nline`, "\x1b[31m": `\x1b[31m`,
		"\u202eltr": `\u202eltr`, `quo"te`: `quo"te`, "quo\"te\t": `quo"te\t`, "東京": "東京", "c1\u0085": `c1\u0085`, "zero\u200bwidth": `zero\u200bwidth`,
		"# HELP x": "# HELP x", `x"} 1`: `x"} 1`, "a b": "a b", "\xed\xa0\x80": `\xed\xa0\x80`, "{}": "{}", "\u00a0": `\u00a0`,
	}
	rt := host()
	for name := range names {
		rt.Add(spec(srv, name, runtime.Running))
	}
	text := scrape(t, exporter(rt))
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' }); i >= 0 {
		t.Errorf("the text holds %q", text[i:i+8])
	}
	got := parse(t, text)
	for name, want := range names {
		if got[of("tasks", srv, want)] != 7 {
			t.Errorf("no series of %q as %q", name, want)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("web", "web\\")
	f.Add("a\xff", `a\xff`)
	f.Add("\"", `\"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		la, lb := label(a), label(b)
		if a != b && la == lb {
			t.Errorf("%q and %q are both %q", a, b, la)
		}
		if !model.LabelValue(la).IsValid() || strings.ContainsAny(la, "\n\x1b\x00") {
			t.Errorf("%q is %q", a, la)
		}
	})
}
