package cgroup

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// netHead is how net/dev begins.
const netHead = "Inter-|   Receive                                                |  Transmit\n" +
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"

// TestInterfacesByAnyName: no name hides what an interface moves, and the sum is
// that of the parts.
func TestInterfacesByAnyName(t *testing.T) {
	for _, name := range []string{
		"eth0", "a|b", "|", "Inter-|", "face", "lo0", "lo|",
		"lo", // the name alone makes no loopback
	} {
		r := open(t, tree(t, "v2"), 4242)
		p := &runtime.Parts{}
		r.state.parts = p
		ok := r.state.netDev([]byte(netHead + name + ": 100 2 0 0 0 0 0 0 300 4 0 0 0 0 0 0\n    lo: 70 7 0 0 0 0 0 0 70 7 0 0 0 0 0 0\n"))
		want := runtime.Net{RxBytes: n(100), RxPackets: n(2), TxBytes: n(300), TxPackets: n(4)}
		if got := r.state.sample.Net; !ok || got != want {
			t.Errorf("%q: %v in all", name, got)
		}
		if len(p.Links) != 1 || p.Links[0].Name != name || p.Links[0].Net != want {
			t.Errorf("%q: %+v", name, p.Links)
		}
	}
	for _, text := range []string{"", "lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", "lo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"} {
		if sum, _, ok := netDev([]byte(netHead + text)); !ok || sum.RxBytes != n(0) || sum.TxPackets != n(0) {
			t.Errorf("%q: %v", text, sum)
		}
	}
}

func TestParts(t *testing.T) {
	eth0 := runtime.Net{RxBytes: n(1048576), RxPackets: n(900), TxBytes: n(2097152), TxPackets: n(1100)}
	for name, c := range map[string]struct {
		pid     int
		called  string
		devices []runtime.Device
		links   []runtime.Link
	}{
		"v2": {4242, "web", []runtime.Device{
			{Major: 254, Name: "vda", IO: runtime.IO{ReadBytes: n(1000000), WriteBytes: n(2000000), ReadOps: n(100), WriteOps: n(200)}},
			{Major: 254, Minor: 16, Name: "vg-root", IO: runtime.IO{ReadBytes: n(24), WriteBytes: n(48), ReadOps: n(3), WriteOps: n(4)}},
		}, []runtime.Link{{Name: "eth0", Net: eth0}, {Name: "eth1", Net: runtime.Net{RxBytes: n(24), RxPackets: n(1), TxBytes: n(48), TxPackets: n(2)}}}},
		"v1": {310, "db", []runtime.Device{
			{Major: 8, IO: runtime.IO{ReadBytes: n(1000), WriteBytes: n(2000), ReadOps: n(10), WriteOps: n(20)}},
			{Major: 8, Minor: 16, IO: runtime.IO{ReadBytes: n(5), WriteBytes: n(7), ReadOps: n(1), WriteOps: n(2)}},
		}, []runtime.Link{{Name: "eth0", Net: runtime.Net{RxBytes: n(100), RxPackets: n(2), TxBytes: n(300), TxPackets: n(4)}}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := tree(t, name)
			if err := os.MkdirAll(f.path("sys/dev/block/254:16/dm"), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, f, "sys/dev/block/254:16/dm/name", "vg-root\n")
			if err := os.Symlink("../../devices/virtio0/block/vda", f.path("sys/dev/block/254:0")); err != nil {
				t.Fatal(err)
			}
			set := NewSet(f, nil)
			defer set.Close()
			b := &runtime.Batch{Readings: []runtime.Reading{{Ref: ref(c.called), InitPID: c.pid, Tier: runtime.Full, Parts: &runtime.Parts{}}}}
			q := &b.Readings[0]
			sample := func() {
				t.Helper()
				if err := set.Sample(context.Background(), b); err != nil || q.Err != nil {
					t.Fatal(err, q.Err)
				}
			}
			for range 2 {
				sample()
				if p := q.Parts; p.At != q.Sample.At || p.InitPID != c.pid || fmt.Sprint(p.Devices) != fmt.Sprint(c.devices) || fmt.Sprint(p.Links) != fmt.Sprint(c.links) {
					t.Errorf("got  %+v\nwant %+v %+v", *p, c.devices, c.links)
				}
			}
			now := time.Now()
			set.now = func() time.Time { return now }
			sample()
			if got := testing.AllocsPerRun(100, sample); got != 0 {
				t.Errorf("%v allocations a reading", got)
			}
			// The sums and the parts are of one reading.
			var sum uint64
			for _, d := range q.Parts.Devices {
				sum += d.IO.ReadBytes.Or(0)
			}
			if q.Sample.IO.ReadBytes != n(sum) {
				t.Errorf("%v read in all, %d in parts", q.Sample.IO.ReadBytes, sum)
			}
			at := q.Parts.At
			now = now.Add(time.Second)
			q.Tier = runtime.Cheap
			sample()
			if q.Parts.At != at || len(q.Parts.Links) != len(c.links) {
				t.Errorf("a cheap reading tells apart: %+v", q.Parts)
			}
		})
	}
}

