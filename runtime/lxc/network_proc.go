package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// procNet reads what /proc/PID/net tells everybody of a container's network: names,
// counters and addresses (proc_pid_net(5)). Hardware addresses and states it does not tell.
func procNet(pid int, c *runtime.ContainerNet) error {
	dir := "/proc/" + strconv.Itoa(pid) + "/net/"
	text, err := readStart(dir + "dev")
	if err != nil {
		return fmt.Errorf("interfaces: %w", fileErr(err))
	}
	c.At = time.Now()
	c.Links, c.More = parseNetDev(text)
	c.More = c.More || len(text) == maxProcNet
	if len(c.Links) == 0 { // loopback alone, which is all there is to know
		return nil
	}
	c.Part = "MAC, MTU and state: only root may look inside"
	byName := func(name string) *runtime.NetLink {
		i := slices.IndexFunc(c.Links, func(l runtime.NetLink) bool { return l.Name == name })
		if i < 0 {
			return nil
		}
		return &c.Links[i]
	}
	// Which number an interface has stands here alone: "2    eth0            1 ...".
	if text, err := readStart(dir + "dev_mcast"); err == nil {
		for line := range bytes.Lines(text) {
			if f := strings.Fields(string(line)); len(f) > 2 {
				if l := byName(f[1]); l != nil {
					l.Index, _ = strconv.Atoi(f[0])
				}
			}
		}
	}
	v6, err := readStart(dir + "if_inet6")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.Part += "; IPv6 addresses: " + err.Error()
	}
	parseInet6Links(v6, byName)
	v4, err := readStart(dir + "fib_trie")
	own := slices.DeleteFunc(parseFibTrie(v4), func(ip netip.Addr) bool { return ip.IsLoopback() })
	switch {
	case err != nil:
		c.Part += "; IPv4 addresses: " + err.Error()
	case len(own) > 0 && len(c.Links) == 1:
		l := &c.Links[0]
		for _, ip := range own {
			if l.More = l.More || len(l.Addrs) == runtime.MaxNetAddrs; !l.More {
				l.Addrs = append(l.Addrs, netip.PrefixFrom(ip, -1))
			}
		}
	case len(own) > 0: // which has which is not told
		c.Part += "; which interface has the IPv4 addresses " + joinAddrs(own)
		for i := range c.Links {
			c.Links[i].Unread = true
		}
	}
	slices.SortFunc(c.Links, func(x, y runtime.NetLink) int { return x.Index - y.Index })
	return nil
}

// onHostNet says whether a process is in this process's network. Who may not ask for
// its namespace sees files of it all the same, and each network has its own of every
// name (proc_register of fs/proc/generic.c numbers them).
func onHostNet(pid int) bool {
	for _, file := range []string{"ns/net", "net/dev"} {
		mine, its := inodeOf("/proc/self/"+file), inodeOf(fmt.Sprintf("/proc/%d/%s", pid, file))
		if mine != 0 && its != 0 {
			return mine == its
		}
	}
	return false
}

func joinAddrs(ips []netip.Addr) string {
	var words []string
	for _, ip := range ips[:min(len(ips), 4)] {
		words = append(words, ip.String())
	}
	if len(ips) > len(words) {
		words = append(words, "...")
	}
	return strings.Join(words, ", ")
}

// parseNetDev reads net/dev: "name: rx_bytes and seven more, tx_bytes ...".
func parseNetDev(text []byte) (links []runtime.NetLink, more bool) {
	for line := range bytes.Lines(text) {
		name, rest, ok := strings.Cut(string(line), ":")
		f := strings.Fields(rest)
		if !ok || len(f) < 16 {
			continue
		}
		l := runtime.NetLink{Name: strings.TrimSpace(name), LinkNS: runtime.HereNS, PVID: -1}
		if l.Name == "lo" {
			continue
		}
		if len(links) == runtime.MaxNetLinks {
			return links, true
		}
		for i, v := range map[int]*runtime.Value{0: &l.Rx, 8: &l.Tx} {
			if n, err := strconv.ParseUint(f[i], 10, 64); err == nil {
				*v = runtime.Of(n)
			}
		}
		links = append(links, l)
	}
	return links, false
}

// parseInet6Links reads if_inet6: 32 hex digits, then index, prefix length, scope
// and flags, all hexadecimal, and the name.
func parseInet6Links(text []byte, byName func(string) *runtime.NetLink) {
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) != 6 {
			continue
		}
		l := byName(f[5])
		ips := parseInet6(line)
		bits, err := strconv.ParseUint(f[2], 16, 8)
		if l == nil || len(ips) != 1 || err != nil || bits > 128 {
			continue
		}
		if index, err := strconv.ParseUint(f[1], 16, 31); err == nil && l.Index == 0 {
			l.Index = int(index)
		}
		if l.More = l.More || len(l.Addrs) == runtime.MaxNetAddrs; !l.More {
			l.Addrs = append(l.Addrs, netip.PrefixFrom(ips[0], int(bits)))
		}
	}
}
