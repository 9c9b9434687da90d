package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime/cgroup"
)

// controller is a part of the kernel's cgroups that lxcdeck shows or sets.
type controller struct {
	name, v1 string
	needed   bool
	use      string
}

func (h *hostCheck) controllers() []controller {
	return []controller{
		{"cpu", "cpu", false, "Without it there are no CPU limits and weights."},
		{"cpuset", "cpuset", false, "Without it containers cannot be kept to some CPUs."},
		{"memory", "memory", false, "Without it there are no figures and limits of memory."},
		{"io", "blkio", false, "Without it there are no figures and limits of block I/O."},
		{"pids", "pids", false, "Without it there are no figures and limits of tasks."},
		{"freezer", "freezer", false, "Without it containers cannot be frozen, nor snapshots be taken of running ones."},
		{"devices", "devices", h.uid == 0, "LXC's own configs say which devices root's containers may use, and do not start without it."},
	}
}

// cgroupLayout looks at the mounted hierarchies and their controllers.
func (h *hostCheck) cgroupLayout(context.Context) checks {
	var c checks
	mounts, err := cgroup.FS{Root: h.root}.Mounts()
	if err != nil && len(mounts.Unified)+len(mounts.V1) == 0 {
		c.bad("layout", err.Error(), "Mount cgroups: mount -t cgroup2 none /sys/fs/cgroup, or let systemd do it at boot.")
		return c
	}
	v1 := slices.ContainsFunc(h.controllers(), func(k controller) bool { return len(mounts.V1[k.v1]) > 0 })
	switch {
	case len(mounts.Unified) > 0 && v1:
		c.good("layout", "hybrid: controllers of v1, and v2 at "+h.outer(mounts.Unified[0].Dir))
	case len(mounts.Unified) > 0:
		c.good("layout", "v2 at "+h.outer(mounts.Unified[0].Dir))
	default:
		c.good("layout", "v1")
	}
	off := h.switchedOff()
	for _, k := range h.controllers() {
		how, ok := h.controller(mounts, k)
		switch {
		case ok:
			c.good(k.name, how)
		case how != "":
			c.unknown(k.name, errors.New(how))
		case slices.Contains(off, k.v1):
			c.lacks(k.needed, k.name, "the kernel has it, but it is switched off", k.use+" Boot with cgroup_enable="+k.name+" on the kernel's command line.")
		default:
			c.lacks(k.needed, k.name, "no hierarchy has it", k.use+" Look at /proc/cgroups and at cgroup.controllers of the cgroups above.")
		}
	}
	return c
}

// outer is a path without the root before it.
func (h *hostCheck) outer(path string) string {
	if rel, err := filepath.Rel(h.file(), path); err == nil && h.root != "" {
		return filepath.Join("/", rel)
	}
	return path
}

// switchedOff are the controllers with a 0 in the last column of /proc/cgroups,
// by their names of v1.
func (h *hostCheck) switchedOff() []string {
	text, _ := h.read("/proc/cgroups")
	var off []string
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 4 && f[3] == "0" {
			off = append(off, f[0])
		}
	}
	return off
}

// controller says where one is; without ok why that is not known, "" = nowhere.
// In v2 freezer and devices are no controllers: the first is a file of each
// cgroup, the second a kind of BPF program (cgroup-v2.rst).
func (h *hostCheck) controller(mounts cgroup.Mounts, k controller) (how string, ok bool) {
	if at := mounts.V1[k.v1]; len(at) > 0 {
		return "v1 at " + h.outer(at[0].Dir), true
	}
	if len(mounts.Unified) == 0 {
		return "", false
	}
	top := mounts.Unified[0].Dir
	switch k.name {
	case "freezer":
		// The root cgroup has none: those below it do.
		if found, _ := filepath.Glob(filepath.Join(globQuote(top), "*", "cgroup.freeze")); len(found) > 0 || exists(filepath.Join(top, "cgroup.freeze")) {
			return "v2, cgroup.freeze", true
		}
	case "devices":
		value, known := h.option("CONFIG_CGROUP_BPF")
		if value == "y" {
			return "v2, BPF", true
		}
		if !known {
			return "no configuration of the kernel is there that would tell of CONFIG_CGROUP_BPF", false
		}
	default:
		text, err := os.ReadFile(filepath.Join(top, "cgroup.controllers"))
		if err != nil {
			return plainErr(err), false
		}
		if slices.Contains(strings.Fields(string(text)), k.name) {
			return "v2", true
		}
	}
	return "", false
}

// delegation looks at what a user may hand down to containers. Root may all.
func (h *hostCheck) delegation(context.Context) checks {
	var c checks
	if h.uid == 0 {
		return c
	}
	mounts, err := cgroup.FS{Root: h.root}.Mounts()
	if err != nil {
		c.unknown("delegation", err)
		return c
	}
	if slices.ContainsFunc(h.controllers(), func(k controller) bool { return len(mounts.V1[k.v1]) > 0 }) {
		h.delegatedV1(&c, mounts)
	} else if len(mounts.Unified) > 0 {
		h.delegatedV2(&c, mounts.Unified[0].Dir)
	}
	bus := filepath.Join(h.runDir, "bus")
	const advice = "Log in as that user (ssh, machinectl shell), not by su or sudo; or, as root: loginctl enable-linger "
	switch {
	case h.runDir == "":
		c.bad("systemd scope", "XDG_RUNTIME_DIR is not set, which leads to the user's systemd: nobody gives a container its cgroup", advice+h.user)
	case !h.there(bus):
		c.bad("systemd scope", "the user's systemd has no bus at "+bus+": nobody gives a container its cgroup", advice+h.user)
	case lxcMajor(h.version) < 6 && !h.there(systemdRun):
		c.bad("systemd scope", systemdRun+" is not there, and liblxc before 6 asks systemd for no scope itself", "Install systemd.")
	default:
		c.good("systemd scope", "asked for at "+bus)
	}
	return c
}

