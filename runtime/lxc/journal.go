package lxc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// What an operation of several steps is about to do stands in a journal before
// it does it, so that the next start can tell what one that was killed has left,
// and finish or undo it. Journals lie in a hidden directory of the lxcpath, which
// is no container to liblxc (its lists leave hidden names out), beside what they
// speak of: half-made copies and the old roots that restores keep.

const (
	// deckDir is the directory of an lxcpath that is lxcdeck's own.
	deckDir = ".lxcdeck"
	// maxJournal is the largest journal that is read, in bytes.
	maxJournal = 64 << 10
	journalEnd = ".json"
	// tempBegin begins the name of a file that is being written; its writer's number follows.
	tempBegin = ".lxcdeck-"
)

// journal is the record of one operation that is not over, or of something that
// it keeps on purpose. Paths are bytes: a name need not be UTF-8.
type journal struct {
	ID    string     // file name without its end, and what RecoverArgs name
	Op    runtime.Op `json:"-"` // which is under way
	Verb  string     // its name: the numbers are another lxcdeck's in other versions
	Path  []byte     // lxcpath and
	Name  []byte     // name of the Request's container
	Began time.Time
	Step  string            // the last step that was begun, in the operation's own words
	Facts map[string][]byte // what finishing or undoing it has to know
	Kept  bool              // nothing is under way: something is kept until it is dismissed
}

func (j *journal) ref() runtime.Ref { return runtime.Ref{Path: string(j.Path), Name: string(j.Name)} }

// fact is one of the facts as text; "" = it is not known.
func (j *journal) fact(key string) string { return string(j.Facts[key]) }

// openJournal begins the journal of an operation. It is on disk when the call
// returns.
func openJournal(op runtime.Op, ref runtime.Ref, step string, facts map[string]string) (*journal, error) {
	j := newJournal(op, ref, step, facts)
	for {
		dir, made, err := makeDeckDir(ref.Path)
		if err == nil {
			err = j.write(dir)
		}
		if err == nil && made {
			err = syncDir(ref.Path)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist) && exists(ref.Path):
			continue // the end of another journal has just removed the directory
		case err != nil && dir != "":
			return nil, errors.Join(err, j.end())
		case err != nil:
			return nil, err
		}
		return j, nil
	}
}

// openIfRoom begins the journal of an operation that makes room. On a disk that
// is full there is none on disk: what makes room must not need any.
func openIfRoom(op runtime.Op, ref runtime.Ref, step string, facts map[string]string) (*journal, error) {
	j, err := openJournal(op, ref, step, facts)
	if noRoom(err) {
		return newJournal(op, ref, step, facts), nil
	}
	return j, err
}

// noRoom says whether it was for want of room that something was not written.
func noRoom(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

func newJournal(op runtime.Op, ref runtime.Ref, step string, facts map[string]string) *journal {
	j := &journal{
		Op: op, Verb: op.String(), Path: []byte(ref.Path), Name: []byte(ref.Name), Began: time.Now().UTC(), Step: step, Facts: map[string][]byte{},
		ID: fmt.Sprintf("%s-%d-%d", op, time.Now().UnixNano(), os.Getpid()),
	}
	for k, v := range facts {
		j.Facts[k] = []byte(v)
	}
	return j
}

// step says what is begun now.
func (j *journal) step(step string) error {
	j.Step = step
	return j.write(filepath.Join(string(j.Path), deckDir))
}

// keep ends the operation, but not the journal: it speaks of what is kept.
func (j *journal) keep() error {
	j.Kept = true
	return j.step("kept")
}

// end removes the journal: everything was done, or undone.
func (j *journal) end() error {
	dir := filepath.Join(string(j.Path), deckDir)
	if err := os.Remove(filepath.Join(dir, j.ID+journalEnd)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("journal: %w", fileErr(err))
	}
	clearDeckDir(dir)
	return nil
}

// clearDeckDir removes what killed writers have left, and the directory if
// nothing else is in it.
func clearDeckDir(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), tempBegin)
		number, _, named := strings.Cut(number, "-")
		pid, err := strconv.Atoi(number)
		if !ok || !named || err != nil {
			continue
		}
		if _, err := statFields(pid); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir) // fails as long as there is something in it
}

// write puts the journal in place at once, or not at all.
func (j *journal) write(dir string) error {
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return writeAtomically(filepath.Join(dir, j.ID+journalEnd), text, 0o600)
}

