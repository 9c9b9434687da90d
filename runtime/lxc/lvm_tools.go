package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Facts that say that volumes, or data sets of ZFS, were made for a journal: they have
// its tag.
const (
	factGroup = "volume-group" // where the volumes are
	factPlace = "data-set"     // in which the data sets lie
)

// tagOf is what volumes and data sets are known by that were made for a journal.
func tagOf(id string) string { return "lxcdeck-" + id }

func (j *journal) tag() string { return tagOf(j.ID) }

// clone lets liblxc clone a container. What it makes on LVM or ZFS is the journal's.
func (j *journal) clone(from, to runtime.Ref, flags int, backing string) (log string, err error) {
	var tools *os.File
	if j.fact(factGroup) != "" {
		if tools, err = lvmTools(j.tag()); err != nil {
			return "", fmt.Errorf("programs for LVM: %w", err)
		}
		defer tools.Close()
	}
	if j.fact(factPlace) != "" {
		// liblxc would run the container's hooks (lxc.hook.clone) on what is another's.
		if err := j.freePlace(j.fact(factPlace) + "/" + to.Name); err != nil {
			return "", err
		}
		if tools, err = zfsTools(j.tag()); err != nil {
			return "", fmt.Errorf("programs for ZFS: %w", err)
		}
		defer tools.Close()
	}
	log, err = guarded(j, to, func() (string, error) { return cloneContainer(from, to, flags, backing, tools) })
	if err == nil && j.fact(factPlace) != "" {
		err = j.madeSet(to)
	}
	return log, err
}

// moveSnapshot brings what was made beside a journal to its place among the
// snapshots. The config comes last: with it liblxc takes it for one.
func (j *journal) moveSnapshot(from, snap runtime.Ref) error {
	conf, err := readConfOf(from)
	if err != nil {
		return err
	}
	conf.replacePath(from.String(), snap.String())
	entries, err := os.ReadDir(from.String())
	if err != nil {
		return fileErr(err)
	}
	for _, e := range entries {
		if e.Name() == "config" {
			continue
		}
		if err := os.Rename(filepath.Join(from.String(), e.Name()), filepath.Join(snap.String(), e.Name())); err != nil {
			return fileErr(err)
		}
	}
	if err := writeAtomically(filepath.Join(snap.String(), "config"), []byte(conf.String()), 0o640); err != nil {
		return err
	}
	seat(snap)
	return fileErr(os.RemoveAll(j.workDir()))
}

// dropVolumes removes the volumes and data sets that were made for a journal whose
// operation is taken back, but those of these paths.
func (j *journal) dropVolumes(but ...string) error {
	if j.fact(factPlace) != "" {
		return removeMarked(j.fact(factPlace), j.tag(), but)
	}
	if j.fact(factGroup) == "" {
		return nil
	}
	return removeTagged(j.ID, but)
}

// ownsRoot says whether a root was made for a container, when all that was made on
// ZFS for its journal is gone already: what has the name now is another's.
func (j *journal) ownsRoot(ref runtime.Ref, root string) bool {
	return madeFor(ref, root) && (j.fact(factPlace) == "" || storeOf(root).kind != storeZFS)
}

// releaseVolumes lets what was made be as if nobody had watched. A tag that stays,
// because this was killed, says nothing without its journal.
func (j *journal) releaseVolumes() {
	if j.fact(factGroup) != "" {
		_ = ask("lvchange", "-q", "--deltag", j.tag(), "@"+j.tag())
	}
	if place := j.fact(factPlace); place != "" {
		names, _ := markedSets(place, j.tag())
		for _, name := range names {
			_ = runTool("", "zfs", "inherit", setJournal, name)
		}
	}
}

// toolsAt is a PATH on which programs are found through a directory of ours, for as
// long as this process has it open. It stands for whoever gets it: what a number of
// their own descriptors leads to is not for them to say.
func toolsAt(dir *os.File) string {
	return fmt.Sprintf("/proc/%d/fd/%d:%s", os.Getpid(), dir.Fd(), helperPath)
}

