package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup"
)

// userHZ is the unit of times in /proc/PID/stat: every Linux tells user space 100.
const userHZ = 100

// life is one life of a container: an init process from its start to its end.
// Its pidfd says for sure whether the pid is still that process.
type life struct {
	pid     int
	started time.Time
	begin   uint64 // the same in ticks since the boot

	mu     sync.Mutex
	pidfd  int // -1 = closed
	freeze *freezeFile

	dirs      []string // configured payload directories
	dirsAsked bool
	at        cgroup.Location // found without them

	kills runtime.Value // Memory.OOMKills when who was killed was told last
}

// newLife takes hold of a container's init.
func newLife(pid int) (*life, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("init %d: pidfd_open: %w", pid, err)
	}
	l := &life{pid: pid, pidfd: fd}
	// The pidfd came first: what is read now is that process's, or the
	// process is gone, which alive tells.
	l.started, l.begin, err = startOf(pid)
	if err == nil && !l.alive() {
		err = fmt.Errorf("init %d: %w", pid, unix.ESRCH)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// alive says whether the init still runs (pidfd_open(2): readable = ended).
func (l *life) alive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pidfd < 0 {
		return false
	}
	fds := []unix.PollFd{{Fd: int32(l.pidfd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && n == 0
		}
	}
}

func (l *life) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pidfd >= 0 {
		_ = unix.Close(l.pidfd)
		l.pidfd = -1
	}
}

// correct puts the state of a container right by the kernel's word on freezing.
func (a *Adapter) correct(l *life, ref runtime.Ref, s runtime.State) runtime.State {
	if !freezes(s) {
		return s
	}
	l.mu.Lock()
	f := l.freeze
	l.mu.Unlock()
	if f == nil {
		dirs := a.cgroupDirs(ref)
		l.mu.Lock()
		at := l.at
		l.mu.Unlock()
		if dirs != nil {
			// Without an own cgroup at is empty, and so is the freezeFile.
			at, _ = a.cgroups.Locate(l.pid, dirs...)
		}
		found := freezerOf(a.mounts.get(a.cgroups), at)
		f = &found
		l.mu.Lock()
		l.freeze = f
		l.mu.Unlock()
	}
	return f.correct(s)
}

// freezeFile is where the kernel tells of freezing: on v1 freezer.state
// (freezer-subsystem.rst), on v2 the line "frozen 1" of cgroup.events
// (cgroup-v2.rst). A hybrid host may have both.
type freezeFile struct{ v1, v2 string }

// freezes says whether the kernel has a word on a state that a monitor tells.
func freezes(s runtime.State) bool {
	return s == runtime.Running || s == runtime.Frozen || s == runtime.Freezing || s == runtime.Thawed
}

// correct makes Running and Frozen agree with the kernel: a monitor knows
// only of what it froze itself. One that is busy may hear FROZEN before FREEZING, which
// lxc-freeze(1) tells it one after the other, and then says FREEZING ever after; so it
// is with THAWED.
func (f *freezeFile) correct(s runtime.State) runtime.State {
	frozen, thawed := false, false
	if f.v1 != "" {
		if text, err := readProc(f.v1); err == nil {
			word := strings.TrimSpace(string(text))
			frozen, thawed = word == "FROZEN", word == "THAWED"
		}
	}
	if f.v2 != "" && !frozen {
		if text, err := readProc(f.v2); err == nil {
			frozen = bytes.Contains(text, []byte("frozen 1"))
			thawed = !frozen && (thawed || f.v1 == "")
		}
	}
	switch {
	case frozen && s != runtime.Thawed:
		return runtime.Frozen
	case thawed && s != runtime.Freezing:
		return runtime.Running
	default:
		return s
	}
}

// frozen says whether the kernel holds the processes still; not known is no.
func (f *freezeFile) frozen() bool { return f.correct(runtime.Running) == runtime.Frozen }

// findFreezer finds a container's freezeFile; one without a cgroup of its own
// has none.
func findFreezer(fs cgroup.FS, pid int, dirs []string) freezeFile {
	at, err := fs.Locate(pid, dirs...)
	if err != nil {
		return freezeFile{}
	}
	mounts, err := fs.Mounts()
	if err != nil {
		return freezeFile{}
	}
	return freezerOf(mounts, at)
}

// freezerOf is findFreezer for the init that a container has now.
func (a *Adapter) freezerOf(ref runtime.Ref, pid int) freezeFile {
	if l := a.known(ref); l != nil && l.pid == pid {
		l.mu.Lock()
		f := l.freeze
		l.mu.Unlock()
		if f != nil { // found when its state was
			return *f
		}
	}
	return findFreezer(a.cgroups, pid, a.cgroupDirs(ref))
}

