package lxc

import (
	"context"
	"fmt"

	"lxcdeck/runtime"
)

// Files lists a folder of a container.
func (a *Adapter) Files(_ context.Context, ref runtime.Ref, _ string) (runtime.Folder, error) {
	return runtime.Folder{}, fail("files", ref, fmt.Errorf("%w: files", runtime.ErrUnsupported))
}
