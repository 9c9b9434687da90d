package lxc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// isolationTime is how long one reading may take. What is read waits for nobody,
// but the kernel lets a reader of mounts wait for who changes them.
const isolationTime = 10 * time.Second

// isolationKeys are the keys of lxc.container.conf(5) that bear on isolation.
// Those of cgroups and interfaces have names of their own and come behind them.
func isolationKeys() []string {
	return []string{
		"lxc.idmap", "lxc.rootfs.path", "lxc.rootfs.options", "lxc.namespace.keep", "lxc.namespace.clone",
		"lxc.namespace.share.user", "lxc.namespace.share.pid", "lxc.namespace.share.mnt", "lxc.namespace.share.net", "lxc.namespace.share.ipc",
		"lxc.namespace.share.uts", "lxc.namespace.share.cgroup", "lxc.namespace.share.time",
		"lxc.cap.keep", "lxc.cap.drop", "lxc.no_new_privs", "lxc.seccomp.profile", "lxc.seccomp.allow_nesting",
		"lxc.apparmor.profile", "lxc.apparmor.allow_nesting", "lxc.selinux.context",
		"lxc.mount.auto", "lxc.mount.fstab", "lxc.mount.entry",
		"lxc.cgroup.dir", "lxc.cgroup.dir.container", "lxc.cgroup.dir.container.inner",
	}
}

// Bounds of what is told of a configuration: it is trusted, but may be long.
const (
	maxSettings = 512
	maxSetting  = 1024 // bytes of a value
	maxNetTypes = 64
)

// Isolation reads what keeps a container apart from the host.
func (a *Adapter) Isolation(ctx context.Context, ref runtime.Ref) (runtime.Isolation, error) {
	i, err := a.isolation(ctx, ref)
	return i, fail("isolation", ref, err)
}

func (a *Adapter) isolation(ctx context.Context, ref runtime.Ref) (runtime.Isolation, error) {
	ctx, cancel := context.WithTimeout(ctx, isolationTime)
	defer cancel()
	i := runtime.Isolation{At: time.Now()}
	if err := ref.Check(); err != nil {
		return i, err
	}
	t, err := a.target(ctx, ref)
	switch {
	case errors.Is(err, runtime.ErrWrongState):
		i.Config = a.isolationConfig(ctx, ref, time.Time{})
		return i, nil
	case err != nil:
		return i, err
	}
	// What is read of its pid is its own: the life held a pidfd before, and holds
	// it afterwards.
	l := a.known(ref)
	if l == nil || l.pid != t.Init {
		return i, fmt.Errorf("%w: it has stopped meanwhile", runtime.ErrWrongState)
	}
	others := a.inits(ref)
	i, err = aside(ctx, a.examiner, ref, func() (runtime.Isolation, error) { return a.examiner.fs.Isolation(ctx, t, others) })
	if now := a.known(ref); now != l {
		return runtime.Isolation{At: i.At}, fmt.Errorf("%w: it has stopped meanwhile", runtime.ErrWrongState)
	}
	if err != nil {
		return i, err
	}
	i.Begin = l.begin
	i.Config = a.isolationConfig(ctx, ref, l.started)
	return i, nil
}

// inits are those of all other containers that are known to run.
func (a *Adapter) inits(but runtime.Ref) map[runtime.Ref]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make(map[runtime.Ref]int, len(a.lives))
	for ref, l := range a.lives {
		if ref != but && l.alive() {
			all[ref] = l.pid
		}
	}
	return all
}

