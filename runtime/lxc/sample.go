package lxc

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// Sample reads the kernel's counters of containers and host.
func (a *Adapter) Sample(ctx context.Context, b *runtime.Batch) error {
	err := a.set.Sample(ctx, b)
	for i := range b.Readings {
		a.addKills(&b.Readings[i])
	}
	if b.Host != nil {
		if hostErr := a.host.Sample(b.Host); err == nil {
			err = hostErr
		} else if hostErr != nil {
			err = errors.Join(err, hostErr)
		}
	}
	if err != nil {
		return fail("sample", runtime.Ref{}, err)
	}
	return nil
}

// addKills tells of what was killed in a container that is looked at closely, or
// where something was killed since the reading before. What was before its start is
// of another life in a cgroup of the same name; both times are rounded.
func (a *Adapter) addKills(q *runtime.Reading) {
	q.Killed = nil
	now := q.Sample.Memory.OOMKills
	near := q.Parts != nil && !q.Parts.At.IsZero() && q.Parts.At.Equal(q.Sample.At)
	fresh := q.Tier == runtime.Full && now.Or(0) > 0 && q.Sample.FullAt.Equal(q.Sample.At)
	if q.Err != nil || !near && !fresh {
		return
	}
	l := a.known(q.Ref)
	if l == nil || l.pid != q.InitPID {
		return
	}
	l.mu.Lock()
	fresh = fresh && l.kills != now
	if fresh {
		l.kills = now
	}
	l.mu.Unlock()
	since := l.started.Add(-time.Second)
	if near {
		if a.kills.Fill(q.Parts, q.Sample.Cgroup, since); noKills(&q.Sample.Memory) {
			q.Parts.Kills = q.Parts.Kills[:0]
		}
	}
	if fresh {
		var p runtime.Parts
		a.kills.Fill(&p, q.Sample.Cgroup, since)
		q.Killed = p.Kills
	}
}

// noKills says that the kernel has counted no kill in a container, whatever its
// log may tell. On v1, which has no memory.high, it counts those of the payload
// cgroup itself only, and there may be some below.
func noKills(m *runtime.Memory) bool {
	n, ok := m.OOMKills.Get()
	return ok && n == 0 && !m.High.Absent()
}

// cgroupDirs are the payload directories that a container's running
// configuration names, for cgroup.Locate. Those of LXC's own making are found
// by their name, so liblxc is asked only when that finds nothing, and once in
// a container's life.
func (a *Adapter) cgroupDirs(ref runtime.Ref) []string {
	l := a.known(ref)
	if l == nil {
		return nil
	}
	l.mu.Lock()
	dirs, asked := l.dirs, l.dirsAsked
	l.mu.Unlock()
	if asked {
		return dirs
	}
	at, err := a.set.Locate(l.pid)
	if err != nil || !namedAfter(strings.TrimPrefix(path.Base(at.Any()), payloadPrefix), ref.Name) {
		in := inspector{walk: newWalker(a.trust), cache: a.configs}
		if in.inspect(ref).err == nil {
			dirs, err = a.runningDirs(ref)
			if err != nil {
				return nil
			}
		}
	}
	l.mu.Lock()
	l.dirs, l.dirsAsked, l.at = dirs, true, at
	l.mu.Unlock()
	return dirs
}

// payloadPrefix is what liblxc puts before the name of a container's cgroup.
const payloadPrefix = "lxc.payload."

// runningDirs asks liblxc where a running container's cgroup was put
// (lxc.container.conf(5), lxc.system.conf(5)).
func (a *Adapter) runningDirs(ref runtime.Ref) ([]string, error) {
	return inLXC(context.Background(), a, ref, func() ([]string, error) {
		return handle(ref, func(c *golxc.Container) ([]string, error) { return configuredDirs(c, ref.Name), nil })
	})
}

// configuredDirs are the payload directories that the running configuration of
// an open container names.
func configuredDirs(c *golxc.Container, name string) []string {
	dirs := values(c.RunningConfigItem("lxc.cgroup.dir.container"))
	for _, d := range values(c.RunningConfigItem("lxc.cgroup.dir")) {
		dirs = append(dirs, path.Join(d, payloadPrefix+name))
	}
	// One that was started in the cgroup of another container stays in it, and is no part
	// of what that is told to take alone.
	if slices.Contains(values(c.RunningConfigItem("lxc.cgroup.relative")), "1") {
		dirs = append(dirs, payloadPrefix+name)
	}
	if p := golxc.GlobalConfigItem("lxc.cgroup.pattern"); p != "" {
		dirs = append(dirs, path.Join(strings.ReplaceAll(p, "%n", name), "payload"))
	}
	return dirs
}
