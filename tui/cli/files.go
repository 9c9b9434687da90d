package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// fileObject is the JSON of a FileEntry. Names are added to, never changed.
type fileObject struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"`
	Mode    string        `json:"mode"` // in octal, as for chmod(1)
	UID     uint32        `json:"uid"`
	GID     uint32        `json:"gid"`
	Owner   *string       `json:"owner"`
	Group   *string       `json:"group"`
	Size    runtime.Value `json:"size_bytes"`
	Changed *string       `json:"changed"`
	Target  *string       `json:"target"`
	Mount   bool          `json:"mount"`
}

// octal is a mode as chmod(1) takes it.
func octal(e *runtime.FileEntry) string {
	n := uint32(e.Mode.Perm())
	for i, bit := range []bool{e.Mode&fs.ModeSticky != 0, e.Mode&fs.ModeSetgid != 0, e.Mode&fs.ModeSetuid != 0} {
		if bit {
			n |= 0o1000 << i
		}
	}
	return fmt.Sprintf("%04o", n)
}

func (d *deck) filesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "files NAME [PATH]",
		Short: "List a folder of a container",
		Long: "List a folder of a container, be it running or stopped: PATH is absolute, as the\n" +
			"container sees it (default: /). Owners are the container's own. Links are followed\n" +
			"as they would be inside, and never lead out of it.",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		words := d.given(args)
		switch {
		case len(words) == 0:
			return usage(cmd, "files needs the NAME of a container")
		case len(words) > 2:
			return usage(cmd, "files takes one container and one PATH")
		case len(words) == 1:
			words = append(words, "/")
		case !filepath.IsAbs(words[1]):
			return usage(cmd, "PATH %q is not absolute", words[1])
		}
		return d.files(cmd, words[0], words[1])
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: 15 s)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print the entries as a JSON array")
	return cmd
}

func (d *deck) files(cmd *cobra.Command, name, dir string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	f, err := d.rt.Files(ctx, ref, dir)
	if err != nil {
		return err
	}
	if f.More > 0 {
		d.warn("%s: %d more are not listed", ref.Name, f.More)
	}
	objects := []fileObject{}
	t := table{head: []string{"MODE", "OWNER", "GROUP", "SIZE", "CHANGED", "NAME"}, right: []int{3}}
	for i := range f.Entries {
		e := &f.Entries[i]
		objects = append(objects, fileObject{
			Name: e.Name, Kind: e.Kind.String(), Mode: octal(e), UID: e.UID, GID: e.GID, Owner: given(e.Owner), Group: given(e.Group),
			Size: e.Size, Changed: stamp(e.Changed), Target: given(e.Target), Mount: e.Mount,
		})
		changed, label := views.Absent, e.Name
		if !e.Changed.IsZero() {
			changed = e.Changed.Local().Format("2006-01-02 15:04:05")
		}
		switch {
		case e.Kind == runtime.FileLink:
			label += d.arrow() + e.Target
		case e.Kind == runtime.FileFolder:
			label += "/"
		}
		t.add([]string{
			e.Mode.String(), cmp.Or(e.Owner, strconv.Itoa(int(e.UID))), cmp.Or(e.Group, strconv.Itoa(int(e.GID))),
			views.ValueBytes(e.Size), changed, label,
		})
	}
	if d.flags.json {
		return writeArray(d.Stdout, objects)
	}
	return d.print(d.text(&t))
}

// arrow stands between a link and where it leads.
func (d *deck) arrow() string {
	if d.flags.plain {
		return ", link to "
	}
	return " -> "
}

// copyFlags are those of push and pull.
type copyFlags struct {
	args            runtime.CopyFilesArgs
	overwrite, skip bool
	sums            bool
	owner           string
}

