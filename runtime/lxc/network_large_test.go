package lxc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// ownReader reads the network of this process as that of a container.
func ownReader(t *testing.T) *linkReader {
	t.Helper()
	r := &linkReader{most: runtime.MaxNetLinks, asker: asker{bytes: netBytes, until: time.Now().Add(longTime), sock: -1}}
	r.dial = func() (int, error) {
		return unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	}
	t.Cleanup(r.hangUp)
	return r
}

func ipBatch(t *testing.T, lines string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "batch")
	must(t, os.WriteFile(file, []byte(lines), 0o600))
	onHost(t, "ip -batch %s", file)
}

// TestNetworkManyNames: an interface with as many names as it can have hides none that
// come after it.
func TestNetworkManyNames(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	var batch strings.Builder
	batch.WriteString("link add first type bridge\nlink add second type bridge\n")
	for i := range 400 {
		fmt.Fprintf(&batch, "link property add dev first altname n%d%s\n", i, strings.Repeat("x", 110))
	}
	ipBatch(t, batch.String())
	r := ownReader(t)
	must(t, r.dump())
	linkNamed(t, r.links, "first")
	linkNamed(t, r.links, "second")
	if r.more || r.part != "" {
		t.Errorf("more %v, part %q", r.more, r.part)
	}
	small := ownReader(t)
	small.buf = make([]byte, 8<<10)
	must(t, small.dump())
	if !small.more {
		t.Error("an answer that does not fit is told as whole")
	}
}

// TestNetworkPeerIsMissing: what the host's veth leads to is read, whatever the list
// has, and tells that there is more.
func TestNetworkPeerIsMissing(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	onHost(t, "ip link add v0 type veth peer name v1")
	index := ipLinks(t, os.Getpid())["v1"].Index
	r := ownReader(t)
	h := &hostNet{links: []runtime.NetLink{{Kind: "veth", LinkNS: 5, Link: 9999}}}
	r.peers(h, 5)
	if r.more || len(r.links) != 0 || r.sock < 0 {
		t.Errorf("one that is gone meanwhile: more %v, %+v, socket %d", r.more, r.links, r.sock)
	}
	h.links = append(h.links, runtime.NetLink{Kind: "veth", LinkNS: 5, Link: index})
	r.peers(h, 5)
	if linkNamed(t, r.links, "v1"); !r.more || r.sockets != 1 {
		t.Errorf("more %v, %d sockets", r.more, r.sockets)
	}
}

// TestNetworkLate: what was not waited for is no count.
func TestNetworkLate(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	r := ownReader(t)
	r.until = time.Now().Add(-time.Second)
	r.links = []runtime.NetLink{{Index: 9}}
	must(t, r.dump())
	if r.more || !strings.Contains(r.part, "in time") {
		t.Errorf("more %v, part %q", r.more, r.part)
	}
}

// TestNetworkDoneError: the last message of a dump may say that it was cut off.
func TestNetworkDoneError(t *testing.T) {
	if err := doneErr([]byte{0xa6, 0xff, 0xff, 0xff}); err == nil || !strings.Contains(err.Error(), unix.EMSGSIZE.Error()) {
		t.Errorf("a dump that ended early: %v", err)
	}
	if doneErr([]byte{0, 0, 0, 0}) != nil || doneErr(nil) != nil {
		t.Error("a dump that is whole")
	}
}

// TestNetworkManyAddresses: interfaces with more addresses than are read use up the
// sockets; where its uplink leads is known all the same, and so is a conflict.
func TestNetworkManyAddresses(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	bad := started(t, s, "lxcdt-bad", bridged("br0", "", "10.77.0.1/24")...)
	init := initOf(t, s, bad)
	var batch strings.Builder
	for i := range netSockets {
		fmt.Fprintf(&batch, "link add a%d type bridge\n", i)
		for k := range runtime.MaxNetAddrs + 4 {
			fmt.Fprintf(&batch, "address add 10.9.%d.%d/32 dev a%d\n", i, k+1, i)
		}
	}
	for k := range runtime.MaxNetAddrs + 4 {
		fmt.Fprintf(&batch, "address add 10.8.0.%d/32 dev net0\n", k+1)
	}
	file := filepath.Join(s.Path, ".batch")
	must(t, os.WriteFile(file, []byte(batch.String()), 0o600))
	onHost(t, "%s", inNet(init, "ip -batch "+file))
	m, c := netOf(t, adapterFor(t, s.Path), bad)
	if at := m.Places().Of(c, linkNamed(t, c.Links, "net0")); at.Bridge == nil || at.Bridge.Name != "br0" {
		t.Errorf("its uplink: %+v", at)
	}
	if !slices.ContainsFunc(m.Conflicts(), func(c runtime.NetConflict) bool { return c.Address() == "10.77.0.1" }) {
		t.Errorf("conflicts: %+v", m.Conflicts())
	}
}
