package lxc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"lxcdeck/runtime"
)

// What a person has asked for is meant for the container that they saw: between a
// question and its answer somebody may have destroyed it, and made another one of
// its name.

// stillTheSame refuses a container that is another one than the request is about.
func stillTheSame(q *helperRequest) error {
	if q.Same == "" {
		return nil
	}
	// What is not there is refused by others, in their words.
	if id, err := handleOf(q.Ref.String()); err == nil && id != q.Same {
		return fmt.Errorf("%w: it is another container now, which got that name since", runtime.ErrWrongState)
	}
	return nil
}

// notElsewhere refuses what needs a container that is stopped where it runs by
// another name of its lxcpath, such as a symbolic link's. liblxc calls its command
// socket by the lxcpath as it was given, so that under this name it is stopped, and
// its root would be removed or exchanged below its processes. A name that is too long
// for a socket stands there as a sum only (socketName), and is not found.
func notElsewhere(ref runtime.Ref) error {
	here, err := os.Stat(ref.String())
	if err != nil {
		return nil // there is nothing that could run
	}
	end := []byte("/" + ref.Name + "/command")
	other := ""
	var sockets unixSockets
	defer sockets.close()
	err = sockets.each(func(name []byte) {
		path, ok := bytes.CutSuffix(bytes.TrimPrefix(name, []byte("@")), end)
		as := runtime.Ref{Path: string(path), Name: ref.Name}
		if !ok || other != "" || as == ref || !filepath.IsAbs(as.Path) || !oursListens(as) {
			return
		}
		if there, err := os.Stat(as.String()); err == nil && os.SameFile(here, there) {
			other = as.Path
		}
	})
	if err != nil || other == "" {
		return nil // without the list of sockets nobody knows better
	}
	return &runtime.Error{
		Err:  fmt.Errorf("%w: it runs by another name of its lxcpath, %s", runtime.ErrWrongState, other),
		Hint: "Stop it by that name, or keep to that: -P " + runtime.ShellQuote(other) + ".",
	}
}

// oursListens says whether it is root or this user who listens on a command socket.
// Anybody may call one as they like, and have paths looked at that hang.
func oursListens(ref runtime.Ref) bool {
	q, err := askMonitor(ref, cmdGetState)
	if err != nil {
		return false
	}
	_ = q.conn.Close()
	return q.peer.Uid == 0 || int(q.peer.Uid) == os.Geteuid()
}
