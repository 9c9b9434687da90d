package lxc

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func addresses(words string) []netip.Addr {
	var out []netip.Addr
	for _, w := range strings.Fields(words) {
		out = append(out, netip.MustParseAddr(w))
	}
	return out
}

func TestTidy(t *testing.T) {
	got := tidy(addresses("fe80::1 fd00::2 127.0.0.1 ::1 10.0.3.9 169.254.7.7 192.0.2.1 10.0.3.9 0.0.0.0 ff02::1"))
	if want := addresses("10.0.3.9 192.0.2.1 fd00::2"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseProcNet(t *testing.T) {
	const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 10.0.3.0
        /24 link UNICAST
Local:
  +-- 10.0.3.0/24 2 0 2
     |-- 10.0.3.7
        /32 host LOCAL
     |-- 10.0.3.255
        /32 link BROADCAST
     |-- garbage
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
`
	if got, want := parseFibTrie([]byte(trie)), addresses("10.0.3.7"); !slices.Equal(got, want) {
		t.Errorf("fib_trie: %v, want %v", got, want)
	}
	const inet6 = "fd000000000000000000000000000007 02 40 00 80     eth0\nshort 01\n00000000000000000000000000000001 01 80 10 80       lo\n"
	if got, want := parseInet6([]byte(inet6)), addresses("fd00::7 ::1"); !slices.Equal(got, want) {
		t.Errorf("if_inet6: %v, want %v", got, want)
	}
}

// ip runs ip(8) in the container's network namespace.
func ip(t *testing.T, init int, args ...string) {
	t.Helper()
	all := append([]string{"--net=" + fmt.Sprintf("/proc/%d/ns/net", init), "ip"}, args...)
	if out, err := exec.Command("nsenter", all...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}

func TestAddresses(t *testing.T) {
	a, s, ref := running(t, "lxcdt-ad-one")
	init, err := a.initPID(context.Background(), ref)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	e := listen(t, a, 1)
	if ips, ok := a.addrs.get(init); !ok || len(ips) != 0 {
		t.Fatalf("a container without network: %v, %v", ips, ok)
	}
	// The container must be known to the watch before it can tell of it.
	within(t, "the address is announced", func() bool {
		ip(t, init, "addr", "replace", "192.0.2.7/24", "dev", "lo")
		ip(t, init, "addr", "del", "192.0.2.7/24", "dev", "lo")
		select {
		case ev := <-e.ch:
			return ev.Kind == runtime.Addresses && ev.Ref == ref
		default:
			return false
		}
	})
	e.from = time.Now() // there may be more of those on their way
	ip(t, init, "addr", "add", "fd00::7/64", "dev", "lo")
	ip(t, init, "addr", "add", "192.0.2.7/24", "dev", "lo")
	e.hear("new address", announced, e.kind(runtime.Addresses, ref))
	want := addresses("192.0.2.7 fd00::7")
	if ips, ok := a.addrs.get(init); !ok || !slices.Equal(ips, want) {
		t.Errorf("%v, %v, want %v", ips, ok, want)
	}
	if ips, ok := procAddrs(init); !ok || !slices.Equal(ips, want) {
		t.Errorf("from /proc: %v, %v, want %v", ips, ok, want)
	}
	ip(t, init, "addr", "del", "192.0.2.7/24", "dev", "lo")
	if ips, ok := a.addrs.get(init); !ok || !slices.Equal(ips, addresses("fd00::7")) {
		t.Errorf("after its removal: %v, %v", ips, ok)
	}
	// No thread of this process may be left in the container's namespace. One
	// that was there ends in its own time.
	within(t, "all threads are in "+own, func() bool {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(threads, func(th os.DirEntry) bool {
			ns, err := os.Readlink("/proc/self/task/" + th.Name() + "/ns/net")
			return err == nil && ns != own
		})
	})
	if err := s.Stop(ref.Name); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.addrs.get(init); ok {
		t.Error("addresses of a container that has ended")
	}
	within(t, "its socket is let go", func() bool {
		a.addrs.mu.Lock()
		defer a.addrs.mu.Unlock()
		return a.addrs.byPID[init] == nil
	})
}

func FuzzProcNet(f *testing.F) {
	f.Add([]byte("     |-- 10.0.3.7\n        /32 host LOCAL\n"))
	f.Add([]byte("fd000000000000000000000000000007 02 40 00 80 eth0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found := tidy(append(parseFibTrie(text), parseInet6(text)...))
		if len(found) > bytes.Count(text, []byte("\n"))+1 {
			t.Errorf("%d addresses in %q", len(found), text)
		}
	})
}

// get is getAll for one.
func (a *addrs) get(initPID int) (ips []netip.Addr, ok bool) {
	a.getAll([]int{initPID}, func(_ int, its []netip.Addr, read bool) { ips, ok = its, read })
	return ips, ok
}
