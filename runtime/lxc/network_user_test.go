package lxc

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"lxcdeck/runtime"
)

// userLooksAt tells a test that it is a user, and which processes of root's to look at.
const userLooksAt = "LXCDT_USER_LOOKS_AT"

// TestNetworkAsUser: who may not look inside does not take the host's interfaces for
// those of a container that has none of its own.
func TestNetworkAsUser(t *testing.T) {
	if pids := os.Getenv(userLooksAt); pids != "" {
		asUser(t, pids)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root can be somebody else")
	}
	var pids []string
	for _, flags := range []uintptr{0, syscall.CLONE_NEWNET} {
		cmd := exec.Command("sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		must(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		pids = append(pids, fmt.Sprint(cmd.Process.Pid))
	}
	for _, words := range []string{"link add name lxcdt0 type bridge", "link set lxcdt0 up", "address add 10.99.0.1/24 dev lxcdt0"} {
		out, err := exec.Command("nsenter", append([]string{"-t", pids[1], "-n", "ip"}, strings.Fields(words)...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", words, err, out)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env, cmd.Dir = append(os.Environ(), userLooksAt+"="+strings.Join(pids, " ")), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func asUser(t *testing.T, pids string) {
	var host, own int
	_, err := fmt.Sscan(pids, &host, &own)
	must(t, err)
	h, err := readHostNet()
	must(t, err)
	if ino := inodeOf(fmt.Sprintf("/proc/%d/ns/net", host)); ino != 0 {
		t.Fatalf("its namespace may be asked for: %d", ino)
	}
	c, err := newNetworks().read(host, &h)
	if err != nil || !c.OnHost || len(c.Links) != 0 || c.Unknown() != "" || c.At.IsZero() {
		t.Errorf("one on the host's network: %+v, %v", c, err)
	}
	c, err = newNetworks().read(own, &h)
	if err != nil || c.OnHost || len(c.Links) != 1 || !strings.Contains(c.Unknown(), "only root may look inside") || c.At.IsZero() {
		t.Fatalf("one with a network of its own: %+v, %v", c, err)
	}
	// How long its prefix is stands in no file.
	if l := &c.Links[0]; l.Name != "lxcdt0" || len(l.Addrs) == 0 || runtime.AddrText(l.Addrs[len(l.Addrs)-1]) != "10.99.0.1" {
		t.Errorf("its interface: %+v", l)
	}
	var a Adapter
	if with, alone := a.sharesNet(runtime.Ref{}, host, 0), a.sharesNet(runtime.Ref{}, own, 0); with != "the host's network" || alone != "" {
		t.Errorf("whose ports are shared: %q, %q", with, alone)
	}
}
