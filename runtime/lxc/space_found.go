package lxc

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// hear takes over what a survey has found, in the loop.
func (r *spaceRun) hear(ask *spaceAsk, t *spaceTold) {
	r.report.Unread = append(r.report.Unread, t.Unread...)
	switch {
	case t.Missing && !ask.Names && r.a.given: // else LXC's own, which has no containers yet
		r.report.Problems = append(r.report.Problems, ask.Survey+": it is not there any more")
	case t.FS != nil && !ask.Names:
		r.system(t.FS, ask.Survey)
		if shared(t.FS.Type) {
			r.report.Unread = append(r.report.Unread, fmt.Sprintf("%s lies on %s: other hosts may use it too", ask.Survey, t.FS.Type))
		}
	case t.Container != nil:
		ref := runtime.Ref{Path: ask.Survey, Name: t.Container.Name}
		if t.Container.Unread != "" {
			r.report.Unread = append(r.report.Unread, t.Container.Unread)
		}
		for _, name := range t.Container.Names {
			r.named[name] = append(r.named[name], ref)
		}
		for _, word := range t.Container.Words {
			r.words[word] = ref
		}
		r.dirs[ref.String()] = ref
		if !ask.Names && !t.Container.Hidden && r.wanted(ref) {
			r.found(ref, t.Container)
		}
	case t.Extra != nil:
		r.lies(t.Extra)
	}
}

// shared says whether other hosts may have a file system of a kind, with containers of
// their own.
func shared(kind string) bool {
	return slices.Contains([]string{"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs", "gfs2", "ocfs2", "lustre", "virtiofs", "vboxsf", "beegfs"}, kind) ||
		strings.HasPrefix(kind, "fuse")
}

// system notes a file system; lxcpath "" = a root lies on it. It gives its mount point.
func (r *spaceRun) system(f *foundFS, lxcpath string) string {
	mount := f.Mount
	if mount == "" {
		if mount = lxcpath; mount == "" {
			return ""
		}
	}
	s := r.systems[mount]
	if s == nil {
		s = &runtime.FileSystem{Mount: mount}
		r.systems[mount] = s
	}
	s.Type, s.Why = f.Type, f.Why
	if f.Why == "" {
		s.Total, s.Used, s.Free = runtime.Of(f.Total), runtime.Of(f.Used), runtime.Of(f.Free)
	}
	if lxcpath != "" && !slices.Contains(s.Paths, lxcpath) {
		s.Paths = append(s.Paths, lxcpath)
		slices.Sort(s.Paths)
	}
	return mount
}

// found makes the parts of a container, and the jobs that weigh them.
func (r *spaceRun) found(ref runtime.Ref, f *foundContainer) {
	c := &runtime.ContainerSpace{Ref: ref, StoreWhy: f.Why}
	r.all[ref] = c
	// Rooms are written to where they lie: parts must not move.
	c.Parts = make([]runtime.SpacePart, 0, len(f.Snaps)+maxKept)
	var jobs []*spaceJob
	if f.Why != "" {
		j := r.part(c, runtime.SpacePart{Kind: runtime.SpaceWhole, Path: ref.String()}, "")
		j.ask.NoLink = true
		r.enqueue(false, j)
		return
	}
	s := storeOf(f.Root)
	c.Store = s.kind
	if f.Root == "" {
		c.Store, c.StoreWhy = "", "its config names no root"
	} else {
		jobs = append(jobs, r.root(c, s)...)
	}
	for _, snap := range f.Snaps {
		jobs = append(jobs, r.snapshot(c, snap)...)
	}
	if f.More {
		c.Parts = append(c.Parts, runtime.SpacePart{
			Kind: runtime.SpaceSnapshot, Name: "and more", Room: runtime.Room{Why: fmt.Sprintf("there are more than %d snapshots", maxParts)},
		})
	}
	if f.LogNum > 0 {
		c.Parts = append(c.Parts, runtime.SpacePart{
			Kind: runtime.SpaceLogs, Path: f.LogAt, Room: runtime.Room{Bytes: runtime.Of(uint64(f.Logs)), Files: uint64(f.LogNum), At: time.Now()},
		})
	}
	slices.Sort(f.Skip)
	if i := slices.IndexFunc(jobs, func(j *spaceJob) bool { return j.ask.Walk == ref.String() && j.value == "" }); i >= 0 {
		jobs[i].ask.Skip = f.Skip // the root is all of its directory
	} else {
		j := r.part(c, runtime.SpacePart{Kind: runtime.SpaceOther, Path: ref.String()}, "")
		j.ask.Skip = f.Skip
		jobs = append(jobs, j)
	}
	r.enqueue(false, jobs...)
}

// maxKept is how many parts a container may have beside its snapshots.
const maxKept = 32

// root is the part that is the root, with what weighs it.
func (r *spaceRun) root(c *runtime.ContainerSpace, s rootStore) []*spaceJob {
	p := runtime.SpacePart{Kind: runtime.SpaceRoot, Path: s.path}
	switch s.kind {
	case storeOverlay:
		p.Kind = runtime.SpaceChanges
		if liesIn(c.Ref.String(), s.unit()) { // elsewhere such a directory may hold those of others
			p.Path = s.unit()
		}
	case storeLVM, storeZFS:
		j := r.part(c, p, s.value)
		jobs := []*spaceJob{j}
		if s.kind == storeZFS && j != nil {
			jobs = append(jobs, r.part(c, runtime.SpacePart{Kind: runtime.SpaceHeld, Path: s.path}, "snapshots of "+s.value))
		}
		return jobs
	case storeDir, storeBtrfs, "loop":
	default:
		p.Room.Why = "its root lies in a volume (" + s.kind + "), which is not asked"
		c.Parts = append(c.Parts, p)
		return nil
	}
	if liesIn(p.Path, c.Ref.Path) {
		p.Room.Why = p.Path + " is its root, and holds the lxcpath too: it is not the container's alone"
		c.Parts = append(c.Parts, p)
		return nil
	}
	j := r.part(c, p, "")
	room := j.room
	j.after = func(w *walked) {
		c.FS = r.system(&w.FS, "")
		r.sharesRoot(c, room, w.ID)
		switch {
		case w.Block:
			// A bare path: lvm_detect of liblxc goes by what lies there.
			*room = runtime.Room{}
			c.Store = storeLVM
			r.ask(&spaceJob{name: c.Ref.Name, value: storeLVM + ":" + s.path, room: room})
		case w.Sub:
			c.Store = storeBtrfs
			sharesBlocks(c)
		}
	}
	return []*spaceJob{j}
}

