package lxc

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// selfExe is the program that this process runs, also when its file has been replaced.
	selfExe = "/proc/self/exe"
	// exeFiles is the first number for the program's descriptor, above all that
	// a helper is given: os/exec moves those about before it executes.
	exeFiles = 100
)

// helperExe is the program of a helper as a descriptor to execute it by; nil =
// selfExe will do.
//
// What liblxc starts in a container is a fork of the helper until it executes
// the container's program, which may be "#!/proc/self/exe": that is lxcdeck
// again, on libraries of the container, and its file could be written to from
// there as soon as nobody runs it (CVE-2019-5736 of runc and LXC). So the file
// is seen through a mount of its own, read-only, in no namespace and so nobody's
// to change. Where the kernel gives none, a sealed copy in memory does; a
// monitor would hold that for as long as its container runs. What a user's
// container runs is not the owner of a file of root's.
func helperExe() (*os.File, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	f, err := mountedExe()
	if err == nil {
		return f, nil
	}
	f, cerr := copiedExe()
	if cerr != nil {
		return nil, fmt.Errorf("program that containers cannot write: %w", errors.Join(err, cerr))
	}
	return f, nil
}

// mountedExe is the program on a detached read-only mount (open_tree(2),
// mount_setattr(2)), which lasts for as long as somebody runs it.
func mountedExe() (*os.File, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, selfExe, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("open_tree", err)
	}
	defer unix.Close(fd)
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return nil, os.NewSyscallError("mount_setattr", err)
	}
	return highFile(fd)
}

// copiedExe is a copy of the program in memory, sealed against all changes (memfd_create(2)).
func copiedExe() (*os.File, error) {
	from, err := os.Open(selfExe)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	fd, err := unix.MemfdCreate("lxcdeck", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	to := os.NewFile(uintptr(fd), "copy of the program")
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return nil, err
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	// The kernel waits a sixth of a second for whoever looks at the pages just then, such
	// as what compacts memory, and gives up with EBUSY (mm/memfd.c).
	for patience := 20; ; patience-- {
		_, err := unix.FcntlInt(to.Fd(), unix.F_ADD_SEALS, seals)
		if err == nil {
			return highFile(fd)
		}
		if !errors.Is(err, unix.EBUSY) || patience == 0 {
			return nil, os.NewSyscallError("seals", err)
		}
	}
}

func highFile(fd int) (*os.File, error) {
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, exeFiles)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(high), "program of a helper"), nil
}
