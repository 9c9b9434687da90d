package main

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/vt"
)

const (
	// floods is how many of the sessions print without an end.
	floods = 5
	// listKeys are typed in the list meanwhile.
	listKeys = 100
	// lines are printed in each session, more than it keeps.
	lines = 12000
	// endless is typed into those that flood.
	endless = "while :; do seq 1 100000 | cat; done"
)

// crowd is a screen with many sessions.
type crowd struct {
	*line
	names []string
	each  int    // sessions a container
	mark  string // before the name of a selected container: "*" where all are marked
}

// open opens session i of all, from the list, where its container is selected
// by then, and leaves the screen in the session. Sessions of one container
// are opened one after the other; the first from the list, the next ones from
// the one before.
func (c *crowd) open(i int) error {
	key := keyOther
	if i%c.each == 0 {
		key = keyShell
		if i > 0 {
			if err := c.press(keyLeave); err != nil {
				return err
			}
			if _, err := c.move(keyDown, i/c.each); err != nil {
				return err
			}
		}
	}
	if err := c.press(key); err != nil {
		return err
	}
	if err := c.settle(); err != nil {
		return fmt.Errorf("session %d of %s: %w", i%c.each+1, c.names[i/c.each], err)
	}
	return nil
}

// move types a key in the list and gives the time until the container is
// selected.
func (c *crowd) move(key string, to int) (time.Duration, error) {
	selected := ">" + cmp.Or(c.mark, " ") + c.names[to] + " "
	return c.send("the selection of "+c.names[to], key, func(s *vt.Terminal, _ []byte) bool {
		return rowOf(s, func(row string) bool { return strings.HasPrefix(row, selected) }) >= 0
	})
}

// sessions measures how the list answers while many sessions are open and some
// flood, and what memory they take.
func (b *bench) sessions() (err error) {
	if b.containers < 2 || b.each < 1 {
		return fmt.Errorf("%d containers with %d sessions: the selection needs two to move between", b.containers, b.each)
	}
	scratch, err := lxctest.Make()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	names, err := scratch.AddMany(b.containers)
	if err != nil {
		return err
	}
	l, err := lineOf(exec.Command(b.bin, "-P", scratch.Path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	c := &crowd{line: l, names: names, each: b.each}
	if err := l.shows("", fmt.Sprintf("%d/%d", len(names), len(names))); err != nil {
		return err
	}
	if _, err := c.move("", 0); err != nil {
		return err
	}
	base, err := resident(l.cmd.Process.Pid)
	if err != nil {
		return err
	}
	all := len(names) * c.each
	// Lines as wide as the screen, in eight colours.
	fill := fmt.Sprintf(`awk 'BEGIN{for(i=0;i<%d;i++)printf "\033[3%%dm%%0118d\033[m\n",i%%8,i}'`, lines)
	for i := range all {
		if err := c.open(i); err != nil {
			return err
		}
		if _, err := c.runs(fill, i); err != nil {
			return err
		}
		if i < all-floods {
			continue
		}
		if err := c.press(order(endless)); err != nil {
			return err
		}
	}
	took, err := c.keys()
	if err != nil {
		return err
	}
	full, err := resident(l.cmd.Process.Pid)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("key in the list, %d sessions, %d flood", all, floods)
	b.report.within(what+", p99", percentile(took, 99), 50, "ms", median(took), "its median")
	const mb = 1 << 20
	before, now := float64(base)/mb, float64(full)/mb
	b.report.within(fmt.Sprintf("resident memory, %d sessions of %d lines", all, lines), now, before+200, "MB", before, "no session")
	return nil
}

// keys goes back to the list, while the last session floods below it, and
// moves the selection up and down.
func (c *crowd) keys() ([]float64, error) {
	last := len(c.names) - 1
	if err := c.press(keyLeave); err != nil {
		return nil, err
	}
	if _, err := c.move("", last); err != nil {
		return nil, err
	}
	var took []float64
	for k := range listKeys {
		time.Sleep(40*time.Millisecond + time.Duration(k*7%20)*time.Millisecond)
		key, to := keyUp, last-1
		if k%2 == 1 {
			key, to = keyDown, last
		}
		d, err := c.move(key, to)
		if err != nil {
			return nil, err
		}
		took = append(took, ms(d))
	}
	return took, nil
}
