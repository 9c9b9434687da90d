// Go looks once a second whether the quota of its own cgroup has changed. A screen
// at rest has nothing to do then, and no verb has so much to do that it would mind.

//go:debug updatemaxprocs=0

// Command lxcdeck is a terminal UI for the LXC containers of a host.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"runtime/debug"
	"strings"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
	"lxcdeck/runtime/events"
	"lxcdeck/runtime/fake"
	"lxcdeck/tui"
	"lxcdeck/tui/cli"
	"lxcdeck/tui/guard"
	"lxcdeck/tui/record"
	"lxcdeck/tui/settings"
	"lxcdeck/views"
)

// version is set by the linker: make build.
var version = "dev"

// commit is set by the linker: the source that this was built from.
var commit string //nolint:gochecknoglobals // the linker can set nothing else

// auditFile is set by the linker for tests, which must not write into the
// host's log: the file of the audit log. "" = where it belongs.
var auditFile string //nolint:gochecknoglobals // the linker can set nothing else

func main() {
	helperMain()
	guard.Main()
	stdio, err := shield()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lxcdeck:", err)
		os.Exit(1)
	}
	os.Exit(run(stdio))
}

// run is lxcdeck on the terminal it was started with.
func run(stdio runtime.Stdio) int {
	// liblxc finds a user's containers by it, and takes / for a missing one.
	if home := settings.Home(os.Getenv); home != "" {
		if err := os.Setenv("HOME", home); err != nil {
			fmt.Fprintln(stdio.Err, "lxcdeck:", err)
			return 1
		}
	}
	crash := guard.CatchCrash(settings.StateDir(os.Getenv))
	defer crash.Close()
	log := auditFile
	if log == "" {
		log = audit.Place(os.Geteuid(), settings.StateDir(os.Getenv))
	}
	return cli.Main(context.Background(), cli.Options{
		Args: os.Args[1:], Version: about(), Getenv: os.Getenv,
		Stdin: stdio.In, Stdout: stdio.Out, Stderr: stdio.Err,
		Places: settings.Find(os.Getenv), Example: example, Audit: log,
		Known: settings.Known{Columns: columns(), Themes: views.Themes()},
		Open: func(paths []string, readOnly, demo bool) (runtime.Runtime, error) {
			if demo {
				return fake.Demo(), nil
			}
			return open(paths, readOnly, log)
		},
		RunScreen: func(ctx context.Context, rt runtime.Runtime, s settings.Settings, files *settings.Live, notice string) int {
			err := screen(ctx, stdio, rt, s, files, crash, log, notice)
			if errors.Is(err, tui.ErrTerminalStuck) {
				return 1 // telling would hang, too
			}
			if err != nil {
				fmt.Fprintln(stdio.Err, "lxcdeck:", views.Clean(err.Error()))
				return 1
			}
			return 0
		},
		Guard: func(tty *os.File) (func() error, error) {
			g, err := guard.Start(tty, crash.Epitaph())
			if err != nil {
				return nil, err
			}
			return g.Dismiss, nil
		},
	})
}

// screenGC is by how many percent the heap grows before it is collected, where the
// environment does not say. A screen stays open for days, and what views needed for a
// moment stays resident up to that. With Go's 100 a screen of 300 containers was
// collected six times a minute, with 50 fourteen times, at no more CPU that could be
// told from noise, and with 3 MB less.
//
// At the start, and beside a batch that wants every processor for a second or two,
// memory is the lesser good: with 33 a key waited a third longer there than with 100.
const (
	screenGC = 33
	hurryGC  = 200
)

// collect has the heap collected as a start wants it, and gives what changes that;
// nil = the environment has said how.
func collect(gogc string) func(hurry bool) {
	if gogc != "" {
		return nil
	}
	set := func(hurry bool) {
		percent := screenGC
		if hurry {
			percent = hurryGC
		}
		debug.SetGCPercent(percent)
	}
	set(true)
	return set
}

