package lxc

import (
	"fmt"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// TestNetworkWished compares what is told of a configuration with the network that
// liblxc makes of it.
func TestNetworkWished(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	s := lxctest.New(t)
	bridge(t, "br0", "10.77.0.1/24")
	first := started(t, s, "lxcdt-first")
	veth := bridged("br0", "", "")
	others := "lxc.namespace.clone = mnt pid uts ipc cgroup"
	share := "lxc.namespace.share.net = lxcdt-first"
	cases := []struct {
		lines []string
		want  runtime.NetWish
		words string
	}{
		{nil, runtime.OwnNet, "loopback alone"},
		{veth, runtime.OwnNet, "veth on br0"},
		{[]string{"lxc.net.0.type = empty"}, runtime.OwnNet, "loopback alone"},
		{[]string{"lxc.net.0.type = none"}, runtime.HostNet, "the host's network"},
		{[]string{"lxc.net.0.type = none", "lxc.net.1.type = empty"}, runtime.OwnNet, "loopback alone"},
		{[]string{"lxc.namespace.keep = user ipc", "lxc.net.0.type = none"}, runtime.OwnNet, "loopback alone"},
		{append([]string{"lxc.namespace.keep = user ipc net"}, veth...), runtime.HostNet, "the host's network"},
		{append([]string{others}, veth...), runtime.HostNet, "the host's network"},
		{append([]string{others + " net"}, veth...), runtime.OwnNet, "veth on br0"},
		{[]string{others + " net", "lxc.net.0.type = none"}, runtime.OwnNet, "loopback alone"},
		{append([]string{share}, veth...), runtime.SharedNet, "the network of lxcdt-first"},
		{[]string{share, "lxc.net.0.type = none"}, runtime.SharedNet, "the network of lxcdt-first"},
		{[]string{share, "lxc.namespace.keep = user net"}, runtime.SharedNet, "the network of lxcdt-first"},
	}
	for i, c := range cases {
		must(t, s.Add(fmt.Sprint("lxcdt-", i), c.lines...))
	}
	l := list(t, adapterFor(t, s.Path))
	nets := map[runtime.NetWish]uint64{runtime.HostNet: inodeOf("/proc/self/ns/net"), runtime.SharedNet: inodeOf(fmt.Sprintf("/proc/%d/ns/net", initOf(t, s, first)))}
	for i, c := range cases {
		name := fmt.Sprint("lxcdt-", i)
		cfg := find(t, l, name).Config
		if cfg == nil {
			t.Fatalf("%q: no config", c.lines)
		}
		if cfg.WishedNet() != c.want || cfg.NetWords() != c.words {
			t.Errorf("%q: %v, %s", c.lines, cfg.WishedNet(), cfg.NetWords())
		}
		must(t, s.Start(name))
		is := inodeOf(fmt.Sprintf("/proc/%d/ns/net", initOf(t, s, runtime.Ref{Path: s.Path, Name: name})))
		got := runtime.OwnNet
		for wish, ino := range nets {
			if is == ino {
				got = wish
			}
		}
		if is == 0 || got != c.want {
			t.Errorf("%q: its network is %v, want %v", c.lines, got, c.want)
		}
		must(t, s.Stop(name))
	}
}

// TestNetworkConfigNumbers: interfaces are found whatever their numbers are; of more
// than are told of, it is said that there are.
func TestNetworkConfigNumbers(t *testing.T) {
	s := lxctest.New(t)
	lines := []string{}
	for _, n := range []int{0, 15, 16, 300} {
		lines = append(lines, fmt.Sprintf("lxc.net.%d.type = veth", n), fmt.Sprintf("lxc.net.%d.link = br%d", n, n))
	}
	must(t, s.Add("lxcdt-some", lines...))
	must(t, s.Add("lxcdt-far", append(lines, fmt.Sprintf("lxc.net.%d.type = veth", maxNetIndex))...))
	lines = nil
	for n := range runtime.MaxNetConfigs + 1 {
		lines = append(lines, fmt.Sprintf("lxc.net.%d.type = veth", n))
	}
	must(t, s.Add("lxcdt-many", lines...))
	l := list(t, adapterFor(t, s.Path))
	for name, want := range map[string]struct {
		n     int
		more  bool
		words string
	}{
		"lxcdt-some": {4, false, "veth on br0, veth on br15, veth on br16, veth on br300"},
		"lxcdt-far":  {4, true, "veth on br0, veth on br15, veth on br16, veth on br300, others"},
		"lxcdt-many": {runtime.MaxNetConfigs, true, ""},
	} {
		cfg := find(t, l, name).Config
		if cfg == nil || len(cfg.Nets) != want.n || cfg.MoreNets != want.more || want.words != "" && cfg.NetWords() != want.words {
			t.Errorf("%s: %+v", name, cfg)
		}
	}
}
