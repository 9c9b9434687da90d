// Package cli is the command line: flags, verbs, plain text and JSON.
//
// Rules of this room:
//   - No screen: what the screen needs is handed to Options.RunScreen.
//   - Standard output carries what was asked for and nothing else; all else
//     goes to standard error. Foreign text passes views.Clean in plain output
//     and encoding/json in JSON.
//   - Exit status: 0 done, 1 failed, 2 usage, 3 refused, 4 no such container;
//     of several names all are tried and the highest counts. shell and run give
//     the command's own and console 0; all 125 if lxcdeck failed.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
	"lxcdeck/tui/settings"
	"lxcdeck/views"
)

// Exit statuses.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitRefused  = 3
	exitNotFound = 4
	exitShell    = 125 // lxcdeck failed where the status is the command's own
)

// Options are what main.go brings.
type Options struct {
	Args    []string // without the program's name
	Version string

	Stdin, Stdout, Stderr *os.File
	Getenv                func(string) string

	Places  settings.Places // of the settings files; --config is added to them
	Example string          // a settings file with every key, commented out
	Known   settings.Known  // names that settings may use

	// Open makes the Runtime. No paths: LXC's own.
	Open func(paths []string, readOnly, demo bool) (runtime.Runtime, error)
	// Audit is the file of the audit log; "" = there is no place for one.
	Audit string
	// RunScreen shows the screen until it is left, and gives the exit status.
	// Notice is what should be shown first; "" = nothing.
	// Files are where the settings came from, to be read again.
	RunScreen func(ctx context.Context, rt runtime.Runtime, s settings.Settings, files *settings.Live, notice string) int

	// Guard watches over a terminal in raw mode, and puts it back if this
	// process dies without doing so; nil = nobody does.
	Guard func(tty *os.File) (dismiss func() error, err error)

	// Now is the time for ages; nil = time.Now.
	Now func() time.Time
	// Hold is how long a question that decides takes no answer; 0 = 300 ms, below it is none.
	Hold time.Duration
}

// deck is one run of the command line.
type deck struct {
	Options
	flags    flags
	status   int // what the verb that ran found
	ran      bool
	hinted   string // the hint that was given last
	doing    string // the verb that runs
	settings settings.Settings
	rt       runtime.Runtime
	log      *audit.Log  // nil = nothing is written down
	unlogged func(error) // is told that the log cannot be written
	session  *session    // in which this is a line; nil = in none
	back     *backJob    // that does it; nil = the line is waited for
	order    string      // by what a list of it is sorted
}

type flags struct {
	paths    []string
	names    []string
	config   string
	interval string
	readOnly bool
	theme    string
	demo     bool
	timeout  time.Duration
	json     bool
	csv      bool
	count    int
	user     string
	cwd      string
	tty      int
	yes      bool
	quiet    bool
	plain    bool
	page     int
}

// usageError is wrong use: it is shown with the usage line, and exits 2.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(cmd *cobra.Command, format string, args ...any) error {
	return &usageError{cmd, fmt.Errorf(format, args...)}
}

// Main runs the command line and gives the exit status.
func Main(ctx context.Context, o Options) int {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &deck{Options: o}
	d.unlogged = func(err error) { d.warn("this is not written down: %v", err) }
	root := d.root()
	root.SetIn(o.Stdin)
	root.SetOut(o.Stdout)
	root.SetErr(o.Stderr)
	if asksCompletion(o.Args) {
		root.SetErr(io.Discard) // a shell's line is no place for it
	}
	return d.execute(ctx, root, o.Args)
}

// execute does what the words of a command line say, and gives the exit status.
func (d *deck) execute(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if d.rt != nil && d.session == nil {
		if cerr := d.rt.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("close: %w", cerr)
		}
	}
	if err == nil || errors.Is(err, errEnough) {
		return d.status
	}
	if errors.Is(err, syscall.EPIPE) {
		// Whoever read has had enough, as in "| head -1": no news.
		return max(d.status, statusOf(err))
	}
	var u *usageError
	var failed *fs.PathError                                       // --version that could not be written
	if !d.ran && !errors.As(err, &u) && !errors.As(err, &failed) { // cobra's own: unknown flags and the like
		err = &usageError{root, err}
	}
	d.complain(err)
	return max(d.status, statusOf(err))
}

