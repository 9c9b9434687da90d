package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// PackArgs write a container into an archive: a tar file, compressed by zstd,
// that Request.File takes. A running container is frozen meanwhile.
type PackArgs struct {
	Level int // of zstd, 1 to 19; 0 = 1, the fastest
}

// Check refuses a level that zstd does not have.
func (a *PackArgs) Check() error {
	if a.Level < 0 || a.Level > 19 {
		return fmt.Errorf("%w: level %d of zstd (1 to 19)", ErrInvalid, a.Level)
	}
	return nil
}

// LXCCommand is a tar of the same tree.
func (a *PackArgs) LXCCommand(_ Op, r Ref) string {
	return "tar --zstd --numeric-owner --xattrs --one-file-system -cf FILE -C " + ShellQuote(r.Path) + " " + ShellQuote(r.Name)
}

// Shipped is what came of packing or unpacking.
type Shipped struct {
	SHA256  string // of the whole archive, in hex
	Size    uint64 // bytes of the archive
	Entries uint64
	Bytes   uint64 // of files
	Left    uint64 // entries that are not in it, or of which an attribute is not; Output has named the first thousand
}

// UnpackArgs make a container of an archive that Request.File gives. What its config
// says beyond the allow-list is named in Progress.Output, and dropped.
type UnpackArgs struct {
	SHA256      string   // of the whole file, in hex: then it is authentic; "" = undamaged at best
	AllowConfig []string // keys of the archive's config that are taken beyond the allow-list
	Config      string   // SHA-256 of the config that was looked at, in hex: another is refused; "" = none was
	IDMap       []IDMap  // shifts the owners to these ids; nil = a privileged container
	MaxSize     uint64   // bytes that may be unpacked, holes of files apart; 0 = what is free, less a reserve
	MaxEntries  uint64   // 0 = 10 million
}

// Looked notes which config was looked at before AllowConfig was said.
func (a *UnpackArgs) Looked(config []byte) {
	sum := sha256.Sum256(config)
	a.Config = hex.EncodeToString(sum[:])
}

// Same refuses another config than the one that was looked at: the archive may be
// another by now, and what was allowed stands for other lines.
func (a *UnpackArgs) Same(config []byte) error {
	now := UnpackArgs{}
	if now.Looked(config); a.Config != "" && !strings.EqualFold(a.Config, now.Config) {
		return &Error{Err: fmt.Errorf("%w: the archive's config is another than the one that was looked at", ErrWrongState), Hint: "Look into it again."}
	}
	return nil
}

// Check refuses a checksum that is none.
func (a *UnpackArgs) Check() error {
	if b, err := hex.DecodeString(a.SHA256); err != nil || a.SHA256 != "" && len(b) != 32 {
		return fmt.Errorf("%w: %q is no SHA-256", ErrInvalid, a.SHA256)
	}
	if b, err := hex.DecodeString(a.Config); err != nil || a.Config != "" && len(b) != 32 {
		return fmt.Errorf("%w: %q is no SHA-256 of a config", ErrInvalid, a.Config)
	}
	for _, k := range a.AllowConfig {
		if !strings.HasPrefix(k, "lxc.") || strings.ContainsAny(k, " =\n") {
			return fmt.Errorf("%w: %q is no key of a config", ErrInvalid, k)
		}
		if k == "lxc.rootfs.path" || k == "lxc.idmap" || k == "lxc.uts.name" || k == "lxc.start.auto" {
			return fmt.Errorf("%w: %s is never taken from an archive: it is the new container's own", ErrInvalid, k)
		}
	}
	return checkIDMap(a.IDMap)
}

// LXCCommand is empty: no lxc-* tool unpacks.
func (a *UnpackArgs) LXCCommand(Op, Ref) string { return "" }
