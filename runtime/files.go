package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// FileReader looks into the file systems of containers.
type FileReader interface {
	// Files lists a folder of a container by its absolute path inside, be it running
	// or stopped. Links are followed as the container would, never out of its root.
	// The error wraps ErrNoFile when there is none, ErrInvalid when it is no folder.
	Files(ctx context.Context, ref Ref, dir string) (Folder, error)
}

// FileKind says what a name stands for.
type FileKind uint8

// The kinds.
const (
	FileRegular FileKind = iota
	FileFolder
	FileLink
	FileFIFO
	FileSocket
	FileDevice
)

var fileKindNames = [...]string{"file", "folder", "link", "fifo", "socket", "device"}

// String is the kind's name in JSON.
func (k FileKind) String() string {
	if int(k) >= len(fileKindNames) {
		return "unknown"
	}
	return fileKindNames[k]
}

// FileModeOf is a mode of inode(7) as Go has it.
func FileModeOf(m uint32) fs.FileMode {
	mode := fs.FileMode(m & 0o777)
	switch m & syscall.S_IFMT {
	case syscall.S_IFDIR:
		mode |= fs.ModeDir
	case syscall.S_IFLNK:
		mode |= fs.ModeSymlink
	case syscall.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case syscall.S_IFSOCK:
		mode |= fs.ModeSocket
	case syscall.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case syscall.S_IFBLK:
		mode |= fs.ModeDevice
	}
	if m&syscall.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if m&syscall.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if m&syscall.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}

// FileKindOf is the kind of a mode.
func FileKindOf(mode fs.FileMode) FileKind {
	switch {
	case mode.IsDir():
		return FileFolder
	case mode&fs.ModeSymlink != 0:
		return FileLink
	case mode&fs.ModeNamedPipe != 0:
		return FileFIFO
	case mode&fs.ModeSocket != 0:
		return FileSocket
	case !mode.IsRegular():
		return FileDevice
	}
	return FileRegular
}

// FileEntry is one name of a folder. All text is foreign.
type FileEntry struct {
	Name         string
	Kind         FileKind
	Size         Value // bytes, of what is read as bytes; absent = not known
	Mode         fs.FileMode
	UID, GID     uint32    // as they are where the folder is: a container's own
	Owner, Group string    // their names there; "" = not known
	Changed      time.Time // its content
	Target       string    // of a link
	Mount        bool      // something is mounted there
}

// FoldersFirst is the order of a Folder's entries.
func FoldersFirst(a, b FileEntry) int {
	if (a.Kind == FileFolder) != (b.Kind == FileFolder) {
		if a.Kind == FileFolder {
			return -1
		}
		return 1
	}
	return strings.Compare(a.Name, b.Name)
}

// Folder is what is in a folder.
type Folder struct {
	Path    string      // without links, as seen inside
	Entries []FileEntry // folders first, then by name
	More    int         // entries beyond MaxEntries
	Free    Value       // bytes that may yet be written there
}

// MaxEntries is how many entries of a folder are listed.
const MaxEntries = 20000

// Exists says what becomes of what is in the way of a copy.
type Exists uint8

// What becomes of it.
const (
	// Refuse: nothing is copied, and the error wraps ErrExists.
	Refuse Exists = iota
	// Overwrite: files are replaced and folders merged, but none by the other.
	Overwrite
	// Skip: it stays as it is, and the rest is copied.
	Skip
)

// String is the word of the command line.
func (e Exists) String() string {
	switch e {
	case Overwrite:
		return "overwrite"
	case Skip:
		return "skip"
	default:
		return "refuse"
	}
}

// FileOwner is who gets what is pushed, as the container counts.
type FileOwner struct{ UID, GID uint32 }

// String is UID:GID.
func (o FileOwner) String() string { return fmt.Sprintf("%d:%d", o.UID, o.GID) }

// ParseFileOwner reads UID[:GID], in numbers; the group is as the user unless it is said.
func ParseFileOwner(s string) (*FileOwner, error) {
	user, group, both := strings.Cut(s, ":")
	if !both {
		group = user
	}
	u, err := strconv.ParseUint(user, 10, 32)
	g, err2 := strconv.ParseUint(group, 10, 32)
	const none = 1<<32 - 1 // means to chown(2) that it stays
	if err := errors.Join(err, err2); err != nil || u == none || g == none {
		return nil, fmt.Errorf("%q is not UID or UID:GID, in numbers", s)
	}
	return &FileOwner{UID: uint32(u), GID: uint32(g)}, nil
}

// CopyFilesArgs copy files and folders, Push into a container and Pull out of one.
// Paths are absolute. With Request.File it is the one source of a Push, which has no
// From then, or where the one file of a Pull is written to, which has no To.
type CopyFilesArgs struct {
	From []string
	// To is, as for cp(1), a folder that is there and gets the sources under their own
	// names, or the name that the one source gets.
	To     string
	Exists Exists
	Owner  *FileOwner // Push: of everything; nil = who they belong to outside, as numbers
	Verify bool       // what was written is read again, and its SHA-256 compared
	Sums   bool       // Copied tells the SHA-256 of files
}

