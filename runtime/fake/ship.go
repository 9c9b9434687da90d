package fake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
)

// ship reads or writes an archive. Its root is empty, all else is as in a real one.
func (r *Runtime) ship(ctx context.Context, q runtime.Request) error {
	tell := func(p runtime.Progress) {
		if q.Progress != nil {
			q.Progress(p)
		}
	}
	if a, ok := q.Args.(*runtime.PackArgs); ok {
		m := archive.Meta{Version: archive.Version, Name: q.Ref.Name, Created: r.Now().UTC(), Arch: "x86_64"}
		if c, ok := r.Get(q.Ref); ok && c.Config != nil && c.Config.Unprivileged {
			m.IDs = 65536
		}
		out, err := archive.Pack(ctx, q.File, archive.PackOptions{Meta: m, Config: r.configText(q.Ref), Level: a.Level})
		if err != nil {
			return cancelledOr(ctx, err)
		}
		tell(runtime.Progress{Shipped: &runtime.Shipped{SHA256: out.SHA256, Size: out.Written, Entries: out.Entries, Bytes: out.Read}})
		return nil
	}
	a, ok := q.Args.(*runtime.UnpackArgs)
	if !ok {
		return nil
	}
	var all bytes.Buffer
	_, config, again, err := archive.Head(io.TeeReader(q.File, &all))
	if err != nil {
		return cancelledOr(ctx, err)
	}
	if err := a.Same(config); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, again)
	if err != nil {
		return cancelledOr(ctx, err)
	}
	sum := sha256.Sum256(all.Bytes())
	got := hex.EncodeToString(sum[:])
	if a.SHA256 != "" && a.SHA256 != got {
		return fmt.Errorf("%w: its SHA-256 is %s, not the one that was given", archive.ErrDamaged, got)
	}
	c := archive.Judge(config, archive.Site{Ref: q.Ref, IDMap: a.IDMap, Allow: a.AllowConfig, File: func(string) bool { return true },
		Bridge: func(name string) bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.choices == nil && name == "lxcbr0" || r.choices != nil && slices.Contains(r.choices.Bridges, name)
		}})
	for _, note := range c.Notes {
		tell(runtime.Progress{Output: []byte(note + "\n")})
	}
	for _, d := range c.Dropped {
		tell(runtime.Progress{Output: fmt.Appendf(nil, "config left out: %s (%s)\n", d.Line, d.Why)})
	}
	tell(runtime.Progress{Shipped: &runtime.Shipped{SHA256: got, Size: uint64(n), Entries: 1}})
	return nil
}

func cancelledOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return cancelled(ctx.Err())
	}
	return err
}

// configText is what a config file of the container would say.
func (r *Runtime) configText(ref runtime.Ref) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.boxes[ref]; ok && b.spec.ConfigText != "" {
		return []byte(b.spec.ConfigText)
	}
	return fmt.Appendf(nil, "lxc.include = /usr/share/lxc/config/common.conf\nlxc.rootfs.path = dir:%s/rootfs\nlxc.uts.name = %s\n"+
		"lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\n", ref, ref.Name)
}
