package fake

import (
	"context"
	"slices"

	"lxcdeck/runtime"
)

// SetChecks says what a look at the host finds.
func (r *Runtime) SetChecks(all ...runtime.Check) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks = all
}

// CheckHost gives what SetChecks has said, else those of an invented host.
func (r *Runtime) CheckHost(ctx context.Context) ([]runtime.Check, error) {
	if err := r.enter(ctx, Survey, runtime.Ref{}); err != nil {
		return nil, wrap("doctor", runtime.Ref{}, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.checks != nil {
		return slices.Clone(r.checks), nil
	}
	return inventedChecks(), nil
}

// inventedChecks are those of a host on which a bridge, a few programs and a
// config are missing.
func inventedChecks() []runtime.Check {
	good := func(topic, what, found string) runtime.Check {
		return runtime.Check{Topic: topic, What: what, Found: found}
	}
	optional := func(topic, what, found, advice string) runtime.Check {
		return runtime.Check{Topic: topic, What: what, Verdict: runtime.CheckOptional, Found: found, Advice: advice}
	}
	return []runtime.Check{
		good(runtime.TopicKernel, "release", "6.12.9-demo"),
		good(runtime.TopicKernel, "mount namespace", "up to 63210"),
		good(runtime.TopicKernel, "pid namespace", "up to 63210"),
		good(runtime.TopicKernel, "user namespace", "up to 63210"),
		good(runtime.TopicKernel, "seccomp", "with filters"),
		good(runtime.TopicKernel, "AppArmor", "on"),
		good(runtime.TopicKernel, "overlay file system", "/proc/filesystems"),
		good(runtime.TopicCgroups, "layout", "v2 at /sys/fs/cgroup"),
		good(runtime.TopicCgroups, "memory", "v2"),
		{Topic: runtime.TopicCgroups, What: "devices", Verdict: runtime.CheckUnknown,
			Found: "it could not be read: no configuration of the kernel is there that would tell of CONFIG_CGROUP_BPF"},
		good(runtime.TopicLiblxc, "version", "6.0.4"),
		good(runtime.TopicPaths, "/var/lib/lxc", "root, mode 0755"),
		good(runtime.TopicPaths, "space in /var/lib/lxc", "212 GiB free of 438 GiB"),
		good(runtime.TopicPaths, "directory lost+found", "/var/lib/lxc/lost+found belongs to the file system"),
		optional(runtime.TopicPaths, "container broken-cfg", "its configuration cannot be loaded: unknown key lxc.net.0.lnik", "Line 7 of its config has an unknown key."),
		{Topic: runtime.TopicNetwork, What: "default network", Verdict: runtime.CheckBad,
			Found:  "veth on lxcbr0, which this host does not have: containers of the default config do not start",
			Advice: "Run: systemctl enable --now lxc-net.service; or name a bridge that is there, or lxc.net.0.type = empty in /etc/lxc/default.conf."},
		good(runtime.TopicIDs, "subordinate users", "65536 from 100000"),
		good(runtime.TopicIDs, "subordinate groups", "65536 from 100000"),
		good(runtime.TopicPrograms, "rsync", "/usr/bin/rsync"),
		optional(runtime.TopicPrograms, "criu", "it is not installed", "Only checkpoint and resume need it, as root."),
		optional(runtime.TopicPrograms, "template oci", "skopeo and umoci are not installed", "Install what it needs, or use another template."),
		good(runtime.TopicLxcdeck, "locks", "/run/lxcdeck"),
		good(runtime.TopicLxcdeck, "inotify", "128 instances, 192536 watches a user"),
	}
}
