package fake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lxcdeck/runtime"
)

// Lie puts something on the host that lies among containers and is none.
func (r *Runtime) Lie(extras ...runtime.SpaceExtra) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.extras = append(r.extras, extras...)
}

// spaceWalk is how long the fake takes for a container that was not measured before,
// as a disk would: of the latency of operations.
const spaceWalk = 2

// Space gives invented sizes that follow the containers' names, one after the other.
func (r *Runtime) Space(ctx context.Context, q runtime.SpaceQuery, told func(runtime.SpaceReport)) (runtime.SpaceReport, error) {
	if err := r.enter(ctx, Measure, runtime.Ref{}); err != nil {
		return runtime.SpaceReport{}, wrap("space", runtime.Ref{}, err)
	}
	rep, missing := r.spaces(q)
	tell := func() {
		if told != nil {
			c := rep
			c.Containers, c.Extras = slices.Clone(rep.Containers), slices.Clone(rep.Extras)
			for i := range c.Containers {
				c.Containers[i].Parts = slices.Clone(c.Containers[i].Parts)
			}
			told(c)
		}
	}
	for i := range rep.Containers {
		c := &rep.Containers[i]
		rep.Now = c.Ref.Name
		r.mu.Lock()
		known, ok := r.measured[c.Ref]
		r.mu.Unlock()
		if !ok || q.Fresh {
			rep.NowFiles = uint64(len(c.Ref.Name)) * 12345
			tell()
			if err := r.opts.Clock.Sleep(ctx, r.opts.Latency/spaceWalk); err != nil {
				return rep, wrap("space", runtime.Ref{}, cancelled(err))
			}
		}
		own := r.strikeNow(c.Ref)
		if own.Stuck {
			c.Parts[0].Room.Silent = r.Now()
			tell()
		}
		if err := r.suffer(ctx, own); err != nil {
			if ctx.Err() != nil {
				return rep, wrap("space", runtime.Ref{}, err)
			}
			c.Parts = []runtime.SpacePart{{Kind: runtime.SpaceWhole, Path: c.Ref.String(), Room: runtime.Room{Why: err.Error()}}}
			rep.Unread = append(rep.Unread, fmt.Sprintf("the config of %s is not read: %v", c.Ref.Name, err))
		} else {
			if !ok || q.Fresh {
				known = r.Now()
			}
			r.weigh(c, known)
		}
		rep.Done++
		tell()
	}
	rep.Now, rep.NowFiles = "", 0
	tell()
	return rep, missing
}

func (r *Runtime) strikeNow(ref runtime.Ref) Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.strike(Measure, ref)
}

// weigh fills in what a container takes.
func (r *Runtime) weigh(c *runtime.ContainerSpace, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.boxes[c.Ref]
	if b == nil {
		c.Gone = true
		return
	}
	r.measured[c.Ref] = at
	r.parts(c, b, at)
}

// parts gives a container its parts, at the zero time without figures. Callers hold r.mu.
func (r *Runtime) parts(c *runtime.ContainerSpace, b *box, at time.Time) {
	room := func(n uint64) runtime.Room {
		if at.IsZero() {
			return runtime.Room{}
		}
		return runtime.Room{Bytes: runtime.Of(n), Files: n/9000 + 1, At: at}
	}
	path := c.Ref.String()
	if b.spec.Foreign != nil || b.spec.Problem != nil {
		c.StoreWhy = "its config is not read"
		if b.spec.Problem != nil {
			c.StoreWhy = b.spec.Problem.Error()
		}
		c.Parts = []runtime.SpacePart{{Kind: runtime.SpaceWhole, Path: path, Room: room(140<<20 + uint64(b.phase*1e8))}}
		return
	}
	c.Store, c.FS, c.Parts = "dir", "/", nil
	root := runtime.SpacePart{Kind: runtime.SpaceRoot, Path: path + "/rootfs", Room: room(180<<20 + uint64(b.phase*1e8) + b.spec.Load.Memory/2)}
	if b.spec.Base != (runtime.Ref{}) {
		c.Store = "overlay"
		root = runtime.SpacePart{Kind: runtime.SpaceChanges, Path: path + "/overlay", Room: room(3<<20 + uint64(b.phase*1e6))}
	}
	c.Parts = append(c.Parts, root)
	for _, s := range b.spec.Snapshots {
		c.Parts = append(c.Parts, runtime.SpacePart{
			Kind: runtime.SpaceSnapshot, Name: s.Name, Path: filepath.Join(path, "snaps", s.Name), Taken: s.Taken, Room: room(uint64(max(0, s.Size))),
		})
	}
	for _, l := range r.leftovers {
		if l.Ref == c.Ref && l.Where != "" {
			c.Parts = append(c.Parts, runtime.SpacePart{Kind: runtime.SpaceKept, Name: l.What, Path: l.Where, Taken: l.Since, Room: room(uint64(max(0, l.Size)))})
		}
	}
	c.Parts = append(c.Parts,
		runtime.SpacePart{Kind: runtime.SpaceLogs, Path: "/var/log/lxc/" + c.Ref.Name + ".log", Room: room(4096)},
		runtime.SpacePart{Kind: runtime.SpaceOther, Path: path, Room: room(8192)})
}

