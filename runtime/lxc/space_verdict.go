package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// Something is called an orphan only if all was read that could need it, and does not.
// Whoever believes that word may remove it: what is not known counts as needed.

// needs are the paths that configs name, with links followed, and who names them.
type needs struct {
	paths []string // sorted
	users map[string][]runtime.Ref
	said  map[string]bool // by a config: a container's own directory need not be
	words map[string]runtime.Ref
	fresh time.Duration // see spaceTimes
}

// verdicts judges what is no container, when all configs were looked at.
func (r *spaceRun) verdicts() {
	var names []string
	named, dirs := map[string][]runtime.Ref{}, map[string]runtime.Ref{}
	r.event(func() {
		for name, refs := range r.named {
			names = append(names, name)
			named[name] = slices.Clone(refs)
		}
		for dir, ref := range r.dirs {
			if named[dir] == nil {
				names = append(names, dir)
			}
			dirs[dir] = ref
		}
	})
	slices.Sort(names)
	n := needs{users: map[string][]runtime.Ref{}, said: map[string]bool{}, fresh: r.a.space.times.fresh}
	unread := r.runElsewhere()
	p, err := spaceHelper()
	if err == nil {
		err = talk(r.ctx, p, &spaceAsk{Follow: names}, func(t *spaceTold) {
			for _, at := range t.Places {
				n.users[at.Real] = append(n.users[at.Real], named[at.Path]...)
				n.said[at.Real] = n.said[at.Real] || len(named[at.Path]) > 0
				if ref, is := dirs[at.Path]; is {
					n.users[at.Real] = append(n.users[at.Real], ref)
				}
			}
		}, func(since time.Time) bool { return time.Since(since) < r.a.space.times.survey })
		endSpace(p)
	}
	if errors.Is(err, errMute) {
		err = fmt.Errorf("no answer in %s", r.a.space.times.survey)
	}
	if err != nil {
		unread = append(unread, fmt.Sprintf("the paths that configs name could not be followed: %v", err))
	}
	for path := range n.users {
		n.paths = append(n.paths, path)
	}
	slices.Sort(n.paths)
	r.event(func() {
		n.words = r.words
		r.report.Unread = append(r.report.Unread, unread...)
		slices.Sort(r.report.Unread)
		r.report.Unread = slices.Compact(r.report.Unread)
		for _, x := range r.extras {
			if x.Use == runtime.UseUnknown {
				x.Use, x.Users, x.Why = n.judge(&x.found, r.report.Unread, time.Now())
				x.free = x.Use == runtime.UseOrphan
				r.settle(x)
			}
		}
	})
}

// settle has the last word on what neither a config nor a sign speaks for: who writes in
// it, be it deep down, or still copies it to there, is seen by the times of what is in
// it, which nobody can set back (ctime of inode(7)).
func (r *spaceRun) settle(x *foundSpace) {
	if !x.free {
		return
	}
	x.Use, x.Why = runtime.UseUnknown, ""
	switch {
	case !x.walked && x.Room.At.IsZero():
		x.Why = "what is in it was not looked at"
	case !x.walked:
		x.Why = "not all that is in it was looked at"
	case time.Since(x.newest) < r.a.space.times.fresh:
		x.Why = fmt.Sprintf("something in it was changed less than %s ago: somebody may use it", minutes(r.a.space.times.fresh))
	default:
		x.Use = runtime.UseOrphan
	}
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", d/time.Minute) }

// judge says who needs something.
func (n *needs) judge(x *foundExtra, unread []string, now time.Time) (use runtime.SpaceUse, users []runtime.Ref, why string) {
	i, _ := slices.BinarySearch(n.paths, x.Real)
	for ; i < len(n.paths) && strings.HasPrefix(n.paths[i], x.Real); i++ {
		if encloses(x.Real, n.paths[i]) {
			users = append(users, n.users[n.paths[i]]...)
		}
	}
	if len(users) > 0 {
		slices.SortFunc(users, order)
		return runtime.UseBy, slices.Compact(users), ""
	}
	for dir := x.Real; dir != "/"; {
		dir = filepath.Dir(dir)
		if by := n.users[dir]; len(by) > 0 && n.said[dir] {
			return runtime.UseUnknown, nil, fmt.Sprintf("%s has to do with %s, in which it lies", by[0].Name, dir)
		}
	}
	if by, is := n.words[filepath.Base(x.Path)]; is {
		return runtime.UseUnknown, nil, fmt.Sprintf("the script of a hook of %s speaks of something of that name", by.Name)
	}
	switch {
	case x.Sign != "":
		return runtime.UseUnknown, nil, x.Sign
	case x.Mounted:
		return runtime.UseUnknown, nil, "a mount of this host has to do with it"
	case x.Busy:
		return runtime.UseUnknown, nil, "an operation is under way there"
	case len(unread) == 1:
		return runtime.UseUnknown, nil, unread[0]
	case len(unread) > 1:
		return runtime.UseUnknown, nil, fmt.Sprintf("%s; and %d more were not read", unread[0], len(unread)-1)
	case x.Changed.IsZero():
		return runtime.UseUnknown, nil, "when it was changed is not known"
	case now.Sub(x.Changed) < n.fresh:
		return runtime.UseUnknown, nil, fmt.Sprintf("it was changed less than %s ago: somebody may be about to use it", minutes(n.fresh))
	}
	return runtime.UseOrphan, nil, ""
}

// runElsewhere says which containers run on this host that are in none of the lxcpaths
// in use: the kernel's list of sockets names them for anybody.
func (r *spaceRun) runElsewhere() []string {
	known := map[string]bool{}
	r.event(func() {
		for ref := range r.all {
			known[socketName(ref)] = true
		}
		for _, ref := range r.dirs {
			known[socketName(ref)] = true
		}
	})
	const other = "a container of another lxcpath (%s) runs"
	var why []string
	var sockets unixSockets
	defer sockets.close()
	err := sockets.each(func(name, _ []byte) {
		socket := string(name)
		if known[socket] {
			return
		}
		dir := strings.TrimSuffix(strings.TrimPrefix(socket, "@"), "/command")
		switch {
		case !strings.HasPrefix(dir, "/"): // a hash of it
			why = append(why, fmt.Sprintf(other, dir))
		case slices.Contains(r.a.about.Paths, filepath.Dir(dir)): // lxc-start -f
			why = append(why, fmt.Sprintf("a container runs as %s, whose config lies elsewhere", dir))
		default:
			why = append(why, fmt.Sprintf(other, filepath.Dir(dir)))
		}
	})
	if err != nil {
		return []string{fmt.Sprintf("which containers run is not known: %v", err)}
	}
	if os.Geteuid() != 0 {
		why = append(why, "what root and other users have may not be read")
	}
	return why
}
