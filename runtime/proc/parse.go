package proc

import (
	"bytes"
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// userHZ is the unit of times in /proc/PID/stat: every Linux tells user space 100.
const userHZ = 100

const tick = 1e9 / userHZ // ns

// parseStat reads /proc/PID/stat (proc_pid_stat(5)). The name stands in
// brackets and may hold anything, brackets and line ends too.
func parseStat(text []byte, p *runtime.Process) bool {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return false
	}
	p.Name = string(text[open+1 : end])
	rest := text[end+1:]
	var user, system uint64
	var ok bool
	for field := 3; field <= 22; field++ {
		var w []byte
		if w, rest = kernfile.Word(rest); len(w) == 0 {
			return false
		}
		ok = true
		switch field {
		case 3:
			p.State, ok = w[0], len(w) == 1 && (w[0]|0x20) >= 'a' && (w[0]|0x20) <= 'z'
		case 4:
			p.PPID, ok = number(w)
		case 14:
			user, ok = counter(w)
		case 15:
			system, ok = counter(w)
		case 19:
			p.Nice, ok = number(w)
		case 20:
			p.Threads, ok = number(w)
		case 22:
			p.Begin, ok = counter(w)
		}
		if !ok {
			return false
		}
	}
	p.CPU = kernfile.Times(kernfile.Plus(runtime.Of(user), runtime.Of(system)), tick)
	return true
}

// number reads a decimal number that may be negative and fits into 32 bits.
func number(w []byte) (int, bool) {
	n, err := strconv.ParseInt(string(w), 10, 32)
	return int(n), err == nil
}

func counter(w []byte) (uint64, bool) {
	n, rest, ok := kernfile.Digits(w)
	return n, ok && len(rest) == 0
}

// status is what is taken of /proc/PID/status (proc_pid_status(5)).
type status struct {
	uid  int   // effective
	tgid int   // its process, where it is a thread of one (Tgid)
	pids []int // NSpid: its pids, from that of the reader's namespace inwards
	rss  runtime.Value
}

func parseStatus(text []byte) (s status, ok bool) {
	s.uid = -1
	for len(text) > 0 {
		var l []byte
		l, text = kernfile.Line(text)
		key, rest, found := bytes.Cut(l, []byte{':'})
		if !found {
			continue
		}
		switch string(key) {
		case "Uid":
			_, rest = kernfile.Word(rest) // the real one
			w, _ := kernfile.Word(rest)
			if n, err := strconv.ParseUint(string(w), 10, 32); err == nil && n < math.MaxUint32 {
				s.uid = int(n)
			}
		case "Tgid":
			w, _ := kernfile.Word(rest)
			s.tgid, _ = number(w)
		case "NSpid":
			s.pids = parseNSpid(rest)
		case "VmRSS":
			w, unit := kernfile.Word(rest)
			if n, is := counter(w); is && string(bytes.TrimSpace(unit)) == "kB" {
				s.rss = kernfile.Times(runtime.Of(n), 1024)
			}
		}
	}
	return s, s.uid >= 0
}

// deepestPid is how far pid namespaces nest (MAX_PID_NS_LEVEL of pid_namespace.h).
const deepestPid = 33

func parseNSpid(line []byte) []int {
	var pids []int
	for len(pids) < deepestPid {
		var w []byte
		if w, line = kernfile.Word(line); len(w) == 0 {
			return pids
		}
		n, ok := number(w)
		if !ok || n < 0 {
			return nil
		}
		pids = append(pids, n)
	}
	return pids
}

// commandOf makes a line of /proc/PID/cmdline, whose words end with NUL. What a
// program has written over it (setproctitle(3)) may have many at its end.
func commandOf(text []byte, most int) string {
	text = bytes.TrimRight(text[:min(len(text), most)], "\x00 ")
	return string(bytes.ReplaceAll(text, []byte{0}, []byte{' '}))
}

// pssOf reads the line Pss of /proc/PID/smaps_rollup (proc_pid_smaps(5)).
func pssOf(text []byte) runtime.Value {
	for len(text) > 0 {
		var l []byte
		l, text = kernfile.Line(text)
		if rest, ok := bytes.CutPrefix(l, []byte("Pss:")); ok {
			w, _ := kernfile.Word(rest)
			if n, is := counter(w); is {
				return kernfile.Times(runtime.Of(n), 1024)
			}
		}
	}
	return runtime.Value{}
}

// idRange is a line of /proc/PID/uid_map (user_namespaces(7)).
type idRange struct{ inside, outside, count uint64 }

// maxRanges is how many lines an id map may have (user_namespaces(7)).
const maxRanges = 340

func parseIDMap(text []byte) []idRange {
	var all []idRange
	for len(text) > 0 && len(all) < maxRanges {
		var l []byte
		l, text = kernfile.Line(text)
		var r idRange
		ok := true
		for _, n := range []*uint64{&r.inside, &r.outside, &r.count} {
			var w []byte
			w, l = kernfile.Word(l)
			v, err := strconv.ParseUint(string(w), 10, 32)
			*n, ok = v, ok && err == nil
		}
		if ok {
			all = append(all, r)
		}
	}
	return all
}

// insideID maps an id of the host; -1 = the map has none for it.
func insideID(ranges []idRange, id int) int {
	for _, r := range ranges {
		if n := uint64(id); id >= 0 && n >= r.outside && n-r.outside < r.count {
			return int(r.inside + n - r.outside)
		}
	}
	return -1
}

// socket is a line of /proc/PID/net/{tcp,tcp6,udp,udp6} that is listened on.
type socket struct {
	at    runtime.Listener
	inode uint64
}

// Of tcp_states.h: a tcp socket that listens, and an udp socket that is not
// connected to one peer.
const (
	stateListen = "0A"
	stateClosed = "07"
)

// listening gives the sockets of one such file that wait for others on a port.
func listening(text []byte, proto string, port int) []socket {
	_, text = kernfile.Line(text) // titles
	all, _ := listeners(text, proto, port)
	return all[:min(len(all), maxSockets)]
}

// listeners gives the sockets in lines of such a file that wait for others on a
// port (0 = on any), and says whether there were others.
func listeners(text []byte, proto string, port int) (all []socket, others bool) {
	want := stateListen
	if strings.HasPrefix(proto, "udp") {
		want = stateClosed
	}
	for len(text) > 0 && (port == 0 || len(all) < maxSockets) {
		var l []byte
		l, text = kernfile.Line(text)
		var w [10][]byte // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
		for i := range w {
			w[i], l = kernfile.Word(l)
		}
		if string(w[3]) != want {
			others = others || len(w[3]) > 0
			continue
		}
		at, ok := socketAddr(w[1])
		inode, is := counter(w[9])
		if ok && is && (port == 0 || int(at.Port()) == port) {
			all = append(all, socket{runtime.Listener{Proto: proto, Addr: at}, inode})
		}
	}
	return all, others
}

// maxSockets bounds how many sockets of one port are looked for.
const maxSockets = 256

// socketAddr reads "0100007F:1F90": the address in 32-bit words of the host's
// byte order, the port as people write it. All machines that LXC runs on but
// s390x are little-endian; there the words stand as they are.
func socketAddr(w []byte) (netip.AddrPort, bool) {
	digits, port, ok := bytes.Cut(w, []byte{':'})
	raw := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(raw, digits); err != nil || !ok || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(string(port), 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	if littleEndian() {
		for i := 0; i < len(raw); i += 4 {
			raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
		}
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(n)), ok
}
