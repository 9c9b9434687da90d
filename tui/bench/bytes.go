package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"lxcdeck/runtime/lxctest"
	"lxcdeck/tui/vt"
)

const (
	// The smallest usual terminal, and as many containers as it shows.
	smallCols, smallRows, smallCrowd = 80, 24, 20
	// stillSpan is how long a screen is watched on which nothing changes.
	stillSpan = 10 * time.Second
	// stillInterval is the shortest there is: most readings in that time.
	stillInterval = 200 * time.Millisecond
)

// output measures what a small terminal gets: of containers that rest, of frozen ones on
// a host that rests too, and of such that are all busy.
func (b *bench) output() (err error) {
	s, err := lxctest.Make()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Remove()) }()
	names, err := s.AddMany(smallCrowd)
	if err != nil {
		return err
	}
	if err := b.restOutput(s, names); err != nil {
		return err
	}
	stop, err := burn(s, names)
	defer stop()
	if err != nil {
		return err
	}
	l, err := small(b.list(s, "1s"), names[smallCrowd-1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	time.Sleep(settleTime)
	what := fmt.Sprintf("bytes a second, %d busy, %dx%d", smallCrowd, smallCols, smallRows)
	b.report.absolute(what, l.bytesOver(b.span), 1024, "B")
	return nil
}

// list is the screen of these containers.
func (b *bench) list(s *lxctest.Scratch, interval string) *exec.Cmd {
	return exec.Command(b.bin, "-P", s.Path, "--interval", interval)
}

// small starts a screen that shows the list alone, and waits for its last container.
func small(cmd *exec.Cmd, last string) (*line, error) {
	l, err := lineSized(cmd, smallCols, smallRows)
	if err != nil {
		return nil, err
	}
	if err := l.shows("", last); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// bytesOver is the bytes a second that come.
func (l *line) bytesOver(span time.Duration) float64 {
	before, start := l.count(), time.Now()
	time.Sleep(span)
	return float64(l.count()-before) / time.Since(start).Seconds()
}

// restOutput looks at containers that rest. The host's own line tells of whatever else
// the machine does: it is what lies below that must not change. On an invented host,
// which rests too, there must be nothing at all.
func (b *bench) restOutput(s *lxctest.Scratch, names []string) (err error) {
	began := time.Now()
	rest, err := small(b.list(s, stillInterval.String()), names[smallCrowd-1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rest.close()) }()
	screen := invented{n: smallCrowd, interval: stillInterval, frozen: true}
	cmd, err := screen.command()
	if err != nil {
		return err
	}
	frozen, err := small(cmd, screen.name(smallCrowd-1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, frozen.close()) }()
	// Sparklines are full by then, and ages change with the minute: all have had
	// their first one, none its second.
	time.Sleep(time.Until(began.Add(65 * time.Second)))
	changes := rest.changesBelowHost()
	before := frozen.count()
	rate := rest.bytesOver(stillSpan)
	still := float64(frozen.count() - before)
	b.report.absolute(fmt.Sprintf("changes of the list in %v, %d at rest", stillSpan, smallCrowd), float64(changes()), 0, "")
	b.report.tell("bytes a reading of the host's own line", rate*float64(stillInterval)/float64(time.Second), "B", 1024, "the bound for a second where all are busy")
	b.report.absolute(fmt.Sprintf("bytes in %v, %d frozen in memory", stillSpan, smallCrowd), still, 0, "B")
	return nil
}

// changesBelowHost counts from now on what changes below the screen's first row, until
// the count is asked for.
func (l *line) changesBelowHost() (count func() int) {
	n, before := 0, ""
	l.watchEnd(func(screen *vt.Terminal, _ []byte) bool {
		now := belowHost(screen)
		if before != "" && now != before {
			n++
		}
		before = now
		return false
	})
	return func() int {
		l.watchEnd(nil)
		return n
	}
}

// belowHost is the screen without its first row.
func belowHost(screen *vt.Terminal) string {
	var text strings.Builder
	for y := 1; y < smallRows; y++ {
		text.WriteString(screen.PlainLine(y) + "\n")
	}
	return text.String()
}
