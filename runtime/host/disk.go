package host

import (
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// diskEvery is how often the file system is asked. It changes slowly, and
	// asking allocates the path and a goroutine once.
	diskEvery = 10 * time.Second
	// diskWait is how long a Sample waits for the answer it has asked for, which
	// takes microseconds as a rule. One that comes later is the next Sample's.
	diskWait = 250 * time.Millisecond
)

// space is the size of a file system, what is free to users other than root, and
// what is in use, in bytes.
type space struct{ total, free, used runtime.Value }

// look asks for the file system's size when it is time. statfs(2) waits for ever
// for one that does not answer, such as a dead NFS server: then there is no
// figure, one goroutine waits, and the kernel's own figures go on.
func (p *Sampler) look(now time.Time) {
	if p.disk == "" {
		return
	}
	if p.asked == nil {
		if !p.diskAt.IsZero() && now.Sub(p.diskAt) < diskEvery {
			return
		}
		p.diskAt = now
		asked := make(chan space, 1)
		p.asked = asked
		path, ask := filepath.Join(p.root, p.disk), p.statfs
		spawn(func() { asked <- ask(path) })
		timer := time.NewTimer(p.wait)
		defer timer.Stop()
		select {
		case p.space = <-asked:
			p.asked, p.spaceAt = nil, now
		case <-timer.C:
			p.space = space{}
		}
		return
	}
	select {
	case p.space = <-p.asked:
		p.asked, p.diskAt, p.spaceAt = nil, now, now
	default:
	}
}

func statfs(path string) space {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return space{}
		}
		break
	}
	unit := uint64(max(st.Frsize, 1))
	return space{
		kernfile.Times(runtime.Of(st.Blocks), unit), kernfile.Times(runtime.Of(st.Bavail), unit),
		kernfile.Times(runtime.Of(st.Blocks-min(st.Bfree, st.Blocks)), unit),
	}
}
