package tui

import (
	"testing"
	"time"

	"lxcdeck/runtime"
)

// TestSuspendedHostHasNoRates: of the tick that spans a sleep of the host nothing is
// told as a rate; the next one has them again.
func TestSuspendedHostHasNoRates(t *testing.T) {
	h := newHistory()
	h.expect(time.Second)
	at, asleep, used := noon, 5*time.Hour, uint64(0)
	tick := func() {
		at, used = at.Add(time.Second), used+5e8
		var s runtime.Sample
		s.At, s.FullAt, s.InitPID, s.CPU.Usage = at, at, 7, runtime.Of(used)
		h.take(&runtime.Batch{
			Readings: []runtime.Reading{{Ref: ref("alpha"), InitPID: 7, Sample: s}},
			Host:     &runtime.HostSample{At: at, CPUs: 2, Busy: runtime.Of(used), Total: runtime.Of(4 * used), Asleep: asleep},
		})
	}
	rates := func(want bool) {
		t.Helper()
		_, ok := h.of(ref("alpha")).usage.CPU.Get()
		_, okHost := h.hostUse.CPU.Get()
		if ok != want || okHost != want {
			t.Errorf("rates of the container: %v, of the host: %v; want %v", ok, okHost, want)
		}
	}
	tick()
	rates(false)
	for range 5 {
		tick()
		rates(true)
	}
	begin := h.trends.Now()
	asleep += 200 * time.Millisecond // read apart
	tick()
	rates(true)
	asleep += 2 * time.Hour
	tick()
	rates(false)
	if d := h.trends.Now() - begin; d != 2*time.Hour+2*time.Second {
		t.Errorf("the graphs went on by %v", d)
	}
	tick()
	rates(true)
}