// isolationConfig lets liblxc read the configuration, if it is one that may be
// loaded here, and takes what bears on isolation. started is when the container
// did; zero = it does not run.
func (a *Adapter) isolationConfig(ctx context.Context, ref runtime.Ref, started time.Time) runtime.IsolationConfig {
	var c runtime.IsolationConfig
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	found := in.inspect(ref)
	if found.err == nil {
		var err error
		c.Settings, err = inLXC(ctx, a, ref, func() ([]runtime.Setting, error) {
			all, err := handle(ref, isolationSettings)
			return keptOrDropped(all, found.files), err
		})
		found.err = err
	}
	if found.err != nil {
		c.Why = found.err.Error()
		return c
	}
	c.Read, c.More, c.DevicesKey = true, len(c.Settings) >= maxSettings, a.examiner.fs.DevicesKey()
	for _, f := range found.files {
		// A directory of includes changes with the files in it.
		if at := time.Unix(0, max(f.mtime, f.ctime)); !started.IsZero() && at.After(started) && at.After(c.Changed) {
			c.Changed = at
		}
	}
	a.addFstab(ctx, ref, &c, started)
	return c
}

// isolationSettings asks liblxc for the values of isolationKeys.
func isolationSettings(c *golxc.Container) ([]runtime.Setting, error) {
	var all []runtime.Setting
	add := func(key string, values ...string) {
		for _, v := range values {
			if v == "" || v == "(null)" || v == "0" || len(all) >= maxSettings { // not set
				continue
			}
			if len(v) > maxSetting {
				v = v[:maxSetting] + "..."
			}
			all = append(all, runtime.Setting{Key: key, Value: v})
		}
	}
	for _, key := range isolationKeys() {
		values := items(c, key)
		if strings.HasPrefix(key, "lxc.cap.") { // liblxc gives a line for each
			values = []string{strings.Join(values, " ")}
		}
		add(key, values...)
	}
	for n := range min(maxNetTypes, len(items(c, "lxc.net"))) {
		key := fmt.Sprintf("lxc.net.%d.type", n)
		add(key, items(c, key)...)
	}
	for _, prefix := range []string{"lxc.cgroup", "lxc.cgroup2"} {
		// Asked for all, liblxc gives "devices.allow = c 1:3 rwm" in the order in which
		// they are applied (get_config_cgroup of confile.c).
		for _, line := range items(c, prefix) {
			key, value, ok := setting(line)
			if key = strings.TrimPrefix(key, prefix+"."); ok && strings.HasPrefix(key, "devices.") {
				add(prefix+"."+key, value)
			}
		}
	}
	return all, nil
}

// keptOrDropped puts right what liblxc 5 says of capabilities: it keeps one list
// and gives it for both keys (get_config_cap_keep of confile.c), of which a
// configuration may set one. Where the files do not tell which, nobody does.
func keptOrDropped(all []runtime.Setting, files []fileID) []runtime.Setting {
	c := runtime.IsolationConfig{Settings: all}
	if v := c.Values(capKeep); len(v) == 0 || !slices.Equal(v, c.Values(capDrop)) {
		return all
	}
	keep, drop := capsNamed(files)
	wrong := capDrop
	if drop && !keep {
		wrong = capKeep
	}
	all = slices.DeleteFunc(all, func(s runtime.Setting) bool { return s.Key == wrong })
	if drop == keep {
		all[slices.IndexFunc(all, func(s runtime.Setting) bool { return s.Key == capKeep })].Key = runtime.CapKeepOrDrop
	}
	return all
}

const capKeep, capDrop = "lxc.cap.keep", "lxc.cap.drop"

// capsNamed says which of the two keys files set. An empty value takes back what
// was read before: where they stand in several files, of which one has such a
// value, the order would decide, and both may be.
func capsNamed(files []fileID) (keep, drop bool) {
	in, cleared := 0, false
	for _, id := range files {
		var st unix.Stat_t
		if lstat(id.path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR { // of includes, which are files of their own
			continue
		}
		text, err := readRegular(id.path, id)
		if err != nil {
			return true, true
		}
		here := false
		for _, line := range confLines(string(text)) {
			key, value, ok := setting(line)
			if !ok || key != capKeep && key != capDrop {
				continue
			}
			here = true
			switch {
			case value == "":
				keep, drop, cleared = false, false, true
			case key == capKeep:
				keep = true
			default:
				drop = true
			}
		}
		if here {
			in++
		}
	}
	if in > 1 && cleared {
		return true, true
	}
	return keep, drop
}
