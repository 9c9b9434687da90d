package metrics

import (
	"context"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// linked is a host whose containers have interfaces of the test's.
type linked struct {
	*fake.Runtime
	links []runtime.Link
	late  bool // the parts are of an older reading
}

func (l *linked) Sample(ctx context.Context, b *runtime.Batch) error {
	err := l.Runtime.Sample(ctx, b)
	for i := range b.Readings {
		p := b.Readings[i].Parts
		p.Links, p.Devices = append(p.Links[:0], l.links...), append(p.Devices[:0], runtime.Device{Major: 8, Minor: 1, IO: runtime.IO{ReadBytes: runtime.Of(7)}})
		if l.late {
			p.At = p.At.Add(-1)
		}
	}
	return err //nolint:wrapcheck // it stands for the host
}

// TestPartsAreNamedOnce: names are foreign text, and while an interface is renamed one
// may stand twice; a scrape with a series twice would be refused as a whole.
func TestPartsAreNamedOnce(t *testing.T) {
	net := func(n uint64) runtime.Net { return runtime.Net{RxBytes: runtime.Of(n)} }
	l := &linked{Runtime: host(spec(srv, "web", runtime.Running)), links: []runtime.Link{
		{Name: "eth0", Net: net(1)}, {Name: "eth0", Net: net(2)}, {Name: "a\"\x1b\xff", Net: net(3)}, {Name: "silent"},
	}}
	got := get(t, exporter(l))
	for key, want := range map[string]float64{
		of("interface_receive_bytes_total", srv, "web", `interface="eth0"`):          1,
		of("interface_receive_bytes_total", srv, "web", `interface="a\"\\x1b\\xff"`): 3,
		of("device_read_bytes_total", srv, "web", `device="8:1"`):                    7,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s = %v (there: %v), want %v in %v", key, v, ok, want, got)
		}
	}
	if _, ok := got[of("interface_receive_bytes_total", srv, "web", `interface="silent"`)]; ok {
		t.Error("an interface without a figure has a series")
	}
	l.late = true
	for key := range get(t, exporter(l)) {
		if len(key) > 28 && key[:28] == "lxcdeck_container_interface_" {
			t.Errorf("%s is of another reading", key)
		}
	}
}
