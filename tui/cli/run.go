package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
)

// runFlags are those of run. They have the names they have at create and shell.
type runFlags struct {
	args    runtime.RunArgs
	from    []string
	network string
	memory  string
}

func (d *deck) runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run NAME --from BASE [--from BASE...] [flags] -- CMD [ARGS...]",
		Short: "Run a command in a container of its own, on others' roots",
		Long: "Make a container, run CMD in it as its init, and end with it. Its root is an overlay\n" +
			"on those of existing containers that are stopped, or of snapshots (NAME/SNAP), the\n" +
			"first of them uppermost; what CMD changes lies in the new container, and is kept\n" +
			"there, or goes with it (--rm). As long as it is there lxc-destroy refuses the BASEs.\n\n" +
			"  lxcdeck run job --from web --rm -- /bin/sh -c 'echo hello'\n\n" +
			"Standard output and error are CMD's, bytes unchanged; its input is empty. ctrl+c\n" +
			"(SIGINT, SIGTERM) ends it: SIGTERM where it listens for that, else SIGKILL, and\n" +
			"SIGKILL after ten seconds.\n\n" +
			"Exit status: the command's own, 128+N if signal N ended it, 126 or 127 if it\n" +
			"could not be run, 125 if lxcdeck failed, or could not pass on all it wrote.\n\n" +
			"Like: lxc-copy -s -n BASE -N NAME && lxc-start -F -n NAME -- CMD",
		RunE: d.verb(inside(func(cmd *cobra.Command, args []string) error { return d.run(cmd, f, args) })),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "end CMD after this `TIME` (default: never)")
	a, p := &f.args, cmd.Flags()
	p.StringArrayVar(&f.from, "from", nil, "lay it on the root of this `BASE`, a container or NAME/SNAPSHOT; may be repeated, the first is uppermost")
	p.BoolVar(&a.Remove, "rm", false, "remove the container when CMD has ended")
	p.StringArrayVarP(&a.Env, "env", "e", nil, "set a variable, `NAME=VALUE`; may be repeated")
	p.StringVar(&a.Cwd, "cwd", "", "start in `DIR` of the container (default: /)")
	p.StringVar(&f.network, "network", "", "`BRIDGE` of the host, or none (default: what LXC's default config says); also --net")
	p.StringVar(&f.memory, "memory", "", "limit its memory to `SIZE`, as 512M or 2G")
	p.Float64Var(&a.Limits.CPUs, "cpus", 0, "limit it to `N` cores, as 0.5")
	p.Uint64Var(&a.Limits.PIDs, "pids", 0, "limit it to `N` processes")
	p.StringArrayVarP(&a.Config, "define", "s", nil, "add a `LINE` to its config, as \"lxc.KEY = VALUE\" (lxc-start: --define); may be repeated")
	p.StringVar(&f.network, "net", "", "")
	_ = p.MarkHidden("net") // fails only for a flag that is not there
	return cmd
}

