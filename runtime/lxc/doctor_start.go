package lxc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// hookKeys are the hooks that run at a start, see lxc.container.conf(5).
func hookKeys() []string {
	return []string{
		"lxc.hook.pre-start", "lxc.hook.pre-mount", "lxc.hook.mount", "lxc.hook.autodev",
		"lxc.hook.start-host", "lxc.hook.start", "lxc.net.0.script.up",
	}
}

type hook struct{ key, value string }

func (p *patient) hooks() []hook {
	var out []hook
	for _, key := range hookKeys() {
		for _, v := range p.values(key) {
			out = append(out, hook{key, v})
		}
	}
	return out
}

// badHook is for a script of the config that fails.
func (p *patient) badHook() *runtime.Diagnosis {
	line := p.line("Script exited with status ")
	if line == "" {
		line = p.line("Script was killed")
	}
	ran := p.line("Failed to run ")
	if line == "" {
		return nil
	}
	_, status, _ := strings.Cut(line, "with status ")
	hooks := slices.DeleteFunc(p.hooks(), func(h hook) bool {
		short := strings.TrimPrefix(h.key, "lxc.hook.")
		return ran != "" && !strings.Contains(ran, h.key+" ") && !strings.HasSuffix(ran, h.key) && !strings.Contains(ran, " "+short+" hook")
	})
	names := []string{}
	for _, h := range hooks {
		p.saw("%s = %s", h.key, h.value)
		names = append(names, h.key+" = "+h.value)
		script, _, _ := strings.Cut(h.value, " ")
		if strings.HasPrefix(h.key, "lxc.hook.start") && h.key != "lxc.hook.start-host" || !filepath.IsAbs(script) {
			continue // it runs in the container
		}
		st, err := os.Stat(script)
		switch {
		case err != nil:
			return found("A hook of its config cannot be run: "+script+": "+plainErr(err)+".", "Put it there, or take the line out of the config: "+h.key+" = "+h.value)
		case st.Mode().IsRegular() && st.Mode()&0o111 == 0:
			p.saw("%s has mode %04o", script, st.Mode().Perm())
			d := found("A hook of its config is not executable: "+script+".", "Make it so: chmod +x "+runtime.ShellQuote(script))
			d.Fix = p.chmodFix(script)
			return d
		}
	}
	end := "was killed"
	if status != "" {
		end = "ended with status " + strings.TrimSpace(status)
	}
	if len(names) == 0 {
		return found("A script of its config "+end+": "+ran, "Look at lxc.hook.* and lxc.net.*.script.* in its config, and run it by hand.")
	}
	return found("A hook of its config "+end+": "+strings.Join(names, ", ")+".",
		"Run it by hand to see why; liblxc sets LXC_NAME, LXC_CONFIG_FILE and LXC_ROOTFS_PATH for it, see lxc.container.conf(5).")
}

// badCgroup is for cgroups that cannot be made, and limits that cannot be set.
func (p *patient) badCgroup() *runtime.Diagnosis {
	// cg_legacy_set_data of cgfsng.c
	if line := p.line("Failed to setup limits for the "); line != "" {
		return p.noController(quotedAfter(line, "limits for the "))
	}
	full := p.line("Numerical result out of range", "cgroup") // cgfsng_payload_create, cgfsng_monitor_create
	switch {
	case full != "":
		return p.cgroupClash()
	case p.uid != 0 && (p.said("cgroup") || p.said("not delegated")):
		return p.noDelegation()
	case p.said("not delegated"), p.said("Could not enable"):
		line := p.line("not delegated") + p.line("Could not enable")
		p.saw("cgroup.controllers: %s", words("/sys/fs/cgroup/cgroup.controllers"))
		return found("A cgroup controller is not handed down to the container: "+line,
			"Enable it in cgroup.subtree_control of the cgroups above, or set Delegate=yes in the unit that lxcdeck runs in.")
	}
	line := p.line("Failed to set \"")
	if line == "" {
		// Further down such a line is of the clearing away.
		if len(p.log) == 0 || !strings.Contains(p.log[0], "cgroup") {
			return nil
		}
		line = p.log[0]
		return found("Its cgroup cannot be set up: "+line, "Look at lxc.cgroup* in its config.")
	}
	file, value := quotedAfter(line, "Failed to set "), quotedAfter(line, "\" to ")
	p.saw("lxc.cgroup*.%s = %s", file, value)
	if strings.Contains(line, "No such file or directory") {
		return found("The kernel has no cgroup file "+file+" for it.",
			"The controller is not there, or is of the other cgroup version: lxc.cgroup.* is for version 1, lxc.cgroup2.* for version 2.")
	}
	return found(fmt.Sprintf("The kernel does not take the limit %s = %s: %s", file, value, line), "Correct that lxc.cgroup* line in its config.")
}

// noController is for limits of a controller that liblxc does not find.
func (p *patient) noController(name string) *runtime.Diagnosis {
	v1 := map[string]bool{}
	for line := range strings.Lines(readText("/proc/cgroups")) {
		if f := strings.Fields(line); len(f) == 4 && !strings.HasPrefix(f[0], "#") {
			v1[f[0]] = true
		}
	}
	mounts, _ := cgroup.FS{}.Mounts()
	v2 := words("/sys/fs/cgroup/cgroup.controllers")
	p.saw("mounted as cgroup version 1: %t; cgroup.controllers of version 2: %s", len(mounts.V1[name]) > 0, v2)
	switch {
	case slices.Contains(strings.Fields(v2), name):
		return found("The cgroup controller "+name+" is of version 2 on this host, and its config limits it by a key of version 1.",
			"Write lxc.cgroup2."+name+".* with the names of version 2 instead of lxc.cgroup."+name+".*, see lxc.container.conf(5).")
	case v1[name]:
		return found("The cgroup controller "+name+" is not mounted on this host.", "Mount it, or take lxc.cgroup."+name+".* out of its config.")
	}
	return found("This host has no cgroup controller "+name+".",
		"Take lxc.cgroup."+name+".* out of its config, or boot a kernel that has it (some are switched off by cgroup_disable= on its command line).")
}

