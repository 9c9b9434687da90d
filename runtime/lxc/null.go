package lxc

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers.

// ownNull puts the container's null device in the place of the host's. That is
// one file for the whole host: in the hands of a container's root, who is the
// host's unless ids are mapped, it could be given another mode and owner
// (fchmod on descriptor 0). What no root starts can do neither.
func ownNull(init int, stdio [3]int) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for i, fd := range stdio {
		if !isNull(fd) {
			continue
		}
		null, err := containerNull(init)
		if err != nil {
			null, err = noNull(i == 0)
		}
		if err == nil {
			err = unix.Dup3(null, fd, unix.O_CLOEXEC)
			_ = unix.Close(null)
		}
		if err != nil {
			return fmt.Errorf("null device: %w", err)
		}
	}
	return nil
}

// isNull says whether a descriptor is the null device (1, 3 in
// admin-guide/devices.txt).
func isNull(fd int) bool {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3)
}

// containerNull opens the container's own null device. What stands in its place
// is looked at before it is opened.
func containerNull(init int) (int, error) {
	root, err := openRoot(init)
	if err != nil {
		return -1, err
	}
	defer root.close()
	fd, err := root.find(os.DevNull)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	if !isNull(fd) {
		return -1, fmt.Errorf("%s in the container is no null device", os.DevNull)
	}
	return unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
}

// noNull stands for the null device of a container that has none: a pipe that
// is at its end, or one that this process empties as long as it lives.
func noNull(input bool) (int, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return -1, err
	}
	if input {
		_ = unix.Close(p[1])
		return p[0], nil
	}
	r := os.NewFile(uintptr(p[0]), "output that nobody wants")
	runtime.Spawn("null device", func(error) {}, func() {
		_, _ = io.Copy(io.Discard, r) // ends with the last writer
		r.Close()
	})
	return p[1], nil
}
