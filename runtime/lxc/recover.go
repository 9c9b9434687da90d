package lxc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// recovery is what can be done about the journal of one kind of operation.
type recovery struct {
	// left says what was left, as a sentence, and the ways out, the best first.
	left func(j *journal) (what string, ways []runtime.RecoverWay)
	// do goes one of these ways. The journal ends with it, unless something is
	// kept still.
	do func(o *operation, j *journal, way runtime.RecoverWay) error
}

// recoveryOf is the one table of what can be recovered.
func recoveryOf(op runtime.Op) (recovery, bool) {
	switch op {
	case runtime.Create:
		return recovery{leftCreate, recoverCreate}, true
	case runtime.Destroy:
		return recovery{leftDestroy, recoverDestroy}, true
	case runtime.Clone:
		return recovery{leftClone, recoverClone}, true
	case runtime.Rename:
		return recovery{leftRename, recoverRename}, true
	case runtime.Pack:
		return recovery{leftPack, recoverPack}, true
	case runtime.Unpack:
		return recovery{leftUnpack, recoverUnpack}, true
	case runtime.Snapshot:
		return recovery{leftSnapshot, recoverSnapshot}, true
	case runtime.DeleteSnapshot:
		return recovery{leftDeleteSnapshot, recoverDeleteSnapshot}, true
	case runtime.Run:
		return recovery{leftRun, recoverRun}, true
	case runtime.Restore:
		return recovery{leftRestore, recoverRestore}, true
	case runtime.RestoreAs:
		return recovery{leftRestoreAs, recoverRestoreAs}, true
	default:
		return recovery{}, false
	}
}

// told is what a Leftover says of a journal.
func (r recovery) told(j *journal) (what string, ways []runtime.RecoverWay, since time.Time) {
	what, ways = r.left(j)
	if j.Op == runtime.Restore && j.Kept {
		_, since = j.whatIsKept()
		return what, ways, since
	}
	return what, ways, j.Began
}

// brokenRef stands for a journal that cannot be read: nobody knows whose it is.
func brokenRef(lxcpath string) runtime.Ref { return runtime.Ref{Path: lxcpath, Name: deckDir} }

// Leftovers reads the journals of all lxcpaths but those of others.
func (a *Adapter) Leftovers(ctx context.Context) ([]runtime.Leftover, error) {
	type answer struct {
		all []runtime.Leftover
		err error
	}
	got := make(chan answer, 1)
	runtime.Spawn("leftovers", func(err error) { got <- answer{err: err} }, func() {
		var m answer
		limit, cancel := context.WithTimeout(ctx, sizeTime)
		defer cancel()
		for i, path := range a.about.Paths {
			if slices.ContainsFunc(a.about.Paths[:i], func(p string) bool { return p == path || sameDir(p, path) }) {
				continue // seen, by another name
			}
			// Whoever else can write there could make a journal say anything.
			if as, err := a.userOfPath(path); as != nil || err != nil {
				continue
			}
			found, err := leftovers(limit, path)
			m.all, m.err = append(m.all, found...), errors.Join(m.err, err)
		}
		got <- m
	})
	select {
	case m := <-got:
		if m.err != nil {
			return m.all, fail("leftovers", runtime.Ref{}, m.err)
		}
		return m.all, nil
	case <-ctx.Done():
		return nil, fail("leftovers", runtime.Ref{}, ended(ctx))
	}
}

// leftovers describes the journals of one lxcpath. What is kept is measured
// until ctx ends.
func leftovers(ctx context.Context, lxcpath string) ([]runtime.Leftover, error) {
	found, broken, err := allJournals(lxcpath)
	if errors.Is(err, runtime.ErrPermission) {
		return nil, nil // another user's
	}
	if err != nil {
		return nil, err
	}
	var out []runtime.Leftover
	for _, b := range broken {
		if j := b.astray; j != nil {
			out = append(out, runtime.Leftover{
				ID: b.id, Ref: runtime.Ref{Path: lxcpath, Name: j.ref().Name}, What: j.wherefrom(lxcpath), Since: b.at,
				Where: filepath.Join(lxcpath, deckDir, b.id+journalEnd), Size: -1, Kept: j.Kept,
			})
			continue
		}
		out = append(out, runtime.Leftover{
			ID: b.id, Ref: brokenRef(lxcpath), What: "the record of an operation cannot be read: " + b.err.Error(),
			Since: b.at, Where: filepath.Join(lxcpath, deckDir, b.id+journalEnd), Size: -1, Ways: []runtime.RecoverWay{runtime.Dismiss},
		})
	}
	for _, j := range found {
		l := runtime.Leftover{ID: j.ID, Ref: j.ref(), Since: j.Began, Size: -1, Kept: j.Kept}
		if dir := j.workDir(); exists(dir) {
			l.Where, l.Size = dir, keptSize(ctx, j)
		}
		if size, there, err := j.draft(); there || err != nil {
			l.Where = j.fact(factDraft)
			if err == nil {
				l.Size = size
			}
		}
		if r, ok := recoveryOf(j.Op); ok {
			l.What, l.Ways, l.Since = r.told(j)
		} else {
			l.What = "an operation was interrupted that this lxcdeck does not know: its record can be removed, but not what it has made"
			l.Ways = []runtime.RecoverWay{runtime.Dismiss}
		}
		out = append(out, l)
	}
	return out, nil
}

