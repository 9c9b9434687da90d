package views

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// IsolationLine is one line of what keeps a container apart. Its text is foreign.
type IsolationLine struct {
	Head bool   // a heading: Name, and Text behind it
	Sign string // of a weak point; "" = it is none
	Name string
	Text string
	Set  string // of a weak point: lines to set
	Do   string // of a weak point: what to do
	Role Role   // of Name
	Dim  bool   // Text says why something is not known, or is of little weight
}

// Value is what is copied of a line: what to set, else what to do, or what stands
// behind its name.
func (l *IsolationLine) Value() string {
	switch {
	case l.Set != "":
		return l.Set
	case l.Do != "":
		return l.Do
	case l.Text == "":
		return l.Name
	default:
		return l.Text
	}
}

// Advice is what to do about a weak point, as it is read: settings and acts.
func (l *IsolationLine) Advice() string {
	var parts []string
	if l.Set != "" {
		parts = append(parts, "set: "+strings.ReplaceAll(l.Set, "\n", " and "))
	}
	if l.Do != "" {
		parts = append(parts, "do: "+l.Do)
	}
	return strings.Join(parts, "; ")
}

// isolationLines gathers lines.
type isolationLines struct {
	all []IsolationLine
	i   *runtime.Isolation
	// called names a container.
	called func(runtime.Ref) string
}

// IsolationLines tells a reading in lines, the weak points first. called names
// other containers.
func IsolationLines(i *runtime.Isolation, called func(runtime.Ref) string) []IsolationLine {
	b := &isolationLines{i: i, called: called}
	b.weak()
	if i.InitPID != 0 {
		b.namespaces()
		b.root()
		b.ids()
		b.capabilities()
		b.confinement()
		b.devices()
		b.mounts()
		b.cgroups()
	}
	b.config()
	return b.all
}

func (b *isolationLines) head(name, text string) {
	b.all = append(b.all, IsolationLine{Head: true, Name: name, Text: text, Role: Header})
}

func (b *isolationLines) add(name, text string) {
	b.all = append(b.all, IsolationLine{Name: name, Text: text})
}

// unless adds a text, or why there is none.
func (b *isolationLines) unless(why, name, text string) {
	if why == "" {
		b.add(name, text)
		return
	}
	b.all = append(b.all, IsolationLine{Name: name, Text: Absent + "  " + why, Dim: true})
}

// WeaknessSign is a weight as a sign and a role, so that it needs no colour.
func WeaknessSign(w runtime.Weight) (string, Role) {
	switch w {
	case runtime.Heavy:
		return "!!", Bad
	case runtime.Medium:
		return "!", Warn
	default:
		return "-", Notice
	}
}

func (b *isolationLines) weak() {
	all := b.i.Weaknesses()
	note := "!! leads to the host   ! with one more mistake   - a lock less"
	switch {
	case len(all) == 0 && b.i.InitPID == 0 && !b.i.Config.Read:
		note = "not known: its configuration was not read"
	case len(all) == 0 && b.i.InitPID == 0:
		note = "none in what its configuration settles"
	case len(all) == 0:
		note = "none in what could be read"
	case b.i.InitPID == 0:
		note = "asked for by its configuration; it does not run"
	}
	b.head("weak points", note)
	for _, w := range all {
		sign, role := WeaknessSign(w.Weight)
		if w.Asked && b.i.InitPID != 0 {
			w.What += ", as its configuration asks for"
		}
		b.all = append(b.all, IsolationLine{Sign: sign, Role: role, Name: w.What, Text: w.Why, Set: w.Set, Do: w.Do})
	}
}

func (b *isolationLines) namespaces() {
	note := "the host's are those of " + b.i.Peer
	if b.i.Peer != "pid 1" {
		note += ": pid 1's may not be read"
	}
	b.head("namespaces", note)
	for _, n := range b.i.Namespaces {
		text := "not the host's"
		switch n.Host {
		case runtime.Yes:
			text = "the host's"
		case runtime.NotKnown:
			text = "whose is not known"
			if n.HostWhy != "" {
				text += ": " + n.HostWhy
			}
		}
		if len(n.With) > 0 {
			names := make([]string, 0, len(n.With))
			for _, ref := range n.With {
				names = append(names, b.called(ref))
			}
			text = "shared with " + strings.Join(names, ", ")
		}
		if n.WithWhy != "" {
			text += "; who else is in it is not known: " + n.WithWhy
		}
		switch asked := b.i.AskedHost(n.Kind); {
		case n.Host == asked || n.Host == runtime.NotKnown:
		case asked == runtime.Yes:
			text += "; its configuration asks for the host's"
		case asked == runtime.No:
			text += "; its configuration asks for its own"
		}
		b.unless(n.Why, n.Kind, strconv.FormatUint(n.ID, 10)+"  "+text)
	}
}

