package cgroup

import (
	"bytes"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// partsIO tells the devices of io.stat apart. The figures of a line are those of
// the last device named on it.
func (s *state) partsIO(b []byte) {
	for p := s.parts; p != nil && len(b) > 0; {
		var l []byte
		l, b = kernfile.Line(b)
		var io *runtime.IO
		var major, minor uint32
		named := false
		for len(l) > 0 {
			var w []byte
			if w, l = kernfile.Word(l); len(w) == 0 {
				break
			}
			eq := bytes.IndexByte(w, '=')
			if eq < 0 {
				major, minor, named = deviceNumber(w)
				continue
			}
			if !named {
				break
			}
			if io == nil {
				if io = deviceOf(p, major, minor); io == nil {
					p.MoreDevices++
					break
				}
			}
			v, _ := kernfile.Exact(w[eq+1:])
			switch string(w[:eq]) {
			case "rbytes":
				io.ReadBytes = v
			case "wbytes":
				io.WriteBytes = v
			case "rios":
				io.ReadOps = v
			case "wios":
				io.WriteOps = v
			}
		}
	}
}

// partsBlkio tells the devices of a blkio.throttle file apart: of bytes, or of
// operations.
func (s *state) partsBlkio(b []byte, ops bool) {
	for p := s.parts; p != nil && len(b) > 0; {
		var l []byte
		l, b = kernfile.Line(b)
		w, l := kernfile.Word(l)
		kind, l := kernfile.Word(l)
		read := string(kind) == "Read"
		if !read && string(kind) != "Write" {
			continue
		}
		major, minor, ok := deviceNumber(w)
		if !ok {
			continue
		}
		io := deviceOf(p, major, minor)
		if io == nil {
			if read && !ops { // the first of a device's lines
				p.MoreDevices++
			}
			continue
		}
		w, _ = kernfile.Word(l)
		v, _ := kernfile.Exact(w)
		switch {
		case read && ops:
			io.ReadOps = v
		case read:
			io.ReadBytes = v
		case ops:
			io.WriteOps = v
		default:
			io.WriteBytes = v
		}
	}
}

// deviceOf finds or adds a device; nil = there are too many.
func deviceOf(p *runtime.Parts, major, minor uint32) *runtime.IO {
	for i := range p.Devices {
		if d := &p.Devices[i]; d.Major == major && d.Minor == minor {
			return &d.IO
		}
	}
	if len(p.Devices) >= runtime.MaxParts {
		return nil
	}
	p.Devices = append(p.Devices, runtime.Device{Major: major, Minor: minor})
	return &p.Devices[len(p.Devices)-1].IO
}

// partsNet tells the interfaces of /proc/PID/net/dev apart, as netDev adds them up.
func (s *state) partsNet(b []byte) {
	p := s.parts
	if p == nil {
		return
	}
	for lines := linesOfNet(b); ; {
		name, net, ok := lines.next()
		if !ok {
			return
		}
		if len(p.Links) >= runtime.MaxParts {
			p.MoreLinks++
			continue
		}
		link := runtime.Link{Net: net}
		if n := len(p.Links); n < cap(p.Links) { // the name may be that of before
			link.Name = p.Links[:n+1][n].Name
		}
		if string(name) != link.Name {
			link.Name = string(name)
		}
		p.Links = append(p.Links, link)
	}
}

// deviceNumber reads the number of a device, "8:16".
func deviceNumber(w []byte) (major, minor uint32, ok bool) {
	a, rest, ok := kernfile.Digits(w)
	if !ok || len(rest) < 2 || rest[0] != ':' || a > 1<<12 {
		return 0, 0, false
	}
	b, rest, ok := kernfile.Digits(rest[1:])
	if !ok || len(rest) != 0 || b > 1<<20 {
		return 0, 0, false
	}
	return uint32(a), uint32(b), true
}

const (
	// namesFor is how long the names of devices are believed: another device may
	// get the number of one that was removed.
	namesFor = 10 * time.Second
	// longestName bounds a device's name; device mapper's have 127 bytes at most.
	longestName = 128
)

// deviceNames remembers what devices are called, those that somebody has looked
// at lately.
type deviceNames struct {
	at    time.Time
	names map[[2]uint32]string
}

// fill gives the devices of a container their names.
func (d *deviceNames) fill(f FS, p *runtime.Parts, now time.Time) {
	if d.names == nil || now.Sub(d.at) >= namesFor {
		d.names, d.at = map[[2]uint32]string{}, now
	}
	for i := range p.Devices {
		dev := &p.Devices[i]
		key := [2]uint32{dev.Major, dev.Minor}
		name, ok := d.names[key]
		if !ok {
			name = f.deviceName(dev.Major, dev.Minor)
			d.names[key] = name
		}
		dev.Name = name
	}
}

// deviceName is what /sys/dev/block calls a device: the name of its directory,
// and for device mapper's the one that people know, such as "vg-root"
// (Documentation/ABI/testing/sysfs-block-dm). "" = there is none any more.
func (f FS) deviceName(major, minor uint32) string {
	dir := f.path("sys/dev/block", runtime.DeviceNumber(major, minor))
	fd, err := openAt(unix.AT_FDCWD, filepath.Join(dir, "dm/name"))
	if err == nil {
		defer closeAll(fd)
		buf := make([]byte, longestName)
		if n, err := unix.Read(fd, buf); err == nil && n > 0 {
			if name := strings.TrimSpace(string(buf[:n])); name != "" {
				return name
			}
		}
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink(dir, buf)
	if err != nil || n <= 0 {
		return ""
	}
	name := filepath.Base(string(buf[:n]))
	return name[:min(len(name), longestName)]
}
