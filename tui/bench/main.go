// Go looks once a second whether its quota has changed. lxcdeck does not, and so the
// empty program and the screen of containers in memory must not.

//go:debug updatemaxprocs=0

// Command bench measures lxcdeck from outside, on real containers that it
// makes and removes itself, and prints each figure beside its yardstick in
// the same run. It exits 1 when one misses its bound.
//
//	go run ./tui/bench [-bin bin/lxcdeck] [-n 300] [-for 20s] [PART...]
//
// Parts are ls, cpu, watch, idle, memory, frames, batch, bytes, scale, pack, echo, flood,
// interrupt, sessions and shellcpu; list means the first nine, terminal the last five.
// Without a part all are measured.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lxcdeck/runtime/lxctest"
)

// bench is one run's place and parameters.
type bench struct {
	bin        string
	n          int
	span       time.Duration
	containers int // of the part sessions
	each       int
	scratch    *lxctest.Scratch
	report     report
}

func main() {
	var b bench
	empty := flag.Int("empty", 0, "be the empty Bubble Tea program that others are measured against, at this `frame rate`")
	var screen invented
	screen.flags()
	flag.StringVar(&b.bin, "bin", "bin/lxcdeck", "the lxcdeck to measure")
	flag.IntVar(&b.n, "n", 300, "how many running containers")
	flag.DurationVar(&b.span, "for", 20*time.Second, "how long to watch each program")
	flag.IntVar(&b.containers, "containers", 10, "sessions: how many containers, at least 2")
	flag.IntVar(&b.each, "each", 5, "sessions: how many in each container")
	flag.Parse()
	if *empty > 0 {
		runEmpty(*empty)
		return
	}
	work := func() error { return b.run(flag.Args()) }
	if screen.n > 0 {
		work = screen.run
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if b.report.missed {
		os.Exit(1)
	}
}

// part is one measurement, or several that belong together.
type part struct {
	name, group string
	crowd       bool // it needs the many containers
	measure     func() error
}

func (b *bench) parts() []part {
	return []part{
		{"ls", "list", true, b.listing},
		{"cpu", "list", true, b.idleCPU},
		{"watch", "list", true, b.watched},
		{"idle", "list", true, b.idle},
		{"memory", "list", true, b.memory},
		{"frames", "list", false, b.frames},
		{"batch", "list", false, b.batch},
		{"bytes", "list", false, b.output},
		{"scale", "list", false, b.scale},
		{"pack", "copy", false, b.pack},
		{"echo", "terminal", false, b.echo},
		{"flood", "terminal", false, b.flood},
		{"interrupt", "terminal", false, b.interrupt},
		{"sessions", "terminal", false, b.sessions},
		{"shellcpu", "terminal", false, b.shellCPU},
	}
}

// chosen gives the parts that are named; without a name all.
func (b *bench) chosen(names []string) ([]part, error) {
	all := b.parts()
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p part) bool { return name == p.name || name == p.group }) {
			return nil, fmt.Errorf("no part is called %s", name)
		}
	}
	return slices.DeleteFunc(all, func(p part) bool {
		return !slices.Contains(names, p.name) && !slices.Contains(names, p.group)
	}), nil
}

func (b *bench) run(names []string) (err error) {
	parts, err := b.chosen(names)
	if err != nil {
		return err
	}
	if why := lxctest.Missing(); why != "" {
		return errors.New(why)
	}
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return fmt.Errorf("find lxcdeck: %w", err)
	}
	forget, err := ownState()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	if slices.ContainsFunc(parts, func(p part) bool { return p.crowd }) {
		if b.scratch, err = lxctest.Make(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.scratch.Remove()) }()
		fmt.Printf("making and starting %d containers ...\n", b.n)
		if _, err := b.scratch.AddMany(b.n); err != nil {
			return err
		}
	}
	b.report.head()
	for _, p := range parts {
		if err := p.measure(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// ownState keeps what the user's screens remember out of the measurements, and these
// out of what they remember.
func ownState() (forget func() error, err error) {
	dir, err := os.MkdirTemp("", lxctest.Prefix+"state-")
	if err != nil {
		return nil, fmt.Errorf("make a place for state: %w", err)
	}
	return func() error { return os.RemoveAll(dir) }, os.Setenv("XDG_STATE_HOME", dir)
}
