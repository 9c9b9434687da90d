package lxc

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// privateFD is the lowest number a saved descriptor gets: away from those
// that C code, or a shell that counts on small numbers, may use.
const privateFD = 10

// Shield takes the process's standard descriptors out of reach: what it was
// started with comes back under private, close-on-exec numbers, and 0, 1 and 2
// become /dev/null, so that nothing the C library writes reaches the screen.
// crash, if not nil, takes the place of 2: Go writes there what it has to say
// when the process dies. main calls it before anything touches liblxc.
//
// A write to an output that was closed at the start fails, as it would in any
// program of C: what was asked for must not be lost as if all were well. A closed
// input is empty.
func Shield(crash *os.File) (runtime.Stdio, error) {
	var saved [3]*os.File
	for fd, name := range []string{"stdin", "stdout", "stderr"} {
		dup, err := keep(fd)
		if err != nil {
			closeFiles(saved[:])
			return runtime.Stdio{}, fmt.Errorf("keep %s: %w", name, err)
		}
		saved[fd] = os.NewFile(uintptr(dup), name)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		closeFiles(saved[:])
		return runtime.Stdio{}, fmt.Errorf("shield the terminal: %w", err)
	}
	defer func() {
		if null.Fd() > 2 {
			_ = null.Close()
		}
	}()
	for fd := range saved {
		from := null
		if fd == 2 && crash != nil {
			from = crash
		}
		if int(from.Fd()) == fd {
			continue
		}
		if err := unix.Dup3(int(from.Fd()), fd, 0); err != nil {
			closeFiles(saved[:])
			return runtime.Stdio{}, fmt.Errorf("shield the terminal: %w", err)
		}
	}
	return runtime.Stdio{In: saved[0], Out: saved[1], Err: saved[2]}, nil
}

// keep gives a standard descriptor a private number.
func keep(fd int) (int, error) {
	if fd > 0 && wasClosed(fd) {
		// A file that is open for reading alone: write(2) says EBADF, as of none.
		deaf, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		defer unix.Close(deaf)
		fd = deaf
	}
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, privateFD)
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}