func (d *deck) pushCommand() *cobra.Command {
	f := &copyFlags{}
	cmd := &cobra.Command{
		Use:   "push NAME FILE... PATH",
		Short: "Copy files and folders into a container",
		Long: "Copy files and folders of this host into a container. PATH is absolute, as the\n" +
			"container sees it: a folder that is there and gets them, or the name of the one\n" +
			"that is copied. FILE may be - for standard input, which becomes the file PATH.\n\n" +
			"Owners keep their numbers, as the container counts; who is nobody there becomes\n" +
			"its root. Folders are copied whole, links as links; sockets, FIFOs, devices and\n" +
			"mounts are left out and said. A file has its name only when it is whole.\n\n" +
			"  tar -c . | lxcdeck push web - /srv/all.tar",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error { return d.copyFiles(cmd, f, runtime.Push, args) })
	d.copyingFlags(cmd, f)
	cmd.Flags().StringVar(&f.owner, "owner", "", "give it all to `UID[:GID]`, as the container counts")
	return cmd
}

func (d *deck) pullCommand() *cobra.Command {
	f := &copyFlags{}
	cmd := &cobra.Command{
		Use:   "pull NAME PATH... FILE",
		Short: "Copy files and folders out of a container",
		Long: "Copy files and folders out of a container. Each PATH is absolute, as the container\n" +
			"sees it. FILE is a folder of this host that is there and gets them, the name of the\n" +
			"one that is copied, or - for standard output, which takes one file.\n\n" +
			"As root, owners keep the numbers that they have inside; else all is yours. Setuid,\n" +
			"setgid and capabilities are not kept. Folders are copied whole, links as links;\n" +
			"sockets, FIFOs, devices and mounts are left out and said.",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error { return d.copyFiles(cmd, f, runtime.Pull, args) })
	d.copyingFlags(cmd, f)
	return cmd
}

func (d *deck) copyingFlags(cmd *cobra.Command, f *copyFlags) {
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up, and leave nothing half, after this `TIME` (default: never)")
	p := cmd.Flags()
	p.BoolVar(&f.overwrite, "overwrite", false, "replace files that are there, and merge folders (default: nothing is copied then)")
	p.BoolVar(&f.skip, "skip", false, "leave what is there as it is, and copy the rest")
	p.BoolVar(&f.args.Verify, "verify", false, "read again what was written, and compare its SHA-256")
	p.BoolVar(&f.sums, "sums", false, "print the SHA-256 of each file as sha256sum does, of the first 1000")
	p.BoolVarP(&d.flags.quiet, "quiet", "q", false, "say nothing of what went well")
}

// copyRequest makes the request of what was typed.
func (d *deck) copyRequest(cmd *cobra.Command, f *copyFlags, op runtime.Op, words []string) (name string, q runtime.Request, err error) {
	a := &f.args
	q = runtime.Request{Op: op, Args: a}
	switch {
	case len(words) < 3:
		return "", q, usage(cmd, "%s needs the NAME of a container, what to copy, and where to", op)
	case f.overwrite && f.skip:
		return "", q, usage(cmd, "--overwrite and --skip are two answers to one question: give one of them")
	case f.overwrite:
		a.Exists = runtime.Overwrite
	case f.skip:
		a.Exists = runtime.Skip
	}
	name, a.From, a.To, a.Sums = words[0], words[1:len(words)-1], words[len(words)-1], f.sums
	if cmd.Flags().Changed("owner") {
		if a.Owner, err = runtime.ParseFileOwner(f.owner); err != nil {
			return "", q, usage(cmd, "--owner: %w", err)
		}
	}
	host, inside := a.From, []string{a.To}
	if op == runtime.Pull {
		host, inside = []string{a.To}, a.From
	}
	for _, p := range inside {
		if !filepath.IsAbs(p) {
			return "", q, usage(cmd, "%q is not absolute, as a path inside has to be", p)
		}
	}
	if len(host) == 1 && host[0] == "-" {
		return name, q, d.copyStream(cmd, f, &q)
	}
	for i, p := range host {
		if host[i], err = absolute(p); err != nil {
			return "", q, usage(cmd, "%w", err)
		}
	}
	if op == runtime.Pull {
		a.To = host[0]
	}
	return name, q, nil
}

