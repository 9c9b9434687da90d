package tui

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/views"
)

// netDeck is a host whose alpha and gamma run, alpha with figures of the test's own.
func netDeck(t *testing.T, w, h int, change func(specs []fake.Spec)) *deck {
	t.Helper()
	specs := some()
	for i := range specs {
		specs[i].Load = fake.Load{Rx: 1e6, Tx: 2e3}
	}
	if change != nil {
		change(specs)
	}
	d := newDeck(t, w, h, Options{}, specs...)
	d.press("n")
	return d
}

func TestNetworkIsReadWhileOpen(t *testing.T) {
	d := netDeck(t, 120, 40, nil)
	d.sees("alpha eth0: veth, up, MAC 00:16:3e:41:00:07, mtu 1500, host veth1000xyz")
	d.sees("Network: ", "lxcbr0 bridge, up, 10.0.3.1/24", "eth0", "RX/s")
	x := d.m.networkOpen()
	if on := x.keys[x.at]; on.ref != ref("alpha") || on.kind != views.NetInterface {
		t.Fatalf("the cursor is on %+v", on)
	}
	if _, ok := x.rows[x.at].Rx.Get(); ok {
		t.Error("a rate after one reading")
	}
	d.pass(firstPause)
	if rx := x.rows[x.at].Rx.Or(-1); rx < 0.9e6 || rx > 1.1e6 {
		t.Errorf("received %v a second", rx)
	}
	before := d.rt.Calls(fake.Networks)
	d.pass(5 * time.Second)
	if n := d.rt.Calls(fake.Networks) - before; n < 4 || n > 6 {
		t.Errorf("%d readings in 5 seconds", n)
	}
	d.press("esc")
	after := d.rt.Calls(fake.Networks)
	d.pass(10 * time.Second)
	if n := d.rt.Calls(fake.Networks) - after; n != 0 || d.m.networkOpen() != nil {
		t.Errorf("%d readings once it is closed", n)
	}
}

// TestNetworkLives: counters of another life make no rate.
func TestNetworkLives(t *testing.T) {
	d := netDeck(t, 120, 40, nil)
	d.pass(2 * time.Second)
	x := d.m.networkOpen()
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.until("alpha does not run", func() bool { d.pass(100 * time.Millisecond); return x.rows[x.at].Kind == views.NetSentence })
	d.sees("not running (what their configuration asks for)")
	if on := x.keys[x.at]; on.ref != ref("alpha") || on.kind != views.NetSentence {
		t.Errorf("the cursor went to %+v", on)
	}
	d.rt.Become(ref("alpha"), runtime.Running)
	d.until("alpha has an interface again", func() bool { d.pass(100 * time.Millisecond); return x.rows[x.at].Kind == views.NetInterface })
	if rx, ok := x.rows[x.at].Rx.Get(); ok {
		t.Errorf("a rate of %v over two lives", rx)
	}
}

func TestNetworkAlone(t *testing.T) {
	d := netDeck(t, 120, 40, func(specs []fake.Spec) {
		specs[0].Procs = []string{"/sbin/init", "nginx: master"}
	})
	d.press("enter")
	d.sees("Network of alpha: 1 interface", "listening on 1 socket", "0.0.0.0:80", "nginx")
	if strings.Contains(d.screen(), "not running") {
		t.Errorf("others are shown:\n%s", d.screen())
	}
	d.press("G")
	init := strconv.Itoa(d.m.networkOpen().rows[d.m.networkOpen().at].Port.Process.PID)
	for i, want := range []string{"alpha", "0.0.0.0:80", init} {
		d.press("y")
		d.sees("container", "address", "pid on the host")
		for range i {
			d.press("down")
		}
		d.press("enter")
		if len(d.copied) != i+1 || d.copied[i] != want {
			t.Errorf("copied %q, want %q", d.copied, want)
		}
	}
	d.rt.Become(ref("alpha"), runtime.Stopped)
	d.later("asks for loopback alone")
	d.sees("Network of alpha: 0 interfaces")
	d.rt.Remove(ref("alpha"))
	d.later("is gone; esc shows the others")
	d.press("esc")
	d.sees("Network: ")
	d.press("q")
	if d.m.overlay != nil {
		t.Error("q does not close it")
	}
}

