package cgroup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// putLinks writes what a container has: an index, a name and received bytes each.
func putLinks(t *testing.T, f FS, all ...[3]any) {
	t.Helper()
	dev, igmp := "Inter-|   Receive |  Transmit\n face |bytes packets\n", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
	for _, x := range all {
		dev += fmt.Sprintf("%6s: %d 7 0 0 0 0 0 0 %d 9 0 0 0 0 0 0\n", x[1], x[2], 2*x[2].(int))
		igmp += fmt.Sprintf("%d\t%-10s:     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n", x[0], x[1])
	}
	put(t, f, "proc/4242/net/dev", dev)
	put(t, f, "proc/4242/net/igmp", igmp)
}

// TestRatesOfRenamedInterfaces: an interface is the same under any name, by its
// index; of others nothing is told, and that it is not all of them is.
func TestRatesOfRenamedInterfaces(t *testing.T) {
	f := tree(t, "v2")
	putLinks(t, f, [3]any{2, "eth0", 1000}, [3]any{3, "eth1", 5000})
	r := open(t, f, 4242)
	now := time.Now()
	r.now = func() time.Time { return now }
	var old, s runtime.Sample
	step := func(part bool, rx any, all ...[3]any) {
		t.Helper()
		putLinks(t, f, all...)
		now = now.Add(time.Second)
		if err := r.Read(runtime.Cheap, &s); err != nil {
			t.Fatal(err)
		}
		u := runtime.Between(&old, &s, 2)
		old = s
		got, ok := u.RxBytes.Get()
		tx, _ := u.TxBytes.Get()
		want, known := rx.(int)
		if ok != known || ok && (int(got) != want || int(tx) != 2*want) || u.NetPart != part {
			t.Errorf("%v: rx %v (%v), tx %v, partial %v; want %v, %v", all, got, ok, tx, u.NetPart, rx, part)
		}
	}
	step(false, nil, [3]any{2, "eth0", 1000}, [3]any{3, "eth1", 5000})
	step(false, 30, [3]any{2, "eth0", 1010}, [3]any{3, "eth1", 5020})
	step(true, 60, [3]any{2, "a0", 1050}, [3]any{3, "eth1", 5040})
	step(true, 300, [3]any{2, "eth1", 1150}, [3]any{3, "a0", 5240})      // each has a new name, and one that was another's
	step(true, 5, [3]any{2, "eth1", 1155})                               // one has gone
	step(true, 7, [3]any{2, "eth1", 1162}, [3]any{9, "eth2", 1_000_000}) // one has come, with a life behind it
	step(false, 11, [3]any{2, "eth1", 1163}, [3]any{9, "eth2", 1_000_010})
	step(true, 0, [3]any{2, "b0", 3}, [3]any{9, "eth2", 1_000_010}) // one counts anew
	step(false, nil, [3]any{21, "c0", 77})                          // another altogether
	step(false, 3, [3]any{21, "c0", 80})
	step(true, 1, [3]any{21, "c1", 81})
	for i := range 3 * renamedMost {
		step(true, 2, [3]any{21, fmt.Sprint("d", i), 83 + 2*i})
	}
	if !strings.Contains(s.Controls, "interfaces change all the time") {
		t.Errorf("controls: %q", s.Controls)
	}
}

// TestRenamedWithoutIndexes: where the kernel does not tell them there is no rate
// across a change, as before.
func TestRenamedWithoutIndexes(t *testing.T) {
	var l links
	l.igmp = "/nonexistent/igmp"
	text := func(name string, rx int) []byte {
		return fmt.Appendf(nil, "Inter-|\n face |\n%s: %d 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", name, rx)
	}
	l.take(text("eth0", 10), false)
	if m := l.take(text("eth0", 15), true); m.RxBytes != runtime.Of(5) {
		t.Errorf("%+v", m)
	}
	if m := l.take(text("eth1", 20), false); !m.RxBytes.Absent() {
		t.Errorf("%+v", m)
	}
	many := []byte("Inter-|\n face |\n")
	for i := range maxLinks + 1 {
		many = fmt.Appendf(many, "e%d: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", i)
	}
	if m := l.take(many, false); !m.RxBytes.Absent() || l.seen {
		t.Errorf("%+v", m)
	}
}
