package lxc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// TestNetworkMap compares with ip(8) what is read of containers on two bridges, one
// in the host's network and one in that of another.
func TestNetworkMap(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	bridge(t, "br1", "10.78.0.1/24")
	one := started(t, s, "lxcdt-one", bridged("br0", "00:16:3e:01:02:03", "10.77.0.2/24")...)
	other := started(t, s, "lxcdt-other", bridged("br1", "", "10.77.0.2/24")...)
	none := started(t, s, "lxcdt-host", "lxc.net.0.type = none")
	sharer := started(t, s, "lxcdt-share", "lxc.namespace.share.net = "+fmt.Sprint(initOf(t, s, one)))
	empty := started(t, s, "lxcdt-empty")
	must(t, s.Add("lxcdt-still", bridged("br0", "", "")...))
	still := runtime.Ref{Path: s.Path, Name: "lxcdt-still"}
	a := adapterFor(t, s.Path)
	m, c := netOf(t, a, one, other, none, sharer, empty, still)
	places := m.Places()
	for i, name := range []string{"br0", "br1"} {
		c := &m.Containers[i]
		l := linkNamed(t, c.Links, "net0")
		want := ipLinks(t, c.InitPID)["net0"]
		if l.Index != want.Index || l.MAC.String() != want.MAC || l.MTU != want.MTU || l.Kind != "veth" || l.State != runtime.LinkUp || !l.Up {
			t.Errorf("%s: %+v, ip says %+v", name, *l, want)
		}
		var addrs []string
		for _, ad := range want.Addrs {
			addrs = append(addrs, fmt.Sprintf("%s/%d", ad.Local, ad.Bits))
		}
		if got := strings.Trim(fmt.Sprint(l.Addrs), "[]"); got != strings.Join(addrs, " ") {
			t.Errorf("%s: addresses %s, ip says %v", name, got, addrs)
		}
		at := places.Of(c, l)
		if at.Host == nil || at.Bridge == nil || at.Bridge.Name != name || at.Inside {
			t.Fatalf("%s: %+v", name, at)
		}
		peer := ipLinks(t, os.Getpid())[at.Host.Name]
		if peer.Index != want.LinkIndex || peer.LinkIndex != want.Index || peer.Master != name {
			t.Errorf("%s: the other end is %+v, ip says %+v", name, *at.Host, peer)
		}
	}
	// A user, who may not look inside, has /proc alone.
	user := runtime.ContainerNet{Ref: one, NSID: c.NSID}
	must(t, procNet(c.InitPID, &user))
	if len(user.Links) != 1 || user.Part == "" {
		t.Fatalf("from /proc: %+v", user)
	}
	l, is := &user.Links[0], linkNamed(t, c.Links, "net0")
	if l.Name != "net0" || l.Index != is.Index || l.Rx.Absent() || l.MAC != nil || l.State != runtime.LinkUnknown || !slices.ContainsFunc(l.Addrs, func(p netip.Prefix) bool { return p.Addr().String() == "10.77.0.2" }) {
		t.Errorf("from /proc: %+v", *l)
	}
	if at := places.Of(&user, l); at.Bridge == nil || at.Bridge.Name != "br0" || at.Host.Index != places.Of(c, is).Host.Index {
		t.Errorf("from /proc: %+v", at)
	}
	bare := runtime.ContainerNet{Ref: empty, NSID: -1}
	must(t, procNet(m.Containers[4].InitPID, &bare))
	if len(bare.Links) != 0 || bare.Unknown() != "" {
		t.Errorf("loopback alone, from /proc: %+v", bare)
	}
	if c.NS == 0 || m.Containers[3].NS != c.NS || m.Containers[1].NS == c.NS {
		t.Errorf("namespaces %d, %d, %d", c.NS, m.Containers[3].NS, m.Containers[1].NS)
	}
	if h := m.Containers[2]; !h.OnHost || len(h.Links) != 0 || h.Why != "" {
		t.Errorf("without a network of its own: %+v", h)
	}
	if e := m.Containers[4]; e.OnHost || len(e.Links) != 0 || e.Why != "" || e.InitPID == 0 {
		t.Errorf("with an empty network: %+v", e)
	}
	if st := m.Containers[5]; st.InitPID != 0 || !strings.Contains(st.Why, "STOPPED") {
		t.Errorf("one that does not run: %+v", st)
	}
	// Equal addresses on two bridges, and in a network that is shared, are none too many.
	if all := m.Conflicts(); len(all) != 0 {
		t.Errorf("conflicts: %+v", all)
	}
	for _, c := range list(t, a).Containers {
		if c.Ref == still && (c.Config == nil || len(c.Config.Nets) != 1 || c.Config.Nets[0].Type != "veth" || c.Config.Nets[0].Link != "br0" || c.Config.Nets[0].Name != "net0") {
			t.Errorf("what its config asks for: %+v", c.Config)
		}
	}
}

