package lxc

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// Which root is which. Old roots may be swapped back in any order: what a restore
// has put aside may then lie where another one keeps its own. So what a root is
// called goes by the root itself, not by the journal that keeps it. Before each
// exchange the journal notes what the two roots are that it is about to exchange,
// in the write that begins the exchange: a kill before it leaves both where they
// were, and one after it leaves a journal that knows either.

// knownRoot begins the name of a fact that says what a root is; its identity follows.
const knownRoot = "is "

// origin is where a root comes from.
type origin struct {
	held string    // heldOld or heldMade: what the container had before a restore, or what that has made
	snap string    // the snapshot that was restored
	at   time.Time // when that began
}

func (r origin) String() string {
	return strings.Join([]string{r.held, r.at.Format(time.RFC3339Nano), r.snap}, " ")
}

// parseOrigin reads what String has written. The zero origin is not known.
func parseOrigin(text string) origin {
	f := strings.SplitN(text, " ", 3)
	if len(f) < 3 || f[0] != heldOld && f[0] != heldMade {
		return origin{}
	}
	at, err := time.Parse(time.RFC3339Nano, f[1])
	if err != nil {
		return origin{}
	}
	return origin{f[0], f[2], at}
}

// knows is what a journal knows of a root.
func (j *journal) knows(root string) origin { return parseOrigin(j.fact(knownRoot + root)) }

// rootHere and rootKept identify the root that the container has, and the other
// one: by file handle where they are directories, else by the value of
// lxc.rootfs.path, which names a data set. "" = there is none that can be read.
func (j *journal) rootHere() string { return j.rootAt(j.fact(factUnit), j.ref()) }
func (j *journal) rootKept() string { return j.rootAt(j.fact(factSpare), j.other()) }

func (j *journal) rootAt(unit string, ref runtime.Ref) string {
	if j.fact(factUnit) != "" {
		handle, err := handleOf(unit)
		if err != nil {
			return ""
		}
		return handle
	}
	conf, err := readConfOf(ref)
	if err != nil {
		return ""
	}
	values := conf.values("lxc.rootfs.path")
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// learn notes what the two roots are that are about to be exchanged, and forgets
// all others.
func (j *journal) learn() {
	here, kept := j.rootHere(), j.rootKept()
	is := map[string]origin{}
	if j.fact(factHeld) == "" {
		snap := j.fact(factSnap)
		is[here], is[kept] = origin{heldOld, snap, j.Began}, origin{heldMade, snap, j.Began}
	} else {
		is[here], is[kept] = j.originOf(here), j.knows(kept)
	}
	j.knowOnly(is)
}

func (j *journal) knowOnly(is map[string]origin) {
	maps.DeleteFunc(j.Facts, func(key string, _ []byte) bool { return strings.HasPrefix(key, knownRoot) })
	for root, from := range is {
		if root != "" && from != (origin{}) {
			j.Facts[knownRoot+root] = []byte(from.String())
		}
	}
}

// originOf is what any restore of the container knows of a root: this one, else
// the latest.
func (j *journal) originOf(root string) origin {
	from := j.knows(root)
	for _, other := range slices.Backward(restoresOf(j.ref())) {
		if from == (origin{}) {
			from = other.knows(root)
		}
	}
	return from
}

// whatIsKept says what a restore keeps, and since when that is what it is called.
func (j *journal) whatIsKept() (what string, since time.Time) {
	switch from := j.knows(j.rootKept()); {
	case from.held == heldOld:
		return "the root and config from before the restore of " + from.snap, from.at
	case from.held == heldMade:
		return "what the restore of " + from.snap + " had made, as it was when another root took its place", from.at
	case j.fact(factHeld) == heldMade:
		return "the root and config that it had when the restore of " + j.fact(factSnap) + " was taken back", j.Began
	default:
		return "the root and config that it had when the restore of " + j.fact(factSnap) + " was done", j.Began
	}
}

// passOn tells the other restores of the container what this one knows of the
// root that the container has, before what this one keeps is removed. That is
// forgotten: where handles are inode numbers only, another root may get it.
func (j *journal) passOn() error {
	here, gone := j.rootHere(), j.rootKept()
	from := j.knows(here)
	for _, other := range restoresOf(j.ref()) {
		if other.ID == j.ID || !other.Kept {
			continue
		}
		kept := other.rootKept()
		is := map[string]origin{here: other.knows(here), kept: other.knows(kept)}
		if is[here] == (origin{}) {
			is[here] = from
		}
		delete(is, gone)
		before := maps.Clone(other.Facts)
		if other.knowOnly(is); maps.EqualFunc(before, other.Facts, slices.Equal[[]byte]) {
			continue
		}
		if err := other.keep(); err != nil {
			return err
		}
	}
	return nil
}

// restoresOf are the journals of the restores of a container, the oldest first.
// It looks at no lock, as a helper does that holds the container's own
// (fcntl_locking(2)). One that cannot be read says nothing.
func restoresOf(ref runtime.Ref) (all []*journal) {
	for _, j := range readJournals(ref.Path) {
		if j.Op == runtime.Restore && sameRef(j.ref(), ref) && j.gone() == "" {
			all = append(all, j)
		}
	}
	slices.SortFunc(all, func(a, b *journal) int { return a.Began.Compare(b.Began) })
	return all
}

// gone says that the container that a journal speaks of is not there any more;
// "" = it is.
func (j *journal) gone() string {
	id, err := dirID(j.ref().String())
	switch was := j.fact(factDir); {
	case errors.Is(err, fs.ErrNotExist):
		return "that container is gone"
	case err == nil && was != "" && id != was:
		return "that container is gone, and another one has its name"
	}
	return ""
}

// halfDone refuses an exchange while another one of the container stands half
// done: its roots are found by where they lie.
func halfDone(ref runtime.Ref, but string) error {
	for _, j := range restoresOf(ref) {
		if j.ID != but && !j.Kept && (j.Step == stepExchanging || j.Step == stepConfig) {
			return &runtime.Error{
				Err:  &named{errors.New("a restore of " + j.fact(factSnap) + " was interrupted in the middle"), runtime.ErrInUse},
				Hint: "Finish or undo that first: it is among what was left.",
			}
		}
	}
	return nil
}