// readText is a small file as text; "" if it cannot be read.
func readText(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text)
}

// cgroupClash is for names that are taken. liblxc tries NAME, NAME-1 and so on
// up to NAME-999 unless the config fixes the place; then it gives up with ERANGE.
func (p *patient) cgroupClash() *runtime.Diagnosis {
	tops := cgroupTops()
	for _, key := range []string{"lxc.cgroup.dir.container", "lxc.cgroup.dir.monitor"} {
		for _, dir := range p.values(key) {
			taken := false
			for _, top := range tops {
				if at := filepath.Join(top, dir); exists(at) {
					p.saw("%s is there", at)
					taken = true
				}
			}
			if taken {
				return found("The cgroup that its config fixes is there already: "+key+" = "+dir+".",
					"Another container uses it, or one that ended badly has left it: give it another place, or remove the empty directories (rmdir).")
			}
		}
	}
	for _, top := range tops {
		left, _ := filepath.Glob(filepath.Join(top, "lxc.*."+globQuote(p.ref.Name)+"-*"))
		if len(left) > 0 {
			p.saw("%s has %d cgroups of this name", top, len(left))
		}
	}
	return found("All cgroup names that liblxc tries for it are taken: "+p.ref.Name+" to "+p.ref.Name+"-999.",
		"They are left of earlier lives, or of containers of the same name elsewhere: remove the empty directories (rmdir), or set lxc.cgroup.dir in its config.")
}

// noDelegation is for a user whose session may make no cgroups.
func (p *patient) noDelegation() *runtime.Diagnosis {
	for line := range strings.Lines(readText("/proc/self/cgroup")) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			p.saw("cgroup of this session: %s", path)
		}
	}
	return found("No cgroup is delegated to "+accountName(p.uid)+": liblxc can make none for the container.",
		"Start it in a session of systemd's: systemd-run --user --scope -p Delegate=yes -- lxc-start -P "+runtime.ShellQuote(p.ref.Path)+" -n "+runtime.ShellQuote(p.ref.Name)+
			". Over su or sudo there is no such session: log in, or let root run loginctl enable-linger "+runtime.ShellQuote(accountName(p.uid))+".")
}

// badAppArmor is for a profile that is not loaded.
func (p *patient) badAppArmor() *runtime.Diagnosis {
	line := p.line("AppArmor")
	if line == "" {
		if line = p.line("apparmor"); line == "" {
			return nil
		}
	}
	profile := strings.Join(p.values("lxc.apparmor.profile"), " ")
	p.saw("lxc.apparmor.profile = %s", profile)
	if loaded := readText("/sys/kernel/security/apparmor/profiles"); loaded != "" {
		there := slices.ContainsFunc(strings.Split(loaded, "\n"), func(l string) bool { return strings.HasPrefix(l, profile+" ") })
		p.saw("loaded in the kernel: %t", there)
	}
	if strings.Contains(line, "No such file or directory") {
		return found("The AppArmor profile that its config names is not loaded: "+profile+".",
			"Load it: apparmor_parser -r on its file in /etc/apparmor.d (LXC's own come with systemctl reload apparmor), or name another.")
	}
	return found("AppArmor refuses to confine it: "+line, "Look at lxc.apparmor.profile, and at the kernel's log for lines with apparmor.")
}

// badSeccomp is for a policy that cannot be read.
func (p *patient) badSeccomp() *runtime.Diagnosis {
	if !p.said("seccomp") {
		return nil
	}
	policy := strings.Join(p.values("lxc.seccomp.profile"), " ")
	p.saw("lxc.seccomp.profile = %s", policy)
	if file := policy; file != "" && !exists(file) {
		return found("The seccomp policy that its config names is not there: "+file+".", "Put it there, or correct lxc.seccomp.profile. LXC's own are in /usr/share/lxc/config.")
	}
	return found("liblxc does not understand its seccomp policy "+policy+": "+p.log[0], "Correct that file: its first line is a version, 1 or 2, see lxc.container.conf(5).")
}

// otherCauses are known by one line alone.
func (p *patient) otherCauses() *runtime.Diagnosis {
	for _, c := range []struct{ has, cause, advice string }{
		{"Failed to record inherited namespaces", "A container whose namespaces it shares is not running.", "Start that one first, or correct lxc.namespace.share.* in its config."},
		{"Unknown resource ", "lxc.prlimit.* names a resource that the kernel does not have.", "Correct that line: prlimit(1) lists them."},
		{"Failed to setup sysctl parameters", "The kernel does not take one of its lxc.sysctl.* lines.", "Correct it: the file below /proc/sys must be there in the container's namespaces."},
		{"Failed to setup resource limits", "One of its lxc.prlimit.* lines is refused.", "A hard limit above lxcdeck's own needs root."},
		{"Failed to allocate terminal", "No pty is to be had for its console.", "Look whether /dev/pts is mounted and kernel.pty.max is reached."},
		{"Failed to setup personality", "The kernel cannot run what lxc.arch names.", "Write the host's architecture, as uname -m prints it, or one that it can run."},
		{"Address already in use", "Another process holds its command socket: it may be running already, or be starting.", "Look at lxc-info of it, and whether another container has this name and lxcpath."},
	} {
		if line := p.line(c.has); line != "" {
			p.saw("%s", line)
			return found(c.cause, c.advice)
		}
	}
	return nil
}