func initOf(t *testing.T, s *lxctest.Scratch, ref runtime.Ref) int {
	t.Helper()
	var pid int
	_, err := fmt.Sscan(onHost(t, "lxc-info -P %s -n %s -pH", s.Path, ref.Name), &pid)
	must(t, err)
	return pid
}

// TestNetworkConflicts: equal addresses of two containers on one bridge, and of one
// and the host.
func TestNetworkConflicts(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	one := started(t, s, "lxcdt-one", bridged("br0", "00:16:3e:01:02:03", "10.77.0.2/24")...)
	two := started(t, s, "lxcdt-two", bridged("br0", "00:16:3e:01:02:03", "10.77.0.1/24")...)
	a := adapterFor(t, s.Path)
	inner := func(ref runtime.Ref) {
		init := initOf(t, s, ref)
		onHost(t, "%s", inNet(init, "ip link add docker0 type bridge"))
		onHost(t, "%s", inNet(init, "ip address add 172.17.0.1/16 dev docker0"))
		onHost(t, "%s", inNet(init, "ip link set docker0 up"))
	}
	inner(one)
	inner(two)
	m, _ := netOf(t, a, one, two)
	all := m.Conflicts()
	// The kernel makes link-local addresses of MAC addresses, the duplicate too.
	all = slices.DeleteFunc(all, func(c runtime.NetConflict) bool { return c.IP.Is6() })
	if len(all) != 2 {
		t.Fatalf("conflicts: %+v", all)
	}
	byWhat := map[string][]runtime.Ref{}
	for _, c := range all {
		if c.On != "br0" || c.Domain.VLAN != 0 {
			t.Errorf("%+v", c)
		}
		for _, w := range c.Who {
			byWhat[c.Address()] = append(byWhat[c.Address()], w.Ref)
		}
	}
	if who := byWhat["00:16:3e:01:02:03"]; !slices.Equal(who, []runtime.Ref{one, two}) {
		t.Errorf("MAC address: %v", who)
	}
	if who := byWhat["10.77.0.1"]; !slices.Equal(who, []runtime.Ref{{}, two}) {
		t.Errorf("IP address of the host: %v", who)
	}
	// An uplink makes an inner bridge part of the host's network.
	init := initOf(t, s, one)
	onHost(t, "%s", inNet(init, "ip link set net0 master docker0"))
	onHost(t, "%s", inNet(init, "ip address add 10.77.0.9/24 dev docker0"))
	onHost(t, "%s", inNet(initOf(t, s, two), "ip address add 10.77.0.9/24 dev net0"))
	m, _ = netOf(t, a, one, two)
	if all := m.Conflicts(); !slices.ContainsFunc(all, func(c runtime.NetConflict) bool { return c.Address() == "10.77.0.9" }) {
		t.Errorf("an inner bridge with an uplink: %+v", all)
	}
}