func TestNetworkConflictIsShown(t *testing.T) {
	const mac = "00:16:3e:00:00:01"
	d := netDeck(t, 120, 40, func(specs []fake.Spec) {
		for i := range specs {
			specs[i].State, specs[i].MAC = runtime.Running, mac
			specs[i].Started = noon.Add(-time.Hour)
			specs[i].IPs = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 3, byte(50 + i)})}
		}
	})
	d.sees("1 conflict", mac+" is on lxcbr0 more than once: ", "c next conflict")
	x := d.m.networkOpen()
	at := x.at
	d.press("c")
	if x.at == at || !x.rows[x.at].Conflict || !x.rows[x.at].BadMAC {
		t.Errorf("c goes from %d to %d", at, x.at)
	}
}

// TestNetworkStuckIsShown: one that does not answer, one that fails, one with names
// full of escapes and one on the host's network; all others are shown as ever.
func TestNetworkStuckIsShown(t *testing.T) {
	d := netDeck(t, 120, 40, func(specs []fake.Spec) {
		for i := range specs {
			specs[i].State = runtime.Running
		}
		specs[1].Net = &runtime.ContainerNet{NS: 9, NSID: 99, Part: "part\x1b[2J", Links: []runtime.NetLink{
			{Index: 7, Name: "a\x1b[31m\x07", Kind: "dummy", MAC: net.HardwareAddr{1, 2, 3, 4, 5, 6}, Up: true, LinkNS: runtime.HereNS},
		}}
		specs[2].Net = &runtime.ContainerNet{NSID: -1, OnHost: true}
	})
	names := []string{}
	for _, s := range some() {
		names = append(names, s.Name)
	}
	d.sees(`a\x1b`, "inside alone", "the host's network", "has no network of its own")
	d.rt.Fail(fake.Networks, ref(names[0]), fake.Fault{Stuck: true})
	d.later("no answer ")
	d.sees("not read")
	d.rt.Heal(fake.Networks, ref(names[0]))
	d.rt.Fail(fake.Networks, runtime.Ref{}, fake.Fault{Err: errors.New("netlink: out of \x1bmemory")})
	d.later(`netlink: out of \x1bmemory`)
	d.sees("eth0") // what was read before stays
	for _, size := range []tea.WindowSizeMsg{{Width: 60, Height: 15}, {Width: 30, Height: 8}, {Width: 200, Height: 60}, {Width: 80, Height: 24}} {
		d.send(size)
		if strings.ContainsAny(d.screen(), "\x07") {
			t.Error("a control character on the screen")
		}
	}
	d.press("?")
	d.sees("This container alone")
	d.press("esc")
	if d.m.networkOpen() == nil {
		t.Error("help does not lead back")
	}
}

// TestNetworkIsNotWhole: that one has loopback alone is said only when all it has was
// read.
func TestNetworkIsNotWhole(t *testing.T) {
	for _, c := range []struct {
		net  runtime.ContainerNet
		want string
	}{
		{runtime.ContainerNet{NS: 9, NSID: 99}, "has loopback alone"},
		{runtime.ContainerNet{NS: 9, NSID: 99, More: true}, "not known: its interfaces: there is more than is read"},
		{runtime.ContainerNet{NS: 9, NSID: 99, Part: "interfaces: not all came in time"}, "not known: interfaces: not all came in time"},
		{runtime.ContainerNet{NS: 9, NSID: 99, Unsteady: true}, "not known: what changed while it was read"},
	} {
		d := netDeck(t, 120, 40, func(specs []fake.Spec) { specs[0].Net = &c.net })
		d.sees("alpha", "delta", c.want)
		if c.net.Unknown() != "" && strings.Contains(d.screen(), "has loopback alone") {
			t.Errorf("it is told to have loopback alone:\n%s", d.screen())
		}
		d.press("enter")
		d.sees("Network of alpha", c.want)
	}
}

