package tui

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// check refuses the form: what stands against a field it says itself.
func (c *creation) check(m *Model) (int, error) {
	if !c.read {
		return -1, errors.New("what containers can be made of here is not known yet")
	}
	q := c.request(m)
	if field, why := c.form.wrongField(); why != "" {
		return field, errors.New(why)
	}
	if c.application() {
		return -1, nil
	}
	return -1, q.Check()
}

// request reads the form; each field is told what stands against it. Of an
// application it has the name alone.
func (c *creation) request(m *Model) runtime.Request {
	f := c.form
	for i := range f.fields {
		f.fields[i].bad, f.fields[i].warn = "", ""
	}
	c.readName(m)
	if c.application() {
		return runtime.Request{Ref: c.ref()}
	}
	a := &runtime.CreateArgs{Template: c.template(), Config: c.word(newConfig), Start: f.fields[newStart].on}
	c.readTemplate(a)
	c.readBacking(a)
	c.readNetwork(a)
	c.readLimits(a)
	c.readAuto(a)
	c.readIDMap(a)
	c.absolute(newConfig)
	return runtime.Request{Op: runtime.Create, Ref: c.ref(), Args: a}
}

// word is what a field holds, without the blanks around it; a field that is not
// asked for holds nothing.
func (c *creation) word(i int) string {
	if c.form.fields[i].off {
		return ""
	}
	return strings.TrimSpace(c.form.text(i))
}

// bad says what stands against a field.
func (c *creation) bad(i int, why string) { c.form.fields[i].bad = why }

// absolute refuses what is no absolute path.
func (c *creation) absolute(i int) {
	if w := c.word(i); w != "" && (!filepath.IsAbs(w) || filepath.Clean(w) != w) {
		c.bad(i, "an absolute path is wanted, such as /srv/x")
	}
}

// hostNameMax is HOST_NAME_MAX of limits.h: sethostname(2) refuses what is longer.
const hostNameMax = 64

func (c *creation) readName(m *Model) {
	ref, at := c.ref(), &c.form.fields[newName]
	if ref.Name == "" {
		return
	}
	if why := m.whyNotNew(ref); why != "" {
		at.bad = why
		return
	}
	at.warn = asHostName(ref.Name)
}

// asHostName says what speaks against a container's name as its host name; "" =
// nothing does.
func asHostName(name string) string {
	switch {
	case len(name) > hostNameMax:
		return fmt.Sprintf("it becomes the host name too, which has %d bytes at most", hostNameMax)
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != "" || strings.HasPrefix(name, "-"):
		return "it becomes the host name too: letters, digits and - are safe there"
	}
	return ""
}

// whyNotNew says why no container of that name can be made; "" = it can.
func (m *Model) whyNotNew(ref runtime.Ref) string {
	if err := ref.Check(); err != nil {
		return strings.TrimPrefix(err.Error(), runtime.ErrInvalid.Error()+": ")
	}
	if m.byRef(ref) != nil {
		return "there is a container of that name"
	}
	for _, x := range m.jobs.list {
		if x.req.Ref == ref || len(x.req.Others()) > 0 && x.req.Others()[0] == ref {
			return "a container of that name is being made or changed now"
		}
	}
	for _, dir := range m.listing.noConfig {
		if dir == ref {
			return "a directory of that name is in the way: " + ref.String()
		}
	}
	return ""
}

func (c *creation) readTemplate(a *runtime.CreateArgs) {
	f := c.form
	template := &f.fields[newTemplate]
	if why := template.out[template.choice()]; why != "" {
		template.bad = why
	}
	c.absolute(newScript)
	if template.choice() == "download" {
		if x := c.indexes[strings.TrimSpace(f.text(newServer))]; x != nil && x.err != nil {
			f.fields[newDist].warn = "type the four words: the image index cannot be read: " + x.err.Error()
		}
		if arch := c.imageWord(newArch); arch != "" && arch != hostArch() && (arch != "i386" || hostArch() != "amd64") {
			f.fields[newArch].warn = "this machine is " + hostArch() + ": what is made for another does not run on it as it is"
		}
		for i, flag := range []string{"--dist", "--release", "--arch", "--variant", "--server"} {
			if w := c.imageWord(newDist + i); w != "" {
				a.Args = append(a.Args, flag, w)
			}
		}
	}
	for i, arg := range templateArgs(template.choice()) {
		if w := c.word(newSlot + i); w != "" {
			a.Args = append(a.Args, arg.flag, w)
		}
	}
	if template.choice() == "local" {
		c.absolute(newSlot)
		c.absolute(newSlot + 1)
	}
	more, err := runtime.SplitWords(f.text(newArgs))
	if err != nil {
		c.bad(newArgs, err.Error())
	}
	a.Args = append(a.Args, more...)
}

func (c *creation) readBacking(a *runtime.CreateArgs) {
	at := &c.form.fields[newBacking]
	at.bad = at.out[at.choice()]
	a.Backing = runtime.Backing{
		Type: at.choice(), Dir: c.word(newDir), FSType: c.word(newFSType), ZFSRoot: c.word(newZFSRoot),
		VG: c.word(newVG), LV: c.word(newLV), ThinPool: c.word(newThinPool), RBDPool: c.word(newRBDPool), RBDName: c.word(newRBDName),
	}
	a.Backing.Size = c.size(newSize)
	if a.Backing.Size > 0 && a.Backing.Size < 1<<20 {
		c.bad(newSize, "less than 1M: write 500M or 2G")
	}
	if a.Backing == (runtime.Backing{Type: "dir"}) { // liblxc's default
		a.Backing = runtime.Backing{}
	}
	c.absolute(newDir)
	if strings.ContainsAny(a.Backing.FSType, " /") {
		c.bad(newFSType, "the name of a file system is wanted, such as ext4")
	}
}

