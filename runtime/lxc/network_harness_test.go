package lxc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// netHome tells a test that it runs in a network namespace of its own.
const netHome = "LXCDT_NETNS"

// ownNetwork lets a test run in a network namespace of its own: what it makes there
// is gone with it. The test goes on where it is true.
func ownNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(netHome) != "" {
		ownSysfs(t)
		onHost(t, "ip link set lo up")
		return true
	}
	if why := lxctest.Missing(); why != "" {
		t.Skip(why)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("LEFT OUT: there is no ip(8)")
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), netHome+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("LEFT OUT: %s", out)
	case !bytes.Contains(out, []byte("--- PASS: "+t.Name())):
		t.Errorf("it did not run:\n%s", out)
	}
	return false
}

// ownSysfs shows this process the devices of its network: liblxc looks for a bridge
// below /sys/class/net. The cgroups stay where they are.
func ownSysfs(t *testing.T) {
	t.Helper()
	const cgroups = "/sys/fs/cgroup"
	aside := t.TempDir()
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount(cgroups, aside, "", unix.MS_BIND|unix.MS_REC, ""))
	must(t, unix.Mount("sysfs", "/sys", "sysfs", 0, ""))
	must(t, unix.Mount(aside, cgroups, "", unix.MS_BIND|unix.MS_REC, ""))
	must(t, unix.Unmount(aside, unix.MNT_DETACH))
}

// onHost runs a command of the shell, on the host or, behind nsenter, elsewhere.
func onHost(t *testing.T, format string, args ...any) string {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	out, err := exec.Command("/bin/sh", "-c", line).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return string(out)
}

// inNet is a command inside the network of a process.
func inNet(pid int, line string) string {
	return fmt.Sprintf("nsenter --net=/proc/%d/ns/net %s", pid, line)
}

// ipLink is what ip -j -d -s address says of an interface.
type ipLink struct {
	Index     int      `json:"ifindex"`
	Name      string   `json:"ifname"`
	LinkIndex int      `json:"link_index"`
	NetNSID   *int     `json:"link_netnsid"`
	MAC       string   `json:"address"`
	MTU       int      `json:"mtu"`
	Flags     []string `json:"flags"`
	Master    string   `json:"master"`
	Info      struct {
		Kind string `json:"info_kind"`
	} `json:"linkinfo"`
	Addrs []struct {
		Local string `json:"local"`
		Bits  int    `json:"prefixlen"`
	} `json:"addr_info"`
	Stats struct {
		Rx struct{ Bytes uint64 } `json:"rx"`
		Tx struct{ Bytes uint64 } `json:"tx"`
	} `json:"stats64"`
}

func ipLinks(t *testing.T, pid int) map[string]ipLink {
	t.Helper()
	var all []ipLink
	if err := json.Unmarshal([]byte(onHost(t, "%s", inNet(pid, "ip -j -d -s address"))), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]ipLink{}
	for _, l := range all {
		out[l.Name] = l
	}
	return out
}

// netOf reads the network of containers, and gives that of the first.
func netOf(t *testing.T, a *Adapter, refs ...runtime.Ref) (runtime.NetworkMap, *runtime.ContainerNet) {
	t.Helper()
	m, err := a.Network(context.Background(), refs)
	must(t, err)
	if len(m.Containers) != len(refs) || m.HostWhy != "" {
		t.Fatalf("%d of %d containers, host %q", len(m.Containers), len(refs), m.HostWhy)
	}
	return m, &m.Containers[0]
}

func linkNamed(t *testing.T, links []runtime.NetLink, name string) *runtime.NetLink {
	t.Helper()
	i := slices.IndexFunc(links, func(l runtime.NetLink) bool { return l.Name == name })
	if i < 0 {
		t.Fatalf("no interface %s among %+v", name, links)
	}
	return &links[i]
}

// bridged are the lines of a config for an interface on a bridge. It is not called
// eth0: busybox's udhcpc would take its address away.
func bridged(bridge, mac, ip string) []string {
	lines := []string{"lxc.net.0.type = veth", "lxc.net.0.link = " + bridge, "lxc.net.0.name = net0", "lxc.net.0.flags = up"}
	if mac != "" {
		lines = append(lines, "lxc.net.0.hwaddr = "+mac)
	}
	if ip != "" {
		lines = append(lines, "lxc.net.0.ipv4.address = "+ip)
	}
	return lines
}

func bridge(t *testing.T, name, ip string) {
	t.Helper()
	onHost(t, "ip link add %s type bridge && ip address add %s dev %s && ip link set %s up", name, ip, name, name)
}

func started(t *testing.T, s *lxctest.Scratch, name string, lines ...string) runtime.Ref {
	t.Helper()
	must(t, s.Add(name, lines...))
	must(t, s.Start(name))
	return runtime.Ref{Path: s.Path, Name: name}
}