func (b *isolationLines) root() {
	r := &b.i.Root
	b.head("root", "")
	text := r.Dir + " of " + r.Source + ", " + r.FS + writable(r.ReadOnly)
	if r.Host == runtime.Yes {
		text = "the host's root itself: " + text
	}
	b.unless(r.Why, "directory", text)
	text = "pivot_root: it is the root of its mount namespace"
	switch {
	case b.i.Namespace("mnt").Host == runtime.Yes && r.At == "/":
		text = "nobody: it is the root of the host's mounts"
	case r.At != "/":
		text = "chroot to " + r.At + ": its mount namespace has another root, which is in reach of who gets out"
	}
	b.unless(r.AtWhy, "made by", text)
}

// writable says whether something can be written, behind a comma.
func writable(readOnly bool) string {
	if readOnly {
		return ", read-only"
	}
	return ", writable"
}

func (b *isolationLines) ids() {
	note := ""
	if b.i.Mapped() == runtime.No {
		note = "the host's user namespace: none is mapped"
	}
	b.head("ids", note)
	for _, m := range []struct {
		name string
		of   runtime.MappedIDs
	}{{"uid", b.i.UIDs}, {"gid", b.i.GIDs}} {
		var parts []string
		for _, r := range m.of.Ranges {
			if r.Count == 1 {
				parts = append(parts, fmt.Sprintf("%d is %d", r.Inside, r.Outside))
				continue
			}
			parts = append(parts, fmt.Sprintf("%d-%d are %d-%d", r.Inside, r.Inside+r.Count-1, r.Outside, r.Outside+r.Count-1))
		}
		text := strings.Join(parts, ", ") + " on the host"
		if m.of.Identity() {
			text = "the same inside and on the host"
		}
		b.unless(m.of.Why, m.name, text)
	}
}

func (b *isolationLines) capabilities() {
	c := &b.i.Caps
	note := ""
	if b.i.Mapped() == runtime.Yes {
		note = "inside its user namespace alone"
	}
	b.head("capabilities", note)
	kept, ok := c.Bounding.Get()
	if !ok {
		b.unless(c.Why, "kept", "")
		return
	}
	b.add("kept", capabilityText(kept))
	if dropped, ok := c.Dropped(); ok {
		b.add("dropped", capabilityText(dropped))
	} else {
		b.unless("the kernel does not say which it knows", "dropped", "")
	}
	if has, ok := c.Effective.Get(); ok && has == kept {
		b.add("init has", "all that are kept")
	} else if ok {
		b.add("init has", capabilityText(has))
	}
	if n, ok := c.Ambient.Get(); ok && n != 0 {
		b.add("ambient", capabilityText(n))
	}
}

func capabilityText(set uint64) string {
	if set == 0 {
		return "none"
	}
	return strconv.Itoa(bits.OnesCount64(set)) + ": " + strings.Join(runtime.CapabilityNames(set), " ")
}

// AnswerText is an answer as a word; Absent where it is not known.
func AnswerText(a runtime.Answer) string {
	switch a {
	case runtime.Yes:
		return "yes"
	case runtime.No:
		return "no"
	default:
		return Absent
	}
}

// SeccompText is a mode of seccomp (proc_pid_status(5)) with its filters.
func SeccompText(c *runtime.Confinement) string {
	n, ok := c.Seccomp.Get()
	switch {
	case !ok:
		return Absent
	case n == 0:
		return "off"
	case n == 1:
		return "strict"
	case n != 2:
		return "mode " + strconv.FormatUint(n, 10)
	}
	if f, ok := c.Filters.Get(); ok {
		return "filter (" + plural(int(min(f, 1<<30)), "filter", "filters") + ")"
	}
	return "filter"
}

func (b *isolationLines) confinement() {
	c := &b.i.Confined
	b.head("confinement", "")
	b.unless(c.Why, "seccomp", SeccompText(c))
	b.unless(c.PrivsWhy, "no_new_privs", AnswerText(c.NoNewPrivs))
	name, text := "label", c.Label
	switch c.Module {
	case "apparmor":
		name = "AppArmor"
	case "selinux":
		name = "SELinux"
	case "smack":
		name = "Smack"
	case "none":
		text = "none: no security module labels processes here"
	}
	b.unless(c.LabelWhy, name, text)
	if c.Modules != "" {
		b.add("modules", c.Modules)
	}
}

