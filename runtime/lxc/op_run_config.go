package lxc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/runtime/cgroup"
)

// This file runs in helpers. The config of an application container begins with
// what its uppermost base says of confinement, devices and limits. Hooks, data
// that is mounted from the host, network, names and autostart belong to the base
// alone.

// baseKeys are the keys that are taken from a base's config. One with a dot at
// its end stands for all that begin with it.
var baseKeys = [...]string{
	"lxc.arch", "lxc.idmap", "lxc.cap.drop", "lxc.cap.keep", "lxc.apparmor.", "lxc.selinux.", "lxc.seccomp.profile",
	"lxc.seccomp.allow_nesting", "lxc.no_new_privs", "lxc.keyring.session", "lxc.autodev", "lxc.autodev.", "lxc.tty.max",
	"lxc.pty.max", "lxc.mount.auto", "lxc.prlimit.", "lxc.sysctl.", "lxc.proc.", "lxc.cgroup.", "lxc.cgroup2.",
	"lxc.environment",
}

// ownConfigs is where LXC's own parts of configs lie, under whatever prefix it
// was installed.
const ownConfigs = "/share/lxc/config/"

// defaultEnv is what a program may expect to find, as in a login.
var defaultEnv = [...]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}

// inherited are the lines of a base's config that its application containers
// have too. What includes say is taken in their place, but for LXC's own files,
// which stay includes. The config has been inspected: its includes come to an end.
func inherited(path string) ([]string, error) {
	files := []string{path}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.conf")); err != nil {
			return nil, fmt.Errorf("include %s: %w", path, err)
		}
	}
	var out []string
	for _, file := range files {
		text, err := readConfigFile(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			key, value, ok := setting(line)
			switch {
			case !ok:
			case key == "lxc.include" && strings.Contains(value, ownConfigs):
				out = append(out, key+" = "+value)
			case key == "lxc.include":
				more, err := inherited(value)
				if err != nil {
					return nil, err
				}
				out = append(out, more...)
			case fromBase(key), key == "lxc.mount.entry" && harmlessMount(value):
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	return out, nil
}

func readConfigFile(path string) (string, error) {
	real, st, err := newWalker(ownTrust()).walk(path)
	if err != nil {
		return "", err
	}
	text, err := readRegular(real, idOf(real, &st))
	return string(text), err
}

// fromBase says whether a key is one of baseKeys. The exact cgroups of a base
// (lxc.cgroup.dir.container and its like) are for one container at a time: a
// second run on it could not start.
func fromBase(key string) bool {
	return !strings.HasPrefix(key, "lxc.cgroup.dir.") && slices.ContainsFunc(baseKeys[:], func(k string) bool {
		return key == k || strings.HasSuffix(k, ".") && strings.HasPrefix(key, k)
	})
}

// harmlessMount says whether a line of lxc.mount.entry (fstab(5)) gives the
// container no data of the host that it could write to: a file system of the
// kernel's own, or a bind mount that is read-only, as busybox containers have
// for the host's libraries. With rbind what is mounted below stays writable:
// liblxc makes the uppermost read-only alone (mount_entry in conf.c).
func harmlessMount(entry string) bool {
	f := strings.Fields(entry)
	if len(f) < 4 {
		return false
	}
	switch f[2] {
	case "tmpfs", "mqueue", "proc", "sysfs", "devpts":
		return true
	}
	ro := false
	for opt := range strings.SplitSeq(f[3], ",") {
		switch opt {
		case "ro":
			ro = true
		case "rw", "rbind":
			return false
		}
	}
	return ro
}

// runConfig is the whole config of an application container.
func (o *operation) runConfig(a *runtime.RunArgs, all []base, dirs []string) (string, error) {
	ref := o.q.Ref
	var names []string
	for _, b := range all {
		names = append(names, b.named.String())
	}
	// Quoted: a name may have a line end in it.
	lines := []string{fmt.Sprintf("# Made by lxcdeck run, on %q.", names)}
	own, err := inherited(filepath.Join(all[0].ref.String(), "config"))
	if err != nil {
		return "", fmt.Errorf("config of %s: %w", all[0].named, err)
	}
	lines = append(lines, own...)
	root, err := overlayLines(ref, dirs)
	if err != nil {
		return "", err
	}
	net, err := runNetwork(a.Network)
	if err != nil {
		return "", err
	}
	limits, err := limitLines(cgroup.FS{}, a.Limits)
	if err != nil {
		return "", err
	}
	lines = slices.Concat(lines, root, asLines(net), asLines(limits), envLines(a.Env, own))
	// The signal that programs take for a wish to end; SIGPWR is for an init.
	// LXC's own common.conf has the terminals below /dev/lxc, which liblxc makes
	// with a console alone (setup_dev_console in conf.c); there is none here.
	lines = append(lines, "lxc.signal.halt = SIGTERM", "lxc.tty.dir =")
	if a.Cwd != "" {
		lines = append(lines, "lxc.init.cwd = "+a.Cwd)
	}
	if cmd, ok := initWords(a.Command); ok {
		lines = append(lines, "# What a later start runs.", "lxc.init.cmd = "+cmd)
	}
	for _, l := range a.Config {
		key, _, ok := setting(l)
		if !ok || !strings.HasPrefix(key, "lxc.") || strings.HasPrefix(key, "lxc.rootfs") {
			return "", fmt.Errorf("%w: config %q: it takes lines \"lxc.KEY = VALUE\", but none of lxc.rootfs", runtime.ErrInvalid, l)
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// overlayLines name the overlay. With several lower layers lxc.rootfs.path has only
// the uppermost, and the options have all: liblxc puts options behind its own,
// and the kernel goes by the last lowerdir. It could mount "overlay:/a:/b:/upper"
// too, but lxc-copy and lxc-destroy take what is behind the first colon for the
// upper layer (ovl_clonepaths, ovl_destroy in storage/overlay.c of LXC 5 and 6):
// a copy failed, and so did a snapshot.
func overlayLines(ref runtime.Ref, dirs []string) ([]string, error) {
	upper := filepath.Join(ref.String(), "overlay", "delta")
	if err := plainForOverlay(upper); err != nil {
		return nil, err
	}
	lines := []string{
		"lxc.rootfs.path = overlay:" + dirs[0] + ":" + upper,
		"lxc.uts.name = " + ref.Name,
	}
	if len(dirs) == 1 {
		return lines, nil
	}
	lower := "lowerdir=" + strings.Join(dirs, ":")
	if len(lower)+len(dirs[0])+2*len(upper) > maxOverlay {
		return nil, fmt.Errorf("%w: the paths of %d layers are together longer than the kernel takes", runtime.ErrUnsupported, len(dirs))
	}
	return append(lines, "lxc.rootfs.options = "+lower), nil
}

// runNetwork are the lines of the network, with MAC addresses of their own: liblxc
// writes those into a config only when it makes the container itself. The default
// config's network is meant for containers to come, this one too.
func runNetwork(n runtime.Network) ([][2]string, error) {
	lines, err := networkLines(n)
	if err != nil {
		return nil, err
	}
	if path := defaultConfig(); n.Kind == runtime.DefaultNetwork && path != "" {
		all, err := configLines(path)
		if err != nil {
			return nil, fmt.Errorf("default config %s: %w", path, err)
		}
		for _, l := range all {
			if strings.HasPrefix(l.key, "lxc.net.") && !strings.HasSuffix(l.key, ".hwaddr") {
				lines = append(lines, [2]string{l.key, l.value})
			}
		}
	}
	if len(lines) == 0 {
		return [][2]string{{"lxc.net.0.type", "empty"}}, nil
	}
	var out [][2]string
	for _, l := range lines {
		out = append(out, l)
		if net, ok := strings.CutSuffix(l[0], ".type"); ok && (l[1] == "veth" || l[1] == "macvlan") {
			out = append(out, [2]string{net + ".hwaddr", archive.NewMAC()})
		}
	}
	return out, nil
}

func asLines(pairs [][2]string) []string {
	lines := make([]string, len(pairs))
	for i, p := range pairs {
		lines[i] = p[0] + " = " + p[1]
	}
	return lines
}

// envLines give the environment of the command. base has the lines of the base.
func envLines(env, base []string) []string {
	given := map[string]bool{}
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		given[name] = true
	}
	for _, l := range base {
		if key, value, ok := setting(l); ok && key == "lxc.environment" {
			name, _, _ := strings.Cut(strings.Trim(value, `"'`), "=")
			given[name] = true
		}
	}
	var out []string
	for _, e := range defaultEnv {
		if name, _, _ := strings.Cut(e, "="); !given[name] {
			out = append(out, "lxc.environment = "+e)
		}
	}
	for _, e := range env {
		// In quotes, which liblxc takes off: it cuts blanks at the end of a value.
		out = append(out, `lxc.environment = "`+e+`"`)
	}
	return out
}

// initWords writes a command for lxc.init.cmd. liblxc splits it at blanks and
// takes quotes off, and knows no way to write a quote within such quotes.
func initWords(argv []string) (string, bool) {
	var b strings.Builder
	for i, w := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch q := runtime.ShellQuote(w); {
		case strings.ContainsAny(w, "\n\r\\\""), w == "":
			return "", false
		case q == w:
			b.WriteString(w)
		case !strings.Contains(w, "'"):
			b.WriteString("'" + w + "'")
		default:
			b.WriteString(`"` + w + `"`)
		}
	}
	return b.String(), true
}
