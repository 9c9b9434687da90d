package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/tui/passthru"
)

func (d *deck) shellCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shell NAME [-- CMD...]",
		Short: "Run the login shell, or CMD, in a running container",
		Long: "Run the login shell, or CMD, in a running container.\n\n" +
			"On a terminal it runs on a pty of its own; the prefix (ctrl+] unless set\n" +
			"otherwise) and then d hangs up and leaves, the prefix twice sends it.\n" +
			"Without a terminal on standard input there is no pty and bytes pass\n" +
			"unchanged:  tar c . | lxcdeck shell web -- tar x\n\n" +
			"Exit status: the command's own, 128+N if signal N ended it, 125 if lxcdeck failed.",
		RunE: d.verb(inside(d.shell)),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "hang up after this `TIME` (default: never)")
	cmd.Flags().StringVar(&d.flags.user, "user", "", "run as `USER` of the container, a name or uid (default root)")
	cmd.Flags().StringVar(&d.flags.cwd, "cwd", "", "start in `DIR` of the container (default: the user's home)")
	return cmd
}

// inside makes the function of a verb whose status is that of what runs in the
// container: a failure of lxcdeck has one of its own.
func inside(f func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, args)
		var u *usageError
		if err == nil || errors.As(err, &u) {
			return err
		}
		return &exitError{exitShell, err}
	}
}

// shellArgs takes NAME and the command behind -- apart.
func (d *deck) shellArgs(cmd *cobra.Command, args []string) (name string, command []string, err error) {
	names := args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		names, command = args[:dash], args[dash:]
	}
	all := d.given(names)
	switch {
	case len(all) == 0:
		return "", nil, usage(cmd, "shell needs the NAME of a container")
	case len(all) > 1:
		return "", nil, usage(cmd, "shell takes one container, not %d; a command stands behind --", len(all))
	}
	return all[0], command, nil
}

func (d *deck) shell(cmd *cobra.Command, args []string) error {
	name, command, err := d.shellArgs(cmd, args)
	if err != nil {
		return err
	}
	for _, flag := range []string{"user", "cwd"} {
		if f := cmd.Flags().Lookup(flag); f.Changed && f.Value.String() == "" {
			// A script's empty variable must not mean root.
			return usage(cmd, "--%s is empty", flag)
		}
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	sh := runtime.Shell{Ref: ref, Command: command, User: d.flags.user, Cwd: d.flags.cwd, Term: d.Getenv("TERM")}
	if d.flags.plain {
		sh.Term = "dumb" // what asks for it writes no escape sequences
	}
	if lang := d.Getenv("LANG"); lang != "" {
		sh.Env = append(sh.Env, "LANG="+lang)
	}
	var exit runtime.Exit
	if isTerminal(d.Stdin) {
		if d.flags.plain {
			d.warn("shell in %s; %s and then d leaves it, and ends it", d.called(ref), d.wayOut().Prefix)
		}
		exit, err = d.attach(ctx, sh)
	} else {
		exit, err = d.exec(ctx, sh)
	}
	if err != nil {
		return err
	}
	if exit.Reason != "" {
		d.warn("%s: %s", ref.Name, exit.Reason)
	}
	d.status = exit.Code
	return nil
}

// exec runs the command on our own descriptors. Those that are a terminal
// never get into the container (TIOCSTI would type on the host): they are
// piped through the filter.
func (d *deck) exec(ctx context.Context, sh runtime.Shell) (runtime.Exit, error) {
	stdio := runtime.Stdio{In: d.Stdin, Out: d.Stdout, Err: d.Stderr}
	var pipes []*filterPipe
	for _, f := range []**os.File{&stdio.Out, &stdio.Err} {
		if !isTerminal(*f) {
			continue
		}
		p, err := newFilterPipe(d.shown(*f))
		if err != nil {
			return runtime.Exit{}, err
		}
		pipes = append(pipes, p)
		*f = p.write
	}
	exit, err := d.rt.Exec(ctx, sh, stdio)
	for _, p := range pipes {
		err = errors.Join(err, p.close(ctx))
	}
	if err != nil && ctx.Err() != nil {
		return exit, cut(ctx, "the session was hung up")
	}
	return exit, err
}

// cut says why a session was left, and what became of it.
func cut(ctx context.Context, fate string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("the time is over; " + fate)
	}
	return errors.New("ended by a signal; " + fate)
}

// filterPipe copies what is written to it to a terminal, filtered.
type filterPipe struct {
	write *os.File
	done  chan error
}

func newFilterPipe(to *filterWriter) (*filterPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	p := &filterPipe{write: w, done: make(chan error, 1)}
	spawn(func() {
		defer func() { _ = r.Close() }() // only read from
		_, err := io.Copy(to, r)
		to.reset() // the copy's error is the one that counts
		p.done <- err
	}, func(err error) { p.done <- err })
	return p, nil
}

// close waits until all that was written has been shown. What the process left
// behind may hold the pipe open: as with a terminal of its own, it is waited for
// until somebody ends that.
func (p *filterPipe) close(ctx context.Context) error {
	if err := p.write.Close(); err != nil {
		return fmt.Errorf("close pipe: %w", err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("write to the terminal: %w", err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// filterWriter writes what the filter lets through, or the text of it alone.
type filterWriter struct {
	to     *os.File
	filter passthru.Filter
	plain  *plainText // nil = what the filter lets through
	buf    []byte
}

// reset puts the terminal back into the state it had. One that is gone needs none.
func (w *filterWriter) reset() {
	if w.plain == nil {
		_, _ = w.to.Write(w.filter.Reset())
	}
}

func (w *filterWriter) Write(p []byte) (int, error) {
	if w.plain != nil {
		w.buf = w.plain.Append(w.buf[:0], p)
	} else {
		w.buf = w.filter.Append(w.buf[:0], p)
	}
	if _, err := w.to.Write(w.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// spawn starts a goroutine whose panic becomes an error instead of the end of
// a process that holds a terminal in raw mode.
func spawn(f func(), failed func(error)) {
	go func() {
		defer func() {
			if p := recover(); p != nil {
				failed(fmt.Errorf("internal error: %v", p))
			}
		}()
		f()
	}()
}

// prefix is the key that leads out, from the settings.
func (d *deck) prefix() string {
	if p := d.settings.Prefix.Value; p != "" {
		return p
	}
	return keymap.DefaultPrefix
}
