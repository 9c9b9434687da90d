package lxc

import (
	"bytes"
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

// A container that runs by another name of its lxcpath, such as a symbolic link's, is
// stopped by this one: liblxc calls its command socket by the lxcpath as it was given.
// Its root would be removed or exchanged below its processes. The kernel's list of
// sockets tells. A name that is too long for a socket stands there as a sum only
// (socketName): then the process that listens tells whose it is.

// statTime is how long a look at a path of another container may take: it may lie on a
// mount that does not answer.
const statTime = 5 * time.Second

// listener is a command socket that may be the container's.
type listener struct {
	name  string // in the spelling of socketName
	inode string
}

// notElsewhere refuses what needs a container that is stopped where it runs by another
// name of its lxcpath, and where that cannot be known.
func notElsewhere(ref runtime.Ref) error {
	here, _ := os.Stat(ref.String())
	if here == nil {
		return nil // there is nothing that could run
	}
	own, end := socketName(ref), []byte("/"+ref.Name+"/command")
	found, err := listeners(func(name []byte) bool {
		long := bytes.HasPrefix(name, []byte("@lxc/"))
		return string(name) != own && (long || bytes.HasPrefix(name, []byte("@/")) && bytes.HasSuffix(name, end))
	})
	if err != nil {
		return notKnown(fmt.Sprintf("the kernel's list of sockets cannot be read: %v", err))
	}
	for _, l := range found {
		if err := l.isNot(ref, here); err != nil {
			return err
		}
	}
	return nil
}

// listeners are the command sockets that somebody listens on, of the names that are
// wanted.
func listeners(wanted func(name []byte) bool) ([]listener, error) {
	var found []listener
	var sockets unixSockets
	defer sockets.close()
	err := sockets.each(func(name, fields []byte) {
		if !wanted(name) {
			return
		}
		// Num RefCount Protocol Flags Type St Inode. The connections to it have its name too,
		// but not the flag __SO_ACCEPTCON (net/unix/af_unix.c).
		if f := bytes.Fields(fields); len(f) == 7 && string(f[3]) == "00010000" {
			found = append(found, listener{name: string(name), inode: string(f[6])})
		}
	})
	return found, err
}

// notKnown is the refusal where it cannot be told.
func notKnown(why string) error {
	return &runtime.Error{
		Err:  fmt.Errorf("%w: whether it runs by another name of its lxcpath is not known: %s", runtime.ErrWrongState, why),
		Hint: "Stop what runs there, or act by the name of the lxcpath that it was started by.",
	}
}

// isNot refuses a container that this socket is the command socket of.
func (l *listener) isNot(ref runtime.Ref, here os.FileInfo) error {
	uid, there := l.owner()
	// Anybody may call a socket as they like, and have paths looked at that hang.
	if !there || uid != 0 && uid != os.Geteuid() {
		return nil
	}
	as := runtime.Ref{Name: ref.Name}
	if path, ok := strings.CutSuffix(l.name, "/"+ref.Name+"/command"); ok && strings.HasPrefix(path, "@/") {
		as.Path = path[1:]
	} else {
		pid, _ := l.holder()
		if as, ok = monitored(pid, l.name); !ok {
			if pid == 0 && uid != os.Geteuid() || pid != 0 && !mayBe(pid, ref.Name) {
				return nil
			}
			return notKnown(fmt.Sprintf("process %d runs a container whose lxcpath is too long to be told by its socket", pid))
		}
	}
	if as.Name != ref.Name || as == ref {
		return nil
	}
	other, err := statWithin(as.String(), statTime)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return nil
	case errors.Is(err, fs.ErrPermission) && uid != os.Geteuid():
		return nil // what root runs where a user may not look is not the user's
	case err != nil:
		return notKnown(err.Error())
	case !os.SameFile(here, other):
		return nil
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: it runs by another name of its lxcpath, %s", runtime.ErrWrongState, as.Path),
		Hint: "Stop it by that name, or keep to that: -P " + runtime.ShellQuote(as.Path) + ".",
	}
}

// owner is who listens on a socket; false = nobody does, or somebody whose processes
// this user may not look into.
func (l *listener) owner() (uid int, there bool) {
	q, err := askSocket(l.name, cmdGetState)
	switch {
	case err == nil:
		q.drop()
		return int(q.peer.Uid), true
	case errors.Is(err, errNoMonitor):
		return 0, false
	}
	// Its queue is full, as behind a monitor that stands still.
	pid, uid := l.holder()
	return uid, pid != 0
}

// holder is the process that has the socket open: the connections to it have inodes of
// their own. The peer's pid is of who made it listen, which for what runs in the
// background has ended since (lxc_init_handler comes before the fork). 0 = there is
// none, or this user may not look into it.
func (l *listener) holder() (pid, uid int) {
	eachPID(func(p int) {
		var st unix.Stat_t
		if pid == 0 && l.heldBy(p) && unix.Stat("/proc/"+strconv.Itoa(p), &st) == nil {
			pid, uid = p, int(st.Uid)
		}
	})
	return pid, uid
}

// heldBy says whether a process, which this user may look into, has the socket open.
func (l *listener) heldBy(pid int) bool {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd/"
	files, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(files, func(f os.DirEntry) bool {
		to, err := os.Readlink(dir + f.Name())
		return err == nil && to == "socket:["+l.inode+"]"
	})
}

// monitored is the container whose monitor a process is, by the title that liblxc
// gives one that is no command in the foreground; its socket's name proves it.
func monitored(pid int, socket string) (runtime.Ref, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	title, ok := strings.CutPrefix(string(bytes.TrimRight(text, "\x00")), monitorTitle+" ")
	if err != nil || !ok {
		return runtime.Ref{}, false
	}
	for i, sign := range title {
		if sign != ' ' {
			continue
		}
		if ref := (runtime.Ref{Path: title[:i], Name: title[i+1:]}); filepath.IsAbs(ref.Path) && socketName(ref) == socket {
			return ref, true
		}
	}
	return runtime.Ref{}, false
}

// mayBe says whether a process may be the monitor of a container of that name. The
// cgroup that liblxc makes for it has its name, with a number behind it where that was
// taken (cgfsng_monitor_create); where the config calls it otherwise nobody knows.
func mayBe(pid int, name string) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	told := false
	for line := range strings.Lines(string(text)) {
		_, rest, ok := strings.Cut(line, "/lxc.monitor.")
		if !ok {
			continue
		}
		told = true
		rest, _, _ = strings.Cut(strings.TrimRight(rest, "\n"), "/")
		if number, is := strings.CutPrefix(rest, name); is && numbered(number) {
			return true
		}
	}
	return !told
}

// statWithin is os.Stat with an end.
func statWithin(path string, limit time.Duration) (os.FileInfo, error) {
	type answer struct {
		info os.FileInfo
		err  error
	}
	got := make(chan answer, 1)
	runtime.Spawn("look at "+path, func(err error) { got <- answer{nil, err} }, func() {
		info, err := os.Stat(path)
		got <- answer{info, err}
	})
	select {
	case a := <-got:
		return a.info, a.err
	case <-time.After(limit):
		return nil, fmt.Errorf("%s: %w after %s", path, runtime.ErrNoAnswer, limit)
	}
}