// TestPartsAreBounded: what a container makes without end is counted.
func TestPartsAreBounded(t *testing.T) {
	f := tree(t, "v2")
	var net, io strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&net, "veth%d: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n", i)
	}
	for i := range 200 {
		fmt.Fprintf(&io, "7:%d rbytes=1 wbytes=2 rios=3 wios=4\n", i)
	}
	io.WriteString("x:y rbytes=5\nrbytes=6\n4294967296:0 rbytes=7\n:1 rbytes=8\n")
	put(t, f, "proc/4242/net/dev", netHead+net.String())
	put(t, f, "sys/fs/cgroup/lxc.payload.web/io.stat", io.String())
	r := open(t, f, 4242)
	p := &runtime.Parts{}
	r.state.parts = p
	var s runtime.Sample
	if err := r.Read(runtime.Full, &s); err != nil {
		t.Fatal(err)
	}
	if len(p.Links) != runtime.MaxParts || p.MoreLinks != 3000-runtime.MaxParts || len(p.Devices) != runtime.MaxParts || p.MoreDevices != 200-runtime.MaxParts {
		t.Errorf("%d links and %d more, %d devices and %d more", len(p.Links), p.MoreLinks, len(p.Devices), p.MoreDevices)
	}
}

// TestLinksTellInterfacesApart: an interface that comes, goes or is exchanged
// makes other Links, and the same ones the same.
func TestLinksTellInterfacesApart(t *testing.T) {
	seen := map[uint64]string{}
	for _, text := range []string{"", "a: 1\n", "b: 1\n", "a: 1\nb: 1\n", "ab: 1\n", "b: 1\na: 1\n"} {
		_, links, _ := netDev([]byte(netHead + strings.ReplaceAll(text, ": 1", ": 1 2 0 0 0 0 0 0 3 4")))
		if other, ok := seen[links]; ok {
			t.Errorf("%q and %q are said to be the same", text, other)
		}
		seen[links] = text
	}
	_, a, _ := netDev([]byte(netHead + "a: 1 2 0 0 0 0 0 0 3 4\n"))
	_, b, _ := netDev([]byte(netHead + "lo: 5 5 0 0 0 0 0 0 5 5\na: 9 9 0 0 0 0 0 0 9 9\n"))
	if a != b || a == 0 {
		t.Errorf("links %d and %d of the same interface", a, b)
	}
}

// TestNoDeviceOnV1: a container that has moved nothing reads like one whose I/O
// the kernel does not count, from Linux 6.10 on; a file that cannot be read is
// told as that.
func TestNoDeviceOnV1(t *testing.T) {
	none := runtime.IO{}
	zero := runtime.IO{ReadBytes: n(0), WriteBytes: n(0), ReadOps: n(0), WriteOps: n(0)}
	for release, want := range map[string]runtime.IO{"6.9.12-arch1-1\n": zero, "5.15.0-91-generic\n": zero, "6.10.0\n": none, "6.12.3\n": none, "7.0\n": none,
		"": none, "6\n": none, "x\n": none} {
		f := tree(t, "v1")
		if err := os.MkdirAll(f.path("proc/sys/kernel"), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, f, "proc/sys/kernel/osrelease", release)
		const dir = "sys/fs/cgroup/blkio/lxc.payload.db-1/blkio.throttle."
		for _, name := range []string{"io_service_bytes", "io_serviced"} {
			put(t, f, dir+name+"_recursive", "Total 0\n")
		}
		r := open(t, f, 310)
		var s runtime.Sample
		read := func() {
			t.Helper()
			if err := r.Read(runtime.Full, &s); err != nil {
				t.Fatal(err)
			}
		}
		read()
		if s.IO != want || strings.Contains(s.Controls, noBlkio) != (want == none) {
			t.Errorf("%q: %v %q", release, s.IO, s.Controls)
		}
		for i := range r.files {
			if h := &r.files[i]; strings.HasPrefix(h.name, "blkio.") {
				fd := h.fd
				failing(r.buf, &fd, unix.EIO)
				read()
				if !strings.Contains(s.Controls, h.name+" cannot be read") {
					t.Errorf("%q: %s cannot be read: %q", release, h.name, s.Controls)
				}
				r.buf.Pread = nil
			}
		}
		if read(); s.IO != want || strings.Contains(s.Controls, "cannot be read") {
			t.Errorf("%q, after a fault: %v %q", release, s.IO, s.Controls)
		}
	}
}

// TestInterfacesThatChange: a container that renames its interfaces all the time
// has no rates, and the reason is told for as long as it does.
func TestInterfacesThatChange(t *testing.T) {
	f := tree(t, "v2")
	r := open(t, f, 4242)
	for i, c := range []struct {
		name string
		told bool
	}{{"a", false}, {"a", false}, {"b", false}, {"c", false}, {"d", true}, {"e", true}, {"e", false}, {"f", false}} {
		put(t, f, "proc/4242/net/dev", netHead+c.name+": 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n")
		var s runtime.Sample
		if err := r.Read(runtime.Cheap, &s); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(s.Controls, "interfaces change") != c.told {
			t.Errorf("read %d: %q", i, s.Controls)
		}
	}
}