// ask asks a store about what was found to be a volume, when those who ask may all have
// left.
func (r *spaceRun) ask(j *spaceJob) {
	r.enqueue(false, j)
	r.queue.worker("volumes", func(error) {}, r.asks)
}

// sharesRoot says of containers that have one root that it counts in each of them.
func (r *spaceRun) sharesRoot(c *runtime.ContainerSpace, room *runtime.Room, id treeID) {
	said := func(mine, other runtime.Ref, p *runtime.SpacePart) {
		name := other.Name
		if mine.Name == name {
			name = other.String() // of another lxcpath
		}
		p.Shared = "its root is that of " + name + " too, and counts in each of them"
	}
	mine := slices.IndexFunc(c.Parts, func(p runtime.SpacePart) bool { return p.Kind == runtime.SpaceRoot || p.Kind == runtime.SpaceChanges })
	if mine < 0 || &c.Parts[mine].Room != room {
		return
	}
	first, known := r.roots[id]
	if !known {
		r.roots[id] = sharedRoot{c.Ref, &c.Parts[mine]}
		return
	}
	said(c.Ref, first.ref, &c.Parts[mine])
	if first.part.Shared == "" {
		said(first.ref, c.Ref, first.part)
	}
}

// sharesBlocks says of all parts of a container on btrfs that they may share blocks.
func sharesBlocks(c *runtime.ContainerSpace) {
	for i := range c.Parts {
		if k := c.Parts[i].Kind; k == runtime.SpaceRoot || k == runtime.SpaceSnapshot {
			c.Parts[i].Shared = "subvolumes of btrfs share blocks, which count in each of them"
		}
	}
}

func (r *spaceRun) snapshot(c *runtime.ContainerSpace, snap foundSnap) []*spaceJob {
	at := runtime.Ref{Path: snapsDir(c.Ref), Name: snap.Name}.String()
	p := runtime.SpacePart{Kind: runtime.SpaceSnapshot, Name: snap.Name, Path: at, Taken: snap.Taken}
	switch s := storeOf(snap.Root); s.kind {
	case storeLVM, storeZFS:
		return []*spaceJob{r.part(c, p, s.value)}
	case storeBtrfs:
		p.Shared = "subvolumes of btrfs share blocks, which count in each of them"
	}
	return []*spaceJob{r.part(c, p, "")}
}

// part adds a part to a container and gives what weighs it.
func (r *spaceRun) part(c *runtime.ContainerSpace, p runtime.SpacePart, value string) *spaceJob {
	c.Parts = append(c.Parts, p)
	name := c.Ref.Name
	if p.Name != "" {
		name += " " + p.Name
	}
	return &spaceJob{name: name, ask: spaceAsk{Walk: p.Path}, value: value, room: &c.Parts[len(c.Parts)-1].Room}
}

// enqueue counts jobs and hands them out. Of what only root may ask a store it says so.
func (r *spaceRun) enqueue(late bool, jobs ...*spaceJob) {
	var todo []*spaceJob
	for _, j := range jobs {
		if j.value != "" && os.Geteuid() != 0 {
			j.room.Why = "its root lies in a volume: only root may ask how large that is"
			continue
		}
		if j.key = j.ask.Walk + "\x00" + strings.Join(j.ask.Skip, "/"); j.value == "" {
			r.used[j.key] = true
		}
		r.report.Of++
		todo = append(todo, j)
	}
	r.queue.add(late, todo...)
}

// lies takes over what is no container. What is kept for one that is there is a part of
// that.
func (r *spaceRun) lies(f *foundExtra) {
	x := &foundSpace{found: *f}
	x.SpaceExtra = runtime.SpaceExtra{Kind: f.Kind, Path: f.Path, What: f.What, Changed: f.Changed, Why: "the configs are still being read"}
	switch {
	case f.System:
		x.Use, x.Why = runtime.UseSystem, ""
	case f.Kind == "cache":
		x.Use, x.Why = runtime.UseCache, ""
	case f.Kept:
		x.Use, x.Why = runtime.UseKept, ""
	}
	if c := r.all[f.Owner]; f.Kept && c != nil && len(c.Parts) < cap(c.Parts) {
		j := r.part(c, runtime.SpacePart{Kind: runtime.SpaceKept, Name: f.What, Path: f.Path, Taken: f.Changed}, "")
		j.ask.NoLink = true
		r.enqueue(false, j)
		return
	}
	if len(r.q.Refs) > 0 {
		return // only what is a container's was asked for
	}
	r.extras = append(r.extras, x)
	j := &spaceJob{name: f.Path, ask: spaceAsk{Walk: f.Path, NoLink: true}, room: &x.Room, anew: x.Use == runtime.UseUnknown}
	j.after = func(w *walked) {
		x.walked, x.newest = w.Least == "", w.Newest
		r.settle(x)
	}
	r.enqueue(true, j)
}