// wherefrom is what is said of a journal that is astray.
func (j *journal) wherefrom(lxcpath string) string {
	what := "a " + j.Verb + " of it was interrupted"
	if j.Kept {
		what = "something of a " + j.Verb + " of it is kept"
	}
	return fmt.Sprintf("%s when its lxcpath was called %s: make that name lead to %s again, as by a symbolic link, and it can be cleared",
		what, j.Path, lxcpath)
}

// keptSize is what a journal keeps, in bytes on disk; -1 = not known, as where
// it does not lie in its directory, or shares its blocks with others.
func keptSize(ctx context.Context, j *journal) int64 {
	if kind := j.fact(factWay); kind != storeDir && kind != storeOverlay {
		return -1
	}
	size, err := measure(j.workDir(), ctx.Err)
	if err != nil {
		return -1
	}
	return size.disk
}

// recover goes one way out of what was left. The journal is read alone: to look
// whether others are held would drop this process's own lock (fcntl_locking(2)).
func (o *operation) recover() error {
	a, ok := o.q.Args.(*runtime.RecoverArgs)
	if !ok {
		return fmt.Errorf("%w: no leftover is named", runtime.ErrInvalid)
	}
	dir := filepath.Join(o.q.Ref.Path, deckDir)
	gone := fmt.Errorf("%w: %s", runtime.ErrNoLeftover, a.ID)
	if err := ownDeckDir(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return gone
		}
		return err
	}
	j, err := readJournal(dir, a.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return gone
	case err != nil && o.q.Ref == brokenRef(o.q.Ref.Path) && a.Way == runtime.Dismiss:
		j = &journal{ID: a.ID, Path: []byte(o.q.Ref.Path)}
		return j.end()
	case err != nil:
		return err
	case j.ref() != o.q.Ref:
		return gone
	}
	r, ok := recoveryOf(j.Op)
	switch {
	case !ok && a.Way == runtime.Dismiss:
		return j.end()
	case !ok:
		return fmt.Errorf("%w: %s is not known to this lxcdeck", runtime.ErrUnsupported, a.ID)
	}
	what, ways, since := r.told(j)
	switch {
	case !a.Means(what, since):
		return &named{errors.New("it is something else by now: " + what), runtime.ErrNoLeftover}
	case !slices.Contains(ways, a.Way):
		return fmt.Errorf("%w: it cannot be cleared that way: %s", runtime.ErrInvalid, a.Way)
	}
	if busy := holder(goesOn(o.q.Ref)); busy != nil {
		return busy
	}
	if made := j.made(); made.Name != "" {
		if err := made.Check(); err != nil {
			return fmt.Errorf("journal %s: %w", j.ID, err)
		}
		// That of the request is held already, and is another one.
		dir, err := holdDir()
		if err != nil {
			return err
		}
		h, err := hold(dir, made, runtime.Recover, unix.F_WRLCK)
		if err != nil {
			return err
		}
		defer h.Close()
	}
	if touches := j.Op == runtime.Restore || j.Op == runtime.Destroy; touches && a.Way != runtime.Dismiss {
		if err := notElsewhere(o.q.Ref); err != nil {
			return err
		}
	}
	endOrphans(j)
	return r.do(o, j, a.Way)
}

// endOrphans ends the rsync that a killed helper has left: liblxc's own fork ends
// with the helper, but not what that has started. They are known by their session,
// which was the helper's: its number stands at the end of the journal's. That may
// be another's session by now: what is older than the journal, or than the boot
// after it, has nothing to do with it.
func endOrphans(j *journal) {
	_, number, _ := cutLast(j.ID, "-")
	leader, err := strconv.Atoi(number)
	if err != nil || leader <= 1 || leader == os.Getpid() {
		return
	}
	if f, err := statFields(leader); err == nil {
		// Whose parent was killed too stays a zombie where init takes in no children,
		// as in many a container. All else is another process of that number.
		if at, err := startTime(leader); f[0] != "Z" || err != nil || at.After(j.Began.Add(time.Second)) {
			return
		}
	}
	if boot, err := startTime(1); err != nil || boot.After(j.Began) {
		return // nothing of it has outlived the host, or the container that lxcdeck runs in
	}
	for until := time.Now().Add(reapTime); time.Now().Before(until); time.Sleep(pollEvery) {
		left := false
		eachPID(func(pid int) {
			fields, err := statFields(pid)
			// Field 6 of proc_pid_stat(5) is the session.
			if err != nil || fields[0] == "Z" || fields[3] != strconv.Itoa(leader) {
				return
			}
			name, err := readProc("/proc/" + strconv.Itoa(pid) + "/comm")
			began, terr := startTime(pid)
			if err == nil && terr == nil && strings.TrimSpace(string(name)) == "rsync" && began.After(j.Began.Add(-time.Second)) {
				left = true
				signalSessionMember(pid, leader, unix.SIGKILL)
			}
		})
		if !left {
			return
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
