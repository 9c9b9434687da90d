package lxc

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers. A Fix is named by its ID alone: what it does is
// found anew here, so that nothing is done that does not apply any more.

// mend carries out one Fix.
func (o *operation) mend() error {
	a, ok := o.q.Args.(*runtime.MendArgs)
	if !ok {
		return fmt.Errorf("%w: no fix is named", runtime.ErrInvalid)
	}
	if a.Fix == fixLxcNet {
		o.step("enabling " + lxcNetUnit)
		return newNetService().enable(o.q.Timeout, o.output)
	}
	if name, ok := strings.CutPrefix(a.Fix, fixChmod); ok && o.q.Ref != (runtime.Ref{}) {
		return o.chmod(name)
	}
	return fmt.Errorf("%w: no fix is named %q", runtime.ErrInvalid, a.Fix)
}

// output tells what a program has written.
func (o *operation) output(said []byte) {
	if len(said) > 0 {
		o.tell(runtime.Progress{Output: said})
	}
}

// chmod lets a path of the container's directory be run, or passed through.
func (o *operation) chmod(name string) error {
	p := newPatient(o.q.Ref, nil)
	defer p.release()
	if p.load != nil {
		return p.load
	}
	s, err := p.chmodStep(name)
	switch {
	case errors.Is(err, errNoStep):
		return fmt.Errorf("%w: %s needs no mending, or is not this container's to mend", runtime.ErrWrongState, name)
	case err != nil:
		return fmt.Errorf("%s: %w", name, fileErr(err))
	}
	defer s.close()
	// The kernel follows this link to the inode that is held (proc_pid_fd(5)).
	if err := unix.Chmod("/proc/self/fd/"+strconv.Itoa(s.fd), s.to); err != nil {
		return fmt.Errorf("chmod %s: %w", name, fileErr(err))
	}
	return nil
}

// fixChmod begins the ID of the Fix that lets a path of the container's own
// directory be run, or passed through; the path is behind it.
const fixChmod = "chmod-x:"

// chmodFix is the offer to do that; nil where it is not one safe step.
func (p *patient) chmodFix(name string) *runtime.Fix {
	step, err := p.chmodStep(name)
	if err != nil {
		return nil
	}
	defer step.close()
	mode := "a+x"
	if step.dir {
		mode = "o+x"
	}
	return &runtime.Fix{
		ID: fixChmod + name, Title: "Let it be run: " + name, Command: []string{"chmod", mode, name},
	}
}

// chmodStep is a path of the container's directory whose x bits may be set.
type chmodStep struct {
	fd  int
	dir bool
	to  uint32
}

func (s *chmodStep) close() { _ = unix.Close(s.fd) }

var errNoStep = errors.New("it does not apply")

// chmodStep looks whether a path is one that keeps the container from starting
// and may be mended: a directory on the way to its root, its init, a hook. It
// must lie in the container's own directory, and is held from now on.
func (p *patient) chmodStep(name string) (*chmodStep, error) {
	if !p.inside(name) || !p.wants(name) {
		return nil, errNoStep
	}
	top, err := unix.Open(p.ref.String(), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(top) }()
	rel, err := filepath.Rel(p.ref.String(), name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Openat2(top, rel, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, err
	}
	s := &chmodStep{fd: fd}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		s.close()
		return nil, err
	}
	mode := st.Mode & 0o7777
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		s.dir, s.to = true, mode|0o001
	case unix.S_IFREG:
		s.to = mode | mode&0o444>>2
		if mode&(unix.S_ISUID|unix.S_ISGID) != 0 { // everybody would run it as somebody else
			s.to = mode
		}
	default:
		s.to = mode
	}
	if s.to == mode {
		s.close()
		return nil, errNoStep
	}
	return s, nil
}

// wants says whether the container's start needs x on a path.
func (p *patient) wants(name string) bool {
	if uid, gid, ok := p.mappedRoot(); ok {
		for _, root := range p.rootPaths() {
			if c := closed(root, uid, gid); c != nil && c.path == name {
				return true
			}
		}
	}
	for _, h := range p.hooks() {
		if script, _, _ := strings.Cut(h.value, " "); script == name {
			return true
		}
	}
	init := "/sbin/init"
	for _, cmd := range p.values("lxc.init.cmd") {
		init, _, _ = strings.Cut(cmd, " ")
	}
	return p.lookUp(init).host == name
}
