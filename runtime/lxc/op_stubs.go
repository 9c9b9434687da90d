package lxc

import "lxcdeck/runtime"

func (o *operation) pack() error       { return runtime.ErrUnsupported }
func (o *operation) unpack() error     { return runtime.ErrUnsupported }