// TestNetworkPortsOfOneLife: sockets that are all the same are rows of their own, and
// those of an earlier life are not shown.
func TestNetworkPortsOfOneLife(t *testing.T) {
	d := netDeck(t, 120, 40, nil)
	d.press("enter")
	x := d.m.networkOpen()
	init := d.m.byRef(ref("alpha")).InitPID
	same := runtime.Owner{Ref: ref("alpha"), Process: runtime.Process{PID: init, Name: "many"}, Listens: runtime.Listener{Proto: "tcp", Addr: netip.MustParseAddrPort("0.0.0.0:80")}}
	three := []runtime.Owner{same, same, same}
	d.send(portsMsg{view: x, ref: ref("alpha"), list: runtime.PortList{InitPID: init, Ports: three}})
	d.sees("listening on 3 sockets")
	d.press("G", "up")
	at := x.at
	if at != len(x.rows)-2 {
		t.Fatalf("row %d of %d", at, len(x.rows))
	}
	x.arrange(d.m)
	if x.at != at {
		t.Errorf("the cursor jumps from %d to %d", at, x.at)
	}
	d.send(portsMsg{view: x, ref: ref("alpha"), list: runtime.PortList{InitPID: init + 1, Ports: three}})
	if strings.Contains(d.screen(), "many") {
		t.Errorf("sockets of another life:\n%s", d.screen())
	}
	d.sees("listening reading ...")
	d.send(portsMsg{view: x, ref: ref("alpha"), err: errors.New("no more")})
	d.sees("listening cannot be read", "no more")
}

// TestNetworkPortsOfAnother: who goes from one container to another waits for no more
// than the reading of the first.
func TestNetworkPortsOfAnother(t *testing.T) {
	d := netDeck(t, 120, 40, nil)
	d.press("enter")
	x := d.m.networkOpen()
	other := ref("delta")
	x.alone, x.portsOf = &other, runtime.Ref{}
	if d.m.onPorts(portsMsg{view: x, ref: ref("alpha")}) == nil || !x.portsOut {
		t.Error("nothing is read of the other one")
	}
	x.alone = nil
	if x.portsOut = false; d.m.onPorts(portsMsg{view: x, ref: ref("alpha")}) != nil {
		t.Error("ports are read where nobody is alone")
	}
}

// TestNetworkIsShared: a network is told as that of the container that has it of its
// own, wherever it stands in the list; the others are named beside it.
func TestNetworkIsShared(t *testing.T) {
	own := func(wished string) func([]fake.Spec) {
		return func(specs []fake.Spec) {
			for i := range specs {
				specs[i].State, specs[i].Started = runtime.Running, noon.Add(-time.Hour)
				specs[i].Config = &runtime.Config{NetOf: wished}
				specs[i].Net = &runtime.ContainerNet{NS: 9, NSID: 99, Links: []runtime.NetLink{{Index: 2, Name: "net0", Kind: "dummy", LinkNS: runtime.HereNS}}}
			}
			specs[2].Config.NetOf = ""
		}
	}
	owner := some()[2].Name
	d := netDeck(t, 120, 40, own(owner))
	d.sees(owner, "net0")
	x := d.m.networkOpen()
	n := 0
	for i := range x.rows {
		switch r := &x.rows[i]; {
		case r.Kind == views.NetInterface && r.Container != owner:
			t.Errorf("the interface of %s", r.Container)
		case r.Kind == views.NetSentence && r.Text == "shares the network of "+owner:
			n++
		case r.Kind == views.NetInterface:
			x.move(d.m, i)
		}
	}
	lines, _ := x.about(d.m)
	if n != len(some())-1 || len(lines) < 2 || !strings.HasPrefix(lines[1], "this network is that of ") || strings.Count(lines[1], ",") != n-1 || strings.Contains(lines[1], owner) {
		t.Errorf("%d share it; about: %q", n, lines)
	}
}
