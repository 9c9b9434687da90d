package lxc

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// TestLoadNet: frames over a veth pair whose ends are both inside.
func TestLoadNet(t *testing.T) {
	for _, tool := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("LEFT OUT: %v", err)
		}
	}
	const frames, size, noise = 200, 1000, 16 << 10
	l := underLoad(t, "lxcdt-loadnet")
	ns := func(args ...string) {
		t.Helper()
		out, err := exec.Command("nsenter", append([]string{"-t", strconv.Itoa(l.pid), "-n"}, args...)...).CombinedOutput()
		if err != nil {
			t.Skipf("LEFT OUT: %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	ns("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb")
	ns("ip", "link", "set", "va", "up")
	ns("ip", "link", "set", "vb", "up")
	within(t, "both ends", func() bool { l.sample(); return len(l.parts().Links) == 2 })
	before := *l.sample()
	old := &runtime.Parts{}
	old.Set(l.parts())
	must(t, sendFrames(l.pid, "va", frames, size))
	within(t, "the frames", func() bool {
		s := l.sample()
		return s.Net.RxBytes.Or(0)-before.Net.RxBytes.Or(0) >= frames*size && s.Net.TxBytes.Or(0)-before.Net.TxBytes.Or(0) >= frames*size
	})
	part := map[string]runtime.Net{}
	for i, link := range l.parts().Links {
		n := link.Net
		n.TxBytes = runtime.Of(n.TxBytes.Or(0) - old.Links[i].Net.TxBytes.Or(0))
		n.RxBytes = runtime.Of(n.RxBytes.Or(0) - old.Links[i].Net.RxBytes.Or(0))
		part[link.Name] = n
	}
	if tx, rx := part["va"].TxBytes.Or(0), part["vb"].RxBytes.Or(0); tx < frames*size || tx > frames*size+noise || rx < frames*size || rx > frames*size+noise {
		t.Errorf("%d frames of %d: va sent %d, vb received %d", frames, size, tx, rx)
	}
	if tx := part["vb"].TxBytes.Or(0); tx > noise {
		t.Errorf("vb sent %d", tx)
	}
	within(t, "the kernel's own figures by netlink", func() bool {
		l.sample()
		for _, link := range l.parts().Links {
			if link.Net != l.netlink(link.Name) {
				return false
			}
		}
		return true
	})
	// One end gets another name between two readings: both have rates all the same.
	l.sample()
	a := *l.sample()
	ns("ip", "link", "set", "vb", "down")
	ns("ip", "link", "set", "vb", "name", "vc")
	ns("ip", "link", "set", "vc", "up")
	within(t, "a rate across the change of a name", func() bool {
		must(t, sendFrames(l.pid, "va", frames, size)) // lost until the kernel has seen the other end come back
		u := runtime.Between(&a, l.sample(), 1)
		return u.NetPart && u.RxBytes.Or(0)*u.Over.Seconds() >= frames*size && u.TxBytes.Or(0)*u.Over.Seconds() >= frames*size
	})
}

// netlink asks for an interface's figures in another way than /proc.
func (l *loaded) netlink(name string) runtime.Net {
	l.t.Helper()
	out, err := exec.Command("nsenter", "-t", strconv.Itoa(l.pid), "-n", "ip", "-s", "-j", "link", "show", name).Output()
	must(l.t, err)
	var all []struct {
		Stats struct {
			RX, TX struct{ Bytes, Packets uint64 }
		} `json:"stats64"`
	}
	must(l.t, json.Unmarshal(out, &all))
	s := all[0].Stats
	return runtime.Net{RxBytes: runtime.Of(s.RX.Bytes), RxPackets: runtime.Of(s.RX.Packets), TxBytes: runtime.Of(s.TX.Bytes), TxPackets: runtime.Of(s.TX.Packets)}
}

// sendFrames sends frames of a local experimental protocol over an interface of
// a container's network namespace (packet(7)).
func sendFrames(pid int, name string, frames, size int) error {
	done := make(chan error, 1)
	go func() {
		goruntime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		done <- func() error {
			ns, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer func() { _ = unix.Close(ns) }()
			if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
				return err
			}
			link, err := net.InterfaceByName(name)
			if err != nil {
				return err
			}
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer func() { _ = unix.Close(fd) }()
			frame := make([]byte, size)
			copy(frame, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5")
			for range frames {
				if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Index, Halen: 6}); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	return <-done
}
