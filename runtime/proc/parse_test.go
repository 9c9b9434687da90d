package proc

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// statLine is a line of stat with this name and state.
func statLine(pid int, name string, state byte, ppid int, user, system, begin uint64) string {
	return fmt.Sprintf("%d (%s) %c %d 5 5 0 -1 4194560 100 0 0 0 %d %d 0 0 20 -5 3 0 %d 1000 200 18446744073709551615 1 1\n",
		pid, name, state, ppid, user, system, begin)
}

func TestStat(t *testing.T) {
	for _, name := range []string{"sh", "a b", ") R 1 (", "(((", "x\ny", "\x1b[31m", ""} {
		var p runtime.Process
		if !parseStat([]byte(statLine(7, name, 'S', 4, 150, 50, 12345)), &p) {
			t.Errorf("%q: not understood", name)
			continue
		}
		if p.Name != name || p.State != 'S' || p.PPID != 4 || p.Nice != -5 || p.Threads != 3 || p.Begin != 12345 || p.CPU != runtime.Of(2e9) {
			t.Errorf("%q: %+v", name, p)
		}
	}
	for _, bad := range []string{"", "7", "7 (sh", "7 sh) S", "7 (sh) S 4", "7 (sh) S x 5 5 0 -1 4194560 100 0 0 0 1 1 0 0 20 0 3 0 1", statLine(7, "sh", 'S', 4, 1, 1, 1)[:50]} {
		if parseStat([]byte(bad), &runtime.Process{}) {
			t.Errorf("%q is understood", bad)
		}
	}
}

func TestStatus(t *testing.T) {
	s, ok := parseStatus([]byte("Name:\tsh\nUid:\t0\t100033\t0\t0\nNSpid:\t4711\t25\t1\nVmRSS:\t    1234 kB\n"))
	if !ok || s.uid != 100033 || !slices.Equal(s.pids, []int{4711, 25, 1}) || s.rss != runtime.Of(1234*1024) {
		t.Errorf("%+v, %v", s, ok)
	}
	if s, ok := parseStatus([]byte("Uid:\t0\t0\t0\t0\nNSpid:\t1\tx\nVmRSS:\t5 MB\n")); !ok || s.pids != nil || !s.rss.Absent() {
		t.Errorf("garbled: %+v, %v", s, ok)
	}
	for _, bad := range []string{"", "Name:\tsh\n", "Uid:\t0\n", "Uid:\t0\t4294967295\t0\t0\n", "Uid:\t0\t-1\t0\t0\n"} {
		if _, ok := parseStatus([]byte(bad)); ok {
			t.Errorf("%q is understood", bad)
		}
	}
}