func (c *creation) readNetwork(a *runtime.CreateArgs) {
	at := &c.form.fields[newNetwork]
	a.Network, at.warn = at.network(&c.choices)
}

func (c *creation) readLimits(a *runtime.CreateArgs) {
	a.Limits.Memory = c.size(newMemory)
	if m := a.Limits.Memory; m > 0 && m < 1<<20 {
		c.bad(newMemory, "less than 1M, in which nothing starts: write 512M or 2G")
	}
	if w := c.word(newCPUs); w != "" {
		n, err := strconv.ParseFloat(w, 64)
		// cpu.max and cpu.cfs_quota_us count microseconds, and refuse less than 1000.
		if err != nil || !(n >= 0.01 && n <= 1<<16) {
			c.bad(newCPUs, "a number of cores is wanted, such as 0.5 or 2")
			n = 0
		}
		a.Limits.CPUs = n
	}
	if w := c.word(newPIDs); w != "" {
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil || n == 0 {
			c.bad(newPIDs, "a number of processes is wanted, such as 500")
			n = 0
		}
		a.Limits.PIDs = n
	}
}

// size reads a field that holds an amount of bytes; 0 = it is empty or wrong.
func (c *creation) size(i int) uint64 {
	w := c.word(i)
	if w == "" {
		return 0
	}
	n, err := views.ParseFigure(w)
	if err != nil || strings.HasSuffix(w, "%") || !(n >= 1 && n < 1<<60) {
		c.bad(i, "an amount is wanted, such as 512M or 2G")
		return 0
	}
	return uint64(n)
}

func (c *creation) readAuto(a *runtime.CreateArgs) {
	if !c.form.fields[newAuto].on {
		return
	}
	auto := &runtime.AutostartArgs{Auto: true, Groups: c.groups()}
	if w := c.word(newOrder); w != "" {
		n, err := strconv.ParseInt(w, 10, 32)
		if err != nil {
			c.bad(newOrder, "a whole number is wanted")
		}
		auto.Order = int(n)
	}
	if w := c.word(newDelay); w != "" {
		n, err := strconv.ParseUint(strings.TrimSuffix(w, "s"), 10, 31)
		if err != nil {
			c.bad(newDelay, "a number of seconds is wanted")
		}
		auto.Delay = time.Duration(n) * time.Second
	}
	if err := (&runtime.AutostartArgs{Groups: auto.Groups}).Check(); err != nil {
		c.bad(newGroups, strings.TrimPrefix(err.Error(), runtime.ErrInvalid.Error()+": "))
	}
	a.Auto = auto
}

// groups are written as lxc-autostart -g takes them, with commas between.
func (c *creation) groups() []string {
	return strings.FieldsFunc(c.word(newGroups), func(r rune) bool { return r == ',' || r == ' ' })
}

func (c *creation) readIDMap(a *runtime.CreateArgs) {
	at := &c.form.fields[newUnprivileged]
	if c.choices.MustMap && len(c.choices.IDMaps) == 0 {
		at.bad = cmp.Or(c.choices.IDMapsWhy, "subuid and subgid name no ids for you") + ": without an id map nothing can be created"
	}
	if sets := idMapSets(c.choices.IDMaps); at.on && len(sets) > 0 {
		a.IDMap = sets[max(0, min(c.form.fields[newIDMap].at, len(sets)-1))]
		// They end at once when lxc-create passes them --mapped-uid.
		if t := c.template(); slices.Contains([]string{"debian", "ubuntu", "alpine", "fedora", "centos", "oracle"}, t) {
			at.warn = "the template " + t + " cannot make unprivileged containers: download can"
		}
	}
}

// idMapSets are the id maps that can be chosen: each with a range of uids and
// one of gids. Ranges that follow each other inside belong together.
func idMapSets(all []runtime.IDMap) [][]runtime.IDMap {
	if len(all) > 0 && !idMapsOverlap(all) {
		return [][]runtime.IDMap{all}
	}
	var uids, gids []runtime.IDMap
	for _, m := range all {
		if m.Group {
			gids = append(gids, m)
		} else {
			uids = append(uids, m)
		}
	}
	var sets [][]runtime.IDMap
	for i := range min(len(uids), len(gids)) {
		sets = append(sets, []runtime.IDMap{uids[i], gids[i]})
	}
	return sets
}

// idMapsOverlap says whether two of the ranges map the same id inside, which the
// kernel refuses (user_namespaces(7)).
func idMapsOverlap(all []runtime.IDMap) bool {
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.Group == b.Group && a.Inner < b.Inner+b.Count && b.Inner < a.Inner+a.Count {
				return true
			}
		}
	}
	return false
}

// idMapNames are the id maps as they stand in a config.
func idMapNames(all []runtime.IDMap) []string {
	var names []string
	for _, set := range idMapSets(all) {
		words := make([]string, len(set))
		for i, m := range set {
			words[i] = m.String()
		}
		names = append(names, strings.Join(words, ", "))
	}
	return names
}