// verb makes a command's function: errors from within it are no wrong use
// unless it says so.
func (d *deck) verb(f func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		d.ran, d.doing = true, cmd.Name()
		if d.flags.timeout < 0 {
			return usage(cmd, "--timeout %s is negative", d.flags.timeout)
		}
		return f(cmd, args)
	}
}

// complain shows an error, cleaned, with what to do about it.
func (d *deck) complain(err error) {
	for _, one := range apart(err) {
		d.warn("%v", one)
	}
	if hint := d.hint(err); hint != "" && hint != d.hinted {
		d.warn("%s", hint)
		d.hinted = hint // of many it is said once
	}
	var u *usageError
	if errors.As(err, &u) && u.cmd != nil {
		d.aside(fmt.Sprintf("Usage: %s\nTry %q.\n", d.bare(u.cmd.UseLine()), d.helpFor(u.cmd)))
	}
}

// apart gives the errors that were joined. It goes by the errors and not by
// their lines: a container's name may hold a newline.
func apart(err error) []error {
	if errors.Is(err, errSaid) {
		return nil
	}
	var code *exitError
	if errors.As(err, &code) {
		err = code.err
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok && err.Error() == errors.Join(all.Unwrap()...).Error() {
		return all.Unwrap()
	}
	return []error{err}
}

// warn writes one line to standard error. If that fails there is no place left
// to say so.
func (d *deck) warn(format string, args ...any) {
	who := "lxcdeck: "
	if d.session != nil {
		who = "" // it is the only one who speaks
	}
	d.aside(who + views.Clean(fmt.Sprintf(format, args...)) + "\n")
}

// statusOf is the exit status that an error stands for.
func statusOf(err error) int {
	var u *usageError
	var code *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return code.status
	case errors.As(err, &u), errors.Is(err, runtime.ErrInvalid):
		return exitUsage
	case errors.Is(err, runtime.ErrNotFound):
		return exitNotFound
	case errors.Is(err, runtime.ErrReadOnly), errors.Is(err, runtime.ErrWrongState), errors.Is(err, runtime.ErrBusy),
		errors.Is(err, runtime.ErrManaged), errors.Is(err, runtime.ErrForeign), errors.Is(err, runtime.ErrExists),
		errors.Is(err, runtime.ErrLocked), errors.Is(err, runtime.ErrInUse), errors.Is(err, runtime.ErrHasSnapshots):
		return exitRefused
	default:
		return exitFailed
	}
}

// exitError is an error with an exit status of its own.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

const long = `lxcdeck is a terminal UI for LXC containers.

Without a verb it shows the screen; with --plain it is worked with line by line;
without a terminal on standard output it prints the table of ls.

Exit status: 0 done, 1 failed, 2 usage, 3 refused (read-only, a lock, the wrong
state, a name that is taken, a question without --yes), 4 no such container; of
several names all are tried and the highest counts.
shell and run give the command's own and console 0; all 125 if lxcdeck failed.`