// screen shows the screen until it is left; the terminal is given back
// whatever happens.
func screen(ctx context.Context, stdio runtime.Stdio, rt runtime.Runtime, s settings.Settings, files *settings.Live, crash *guard.Crash, log, notice string) (err error) {
	p, err := prefs(&s, files)
	if err != nil {
		return err
	}
	hurry := collect(os.Getenv("GOGC"))
	g, err := guard.Start(stdio.Out, crash.Epitaph())
	if err != nil {
		return err
	}
	defer func() {
		leave := g.Dismiss
		if errors.Is(err, tui.ErrTerminalStuck) {
			leave = g.Abandon
		}
		if derr := leave(); err == nil {
			err = derr
		}
	}()
	if earlier := crash.Earlier(); earlier != "" {
		notice = strings.TrimSuffix(earlier+"; "+notice, "; ")
	}
	last, remember, err := choices(rt)
	if err != nil && notice == "" {
		notice = err.Error()
	}
	seen, keep, err := seenBefore(rt)
	if err != nil && notice == "" {
		notice = err.Error()
	}
	o := tui.Options{
		Seen: seen, Keep: keep, Boot: settings.BootID(),
		Choices: last, Remember: remember,
		Runtime: rt, ReadOnly: s.ReadOnly.Value, Version: version,
		In: stdio.In, Out: stdio.Out, Env: os.Environ(),
		Interval: p.Interval, Columns: p.Columns, Sort: p.Sort, Reverse: p.Reverse,
		Theme: p.Theme, ASCII: p.ASCII, Mouse: p.Mouse, Keys: p.Keys,
		Alerts: p.Alerts, Bell: p.Bell, Alarm: p.Alarm, Limits: p.Limits,
		Files: settingsFiles{files}, Prefs: p, SettingsFile: tilde(s.File),
		Hurry: hurry, Notice: notice, SaveDir: record.DefaultDir(settings.StateDir(os.Getenv)),
	}
	o.FirstSteps, o.EndFirstSteps = firstSteps(rt)
	if host, ok := rt.(interface {
		HostFolder(ctx context.Context, dir string) (runtime.Folder, error)
	}); ok { // that of the demo is in memory as well
		o.HostFiles = host.HostFolder
	}
	if !rt.About().Demo && log != "" {
		o.History = func() ([]runtime.Past, error) { return audit.Past(log, pastShown) }
		o.Missed = func() ([]runtime.Past, error) { return missed(log, s.ReadOnly.Value) }
	}
	return tui.Run(ctx, o)
}

// tilde is a path as people write it.
func tilde(path string) string {
	if rest, ok := strings.CutPrefix(path, settings.Home(os.Getenv)+"/"); ok && rest != path[1:] {
		return "~/" + rest
	}
	return path
}

// about is what --version says: VERSION (liblxc V), and below it what else there is
// to know of this program.
func about() string {
	text := version + " (" + liblxc() + ")\n"
	if commit != "" {
		text += "commit " + commit + "\n"
	}
	return text + goruntime.Version() + " " + goruntime.GOOS + "/" + goruntime.GOARCH
}

// pastShown is how much of the audit log the screen lists.
const pastShown = 500

// missed gives what was finished since the screen was last looked at while
// nobody was there to see it, once.
func missed(log string, readOnly bool) ([]runtime.Past, error) {
	dir := settings.StateDir(os.Getenv)
	past, err := audit.Missed(log, settings.LastLook(dir))
	if !readOnly {
		// Where it cannot be kept, the same is told again.
		_ = settings.Look(dir)
	}
	return past, err
}

// choices are what shells were opened with in earlier runs, and what keeps
// another. The simulated host has none.
func choices(rt runtime.Runtime) (map[runtime.Ref]runtime.Shell, func(runtime.Shell) error, error) {
	if rt.About().Demo {
		return nil, nil, nil
	}
	dir, places := settings.StateDir(os.Getenv), settings.Find(os.Getenv)
	kept, err := places.LoadChoices(dir)
	last := map[runtime.Ref]runtime.Shell{}
	for container, c := range kept {
		ref := runtime.Ref{Path: filepath.Dir(container), Name: filepath.Base(container)}
		last[ref] = runtime.Shell{Ref: ref, User: c.User, Cwd: c.Cwd, Command: c.Command}
	}
	return last, func(sh runtime.Shell) error {
		return places.SaveChoice(dir, sh.Ref.String(), settings.Choice{User: sh.User, Cwd: sh.Cwd, Command: sh.Command})
	}, err
}

// seenBefore is what an earlier run has seen, and what writes what this one sees.
// The simulated host has neither. What is read-only keeps it too: it is state.
func seenBefore(rt runtime.Runtime) (events.Memory, func(events.Memory) error, error) {
	dir, places := settings.StateDir(os.Getenv), settings.Find(os.Getenv)
	if rt.About().Demo || dir == "" {
		return events.Memory{}, nil, nil
	}
	seen, err := places.LoadSeen(dir)
	if err != nil { // it stays as it is, until somebody has looked at it
		return events.Memory{}, nil, fmt.Errorf("%w; what happens while lxcdeck is away is not told until that is mended or removed", err)
	}
	return seen, func(m events.Memory) error { return places.SaveSeen(dir, m) }, nil
}

// firstSteps is whether the line for who is new is shown, and what keeps that it was
// put away. The demo shows it each time, and keeps nothing.
func firstSteps(rt runtime.Runtime) (bool, func() error) {
	if rt.About().Demo {
		return true, nil
	}
	dir, places := settings.StateDir(os.Getenv), settings.Find(os.Getenv)
	return settings.FirstSteps(dir), func() error { return places.EndFirstSteps(dir) }
}

// columns are the names that settings may use.
func columns() []string {
	var ids []string
	for _, c := range views.Columns() {
		ids = append(ids, c.ID)
	}
	return ids
}
