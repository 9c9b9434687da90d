package runtime_test

import (
	"testing"
	"time"

	"lxcdeck/runtime"
)

func TestPartsBetween(t *testing.T) {
	of := runtime.Of
	net := func(n uint64) runtime.Net {
		return runtime.Net{RxBytes: of(n), TxBytes: of(2 * n), RxPackets: of(3 * n), TxPackets: of(4 * n)}
	}
	io := func(n uint64) runtime.IO {
		return runtime.IO{ReadBytes: of(n), WriteBytes: of(2 * n), ReadOps: of(3 * n), WriteOps: of(4 * n)}
	}
	a := runtime.Parts{At: t0, InitPID: 7,
		Devices: []runtime.Device{{Major: 8, Name: "sda", IO: io(10)}, {Major: 8, Minor: 16, IO: io(10)}},
		Links:   []runtime.Link{{Name: "eth0", Net: net(10)}, {Name: "gone", Net: net(10)}}}
	b := runtime.Parts{At: t0.Add(2 * time.Second), InitPID: 7,
		Devices: []runtime.Device{{Major: 8, Minor: 16, IO: io(4)}, {Major: 8, Name: "sda", IO: io(20)}, {Major: 7, Name: "loop0"}},
		Links:   []runtime.Link{{Name: "new", Net: net(1000)}, {Name: "eth0", Net: net(30)}}}
	devices, links := runtime.PartsBetween(&a, &b, nil, nil)
	if len(devices) != 3 || len(links) != 2 {
		t.Fatalf("%d devices, %d links", len(devices), len(links))
	}
	want(t, "sda read", devices[1].In, 5)
	want(t, "sda written", devices[1].Out, 10)
	want(t, "sda operations", devices[1].OutOps, 20)
	want(t, "eth0 received", links[1].In, 10)
	want(t, "eth0 packets", links[1].InOps, 30)
	absent(t, "what counts anew", devices[0].In)
	absent(t, "what was not there", links[0].In)
	absent(t, "without figures", devices[2].In)
	if devices[0].Name != "8:16" || devices[1].Name != "sda" || !devices[0].Ever || devices[2].Ever || links[0].InTotal != of(1000) || links[0].OutTotal != of(2000) || !devices[2].InTotal.Absent() {
		t.Errorf("%+v %+v", devices, links)
	}
	for name, old := range map[string]runtime.Parts{"no reading before": {}, "another life": {At: t0, InitPID: 8, Devices: a.Devices, Links: a.Links},
		"the same reading": {At: b.At, InitPID: 7, Devices: a.Devices, Links: a.Links}} {
		d, l := runtime.PartsBetween(&old, &b, nil, nil)
		if len(d) != 3 || len(l) != 2 {
			t.Errorf("%s: %v %v", name, d, l)
			continue
		}
		absent(t, name, d[1].In)
		absent(t, name, l[1].Out)
	}
}

func TestPartsSet(t *testing.T) {
	a := runtime.Parts{At: t0, Links: []runtime.Link{{Name: "a"}}, Devices: []runtime.Device{{Name: "d"}}, Kills: []runtime.Killed{{Name: "k"}}, MoreLinks: 3, KillsWhy: "why"}
	var b runtime.Parts
	b.Set(&a)
	a.Reset()
	a.Links = append(a.Links, runtime.Link{Name: "other"})
	if b.At != t0 || b.Links[0].Name != "a" || b.Devices[0].Name != "d" || b.Kills[0].Name != "k" || b.MoreLinks != 3 || b.KillsWhy != "why" {
		t.Errorf("got %+v", b)
	}
	if !a.At.IsZero() || len(a.Devices)+len(a.Kills) != 0 || a.KillsWhy != "" || a.MoreLinks != 0 {
		t.Errorf("after Reset %+v", a)
	}
}