// TestNetworkRates sends a known amount and compares with the kernel's own counters.
func TestNetworkRates(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	ref := started(t, s, "lxcdt-one", bridged("br0", "", "10.77.0.2/24")...)
	a := adapterFor(t, s.Path)
	_, c := netOf(t, a, ref)
	before, at := *linkNamed(t, c.Links, "net0"), c.At
	const packets, size = 200, 1000
	conn, err := net.Dial("udp", "10.77.0.2:9")
	must(t, err)
	defer conn.Close()
	for range packets { // nobody listens there, as every other write tells
		_, _ = conn.Write(make([]byte, size))
		_, _ = conn.Write(nil)
	}
	_, c = netOf(t, a, ref)
	after := linkNamed(t, c.Links, "net0")
	const headers = 8 + 20 + 14 // of UDP, IP and Ethernet
	n := after.Rx.Or(0) - before.Rx.Or(0)
	if least := uint64(packets / 2 * (size + headers)); n < least || n > 2*least+packets*headers+20000 {
		t.Errorf("received %d bytes, want %d at least", n, least)
	}
	rx, _ := runtime.LinkRates(&before, after, c.At.Sub(at))
	if got, want := rx.Or(-1), float64(after.Rx.Or(0)-before.Rx.Or(0))/c.At.Sub(at).Seconds(); got < want*0.999 || got > want*1.001 {
		t.Errorf("rate %v, want %v", got, want)
	}
	if is := ipLinks(t, c.InitPID)["net0"].Stats; is.Rx.Bytes < after.Rx.Or(0) || is.Rx.Bytes > after.Rx.Or(0)+20000 {
		t.Errorf("received %d in all, ip says %d", after.Rx.Or(0), is.Rx.Bytes)
	}
}

// TestNetworkHostile: one container has 2,000 interfaces and thousands of addresses,
// and changes them all the time. Its own uplink is seen, and the others are read as
// ever, by the list too.
func TestNetworkHostile(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	bad := started(t, s, "lxcdt-bad", bridged("br0", "", "10.77.0.2/24")...)
	good := started(t, s, "lxcdt-good", bridged("br0", "", "10.77.0.3/24")...)
	a := adapterFor(t, s.Path)
	init := initOf(t, s, bad)
	var batch strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&batch, "link add a%d\x1b type veth peer name b%d\n", i, i)
	}
	for i := range 4000 {
		fmt.Fprintf(&batch, "address add fd00::%x/64 dev lo nodad\naddress add fd01::%x/64 dev net0 nodad\n", i+2, i+2)
	}
	file := filepath.Join(s.Path, ".batch")
	must(t, os.WriteFile(file, []byte(batch.String()), 0o600))
	onHost(t, "%s", inNet(init, "ip -force -batch "+file))
	// It goes on changing.
	churn := exec.Command("/bin/sh", "-c", inNet(init, "sh -c 'while :; do ip link set a1\x1b alias x 2>/dev/null; ip address add fd02::1/64 dev lo nodad; ip address del fd02::1/64 dev lo; ip link add zz type veth peer name zy; ip link del zz; done'"))
	churn.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	must(t, churn.Start())
	defer func() {
		_ = unix.Kill(-churn.Process.Pid, unix.SIGKILL)
		_ = churn.Wait()
	}()
	places := func() {
		began := time.Now()
		m, c := netOf(t, a, bad, good)
		took := time.Since(began)
		if len(c.Links) > runtime.MaxNetLinks || !c.More || c.Why != "" {
			t.Errorf("%d interfaces, more %v, why %q", len(c.Links), c.More, c.Why)
		}
		l := linkNamed(t, c.Links, "net0")
		if at := m.Places().Of(c, l); at.Bridge == nil || at.Bridge.Name != "br0" {
			t.Errorf("its uplink: %+v", at)
		}
		if len(l.Addrs) != runtime.MaxNetAddrs || !l.More {
			t.Errorf("%d addresses of its uplink, more %v", len(l.Addrs), l.More)
		}
		g := &m.Containers[1]
		if l := linkNamed(t, g.Links, "net0"); g.Unknown() != "" || len(l.Addrs) == 0 {
			t.Errorf("the other one: %+v", g)
		}
		t.Logf("two containers took %v", took)
	}
	for range 5 {
		places()
	}
	readsLittle(t, a, init)
	if c := find(t, list(t, a), bad.Name); !c.IPsRead || len(c.IPs) == 0 || len(c.IPs) > maxAddrs {
		t.Errorf("the list: %d addresses", len(c.IPs))
	}
	if c := find(t, list(t, a), good.Name); !slices.Contains(c.IPs, netip.MustParseAddr("10.77.0.3")) {
		t.Errorf("the other one in the list: %v", c.IPs)
	}
}

