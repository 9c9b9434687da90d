package host

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	kernelLog = "/dev/kmsg"
	// recordSize is what /dev/kmsg needs to give a record as a whole
	// (CONSOLE_EXT_LOG_MAX, PRINTKRB_RECORD_MAX: 1 to 8 KB).
	recordSize = 16 << 10
	// mostRecords are read in one go, 1 to 2 us each: a host whose log is written
	// to without end costs no more than that a tick.
	mostRecords = 4096
	// keptKills are remembered of a cgroup, and keptGroups cgroups.
	keptKills  = 4
	keptGroups = 256
	// longestTask is what the kernel calls a process at most (TASK_COMM_LEN), with
	// each byte written as \x1b.
	longestTask = 4 * 16
	// The log's clock (local_clock) runs by itself, CLOCK_MONOTONIC is kept in step
	// with the world: they drift apart, by one part in so many at most. Both stand
	// still while the host sleeps. A time that they tell over more than nearby is a
	// rough one.
	drift  = 2000
	nearby = time.Minute
)

// KillLog reads in the kernel's log what was killed for want of memory, by
// cgroup. The kernel writes (mm/oom_kill.c, dump_header and oom_kill_process):
//
//	oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=...,mems_allowed=0,oom_memcg=/lxc.payload.web,task_memcg=/lxc.payload.web,task=sh,pid=42,uid=0
//
// Its methods may be called from several goroutines at once.
type KillLog struct {
	now  func() time.Time
	up   func() (time.Duration, bool)                // time since the host's start
	open func() (func(p []byte) (int, error), error) // gives what reads the next record

	mu     sync.Mutex
	opened bool
	read   func(p []byte) (int, error)
	close  func()
	err    error
	ended  time.Time // the log was read to its end then, or later; zero = never
	behind bool      // there was more when it was read last
	buf    []byte
	groups map[string][]runtime.Killed // newest first
	order  []string                    // of groups, that of the oldest kill first
	asked  []string                    // cgroups that were asked for, the last one at the end
}

// NewKillLog opens nothing yet.
func NewKillLog() *KillLog {
	k := &KillLog{now: time.Now, up: sinceBoot, groups: map[string][]runtime.Killed{}}
	k.open = k.openKernelLog
	return k
}

// Fill tells of the kills in a cgroup and below it since a time, newest first,
// and reads what the log has got since the last call. Where the log cannot be
// read (as a rule it is root's) p.KillsWhy says so.
func (k *KillLog) Fill(p *runtime.Parts, cgroup string, since time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.follow().now
	switch {
	case k.err != nil:
		p.KillsWhy = k.err.Error()
	case k.behind:
		p.KillsWhy = "the kernel's log is still being read"
	}
	if cgroup == "" || cgroup == "/" {
		return
	}
	k.gather(cgroup)
	for group, kills := range k.groups {
		if !below(group, cgroup) {
			continue
		}
		for _, one := range kills {
			from := since
			if one.About {
				from = from.Add(-now.Sub(one.At) / drift)
			}
			if !one.At.Before(from) {
				p.Kills = insert(p.Kills, one)
			}
		}
	}
}

// gather remembers that somebody asks for a cgroup, and keeps what is below it as
// its own: one that is not called as LXC does may have any number below.
func (k *KillLog) gather(cgroup string) {
	i := slices.Index(k.asked, cgroup)
	if i >= 0 {
		k.asked = append(slices.Delete(k.asked, i, i+1), cgroup)
		return
	}
	if len(k.asked) >= keptGroups {
		k.asked = slices.Delete(k.asked, 0, 1)
	}
	k.asked = append(k.asked, cgroup)
	for _, group := range slices.Clone(k.order) {
		if !below(group, cgroup) || k.home(group) != cgroup || group == cgroup {
			continue
		}
		kills := k.groups[group]
		delete(k.groups, group)
		k.order = slices.DeleteFunc(k.order, func(g string) bool { return g == group })
		for _, one := range kills {
			k.keep(cgroup, one)
		}
	}
}

// home is the innermost cgroup that was asked for around another one, or that one.
func (k *KillLog) home(group string) string {
	home := ""
	for _, one := range k.asked {
		if len(one) > len(home) && below(group, one) {
			home = one
		}
	}
	return cmp.Or(home, group)
}

// insert keeps the newest ones, newest first.
func insert(kills []runtime.Killed, one runtime.Killed) []runtime.Killed {
	i := 0
	for i < len(kills) && kills[i].At.After(one.At) {
		i++
	}
	if i >= keptKills {
		return kills
	}
	if len(kills) < keptKills {
		kills = append(kills, runtime.Killed{})
	}
	copy(kills[i+1:], kills[i:])
	kills[i] = one
	return kills
}

// reading is the moment of one reading of the log, by the wall clock alone (others
// stand still while the host sleeps) and by that of the log's times. It is one for
// all its records: two looks at two clocks differ by more than what lies between
// two kills.
type reading struct {
	now   time.Time
	up    time.Duration
	known bool
}

func (k *KillLog) reading() reading {
	r := reading{now: k.now().Round(0)}
	r.up, r.known = k.up()
	return r
}

// follow reads the records that are new.
func (k *KillLog) follow() reading {
	r := k.reading()
	if !k.opened {
		k.opened = true
		k.buf = make([]byte, recordSize)
		if k.read, k.err = k.open(); k.err != nil {
			k.err = fmt.Errorf("the kernel's log cannot be read: %w", k.err)
		}
	}
	if k.read == nil {
		return r
	}
	k.behind = true
	for range mostRecords {
		n, err := k.read(k.buf)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EINVAL):
			// Records were overwritten before they were read, or one is too long:
			// the next read gives the next one (dev-kmsg).
		case err != nil || n <= 0:
			k.ended, k.behind = r.now, false // EAGAIN: that was the last one
			return r
		default:
			k.take(r, k.buf[:n])
		}
	}
	return r
}

