package cli

import (
	"strings"

	"lxcdeck/runtime"
)

// deep is what top knows of a container beyond its sums: which of its limits bite,
// and what of the traffic is whose.
type deep struct {
	bites          runtime.Bites
	old, now       runtime.Parts
	devices, links []runtime.PartRate
}

// see takes a reading that went well; before is the sample of the one before it.
func (d *deep) see(before *runtime.Sample, r *runtime.Reading) {
	d.bites.See(before, &r.Sample)
	d.devices, d.links = d.devices[:0], d.links[:0]
	if r.Parts != nil {
		d.devices, d.links = runtime.PartsBetween(&d.old, &d.now, d.devices, d.links)
	}
}

// read says whether the parts belong to this reading.
func (d *deep) read(s *runtime.Sample) bool {
	return d != nil && s != nil && !d.now.At.IsZero() && d.now.At.Equal(s.At)
}

// bite is the JSON of a limit that a container runs into.
type bite struct {
	Limit  string  `json:"limit"`
	Since  *string `json:"since"`
	Last   *string `json:"last"`
	Events uint64  `json:"events"`
}

type bitten []bite

// String is for CSV.
func (b bitten) String() string {
	names := make([]string, len(b))
	for i := range b {
		names[i] = b[i].Limit
	}
	return strings.Join(names, " ")
}

// biting are the limits that bite; nil = no figures were read.
func (r *row) biting() any {
	if r.s == nil || r.deep == nil {
		return nil
	}
	all := bitten{}
	for l := range r.deep.bites {
		if b := &r.deep.bites[l]; b.On {
			all = append(all, bite{runtime.Limit(l).String(), stamp(b.Since), stamp(b.Last), b.Events})
		}
	}
	return all
}

// devicePart is the JSON of a block device; a rate that is not known is null.
type devicePart struct {
	Name      string        `json:"name"`
	Read      runtime.Value `json:"read_bytes"`
	Written   runtime.Value `json:"write_bytes"`
	ReadRate  any           `json:"read_bytes_per_second"`
	WriteRate any           `json:"write_bytes_per_second"`
	ReadOps   any           `json:"read_ops_per_second"`
	WriteOps  any           `json:"write_ops_per_second"`
}

// linkPart is the JSON of a network interface.
type linkPart struct {
	Name      string        `json:"name"`
	Received  runtime.Value `json:"rx_bytes"`
	Sent      runtime.Value `json:"tx_bytes"`
	RxRate    any           `json:"rx_bytes_per_second"`
	TxRate    any           `json:"tx_bytes_per_second"`
	RxPackets any           `json:"rx_packets_per_second"`
	TxPackets any           `json:"tx_packets_per_second"`
}

// killedPart is the JSON of a process that the kernel killed as memory ran out.
type killedPart struct {
	At    *string `json:"time"`
	About bool    `json:"time_uncertain"`
	PID   int     `json:"pid"`
	Name  string  `json:"program"`
}

// partFields are the fields of top's JSON that are lists of objects, for which CSV has no
// place; null where nothing was read.
func partFields() []field {
	list := func(get func(d *deep) any) func(*row) any {
		return func(r *row) any {
			if !r.deep.read(r.s) {
				return nil
			}
			return get(r.deep)
		}
	}
	return []field{
		{"devices", list(func(d *deep) any {
			all := make([]devicePart, 0, len(d.devices))
			for _, p := range d.devices {
				all = append(all, devicePart{p.Name, p.InTotal, p.OutTotal, number(p.In), number(p.Out), number(p.InOps), number(p.OutOps)})
			}
			return all
		})},
		{"interfaces", list(func(d *deep) any {
			all := make([]linkPart, 0, len(d.links))
			for _, p := range d.links {
				all = append(all, linkPart{p.Name, p.InTotal, p.OutTotal, number(p.In), number(p.Out), number(p.InOps), number(p.OutOps)})
			}
			return all
		})},
		{"devices_left_out", list(func(d *deep) any { return d.now.MoreDevices })},
		{"interfaces_left_out", list(func(d *deep) any { return d.now.MoreLinks })},
		{"oom_killed", list(func(d *deep) any {
			all := make([]killedPart, 0, len(d.now.Kills))
			for _, k := range d.now.Kills {
				all = append(all, killedPart{stamp(k.At), k.About, k.PID, k.Name})
			}
			return all
		})},
		{"oom_killed_problem", list(func(d *deep) any { return text(d.now.KillsWhy) })},
	}
}