// readsLittle: how much is read of a container does not go by how much it has.
func readsLittle(t *testing.T, a *Adapter, init int) {
	t.Helper()
	var space uint64
	h, err := readHostNet()
	must(t, err)
	r, all := a.networks.reader(init, &space), a.networks.reader(init, &space)
	defer r.hangUp()
	defer all.hangUp()
	r.until = time.Now().Add(longTime)
	must(t, r.dump())
	took := netBytes - r.bytes
	r.rest(&h, hostNSID(init))
	took += netBytes - r.bytes
	const enough = 1 << 30
	all.most, all.bytes, all.until = enough, enough, time.Now().Add(longTime)
	must(t, all.dump())
	if there := enough - all.bytes; len(all.links) < 2000 || took <= 0 || took > there/4 || r.sockets > netSockets {
		t.Errorf("%d bytes over %d sockets were read; its %d interfaces alone are %d", took, r.sockets, len(all.links), there)
	}
}

// TestNetworkStuck: a reading that does not come back is shown, not waited for a
// second time, and no other suffers.
func TestNetworkStuck(t *testing.T) {
	n := newNetworks()
	ref := runtime.Ref{Path: "/x", Name: "a"}
	release := make(chan struct{})
	hang := func() (int, error) { <-release; return 1, nil }
	_, since, err := inTurn(context.Background(), n, ref, 5*time.Millisecond, hang)
	if since.IsZero() || err == nil {
		t.Fatalf("a reading that hangs: %v, %v", since, err)
	}
	v, again, err := inTurn(context.Background(), n, ref, 5*time.Millisecond, func() (int, error) { return 2, nil })
	if v != 0 || !again.Equal(since) || err == nil {
		t.Errorf("while it hangs: %d, %v, %v", v, again, err)
	}
	if v, _, err := inTurn(context.Background(), n, runtime.Ref{Path: "/x", Name: "b"}, longTime, func() (int, error) { return 3, nil }); v != 3 || err != nil {
		t.Errorf("another container: %d, %v", v, err)
	}
	close(release)
	within(t, "it is read again", func() bool {
		v, _, err := inTurn(context.Background(), n, ref, longTime, func() (int, error) { return 4, nil })
		return v == 4 && err == nil
	})
}

// TestNetworkPorts finds servers in a container, and their programs.
func TestNetworkPorts(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	ref := started(t, s, "lxcdt-one", bridged("br0", "", "10.77.0.2/24")...)
	a := adapterFor(t, s.Path)
	for _, line := range []string{"httpd -p 8080", "nc -ll -p 9090 -e /bin/cat"} {
		must(t, exec.Command("lxc-attach", "-P", s.Path, "-n", ref.Name, "--", "/bin/sh", "-c", line+" </dev/null >/dev/null 2>&1 &").Run())
	}
	outside(t, initOf(t, s, ref), 5353)
	var list runtime.PortList
	within(t, "three servers listen", func() bool {
		var err error
		list, err = a.Ports(context.Background(), ref)
		must(t, err)
		return len(list.Ports) >= 3
	})
	want := strings.Fields(onHost(t, "%s", inNet(initOf(t, s, ref), "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 | grep -c -E ' 0A |: [0-9A-F:]+ [0-9A-F:]+ 07 '")))[0]
	if got := fmt.Sprint(len(list.Ports)); got != want || list.More {
		t.Errorf("%s sockets, /proc has %s", got, want)
	}
	names := map[int]string{}
	for _, p := range list.Ports {
		names[int(p.Listens.Addr.Port())] = p.Listens.Proto + " " + p.Process.Name
		if p.Process.Inner == 0 && p.Process.PID != 0 || p.Ref != ref {
			t.Errorf("%+v", p)
		}
	}
	for port, want := range map[int]string{8080: "tcp6 httpd", 9090: "tcp6 nc", 5353: "tcp6 "} {
		if names[port] != want && names[port] != strings.Replace(want, "6", "", 1) {
			t.Errorf("port %d: %q", port, names[port])
		}
	}
	if !strings.Contains(list.Unnamed, "outside the container") || len(list.Unnamed) > 80 {
		t.Errorf("a socket of the host's: %q", list.Unnamed)
	}
	must(t, s.Stop(ref.Name))
	if _, err := a.Ports(context.Background(), ref); err == nil {
		t.Error("ports of a container that does not run")
	}
}

// outside starts a server of the host in a container's network.
func outside(t *testing.T, pid, port int) {
	t.Helper()
	cmd := exec.Command("nsenter", "--net=/proc/"+fmt.Sprint(pid)+"/ns/net", "busybox", "nc", "-ll", "-p", fmt.Sprint(port), "-e", "/bin/cat")
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}
