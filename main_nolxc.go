//go:build !cgo

package main

import (
	"fmt"
	"os"

	"lxcdeck/runtime"
)

// Without cgo there is no liblxc: a binary that shows the demo anywhere.

func helperMain() {}

func shield() (runtime.Stdio, error) {
	return runtime.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, nil
}

func open([]string, bool, string) (runtime.Runtime, error) {
	return nil, fmt.Errorf("%w: this lxcdeck was built without liblxc (CGO_ENABLED=0) and can only show --demo", runtime.ErrUnsupported)
}

func liblxc() string { return "without liblxc: built with CGO_ENABLED=0" }