// owns says whether the user owns a file that is needed to hand a cgroup down.
func (h *hostCheck) owns(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && int(st.Uid) == h.uid
}

// delegatedV2 looks at the cgroup that systemd gives a user's own systemd, in
// which scopes are made (systemd's CGROUP_DELEGATION).
func (h *hostCheck) delegatedV2(c *checks, top string) {
	id := strconv.Itoa(h.uid)
	dir := filepath.Join(top, "user.slice", "user-"+id+".slice", "user@"+id+".service")
	if !exists(dir) {
		c.bad("delegation", "the user's systemd does not run: "+h.outer(dir)+" is not there",
			"Log in as that user (ssh, machinectl shell), not by su or sudo; or: loginctl enable-linger "+h.user)
		return
	}
	for _, name := range []string{".", "cgroup.procs", "cgroup.subtree_control"} {
		if file := filepath.Join(dir, name); !h.owns(file) {
			c.bad("delegation", h.outer(file)+" does not belong to the user", "Let systemd delegate it: Delegate=yes for user@.service (systemctl edit user@.service).")
			return
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		c.unknown("delegation", err)
		return
	}
	given := strings.Fields(string(text))
	var lacks []string
	for _, name := range []string{"cpu", "cpuset", "io", "memory", "pids"} {
		if !slices.Contains(given, name) {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) == 0 {
		c.good("delegation", strings.Join(given, " "))
		return
	}
	c.optional("delegation", fmt.Sprintf("%s; not %s", strings.Join(given, " "), strings.Join(lacks, " ")),
		"Figures and limits of these need it: systemctl edit user@.service, with Delegate=cpu cpuset io memory pids under [Service]; then log in anew.")
}

// delegatedV1 looks at the cgroups that this process is in.
func (h *hostCheck) delegatedV1(c *checks, mounts cgroup.Mounts) {
	text, err := h.read("/proc/self/cgroup")
	if err != nil {
		c.unknown("delegation", err)
		return
	}
	var lacks []string
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 || f[1] == "" {
			continue
		}
		name, _, _ := strings.Cut(f[1], ",")
		if !slices.ContainsFunc(h.controllers(), func(k controller) bool { return k.v1 == name }) {
			continue
		}
		if dir := mounts.Dir(name, f[2]); dir == "" || !h.owns(dir) {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) == 0 {
		c.good("delegation", "the user owns the cgroups of this session")
		return
	}
	c.bad("delegation", "the user does not own the cgroups of this session: "+strings.Join(lacks, " "),
		"Install libpam-cgfs and log in anew, or boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1).")
}

// pressure looks at PSI, which may be compiled in and switched off: then it is
// reading that fails (Documentation/accounting/psi.rst).
func (h *hostCheck) pressure(context.Context) checks {
	var c checks
	_, err := h.read("/proc/pressure/cpu")
	switch {
	case err == nil:
		c.good("pressure (PSI)", "/proc/pressure")
	case errors.Is(err, unix.EOPNOTSUPP):
		c.optional("pressure (PSI)", "it is switched off", "Boot with psi=1 on the kernel's command line, to see what containers wait for.")
	default:
		c.optional("pressure (PSI)", "the kernel has none", "Boot a kernel with CONFIG_PSI, to see what containers wait for.")
	}
	return c
}

// liblxc tells the library's version, and which of its features that depend on
// how it was built it has (api_extensions.h).
func (h *hostCheck) liblxc(context.Context) checks {
	var c checks
	switch major := lxcMajor(h.version); {
	case major == 0:
		c.unknown("version", fmt.Errorf("%q", h.version))
	case major < 5:
		c.optional("version", h.version, "lxcdeck is made for liblxc 5 and 6: older ones may lack what it asks for.")
	default:
		c.good("version", h.version)
	}
	for _, f := range []struct{ what, extension, use string }{
		{"cgroup v2 devices", "cgroup2_devices", "Rules on devices are not applied on cgroup v2."},
		{"cgroup v2", "cgroup2", "Containers cannot be run on cgroup v2 alone."},
		{"pidfd", "pidfd", "Containers are watched by their pids alone."},
		{"seccomp notify", "seccomp_notify", "Filters that ask another process are not there."},
		{"cgroup layout keys", "cgroup_advanced_isolation", "lxc.cgroup.dir.* is not known."},
		{"idmapped mounts", "idmapped_mounts", "Roots and mounts of unprivileged containers cannot be idmapped."},
		{"time namespaces", "time_namespace", "lxc.time.offset.* is not known."},
	} {
		if golxc.HasAPIExtension(f.extension) {
			c.good(f.what, f.extension)
		} else {
			c.optional(f.what, "liblxc was built without "+f.extension, f.use+" Install a liblxc that has it, if that is needed.")
		}
	}
	return c
}
