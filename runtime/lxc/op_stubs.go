package lxc

import "lxcdeck/runtime"

func (o *operation) setAutostart() error { return runtime.ErrUnsupported }
