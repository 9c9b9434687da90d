//go:build cgo

package main

import (
	"os"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxc"
)

func helperMain() { lxc.HelperMain() }

// shield keeps C code away from the terminal, and inherited descriptors away
// from the containers.
func shield() (runtime.Stdio, error) {
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return runtime.Stdio{}, os.NewSyscallError("close_range", err)
	}
	return lxc.Shield(nil)
}

func open(paths []string, readOnly bool, log string) (runtime.Runtime, error) {
	return lxc.New(lxc.Options{Paths: paths, ReadOnly: readOnly, Audit: log})
}

// liblxc names the one that is here and, if it is another, the one of the headers
// that this was built with.
func liblxc() string {
	here := "liblxc " + lxc.Version()
	if built := lxc.BuiltWith(); built != lxc.Version() {
		here += ", built with " + built
	}
	return here
}
