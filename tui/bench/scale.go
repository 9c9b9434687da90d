package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// scaleKeys are typed at each size in each round, over some ten readings.
	scaleKeys = 240
	// keyEnd and keyHome show other rows than before, all of them.
	keyEnd, keyHome = "G", "g"
)

// scale measures on containers in memory how the cost of a reading grows with their
// number, and how the list answers keys meanwhile. What the invented host costs is in
// it: it grows with the number, too.
func (b *bench) scale() error {
	sizes := []int{250, 500, 1000, 2000}
	tick, p99 := make([][]float64, len(sizes)), make([][]float64, len(sizes))
	for range rounds {
		for i, n := range sizes {
			cpu, keys, err := b.scaled(n)
			if err != nil {
				return fmt.Errorf("%d containers: %w", n, err)
			}
			tick[i], p99[i] = append(tick[i], cpu), append(p99[i], percentile(keys, 99))
		}
	}
	for i, n := range sizes {
		least := sizes[0]
		b.report.tell(fmt.Sprintf("CPU a tick, %d in memory", n), median(tick[i]), "ms", median(tick[0])*float64(n/least), fmt.Sprintf("%d x that of %d", n/least, least))
	}
	b.report.atMost("CPU a tick, 2000 in memory", median(tick[3]), median(tick[1]), 4*1.3, "ms", "that of 500")
	for i, n := range sizes {
		b.report.tell(fmt.Sprintf("key in the list, %d in memory, worst p99", n), slices.Max(p99[i]), "ms", median(p99[i]), "the median of those")
	}
	b.report.within("key in the list, 2000 in memory, worst p99", slices.Max(p99[3]), 50, "ms", slices.Max(p99[0]), "that with 250")
	return nil
}

// scaled gives the CPU of a tick with n containers, in ms, and the time of keys.
func (b *bench) scaled(n int) (tick float64, keys []float64, err error) {
	screen := invented{n: n, interval: time.Second}
	cmd, err := screen.command()
	if err != nil {
		return 0, nil, err
	}
	l, err := lineOf(cmd)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	c := &crowd{line: l}
	for i := range n {
		c.names = append(c.names, screen.name(i))
	}
	if err := l.shows("", screen.all()); err != nil {
		return 0, nil, err
	}
	time.Sleep(settleTime)
	cpu, err := used(b.span/2, cmd.Process.Pid)
	if err != nil {
		return 0, nil, err
	}
	steps := []struct {
		key string
		to  int
	}{{keyDown, 1}, {keyDown, 2}, {keyUp, 1}, {keyEnd, n - 1}, {keyUp, n - 2}, {keyHome, 0}}
	if _, err := c.move("", 0); err != nil {
		return 0, nil, err
	}
	for k := range scaleKeys {
		time.Sleep(40*time.Millisecond + time.Duration(k*7%20)*time.Millisecond)
		step := steps[k%len(steps)]
		d, err := c.move(step.key, step.to)
		if err != nil {
			return 0, nil, err
		}
		keys = append(keys, ms(d))
	}
	return cpu / 100 * ms(screen.interval), keys, nil
}
