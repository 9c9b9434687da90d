package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lxcdeck/runtime"
)

// Isolation is that of a container as LXC makes it with its common.conf, with or
// without an id map, changed by Spec.Isolated.
func (r *Runtime) Isolation(ctx context.Context, ref runtime.Ref) (runtime.Isolation, error) {
	if err := ref.Check(); err != nil {
		return runtime.Isolation{}, wrap("isolation", ref, err)
	}
	if err := r.enter(ctx, Examine, ref); err != nil {
		return runtime.Isolation{}, wrap("isolation", ref, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return runtime.Isolation{}, wrap("isolation", ref, runtime.ErrNotFound)
	}
	mapped := b.spec.Config != nil && b.spec.Config.Unprivileged
	i := runtime.Isolation{At: r.Now(), Config: isolationConfig(ref, mapped)}
	switch {
	case b.spec.Foreign != nil:
		i.Config = runtime.IsolationConfig{Why: fmt.Sprintf("%v (uid %d)", runtime.ErrForeign, *b.spec.Foreign)}
	case errors.Is(b.spec.Problem, runtime.ErrConfig):
		i.Config = runtime.IsolationConfig{Why: b.spec.Problem.Error()}
	}
	if b.spec.InitPID > 0 {
		i.InitPID, i.Begin = b.spec.InitPID, beginOf(b.spec.Started)
		isolationOf(&i, ref, mapped)
	}
	if b.spec.Isolated != nil {
		b.spec.Isolated(&i)
	}
	return i, nil
}

const (
	allCaps    = 1<<41 - 1
	commonDrop = 1<<16 | 1<<17 | 1<<25 | 1<<32 | 1<<33 // sys_module sys_rawio sys_time mac_override mac_admin
)

func isolationConfig(ref runtime.Ref, mapped bool) runtime.IsolationConfig {
	set := func(key, value string) runtime.Setting { return runtime.Setting{Key: key, Value: value} }
	all := []runtime.Setting{
		set("lxc.rootfs.path", "dir:"+ref.String()+"/rootfs"), set("lxc.seccomp.profile", "/usr/share/lxc/config/common.seccomp"),
		set("lxc.apparmor.profile", "generated"), set("lxc.mount.auto", "cgroup:mixed"), set("lxc.mount.auto", "proc:mixed"), set("lxc.mount.auto", "sys:mixed"),
		set("lxc.net.0.type", "veth"),
	}
	if mapped {
		all = append([]runtime.Setting{set("lxc.idmap", "u 0 100000 65536"), set("lxc.idmap", "g 0 100000 65536")}, all...)
	} else {
		all = append(all, set("lxc.cap.drop", "mac_admin mac_override sys_time sys_module sys_rawio"),
			set("lxc.cgroup2.devices.deny", "a"), set("lxc.cgroup2.devices.allow", "c *:* m"), set("lxc.cgroup2.devices.allow", "b *:* m"),
			set("lxc.cgroup2.devices.allow", "c 1:3 rwm"), set("lxc.cgroup2.devices.allow", "c 136:* rwm"))
	}
	return runtime.IsolationConfig{Read: true, DevicesKey: runtime.DevicesKey(false), Settings: all}
}

func isolationOf(i *runtime.Isolation, ref runtime.Ref, mapped bool) {
	const host = 4026531833
	i.Peer = "pid 1"
	for n, kind := range runtime.NamespaceKinds() {
		ns := runtime.Namespace{Kind: kind, ID: 4026532000 + uint64(i.InitPID%100000)*16 + uint64(n), Host: runtime.No}
		if kind == "time" || kind == "user" && !mapped {
			ns.ID, ns.Host = host+uint64(n), runtime.Yes
		}
		i.Namespaces = append(i.Namespaces, ns)
	}
	i.Root = runtime.ContainerRoot{Source: "/dev/sda2", FS: "ext4", Dir: ref.String() + "/rootfs", Host: runtime.No, At: "/"}
	bounding := uint64(allCaps &^ commonDrop)
	ids := []runtime.IDRange{{Count: 1<<32 - 1}}
	if mapped {
		bounding, ids = allCaps, []runtime.IDRange{{Outside: 100000, Count: 65536}}
	}
	i.UIDs.Ranges, i.GIDs.Ranges = ids, slices.Clone(ids)
	set := runtime.Of(bounding)
	i.Caps = runtime.Capabilities{Bounding: set, Effective: set, Permitted: set, Inheritable: runtime.Of(0), Ambient: runtime.Of(0), Last: runtime.Of(40)}
	i.Confined = runtime.Confinement{
		NoNewPrivs: runtime.No, Seccomp: runtime.Of(2), Filters: runtime.Of(1), Module: "apparmor",
		Label:   "lxc-" + ref.Name + "_<-var-lib-lxc> (enforce)",
		Modules: "lockdown,capability,landlock,yama,apparmor",
	}
	i.Mounts = runtime.MountFacts{Total: 31, ProcSys: runtime.No, Sys: runtime.No, Kernel: []runtime.Mount{
		{Dir: "/proc", FS: "proc", Root: "/", Source: "proc"}, {Dir: "/proc/sys", FS: "proc", Root: "/sys", Source: "proc", ReadOnly: true},
		{Dir: "/proc/sysrq-trigger", FS: "proc", Root: "/sysrq-trigger", Source: "proc", ReadOnly: true},
		{Dir: "/sys", FS: "sysfs", Root: "/", Source: "sysfs", ReadOnly: true}, {Dir: "/sys/devices/virtual/net", FS: "sysfs", Root: "/devices/virtual/net", Source: "sysfs"},
		{Dir: "/sys/fs/cgroup", FS: "cgroup2", Root: "/", Source: "cgroup2"},
	}}
	i.Cgroups = []runtime.CgroupPlace{{Path: "/lxc.payload." + ref.Name + "/init.scope", Own: true}}
	i.Devices.Why = "cgroup v2 has no list; what a program there allows, if there is one, cannot be read"
}

// demoIsolation is what differs in a container of the demo; nil = nothing.
func demoIsolation(name string) func(*runtime.Isolation) {
	namespace := func(i *runtime.Isolation, kind string) *runtime.Namespace {
		n := slices.IndexFunc(i.Namespaces, func(n runtime.Namespace) bool { return n.Kind == kind })
		if n < 0 {
			return &runtime.Namespace{}
		}
		return &i.Namespaces[n]
	}
	switch name {
	case "legacy-erp":
		return func(i *runtime.Isolation) {
			if i.InitPID == 0 {
				return
			}
			net := namespace(i, "net")
			net.ID, net.Host = 4026531840, runtime.Yes
			i.Confined.Label, i.Confined.Seccomp, i.Confined.Filters = "unconfined", runtime.Of(0), runtime.Of(0)
			i.Mounts.Host = append(i.Mounts.Host, runtime.Mount{Dir: "/run/docker.sock", FS: "tmpfs", Root: "/docker.sock", Source: "tmpfs", Is: "docker.sock", Socket: true})
			i.Config.Changed = i.At.Add(-40 * 60 * 1e9)
		}
	case "ci-runner":
		return func(i *runtime.Isolation) {
			if i.InitPID > 0 {
				i.Confined.Label = "lxc-container-default-with-nesting (enforce)"
				i.Mounts.Kernel = append(i.Mounts.Kernel, runtime.Mount{Dir: "/dev/.lxc/proc", FS: "proc", Root: "/", Source: "proc"}, runtime.Mount{Dir: "/dev/.lxc/sys", FS: "sysfs", Root: "/", Source: "sys"})
			}
		}
	case "cache":
		return func(i *runtime.Isolation) {
			namespace(i, "ipc").With = []runtime.Ref{{Path: "/var/lib/lxc", Name: "db-main"}}
		}
	}
	return nil
}
