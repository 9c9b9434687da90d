package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/runtime/archive"
	"lxcdeck/tui/record"
	"lxcdeck/views"
)

func (d *deck) packCommand() *cobra.Command {
	var a runtime.PackArgs
	var to string
	cmd := &cobra.Command{
		Use:   "pack NAME -o FILE|-",
		Short: "Write a container into an archive",
		Long: "Write root and config of a container into a new file, or with - to standard\n" +
			"output. One that runs is frozen meanwhile, and goes on afterwards. The archive is a\n" +
			"tar file compressed by zstd, which \"tar --zstd -x\" reads; snapshots are not in it,\n" +
			"nor sockets, device nodes, and what is mounted. With a FILE its SHA-256 is\n" +
			"printed as sha256sum does.\n\n" +
			"  lxcdeck pack web -o - | ssh host lxcdeck unpack -",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		name, err := d.oneName(cmd, args)
		switch {
		case err != nil:
			return err
		case to == "":
			return usage(cmd, "pack needs -o FILE, or -o - for standard output")
		case to == "-" && isTerminal(d.Stdout):
			return usage(cmd, "an archive is nothing for a terminal: name a FILE, or pipe it on")
		}
		if err := a.Check(); err != nil {
			return err
		}
		return d.pack(cmd, name, to, &a)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up, and remove what was written, after this `TIME` (default: never)")
	cmd.Flags().StringVarP(&to, "output", "o", "", "write it to `FILE`, which must not be there yet; - is standard output")
	cmd.Flags().IntVar(&a.Level, "level", 0, "compress by level `N` of zstd, 1 to 19 (default 1: as quick as can be)")
	cmd.Flags().BoolVarP(&d.flags.quiet, "quiet", "q", false, "say nothing of what went well")
	return cmd
}

func (d *deck) pack(cmd *cobra.Command, name, to string, a *runtime.PackArgs) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	q := runtime.Request{Op: runtime.Pack, Ref: ref, Args: a, File: d.Stdout}
	if d.settings.ReadOnly.Value {
		return d.rt.Do(ctx, q) // it says so, before a file is made
	}
	var file *record.Draft
	if to != "-" {
		if file, err = d.newFile(ctx, ref, to); err != nil {
			return err
		}
		q.File = file.File
	}
	what, err := d.ship(ctx, q)
	switch {
	case file == nil:
	case err == nil:
		err = unsaved(ref, file.Finish(nil))
	default:
		err = file.Finish(err)
	}
	if err != nil {
		d.failed(ctx, &q, err)
		return nil
	}
	d.tellShipped(ref.Name, what, "")
	if file == nil {
		return nil
	}
	return d.print([]byte(what.SHA256 + "  " + views.Clean(file.Name()) + "\n"))
}

// newFile begins the file that an archive is written to: never one that is there
// already, nor one inside a container.
func (d *deck) newFile(ctx context.Context, ref runtime.Ref, path string) (*record.Draft, error) {
	places, err := d.savePlaces(ctx)
	if err != nil {
		return nil, err
	}
	f, err := record.Begin(path, places)
	return f, unsaved(ref, err)
}

// savePlaces are where files may be made: in no container.
func (d *deck) savePlaces(ctx context.Context) (record.Places, error) {
	ctx, cancel := d.asked(ctx)
	defer cancel()
	l, err := d.rt.List(ctx)
	if err != nil {
		return record.Places{}, err
	}
	places := record.Places{Refuse: slices.Clone(d.rt.About().Paths)}
	for i := range l.Containers {
		places.Refuse = append(places.Refuse, l.Containers[i].Path)
		if c := l.Containers[i].Config; c != nil {
			places.Refuse = append(places.Refuse, c.Roots...)
		}
	}
	return places, nil
}

// unsaved is the error of an archive's file, with its operation and container, and
// its exit status.
func unsaved(ref runtime.Ref, err error) error {
	if err == nil {
		return nil
	}
	told := &runtime.Error{Op: runtime.Pack.String(), Ref: ref, Err: err, Hint: record.Hint(err)}
	if errors.Is(err, record.ErrExists) || errors.Is(err, record.ErrPartial) || errors.Is(err, record.ErrInside) {
		return &exitError{exitRefused, told}
	}
	return told
}

// ship carries out an operation with an archive, and tells what it left out.
func (d *deck) ship(ctx context.Context, q runtime.Request) (*runtime.Shipped, error) {
	q.Timeout = d.flags.timeout
	show := d.watch(ctx, &q)
	what := &runtime.Shipped{}
	told := q.Progress
	q.Progress = func(p runtime.Progress) {
		if p.Shipped != nil {
			show.mu.Lock()
			what = p.Shipped
			show.mu.Unlock()
		}
		told(p)
	}
	err := d.rt.Do(ctx, q)
	show.end(err)
	show.mu.Lock()
	defer show.mu.Unlock()
	if err == nil {
		for i := range show.kept.Len() {
			d.warn("%s: %s", q.Ref.Name, show.kept.Line(i))
		}
	}
	return what, err
}