func freezerOf(mounts cgroup.Mounts, at cgroup.Location) freezeFile {
	var f freezeFile
	if dir := below(mounts.V1["freezer"], at.V1["freezer"]); dir != "" {
		f.v1 = filepath.Join(dir, "freezer.state")
	}
	if dir := below(mounts.Unified, at.Unified); dir != "" {
		f.v2 = filepath.Join(dir, "cgroup.events")
	}
	return f
}

// below finds the directory of a cgroup in the mounts of its hierarchy.
func below(mounts []cgroup.Mount, path string) string {
	if path == "" {
		return ""
	}
	for _, m := range mounts {
		rel, err := filepath.Rel(m.Root, path)
		if err == nil && filepath.IsLocal(rel) {
			return filepath.Join(m.Dir, rel)
		}
	}
	return ""
}

// lifeOf gives the life that a running container is in. nil without an error
// means that it has no init yet, or none any more.
func (a *Adapter) lifeOf(ctx context.Context, ref runtime.Ref) (*life, error) {
	a.mu.Lock()
	l := a.lives[ref]
	a.mu.Unlock()
	if l != nil && l.alive() {
		return l, nil
	}
	ret, data, peer, err := a.ask(ctx, ref, cmdGetInitPID)
	if errors.Is(err, errNoMonitor) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pid := int(int32(uint32(data)))
	if ret != 0 || pid <= 0 {
		return nil, nil
	}
	if peer.Uid != 0 {
		// A monitor that is not root's could name any process as its init.
		if err := childOf(pid, peer.Uid); err != nil {
			return nil, err
		}
	}
	return a.remember(ref, pid)
}

// remember begins a life. A pid that is gone again is no error.
func (a *Adapter) remember(ref runtime.Ref, pid int) (*life, error) {
	l, err := newLife(pid)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	old := a.lives[ref]
	closed := a.closed
	if !closed {
		a.lives[ref] = l
	}
	a.mu.Unlock()
	if old != nil {
		old.close()
	}
	if closed {
		l.close()
		return nil, errClosed
	}
	return l, nil
}

// forget ends what is known of a container that does not run.
func (a *Adapter) forget(ref runtime.Ref) {
	a.mu.Lock()
	l := a.lives[ref]
	delete(a.lives, ref)
	a.mu.Unlock()
	if l != nil {
		l.close()
	}
}

// childOf says whether the parent of pid, a container's monitor, is a process of uid.
func childOf(pid int, uid uint32) error {
	fields, err := statFields(pid)
	if err != nil {
		return err
	}
	ppid, err := strconv.Atoi(fields[1])
	if err != nil {
		return fmt.Errorf("stat of %d: parent %q", pid, fields[1])
	}
	var st unix.Stat_t
	if err := lstat("/proc/"+strconv.Itoa(ppid), &st); err != nil {
		return err
	}
	if st.Uid != uid {
		return &named{fmt.Errorf("its monitor names process %d as init, which is not its own", pid), runtime.ErrForeign}
	}
	return nil
}

// startTime is when a process started, on the clock of now.
func startTime(pid int) (time.Time, error) {
	at, _, err := startOf(pid)
	return at, err
}

// startOf is the start of a process in ticks after boot (proc_pid_stat(5), field
// 22), and that on the clock of now.
func startOf(pid int) (at time.Time, ticks uint64, err error) {
	fields, err := statFields(pid)
	if err != nil {
		return time.Time{}, 0, err
	}
	n, err := strconv.ParseInt(fields[19], 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, 0, fmt.Errorf("stat of %d: start %q", pid, fields[19])
	}
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return time.Time{}, 0, fmt.Errorf("clock: %w", err)
	}
	age := time.Duration(boot.Nano()) - time.Duration(n)*(time.Second/userHZ)
	return time.Now().Add(-age), uint64(n), nil
}

// statFields are the fields of /proc/PID/stat from the state on, which is
// field 3: the name before it may hold anything.
func statFields(pid int) ([]string, error) {
	text, err := readProc("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return nil, fmt.Errorf("stat of %d: not understood", pid)
	}
	return fields, nil
}

// readProc reads a small file of the kernel at once. Package os would also
// ask for its size and try to wait for it, which doubles the cost.
func readProc(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	var buf [1024]byte
	for {
		n, err := unix.Read(fd, buf[:])
		switch {
		case err == nil:
			return append([]byte(nil), buf[:n]...), nil
		case !errors.Is(err, unix.EINTR):
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
	}
}
