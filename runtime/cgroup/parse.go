package cgroup

import (
	"bytes"
	"math"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// The parsers work on the bytes of one read and allocate nothing. What is not
// wholly understood is absent, and ok says so.

// number is a file that holds one number.
func number(b []byte) (runtime.Value, bool) {
	w, rest := kernfile.Word(b)
	if len(bytes.TrimSpace(rest)) != 0 {
		return runtime.Value{}, false
	}
	return kernfile.Exact(w)
}

// v1Unlimited is where cgroup v1 limits begin to mean "none":
// PAGE_COUNTER_MAX is LONG_MAX cut to whole pages, 9223372036854771712 with
// pages of 4 KiB and less with larger ones.
const v1Unlimited = math.MaxInt64 - 1<<17

// limit is a file that holds one limit: "max" on v2, a huge number or -1 on v1.
func limit(b []byte) (runtime.Value, bool) {
	w, _ := kernfile.Word(b)
	if s := string(w); s == "max" || s == "-1" {
		return runtime.Unlimited(), true
	}
	v, ok := number(b)
	if n, is := v.Get(); is && n >= v1Unlimited {
		return runtime.Unlimited(), true
	}
	return v, ok
}

// ioStat sums io.stat of cgroup v2: "8:0 rbytes=1 wbytes=2 rios=3 wios=4
// dbytes=5 dios=6". Some kernels print devices without figures on the same
// line, so only the key=value words count.
func ioStat(b []byte) (sum runtime.IO, ok bool) {
	zero := runtime.Of(0)
	sum = runtime.IO{ReadBytes: zero, WriteBytes: zero, ReadOps: zero, WriteOps: zero}
	for len(b) > 0 {
		var l, w []byte
		for l, b = kernfile.Line(b); len(l) > 0; {
			if w, l = kernfile.Word(l); len(w) == 0 {
				break
			}
			eq := bytes.IndexByte(w, '=')
			if eq < 0 {
				continue
			}
			var into *runtime.Value
			switch string(w[:eq]) {
			case "rbytes":
				into = &sum.ReadBytes
			case "wbytes":
				into = &sum.WriteBytes
			case "rios":
				into = &sum.ReadOps
			case "wios":
				into = &sum.WriteOps
			default:
				continue
			}
			v, _ := kernfile.Exact(w[eq+1:])
			*into = kernfile.Plus(*into, v)
		}
	}
	if sum.ReadBytes.Absent() || sum.WriteBytes.Absent() || sum.ReadOps.Absent() || sum.WriteOps.Absent() {
		return runtime.IO{}, false
	}
	return sum, true
}

// blkio sums a blkio.throttle file of cgroup v1: "8:0 Read 1", "8:0 Write 2",
// Sync, Async, Discard and Total lines (blkio-controller.rst). A container that has
// moved nothing has no line of a device, and "Total 0". Since Linux 6.10 that may
// as well be because nothing is counted before a throttle is set on some device:
// then, unless all is counted, nothing is known.
func blkio(b []byte, all bool) (read, write runtime.Value, ok bool) {
	read, write = runtime.Of(0), runtime.Of(0)
	named := false
	for len(b) > 0 {
		var l []byte
		l, b = kernfile.Line(b)
		first, l := kernfile.Word(l)
		kind, l := kernfile.Word(l)
		if all && string(first) == "Total" && string(kind) == "0" {
			named = true
		}
		var into *runtime.Value
		switch string(kind) {
		case "Read":
			into = &read
		case "Write":
			into = &write
		default:
			continue
		}
		named = true
		w, _ := kernfile.Word(l)
		v, _ := kernfile.Exact(w)
		*into = kernfile.Plus(*into, v)
	}
	if !named || read.Absent() || write.Absent() {
		return runtime.Value{}, runtime.Value{}, false
	}
	return read, write, true
}

// netLines goes through /proc/PID/net/dev (net/core/net-procfs.c), whose first two
// lines are its header. Names are a container's, and may hold anything but
// spaces, '/' and ':' (dev_valid_name).
type netLines struct{ rest []byte }

func linesOfNet(b []byte) netLines {
	_, b = kernfile.Line(b)
	_, b = kernfile.Line(b)
	return netLines{b}
}

// next gives an interface's name and figures: after the colon are eight receive
// and eight transmit columns, bytes and packets first. The loopback is left out.
// What it sends it receives; an interface that was given its name does not.
func (n *netLines) next() (name []byte, net runtime.Net, ok bool) {
	for len(n.rest) > 0 {
		var l []byte
		l, n.rest = kernfile.Line(n.rest)
		colon := bytes.IndexByte(l, ':')
		if colon < 0 {
			continue
		}
		name, _ = kernfile.Word(l[:colon])
		l, net = l[colon+1:], runtime.Net{}
		for i := range 10 {
			var w []byte
			w, l = kernfile.Word(l)
			v, _ := kernfile.Exact(w)
			switch i {
			case 0:
				net.RxBytes = v
			case 1:
				net.RxPackets = v
			case 8:
				net.TxBytes = v
			case 9:
				net.TxPackets = v
			}
		}
		if string(name) != "lo" || net.RxBytes != net.TxBytes || net.RxPackets != net.TxPackets {
			return name, net, true
		}
	}
	return nil, runtime.Net{}, false
}

// netDev sums /proc/PID/net/dev over all interfaces but the loopback. links tells
// whether they are the same interfaces as of another reading (FNV-1a of their names).
func netDev(b []byte) (sum runtime.Net, links uint64, ok bool) {
	const offset, prime = 14695981039346656037, 1099511628211
	links = offset
	zero := runtime.Of(0)
	sum = runtime.Net{RxBytes: zero, TxBytes: zero, RxPackets: zero, TxPackets: zero}
	for lines := linesOfNet(b); ; {
		name, net, more := lines.next()
		if !more {
			break
		}
		for _, c := range name {
			links = (links ^ uint64(c)) * prime
		}
		links = (links ^ '/') * prime // no interface has that in its name
		sum.RxBytes, sum.RxPackets = kernfile.Plus(sum.RxBytes, net.RxBytes), kernfile.Plus(sum.RxPackets, net.RxPackets)
		sum.TxBytes, sum.TxPackets = kernfile.Plus(sum.TxBytes, net.TxBytes), kernfile.Plus(sum.TxPackets, net.TxPackets)
	}
	if sum.RxBytes.Absent() || sum.TxBytes.Absent() || sum.RxPackets.Absent() || sum.TxPackets.Absent() {
		return runtime.Net{}, 0, false
	}
	return sum, links, true
}

// cpuMax is cpu.max of cgroup v2: quota, or "max", and period, in microseconds.
func cpuMax(b []byte) (quota, period runtime.Value, ok bool) {
	w, rest := kernfile.Word(b)
	p, _ := kernfile.Word(rest)
	period, ok = kernfile.Exact(p)
	quota = runtime.Unlimited()
	if string(w) != "max" {
		var is bool
		quota, is = kernfile.Exact(w)
		ok = ok && is
	}
	quota, period = kernfile.Times(quota, 1000), kernfile.Times(period, 1000)
	if !ok || quota.Absent() || period.Absent() {
		return runtime.Value{}, runtime.Value{}, false
	}
	return quota, period, true
}

// maxCPUs bounds the CPU numbers that are believed; Linux has 8192 at most.
const maxCPUs = 1 << 16

// cpuList counts the CPUs of a list such as "0-3,5,7-8" (cpuset(7)). An empty
// list is absent: the cgroup has no cpuset of its own yet.
func cpuList(b []byte) (runtime.Value, bool) {
	w, _ := kernfile.Word(b)
	if len(w) == 0 {
		return runtime.Value{}, true
	}
	var count uint64
	for len(w) > 0 {
		first, rest, ok := kernfile.Digits(w)
		last := first
		if ok && len(rest) > 0 && rest[0] == '-' {
			last, rest, ok = kernfile.Digits(rest[1:])
		}
		if !ok || last < first || last >= maxCPUs || (len(rest) > 0 && (rest[0] != ',' || len(rest) == 1)) {
			return runtime.Value{}, false
		}
		if count += last - first + 1; count > maxCPUs {
			return runtime.Value{}, false
		}
		w = rest
		if len(w) > 0 {
			w = w[1:]
		}
	}
	return runtime.Of(count), true
}
