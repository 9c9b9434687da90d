package lxc

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAddressesOfLoopbackHideNone: those that nobody outside can use are not counted.
func TestAddressesOfLoopbackHideNone(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	ask := func() ([]netip.Addr, error) {
		sock, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
		must(t, err)
		defer unix.Close(sock)
		return askAddrs(sock, make([]byte, netlinkBuf))
	}
	var batch strings.Builder
	for i := range maxAddrs + 40 {
		fmt.Fprintf(&batch, "address add 127.1.%d.%d/32 dev lo\n", i>>8, i&255)
	}
	batch.WriteString("link add br0 type bridge\naddress add 10.77.0.1/24 dev br0\n")
	ipBatch(t, batch.String())
	own := netip.MustParseAddr("10.77.0.1")
	if ips, err := ask(); err != nil || !slices.Contains(ips, own) {
		t.Errorf("%v, %v", ips, err)
	}
	var trie, inet6 strings.Builder
	for i := range maxAddrs + 40 {
		fmt.Fprintf(&trie, "|-- 127.1.%d.%d\n/32 host LOCAL\n", i>>8, i&255)
		fmt.Fprintf(&inet6, "fe80%028x 01 80 20 80 x\n", i)
	}
	if ips := parseFibTrie([]byte(trie.String() + "|-- 10.77.0.1\n/32 host LOCAL\n")); !slices.Contains(ips, own) {
		t.Errorf("fib_trie: %v", ips)
	}
	if ips := tidy(parseInet6([]byte(inet6.String() + "fd000000000000000000000000000007 02 40 00 80 eth0\n"))); len(ips) != 1 {
		t.Errorf("if_inet6: %v", ips)
	}
}

// TestAddressesCutAreNotNone: too many, and none of them usable, is not none.
func TestAddressesCutAreNotNone(t *testing.T) {
	if !ownNetwork(t) {
		return
	}
	var batch strings.Builder
	for i := range 4500 {
		fmt.Fprintf(&batch, "address add 127.2.%d.%d/32 dev lo\n", i>>8, i&255)
	}
	ipBatch(t, batch.String())
	sock, err := netlinkHere()
	must(t, err)
	defer unix.Close(sock)
	ips, err := askAddrs(sock, make([]byte, netlinkBuf))
	if len(ips) != 0 || !errors.Is(err, errManyAddrs) {
		t.Errorf("%v, %v", ips, err)
	}
	a := newAddrs()
	defer a.close()
	if ips, ok := a.get(ownPID()); ok || len(ips) != 0 {
		t.Errorf("%v, read %v", ips, ok)
	}
	if _, ok := a.get(ownPID()); ok {
		t.Error("asked again")
	}
}
