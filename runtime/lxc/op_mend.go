package lxc

import (
	"fmt"

	"lxcdeck/runtime"
)

// This file runs in helpers. A Fix is named by its ID alone: what it does is
// found anew here, so that nothing is done that does not apply any more.

// mend carries out one Fix.
func (o *operation) mend() error {
	a, ok := o.q.Args.(*runtime.MendArgs)
	if !ok {
		return fmt.Errorf("%w: no fix is named", runtime.ErrInvalid)
	}
	if a.Fix == fixLxcNet {
		o.step("enabling " + lxcNetUnit)
		return newNetService().enable(o.q.Timeout, o.output)
	}
	return fmt.Errorf("%w: no fix is named %q", runtime.ErrInvalid, a.Fix)
}

// output tells what a program has written.
func (o *operation) output(said []byte) {
	if len(said) > 0 {
		o.tell(runtime.Progress{Output: said})
	}
}
