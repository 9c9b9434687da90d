package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// factGroup says that volumes were made for a journal, in this volume group: they
// have its tag.
const factGroup = "volume-group"

// tagOf is what the volumes are known by that were made for a journal.
func tagOf(id string) string { return "lxcdeck-" + id }

func (j *journal) tag() string { return tagOf(j.ID) }

// clone lets liblxc clone a container. What it makes on LVM is the journal's.
func (j *journal) clone(from, to runtime.Ref, flags int, backing string) (log string, err error) {
	var tools *os.File
	if j.fact(factGroup) != "" {
		if tools, err = lvmTools(j.tag()); err != nil {
			return "", fmt.Errorf("programs for LVM: %w", err)
		}
		defer tools.Close()
	}
	return guarded(j, to, func() (string, error) { return cloneContainer(from, to, flags, backing, tools) })
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
	return fileErr(os.RemoveAll(j.workDir()))
}

// dropVolumes removes the volumes that were made for a journal whose operation is
// taken back, but those of these paths.
func (j *journal) dropVolumes(but ...string) error {
	if j.fact(factGroup) == "" {
		return nil
	}
	return removeTagged(j.ID, but)
}

// releaseVolumes lets what was made be as if nobody had watched. A tag that stays,
// because this was killed, says nothing without its journal.
func (j *journal) releaseVolumes() {
	if j.fact(factGroup) != "" {
		_ = ask("lvchange", "-q", "--deltag", j.tag(), "@"+j.tag())
	}
}

// toolsAt is a PATH on which LVM's programs are found through a directory of ours, for
// as long as this process has it open. It stands for whoever gets it: what a number of
// their own descriptors leads to is not for them to say.
func toolsAt(dir *os.File) string {
	return fmt.Sprintf("/proc/%d/fd/%d:%s", os.Getpid(), dir.Fd(), helperPath)
}

// lvmTools is a directory with programs that stand before LVM's own when liblxc
// calls them: a file system in memory that is mounted nowhere (fsmount(2)), and ends
// with the last who has it open. They do three things that liblxc does not.
//
// All that a program says is written at once: liblxc reads its pipe once
// (run_command_internal) and often logs an error without a word. What is made has
// the journal's tag: the volume of a copy that is killed or fails is named by no
// config yet, and liblxc leaves it. Snapshots of thin volumes are made without the
// flag to skip their activation (lvmthin(7)): liblxc mounts them, and cannot. And the
// real ones are in sessions of their own, so that they end as they have to: see mustEnd.
func lvmTools(tag string) (*os.File, error) {
	fd, err := mountNowhere("tmpfs", [][2]string{{"mode", "0755"}})
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), "programs")
	for name, args := range map[string]string{
		"lvcreate": "--setactivationskip n --addtag " + runtime.ShellQuote(tag), "lvremove": "",
	} {
		script := "#!/bin/sh\nPATH=" + helperPath + "\nexport LVM_SUPPRESS_FD_WARNINGS=1\nwords=$(setsid -w " + name + " " + args + " \"$@\" 2>&1)\nstatus=$?\nprintf '%s\\n' \"$words\" >&2\nexit $status\n"
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
