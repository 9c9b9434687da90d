package views

import (
	"io/fs"
	"strconv"
	"time"

	"lxcdeck/runtime"
)

// fileRole is the colour of an entry; a sign behind its name says the same.
func fileRole(e *runtime.FileEntry) Role {
	switch e.Kind {
	case runtime.FileFolder:
		return Key
	case runtime.FileLink:
		return Notice
	case runtime.FileRegular:
		return Plain
	default:
		return Dim
	}
}

// fileSign is what ls -F puts behind a name.
func fileSign(k runtime.FileKind) string {
	switch k {
	case runtime.FileFolder:
		return "/"
	case runtime.FileLink:
		return "@"
	case runtime.FileFIFO:
		return "|"
	case runtime.FileSocket:
		return "="
	default:
		return ""
	}
}

// fileName is a name with its sign, in at most n cells: of one that is too long
// beginning and end are shown, as it is the ends that differ in many folders.
func (t *Theme) fileName(e *runtime.FileEntry, n int) string {
	name, sign := Clean(e.Name), fileSign(e.Kind)
	room := n - Width(sign)
	if Width(name) > room {
		dots := Width(t.Glyphs.Ellipsis)
		tail := max(0, min(room/3, room-dots-1))
		name = cells(name, room-dots-tail) + t.Glyphs.Ellipsis + tailCells(name, tail)
	}
	return name + sign
}

// fileSizeWords is what stands for the size of an entry.
func fileSizeWords(e *runtime.FileEntry) string {
	switch {
	case e.Mount:
		return "mount"
	case e.Kind == runtime.FileRegular:
		return ValueBytes(e.Size)
	default:
		return e.Kind.String()
	}
}

// FileTime is a moment to the minute; "-" = it is not known.
func FileTime(at time.Time) string {
	if at.IsZero() {
		return Absent
	}
	return at.Local().Format("2006-01-02 15:04")
}

// FileOwner are user and group, by name where they have one.
func FileOwner(e *runtime.FileEntry) string {
	user, group := e.Owner, e.Group
	if user == "" {
		user = strconv.FormatUint(uint64(e.UID), 10)
	}
	if group == "" {
		group = strconv.FormatUint(uint64(e.GID), 10)
	}
	return user + ":" + group
}

// FileMode is kind and permissions, as ls(1) writes them.
func FileMode(e *runtime.FileEntry) string {
	b := []byte("-rwxrwxrwx")
	switch e.Kind {
	case runtime.FileFolder:
		b[0] = 'd'
	case runtime.FileLink:
		b[0] = 'l'
	case runtime.FileFIFO:
		b[0] = 'p'
	case runtime.FileSocket:
		b[0] = 's'
	case runtime.FileDevice:
		b[0] = 'b'
		if e.Mode&fs.ModeCharDevice != 0 {
			b[0] = 'c'
		}
	}
	for i := range 9 {
		if e.Mode&(1<<(8-i)) == 0 {
			b[1+i] = '-'
		}
	}
	special := func(set bool, at int, with, without byte) {
		switch {
		case set && b[at] == 'x':
			b[at] = with
		case set:
			b[at] = without
		}
	}
	special(e.Mode&fs.ModeSetuid != 0, 3, 's', 'S')
	special(e.Mode&fs.ModeSetgid != 0, 6, 's', 'S')
	special(e.Mode&fs.ModeSticky != 0, 9, 't', 'T')
	return string(b)
}

// FileKindWords says what an entry is.
func FileKindWords(e *runtime.FileEntry) string {
	switch {
	case e.Mount:
		return e.Kind.String() + ", something is mounted here"
	case e.Kind == runtime.FileRegular && e.Mode.Perm()&0o111 != 0:
		return "file, executable"
	case e.Kind == runtime.FileRegular:
		return "file"
	default:
		return e.Kind.String()
	}
}
