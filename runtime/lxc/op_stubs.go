package lxc

import "lxcdeck/runtime"

func (o *operation) rename() error { return runtime.ErrUnsupported }

func (o *operation) setAutostart() error { return runtime.ErrUnsupported }