const (
	// MaxSources is how many files and folders can be named at once.
	MaxSources = 10000
	// maxSourcesLen is how long their paths are in all, in bytes.
	maxSourcesLen = 2 << 20
	// maxWritten is of how many a command can be written that people could read.
	maxWritten = 50
)

// Check refuses paths that are none.
func (a *CopyFilesArgs) Check() error {
	if len(a.From) > MaxSources {
		return fmt.Errorf("%w: %d sources (%d at most)", ErrInvalid, len(a.From), MaxSources)
	}
	all := 0
	for _, p := range a.From {
		if all += len(p); all > maxSourcesLen {
			return fmt.Errorf("%w: the paths of %d sources are too long together (%d bytes at most): copy the folder that they are in", ErrInvalid, len(a.From), maxSourcesLen)
		}
		if err := checkPath(p); err != nil {
			return err
		}
		if base := path.Base(p); base == "/" || base == "." || base == ".." {
			return fmt.Errorf("%w: %q has no name of its own", ErrInvalid, p)
		}
	}
	if a.To != "" {
		if err := checkPath(a.To); err != nil {
			return err
		}
	}
	if a.Exists > Skip {
		return fmt.Errorf("%w: %d for what is in the way", ErrInvalid, a.Exists)
	}
	return nil
}

// checkOf refuses what does not belong to the request.
func (a *CopyFilesArgs) checkOf(q *Request) error {
	switch {
	case q.Op == Push && (len(a.From) == 0) != (q.File != nil), len(a.From) == 0 && q.Op == Pull:
		return fmt.Errorf("%w: nothing to %s", ErrInvalid, q.Op)
	case q.Op == Pull && (a.To == "") != (q.File != nil), a.To == "" && q.Op == Push:
		return fmt.Errorf("%w: %s to where", ErrInvalid, q.Op)
	case q.Op == Pull && q.File != nil && len(a.From) != 1:
		return fmt.Errorf("%w: %d files into one", ErrInvalid, len(a.From))
	case q.Op == Pull && a.Owner != nil:
		return fmt.Errorf("%w: an owner is for what is pushed", ErrInvalid)
	}
	return nil
}

func checkPath(p string) error {
	switch {
	case p == "":
		return fmt.Errorf("%w: empty path", ErrInvalid)
	case strings.ContainsRune(p, 0):
		return fmt.Errorf("%w: path %q has a NUL in it", ErrInvalid, p)
	case !path.IsAbs(p):
		return fmt.Errorf("%w: path %q is not absolute", ErrInvalid, p)
	case len(p) > maxPath:
		return fmt.Errorf("%w: path of %d bytes (%d at most)", ErrInvalid, len(p), maxPath)
	}
	return nil
}

// maxPath is PATH_MAX of the kernel, with its NUL.
const maxPath = 4095

// LXCCommand is a tar through lxc-attach, for what is in the folder of the first source;
// "" = there are too many sources to write them down.
func (a *CopyFilesArgs) LXCCommand(op Op, r Ref) string {
	attach := tool("lxc-attach", r) + " --"
	switch {
	case op == Push && len(a.From) == 0:
		return attach + " sh -c " + ShellQuote("cat > "+ShellQuote(a.To))
	case op == Pull && a.To == "" && len(a.From) == 1:
		return attach + " cat " + ShellQuote(a.From[0])
	case len(a.From) == 0, len(a.From) > maxWritten:
		return ""
	}
	keep := " "
	if op == Push && a.Owner != nil {
		keep = fmt.Sprintf(" --owner=:%d --group=:%d ", a.Owner.UID, a.Owner.GID)
	}
	dir := filepath.Dir(a.From[0])
	out := "tar -C " + ShellQuote(dir) + keep + "-cf -"
	var names []string
	for _, f := range a.From {
		if filepath.Dir(f) == dir {
			names = append(names, filepath.Base(f))
		}
	}
	out += " --" + quoted(names)
	in := "tar -C " + ShellQuote(a.To) + " -xf -"
	if op == Push {
		return out + " | " + attach + " " + in
	}
	return attach + " " + out + " | " + in
}

// Copied is what came of a Push or Pull.
type Copied struct {
	Files, Folders, Links uint64
	Bytes                 uint64 // of files
	Skipped               uint64 // were there already, and stayed
	Left                  uint64 // were not copied, or not whole; Output has named the first thousand
	Sums                  []Sum  // the first MaxSums
}

// Sum is the SHA-256 of a file that was copied.
type Sum struct {
	Path   string // of the source; foreign text
	SHA256 string // in hex
	Size   uint64 // bytes
}

// MaxSums is how many checksums are told.
const MaxSums = 1000