// root makes the tree of commands.
func (d *deck) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "lxcdeck",
		Short:             "A terminal UI for LXC containers",
		Long:              long,
		Version:           d.Version,
		TraverseChildren:  true, // flags may stand before the verb
		SilenceErrors:     true, // shown in Main, cleaned
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(cmd, "unknown verb %q", args[0])
			}
			return nil
		},
		RunE: d.verb(d.screen),
	}
	root.SetVersionTemplate("lxcdeck {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{cmd, flagError(err)}
	})
	p := root.PersistentFlags()
	p.StringArrayVarP(&d.flags.paths, "lxcpath", "P", nil, "look for containers in `PATH`; may be repeated (default: LXC's own)")
	p.StringVar(&d.flags.config, "config", "", "read settings from `FILE` instead of ~/.config/lxcdeck/config.toml")
	p.StringVar(&d.flags.interval, "interval", "", "`TIME` between two readings, 200ms to 60s (default 1s)")
	p.BoolVar(&d.flags.readOnly, "read-only", false, "refuse whatever changes a container or runs a program in it")
	d.themeFlag(root)
	p.BoolVar(&d.flags.demo, "demo", false, "show an invented host: needs no root and no LXC")
	p.BoolVar(&d.flags.plain, "plain", d.flags.plain, "work line by line, in words, without a screen; with a verb: print words, not columns")
	root.Flags().IntVar(&d.flags.page, "page-lines", pageLines, "with --plain: show long lists in pages of `N` lines; 0 = in one")
	d.nameFlag(root)
	d.timeoutFlag(root, "how long the verb may take, a `TIME`; see its help")
	root.AddCommand(d.lsCommand(), d.topCommand(), d.shellCommand(), d.consoleCommand(),
		d.createCommand(), d.cloneCommand(), d.renameCommand(), d.destroyCommand(), d.snapshotCommand(), d.restoreCommand(),
		d.deviceCommand(), d.limitsCommand(), d.configCommand(), d.autostartCommand(), d.lockCommand(), d.unlockCommand(), d.recoverCommand(), d.packCommand(), d.unpackCommand(),
		d.doctorCommand(), d.metricsCommand(), d.psCommand(), d.whoCommand(), d.networkCommand(), d.isolationCommand(), d.spaceCommand(),
		d.signalCommand(), d.runCommand(), d.logsCommand(), d.filesCommand(), d.pushCommand(), d.pullCommand(), d.checkpointCommand(runtime.Checkpoint), d.checkpointCommand(runtime.Resume))
	for _, info := range runtime.Ops() {
		if info.Kind == runtime.OnState {
			root.AddCommand(d.opCommand(info))
		}
	}
	root.AddCommand(d.completionCommand())
	d.completions(root)
	root.SetHelpCommand(helpCommand())
	return root
}

// nameFlag adds -n. It is no persistent flag, since top's -n is a count.
func (d *deck) nameFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&d.flags.names, "name", "n", d.flags.names, "the container's `NAME`, as the lxc-* tools take it; may be repeated")
}

// open reads the settings and makes the Runtime.
func (d *deck) open(cmd *cobra.Command) error {
	if d.session != nil {
		return d.again(cmd)
	}
	if err := d.configure(cmd); err != nil {
		return err
	}
	s := &d.settings
	rt, err := d.Open(s.Paths.Value, s.ReadOnly.Value, d.flags.demo)
	if err != nil {
		return err
	}
	switch {
	case s.ReadOnly.Value:
		rt = runtime.ReadOnly(rt)
	case !rt.About().Demo:
		d.log = audit.New(audit.Options{
			Path: d.Audit, SudoUser: d.Getenv("SUDO_USER"), Now: d.Now,
			Failed: func(err error) { d.unlogged(err) },
		})
		rt = audit.Wrap(rt, d.log)
	}
	d.rt = rt
	return nil
}

// screen is lxcdeck without a verb.
func (d *deck) screen(cmd *cobra.Command, _ []string) error {
	if len(d.flags.names) > 0 {
		return usage(cmd, "-n needs a verb, such as \"lxcdeck shell -n NAME\"")
	}
	if d.flags.plain {
		return d.plainly(cmd)
	}
	if why := d.noScreen(); why == "" && d.flags.timeout != 0 {
		return usage(cmd, "--timeout needs a verb, such as \"lxcdeck stop --timeout 10s NAME\"")
	} else if why != "" {
		err := d.ls(cmd, nil)
		d.warn("%s: this is the list, as \"lxcdeck ls\" shows it. For the screen over ssh use \"ssh -t\"; lxcdeck --plain works without one, line by line.", why)
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	notice := ""
	if d.log != nil {
		// On the screen nothing may be written to standard error: what fails later
		// is said when it is left.
		var late error
		d.unlogged = func(err error) { late = err }
		if err := d.log.Check(); err != nil {
			notice = "what is done is not written down: " + views.Clean(err.Error())
		}
		defer func() {
			if late != nil && notice == "" {
				d.warn("not all was written down: %v", late)
			}
		}()
	}
	d.settings.File = cmp.Or(d.flags.config, d.Places.User)
	d.status = d.RunScreen(cmd.Context(), d.rt, d.settings, d.live(cmd), notice)
	return nil
}

// noScreen says why there can be no screen; "" = there can.
func (d *deck) noScreen() string {
	switch t := d.Getenv("TERM"); {
	case !isTerminal(d.Stdout):
		return "standard output is no terminal"
	case !isTerminal(d.Stdin):
		return "standard input is no terminal"
	case t == "":
		return "TERM is not set"
	case t == "dumb":
		return "TERM=dumb cannot show a screen"
	default:
		return ""
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(f.Fd()) }
