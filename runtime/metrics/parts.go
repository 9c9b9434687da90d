package metrics

import (
	dto "github.com/prometheus/client_model/go"

	"lxcdeck/runtime"
)

// partFamily is a counter that each device, or each interface, of a container has.
type partFamily struct {
	name, help string
	label      string
	each       func(p *runtime.Parts, put func(part string, v runtime.Value))
}

func devices(get func(*runtime.IO) runtime.Value) func(*runtime.Parts, func(string, runtime.Value)) {
	return func(p *runtime.Parts, put func(string, runtime.Value)) {
		for i := range p.Devices {
			d := &p.Devices[i]
			name := d.Name
			if name == "" {
				name = runtime.DeviceNumber(d.Major, d.Minor)
			}
			put(name, get(&d.IO))
		}
	}
}

func interfaces(get func(*runtime.Net) runtime.Value) func(*runtime.Parts, func(string, runtime.Value)) {
	return func(p *runtime.Parts, put func(string, runtime.Value)) {
		for i := range p.Links {
			put(p.Links[i].Name, get(&p.Links[i].Net))
		}
	}
}

// partFamilies have names of their own: what their series add up to has one already.
var partFamilies = []partFamily{
	{"lxcdeck_container_device_read_bytes_total", "Bytes read from a block device.", "device",
		devices(func(io *runtime.IO) runtime.Value { return io.ReadBytes })},
	{"lxcdeck_container_device_write_bytes_total", "Bytes written to a block device; buffered writes are not in it on cgroup v1.", "device",
		devices(func(io *runtime.IO) runtime.Value { return io.WriteBytes })},
	{"lxcdeck_container_device_reads_total", "Read operations on a block device.", "device",
		devices(func(io *runtime.IO) runtime.Value { return io.ReadOps })},
	{"lxcdeck_container_device_writes_total", "Write operations on a block device.", "device",
		devices(func(io *runtime.IO) runtime.Value { return io.WriteOps })},
	{"lxcdeck_container_interface_receive_bytes_total", "Bytes received on an interface, by its name in the container.", "interface",
		interfaces(func(n *runtime.Net) runtime.Value { return n.RxBytes })},
	{"lxcdeck_container_interface_transmit_bytes_total", "Bytes sent on an interface, by its name in the container.", "interface",
		interfaces(func(n *runtime.Net) runtime.Value { return n.TxBytes })},
	{"lxcdeck_container_interface_receive_packets_total", "Packets received on an interface.", "interface",
		interfaces(func(n *runtime.Net) runtime.Value { return n.RxPackets })},
	{"lxcdeck_container_interface_transmit_packets_total", "Packets sent on an interface.", "interface",
		interfaces(func(n *runtime.Net) runtime.Value { return n.TxPackets })},
}

// buildParts makes the families of devices and interfaces, without those that have no
// series. A scrape in which a series stands twice is refused as a whole: of parts with
// one name, as while an interface is renamed, the first counts.
func buildParts(rows []row, l *labels) []*dto.MetricFamily {
	var out []*dto.MetricFamily
	seen := map[string]bool{}
	for i := range partFamilies {
		f := &partFamilies[i]
		made := head(f.name, f.help, true)
		for j := range rows {
			r := &rows[j]
			if r.parts == nil {
				continue
			}
			clear(seen)
			plain := l.get(r.c.Ref).plain
			f.each(r.parts, func(part string, v runtime.Value) {
				n, ok := v.Get()
				if !ok || seen[part] {
					return
				}
				seen[part] = true
				value := float64(n)
				made.Metric = append(made.Metric, &dto.Metric{
					Label:   append([]*dto.LabelPair{pair(f.label, label(part))}, plain...), // in the order of their names
					Counter: &dto.Counter{Value: &value},
				})
			})
		}
		if len(made.Metric) > 0 {
			out = append(out, made)
		}
	}
	return out
}
