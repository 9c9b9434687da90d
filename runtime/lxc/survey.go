package lxc

import (
	"context"

	"lxcdeck/runtime"
)

func (a *Adapter) Footprint(ctx context.Context, ref runtime.Ref) (runtime.Footprint, error) {
	return runtime.Footprint{}, runtime.ErrUnsupported
}
