package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"lxcdeck/runtime"
)

// idCount is how many ids LXC's own maps take, which are those of a distribution.
const idCount = 65536

// subordinate looks at what user namespaces of this user are made with.
func (h *hostCheck) subordinate(context.Context) checks {
	var c checks
	for _, kind := range []struct{ what, file, option string }{
		{"subordinate users", "/etc/subuid", "--add-subuids"},
		{"subordinate groups", "/etc/subgid", "--add-subgids"},
	} {
		text, err := h.read(kind.file)
		free := freeIDs(text)
		advice := fmt.Sprintf("As root: usermod %s %d-%d %s", kind.option, free, free+idCount-1, runtime.ShellQuote(h.user))
		if h.uid == 0 {
			advice = "Only unprivileged containers need them. " + advice
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.unknown(kind.what, err)
			continue
		}
		var all uint64
		var ranges []string
		for _, s := range subIDs(h.file(kind.file), h.user, uint32(h.uid)) {
			all += s.count
			ranges = append(ranges, fmt.Sprintf("%d from %d", s.count, s.first))
		}
		switch {
		case err != nil:
			c.lacks(h.uid != 0, kind.what, kind.file+" is not there", advice)
		case all == 0:
			c.lacks(h.uid != 0, kind.what, kind.file+" has no line for "+h.user, advice)
		case all < idCount:
			c.optional(kind.what, strings.Join(ranges, ", ")+": fewer than the 65536 that distributions use", advice)
		default:
			c.good(kind.what, strings.Join(ranges, ", "))
		}
	}
	for _, name := range []string{"newuidmap", "newgidmap"} {
		file := h.program(name)
		switch ok, err := privileged(file); {
		case file == "" && h.uid == 0:
			c.good(name, "not installed: root writes id maps itself")
		case file == "":
			c.bad(name, "it is not installed, without which a user can map no id but the own one", "Install it: the package is uidmap, or shadow.")
		case err != nil:
			c.unknown(name, err)
		case !ok && h.uid != 0:
			c.bad(name, file+" is neither set-user-ID root nor has the capability", "Install its package anew (uidmap, or shadow), or as root: chmod u+s "+file)
		default:
			c.good(name, file)
		}
	}
	// prctl(2): execve gives no privileges any more, set-user-ID or not.
	if h.uid != 0 && h.status("NoNewPrivs") == "1" {
		c.bad("new privileges", "this process may gain none (no_new_privs), and so newuidmap and lxc-user-nic do not work", "Start lxcdeck outside of the sandbox or unit (NoNewPrivileges=) that forbids it.")
	}
	return c
}

// freeIDs is the first id behind all that subuid(5) or subgid(5) gives anybody.
func freeIDs(text string) uint64 {
	free := uint64(100000) // where useradd begins (SUB_UID_MIN in login.defs(5))
	for line := range strings.Lines(text) {
		var first, count uint64
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 {
			continue
		}
		if n, _ := fmt.Sscan(f[1]+" "+f[2], &first, &count); n == 2 && first+count >= first && first+count+idCount < 1<<32 {
			free = max(free, first+count)
		}
	}
	return free
}

// programs are those that some operations run.
func (h *hostCheck) programs(context.Context) checks {
	var c checks
	for _, p := range []struct{ name, use string }{
		{"rsync", "Copies of containers (clone, and snapshots of type dir) need it."},
		{"lxc-usernsexec", "Creating unprivileged containers needs it; it comes with LXC."},
		{"criu", "Only checkpoint and resume need it, as root."},
	} {
		if p.name == "criu" && h.uid != 0 {
			continue
		}
		if file := h.program(p.name); file != "" {
			c.good(p.name, file)
		} else {
			c.optional(p.name, "it is not installed", p.use)
		}
	}
	c.good("zstd", "built in: pack and unpack need no program")
	mounts, err := h.read("/proc/self/mountinfo")
	switch {
	case err != nil:
		c.unknown("lxcfs", err)
	case strings.Contains(mounts, " - fuse.lxcfs "):
		c.good("lxcfs", "mounted")
	default:
		c.optional("lxcfs", "it is not mounted", "Without it a container sees the host's memory and CPUs in /proc: install and start lxcfs.")
	}
	return c
}

// templateScripts are what lxc-create can run here.
func (h *hostCheck) templateScripts(context.Context) checks {
	var c checks
	all, err := templates(h.templates, h.path)
	if err != nil {
		c.unknown("templates", err)
		return c
	}
	if len(all) == 0 {
		c.optional("templates", "there is none in "+strings.Join(h.templates, ", "), "Install LXC's templates (package lxc-templates): containers are created with them.")
	}
	for _, t := range all {
		if t.Missing == "" {
			c.good("template "+t.Name, t.Path)
		} else {
			c.optional("template "+t.Name, t.Missing, "Install what it needs, or use another template.")
		}
	}
	return c
}
