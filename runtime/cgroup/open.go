package cgroup

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// Open finds the payload cgroup of the container whose init is pid (see
// Locate for dirs) and opens its statistics files. Controllers that are
// missing are no error; errors wrap those of Locate, and EMFILE when the
// limit of open files is reached: a container takes about 20 descriptors. Go lifts
// the soft limit, usually 1024, to the hard one by itself, and gives the old one to
// every program that it starts.
func (f FS) Open(pid int, dirs ...string) (*Reader, error) {
	mounts, err := f.Mounts()
	if err != nil {
		return nil, err
	}
	return f.open(target{mounts: mounts, own: f.self(), pid: pid, dirs: dirs, buf: &kernfile.Buffer{}, now: time.Now})
}

// target is what a Reader is opened for.
type target struct {
	mounts Mounts
	own    *self
	pid    int
	name   string   // the container's; "" = not known, and not checked
	dirs   []string // configured payload directories
	totals bool     // only what the Totals tier reads
	buf    *kernfile.Buffer
	now    func() time.Time
}

// errNoFiles says that the place is known, but nothing can be read there.
var errNoFiles = fmt.Errorf("%w that can be read", runtime.ErrNoCgroup)

// opening is the work of opening one Reader.
type opening struct {
	target
	fs   FS
	proc process
	loc  Location
	r    *Reader
}

func (f FS) open(t target) (*Reader, error) {
	o := opening{target: t, fs: f, r: &Reader{pid: t.pid, totals: t.totals, buf: t.buf, now: t.now}}
	if err := o.proc.open(f, t.pid); err != nil {
		return nil, err
	}
	defer o.proc.close()
	var err error
	if o.loc, err = o.proc.locate(t.own.cgroup, t.dirs); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	for i := range controllers {
		c := &controllers[i]
		if o.wanted(c.v2)+o.wanted(c.v1)+o.wanted(c.process) == 0 {
			continue
		}
		if err := o.controller(c); err != nil {
			o.r.Close()
			return nil, err
		}
	}
	if err := o.finish(); err != nil {
		o.r.Close()
		return nil, err
	}
	return o.r, nil
}

// check refuses a pid that belongs to another container by now.
func (o *opening) check() error {
	if o.name == "" || belongs(o.loc.Any(), o.name, o.dirs) {
		return nil
	}
	return fmt.Errorf("process %d is in %s, not in this container's cgroup: %w", o.pid, o.loc.Any(), runtime.ErrNotFound)
}

// finish makes sure that all that was opened was the process's.
func (o *opening) finish() error {
	if err := o.proc.alive(); err != nil {
		return err
	}
	o.r.state.sample.InitPID = o.pid
	o.r.state.links.igmp = o.fs.path("proc", strconv.Itoa(o.pid), "net/igmp")
	o.r.state.sample.Pids.OwnLimit = !o.mounts.pidsForks && slices.ContainsFunc(o.r.files, func(h held) bool { return h.name == pidsLocal })
	o.r.state.sample.Cgroup = o.loc.Any()
	o.r.state.sample.Controls = o.r.controls()
	return nil
}

// process opens the init's own files; they come last.
func (o *opening) process(c *controller) error {
	if len(o.r.files) == 0 {
		return fmt.Errorf("open %s (%s): %w", o.loc.Any(), o.r.controls(), errNoFiles)
	}
	if o.proc.sharesNet(o.own) {
		o.miss(c.name, "the container shares the host's")
		return nil
	}
	ok, why, err := o.below(c, c.process, o.proc.files)
	if !ok && err == nil {
		o.miss(c.name, why)
	}
	return err
}

// controller opens the files of one controller, on the side it is on.
func (o *opening) controller(c *controller) error {
	if c.process != nil {
		return o.process(c)
	}
	v1, bound := o.loc.V1[c.key]
	why := "no such controller here"
	if o.loc.Unified != "" && (c.core || !bound) {
		ok, w, err := o.files(c, c.v2, o.mounts.Dir("", o.loc.Unified))
		if ok || err != nil {
			return err
		}
		why = w
	}
	if bound {
		if v1 == "" {
			o.miss(c.name, "the container has no cgroup of its own there")
			return nil
		}
		if c.key == blkioKey {
			o.r.state.allIO = o.fs.countsAllIO()
		}
		ok, w, err := o.files(c, c.v1, o.mounts.Dir(c.key, v1))
		if ok || err != nil {
			return err
		}
		why = w
	}
	o.miss(c.name, why)
	return nil
}

// files opens the files of one controller in the cgroup directory dir; ok is
// false, with the reason, when the controller is not there.
func (o *opening) files(c *controller, sources []source, dir string) (ok bool, why string, err error) {
	if dir == "" {
		return false, "its hierarchy is not mounted here", nil
	}
	if o.wanted(sources) < manyFiles {
		return o.below(c, sources, place{unix.AT_FDCWD, dir + "/"})
	}
	at, err := openDir(dir)
	if err != nil {
		return false, reason(err), exhausted(err)
	}
	defer closeAll(at)
	return o.below(c, sources, place{dir: at})
}

// manyFiles are worth opening their directory: to walk a whole path in
// cgroupfs takes twice as long as to walk its last part.
const manyFiles = 3

// wanted counts the files that are to be opened.
func (o *opening) wanted(sources []source) int {
	if !o.totals {
		return len(sources)
	}
	n := 0
	for i := range sources {
		if sources[i].total {
			n++
		}
	}
	return n
}

// below opens the files in their place.
func (o *opening) below(c *controller, sources []source, at place) (ok bool, why string, err error) {
	first := true
	for i := range sources {
		src := &sources[i]
		if o.totals && !src.total {
			continue
		}
		name, decides := src.name, first
		first = false
		fd, err := at.open(name)
		if errors.Is(err, unix.ENOENT) && src.alt != "" {
			name = src.alt
			fd, err = at.open(name)
		}
		switch {
		case err == nil:
			o.r.files = append(o.r.files, held{fd: fd, src: src, name: name, of: c.name})
		case exhausted(err) != nil:
			return false, "", exhausted(err)
		case decides:
			return false, reason(err), nil
		case !errors.Is(err, unix.ENOENT):
			o.miss(c.name, name+" "+reason(err))
		}
	}
	return true, "", nil
}

func (o *opening) miss(name, why string) {
	o.r.missing = append(o.r.missing, name+": "+why)
}

// reason is an open error in the words of Sample.Controls.
func reason(err error) string {
	if errors.Is(err, unix.ENOENT) {
		return "not enabled for this cgroup"
	}
	return err.Error()
}

// exhausted is an error that concerns this program, not the container.
func exhausted(err error) error {
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
		return fmt.Errorf("open statistics files: %w (raise the limit of open files, ulimit -n)", err)
	}
	return nil
}
