package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/vt"
)

const (
	// batchSize is how many stopped containers are started in one go.
	batchSize = 100
	// batchRounds is how often: the shell and the screen take turns, and the
	// quickest of each counts.
	batchRounds = 9
)

// batch measures the start of many stopped containers as one batch beside the two
// ways of a shell to run lxc-start on them, four at once (xargs has less to do
// between two), and how the list answers keys meanwhile. Nobody types while the
// shell works, so the screen starts them once alone, and once with a key every 30 ms.
func (b *bench) batch() (err error) {
	fourAtOnce := []struct{ name, script string }{
		{"a shell loop of lxc-start, four at once", `n=0; while read -r c; do lxc-start -P "$0" -n "$c" & (( ++n >= 4 )) && wait -n; done; wait`},
		{"xargs -P 4 lxc-start", `exec xargs -n 1 -P 4 lxc-start -P "$0" -n`},
	}
	s, err := lxctest.Make()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Remove()) }()
	var names []string
	for i := range batchSize {
		name := fmt.Sprintf("%s%03d", lxctest.Prefix, i)
		if err := s.Add(name); err != nil {
			return err
		}
		names = append(names, name)
	}
	shell := make([][]float64, len(fourAtOnce))
	var alone, typed, keys []float64
	for range batchRounds {
		for i, way := range fourAtOnce {
			took, err := fromShell(way.script, s, names)
			if err != nil {
				return err
			}
			shell[i] = append(shell[i], ms(took))
			if err := stopAll(s, names); err != nil {
				return err
			}
		}
		for _, times := range []*[]float64{&alone, &typed} {
			took, waits, err := b.startMarked(s, names, times == &typed)
			if err != nil {
				return err
			}
			*times, keys = append(*times, ms(took)), append(keys, waits...)
			if err := stopAll(s, names); err != nil {
				return err
			}
		}
	}
	what := fmt.Sprintf("start of %d as one batch", batchSize)
	b.report.atMost(what, percentile(alone, 1), percentile(shell[0], 1), 1, "ms", fourAtOnce[0].name)
	b.report.tell(what, percentile(alone, 1), "ms", percentile(shell[1], 1), fourAtOnce[1].name)
	b.report.tell(what+" while typing", percentile(typed, 1), "ms", percentile(shell[0], 1), fourAtOnce[0].name)
	b.report.within("key in the list meanwhile, p99", percentile(keys, 99), 50, "ms", median(keys), "its median")
	return nil
}

// fromShell starts them all from a shell.
func fromShell(script string, s *lxctest.Scratch, names []string) (time.Duration, error) {
	cmd := exec.Command("bash", "-c", script, s.Path)
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("start %d containers from a shell: %w: %s", len(names), err, out)
	}
	return time.Since(start), nil
}

// stopAll kills them, so that the next start finds them stopped.
func stopAll(s *lxctest.Scratch, names []string) error {
	cmd := exec.Command("xargs", "-n", "1", "-P", "4", "lxc-stop", "-k", "-P", s.Path, "-n")
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("stop %d containers: %w: %s", len(names), err, out)
	}
	return nil
}

// startMarked starts them all from the screen, and may type in the list until the
// last of them runs.
func (b *bench) startMarked(s *lxctest.Scratch, names []string, typing bool) (took time.Duration, keys []float64, err error) {
	l, err := lineOf(exec.Command(b.bin, "-P", s.Path))
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	c := &crowd{line: l, names: names, mark: "*"}
	if err := l.shows("", fmt.Sprintf("0/%d", len(names))); err != nil {
		return 0, nil, err
	}
	if err := l.shows("*", fmt.Sprintf("%d marked", len(names))); err != nil {
		return 0, nil, err
	}
	if err := l.shows("S", fmt.Sprintf("Start %d containers?", len(names))); err != nil {
		return 0, nil, err
	}
	time.Sleep(time.Second) // the question takes no key at first
	over := fmt.Sprintf("%d/%d", len(names), len(names))
	l.watchEnd(func(s *vt.Terminal, _ []byte) bool {
		return contains(s, over) && !contains(s, runtime.Start.Info().Doing)
	})
	start := time.Now()
	if _, err := c.move("y", 0); err != nil {
		return 0, nil, err
	}
	for k := 0; ; k++ {
		if at := l.endedAt(); !at.IsZero() {
			return at.Sub(start), keys, nil
		}
		if time.Since(start) > 2*patience {
			return 0, nil, fmt.Errorf("not all started within %v; the screen is:\n%s", 2*patience, l.text())
		}
		time.Sleep(20*time.Millisecond + time.Duration(k*7%20)*time.Millisecond)
		if !typing {
			continue
		}
		key, to := keyDown, 1
		if k%2 == 1 {
			key, to = keyUp, 0
		}
		d, err := c.move(key, to)
		if err != nil {
			return 0, nil, err
		}
		keys = append(keys, ms(d))
	}
}

// watchEnd notes when ok holds first, whatever else is waited for.
func (l *line) watchEnd(ok look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end, l.ended = ok, time.Time{}
}

// endedAt is when that was; zero = not yet.
func (l *line) endedAt() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}
