package cli

import (
	"cmp"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// isolationObject is the JSON of an Isolation. Names are added to, never changed;
// null = not known, or it does not run.
type isolationObject struct {
	Path       string            `json:"path"`
	Name       string            `json:"name"`
	PID        *int              `json:"pid"`
	Weak       []weakObject      `json:"weak_points"`
	At         *string           `json:"at"`            // when it was read
	Peer       *string           `json:"compared_with"` // whose namespaces are the host's
	Namespaces []namespaceObject `json:"namespaces"`
	Mapped     *bool             `json:"user_namespace"` // its own
	UIDs       []rangeObject     `json:"uid_map"`
	GIDs       []rangeObject     `json:"gid_map"`
	Root       *rootObject       `json:"root"`
	Caps       *capsObject       `json:"capabilities"`
	Seccomp    *string           `json:"seccomp"` // "off", "strict" or "filter"
	Filters    runtime.Value     `json:"seccomp_filters"`
	NoNewPrivs *bool             `json:"no_new_privs"`
	Module     *string           `json:"security_module"` // "apparmor", "selinux", "smack", "none"
	Label      *string           `json:"security_label"`
	Modules    []string          `json:"kernel_security_modules"`
	Devices    []string          `json:"devices_allowed"`
	MoreRules  bool              `json:"devices_more"` // than are told
	AllDevices *bool             `json:"all_devices"`
	Mounts     *mountsObject     `json:"mounts"`
	Cgroups    []cgroupObject    `json:"cgroups"`
	Config     []settingObject   `json:"config"`
	MoreConfig bool              `json:"config_more"`  // than is told
	Fstab      []string          `json:"config_fstab"` // entries of the file that lxc.mount.fstab names
	MoreFstab  bool              `json:"config_fstab_more"`
	Changed    *string           `json:"config_changed"` // after the start
	// Unknown says why what stands under these names is null.
	Unknown map[string]string `json:"unknown"`
}

type weakObject struct {
	ID     string `json:"id"`
	Weight string `json:"weight"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Set    string `json:"set"` // lines that can be set as they are
	Do     string `json:"do"`
	Asked  bool   `json:"asked_only"`
}

type namespaceObject struct {
	Kind  string         `json:"kind"`
	ID    *uint64        `json:"id"`
	Host  *bool          `json:"host"`
	Asked *bool          `json:"asked_host"` // what the configuration asks for
	With  []sharerObject `json:"shared_with"`
}

type sharerObject struct {
	Path string `json:"path"`
	Name string `json:"name"`
}

type rangeObject struct {
	Inside  uint64 `json:"inside"`
	Outside uint64 `json:"outside"`
	Count   uint64 `json:"count"`
}

type rootObject struct {
	Directory *string `json:"directory"`
	Source    *string `json:"source"`
	FS        *string `json:"type"`
	ReadOnly  *bool   `json:"read_only"`
	Host      *bool   `json:"host"`
	At        *string `json:"at"` // in its mount namespace; "/" = pivot_root
}

type capsObject struct {
	Bounding  []string `json:"bounding"`
	Dropped   []string `json:"dropped"`
	Effective []string `json:"effective"`
	Permitted []string `json:"permitted"`
	Inherit   []string `json:"inheritable"`
	Ambient   []string `json:"ambient"`
}

type mountsObject struct {
	Total   int           `json:"total"`
	Cut     bool          `json:"cut"`
	ProcSys *bool         `json:"proc_sys_writable"`
	Sys     *bool         `json:"sys_writable"`
	Kernel  []mountObject `json:"kernel"`
	Host    []mountObject `json:"host"`
	More    bool          `json:"more"`
}

type mountObject struct {
	Directory string  `json:"directory"`
	FS        string  `json:"type"`
	Root      string  `json:"root"`
	Source    string  `json:"source"`
	ReadOnly  bool    `json:"read_only"`
	Is        *string `json:"is"`    // what of the host
	Doubt     bool    `json:"doubt"` // a socket of that name, whose is not known
}

type cgroupObject struct {
	Controllers string `json:"controllers"` // "" = v2
	Path        string `json:"cgroup"`
	Own         bool   `json:"own"`
}

type settingObject struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// answer is an Answer in JSON.
func answer(a runtime.Answer) *bool {
	if a == runtime.NotKnown {
		return nil
	}
	yes := a == runtime.Yes
	return &yes
}

func capNames(v runtime.Value) []string {
	set, ok := v.Get()
	if !ok {
		return nil
	}
	return runtime.CapabilityNames(set)
}

func rangeObjects(m *runtime.MappedIDs) []rangeObject {
	var out []rangeObject
	for _, r := range m.Ranges {
		out = append(out, rangeObject(r))
	}
	return out
}

func mountObjects(all []runtime.Mount) []mountObject {
	out := []mountObject{}
	for _, m := range all {
		out = append(out, mountObject{m.Dir, m.FS, m.Root, m.Source, m.ReadOnly, given(m.Is), m.Doubt})
	}
	return out
}

func isolationObjectOf(ref runtime.Ref, i *runtime.Isolation) isolationObject {
	o := isolationObject{Path: ref.Path, Name: ref.Name, Weak: []weakObject{}, Unknown: map[string]string{}, At: stamp(i.At)}
	for _, w := range i.Weaknesses() {
		o.Weak = append(o.Weak, weakObject{w.ID, w.Weight.String(), w.What, w.Why, w.Set, w.Do, w.Asked})
	}
	o.why("config", i.Config.Why)
	if i.Config.Why == "" {
		o.Config, o.MoreConfig = []settingObject{}, i.Config.More
		for _, s := range i.Config.Settings {
			o.Config = append(o.Config, settingObject(s))
		}
		if o.why("config_fstab", i.Config.FstabWhy); i.Config.FstabWhy == "" {
			o.Fstab, o.MoreFstab = append([]string{}, i.Config.Fstab...), i.Config.FstabMore
		}
	}
	if i.InitPID == 0 {
		return o
	}
	o.Changed = stamp(i.Config.Changed)
	o.PID, o.Peer, o.Mapped = &i.InitPID, given(i.Peer), answer(i.Mapped())
	o.namespaces(i)
	o.UIDs, o.GIDs = rangeObjects(&i.UIDs), rangeObjects(&i.GIDs)
	o.why("uid_map", i.UIDs.Why)
	o.why("gid_map", i.GIDs.Why)
	o.root(i)
	c := &i.Caps
	o.Caps = &capsObject{
		Bounding: capNames(c.Bounding), Effective: capNames(c.Effective), Permitted: capNames(c.Permitted), Inherit: capNames(c.Inheritable), Ambient: capNames(c.Ambient),
	}
	if set, ok := c.Dropped(); ok {
		o.Caps.Dropped = runtime.CapabilityNames(set)
	}
	o.why("capabilities", c.Why)
	o.confined(&i.Confined)
	o.places(i)
	return o
}

func (o *isolationObject) namespaces(i *runtime.Isolation) {
	for _, n := range i.Namespaces {
		k := namespaceObject{Kind: n.Kind, Host: answer(n.Host), Asked: answer(i.AskedHost(n.Kind)), With: []sharerObject{}}
		if n.ID != 0 {
			k.ID = &n.ID
		}
		for _, ref := range n.With {
			k.With = append(k.With, sharerObject(ref))
		}
		if n.WithWhy != "" || n.ID == 0 {
			k.With = nil
		}
		o.why("namespaces."+n.Kind+".shared_with", n.WithWhy)
		o.why("namespaces."+n.Kind, n.Why)
		if n.Host == runtime.NotKnown {
			o.why("namespaces."+n.Kind+".host", cmp.Or(n.HostWhy, n.Why, "it could not be compared"))
		}
		if k.Asked == nil {
			o.why("namespaces."+n.Kind+".asked_host", cmp.Or(i.Config.Why, "the configuration leaves it to LXC and the kernel"))
		}
		o.Namespaces = append(o.Namespaces, k)
	}
}

// why says why something is null.
func (o *isolationObject) why(name, why string) {
	if why != "" {
		o.Unknown[name] = why
	}
}

func (o *isolationObject) root(i *runtime.Isolation) {
	r := &i.Root
	o.Root = &rootObject{Host: answer(r.Host), At: given(r.At)}
	if r.Why == "" {
		o.Root.Directory, o.Root.Source, o.Root.FS, o.Root.ReadOnly = &r.Dir, &r.Source, &r.FS, &r.ReadOnly
	}
	o.why("root", r.Why)
	o.why("root.at", r.AtWhy)
	if r.Host == runtime.NotKnown && r.Why == "" {
		o.why("root.host", i.Mounts.HostWhy)
	}
}

func (o *isolationObject) confined(c *runtime.Confinement) {
	if !c.Seccomp.Absent() {
		word, _, _ := strings.Cut(views.SeccompText(c), " (")
		o.Seccomp = &word
	}
	o.Filters, o.NoNewPrivs = c.Filters, answer(c.NoNewPrivs)
	o.Module, o.Label = given(c.Module), given(c.Label)
	if c.Modules != "" {
		o.Modules = strings.Split(c.Modules, ",")
	}
	o.why("seccomp", c.Why)
	o.why("no_new_privs", c.PrivsWhy)
	o.why("security_label", c.LabelWhy)
}

func (o *isolationObject) places(i *runtime.Isolation) {
	d, m := &i.Devices, &i.Mounts
	if d.Why == "" {
		o.Devices, o.MoreRules, o.AllDevices = append([]string{}, d.Rules...), d.More, answer(d.All)
	}
	o.why("devices_allowed", d.Why)
	if m.Why == "" || m.Total > 0 {
		o.Mounts = &mountsObject{m.Total, m.Cut, answer(m.ProcSys), answer(m.Sys), mountObjects(m.Kernel), mountObjects(m.Host), m.More}
	}
	o.why("mounts", m.Why)
	o.why("mounts.host", m.HostWhy)
	o.why("mounts.proc_sys_writable", m.ProcSysWhy)
	o.why("mounts.sys_writable", m.SysWhy)
	for _, p := range i.Cgroups {
		o.Cgroups = append(o.Cgroups, cgroupObject(p))
	}
	o.why("cgroups", i.CgroupsWhy)
}