func TestCommands(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "\x00\x00": "", "sh\x00-c\x00a b\x00": "sh -c a b", "postgres: idle\x00\x00\x00   ": "postgres: idle", "a\x00\x00b\x00": "a  b",
	} {
		if got := commandOf([]byte(in), runtime.MaxCommand); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := commandOf([]byte(strings.Repeat("x", 9000)), 10); len(got) != 10 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestIDMaps(t *testing.T) {
	m := parseIDMap([]byte("         0     100000      65536\n     65536 1000 1\nrubbish\n 0 -1 5\n"))
	for host, want := range map[int]int{100000: 0, 100033: 33, 165535: 65535, 165536: -1, 1000: 65536, 0: -1, 99999: -1, -1: -1} {
		if got := insideID(m, host); got != want {
			t.Errorf("%d is %d inside, want %d", host, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "/init.scope": "init.scope", "/system.slice/nginx.service": "nginx.service", "/system.slice": "",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service": "foo.service",
		"/user.slice/user-0.slice/session-3.scope":                            "session-3.scope",
		"/system.slice/_cgroup.service/sub":                                   "cgroup.service",
		"/system.slice/docker-abc.scope/init":                                 "docker-abc.scope", "/.lxc": "", "/x.timer": "", "/.service": "",
		`/system.slice/system-getty.slice/getty@tty1.service`: "getty@tty1.service",
		"/" + strings.Repeat("x", 300) + ".service":           "",
	} {
		if got := unitOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestHomes(t *testing.T) {
	text := []byte("9:name=systemd:/lxc.payload.web/system.slice/a.service\n3:cpu,cpuacct:/lxc.payload.web\n0::/lxc.payload.web/u\nrubbish\n")
	for ctl, want := range map[string]string{"": "/lxc.payload.web/u", "cpuacct": "/lxc.payload.web", "cpu": "/lxc.payload.web", "pids": ""} {
		h := home{controllers: ctl}
		path, units := h.cgroupsOf(text)
		if path != want || units != "/lxc.payload.web/u" && units != "/lxc.payload.web/system.slice/a.service" {
			t.Errorf("%q: %q, %q", ctl, path, units)
		}
	}
	for _, c := range []struct {
		path, root, rest string
		ok               bool
	}{
		{"/a/b", "/a", "/b", true}, {"/a", "/a", "", true}, {"/ab", "/a", "", false}, {"/a/../b", "/a", "", false},
		{"/a", "", "", false}, {"/a", "/", "", false}, {"/../a", "/..", "", false},
	} {
		if rest, ok := below(c.path, c.root); ok != c.ok || ok && rest != c.rest {
			t.Errorf("%s below %s: %q, %v", c.path, c.root, rest, ok)
		}
	}
}

const tcpText = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1
   3: rubbish
`

const udpText = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  10: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4714 2 0000000000000000 0
`

func TestSockets(t *testing.T) {
	if !littleEndian() {
		t.Skip("skipped: the words of this fixture are little-endian")
	}
	all := listening([]byte(tcpText), "tcp", 8080)
	if len(all) != 1 || all[0].inode != 4711 || all[0].at.Addr.String() != "127.0.0.1:8080" || all[0].at.Proto != "tcp" {
		t.Errorf("%+v", all)
	}
	if all := listening([]byte(tcpText), "udp", 8080); len(all) != 0 {
		t.Errorf("as udp: %+v", all)
	}
	if a, ok := socketAddr([]byte("00000000000000000000000001000000:0035")); !ok || a.String() != "[::1]:53" {
		t.Errorf("%v, %v", a, ok)
	}
	for _, bad := range []string{"", ":", "zz:1", "0100007F", "0100007F:12345", "01007F:1"} {
		if a, ok := socketAddr([]byte(bad)); ok {
			t.Errorf("%q is %v", bad, a)
		}
	}
}

// FuzzParsers feeds all parsers with what a hostile kernel file could hold.
func FuzzParsers(f *testing.F) {
	for _, s := range []string{
		statLine(7, ") R (", 'Z', 1, 1<<63, 1<<63, 1<<63), "Uid:\t0\t1\t2\t3\nNSpid:\t1\t2\nVmRSS:\t99999999999999999999 kB\n", "sh\x00-c\x00", "0 0 4294967295\n",
		"0::/a/b.service\n", tcpText, "Pss: 12 kB\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p runtime.Process
		if parseStat(text, &p) && (p.Threads < -1<<31 || p.State == 0) {
			t.Errorf("%+v", p)
		}
		if s, ok := parseStatus(text); ok && (s.uid < 0 || len(s.pids) > deepestPid) {
			t.Errorf("%+v", s)
		}
		if c := commandOf(text, 64); len(c) > 64 || strings.ContainsRune(c, 0) {
			t.Errorf("%q", c)
		}
		m := parseIDMap(text)
		for _, id := range []int{0, 1000, 1<<32 - 1} {
			if in := insideID(m, id); in < -1 || in >= 1<<33 {
				t.Errorf("%d is %d inside", id, in)
			}
		}
		h := home{controllers: "pids", path: "/a"}
		path, units := h.cgroupsOf(text)
		if rest, ok := below(path, "/a"); ok && rest != "" && rest[0] != '/' {
			t.Errorf("%q below", rest)
		}
		if u := unitOf(units); len(u) > maxUnit || strings.Contains(u, "/") {
			t.Errorf("unit %q", u)
		}
		for _, s := range listening(text, "tcp6", 22) {
			if s.at.Addr.Port() != 22 {
				t.Errorf("%+v", s)
			}
		}
		_ = pssOf(text)
		if pids := appendPids(nil, text); slices.ContainsFunc(pids, func(pid int) bool { return pid <= 0 }) {
			t.Errorf("%v", pids)
		}
	})
}
