package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"path"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// filesTime is how long a look into a folder may take: a file system of the
// container's need not answer.
const filesTime = 15 * time.Second

// Files lists a folder of a container, in a helper.
func (a *Adapter) Files(ctx context.Context, ref runtime.Ref, dir string) (runtime.Folder, error) {
	f, err := a.files(ctx, ref, dir)
	return f, fail("files", ref, err)
}

func (a *Adapter) files(ctx context.Context, ref runtime.Ref, dir string) (runtime.Folder, error) {
	var none runtime.Folder
	if err := ref.Check(); err != nil {
		return none, err
	}
	if !path.IsAbs(dir) || strings.ContainsRune(dir, 0) {
		return none, fmt.Errorf("%w: %q is no absolute path", runtime.ErrInvalid, dir)
	}
	ctx, cancel := context.WithTimeout(ctx, filesTime)
	defer cancel()
	at, err := a.logPlace(ctx, ref)
	if err != nil {
		return none, err
	}
	init := 0
	if at.life != nil {
		init = at.life.pid
	}
	var text bytes.Buffer
	r, err := a.callHelper(ctx, filesRequest(ref, init, dir), at.as, func(p runtime.Progress) { text.Write(p.Output) })
	if err == nil {
		err = replied("files", ref, &r)
	}
	if err != nil {
		return none, err
	}
	// The init ran when its root was opened, and does so yet: it was not another's.
	if at.life != nil && !at.life.alive() {
		return none, errStoppedMeanwhile
	}
	var found foundFolder
	if err := gob.NewDecoder(&text).Decode(&found); err != nil {
		return none, fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	return found.folder(), nil
}