// tellShipped says on standard error what is in an archive.
func (d *deck) tellShipped(name string, what *runtime.Shipped, more string) {
	if d.flags.quiet {
		return
	}
	entries := "entries"
	if what.Entries == 1 {
		entries = "entry"
	}
	d.warn("%s: %d %s, %s of files in an archive of %s, SHA-256 %s%s",
		name, what.Entries, entries, views.Bytes(what.Bytes), views.Bytes(what.Size), what.SHA256, more)
}

// unpackFlags are those of unpack.
type unpackFlags struct {
	args         runtime.UnpackArgs
	name         string
	unprivileged bool
	privileged   bool
	idmaps       []string
}

func (d *deck) unpackCommand() *cobra.Command {
	f := &unpackFlags{}
	cmd := &cobra.Command{
		Use:   "unpack FILE|- [--name NAME]",
		Short: "Make a container of an archive",
		Long: "Make a container of an archive that pack has written: a file, or with - standard\n" +
			"input. It has its name only when all of it was read and verified; when that fails\n" +
			"nothing is left. It is not started.\n\n" +
			"Of its config is taken what acts inside the container alone; paths, host name and\n" +
			"MAC addresses are new, networks are those on a bridge that is here. Each line that\n" +
			"is left out is said. --allow-config takes lines with that key all the same: they can\n" +
			"act on this host as root, so they are shown, and --yes is needed.\n\n" +
			"The checksum in it tells that it is undamaged. Who made it, only --sha256 tells: the\n" +
			"sum that came another way.",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error { return d.unpack(cmd, f, args) }),
	}
	d.timeoutFlag(cmd, "give up, and remove what was made, after this `TIME` (default: never)")
	p := cmd.Flags()
	p.StringVarP(&f.name, "name", "n", "", "call it `NAME` (default: as it was called)")
	p.StringVar(&f.args.SHA256, "sha256", "", "refuse an archive whose SHA-256 is not `HEX`")
	p.StringArrayVar(&f.args.AllowConfig, "allow-config", nil, "take lines with this `KEY` of its config; may be repeated")
	p.BoolVar(&f.unprivileged, "unprivileged", false, "map its ids to those that subuid(5) and subgid(5) give you (default: if it was so)")
	p.BoolVar(&f.privileged, "privileged", false, "make a privileged container of one that was not")
	p.StringArrayVar(&f.idmaps, "idmap", nil, "a `LINE` of lxc.idmap, as for create; may be repeated")
	p.Uint64Var(&f.args.MaxEntries, "max-entries", 0, "refuse one with more than `N` entries (default 10 million)")
	p.BoolVarP(&d.flags.quiet, "quiet", "q", false, "say nothing of what went well")
	p.BoolVar(&d.flags.yes, "yes", false, "take what --allow-config names; without this it is only shown, and the status is 3")
	return cmd
}

func (d *deck) unpack(cmd *cobra.Command, f *unpackFlags, args []string) error {
	switch {
	case len(args) != 1 || args[0] == "":
		return usage(cmd, "unpack needs one FILE, or - for standard input")
	case args[0] == "-" && isTerminal(d.Stdin):
		return usage(cmd, "standard input is a terminal: name a FILE, or pipe an archive in")
	case f.privileged && (f.unprivileged || len(f.idmaps) > 0) || f.unprivileged && len(f.idmaps) > 0:
		return usage(cmd, "--privileged, --unprivileged and --idmap say how ids are mapped: give one of them")
	case cmd.Flags().Changed("sha256") && f.args.SHA256 == "":
		return usage(cmd, "--sha256 is empty")
	case cmd.Flags().Changed("name") && f.name == "":
		return usage(cmd, "--name is empty") // of a variable in a script, say
	}
	for _, line := range f.idmaps {
		maps, err := parseIDMap(line)
		if err != nil {
			return usage(cmd, "--idmap: %w", err)
		}
		f.args.IDMap = append(f.args.IDMap, maps...)
	}
	if err := f.args.Check(); err != nil {
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	if d.settings.ReadOnly.Value { // whatever is in the archive, and before it is waited for
		return &runtime.Error{Op: runtime.Unpack.String(), Ref: runtime.Ref{Name: f.name}, Err: runtime.ErrReadOnly}
	}
	ctx, stop := d.working(cmd)
	defer stop()
	in := d.Stdin
	if args[0] != "-" {
		var err error
		if in, err = os.Open(args[0]); err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err // which file is said
			}
			return fmt.Errorf("unpack %s: %w", args[0], err)
		}
		defer in.Close()
	}
	src, err := openArchive(ctx, in)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", args[0], err)
	}
	defer src.close()
	return d.unpackFrom(ctx, cmd, f, src)
}

