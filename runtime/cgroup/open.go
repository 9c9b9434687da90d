package cgroup

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// Open finds the payload cgroup of the container whose init is pid (see
// Locate for dirs) and opens its statistics files. Controllers that are
// missing are no error; errors wrap those of Locate, and EMFILE when the
// limit of open files is reached (see RaiseFDLimit).
func (f FS) Open(pid int, dirs ...string) (*Reader, error) {
	mounts, err := f.Mounts()
	if err != nil {
		return nil, err
	}
	return f.open(target{mounts: mounts, pid: pid, dirs: dirs, buf: &kernfile.Buffer{}, now: time.Now})
}

// target is what a Reader is opened for.
type target struct {
	mounts Mounts
	pid    int
	name   string   // the container's; "" = not known, and not checked
	dirs   []string // configured payload directories
	buf    *kernfile.Buffer
	now    func() time.Time
}

// errNoFiles says that the place is known, but nothing can be read there.
var errNoFiles = fmt.Errorf("%w that can be read", runtime.ErrNoCgroup)

// opening is the work of opening one Reader.
type opening struct {
	target
	fs      FS
	proc    process
	loc     Location
	anchors map[string]int // descriptors of cgroup directories, while opening
	r       *Reader
}

func (f FS) open(t target) (*Reader, error) {
	o := opening{target: t, fs: f, anchors: map[string]int{},
		r: &Reader{pid: t.pid, buf: t.buf, now: t.now}}
	defer o.cleanup()
	if err := o.proc.open(f, t.pid); err != nil {
		return nil, err
	}
	var err error
	if o.loc, err = f.locate(&o.proc, t.dirs); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	for i := range controllers {
		if err := o.controller(&controllers[i]); err != nil {
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

// cleanup closes what only opening needs.
func (o *opening) cleanup() {
	o.proc.close()
	for _, fd := range o.anchors {
		closeAll(fd)
	}
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
	o.r.state.sample.Cgroup = o.loc.Any()
	o.r.state.sample.Controls = o.r.controls()
	return nil
}

// process opens the init's own files; they come last.
func (o *opening) process(c *controller) error {
	if len(o.r.files) == 0 {
		return fmt.Errorf("open %s (%s): %w", o.loc.Any(), o.r.controls(), errNoFiles)
	}
	if o.proc.hostNet(o.fs) {
		o.miss(c.name, "the container shares the host's")
		return nil
	}
	ok, why, err := o.below(c, c.process, o.proc.dir)
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
	at, known := o.anchors[dir]
	if !known {
		if at, err = openDir(dir); err != nil {
			return false, reason(err), exhausted(err)
		}
		o.anchors[dir] = at
	}
	return o.below(c, sources, at)
}

// below does so below an open directory.
func (o *opening) below(c *controller, sources []source, at int) (ok bool, why string, err error) {
	for i := range sources {
		src := &sources[i]
		name := src.name
		fd, err := openAt(at, name)
		if errors.Is(err, unix.ENOENT) && src.alt != "" {
			name = src.alt
			fd, err = openAt(at, name)
		}
		switch {
		case err == nil:
			o.r.files = append(o.r.files, held{fd: fd, src: src, name: name, of: c.name})
		case exhausted(err) != nil:
			return false, "", exhausted(err)
		case i == 0:
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
