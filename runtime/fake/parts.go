package fake

import (
	"path"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// parts tells apart what a Full reading has added up: what is written goes to a
// volume of its own, the rest and the network have one device and interface.
func (s *Spec) parts(rd *runtime.Reading) {
	p := rd.Parts
	if p == nil || rd.Tier != runtime.Full {
		return
	}
	p.Reset()
	p.At, p.InitPID = rd.Sample.At, rd.InitPID
	if io := rd.Sample.IO; !io.ReadBytes.Absent() {
		zero := runtime.Of(0)
		p.Devices = append(p.Devices,
			runtime.Device{Major: 254, Name: "vda", IO: runtime.IO{ReadBytes: io.ReadBytes, WriteBytes: zero, ReadOps: io.ReadOps, WriteOps: zero}},
			runtime.Device{Major: 253, Name: "vg0-data", IO: runtime.IO{ReadBytes: zero, WriteBytes: io.WriteBytes, ReadOps: zero, WriteOps: io.WriteOps}})
	}
	if !rd.Sample.Net.RxBytes.Absent() {
		p.Links = append(p.Links, runtime.Link{Name: "eth0", Net: rd.Sample.Net})
	}
	p.Kills = append(p.Kills, s.kills(p.At)...)
}

// kills are the last ones that the kernel's log would tell of.
func (s *Spec) kills(now time.Time) []runtime.Killed {
	var all []runtime.Killed
	for i := range min(s.Load.OOMKills, 4) {
		at := s.Started.Add(time.Hour * time.Duration(s.Load.OOMKills-i))
		if at.After(now) {
			at = now
		}
		all = append(all, runtime.Killed{At: at, PID: s.InitPID + 40 + int(i), Name: s.lastProc()})
	}
	return all
}

// lastProc is what the kernel calls the last of the container's processes.
func (s *Spec) lastProc() string {
	if len(s.Procs) == 0 {
		return "init"
	}
	name, _, _ := strings.Cut(s.Procs[len(s.Procs)-1], " ")
	name = path.Base(name)
	return name[:min(len(name), 15)]
}
