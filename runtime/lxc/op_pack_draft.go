package lxc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// An archive is called NAME.part until it is whole. Whoever asked for it renames or
// removes it; where that process and its helper are both killed, only the journal
// still knows of it.

// Facts of a pack's journal.
const (
	factDraft     = "draft"      // path of the file that is written
	factDraftFile = "draft-file" // its handle
)

// Steps of a pack beside those of a container that stands still for it.
const (
	packWriting = "writing"
	packAlone   = "alone"   // it has failed, and nobody was left to remove the file
	packUnnamed = "unnamed" // it is whole, and nobody was left to give it its name
)

// beginDraft opens the journal of an archive that has not got its name yet; nil =
// there is none. What keeps a record from being written, such as a disk that is full,
// must not keep a container from being saved.
func (o *operation) beginDraft() *journal {
	file, id := draftOf(o.file)
	if file == "" {
		return nil
	}
	j, err := openJournal(runtime.Pack, o.q.Ref, packWriting, map[string]string{factDraft: file, factDraftFile: id})
	if err != nil {
		return nil
	}
	o.reached(packWriting)
	return j
}

// endDraft leaves the file to whoever asked for it; a journal stays where that
// process is dead.
func (o *operation) endDraft(j *journal, did error) {
	switch {
	case j == nil:
	case did != nil && j.stoodStill(): // the container could not be thawed
	case !o.conn.gone():
		_ = j.end() // else it tells of a file that is gone: there is nothing to lose
	case did == nil:
		_ = j.step(packUnnamed)
	default:
		_ = j.step(packAlone)
	}
}

// draftOf is the path of a file that has not got its name yet, and its handle; "" =
// it is a pipe, or a file with a name that it keeps.
func draftOf(f *os.File) (path, id string) {
	if f == nil {
		return "", ""
	}
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil || !strings.HasSuffix(path, partEnd) || !filepath.IsAbs(path) {
		return "", ""
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return "", ""
	}
	if id, err = handleAt(int(f.Fd()), ""); err != nil {
		return "", ""
	}
	return path, id
}

// draft says whether the file of a journal is still there, and how large it is. What
// has its name by now and is another file is nobody's business here.
func (j *journal) draft() (size int64, there bool, err error) {
	err = j.atDraft(func(dir int, name string) error {
		var st unix.Stat_t
		if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		size, there = st.Size, true
		return nil
	})
	return size, there, err
}

// atDraft calls use with the directory and name of the journal's file, if it is still
// the one that was written.
func (j *journal) atDraft(use func(dir int, name string) error) error {
	path := j.fact(factDraft)
	if path == "" {
		return nil
	}
	dir, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer func() { _ = unix.Close(dir) }()
		var id string
		if id, err = handleAt(dir, filepath.Base(path)); err == nil {
			if id != j.fact(factDraftFile) {
				return nil
			}
			err = use(dir, filepath.Base(path))
		}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	return fmt.Errorf("%s: %w", path, err)
}

// dropDraft removes the file of a pack that was cut off.
func (j *journal) dropDraft() error {
	err := j.atDraft(func(dir int, name string) error { return unix.Unlinkat(dir, name, 0) })
	if err != nil {
		return fmt.Errorf("remove the archive that is not whole: %w", err)
	}
	return nil
}

// stoodStill says whether the container may be frozen for it.
func (j *journal) stoodStill() bool {
	switch j.Step {
	case packFreezing, packReading, packThawing:
		return true
	default:
		return false
	}
}

// leftPack describes a pack that did not come to its end.
func leftPack(j *journal) (string, []runtime.RecoverWay) {
	file := j.fact(factDraft)
	_, there, err := j.draft()
	part := ""
	switch {
	case file == "":
	case err != nil:
		part = "; whether what it wrote is still there is not known: " + err.Error()
	case !there:
		part = "; what it wrote, " + file + ", is not there any more"
	case j.Step == packUnnamed:
		return "packing it was not seen to its end: the archive is whole, but nobody was left to rename it: it lies at " + file +
			"; rename it to keep it, this removes it", []runtime.RecoverWay{runtime.Undo}
	default:
		part = "; what it wrote, " + file + ", is not whole, and is removed by this"
	}
	what := "packing it was interrupted" + part
	if j.stoodStill() {
		what += "; the container may stand frozen, and is thawed by this"
	}
	return what, []runtime.RecoverWay{runtime.Undo}
}

// recoverPack thaws a container that was frozen to be packed, and removes the file
// that is not whole.
func recoverPack(o *operation, j *journal, _ runtime.RecoverWay) error {
	if j.stoodStill() {
		if err := o.thawPacked(j.ref()); err != nil {
			return err
		}
	}
	if err := j.dropDraft(); err != nil {
		return err
	}
	return j.end()
}

func (o *operation) thawPacked(ref runtime.Ref) error {
	if err := loadableHere(ref); err != nil {
		if errors.Is(err, runtime.ErrNotFound) {
			return nil
		}
		return err
	}
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	return o.thawAgain()
}
