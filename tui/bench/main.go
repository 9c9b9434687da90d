// Command bench measures lxcdeck from outside, on real containers that it
// makes and removes itself, and prints each figure beside its yardstick in
// the same run. It exits 1 when one misses its bound.
//
//	go run ./tui/bench [-bin bin/lxcdeck] [-n 300] [-for 20s]
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lxcdeck/runtime/lxctest"
)

// bench is one run's place and parameters.
type bench struct {
	bin     string
	n       int
	span    time.Duration
	only    string
	scratch *lxctest.Scratch
	report  report
}

func main() {
	var b bench
	empty := flag.Bool("empty", false, "be the empty Bubble Tea program that others are measured against")
	flag.StringVar(&b.bin, "bin", "bin/lxcdeck", "the lxcdeck to measure")
	flag.IntVar(&b.n, "n", 300, "how many running containers")
	flag.DurationVar(&b.span, "for", 20*time.Second, "how long to watch each program")
	flag.StringVar(&b.only, "only", "", "measure one thing: ls, cpu or frames")
	flag.Parse()
	if *empty {
		runEmpty()
		return
	}
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if b.report.missed {
		os.Exit(1)
	}
}

func (b *bench) run() (err error) {
	if why := lxctest.Missing(); why != "" {
		return errors.New(why)
	}
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return fmt.Errorf("find lxcdeck: %w", err)
	}
	if b.scratch, err = lxctest.Make(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.scratch.Remove()) }()
	if b.only != "frames" {
		fmt.Printf("making and starting %d containers ...\n", b.n)
		if _, err := b.scratch.AddMany(b.n); err != nil {
			return err
		}
	}
	b.report.head()
	for _, step := range []struct {
		name string
		do   func() error
	}{{"ls", b.listing}, {"cpu", b.idleCPU}, {"frames", b.frames}} {
		if b.only != "" && b.only != step.name {
			continue
		}
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}
