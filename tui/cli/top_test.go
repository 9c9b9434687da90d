package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// live is a host in real time with a steady load.
func live() *fake.Runtime {
	return fake.New(fake.Options{Paths: []string{path}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "web"}, State: runtime.Running, Started: time.Now().Add(-time.Hour)},
			Load: fake.Load{CPU: 0.5, Rx: 100e3, Quota: 2, Throttled: 0.25}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "off\x1b[31m"}, State: runtime.Stopped}})
}

func near(got any, want float64) bool {
	f, ok := got.(float64)
	return ok && f > want*0.5 && f < want*1.5
}

func TestTopJSON(t *testing.T) {
	began := time.Now()
	r := lxcdeck(t, live(), "top", "--json", "-n", "2", "--interval", "200ms")
	if r.code != 0 || r.err != "" {
		t.Fatalf("status %d, errors %q", r.code, r.err)
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("two lines after %v: the first comes after one interval", took)
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	var last time.Time
	for _, l := range lines {
		var o struct {
			Time       time.Time
			Interval   float64 `json:"interval_seconds"`
			Host       map[string]any
			Containers []map[string]any
		}
		if err := json.Unmarshal([]byte(l), &o); err != nil {
			t.Fatal(err)
		}
		// A late reading makes the interval before it long and the one behind it short.
		if between := o.Time.Sub(last).Seconds(); o.Interval <= 0 || !last.IsZero() && math.Abs(o.Interval-between) > 0.001 {
			t.Errorf("interval %v s, %v s after the line before", o.Interval, between)
		}
		last = o.Time
		if o.Time.IsZero() || len(o.Containers) != 2 || o.Host["cpus"] != 8.0 || !near(o.Host["cpu_percent"], 100*(0.8+0.5)/8) {
			t.Errorf("line %s", l)
		}
		off, web := o.Containers[0], o.Containers[1]
		if web["name"] != "web" || !near(web["cpu_percent"], 50) || !near(web["net_rx_bytes_per_second"], 100e3) || web["net_rates_partial"] != false ||
			!near(web["cpu_limit_percent"], 25) || web["cpu_seconds"] == nil {
			t.Errorf("web: %v", web)
		}
		if v, there := off["cpu_percent"]; !there || v != nil || off["state"] != "STOPPED" {
			t.Errorf("stopped: %v", off)
		}
	}
}

// TestTopTellsOfLimitsAndParts: which limits bite and since when, what of the traffic is
// whose, and what was killed.
func TestTopTellsOfLimitsAndParts(t *testing.T) {
	rt := fake.New(fake.Options{Paths: []string{path}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "web"}, State: runtime.Running, Started: time.Now().Add(-time.Hour)},
			Load: fake.Load{CPU: 0.5, Rx: 100e3, Write: 50e3, Quota: 2, Throttled: 0.25, OOMKills: 1}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "calm"}, State: runtime.Running, Started: time.Now().Add(-time.Hour)},
			Load: fake.Load{CPU: 0.1}},
		fake.Spec{Container: runtime.Container{Ref: runtime.Ref{Name: "off"}, State: runtime.Stopped}})
	r := lxcdeck(t, rt, "top", "--json", "-n", "2", "--interval", "300ms")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 2 {
		t.Fatalf("result = %+v", r)
	}
	type figures struct {
		Name    string
		Cores   *float64 `json:"cpu_limit_cores"`
		Biting  []bite
		Devices []devicePart
		Links   []linkPart   `json:"interfaces"`
		Killed  []killedPart `json:"oom_killed"`
		LeftOut *int         `json:"devices_left_out"`
	}
	var o struct{ Containers []figures }
	// What is not known of the figures of a part is any of number and null.
	if err := json.Unmarshal([]byte(strings.NewReplacer(`"read_bytes":`, `"-":`, `"write_bytes":`, `"-":`, `"rx_bytes":`, `"-":`, `"tx_bytes":`, `"-":`).Replace(lines[1])), &o); err != nil {
		t.Fatal(err)
	}
	calm, off, web := o.Containers[0], o.Containers[1], o.Containers[2]
	if off.Biting != nil || off.Devices != nil || off.Killed != nil || off.LeftOut != nil {
		t.Errorf("a stopped container has figures: %+v", off)
	}
	if calm.Biting == nil || len(calm.Biting) > 0 || calm.Cores != nil {
		t.Errorf("limits of one without: %+v", calm)
	}
	if len(web.Biting) != 1 || web.Biting[0].Limit != "cpu.max" || web.Biting[0].Events == 0 || web.Biting[0].Since == nil || web.Cores == nil || *web.Cores != 2 {
		t.Errorf("web: %+v", web)
	}
	if len(web.Links) != 1 || web.Links[0].Name != "eth0" || !near(web.Links[0].RxRate, 100e3) {
		t.Errorf("interfaces: %+v", web.Links)
	}
	if len(web.Devices) != 2 || web.Devices[1].Name != "vg0-data" || !near(web.Devices[1].WriteRate, 50e3) || web.Devices[0].WriteRate != 0.0 {
		t.Errorf("devices: %+v", web.Devices)
	}
	if len(web.Killed) != 1 || web.Killed[0].Name == "" || web.Killed[0].At == nil {
		t.Errorf("killed: %+v", web.Killed)
	}
	if strings.Contains(lxcdeck(t, rt, "top", "--csv", "-n", "1", "--interval", "200ms").out, "devices") {
		t.Error("CSV has a list of objects")
	}
}

