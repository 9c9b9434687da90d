package metrics

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// loopPort listens on :0 and gives the port, and who answers there.
func loopPort(t *testing.T) (l net.Listener, port int) {
	t.Helper()
	l, _ = server(t, ":0", Handler(exporter(host()), false))
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok || !at.IP.Equal(net.IPv4(127, 0, 0, 1)) {
		t.Fatalf("%v", l.Addr())
	}
	return l, at.Port
}

func answers(t *testing.T, address string) error {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	head := make([]byte, 15)
	if n, err := conn.Read(head); err != nil || !strings.Contains(string(head[:n]), " 200") {
		return fmt.Errorf("%q, %w", head[:n], err)
	}
	return nil
}

// A port alone is loopback, of both families.
func TestPortAloneIsLoopback(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	_ = probe.Close()
	l, port := loopPort(t)
	for _, host := range []string{"127.0.0.1", "::1"} {
		if err := answers(t, net.JoinHostPort(host, strconv.Itoa(port))); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	a, err := ParseAddress(fmt.Sprintf(":%d", port))
	if err != nil || !a.Local() {
		t.Fatal(a, err)
	}
	if _, err := Listen(t.Context(), a); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("in use: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		if conn, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			_ = conn.Close()
			t.Errorf("%s answers still", host)
		}
	}
}

const withoutIPv6 = "LXCDT_WITHOUT_IPV6"

// Where the host has no IPv6 it is 127.0.0.1 alone. The other process has a network
// namespace of its own.
func TestPortAloneWithoutIPv6(t *testing.T) {
	if os.Getenv(withoutIPv6) == "" {
		if os.Geteuid() != 0 {
			t.Skip("needs root, for a network namespace")
		}
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), withoutIPv6+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err) // not there = the kernel has none
	}
	up(t, "lo")
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil || !noFamily(err) {
		t.Fatalf("%v, %v: this shows nothing", l, err)
	}
	_, port := loopPort(t)
	if err := answers(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
		t.Error(err)
	}
}

// up brings an interface up (netdevice(7)).
func up(t *testing.T, name string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Fatal(err)
	}
}

// With ipv6.disable=1 there is no socket of that family at all.
func TestNoFamily(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EAFNOSUPPORT, unix.EADDRNOTAVAIL} {
		if err := (&net.OpError{Op: "listen", Err: os.NewSyscallError("socket", errno)}); !noFamily(err) {
			t.Errorf("%v", err)
		}
	}
	if noFamily(unix.EADDRINUSE) || noFamily(nil) {
		t.Error("it has the family")
	}
}
