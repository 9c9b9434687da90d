package runtime

import (
	"fmt"
	"path/filepath"
	"strings"
)

// RunArgs make an application container: its root is an overlay of the roots of
// existing containers, its init the command. Its output comes as Progress, and
// so does its Exit; Do has no error when the command ran, whatever its status.
type RunArgs struct {
	From    []Base // the uppermost first; at least one
	Command []string
	Env     []string // KEY=VALUE
	Cwd     string   // "" = /
	Network Network  // the zero value = what the default config says
	Limits  Limits
	Config  []string // further lines of the config, "key = value"
	Remove  bool     // the container goes with the end of the command
}

// Base is a root that a container is an overlay on: that of a stopped container,
// or of one of its snapshots.
type Base struct {
	Ref  Ref
	Snap string // "" = the container's own root
}

// String is the base as people write it: NAME or NAME/SNAP.
func (b Base) String() string {
	if b.Snap == "" {
		return b.Ref.Name
	}
	return b.Ref.Name + "/" + b.Snap
}

// check refuses what is no name of a container, or of a snapshot.
func (b Base) check() error {
	if err := b.Ref.Check(); err != nil {
		return err
	}
	if b.Snap == "." || b.Snap == ".." || strings.ContainsAny(b.Snap, "/\x00") {
		return fmt.Errorf("%w: snapshot %q is not one path component", ErrInvalid, b.Snap)
	}
	return nil
}

// Check refuses what cannot be run.
func (a *RunArgs) Check() error {
	switch {
	case len(a.From) == 0:
		return fmt.Errorf("%w: no container is named to run on", ErrInvalid)
	case len(a.Command) == 0 || a.Command[0] == "":
		return fmt.Errorf("%w: no command is named", ErrInvalid)
	case a.Cwd != "" && !filepath.IsAbs(a.Cwd), strings.ContainsAny(a.Cwd, "\n\r\x00"):
		return fmt.Errorf("%w: directory %q is not an absolute path of one line", ErrInvalid, a.Cwd)
	}
	for _, b := range a.From {
		if err := b.check(); err != nil {
			return err
		}
	}
	for _, w := range a.Command {
		if strings.ContainsRune(w, 0) {
			return fmt.Errorf("%w: argument %q has a NUL in it", ErrInvalid, w)
		}
	}
	for _, e := range a.Env {
		if i := strings.IndexByte(e, '='); i <= 0 || strings.ContainsAny(e, "\x00\n\r") {
			return fmt.Errorf("%w: environment %q is not NAME=VALUE in one line", ErrInvalid, e)
		}
	}
	for _, l := range a.Config {
		if !strings.Contains(l, "=") || strings.ContainsAny(l, "\n\r\x00") {
			return fmt.Errorf("%w: config %q is not key = value", ErrInvalid, l)
		}
	}
	if err := a.Network.check(); err != nil {
		return err
	}
	return a.Limits.check()
}

// LXCCommand is the nearest there is: a copy of the uppermost base, and the command
// as its init. No lxc-* tool lays a container on several.
func (a *RunArgs) LXCCommand(_ Op, r Ref) string {
	if len(a.From) == 0 {
		return ""
	}
	b := a.From[0]
	from := b.Ref
	if b.Snap != "" {
		from = Ref{Path: filepath.Join(b.Ref.String(), "snaps"), Name: b.Snap}
	}
	cmd := tool("lxc-copy", from) + " -s -N " + ShellQuote(r.Name)
	if from.Path != r.Path {
		cmd += " -p " + ShellQuote(r.Path)
	}
	cmd += " && " + tool("lxc-start", r) + " -F --" + quoted(a.Command)
	if a.Remove {
		cmd += "; " + tool("lxc-destroy", r)
	}
	return cmd
}

// CheckpointArgs name the directory that CRIU writes a container's processes to,
// or reads them from.
type CheckpointArgs struct {
	Dir  string
	Keep bool // Checkpoint: it runs on
}

// Check refuses a relative directory.
func (a *CheckpointArgs) Check() error {
	if !filepath.IsAbs(a.Dir) || filepath.Clean(a.Dir) != a.Dir || strings.ContainsRune(a.Dir, 0) {
		return fmt.Errorf("%w: directory %q is not an absolute, clean path", ErrInvalid, a.Dir)
	}
	return nil
}

// LXCCommand is the equal lxc-checkpoint.
func (a *CheckpointArgs) LXCCommand(op Op, r Ref) string {
	cmd := tool("lxc-checkpoint", r) + " -D " + ShellQuote(a.Dir)
	switch {
	case op == Resume:
		return cmd + " -r"
	case a.Keep:
		return cmd
	default:
		return cmd + " -s"
	}
}