// lvmTools is a directory with programs that stand before LVM's own when liblxc
// calls them. They do three things that liblxc does not.
//
// All that a program says is written at once: liblxc reads its pipe once
// (run_command_internal) and often logs an error without a word. What is made has
// the journal's tag: the volume of a copy that is killed or fails is named by no
// config yet, and liblxc leaves it. Snapshots of thin volumes are made without the
// flag to skip their activation (lvmthin(7)): liblxc mounts them, and cannot. And the
// real ones are in sessions of their own, so that they end as they have to: see mustEnd.
func lvmTools(tag string) (*os.File, error) {
	scripts := map[string]string{}
	for name, args := range map[string]string{
		"lvcreate": "--setactivationskip n --addtag " + runtime.ShellQuote(tag), "lvremove": "",
	} {
		scripts[name] = "export LVM_SUPPRESS_FD_WARNINGS=1\nwords=$(setsid -w " + name + " " + args + " \"$@\" 2>&1)\nstatus=$?\n"
	}
	return ownTools(scripts)
}

// zfsTools is the same for zfs(8). What is made has the journal's tag. It is made
// without -p, with which zfs create and zfs clone succeed where the data set is there
// already, and liblxc would copy into another's. Snapshots are taken of the root
// alone, and not of what lies in it, of which liblxc makes no clones. Nothing is
// destroyed that has no tag: zfs_snapshot says that it has made what zfs clone has
// refused to make, and liblxc destroys that when a later step fails.
func zfsTools(tag string) (*os.File, error) {
	return zfsProgram(tag, `	[ "$(zfs get -H -s local -o value `+setJournal+` "$set")" = `+runtime.ShellQuote(tag)+` ] || refuse "$set"
`)
}

// zfsProgram is a zfs that marks what it makes with a tag, and asks mayGo before it
// destroys a data set. That goes without -r, with which zfs destroys what lies in it
// and whatever snapshots it has by now. One that is still mounted in the name space of
// a monitor that ends is waited for. The snapshot of which a clone is destroyed stays:
// dropOrigin knows more of it.
func zfsProgram(tag, mayGo string) (*os.File, error) {
	tag = runtime.ShellQuote(tag)
	return ownTools(map[string]string{"zfs": `fail() {
	printf '%s\n' "$1" >&2
	exit 1
}
refuse() { fail "cannot destroy '$1': it was not made here"; }
of=$1
shift
case $of in
create | clone | snapshot)
	for word; do
		shift
		case $word in
		-p | -r) ;;
		*) set -- "$@" "$word" ;;
		esac
	done
	mark=` + setJournal + `
	[ "$of" != snapshot ] || mark=` + snapMade + `
	set -- -o "$mark"=` + tag + ` "$@"
	;;
destroy)
	for set; do :; done
	case $set in
	*@*) exit 0 ;;
	esac
` + mayGo + `	set -- "$set"
	;;
esac
tries=0
while words=$(zfs "$of" "$@" 2>&1); status=$?; [ $status -ne 0 ] && [ $tries -lt 100 ]; do
	case $of,$words in
	destroy,*" is busy"*) ;;
	*) break ;;
	esac
	tries=$((tries + 1))
	sleep 0.2
done
`})
}

// ownTools is a directory of programs: a file system in memory that is mounted
// nowhere (fsmount(2)), and ends with the last who has it open. Each is a shell's
// script that leaves what it says in words, and how it ends in status.
func ownTools(scripts map[string]string) (*os.File, error) {
	fd, err := mountNowhere("tmpfs", [][2]string{{"mode", "0755"}})
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), "programs")
	for name, script := range scripts {
		script = "#!/bin/sh\nPATH=" + helperPath + "\n" + script + "printf '%s\\n' \"$words\" >&2\nexit $status\n"
		if err := putProgram(fd, name, script); err != nil {
			dir.Close()
			return nil, fmt.Errorf("program %s: %w", name, err)
		}
	}
	return dir, nil
}

func putProgram(dir int, name, text string) error {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o755)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	_, err = f.WriteString(text)
	return errors.Join(err, f.Chmod(0o755), f.Close())
}
