package runtime

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// Configurer reads configs as text, and has liblxc judge texts that are to become
// one. It changes nothing: SetConfig and SetDefaultConfig do.
type Configurer interface {
	// ConfigText reads a config with all that it includes. What cannot be read has
	// its reason beside it; the error is for a config of which nothing can be told.
	// It wraps ErrNotFound when there is none.
	ConfigText(context.Context, ConfigOf) (ConfigText, error)
	// CheckConfig lets liblxc parse a text in the place of a config, which stays as
	// it is; nil = it is taken. The error is for a text that was not judged: it
	// wraps ErrForeign where it includes what somebody else can write.
	CheckConfig(ctx context.Context, of ConfigOf, text []byte) (*ConfigFault, error)
	// ConfigBackup reads a backup of a config, by its name. The error wraps
	// ErrNoBackup when there is none of that name.
	ConfigBackup(ctx context.Context, of ConfigOf, name string) ([]byte, error)
	// DefaultConfigs are the paths of what new containers begin with, the system's
	// first, then the user's own. They need not be there. It does not block.
	DefaultConfigs() []string
}

var (
	// ErrChanged is a config that is another version than the one that was read.
	ErrChanged = errors.New("changed by somebody else")
	// ErrNoBackup is a backup that is not there.
	ErrNoBackup = errors.New("no such backup")
)

// Bounds of what is told of a config.
const (
	MaxConfigText = 1 << 20 // bytes that a config to be saved may have
	MaxConfigRead = 2 << 20 // bytes of all its files together
)

// ConfigOf says which config is meant.
type ConfigOf struct {
	Ref     Ref    // a container's; zero with Default
	Default string // path, one of DefaultConfigs; "" = the container's
}

// Check refuses what names no config; the error wraps ErrInvalid.
func (o ConfigOf) Check() error {
	switch {
	case o.Default == "":
		return o.Ref.Check()
	case o.Ref != (Ref{}):
		return fmt.Errorf("%w: a config is a container's or a default one", ErrInvalid)
	case !filepath.IsAbs(o.Default) || filepath.Clean(o.Default) != o.Default:
		return fmt.Errorf("%w: default config %q is not an absolute, clean path", ErrInvalid, o.Default)
	}
	return nil
}

// Path is where the config lies.
func (o ConfigOf) Path() string {
	if o.Default != "" {
		return o.Default
	}
	return filepath.Join(o.Ref.String(), "config")
}

// Op is the operation that saves it.
func (o ConfigOf) Op() Op {
	if o.Default != "" {
		return SetDefaultConfig
	}
	return SetConfig
}

// ConfigText is a config as it was read. All text is foreign.
type ConfigText struct {
	Path string // without links
	// Version tells this text, with its owner and mode, from all others of that
	// path; "" = the file is not there yet, as a default config may be.
	Version string
	// Files are what stood at the paths that were read, the config first.
	Files []ConfigFile
	// Lacking are names of lxcdeck's table of keys that this liblxc does not have,
	// Extra those keys of the config that it has beside the table.
	Lacking, Extra []string
	NoSave         string // why it cannot be saved here, in a sentence; "" = nothing is known against it
	// InForce are the values of the running container that differ from what liblxc
	// makes of the files by now, by key. InForceWhy says why they are not known; ""
	// = they are, or it does not run.
	InForce    []ConfigInForce
	InForceWhy string
	// Restart says whether the running container needs a restart to be as its
	// config says: a file is newer than its start, and a value in force differs.
	// NotKnown = a file is newer, and the values are not known. No = it does not run.
	Restart Answer
	Backups []ConfigBackup // the oldest first
}

// File gives what stood at a path.
func (t *ConfigText) File(path string) (*ConfigFile, bool) {
	i := slices.IndexFunc(t.Files, func(f ConfigFile) bool { return f.Path == path })
	if i < 0 {
		return nil, false
	}
	return &t.Files[i], true
}

// ConfigFile is what stood at one path.
type ConfigFile struct {
	Path    string   // as the config names it
	Real    string   // without links
	Text    []byte   // MaxConfigText bytes and one more at most
	Dir     bool     // a directory
	Names   []string // of it, in the order in which the system gives them
	Absent  bool     // it is not there
	Why     string   // why it could not be read; "" = it was
	Changed time.Time
}

// ConfigInForce is a key whose value in the running container is another one
// than in the files.
type ConfigInForce struct {
	Key  string
	Runs []string // what it runs with; none = it is not set
	File []string // what liblxc makes of the files
	// Later says that the difference goes with the next start; else liblxc reads the
	// file whenever it needs the key.
	Later bool
}

// ConfigBackup is an earlier version of a config.
type ConfigBackup struct {
	Name string // of the file beside the config
	At   time.Time
	Size int64 // bytes
}

// ConfigFault is why liblxc refuses a config.
type ConfigFault struct {
	Line int    // of the text that was judged, from 1; 0 = not known
	Key  string // of that line; "" = it has none
	Why  string // liblxc's words; foreign text
}

// String is the fault in one line.
func (f *ConfigFault) String() string {
	where := ""
	if f.Line > 0 {
		where = fmt.Sprintf("line %d: ", f.Line)
	}
	if f.Key != "" {
		where += f.Key + ": "
	}
	return where + f.Why
}

// ConfigArgs are a config's new text.
type ConfigArgs struct {
	Default string // path, with SetDefaultConfig
	Version string // that is replaced; with another in its place nothing is done (ErrChanged)
	Text    []byte
}

// Check refuses what cannot become a config.
func (a *ConfigArgs) Check() error {
	switch {
	case len(a.Text) > MaxConfigText:
		return fmt.Errorf("%w: a config of %d bytes (%d at most)", ErrInvalid, len(a.Text), MaxConfigText)
	case slices.Contains(a.Text, 0):
		return fmt.Errorf("%w: the config has a NUL in it, behind which liblxc reads nothing", ErrInvalid)
	}
	return nil
}

// checkOf refuses Args of another config than the request is about.
func (a *ConfigArgs) checkOf(q *Request) error {
	of := ConfigOf{Ref: q.Ref, Default: a.Default}
	if err := of.Check(); err != nil {
		return err
	}
	if of.Op() != q.Op {
		return fmt.Errorf("%w: %s is not for %s", ErrInvalid, q.Op, of.Path())
	}
	return nil
}

// LXCCommand is empty: LXC leaves configs to editors.
func (a *ConfigArgs) LXCCommand(Op, Ref) string { return "" }

// SaveConfig is the request that puts a text in the place of a version.
func SaveConfig(of ConfigOf, version string, text []byte) Request {
	return Request{Op: of.Op(), Ref: of.Ref, Args: &ConfigArgs{Default: of.Default, Version: version, Text: text}}
}