func TestLoadIsAsTheKernelPrintsIt(t *testing.T) {
	h := runtime.HostSample{Load: [3]float64{2.7199999999999998, 0.1 + 0.2, 0}, LoadRead: true}
	if b, err := json.Marshal(hostObject(&h, &runtime.HostUsage{}).Load); err != nil || string(b) != "[2.72,0.3,0]" {
		t.Errorf("load = %s, %v", b, err)
	}
}

func TestTopCSV(t *testing.T) {
	r := lxcdeck(t, live(), "top", "--csv", "-n", "1", "--interval", "200ms")
	records, err := csv.NewReader(strings.NewReader(r.out)).ReadAll()
	if err != nil || len(records) != 3 || r.code != 0 {
		t.Fatalf("status %d, %d records, %v", r.code, len(records), err)
	}
	if records[0][0] != "time" || records[0][3] != "name" || records[1][3] != `off\x1b[31m` || records[2][3] != "web" {
		t.Errorf("records = %q", records)
	}
}

func TestTopNames(t *testing.T) {
	r := lxcdeck(t, live(), "top", "--json", "-n", "1", "--interval", "200ms", "web", "nope")
	if r.code != 4 || strings.Contains(r.out, `"off`) || !strings.Contains(r.out, `"name":"web"`) {
		t.Errorf("result = %+v", r)
	}
	if r := lxcdeck(t, live(), "top", "--json", "-n", "1", "nope"); r.code != 4 || r.out != "" {
		t.Errorf("result = %+v", r)
	}
}

// changing is a host on which something changes after the first figures.
type changing struct {
	*fake.Runtime
	once   sync.Once
	change func()
}

func (c *changing) Sample(ctx context.Context, b *runtime.Batch) error {
	defer c.once.Do(c.change)
	return c.Runtime.Sample(ctx, b)
}

func TestTopFollowsTheHints(t *testing.T) {
	rt := &changing{Runtime: live()}
	rt.change = func() { rt.Become(runtime.Ref{Path: path, Name: "web"}, runtime.Stopped) }
	r := lxcdeck(t, rt, "top", "--json", "-n", "2", "--interval", "200ms", "web")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 2 || !strings.Contains(lines[1], `"state":"STOPPED"`) {
		t.Errorf("result = %+v", r)
	}
	if n := rt.Calls(fake.List); n > 3 {
		t.Errorf("%d lists for two readings and one change", n)
	}
}

func TestTopEndsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	rt := live()
	go func() {
		done <- Main(ctx, Options{
			Args: []string{"top", "--json"}, Stdin: devNull(t), Stdout: devNull(t), Stderr: devNull(t),
			Getenv: func(string) string { return "" },
			Open:   func([]string, bool, bool) (runtime.Runtime, error) { return rt, nil },
		})
	}()
	deadline := time.Now().Add(time.Minute)
	for rt.Calls(fake.Sample) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("status %d", code)
	}
}
