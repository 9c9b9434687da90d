package main

import (
	"errors"
	"fmt"
	"os/exec"
	"time"

	"lxcdeck/tui/vt"
)

// dayLeap is the time from one reading to the next while a day goes by: as long as the
// longest interval, so that none of it counts as a gap.
const dayLeap = time.Minute

// viewTime is how long each view is looked at: some read what they show.
const viewTime = time.Second

// view is a way to a view, what it shows there, and the way back.
type view struct{ keys, shows, back string }

// views are all that have something to show beside the list and shells; the part
// sessions measures the memory of those.
func views() []view {
	const esc = "\x1b"
	return []view{
		{"h", "Graphs of ", ""}, {"6", "[24h]", ""}, {"\t", "[CPU]", ""}, {"\t", "[Memory]", ""}, {"\t", "[I/O]", ""}, {"\t", "[Network]", esc},
		{":graphs of the host\r", "Graphs of ", esc},
		{"t", "Processes of ", esc},
		{"n", "Network: ", esc},
		{"I", "Isolation of ", esc},
		{"f", "Space on disk", esc},
		{"p", "Snapshots of ", esc},
		{"J", "Jobs and history", esc},
		{":events: what\r", "Events", esc},
		{":check this host\r", "This host", esc},
		{"N", "Create a container", esc},
		{"?", "Help", esc},
		{"m", "Messages", esc},
		{"o", "Sort by", esc},
		{"c", "Columns", esc},
		{":", "Commands", esc},
	}
}

// tour opens all views once, from the list.
func (l *line) tour() error {
	for _, v := range views() {
		if err := l.shows(v.keys, v.shows); err != nil {
			return err
		}
		if v.back == "" {
			continue
		}
		time.Sleep(viewTime)
		_, err := l.send("the list behind "+v.shows, v.back, func(s *vt.Terminal, _ []byte) bool {
			return contains(s, listHead) && !contains(s, v.shows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// memory measures what lxcdeck holds with all views opened once, and adds what a full
// day of figures takes. Nobody waits a day for that: it is the difference between two
// screens of as many containers in memory, after the same number of readings, which are
// a minute apart for one of them and next to nothing for the other.
func (b *bench) memory() error {
	own, err := b.toured()
	if err != nil {
		return err
	}
	var held [2]int64
	for i, leap := range []time.Duration{dayLeap, time.Millisecond} {
		if held[i], err = b.read(leap); err != nil {
			return err
		}
	}
	const mb = 1 << 20
	total := float64(own+held[0]-held[1]) / mb
	b.report.within(fmt.Sprintf("resident memory, %d, all views, a day", b.n), total, 60, "MB", float64(own)/mb, "without the day")
	b.report.tell(fmt.Sprintf("the same, %d in memory", b.n), float64(held[0])/mb, "MB", float64(held[1])/mb, "without the day")
	return nil
}

// toured is the resident memory of lxcdeck when all views were open once.
func (b *bench) toured() (rss int64, err error) {
	l, err := lineOf(exec.Command(b.bin, "-P", b.scratch.Path, "--interval", "1s"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.shows("", b.all()); err != nil {
		return 0, err
	}
	if err := l.tour(); err != nil {
		return 0, err
	}
	time.Sleep(settleTime)
	return resident(l.cmd.Process.Pid)
}

// read is the resident memory of the screen of containers in memory, after a day's
// readings that far apart, and with all views opened then.
func (b *bench) read(leap time.Duration) (rss int64, err error) {
	screen := invented{n: b.n, interval: dayLeap, leap: leap}
	cmd, err := screen.command()
	if err != nil {
		return 0, err
	}
	// The heap is kept small: of two screens it is the rest that is compared.
	cmd.Env = append(environment(), "GOGC=10")
	l, err := lineOf(cmd)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.shows("", screen.all()); err != nil {
		return 0, err
	}
	const keyRefresh = "\x12" // it reads everything anew
	for start := time.Now(); !l.now(screen.over()); time.Sleep(2 * time.Millisecond) {
		if time.Since(start) > 5*patience {
			return 0, fmt.Errorf("wait for a day's readings: not within %v; the screen is:\n%s", 5*patience, l.text())
		}
		if err := l.press(keyRefresh); err != nil {
			return 0, err
		}
	}
	if err := l.tour(); err != nil {
		return 0, err
	}
	time.Sleep(settleTime)
	return resident(cmd.Process.Pid)
}

// now says whether the screen shows text.
func (l *line) now(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return contains(l.screen, text)
}
