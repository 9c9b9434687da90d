package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// markKey is the environment variable by which processes that work for a
	// journal are known. Whoever leaves the helper's session or becomes a daemon
	// still has it; see proc_pid_environ(5).
	markKey = "LXCDECK_JOURNAL"
	// endMarkedTime is how long killed processes may take to be gone.
	endMarkedTime = 20 * time.Second
	// mustEndTime is how much longer LVM's programs may: they may discard a whole volume.
	mustEndTime = 10 * time.Minute
)

// undoCreate removes what a create has made, and nothing else. Each step can be
// done again when it is interrupted itself.
func undoCreate(j *journal) error {
	ref := j.ref()
	if err := endMarked(j.ID); err != nil {
		return err
	}
	id, err := dirID(ref.String())
	switch {
	case err == nil && j.fact(factDir) == "":
		// Killed between the directory and the word on it: there is nothing in it.
		if err := os.Remove(ref.String()); err != nil {
			return fmt.Errorf("%s: it is not known whether this create has made it: %w", ref, fileErr(err))
		}
	case err == nil && id != j.fact(factDir):
		return fmt.Errorf("%w: %s is another one by now: nothing was removed", runtime.ErrExists, ref)
	case err == nil:
		if err := removeMade(j); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		if err := j.dropVolumes(); err != nil { // its directory was removed by other means
			return err
		}
	}
	if err := putBackRoot(j); err != nil {
		return err
	}
	return j.end()
}

// removeMade removes a half-made container.
func removeMade(j *journal) error {
	ref := j.ref()
	if hasMonitor(ref) {
		return fmt.Errorf("%w: it runs: stop it first, or keep it", runtime.ErrWrongState)
	}
	// As long as it is there, loading the container would let liblxc destroy
	// whatever the half-written config names (ongoing_create).
	if err := os.Remove(filepath.Join(ref.String(), "partial")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileErr(err)
	}
	if err := j.dropVolumes(); err != nil {
		return err
	}
	if j.fact(factStore) != "" || os.Geteuid() != 0 {
		if err := destroyStore(j); err != nil {
			return err
		}
	}
	if err := removeTree(ref.String()); err != nil {
		return fmt.Errorf("remove %s: %w", ref, err)
	}
	return nil
}

// hasMonitor says whether a container has a monitor, whoever it is.
func hasMonitor(ref runtime.Ref) bool {
	q, err := askMonitor(ref, cmdGetState)
	if err == nil {
		q.drop()
	}
	return !errors.Is(err, errNoMonitor)
}

// destroyStore lets liblxc remove what lies in a volume, or belongs to the ids of
// a user namespace. It is told what that is by the journal alone: what a template
// has written into the config meanwhile may name something else.
func destroyStore(j *journal) error {
	ref := j.ref()
	source := j.fact(factStore)
	if source == "" {
		if source = j.fact(factRoot); source == "" {
			source = filepath.Join(ref.String(), "rootfs")
		}
		source = "dir:" + source
	}
	if strings.ContainsAny(source, "\n\r") {
		return fmt.Errorf("%w: root %q has a line break in it", runtime.ErrInvalid, source)
	}
	text := "lxc.rootfs.path = " + source + "\n"
	for _, line := range nonEmpty(j.fact(factIDMap)) {
		text += "lxc.idmap = " + line + "\n"
	}
	config := filepath.Join(ref.String(), "config")
	f, err := os.OpenFile(config, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o640)
	if err != nil {
		return fileErr(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", config, err)
	}
	if log, err := destroyContainer(ref, false); err != nil && exists(ref.String()) {
		return &runtime.Error{Err: err, Log: log}
	}
	return nil
}

// putBackRoot removes a root that was made outside the container's directory. A
// directory that was there before stays, empty as it was.
func putBackRoot(j *journal) error {
	root := j.fact(factRoot)
	if root == "" {
		return nil
	}
	before := j.fact(factBefore)
	if before == "" {
		if err := removeTree(root); err != nil {
			return fmt.Errorf("remove %s: %w", root, err)
		}
		return nil
	}
	var mode, uid, gid int
	if _, err := fmt.Sscan(before, &mode, &uid, &gid); err != nil {
		return fmt.Errorf("journal: %s %q: %w", factBefore, before, err)
	}
	err := emptyTree(root)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Mkdir(root, 0o700)
	}
	if err != nil {
		return fmt.Errorf("empty %s: %w", root, err)
	}
	return errors.Join(os.Chown(root, uid, gid), unix.Chmod(root, uint32(mode)))
}

// mustEnd says that a process that works for a journal comes to its end by itself, and
// has to: LVM's programs stop all that is written to a volume while they change it
// (dmsetup(8), suspend), and nobody lets it go on if they are killed then.
func mustEnd(pid int) bool {
	switch commOf(pid) {
	case "lvcreate", "lvremove", "lvchange", "thin_check":
		return true
	}
	return false
}

// commOf is the name of what a process executes, its first 15 bytes (proc_pid_comm(5)).
func commOf(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSpace(string(text))
}

// endMarked ends all processes that still work for a journal, or waits for those that
// must not be ended. A daemon of the host's that one of them has called is nobody's.
func endMarked(id string) error {
	mark := []byte(markKey + "=" + id)
	for until := time.Now().Add(endMarkedTime); ; time.Sleep(pollEvery) {
		left, patience := 0, time.Duration(0)
		eachPID(func(pid int) {
			if pid == os.Getpid() || !hasMark(pid, mark) || commOf(pid) == "dmeventd" {
				return
			}
			if left = pid; mustEnd(pid) {
				patience = mustEndTime
			} else {
				endIf(pid, mark)
			}
		})
		if left == 0 {
			return nil
		}
		if time.Now().After(until.Add(patience)) {
			return tooLate("process %d, which works on it, cannot be ended", left)
		}
	}
}

func hasMark(pid int, mark []byte) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for word := range bytes.SplitSeq(text, []byte{0}) {
		if bytes.Equal(word, mark) {
			return true
		}
	}
	return false
}

// endIf kills a process by its pidfd, if it is the same that was looked at.
func endIf(pid int, mark []byte) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if !hasMark(pid, mark) {
		return
	}
	for errors.Is(unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0), unix.EINTR) {
	}
}