func (b *isolationLines) devices() {
	d := &b.i.Devices
	b.head("devices", "")
	switch {
	case d.Why != "":
		b.unless(d.Why+"; what its configuration asks for stands below", "allowed", "")
		return
	case d.All == runtime.Yes:
		b.add("allowed", "all")
	case len(d.Rules) == 0:
		b.add("allowed", "none")
	}
	if d.All != runtime.Yes {
		for _, rule := range d.Rules {
			b.add("allowed", rule)
		}
	}
	if d.More {
		b.unless("there are more rules than are read", "", "")
	}
}

func (b *isolationLines) mounts() {
	m := &b.i.Mounts
	note := plural(m.Total, "mount", "mounts") + " in all"
	if m.Cut {
		note = "the first " + plural(m.Total, "mount", "mounts") + ": there are more than are read"
	}
	b.head("mounts", note)
	if m.Why != "" {
		b.unless(m.Why, "", "")
	}
	if m.HostWhy != "" {
		b.unless("directories of the host: "+m.HostWhy, "", "")
	}
	if m.ProcSysWhy != "" && m.Why == "" {
		b.unless(m.ProcSysWhy, "/proc/sys", "")
	}
	if m.SysWhy != "" && m.Why == "" {
		b.unless(m.SysWhy, "/sys", "")
	}
	for _, h := range m.Host {
		if h.Doubt {
			b.add(h.Dir, "a "+h.Is+", whose is not known"+writable(h.ReadOnly))
			continue
		}
		b.add(h.Dir, "the host's "+h.Is+writable(h.ReadOnly))
	}
	for _, k := range m.Kernel {
		text := k.FS
		if k.FS != "proc" && k.FS != "sysfs" && (strings.HasPrefix(k.Dir, "/proc/") || strings.HasPrefix(k.Dir, "/sys/")) && !strings.HasPrefix(k.FS, "cgroup") {
			text = "covered by " + k.FS + " of " + k.Source
		}
		b.add(k.Dir, text+writable(k.ReadOnly))
	}
	if m.More {
		b.unless("there are more mounts of these kinds than are shown", "", "")
	}
}

// cgroups joins hierarchies with equal paths.
func (b *isolationLines) cgroups() {
	b.head("cgroups", "")
	if b.i.CgroupsWhy != "" {
		b.unless(b.i.CgroupsWhy, "", "")
		return
	}
	joined := map[runtime.CgroupPlace]int{}
	for _, p := range b.i.Cgroups {
		name := p.Controllers
		if name == "" {
			name = "v2"
		}
		key := runtime.CgroupPlace{Path: p.Path, Own: p.Own}
		if n, ok := joined[key]; ok {
			b.all[n].Text += " " + name
			continue
		}
		joined[key] = len(b.all)
		whose := "own"
		if !p.Own {
			whose = "not its own"
		}
		b.add(whose, p.Path+"  "+name)
	}
}

func (b *isolationLines) config() {
	c := &b.i.Config
	note := "as it is now; what runs stands above"
	switch {
	case b.i.InitPID == 0:
		note = "what it asks for; nothing of it runs"
	case !c.Changed.IsZero():
		note = "changed " + c.Changed.Local().Format("2006-01-02 15:04:05") + ", after the start: what runs may differ"
	}
	b.head("configuration", note)
	if c.Why != "" {
		b.unless(c.Why, "", "")
		return
	}
	for _, s := range c.Settings {
		b.add("", s.Key+" = "+s.Value)
	}
	for _, entry := range c.Fstab {
		b.add("in its fstab", entry)
	}
	if c.FstabWhy != "" {
		b.unless(c.FstabWhy, "in its fstab", "")
	}
	if c.FstabMore {
		b.unless("there are more entries than are read", "in its fstab", "")
	}
}

// IsolationSum counts weak points: "2 !!  3 !  1 -".
func IsolationSum(i *runtime.Isolation) string {
	var n [3]int
	for _, w := range i.Weaknesses() {
		n[w.Weight]++
	}
	var parts []string
	for w := runtime.Heavy; ; w-- {
		if n[w] > 0 {
			sign, _ := WeaknessSign(w)
			parts = append(parts, strconv.Itoa(n[w])+" "+sign)
		}
		if w == runtime.Light {
			return strings.Join(parts, "  ")
		}
	}
}
