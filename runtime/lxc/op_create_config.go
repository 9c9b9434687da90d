package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// configLine is one line of a configuration, as it stands there.
type configLine struct {
	raw, key, value string // key "" = a comment, or nothing
	top             bool   // of the file itself, not of one that it includes
	file            string // where it stands
	number          int    // in that file, from 1
}

// configLines reads a configuration through all that it includes, in the order
// in which liblxc does. A file that liblxc may not load is not read either.
func configLines(path string) ([]configLine, error) {
	in := inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	var found inspection
	if err := in.visit(path, nil, &found); err != nil {
		return nil, err
	}
	var lines []configLine
	// What is read has been looked at already: no circles, no depths.
	err := in.readLines(path, true, &lines)
	return lines, err
}

func (in *inspector) readLines(path string, top bool, lines *[]configLine) error {
	real, st, err := in.walk.walk(path)
	if err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		entries, err := os.ReadDir(real)
		if err != nil {
			return fileErr(err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".conf") {
				if err := in.readLines(filepath.Join(real, e.Name()), false, lines); err != nil {
					return err
				}
			}
		}
		return nil
	}
	text, err := readRegular(real, idOf(real, &st))
	if err != nil {
		return err
	}
	if len(*lines) > maxConfig {
		return fmt.Errorf("%w: %s: too many lines", runtime.ErrConfig, path)
	}
	number := 0
	for raw := range strings.Lines(string(text)) {
		number++
		l := configLine{raw: strings.TrimRight(raw, "\r\n"), top: top, file: path, number: number}
		l.key, l.value, _ = setting(l.raw)
		*lines = append(*lines, l)
		if l.key == "lxc.include" {
			if err := in.readLines(l.value, false, lines); err != nil {
				return err
			}
		}
	}
	return nil
}

// defaultConfig is the file that lxc-create begins with, as this process's user;
// "" = there is none.
func defaultConfig() string {
	path := golxc.GlobalConfigItem("lxc.default_config")
	if !filepath.IsAbs(path) || !exists(path) {
		return ""
	}
	return path
}

// baseLines are what a new configuration begins with. What was named for it has to
// be a configuration from its first line to its last.
func baseLines(a *runtime.CreateArgs) ([]configLine, error) {
	path := a.Config
	if path == "" {
		if path = defaultConfig(); path == "" {
			return nil, nil
		}
	}
	lines, err := configLines(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: config %s: %w", runtime.ErrInvalid, path, err)
	case err != nil:
		return nil, fmt.Errorf("config %s: %w", path, err)
	}
	if a.Config != "" {
		if err := noSettings(lines); err != nil {
			return nil, err
		}
		if err := refusedConfig(path, lines); err != nil {
			return nil, err
		}
	}
	for _, l := range lines {
		if strings.HasPrefix(l.key, "lxc.rootfs.path") && l.value != "" {
			// liblxc would take that for the new root, and destroy it if the template fails.
			return nil, fmt.Errorf("%w: config %s names a root of its own (lxc.rootfs.path = %s): a create that fails would remove it",
				runtime.ErrInvalid, path, l.value)
		}
	}
	return lines, nil
}

// newConfig is the first configuration of a new container: the base with what
// was asked for in the place of what the base says of it.
func newConfig(a *runtime.CreateArgs, base []configLine, own [][2]string) string {
	replaced := replacedKeys(a, own)
	var b strings.Builder
	cleared := map[string]bool{}
	for _, l := range base {
		key, again := replaced(l.key)
		switch {
		case again && !l.top:
			cleared[key] = true
		case again, !l.top:
		default:
			b.WriteString(l.raw)
			b.WriteByte('\n')
		}
	}
	for _, key := range []string{"lxc.net", "lxc.idmap", "lxc.group"} {
		if cleared[key] {
			// An empty value takes back what an included file has said.
			fmt.Fprintf(&b, "%s =\n", key)
		}
	}
	for _, l := range own {
		fmt.Fprintf(&b, "%s = %s\n", l[0], l[1])
	}
	return b.String()
}

// replacedKeys says which keys of the base give way to what was asked for, and
// under which key they can be cleared.
func replacedKeys(a *runtime.CreateArgs, own [][2]string) func(key string) (asClear string, yes bool) {
	return func(key string) (string, bool) {
		switch {
		case key == "lxc.net" || strings.HasPrefix(key, "lxc.net."):
			return "lxc.net", a.Network.Kind != runtime.DefaultNetwork
		case key == "lxc.idmap":
			return key, len(a.IDMap) > 0
		case key == "lxc.group" && a.Auto != nil:
			return key, true
		}
		for _, l := range own {
			if l[0] == key {
				return key, true
			}
		}
		return "", false
	}
}

// ownLines are the lines of the configuration that the request asks for.
func ownLines(a *runtime.CreateArgs) ([][2]string, error) {
	var out [][2]string
	for _, m := range a.IDMap {
		out = append(out, [2]string{"lxc.idmap", m.String()})
	}
	network, err := networkLines(a.Network)
	if err != nil {
		return nil, err
	}
	limits, err := limitLines(cgroup.FS{}, a.Limits)
	if err != nil {
		return nil, err
	}
	out = slices.Concat(out, network, limits)
	if a.Auto != nil {
		out = append(out, a.Auto.Lines()...)
	}
	return out, nil
}

