package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// This file runs in helpers. CRIU writes a container's processes into files and
// makes them again from those; liblxc calls it (criu.c).

const (
	criuCheckTime = 30 * time.Second
	// criuLines is how much of CRIU's log an error carries.
	criuLines = 20
	// checkpointGrace is how long a checkpoint that nobody wants any more may go on.
	// CRIU cannot be cut short: what it holds by ptrace(2) might not run on.
	checkpointGrace = 10 * time.Minute
	// criuInventory is the file that every checkpoint has.
	criuInventory = "inventory.img"
)

// checkpoint carries out checkpoint and resume.
func (o *operation) checkpoint() error {
	a, ok := o.q.Args.(*runtime.CheckpointArgs)
	if !ok {
		return fmt.Errorf("%w: %s without a directory", runtime.ErrInvalid, o.q.Op)
	}
	if err := o.open(); err != nil {
		return err
	}
	defer o.close()
	if err := o.outsideRoots(a.Dir); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root can checkpoint and resume containers: liblxc calls CRIU for nobody else", runtime.ErrPermission)
	}
	// What CRIU is in the middle of goes on to its end, and this process with it.
	ctx, stop := cancellable()
	defer stop()
	if o.q.Op == runtime.Resume {
		return o.resume(ctx, a.Dir)
	}
	made, err := freshDir(a.Dir)
	if err != nil {
		return err
	}
	if err := criuWorks(ctx); err != nil {
		return errors.Join(err, clearDir(a.Dir, made))
	}
	o.step("writing its processes to " + a.Dir)
	written, err := o.dump(a)
	if err != nil && !written {
		return errors.Join(err, clearDir(a.Dir, made))
	}
	return err
}

// dump writes the checkpoint. written says that it must be kept, whatever the error:
// it may be all that is left of the processes.
func (o *operation) dump(a *runtime.CheckpointArgs) (written bool, err error) {
	if err := o.c.Checkpoint(golxc.CheckpointOptions{Directory: a.Dir, Stop: !a.Keep, Verbose: true}); err != nil {
		err = o.criuFailed(err, filepath.Join(a.Dir, "dump.log"))
		is := o.lxcState()
		if is == runtime.Running {
			return false, err
		}
		return true, telling(fmt.Sprintf("it is %s now, and what was written is kept in %s", is, a.Dir), err)
	}
	if a.Keep {
		return true, nil
	}
	return true, o.settled(runtime.Stopped)
}

// resume makes the processes again.
func (o *operation) resume(ctx context.Context, dir string) error {
	// Whoever can write there decides what runs as root.
	if _, _, err := newWalker(ownTrust()).walk(dir); err != nil {
		return othersWrite(fmt.Errorf("checkpoint %s: %w", dir, err))
	}
	if !exists(filepath.Join(dir, criuInventory)) {
		return fmt.Errorf("%w: there is no checkpoint in %s: it has no %s", runtime.ErrInvalid, dir, criuInventory)
	}
	if err := criuWorks(ctx); err != nil {
		return err
	}
	o.step("making its processes from " + dir)
	if err := o.c.Restore(golxc.RestoreOptions{Directory: dir, Verbose: true}); err != nil {
		return o.criuFailed(err, filepath.Join(dir, "restore.log"))
	}
	return o.settled(runtime.Running)
}

// settled waits until liblxc says what CRIU has done.
func (o *operation) settled(want runtime.State) error {
	for until := time.Now().Add(gapTime); ; time.Sleep(pollEvery) {
		is := o.lxcState()
		if is == want {
			return nil
		}
		if time.Now().After(until) {
			return tooLate("CRIU is done, but it is %s", is)
		}
	}
}

// criuFailed is the error of a call that CRIU has failed in, with CRIU's own words.
func (o *operation) criuFailed(err error, log string) error {
	text, rerr := readEnd(log)
	lines := criuErrors(string(text))
	if rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		lines = append(lines, rerr.Error())
	}
	if own := o.log(); own != "" {
		lines = append(lines, own)
	}
	hint := "CRIU's words tell what it cannot do; lxc.container.conf(5) and criu.org say what it needs, such as lxc.console.path = none and lxc.tty.max = 0."
	if o.q.Op == runtime.Resume {
		hint = "The checkpoint is as it was. " + hint
	}
	return &runtime.Error{Op: o.info.Name, Ref: o.q.Ref, Err: fmt.Errorf("liblxc: %w", err), Log: strings.Join(lines, "\n"), Hint: hint}
}