// isNull says whether a file is /dev/null.
func isNull(f *os.File) bool {
	st, err := f.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && sys.Rdev == unix.Mkdev(1, 3) // mem(4)
}

// copyStream makes standard input the source, or standard output the target.
func (d *deck) copyStream(cmd *cobra.Command, f *copyFlags, q *runtime.Request) error {
	if q.Op == runtime.Push {
		q.File, f.args.From = d.Stdin, nil
		if isTerminal(d.Stdin) {
			return usage(cmd, "standard input is a terminal: name a FILE, or pipe it in")
		}
		if isNull(d.Stdin) { // also where it was closed: then Go opens that
			return usage(cmd, "standard input is closed, or /dev/null: name a FILE, or pipe it in")
		}
		return nil
	}
	q.File, f.args.To = d.Stdout, ""
	switch {
	case len(f.args.From) > 1:
		return usage(cmd, "standard output takes one file")
	case f.sums:
		return usage(cmd, "--sums would be printed into the file: pipe it into sha256sum")
	}
	return nil
}

// absolute is a path of this host as a Runtime takes it. A slash at its end stays: it
// says that it is a folder.
func absolute(p string) (string, error) {
	if p == "" {
		return "", errors.New("an empty path")
	}
	abs, err := filepath.Abs(p)
	if err == nil && strings.HasSuffix(p, "/") && abs != "/" {
		abs += "/"
	}
	return abs, err
}

func (d *deck) copyFiles(cmd *cobra.Command, f *copyFlags, op runtime.Op, args []string) error {
	name, q, err := d.copyRequest(cmd, f, op, d.given(args))
	if err != nil {
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	if q.Ref, err = d.one(ctx, name); err != nil {
		return err
	}
	q.Timeout = d.flags.timeout
	show := d.watch(ctx, &q)
	var what *runtime.Copied
	told := q.Progress
	q.Progress = func(p runtime.Progress) {
		if p.Copied != nil {
			show.mu.Lock()
			what = p.Copied
			show.mu.Unlock()
		}
		told(p)
	}
	err = d.rt.Do(ctx, q)
	show.end(err)
	show.mu.Lock()
	defer show.mu.Unlock()
	if err != nil {
		d.failed(ctx, &q, err)
		return nil
	}
	for i := range show.kept.Len() {
		d.warn("%s: %s", q.Ref.Name, show.kept.Line(i))
	}
	if what == nil {
		return nil
	}
	d.tellCopied(q.Ref.Name, what)
	if !f.sums {
		return nil
	}
	var b strings.Builder
	for _, s := range what.Sums {
		b.WriteString(s.SHA256 + "  " + views.Clean(s.Path) + "\n")
	}
	if n := uint64(len(what.Sums)); what.Files > n {
		d.warn("%s: the checksums of %d more files are not told", q.Ref.Name, what.Files-n)
	}
	return d.print([]byte(b.String()))
}

// tellCopied says on standard error what was copied.
func (d *deck) tellCopied(name string, what *runtime.Copied) {
	if d.flags.quiet {
		return
	}
	count := func(n uint64, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, many)
	}
	text := count(what.Files, "file", "files") + " of " + views.Bytes(what.Bytes)
	if what.Folders > 0 {
		text += ", " + count(what.Folders, "folder", "folders")
	}
	if what.Links > 0 {
		text += ", " + count(what.Links, "link", "links")
	}
	text += " copied"
	if what.Skipped > 0 {
		text += ", " + count(what.Skipped, "was", "were") + " there already"
	}
	if what.Left > 0 {
		text += fmt.Sprintf(", %d not, or not whole", what.Left)
	}
	d.warn("%s: %s", name, text)
}