// writeAtomically replaces a file, or makes it: at every instant its name leads
// to the old text or to the new one, also after a crash of the host.
func writeAtomically(path string, text []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempBegin+strconv.Itoa(os.Getpid())+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, fileErr(err))
	}
	defer func() {
		if err != nil {
			f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(text); err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err // its path is that of the temporary file
		}
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := errors.Join(f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, fileErr(err))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes what was renamed in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fileErr(err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) { // not every file system can
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// makeDeckDir makes lxcdeck's own directory in an lxcpath, if it is not there.
// Nobody else may write there.
func makeDeckDir(lxcpath string) (dir string, made bool, err error) {
	dir = filepath.Join(lxcpath, deckDir)
	err = os.Mkdir(dir, 0o700)
	made = err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", false, fmt.Errorf("journal: %w", fileErr(err))
	}
	return dir, made, ownDeckDir(dir)
}

// ownDeckDir says whether what is found there can be believed.
func ownDeckDir(dir string) error {
	var st unix.Stat_t
	if err := lstat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%w: %s is not a directory that you alone can write", runtime.ErrPermission, dir)
	}
	return nil
}

// brokenJournal is one that cannot be read, or that nothing can be done about.
type brokenJournal struct {
	id  string
	at  time.Time // when it was written last
	err error
	// astray, if not nil, is what it says: of an lxcpath by a name that does not lead
	// there any more, as a symbolic link's that was removed.
	astray *journal
}

// journals reads all journals of an lxcpath that can be read, the oldest first.
// Those of operations that still run are left out: their containers are held.
// mine are those that this process holds itself: to ask for them would drop its
// locks (fcntl_locking(2)), and nobody else works on them. The lxcpath in a journal
// may be another name of this one, such as a symbolic link's: it is cleared by that.
func journals(lxcpath string, mine ...runtime.Ref) ([]*journal, error) {
	out, _, err := allJournals(lxcpath, mine...)
	return out, err
}

// allJournals also gives those that cannot be read, or followed.
func allJournals(lxcpath string, mine ...runtime.Ref) (out []*journal, broken []brokenJournal, err error) {
	dir := filepath.Join(lxcpath, deckDir)
	if err := ownDeckDir(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, nil
		}
		return nil, nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("journals of %s: %w", lxcpath, fileErr(err))
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), journalEnd)
		if !ok || strings.HasPrefix(id, ".") {
			continue
		}
		j, err := readJournal(dir, id)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// It has ended meanwhile.
		case err != nil:
			b := brokenJournal{id: id, err: err}
			if info, err := e.Info(); err == nil {
				b.at = info.ModTime()
			}
			broken = append(broken, b)
		case j.atWork(lxcpath, mine):
		case j.liesIn(lxcpath):
			out = append(out, j)
		default:
			broken = append(broken, brokenJournal{id: id, at: j.Began, astray: j})
		}
	}
	slices.SortFunc(out, func(a, b *journal) int { return a.Began.Compare(b.Began) })
	return out, broken, nil
}

// readJournals reads all journals of an lxcpath that can be read, also those of
// operations that are under way, without asking for anybody's locks.
func readJournals(lxcpath string) []*journal {
	return slices.DeleteFunc(journalsIn(lxcpath), func(j *journal) bool { return !j.liesIn(lxcpath) })
}

// liesIn says whether a journal is of an lxcpath, whatever that is called in it.
func (j *journal) liesIn(lxcpath string) bool {
	return string(j.Path) == lxcpath || sameDir(string(j.Path), lxcpath)
}

// atWork says whether a process works on what a journal of an lxcpath speaks of, other
// than this one, which holds mine.
func (j *journal) atWork(lxcpath string, mine []runtime.Ref) bool {
	refs := []runtime.Ref{j.ref()}
	if !j.liesIn(lxcpath) {
		refs = append(refs, runtime.Ref{Path: lxcpath, Name: j.ref().Name})
	}
	for _, r := range refs {
		if !slices.ContainsFunc(mine, func(m runtime.Ref) bool { return sameRef(m, r) }) && (held(r) || held(goesOn(r))) {
			return true
		}
	}
	return false
}

// journalsIn are also those that call the directory by a name that does not lead there
// any more.
func journalsIn(lxcpath string) (all []*journal) {
	dir := filepath.Join(lxcpath, deckDir)
	if ownDeckDir(dir) != nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), journalEnd)
		if !ok || strings.HasPrefix(id, ".") {
			continue
		}
		if j, err := readJournal(dir, id); err == nil {
			all = append(all, j)
		}
	}
	return all
}

func readJournal(dir, id string) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(dir, id+journalEnd), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", fileErr(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", id, err)
	}
	j := &journal{}
	if err := json.Unmarshal(text, j); err != nil {
		return nil, fmt.Errorf("journal %s: %w", filepath.Join(dir, id+journalEnd), err)
	}
	j.ID = id
	j.Op, _ = runtime.ParseOp(j.Verb)
	if err := j.ref().Check(); err != nil {
		return nil, fmt.Errorf("journal %s: %w", id, err)
	}
	return j, nil
}