func (d *deck) run(cmd *cobra.Command, f *runFlags, args []string) error {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 || dash == len(args) {
		return usage(cmd, "run needs a command behind --")
	}
	f.args.Command = args[dash:]
	name, err := d.oneName(cmd, args[:dash])
	if err != nil {
		return err
	}
	if err := f.fill(cmd); err != nil {
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ref, err := d.newRef(cmd, name, "")
	if err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	for _, word := range f.from {
		b, err := d.base(ctx, word)
		if err != nil {
			return err
		}
		f.args.From = append(f.args.From, b)
	}
	q := runtime.Request{Op: runtime.Run, Ref: ref, Args: &f.args, Timeout: d.flags.timeout}
	if err := q.Check(); err != nil {
		return &usageError{cmd, err}
	}
	return d.runShown(ctx, &q)
}

// fill puts into the arguments what the flags say in words.
func (f *runFlags) fill(cmd *cobra.Command) (err error) {
	a := &f.args
	switch {
	case len(f.from) == 0:
		return usage(cmd, "run needs --from BASE: a container to run on, or NAME/SNAPSHOT")
	case (cmd.Flags().Changed("network") || cmd.Flags().Changed("net")) && f.network == "":
		return usage(cmd, "--network is empty: it is the name of a bridge, or none")
	case cmd.Flags().Changed("cwd") && a.Cwd == "":
		return usage(cmd, "--cwd is empty")
	case a.Limits.CPUs < 0:
		return usage(cmd, "--cpus: %v cores", a.Limits.CPUs)
	}
	if a.Limits.Memory, err = parseSize(f.memory, 1); err != nil {
		return usage(cmd, "--memory: %w", err)
	}
	switch f.network {
	case "":
	case "none":
		a.Network.Kind = runtime.NoNetwork
	default:
		a.Network = runtime.Network{Kind: runtime.BridgeNetwork, Bridge: f.network}
	}
	return nil
}

// base is the container, or snapshot, that a word means: NAME, NAME/SNAP, or
// either behind an lxcpath.
func (d *deck) base(ctx context.Context, word string) (runtime.Base, error) {
	if !filepath.IsAbs(word) {
		name, snap, _ := strings.Cut(word, "/")
		ref, err := d.one(ctx, name)
		return runtime.Base{Ref: ref, Snap: snap}, err
	}
	for _, path := range d.rt.About().Paths {
		if under, ok := strings.CutPrefix(word, path+"/"); ok {
			name, snap, _ := strings.Cut(under, "/")
			return runtime.Base{Ref: runtime.Ref{Path: path, Name: name}, Snap: snap}, nil
		}
	}
	word = filepath.Clean(word)
	return runtime.Base{Ref: runtime.Ref{Path: filepath.Dir(word), Name: filepath.Base(word)}}, nil
}

// runShown runs the command and passes on what it writes.
func (d *deck) runShown(ctx context.Context, q *runtime.Request) error {
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newStreams(work, d, cancel)
	q.Progress = s.told
	err := d.rt.Do(work, *q)
	werr := s.end()
	exit := s.exit
	if exit != nil {
		d.status = exit.Code
		if exit.Reason != "" {
			d.warn("%s: %s", q.Ref.Name, exit.Reason)
		}
	}
	if errors.Is(werr, syscall.EPIPE) {
		return werr
	}
	if err != nil && exit != nil && errors.Is(err, runtime.ErrCancelled) {
		// It was ended as it was asked for: the status is the command's.
		d.warn("%v", err)
		err = nil
	}
	// Behind a terminal that is gone nobody misses anything.
	if werr != nil && !errors.Is(werr, syscall.EIO) {
		// Whoever goes by the command's status would take a part for the whole.
		d.status = 0
		err = errors.Join(err, fmt.Errorf("%s: not all it wrote could be passed on: %w", q.Ref.Name, werr))
	}
	return err
}

// streams pass on what a command writes: as it is, or filtered to a terminal.
// One goroutine writes, so that the order of both streams stays.
type streams struct {
	ctx    context.Context
	more   chan runtime.Progress
	done   chan struct{} // all is written
	cancel func()
	exit   *runtime.Exit

	mu   sync.Mutex
	werr error // the first write that failed
}

func newStreams(ctx context.Context, d *deck, cancel func()) *streams {
	s := &streams{ctx: ctx, more: make(chan runtime.Progress, chunks), done: make(chan struct{}), cancel: cancel}
	out, errOut := d.newStream(d.Stdout), d.newStream(d.Stderr)
	spawn(func() {
		defer close(s.done)
		for p := range s.more {
			to := out
			if p.Stderr {
				to = errOut
			}
			s.write(to, p.Output)
		}
		out.reset()
		errOut.reset()
	}, func(err error) { d.warn("%v", err) })
	return s
}

// told takes a word of the Runtime. While nobody takes the output the command
// waits, as it would at a pipe.
func (s *streams) told(p runtime.Progress) {
	if p.Exit != nil {
		s.exit = p.Exit
	}
	if len(p.Output) == 0 {
		return
	}
	p.Output = bytes.Clone(p.Output)
	select {
	case s.more <- p:
	case <-s.ctx.Done():
		// What its end makes it say is shown as long as somebody takes it.
		select {
		case s.more <- p:
		default:
		}
	}
}

// write passes a piece on. Whoever has stopped reading a pipe has had enough, and
// the command ends, as it would by SIGPIPE; behind a terminal that is gone it
// goes on. One that takes nothing more does not silence the other.
func (s *streams) write(to *stream, p []byte) {
	if to.failed {
		return
	}
	if err := to.write(p); err != nil {
		to.failed = true
		s.mu.Lock()
		s.werr = cmp.Or(s.werr, err)
		s.mu.Unlock()
		if errors.Is(err, syscall.EPIPE) {
			s.cancel()
		}
	}
}

// end waits until all is written, or nobody takes it.
func (s *streams) end() error {
	close(s.more)
	if s.ctx.Err() == nil {
		<-s.done
	} else {
		select {
		case <-s.done:
		case <-time.After(lastWords):
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.werr
}

// stream is one of our descriptors.
type stream struct {
	to     *os.File
	filter *filterWriter // nil = it is no terminal
	failed bool          // a write was lost: what follows would be out of place
}

func (d *deck) newStream(f *os.File) *stream {
	s := &stream{to: f}
	if isTerminal(f) {
		s.filter = d.shown(f)
	}
	return s
}

func (s *stream) write(p []byte) error {
	var err error
	if s.filter != nil {
		_, err = s.filter.Write(p)
	} else {
		_, err = s.to.Write(p)
	}
	return err
}

// reset puts a terminal back into the state it had.
func (s *stream) reset() {
	if s.filter != nil {
		s.filter.reset()
	}
}

func (d *deck) checkpointCommand(op runtime.Op) *cobra.Command {
	var a runtime.CheckpointArgs
	info := op.Info()
	cmd := &cobra.Command{
		Use:   info.Name + " NAME DIR",
		Short: "Write a running container's processes to a directory, and end them",
		Long: "Write a running container's processes to a directory, by CRIU, and end them;\n" +
			"\"lxcdeck resume\" goes on where they were. DIR is made if it is not there; it must be\n" +
			"empty, and outside of all containers: it gets the memory of the processes.\n\n" +
			"Like: lxc-checkpoint -P PATH -n NAME -D DIR -s",
	}
	if op == runtime.Resume {
		cmd.Short = "Start a container where a checkpoint has left it"
		cmd.Long = "Start a stopped container where a checkpoint in DIR has left it, by CRIU.\n\n" +
			"Like: lxc-checkpoint -P PATH -n NAME -D DIR -r"
	} else {
		cmd.Flags().BoolVar(&a.Keep, "keep", false, "let the container run on")
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		words := d.given(args)
		if len(words) != 2 {
			return usage(cmd, "%s needs a container and a directory", cmd.Name())
		}
		dir, err := filepath.Abs(words[1])
		if err != nil {
			return fmt.Errorf("%s: %w", cmd.Name(), err)
		}
		if words[1] == "" {
			return usage(cmd, "the directory's name is empty")
		}
		a.Dir = dir
		return d.onOne(cmd, op, words[0], &a)
	})
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, opTimeout(info))
	return cmd
}