// readEnd reads the end of a log of CRIU, where its errors are: the whole may be large.
func readEnd(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fileErr(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fileErr(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", runtime.ErrInvalid, path)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-maxCRIULog), maxCRIULog))
	return text, fileErr(err)
}

// maxCRIULog is how much of a log of CRIU is read, in bytes.
const maxCRIULog = 1 << 20

// criuErrors are the lines of a log of CRIU that tell of errors, else its last.
func criuErrors(text string) []string {
	var bad []string
	all := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, l := range all {
		// "(00.004711) Error (criu/x.c:12): words", or without the time.
		if _, words, ok := strings.Cut(l, "Error ("); ok {
			if _, rest, ok := strings.Cut(words, "): "); ok {
				words = rest
			}
			bad = append(bad, words)
		}
	}
	if len(bad) == 0 {
		bad = all
	}
	return bad[max(0, len(bad)-criuLines):]
}

// criuWorks asks CRIU whether it can work on this kernel. It is the last that a
// cancel can keep from being done.
func criuWorks(cancelled context.Context) error {
	criu, err := exec.LookPath("criu")
	if err != nil {
		return &runtime.Error{Op: runtime.Checkpoint.String(),
			Err:  fmt.Errorf("%w: criu is not installed", runtime.ErrUnsupported),
			Hint: "Install the package criu."}
	}
	ctx, cancel := context.WithTimeout(cancelled, criuCheckTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, criu, "check").CombinedOutput()
	switch {
	case cancelled.Err() != nil:
		return runtime.ErrCancelled
	case err == nil:
		return nil
	}
	lines := criuErrors(string(out))
	why := err.Error()
	if len(lines) > 0 {
		why, lines = lines[0], lines[1:]
	}
	return &runtime.Error{Op: runtime.Checkpoint.String(),
		Err: fmt.Errorf("%w: criu check: %s", runtime.ErrUnsupported, why), Log: strings.Join(lines, "\n"),
		Hint: "This CRIU cannot work on this kernel: a newer one may."}
}

// outsideRoots refuses a directory in a container's root, where processes of that
// container could read the memory of this one and write what is resumed, and in a
// container's directory, which goes with it.
func (o *operation) outsideRoots(dir string) error {
	real, err := filepath.EvalSymlinks(dir) // its own name may be a link, too
	if errors.Is(err, fs.ErrNotExist) {
		real, err = filepath.EvalSymlinks(filepath.Dir(dir))
		real = filepath.Join(real, filepath.Base(dir))
	}
	if err != nil {
		return fmt.Errorf("directory for the checkpoint: %w", fileErr(err))
	}
	for _, root := range roots(items(o.c, "lxc.rootfs.path")) {
		if liesIn(root, real) {
			return fmt.Errorf("%w: %s lies in the root of %s", runtime.ErrInvalid, dir, o.q.Ref.Name)
		}
	}
	for above := real; above != "/"; above = filepath.Dir(above) {
		var st unix.Stat_t
		if lstat(filepath.Join(above, "config"), &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		for _, part := range []string{"rootfs", "overlay", "delta0"} {
			if exists(filepath.Join(above, part)) {
				return fmt.Errorf("%w: %s lies in %s, the directory of a container", runtime.ErrInvalid, dir, above)
			}
		}
	}
	return nil
}

// freshDir makes a directory that nobody else can look into; one that is there
// already has to be empty, and root's.
func freshDir(dir string) (made bool, err error) {
	switch err := os.Mkdir(dir, 0o700); {
	case err == nil:
		made = true
	case !errors.Is(err, fs.ErrExist):
		return false, fmt.Errorf("directory for the checkpoint: %w", fileErr(err))
	}
	_, st, err := newWalker(ownTrust()).walk(dir)
	switch {
	case err != nil:
		err = othersWrite(fmt.Errorf("directory for the checkpoint: %w", err))
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		err = fmt.Errorf("%w: %s is no directory", runtime.ErrInvalid, dir)
	}
	if err != nil {
		if made {
			_ = os.Remove(dir)
		}
		return false, err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return false, &runtime.Error{Op: runtime.Checkpoint.String(),
			Err:  fmt.Errorf("%w: %s is not empty", runtime.ErrInvalid, dir),
			Hint: "A checkpoint needs a directory of its own: name one that is empty, or not there yet."}
	}
	return made, fileErr(err)
}

// othersWrite adds to a refused directory what can be done.
func othersWrite(err error) error {
	if !errors.Is(err, runtime.ErrForeign) {
		return err
	}
	return &runtime.Error{Op: runtime.Checkpoint.String(), Err: err,
		Hint: "The processes come back as root with what lies there: use a directory that only root can write to, with all above it."}
}

// clearDir removes what a failed checkpoint has written into a directory that was
// empty, and the directory if it was made for it.
func clearDir(dir string, made bool) error {
	if made {
		return removeTree(dir)
	}
	if err := emptyTree(dir); err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	return nil
}
