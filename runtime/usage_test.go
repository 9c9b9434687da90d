package runtime_test

import (
	"math"
	"testing"
	"time"

	"lxcdeck/runtime"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// counters is a sample whose counters are all multiples of n.
func counters(at time.Duration, n uint64) runtime.Sample {
	of := runtime.Of
	s := runtime.Sample{At: t0.Add(at), InitPID: 7}
	s.CPU = runtime.CPU{Usage: of(n * 1e9), User: of(n * 6e8), System: of(n * 4e8), Periods: of(n * 10), Throttled: of(n * 3)}
	s.Net = runtime.Net{RxBytes: of(n * 1000), TxBytes: of(n * 500), RxPackets: of(n * 10), TxPackets: of(n * 5)}
	s.IO = runtime.IO{ReadBytes: of(n * 4096), WriteBytes: of(n * 8192), ReadOps: of(n), WriteOps: of(n * 2)}
	s.PSI.CPU.Some.Total = of(n * 100_000)
	s.PSI.Memory.Some.Total, s.PSI.Memory.Full.Total = of(n*50_000), of(n*20_000)
	s.PSI.IO.Some.Total, s.PSI.IO.Full.Total = of(n*10_000), of(n*5_000)
	return s
}

func want(t *testing.T, name string, r runtime.Rate, figure float64) {
	t.Helper()
	if v, ok := r.Get(); !ok || math.Abs(v-figure) > 1e-9 {
		t.Errorf("%s = %v, %v; want %v", name, v, ok, figure)
	}
}

func absent(t *testing.T, name string, r runtime.Rate) {
	t.Helper()
	if v, ok := r.Get(); ok {
		t.Errorf("%s = %v, want it absent", name, v)
	}
}

func TestBetween(t *testing.T) {
	a, b := counters(0, 10), counters(2*time.Second, 12) // per second: 1
	a.FullAt, b.FullAt = a.At, b.At
	b.CPU.Quota, b.CPU.Period = runtime.Of(2e8), runtime.Of(1e8)
	u := runtime.Between(&a, &b, 4)
	if u.Over != 2*time.Second || !u.FullRead {
		t.Errorf("over %v, full %v", u.Over, u.FullRead)
	}
	want(t, "CPU", u.CPU, 100)
	want(t, "user", u.User, 60)
	want(t, "system", u.System, 40)
	want(t, "of the limit", u.OfLimit, 50)
	want(t, "of the host", u.OfHost, 25)
	want(t, "received", u.RxBytes, 1000)
	want(t, "sent", u.TxBytes, 500)
	want(t, "packets in", u.RxPkts, 10)
	want(t, "packets out", u.TxPkts, 5)
	want(t, "read", u.ReadBytes, 4096)
	want(t, "written", u.WriteBytes, 8192)
	want(t, "reads", u.ReadOps, 1)
	want(t, "writes", u.WriteOps, 2)
	want(t, "throttled", u.Throttled, 30)
	want(t, "CPU pressure", u.CPUSome, 10)
	want(t, "memory pressure", u.MemSome, 5)
	want(t, "full memory pressure", u.MemFull, 2)
	want(t, "I/O pressure", u.IOSome, 1)
	want(t, "full I/O pressure", u.IOFull, 0.5)
}

func TestNoRates(t *testing.T) {
	full, later := counters(0, 1), counters(time.Second, 2)
	var never runtime.Sample
	other := later
	other.InitPID = 8
	tests := []struct {
		name string
		a, b runtime.Sample
	}{
		{"nothing before", never, later},
		{"nothing now", full, never},
		{"the same instant", full, full},
		{"backwards in time", later, full},
		{"another life", full, other},
	}
	for _, tt := range tests {
		if u := runtime.Between(&tt.a, &tt.b, 4); u != (runtime.Usage{}) {
			t.Errorf("%s: %+v, want no rates at all", tt.name, u)
		}
	}
}

func TestResetAndAbsentCounters(t *testing.T) {
	a, b := counters(0, 10), counters(time.Second, 11)
	b.CPU.Usage = runtime.Of(5) // went backwards
	b.Net.RxBytes = runtime.Value{}
	a.IO.ReadBytes = runtime.Value{}
	a.IO.WriteBytes = runtime.Unlimited()
	u := runtime.Between(&a, &b, 4)
	absent(t, "CPU after a reset", u.CPU)
	absent(t, "of the limit", u.OfLimit)
	absent(t, "of the host", u.OfHost)
	absent(t, "what is absent now", u.RxBytes)
	absent(t, "what was absent before", u.ReadBytes)
	absent(t, "what is no number", u.WriteBytes)
	want(t, "the others", u.TxBytes, 500)
}

func TestInterfaceOfAnotherLife(t *testing.T) {
	a, b := counters(0, 10), counters(time.Second, 11)
	b.Links, b.Net.RxBytes = 7, runtime.Of(1e12) // it was moved in, with what it has counted elsewhere
	u := runtime.Between(&a, &b, 4)
	absent(t, "received", u.RxBytes)
	absent(t, "packets sent", u.TxPkts)
	want(t, "the others", u.ReadBytes, 4096)
}

func TestFullRatesHaveTheirOwnInterval(t *testing.T) {
	a, b := counters(4*time.Second, 10), counters(5*time.Second, 12)
	a.FullAt, b.FullAt = t0, t0.Add(4*time.Second)
	u := runtime.Between(&a, &b, 1)
	want(t, "CPU over one second", u.CPU, 200)
	want(t, "pressure over four", u.CPUSome, 5)
	for name, at := range map[string][2]time.Time{
		"one full reading twice": {t0, t0}, "none before": {{}, t0}, "none at all": {{}, {}},
	} {
		a.FullAt, b.FullAt = at[0], at[1]
		u := runtime.Between(&a, &b, 1)
		if u.FullRead {
			t.Errorf("%s: said to hold two", name)
		}
		absent(t, name+": throttled", u.Throttled)
		absent(t, name+": pressure", u.CPUSome)
	}
}

func TestThrottledShare(t *testing.T) {
	a, b := counters(0, 1), counters(time.Second, 1)
	a.FullAt, b.FullAt = a.At, b.At
	want(t, "no periods at all", runtime.Between(&a, &b, 1).Throttled, 0)
	b.CPU.Periods, b.CPU.Throttled = runtime.Of(20), runtime.Of(23)
	want(t, "more than all", runtime.Between(&a, &b, 1).Throttled, 100)
	b.CPU.Periods = runtime.Value{}
	absent(t, "without periods", runtime.Between(&a, &b, 1).Throttled)
}

func TestCores(t *testing.T) {
	of := runtime.Of
	tests := []struct {
		name string
		c    runtime.CPU
		host int
		want float64
	}{
		{"nothing known", runtime.CPU{}, 0, 0},
		{"the host", runtime.CPU{}, 4, 4},
		{"cpuset", runtime.CPU{CPUs: of(2)}, 4, 2},
		{"cpuset, host not known", runtime.CPU{CPUs: of(2)}, 0, 2},
		{"cpuset above the host", runtime.CPU{CPUs: of(8)}, 4, 4},
		{"quota", runtime.CPU{Quota: of(5e7), Period: of(1e8)}, 4, 0.5},
		{"quota above cpuset", runtime.CPU{Quota: of(3e8), Period: of(1e8), CPUs: of(2)}, 4, 2},
		{"no quota", runtime.CPU{Quota: runtime.Unlimited(), Period: of(1e8)}, 4, 4},
		{"quota without period", runtime.CPU{Quota: of(5e7)}, 4, 4},
		{"period of zero", runtime.CPU{Quota: of(5e7), Period: of(0)}, 4, 4},
	}
	for _, tt := range tests {
		if got := runtime.Cores(&tt.c, tt.host); got != tt.want {
			t.Errorf("%s: %v cores, want %v", tt.name, got, tt.want)
		}
	}
}

func TestHostBetween(t *testing.T) {
	of := runtime.Of
	a := runtime.HostSample{At: t0, Busy: of(10e9), Total: of(40e9), Steal: of(0), IOWait: of(1e9), PerCPU: []runtime.Value{of(5e9), of(5e9)}}
	b := runtime.HostSample{At: t0.Add(2 * time.Second), Busy: of(11e9), Total: of(44e9), Steal: of(2e8), IOWait: of(14e8), PerCPU: []runtime.Value{of(6e9), of(5e9)}}
	a.PSI.CPU.Some.Total, b.PSI.CPU.Some.Total = of(0), of(400_000)
	buf := make([]runtime.Rate, 0, 2)
	u := runtime.HostBetween(&a, &b, buf)
	want(t, "CPU", u.CPU, 25)
	want(t, "steal", u.Steal, 5)
	want(t, "iowait", u.IOWait, 10)
	want(t, "pressure", u.CPUSome, 20)
	absent(t, "memory pressure", u.MemSome)
	if len(u.PerCPU) != 2 || &u.PerCPU[0] != &buf[:1][0] {
		t.Fatalf("%d CPUs, or the buffer is not used", len(u.PerCPU))
	}
	want(t, "CPU 0", u.PerCPU[0], 50)
	want(t, "CPU 1", u.PerCPU[1], 0)
	a.PerSteal, b.PerSteal = []runtime.Value{of(0), of(1e9)}, []runtime.Value{of(5e8), of(1e9)}
	u = runtime.HostBetween(&a, &b, u.PerCPU)
	want(t, "CPU 0 beside its steal", u.PerCPU[0], 50)
	want(t, "steal of CPU 0", u.PerSteal[0], 25)
	want(t, "steal of CPU 1", u.PerSteal[1], 0)
	b.PerCPU = append(b.PerCPU, of(1)) // one came online
	for i, r := range runtime.HostBetween(&a, &b, nil).PerCPU {
		absent(t, "CPU "+string(rune('0'+i))+" after one came", r)
	}
	if u := runtime.HostBetween(&runtime.HostSample{}, &b, nil); u.Over != 0 || len(u.PerCPU) != 0 {
		t.Errorf("without a sample before: %+v", u)
	}
}

func TestBetweenAllocatesNothing(t *testing.T) {
	a, b := counters(0, 1), counters(time.Second, 2)
	if n := testing.AllocsPerRun(100, func() { runtime.Between(&a, &b, 4) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestValue(t *testing.T) {
	tests := []struct {
		v                 runtime.Value
		absent, unlimited bool
		or                uint64
		json              string
	}{
		{runtime.Value{}, true, false, 9, "null"},
		{runtime.Of(0), false, false, 0, "0"},
		{runtime.Of(math.MaxUint64), false, false, math.MaxUint64, "18446744073709551615"},
		{runtime.Unlimited(), false, true, 9, "null"},
	}
	for _, tt := range tests {
		b, err := tt.v.MarshalJSON()
		if tt.v.Absent() != tt.absent || tt.v.IsUnlimited() != tt.unlimited || tt.v.Or(9) != tt.or || string(b) != tt.json || err != nil {
			t.Errorf("%+v: absent %v, unlimited %v, or 9 = %d, JSON %s, %v", tt.v, tt.v.Absent(), tt.v.IsUnlimited(), tt.v.Or(9), b, err)
		}
	}
	if (runtime.Rate{}).Or(3) != 3 || runtime.RateOf(0).Or(3) != 0 {
		t.Error("Rate.Or mistakes zero for absent")
	}
}