// networkLines are those of a network that was asked for; none of the default one.
func networkLines(n runtime.Network) ([][2]string, error) {
	switch n.Kind {
	case runtime.NoNetwork:
		return [][2]string{{"lxc.net.0.type", "empty"}}, nil
	case runtime.BridgeNetwork:
		if !exists(filepath.Join(sysNet, n.Bridge, "bridge")) {
			return nil, fmt.Errorf("%w: this host has no bridge %s", runtime.ErrInvalid, n.Bridge)
		}
		return [][2]string{{"lxc.net.0.type", "veth"}, {"lxc.net.0.link", n.Bridge}, {"lxc.net.0.flags", "up"}}, nil
	default:
		return nil, nil
	}
}

const (
	// cfsPeriod is the kernel's default period of CPU quotas, in microseconds,
	// and minQuota the least it takes (sched/core.c, min_cfs_quota_period).
	cfsPeriod = 100_000
	minQuota  = 1000
)

// limitLines are limits under the names of the hierarchy that has the
// controller: on a hybrid host that is decided for each.
func limitLines(host cgroup.FS, l runtime.Limits) ([][2]string, error) {
	if l == (runtime.Limits{}) {
		return nil, nil
	}
	mounts, err := host.Mounts()
	if err != nil {
		return nil, err
	}
	quota := strconv.FormatInt(max(minQuota, int64(math.Round(l.CPUs*cfsPeriod))), 10)
	var out [][2]string
	for _, c := range []struct {
		name   string
		wanted bool
		v1, v2 [][2]string
	}{
		{"memory", l.Memory > 0, [][2]string{{"memory.limit_in_bytes", strconv.FormatUint(l.Memory, 10)}},
			[][2]string{{"memory.max", strconv.FormatUint(l.Memory, 10)}}},
		{"cpu", l.CPUs > 0, [][2]string{{"cpu.cfs_period_us", strconv.Itoa(cfsPeriod)}, {"cpu.cfs_quota_us", quota}},
			[][2]string{{"cpu.max", quota + " " + strconv.Itoa(cfsPeriod)}}},
		{"pids", l.PIDs > 0, [][2]string{{"pids.max", strconv.FormatUint(l.PIDs, 10)}},
			[][2]string{{"pids.max", strconv.FormatUint(l.PIDs, 10)}}},
	} {
		prefix, lines := "lxc.cgroup.", c.v1
		switch {
		case !c.wanted:
			continue
		case len(mounts.V1[c.name]) > 0:
		case hasController(mounts.Unified, c.name):
			prefix, lines = "lxc.cgroup2.", c.v2
		default:
			return nil, fmt.Errorf("%w: the kernel has no %s controller here, so there can be no such limit", runtime.ErrUnsupported, c.name)
		}
		for _, line := range lines {
			out = append(out, [2]string{prefix + line[0], line[1]})
		}
	}
	return out, nil
}

// hasController reads cgroup.controllers of cgroup v2 (cgroup-v2.rst).
func hasController(unified []cgroup.Mount, name string) bool {
	for _, m := range unified {
		text, err := os.ReadFile(filepath.Join(m.Dir, "cgroup.controllers"))
		if err == nil && strings.Contains(" "+strings.TrimSpace(string(text))+" ", " "+name+" ") {
			return true
		}
	}
	return false
}

// idMaps are the id maps that a new container will have: those asked for, else
// those of its base.
func idMaps(a *runtime.CreateArgs, base []configLine) []string {
	var out []string
	for _, m := range a.IDMap {
		out = append(out, m.String())
	}
	if len(out) > 0 {
		return out
	}
	for _, l := range base {
		switch {
		case l.key != "lxc.idmap":
		case l.value == "":
			out = nil
		default:
			out = append(out, l.value)
		}
	}
	return out
}

// mayMap refuses an id map that this user may not have: newuidmap(1) would, in
// the middle of the work and with fewer words. Root may map what it likes.
func mayMap(maps []string, t trust) error {
	if t.uid == 0 {
		return nil
	}
	if len(maps) == 0 {
		return &runtime.Error{
			Err: fmt.Errorf("%w: a container of a user who is not root needs an id map (lxc.idmap), of ids that /etc/subuid and /etc/subgid give that user",
				runtime.ErrInvalid),
			Hint: "Choose an id map, or write lxc.idmap lines into ~/.config/lxc/default.conf. usermod --add-subuids gives a user ids, as root.",
		}
	}
	for _, text := range maps {
		var kind string
		var inner, host, count uint64
		if _, err := fmt.Sscan(text, &kind, &inner, &host, &count); err != nil {
			return fmt.Errorf("%w: id map %q", runtime.ErrInvalid, text)
		}
		spans, own, file := t.uids, t.uid, "/etc/subuid"
		if kind == "g" {
			spans, own, file = t.gids, t.gid, "/etc/subgid"
		}
		if !inOneSpan(host, count, own, spans) {
			return fmt.Errorf("%w: %s does not give this user the %d ids from %d on", runtime.ErrPermission, file, count, host)
		}
	}
	return nil
}

// inOneSpan says whether a range of host ids is a user's own id, or lies in one
// span that the user was given.
func inOneSpan(host, count uint64, own uint32, spans []span) bool {
	if host == uint64(own) && count == 1 {
		return true
	}
	for _, s := range spans {
		if host >= s.first && host+count <= s.first+s.count {
			return true
		}
	}
	return false
}
