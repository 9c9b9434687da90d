package lxc

import (
	"context"

	"lxcdeck/runtime"
)

func (a *Adapter) Footprint(ctx context.Context, ref runtime.Ref) (runtime.Footprint, error) {
	return runtime.Footprint{}, runtime.ErrUnsupported
}
func (a *Adapter) Choices(ctx context.Context) (runtime.Choices, error) {
	return runtime.Choices{}, runtime.ErrUnsupported
}
func (a *Adapter) Images(ctx context.Context, server string) ([]runtime.Image, error) {
	return nil, runtime.ErrUnsupported
}