// spaces is a report in which nothing is measured yet.
func (r *Runtime) spaces(q runtime.SpaceQuery) (runtime.SpaceReport, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rep := runtime.SpaceReport{At: r.Now()}
	var errs []error
	for _, ref := range q.Refs {
		if err := ref.Check(); err != nil {
			errs = append(errs, wrap("space", ref, err))
		} else if r.boxes[ref] == nil {
			errs = append(errs, wrap("space", ref, runtime.ErrNotFound))
		}
	}
	for ref, b := range r.boxes {
		if slices.Contains(r.opts.Paths, ref.Path) && (len(q.Refs) == 0 || slices.Contains(q.Refs, ref)) {
			c := runtime.ContainerSpace{Ref: ref}
			r.parts(&c, b, time.Time{})
			rep.Containers = append(rep.Containers, c)
		}
	}
	slices.SortFunc(rep.Containers, func(a, b runtime.ContainerSpace) int { return order(a.Ref, b.Ref) })
	rep.Of = len(rep.Containers)
	rep.FileSystems = []runtime.FileSystem{{
		Mount: "/", Type: "ext4", Total: runtime.Of(220 << 30), Used: runtime.Of(171 << 30), Free: runtime.Of(38 << 30), Paths: slices.Clone(r.opts.Paths),
	}}
	if len(q.Refs) == 0 {
		rep.Extras = slices.Clone(r.extras)
		for _, x := range rep.Extras {
			if x.Use == runtime.UseUnknown && x.Why != "" {
				rep.Unread = append(rep.Unread, x.Why)
			}
		}
		slices.Sort(rep.Unread)
		rep.Unread = slices.Compact(rep.Unread)
	}
	return rep, errors.Join(errs...)
}

// demoExtras are what lies about on the demo's host.
func demoExtras(now time.Time) []runtime.SpaceExtra {
	const why = "the config of sandbox is not read: configuration belongs to another user (uid 1000)"
	room := func(n uint64) runtime.Room { return runtime.Room{Bytes: runtime.Of(n), Files: n/9000 + 1, At: now} }
	const day = 24 * time.Hour
	return []runtime.SpaceExtra{
		{Kind: "cache", Path: "/var/cache/lxc/download/alpine/3.21/amd64/default", Changed: now.Add(-12 * day), Use: runtime.UseCache, Room: room(3 << 20)},
		{Kind: "cache", Path: "/var/cache/lxc/download/debian/bookworm/amd64/default", Changed: now.Add(-90 * day), Use: runtime.UseCache, Room: room(98 << 20)},
		{Kind: "directory", Path: "/var/lib/lxc/golden", Changed: now.Add(-200 * day), Use: runtime.UseBy,
			Users: []runtime.Ref{{Path: "/var/lib/lxc", Name: "staging"}}, Room: room(512 << 20)},
		{Kind: "directory", Path: "/var/lib/lxc/lost+found", Changed: now.Add(-400 * day), What: "what fsck(8) has found", Use: runtime.UseSystem, Room: room(16384)},
		{Kind: "directory", Path: "/var/lib/lxc/old-wiki", Changed: now.Add(-310 * day), What: "no container any more, with 2 snapshots", Why: why, Room: room(1700 << 20)},
		{Kind: "draft", Path: "/srv/backup/mail.tar.zst.part", Changed: now.Add(-6 * day), What: "a pack of mail was interrupted", Use: runtime.UseKept, Room: room(820 << 20)},
	}
}