// take remembers the kill that a record tells of. One that was not there when the
// log was read before was written since, whatever the log's clock says.
func (k *KillLog) take(r reading, record []byte) {
	group, one, usec, ok := parseKill(record)
	if !ok {
		return
	}
	at := time.Duration(min(usec, 1<<50)) * time.Microsecond
	if !r.known || at > r.up {
		at = r.up
	}
	one.At = r.now.Add(at - r.up)
	if one.At.Before(k.ended) {
		one.At = k.ended
	}
	if one.At.After(r.now) {
		one.At = r.now
	}
	one.About = r.now.Sub(one.At) > nearby && r.now.Sub(k.ended) > nearby
	k.keep(k.home(group), one)
}

// keep forgets the cgroup in which nothing was killed for the longest time where
// there are too many.
func (k *KillLog) keep(group string, one runtime.Killed) {
	if i := slices.Index(k.order, group); i >= 0 {
		k.order = slices.Delete(k.order, i, i+1)
	} else if len(k.order) >= keptGroups {
		delete(k.groups, k.order[0])
		k.order = slices.Delete(k.order, 0, 1)
	}
	k.order = append(k.order, group)
	k.groups[group] = insert(k.groups[group], one)
}

// parseKill reads a record of /dev/kmsg, "6,1234,5678901,-;text": the kernel's own
// only (facility 0, which nobody can write there: Documentation/ABI/testing/dev-kmsg).
//
// The kernel writes the line in pieces, and begins a new record where one would
// grow beyond 1 KB or another CPU writes meanwhile (kernel/printk/printk.c,
// LOG_CONT). So a line may end early, and what is read as its end may be a part of
// a cgroup's name, which a container chooses. What it cannot choose is how
// oom_memcg begins: with the path of its own cgroup. Whatever is killed for that
// one's limit is in it or below, and a line that says otherwise is not believed;
// nor is one that reads two ways.
func parseKill(b []byte) (group string, one runtime.Killed, usec uint64, ok bool) {
	head, text, found := bytes.Cut(b, []byte(";"))
	text, _, _ = bytes.Cut(text, []byte("\n"))
	if !found || !bytes.HasPrefix(text, []byte("oom-kill:constraint=")) {
		return "", one, 0, false
	}
	priority, head, ok := kernfile.Digits(head)
	if !ok || priority>>3 != 0 {
		return "", one, 0, false
	}
	fields := bytes.SplitN(head, []byte(","), 4)
	if len(fields) < 3 {
		return "", one, 0, false
	}
	usec, _, _ = kernfile.Digits(fields[2])
	line := string(text)
	for _, key := range []string{",task_memcg=", ",task=", ",pid=", ",uid="} {
		if strings.Count(line, key) != 1 {
			return "", one, 0, false
		}
	}
	before, rest, _ := strings.Cut(line, ",task_memcg=")
	group, rest, ok = strings.Cut(rest, ",task=")
	name, rest, okName := strings.Cut(rest, ",pid=")
	number, _, okPid := strings.Cut(rest, ",uid=")
	pid, tail, okNumber := kernfile.Digits([]byte(number))
	if !ok || !okName || !okPid || !okNumber || len(tail) != 0 || pid == 0 || pid > 1<<22 || name == "" || len(name) > longestTask || !path.IsAbs(group) || !limitedBy(line, before, group) {
		return "", one, 0, false
	}
	return payloadOf(group), runtime.Killed{PID: int(pid), Name: name}, usec, true
}

// limitedBy says whether the cgroup of what was killed is in the reach of the
// limit that a line names before it: all are where the whole host had no memory.
func limitedBy(line, before, group string) bool {
	if !strings.HasPrefix(line, "oom-kill:constraint=CONSTRAINT_MEMCG,") {
		return strings.HasSuffix(before, ",global_oom") && !strings.Contains(line, ",oom_memcg=")
	}
	_, limited, found := strings.Cut(before, ",oom_memcg=")
	return found && strings.Count(line, ",oom_memcg=") == 1 && below(group, limited)
}

// below says whether a cgroup is another one or lies in it.
func below(group, other string) bool {
	return strings.HasPrefix(group, other) && (len(group) == len(other) || group[len(other)] == '/')
}

// payloadOf cuts a cgroup back to its payload directory, whose container is told
// of, so that one with many cgroups of its own takes no more room than others.
func payloadOf(group string) string {
	for i := 0; i < len(group); {
		next := strings.IndexByte(group[i+1:], '/')
		end := len(group)
		if next >= 0 {
			end = i + 1 + next
		}
		if strings.HasPrefix(group[i:end], "/lxc.payload") {
			return group[:end]
		}
		i = end
	}
	return group
}

// openKernelLog begins with the oldest record there is.
func (k *KillLog) openKernelLog() (func(p []byte) (int, error), error) {
	fd, err := unix.Open(kernelLog, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", kernelLog, err)
	}
	k.close = func() { _ = unix.Close(fd) }
	return func(p []byte) (int, error) { return unix.Read(fd, p) }, nil
}

// Close lets go of the log. It may be called again.
func (k *KillLog) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.close != nil {
		k.close()
	}
	k.opened, k.read, k.close = true, nil, nil
}

// sinceBoot is nearly the clock of the log's times, see drift.
func sinceBoot() (time.Duration, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
