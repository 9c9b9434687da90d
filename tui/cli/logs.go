package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
	"lxcdeck/views"
)

// logOptions are what of a log is wanted.
type logOptions struct {
	follow bool
	lines  int // the last so many; negative = all
	since  string
	grep   string
}

// followLines is how many lines of what was there before a followed log shows.
const followLines = 10

func (d *deck) logsCommand() *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:   "logs NAME [SOURCE] [-f] [-n LINES] [--since TIME] [--grep PATTERN]",
		Short: "List the logs of a container, or print one",
		Long: "List the logs of a container, or print one. SOURCE is lxc (what LXC has logged of\n" +
			"it), console, ring (the console's ring buffer), journal, or a file inside: a path,\n" +
			"or what stands behind /var/log/ in it. No link leads out of the container.\n\n" +
			"On a terminal control characters are shown as text; elsewhere all bytes are\n" +
			"printed as they are. -f goes on with what is appended, also behind a rotation,\n" +
			"until it is told to stop or nobody reads what it prints; a file that is not there\n" +
			"yet is waited for.\n\n" +
			"The ring buffer gives each byte away once: what is printed here is not in it any\n" +
			"more. The journal is read by the container's own journalctl, of its last lines.",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("lines") {
			o.lines = -1
			if o.follow {
				o.lines = followLines
			}
		} else if o.lines < 0 {
			return usage(cmd, "-n %d: a number of LINES of at least 0 is allowed", o.lines)
		}
		switch words := d.given(args); {
		case len(words) == 0:
			return usage(cmd, "logs needs the NAME of a container")
		case len(words) > 2:
			return usage(cmd, "logs takes one container and one SOURCE")
		case len(words) == 2 && d.flags.json:
			return usage(cmd, "--json lists the logs, and takes no SOURCE")
		case len(words) == 2:
			return d.printLog(cmd, words[0], words[1], &o)
		case o != logOptions{lines: -1}:
			return usage(cmd, "logs needs a SOURCE for that; \"lxcdeck logs NAME\" lists them")
		default:
			return d.logs(cmd, words[0])
		}
	})
	d.timeoutFlag(cmd, "end after this `TIME` (default: never)")
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what is appended")
	f.IntVarP(&o.lines, "lines", "n", 0, "print the last `LINES` only (default: all, and 10 with -f)")
	f.StringVar(&o.since, "since", "", "print what was written since a `TIME`: 2026-11-27 14:05, 14:05 UTC, or 1d2h, that is ago")
	f.StringVar(&o.grep, "grep", "", "print only lines that match a `PATTERN`, a regular expression")
	f.BoolVar(&d.flags.json, "json", false, "print the list as a JSON array")
	return cmd
}

// logObject is the JSON of a log. Names are added to, never changed.
type logObject struct {
	Path    string        `json:"path"`
	Name    string        `json:"name"`
	Source  string        `json:"source"`
	Kind    string        `json:"kind"`
	File    *string       `json:"file"`
	Size    runtime.Value `json:"size_bytes"`
	Changed *string       `json:"changed"`
	Why     *string       `json:"problem"`
}

// logs lists the logs of a container.
func (d *deck) logs(cmd *cobra.Command, name string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	ref, err := d.one(ctx, name)
	if err != nil {
		return err
	}
	all, err := d.rt.Logs(ctx, ref)
	if err != nil {
		return err
	}
	objects := []logObject{}
	t := table{head: []string{"SOURCE", "SIZE", "CHANGED", "ABOUT"}, right: []int{1}}
	for i := range all {
		s := &all[i]
		objects = append(objects, logObject{
			Path: ref.Path, Name: ref.Name, Source: s.Name(), Kind: s.Kind.String(), File: given(s.Path), Size: s.Size, Changed: stamp(s.Changed), Why: given(s.Why),
		})
		changed, about := views.Absent, s.Why
		if !s.Changed.IsZero() {
			changed = s.Changed.Local().Format("2006-01-02 15:04:05")
		}
		if about == "" && s.Name() != s.Path {
			about = s.Path
		}
		t.add([]string{s.Name(), views.ValueBytes(s.Size), changed, about})
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, objects)
	case len(objects) == 0:
		d.warn("%s has no logs: lxc.log.file and lxc.console.logfile in its config name some", ref.Name)
		return nil
	default:
		return d.print(d.text(&t))
	}
}