func (d *deck) unpackFrom(ctx context.Context, cmd *cobra.Command, f *unpackFlags, src *source) error {
	name := f.name
	if name == "" {
		name = src.meta.Name
	}
	ref, err := d.newRef(cmd, name, "")
	if err != nil {
		return err
	}
	f.args.Looked(src.config)
	q := runtime.Request{Op: runtime.Unpack, Ref: ref, Args: &f.args, File: src.file}
	if err := q.Check(); err != nil {
		return err
	}
	user := os.Geteuid() != 0
	if user && f.privileged {
		return fmt.Errorf("unpack %s: %w: only root can make a privileged container", views.Clean(ref.Name), runtime.ErrPermission)
	}
	if len(f.args.IDMap) == 0 && (f.unprivileged || user || src.meta.IDs > 0 && !f.privileged) {
		var c runtime.CreateArgs
		if err := d.mapIDs(ctx, &q, &c); err != nil {
			if !f.unprivileged && !user {
				d.warn("it was unprivileged: --privileged makes a privileged container of it, --idmap says which ids to map to.")
			}
			return err
		}
		f.args.IDMap = c.IDMap
	}
	if len(f.args.AllowConfig) > 0 && !d.allowed(ref, f, src.config) {
		return nil
	}
	what, err := d.ship(ctx, q)
	if err = errors.Join(err, src.failed()); err != nil {
		d.failed(ctx, &q, err)
		return nil
	}
	verdict := ": undamaged"
	if f.args.SHA256 != "" {
		verdict = ", the one that was given"
	}
	d.tellShipped(ref.Name, what, verdict)
	return d.print([]byte(views.Clean(ref.Name) + "\n"))
}

// allowed shows the lines that --allow-config lets in, and says whether they may.
func (d *deck) allowed(ref runtime.Ref, f *unpackFlags, config []byte) bool {
	none := func(string) bool { return false }
	c := archive.Judge(config, archive.Site{Ref: ref, IDMap: f.args.IDMap, Allow: f.args.AllowConfig, Bridge: none, File: none})
	for _, key := range f.args.AllowConfig {
		if !slices.ContainsFunc(c.Allowed, func(l archive.Line) bool { return l.Key == key }) {
			d.warn("%s: its config has no line with %s", ref.Name, key)
		}
	}
	if !d.unsure() || len(c.Allowed) == 0 {
		return true
	}
	d.onlyWithYes("unpack " + ref.Name + " with lines that can act on this host as root")
	for _, l := range c.Allowed {
		d.warn("  %s", l)
	}
	return d.confirmed("Unpack " + ref.Name + " with these lines, which can act on this host as root?")
}

// source is an archive that was looked into.
type source struct {
	file   *os.File // to read it from its beginning
	meta   archive.Meta
	config []byte
	pipe   *os.File   // read end of the pipe that stands for one; nil = none
	copied chan error // into that pipe
}

// openArchive reads the head of an archive. A file is set back to where it was; what
// cannot be set back is passed on through a pipe.
func openArchive(ctx context.Context, f *os.File) (*source, error) {
	at, serr := f.Seek(0, io.SeekCurrent)
	type head struct {
		meta   archive.Meta
		config []byte
		again  io.Reader
		err    error
	}
	got := make(chan head, 1)
	spawn(func() {
		var h head
		h.meta, h.config, h.again, h.err = archive.Head(f)
		got <- h
	}, func(err error) { got <- head{err: err} })
	var h head
	select {
	case h = <-got:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", runtime.ErrCancelled, ctx.Err())
	}
	if h.err != nil {
		return nil, h.err
	}
	s := &source{file: f, meta: h.meta, config: h.config}
	if serr == nil {
		_, err := f.Seek(at, io.SeekStart)
		return s, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.file, s.pipe, s.copied = r, r, make(chan error, 1)
	spawn(func() {
		_, err := io.Copy(w, h.again)
		var closed *os.PathError
		if errors.As(err, &closed) && closed.Op == "write" {
			err = nil // whoever reads has its own reason to stop
		}
		s.copied <- errors.Join(err, w.Close())
	}, func(err error) { s.copied <- err })
	return s, nil
}

// failed is what kept an archive from being read to its end, if that is known by now.
func (s *source) failed() error {
	select {
	case err := <-s.copied:
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
	default:
	}
	return nil
}

func (s *source) close() {
	if s.pipe != nil {
		s.pipe.Close()
	}
}
