package proc

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

const netHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// socketLine is one of /proc/PID/net/tcp.
func socketLine(port int, state string, inode int) string {
	return fmt.Sprintf("   0: 0100007F:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %d 1 0 100 0 0 10 0\n", port, state, inode)
}

// TestListenersAreBounded: a container with any number of sockets.
func TestListenersAreBounded(t *testing.T) {
	tr := newTree(t, mountV2)
	var tcp, udp strings.Builder
	tcp.WriteString(netHead)
	udp.WriteString(netHead)
	for i := range 100000 {
		tcp.WriteString(socketLine(1+i%60000, "0A", i))
		udp.WriteString(socketLine(1+i%60000, "01", i))
	}
	tr.put("proc/7/net/tcp", tcp.String())
	tr.put("proc/7/net/udp", udp.String())
	socks, cut, err := tr.fs().waiting(7, "tcp")
	if err != nil || !cut || len(socks) != mostListeners {
		t.Errorf("tcp: %d sockets, cut %v, %v", len(socks), cut, err)
	}
	socks, cut, err = tr.fs().waiting(7, "udp")
	if err != nil || !cut || len(socks) != 0 {
		t.Errorf("udp: %d sockets, cut %v, %v", len(socks), cut, err)
	}
	// What listens stands first: connections are not read through.
	tr.put("proc/7/net/tcp", netHead+socketLine(80, "0A", 5)+strings.Repeat(socketLine(80, "01", 6), 100000))
	if socks, cut, err = tr.fs().waiting(7, "tcp"); err != nil || cut || len(socks) != 1 || socks[0].inode != 5 || socks[0].at.Addr.String() != "127.0.0.1:80" {
		t.Errorf("%+v, cut %v, %v", socks, cut, err)
	}
	tr.put("proc/7/net/tcp", strings.Repeat("x", 200000))
	if socks, _, err = tr.fs().waiting(7, "tcp"); err != nil || len(socks) != 0 {
		t.Errorf("one endless line: %+v, %v", socks, err)
	}
	if _, _, err := tr.fs().Listeners(context.Background(), Target{Init: 9}); err == nil {
		t.Error("sockets of no process")
	}
}