// sourceOf is the log that a word means.
func sourceOf(word string) runtime.LogSource {
	for _, kind := range []runtime.LogKind{runtime.LogLXC, runtime.LogConsole, runtime.LogRing, runtime.LogJournal} {
		if word == kind.String() {
			return runtime.LogSource{Kind: kind}
		}
	}
	if !strings.HasPrefix(word, "/") {
		word = "/var/log/" + word
	}
	return runtime.LogSource{Kind: runtime.LogFile, Path: word}
}

// printLog prints a log.
func (d *deck) printLog(cmd *cobra.Command, name, word string, o *logOptions) error {
	p := &logPrinter{d: d, o: o, clean: isTerminal(d.Stdout)}
	if o.since != "" {
		var err error
		if p.since, err = logfile.ParseMoment(o.since, d.Now().In(time.Local)); err != nil {
			return usage(cmd, "--since: %w", err)
		}
	}
	if o.grep != "" {
		m, err := logfile.Pattern{Text: o.grep, Regexp: true}.Compile()
		if err != nil {
			return usage(cmd, "--grep: %w", err)
		}
		p.filter.In = []*logfile.Matcher{m}
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
	source := sourceOf(word)
	source.Once = !o.follow
	log, err := d.rt.OpenLog(ctx, ref, source)
	if errors.Is(err, runtime.ErrNoLog) && o.follow && source.Kind != runtime.LogRing && source.Kind != runtime.LogJournal {
		d.warn("%v; it is waited for", err)
		o.lines = -1 // all of it is new
		log, err = p.await(ctx, ref, source)
		if log == nil && ctx.Err() != nil {
			return nil // told to stop: that is how it ends
		}
	}
	if errors.Is(err, runtime.ErrNoLog) {
		d.complain(err)
		d.warn("\"lxcdeck logs %s\" lists those that there are.", runtime.ShellQuote(name))
		return &exitError{exitFailed, errSaid}
	}
	if err != nil {
		return err
	}
	p.log = log
	err = p.run(ctx)
	switch {
	case ctx.Err() == nil || err == nil:
	case o.follow:
		err = nil // told to stop: that is how it ends
	default:
		err = cut(ctx, "what was printed is not all of it")
	}
	if cerr := log.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("close log: %w", cerr)
	}
	return named(word, err)
}

// named says in which log something went wrong.
func named(word string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("log %s: %w", word, err)
}

// await opens a log as soon as it is there.
func (p *logPrinter) await(ctx context.Context, ref runtime.Ref, source runtime.LogSource) (*runtime.Log, error) {
	tick := time.NewTicker(logEvery)
	defer tick.Stop()
	for next := time.Now().Add(awaitEvery); ; {
		if err := p.rest(ctx, tick); err != nil {
			return nil, err
		}
		if time.Now().Before(next) {
			continue
		}
		log, err := p.d.rt.OpenLog(ctx, ref, source)
		if !errors.Is(err, runtime.ErrNoLog) {
			return log, err
		}
		next = time.Now().Add(awaitEvery)
	}
}

// rest waits for a tick, or until the context ends or nobody reads what is printed:
// that is EPIPE, as a write would say.
func (p *logPrinter) rest(ctx context.Context, tick *time.Ticker) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-tick.C:
	}
	if unread(p.d.Stdout) {
		return fmt.Errorf("write %s: %w", p.d.Stdout.Name(), unix.EPIPE)
	}
	return nil
}

// unread says whether nobody is left who could read what is written to a file: that of
// a pipe is in error then, a terminal or a socket has hung up (poll(2)).
func unread(f *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
