// Package archive writes a container into one stream and makes a root of one
// again. The stream is a tar file, in frames of zstd: tar --zstd -x reads it.
//
// It holds, below one directory with the container's name: lxcdeck.json (Meta),
// config, rootfs with all that is in it (files with large holes as GNU tar writes
// them), and, last, lxcdeck.sha256 with the
// SHA-256 of all bytes of the tar file before its own header. That says that
// nothing was damaged on the way, not who made it.
//
// Rules of this room:
//   - Owners are the container's own ids; whoever packs or unpacks says how they
//     relate to the host's.
//   - Nothing is read or made by a path from outside: each entry is opened
//     relative to its directory's descriptor, without following links.
//   - A stream is not trusted: names that lead out, device nodes, links through
//     links, sizes and numbers beyond the bounds end the unpacking.
package archive

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// The names below the archive's one directory.
const (
	metaName   = "lxcdeck.json"
	configName = "config"
	rootName   = "rootfs"
	sumName    = "lxcdeck.sha256"
)

// Version is that of the archives written here; only this one is read.
const Version = 1

// Bounds of what is read.
const (
	maxMeta   = 64 << 10
	maxWord   = 255 // of Meta, and NAME_MAX: longer ones would push the rest off a screen
	maxConfig = 1 << 20
	maxName   = 4096 // PATH_MAX of limits.h
	maxXattrs = 256 << 10
	// DefaultEntries is how many entries an archive may have unless told otherwise.
	DefaultEntries = 10_000_000
)

// What callers decide on.
var (
	// ErrDamaged: the stream is no archive of ours, is cut short, or was changed.
	ErrDamaged = errors.New("archive is damaged")
	// ErrUnsafe: the archive would reach beyond the root that is made of it.
	ErrUnsafe = errors.New("archive is not safe to unpack")
	// ErrTooLarge: it holds more than was allowed.
	ErrTooLarge = errors.New("archive is too large")
	// ErrNoRoom: the file system that it is unpacked to has not enough room for it.
	ErrNoRoom = errors.New("not enough room to unpack it")
	// ErrOwner: something in it belongs to an id that has none on this side.
	ErrOwner = errors.New("is not one of the new container's ids")
	// ErrAttribute: the file system does not take an attribute. It may have much room.
	ErrAttribute = errors.New("which not every file system can hold")
)

// Meta is what an archive says of itself: claims of whoever made it.
type Meta struct {
	Version int       `json:"version"`
	Name    string    `json:"name"`    // of the container
	Created time.Time `json:"created"` // when it was packed
	Arch    string    `json:"arch"`    // lxc.arch, or the host's
	State   string    `json:"state"`   // RUNNING: it was frozen while it was packed
	IDs     uint64    `json:"ids"`     // how many ids the container had; 0 = all
}

// Skipped is something of the root that is not in the archive.
type Skipped struct {
	Path string // in the container: foreign text
	Why  string // may hold the name of an attribute: foreign text
}

// harmless are the character devices that a root may hold: those of null(4),
// full(4), random(4), tty(4), console(4) and pts(4), and overlayfs' whiteout.
func harmless(mode uint32, rdev uint64) bool {
	if mode&unix.S_IFMT != unix.S_IFCHR {
		return false
	}
	major, minor := unix.Major(rdev), unix.Minor(rdev)
	switch major {
	case 0:
		return minor == 0
	case 1:
		return minor == 3 || minor == 5 || minor == 7 || minor == 8 || minor == 9
	case 5:
		return minor <= 2
	}
	return false
}
