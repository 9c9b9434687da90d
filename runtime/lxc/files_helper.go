package lxc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

// filesRoot is a container's root as files are read from it and written to it.
type filesRoot struct {
	root  *os.File   // nil = at is, inside a user namespace
	at    rootSource // that only a process in there may open; zero = root is open
	pidfd int        // of the container's init; -1 = it does not run
	ids   hostIDs    // what its ids are outside; none = what they are inside
	apart bool       // its files are touched in a user namespace with its ids
}

// openFilesRoot finds the root of a container, whose init is given, 0 = it does not run.
// One that is only mounted while it runs, or that has to be mounted to be written to,
// is refused with the words to start it.
func openFilesRoot(ref runtime.Ref, init int, write bool) (*filesRoot, error) {
	r := &filesRoot{pidfd: -1}
	if init > 0 {
		at, err := openRoot(init)
		if err != nil {
			return nil, fileErr(err)
		}
		r.root, r.pidfd = os.NewFile(uintptr(at.dir), "root of "+ref.String()), at.pidfd
		if r.ids, err = idsOf(init); err == nil && !r.alive() {
			err = errStoppedMeanwhile
		}
		if err != nil {
			r.close()
			return nil, err
		}
	} else if err := r.stopped(ref, write); err != nil {
		return nil, err
	}
	r.apart = len(r.ids) > 0 && (os.Geteuid() == 0 || needsInside(r.ids))
	return r, nil
}

// idsOf are the ids of a container that runs (user_namespaces(7)): its config may be
// another by now, or not to be believed.
func idsOf(init int) (hostIDs, error) {
	var all hostIDs
	for _, file := range []string{"uid_map", "gid_map"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", init, file))
		if err != nil {
			return nil, fmt.Errorf("ids of init %d: %w", init, fileErr(err))
		}
		for line := range strings.Lines(string(text)) {
			m := runtime.IDMap{Group: file == "gid_map"}
			if n, err := fmt.Sscan(line, &m.Inner, &m.Host, &m.Count); err != nil || n != 3 {
				return nil, fmt.Errorf("%w: ids of init %d: %q", runtime.ErrHelper, init, line)
			}
			all = append(all, m)
		}
	}
	if slices.ContainsFunc(all, func(m runtime.IDMap) bool { return m.Inner != m.Host || m.Count != math.MaxUint32 }) {
		return all, nil
	}
	return nil, nil // they are this namespace's
}

// stopped finds the root of one that does not run.
func (r *filesRoot) stopped(ref runtime.Ref, write bool) (err error) {
	conf := readLogConf(ref)
	if conf.err != nil {
		return fmt.Errorf("its config, which says where its root is and who owns it, was not read: %w", conf.err)
	}
	var options []string
	err = eachSetting(filepath.Join(ref.String(), "config"), 0, func(key, value string) error {
		if key == "lxc.rootfs.options" {
			options = append(options, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.ids = conf.ids
	at := sourceOf(withLower(conf.rootfs, options))
	const start = "Start it: then it is mounted."
	switch {
	case at.overlay() && write:
		return &runtime.Error{Err: fmt.Errorf("%w: its root is an overlay, which is mounted only while it runs", runtime.ErrUnsupported), Hint: start}
	case at.overlay() && needsInside(r.ids):
		r.at = at
	case at.overlay():
		r.root, err = at.open()
	default:
		r.root, err = stoppedRoot(&conf)
	}
	for _, v := range options {
		for word := range strings.SplitSeq(v, ",") {
			if word == "idmap=container" { // on disk its ids are those that it sees
				r.ids = nil
			}
		}
	}
	if errors.Is(err, runtime.ErrUnsupported) {
		err = &runtime.Error{Err: err, Hint: start}
	}
	return err
}

// inside starts the worker that has the container's ids; nil = it needs none. file is
// its end of a stream, or nil.
func (r *filesRoot) inside(file *os.File) (*insider, error) {
	if !r.apart {
		return nil, nil
	}
	return goInsideBy(r.ids, file, r.root, "", os.Geteuid() == 0)
}

// alive says whether the root is still that of the container.
func (r *filesRoot) alive() bool { return r.pidfd < 0 || alive(r.pidfd) }

func (r *filesRoot) close() {
	if r.root != nil {
		_ = r.root.Close()
	}
	if r.pidfd >= 0 {
		_ = unix.Close(r.pidfd)
	}
}

// helperFilesList lists a folder.
func helperFilesList(conn *msgConn, q helperRequest) helperReply {
	r, err := openFilesRoot(q.Ref, q.Init, false)
	if err != nil {
		return failedReply(err, "")
	}
	defer r.close()
	in, err := r.inside(nil)
	if err != nil {
		return failedReply(err, "")
	}
	var found *foundFolder
	if in == nil {
		found, err = listFolder(r.root, string(q.Text))
	} else {
		defer in.close()
		found, err = in.files(context.Background(), r.at, string(q.Text))
	}
	if err == nil && !r.alive() {
		err = errStoppedMeanwhile
	}
	if err == nil {
		err = sendLong(conn, found)
	}
	if err != nil {
		return failedReply(err, "")
	}
	return helperReply{OK: true}
}
