package runtime

import (
	"strconv"
	"time"
)

// MaxParts is how many devices, and how many interfaces, of a container are
// told apart. A container may make interfaces without end.
const MaxParts = 32

// Parts tells apart what a Sample adds up: I/O by block device, network by
// interface, and what was killed for memory. It is asked for one container that
// somebody looks at. The caller keeps it from tick to tick, so that nothing is
// allocated but for what is new.
type Parts struct {
	At          time.Time // of the Sample that this belongs to; zero = nothing was read
	InitPID     int       // as of the Sample
	Devices     []Device  // in the kernel's order
	Links       []Link    // in the kernel's order, without lo
	MoreDevices int       // that are not told apart
	MoreLinks   int
	Kills       []Killed // of this life of the container, newest first, a few at most
	KillsWhy    string   // why the kernel's log is not read, or not wholly; "" = it is
}

// Device is a block device and what a container has moved to and from it.
type Device struct {
	Major, Minor uint32
	// Name is the kernel's ("sda"), or the one that device mapper knows ("vg-root");
	// "" = there is none any more.
	Name string
	IO   IO
}

// Link is a network interface, by its name inside the container. Foreign text.
type Link struct {
	Name string
	Net  Net
}

// Killed is a process that the kernel killed for want of memory.
type Killed struct {
	At    time.Time
	About bool   // At is by the log's clock, which drifts and does not count the host's sleep
	PID   int    // on the host
	Name  string // as the kernel calls it: 15 bytes at most. Foreign text.
}

// Reset begins a new reading. What the slices held stays behind their ends, so
// that equal names need not be made again.
func (p *Parts) Reset() {
	*p = Parts{Devices: p.Devices[:0], Links: p.Links[:0], Kills: p.Kills[:0]}
}

// Set makes p a copy of another that shares nothing with it.
func (p *Parts) Set(of *Parts) {
	devices, links, kills := append(p.Devices[:0], of.Devices...), append(p.Links[:0], of.Links...), append(p.Kills[:0], of.Kills...)
	*p = *of
	p.Devices, p.Links, p.Kills = devices, links, kills
}

// DeviceNumber is a device as the kernel writes it where there is no name: "8:0".
func DeviceNumber(major, minor uint32) string {
	return strconv.FormatUint(uint64(major), 10) + ":" + strconv.FormatUint(uint64(minor), 10)
}

// PartRate are the rates of a device, in bytes and operations a second, read
// and written; or of an interface, in bytes and packets, received and sent.
type PartRate struct {
	Name     string
	In, Out  Rate
	InOps    Rate
	OutOps   Rate
	Ever     bool  // it has moved something since the container's start
	InTotal  Value // bytes since then
	OutTotal Value
}

// PartsBetween gives the rates between two readings of one container, devices
// and interfaces, in the order of the later one; they are appended to the two
// slices. What was not there before, and what counts anew, has no rate.
func PartsBetween(a, b *Parts, devices, links []PartRate) (_, _ []PartRate) {
	over := b.At.Sub(a.At).Seconds()
	known := !a.At.IsZero() && over > 0 && a.InitPID == b.InitPID
	for i := range b.Devices {
		d := &b.Devices[i]
		r := PartRate{Name: d.Name, InTotal: d.IO.ReadBytes, OutTotal: d.IO.WriteBytes}
		r.Ever = d.IO.ReadBytes.Or(0)|d.IO.WriteBytes.Or(0)|d.IO.ReadOps.Or(0)|d.IO.WriteOps.Or(0) != 0
		if r.Name == "" {
			r.Name = DeviceNumber(d.Major, d.Minor)
		}
		if old := a.device(d.Major, d.Minor); known && old != nil {
			r.In, r.Out = rate(old.ReadBytes, d.IO.ReadBytes, over, 1), rate(old.WriteBytes, d.IO.WriteBytes, over, 1)
			r.InOps, r.OutOps = rate(old.ReadOps, d.IO.ReadOps, over, 1), rate(old.WriteOps, d.IO.WriteOps, over, 1)
		}
		devices = append(devices, r)
	}
	for i := range b.Links {
		l := &b.Links[i]
		r := PartRate{Name: l.Name, InTotal: l.Net.RxBytes, OutTotal: l.Net.TxBytes}
		r.Ever = l.Net.RxBytes.Or(0)|l.Net.TxBytes.Or(0) != 0
		if old := a.link(l.Name); known && old != nil {
			r.In, r.Out = rate(old.RxBytes, l.Net.RxBytes, over, 1), rate(old.TxBytes, l.Net.TxBytes, over, 1)
			r.InOps, r.OutOps = rate(old.RxPackets, l.Net.RxPackets, over, 1), rate(old.TxPackets, l.Net.TxPackets, over, 1)
		}
		links = append(links, r)
	}
	return devices, links
}

func (p *Parts) device(major, minor uint32) *IO {
	for i := range p.Devices {
		if d := &p.Devices[i]; d.Major == major && d.Minor == minor {
			return &d.IO
		}
	}
	return nil
}

func (p *Parts) link(name string) *Net {
	for i := range p.Links {
		if p.Links[i].Name == name {
			return &p.Links[i].Net
		}
	}
	return nil
}
