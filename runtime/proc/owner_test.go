package proc

import (
	"context"
	"fmt"
	"testing"

	"lxcdeck/runtime"
)

// TestOwnersByOwnNetwork: what no process can be seen to hold is the container's whose
// own network it is in, and not that of another one with a process in there.
func TestOwnersByOwnNetwork(t *testing.T) {
	if !littleEndian() {
		t.Skip("LEFT OUT: the words of this fixture are little-endian")
	}
	tr := newTree(t, mountV2)
	add := func(pid, net int, group string) {
		tr.add(process{pid: pid, ppid: 1, name: "p", nspid: fmt.Sprintf("%d\t1", pid), cgroup: "0::" + group + "\n", spaces: fmt.Sprintf("%d %d", pid, net)})
		tr.put(fmt.Sprintf("proc/%d/net/tcp", pid), netHead+socketLine(1000+net, "0A", 9000+net))
	}
	add(50, 50, "/lxc.payload.a")
	add(51, 60, "/lxc.payload.a") // in the other one's network
	add(52, 70, "/lxc.payload.a") // in one that was made inside
	add(53, 80, "/lxc.payload.a") // in one with a process of the host
	add(60, 60, "/lxc.payload.b")
	add(61, 1, "/lxc.payload.b") // in the host's
	add(20, 80, "/")
	add(21, 1, "/")
	tr.put("sys/fs/cgroup/lxc.payload.a/cgroup.procs", "50\n51\n52\n53\n")
	tr.put("sys/fs/cgroup/lxc.payload.b/cgroup.procs", "60\n61\n")
	for net, want := range map[int]int{50: 0, 60: 1, 70: 0, 80: -1, 1: -1} {
		found, err := tr.fs().Owners(context.Background(), runtime.OwnerQuery{Port: 1000 + net}, []Target{{Init: 50}, {Init: 60}})
		if err != nil || len(found) != 1 || found[0].Target != want || found[0].Process.PID != 0 {
			t.Errorf("network %d: %+v, %v; want target %d", net, found, err, want)
		}
	}
}

// TestOwnersAfterAMove: what a process shows that is in another network by then is of
// nobody in the one that it was in.
func TestOwnersAfterAMove(t *testing.T) {
	if !littleEndian() {
		t.Skip("LEFT OUT: the words of this fixture are little-endian")
	}
	tr := newTree(t, mountV2)
	for _, pid := range []int{7, 8} {
		tr.add(process{pid: pid, ppid: 1, name: "p", spaces: fmt.Sprintf("1 %d", pid)})
		tr.put(fmt.Sprintf("proc/%d/net/tcp", pid), netHead+socketLine(80, "0A", 100+pid))
	}
	o := owners{fs: tr.fs(), ctx: context.Background()}
	for pids, want := range map[[2]int]uint64{{7, 8}: 107, {8, 7}: 107, {8, 9}: 0} {
		socks := o.sockets(&netSpace{name: "net:[7]", pids: pids[:]}, runtime.OwnerQuery{Port: 80})
		if want == 0 && len(socks) != 0 || want != 0 && (len(socks) != 1 || socks[0].inode != want) {
			t.Errorf("read by %v: %+v, want socket %d", pids, socks, want)
		}
	}
}
