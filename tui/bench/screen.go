package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/drive"
)

// silence counts writes that left the screen as it was.
type silence struct {
	on       atomic.Bool
	needless int
}

func (s *silence) burst(_ []byte, changed bool) {
	if s.on.Load() && !changed {
		s.needless++
	}
}
func (s *silence) start() { s.on.Store(true) }
func (s *silence) stop()  { s.on.Store(false) }

// runs is how often a short program is timed. The shortest run counts, and
// programs that are compared take turns, so that a busy moment of the machine
// meets both.
const runs = 9

// quickest times the programs in turns and gives the shortest run of each.
func quickest(programs ...func() (time.Duration, error)) ([]time.Duration, error) {
	least := make([]time.Duration, len(programs))
	for range runs {
		for i, program := range programs {
			took, err := program()
			if err != nil {
				return nil, err
			}
			if least[i] == 0 || took < least[i] {
				least[i] = took
			}
		}
	}
	return least, nil
}

// command is a program that prints and ends.
func command(name string, args ...string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		cmd := exec.Command(name, args...)
		cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("run %s: %w", name, err)
		}
		return time.Since(start), nil
	}
}

// firstList is the screen's way to its first complete list.
func (b *bench) firstList() (time.Duration, error) {
	start := time.Now()
	t, err := drive.Start(exec.Command(b.bin, "-P", b.scratch.Path), drive.Options{Cols: cols, Rows: rows})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	if err := t.Wait(b.all(), 30*time.Second); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

// listing compares the time of one list, printed and on the screen, with lxc-ls.
func (b *bench) listing() error {
	took, err := quickest(
		command(b.bin, "-P", b.scratch.Path, "ls"),
		b.firstList,
		command("lxc-ls", "-P", b.scratch.Path, "-f"),
	)
	if err != nil {
		return err
	}
	b.report.atMost(fmt.Sprintf("lxcdeck ls of %d", b.n), ms(took[0]), ms(took[2]), 1.0/5, "ms", "lxc-ls -f")
	b.report.atMost("first complete list on the screen", ms(took[1]), ms(took[2]), 1.0/5, "ms", "lxc-ls -f")
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// frames measures the bytes of a frame when ten rows of forty change: ten
// containers burn a little CPU, thirty rest.
func (b *bench) frames() (err error) {
	s, err := lxctest.Make()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Remove()) }()
	names, err := s.AddMany(40)
	if err != nil {
		return err
	}
	stop, err := burn(s, names[:10])
	defer stop()
	if err != nil {
		return err
	}
	t, err := drive.Start(exec.Command(b.bin, "-P", s.Path, "--interval", "1s"), drive.Options{Cols: cols, Rows: 50})
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.Wait("40/40", 30*time.Second); err != nil {
		return err
	}
	// The list alone, as high as the screen.
	if err := t.Type("i"); err != nil {
		return err
	}
	time.Sleep(5 * time.Second)
	before, start := t.Bytes(), time.Now()
	time.Sleep(b.span)
	ticks := time.Since(start).Seconds()
	b.report.absolute("bytes a frame, ten rows of forty changing", float64(t.Bytes()-before)/ticks, 300, "B")
	return nil
}

// burn lets containers use a little CPU, in bursts of changing length, so
// that the figure changes every second. stop ends what it started.
func burn(s *lxctest.Scratch, names []string) (stop func(), err error) {
	var started []*exec.Cmd
	stop = func() {
		for _, cmd := range started {
			_ = cmd.Process.Kill() // what runs inside goes with its container
			_ = cmd.Wait()
		}
	}
	for _, name := range names {
		cmd := exec.Command("lxc-attach", "-P", s.Path, "-n", name, "--", "sh", "-c",
			"i=0; while :; do i=$(( (i*7+3) % 1000 )); j=0; while [ $j -lt $((i*20)) ]; do j=$((j+1)); done; sleep 1; done")
		if err := cmd.Start(); err != nil {
			return stop, fmt.Errorf("load %s: %w", name, err)
		}
		started = append(started, cmd)
	}
	return stop, nil
}
