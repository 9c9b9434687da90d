package lxc

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// maxLock is how much of a lock file is read, in bytes.
const maxLock = 4096

// lockOf is the lock that a container's directory holds; nil = there is none.
// Whatever has the name of the lock file locks. It is read only where the
// directory is ours: somebody else's could make us wait.
func lockOf(ref runtime.Ref, ours bool) *runtime.LockInfo {
	path := filepath.Join(ref.String(), runtime.LockFile)
	var st unix.Stat_t
	if lstat(path, &st) != nil {
		return nil
	}
	var l runtime.LockInfo
	if !ours || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return &l
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return &l
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, maxLock))
	if json.Unmarshal(text, &l) != nil {
		return &runtime.LockInfo{}
	}
	return &l
}
