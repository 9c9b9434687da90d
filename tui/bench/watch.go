package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

const (
	// settleTime is what a program has before it is watched: starting is not its rest.
	settleTime = 5 * time.Second
	// idleInterval is the longest there is between two readings.
	idleInterval = 60 * time.Second
	// idleSpan holds two of them, wherever it begins.
	idleSpan = 2 * idleInterval
)

// slowest is the lowest frame rate that an empty program can have.
const slowest = 1

// beside is lxcdeck and empty programs, each on a line of its own, at the same time:
// whatever else the machine does meets both.
type beside struct {
	deck  *line
	empty []*line
}

// openBeside starts lxcdeck on the many containers, and waits until all are listed; and
// an empty program for each of the frame rates.
func (b *bench) openBeside(rates []int, args ...string) (all beside, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, all.close())
		}
	}()
	self, err := os.Executable()
	if err != nil {
		return all, fmt.Errorf("find this program: %w", err)
	}
	for _, rate := range rates {
		l, err := lineOf(exec.Command(self, "-empty", strconv.Itoa(rate)))
		if err != nil {
			return all, err
		}
		all.empty = append(all.empty, l)
		if err := l.shows("", "empty"); err != nil {
			return all, err
		}
	}
	if all.deck, err = lineOf(exec.Command(b.bin, append([]string{"-P", b.scratch.Path}, args...)...)); err != nil {
		return all, err
	}
	return all, all.deck.shows("", b.all())
}

// pids are those of lxcdeck and of the empty programs, in this order, each alone.
func (p beside) pids() [][]int {
	groups := [][]int{{p.deck.cmd.Process.Pid}}
	for _, l := range p.empty {
		groups = append(groups, []int{l.cmd.Process.Pid})
	}
	return groups
}

func (p beside) close() error {
	var err error
	for _, l := range append(p.empty, p.deck) {
		if l != nil {
			err = errors.Join(err, l.close())
		}
	}
	return err
}

// watched compares lxcdeck with graphs open with an empty program, and with what else
// shows the figures of many containers. They take turns; the median of each counts.
func (b *bench) watched() error {
	monitors, err := b.monitors()
	if err != nil {
		return err
	}
	var ours, empties, tops, groups []float64
	for range rounds {
		cpu, err := b.graphed(monitors)
		if err != nil {
			return err
		}
		ours, empties = append(ours, cpu[0]-cpu[1]), append(empties, cpu[1])
		top, err := watch(exec.Command("lxc-top", "-P", b.scratch.Path, "-d", "1"), "Container", b.span/2, monitors)
		if err != nil {
			return err
		}
		tops = append(tops, top)
		if group, err := cgtop(b.span / 2); err != nil {
			return err
		} else if group > 0 {
			groups = append(groups, group)
		}
	}
	what := fmt.Sprintf("CPU with graphs, %d at 1 s", b.n)
	b.report.within(what+", above an empty program", median(ours), 2, "%", median(empties), "the empty program")
	b.report.atMost(what+", above it", median(ours), median(tops), 1.0/20, "%", "lxc-top -d 1 with its monitors")
	if len(groups) == 0 {
		fmt.Println("LEFT OUT: systemd-cgtop is not installed, or shows nothing in batch mode")
		return nil
	}
	b.report.atMost(what+", above it", median(ours), median(groups), 1.0/4, "%", "systemd-cgtop -d 1")
	return nil
}

// graphed is the CPU of lxcdeck, with its share of the monitors, while it compares the
// graphs of as many containers as it can, and that of an empty program.
func (b *bench) graphed(monitors []int) (cpu []float64, err error) {
	pair, err := b.openBeside([]int{fps}, "--interval", "1s")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pair.close()) }()
	if err := pair.deck.shows("*", fmt.Sprintf("%d marked", b.n)); err != nil {
		return nil, err
	}
	if err := pair.deck.shows("h", "Graphs of "); err != nil {
		return nil, err
	}
	time.Sleep(settleTime)
	groups := pair.pids()
	groups[0] = append(groups[0], monitors...)
	return usedEach(b.span/2, groups...)
}

// cgtop is the CPU that systemd-cgtop uses; 0 = there is none, or it cannot run here.
func cgtop(span time.Duration) (cpu float64, err error) {
	path, err := exec.LookPath("systemd-cgtop")
	if err != nil {
		return 0, nil
	}
	if out, err := exec.Command(path, "-b", "-d", "1", "-n", "1").Output(); err != nil || len(out) == 0 {
		return 0, nil
	}
	cmd := exec.Command(path, "-b", "-d", "1", "-n", "0")
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start systemd-cgtop: %w", err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // a signal's status
	}()
	time.Sleep(2 * time.Second)
	return used(span, cmd.Process.Pid)
}

// idle compares lxcdeck at its longest interval with an empty program at the frame rate
// of the screen, and tells how often the two are woken up. lxcdeck paints by need: beside
// one that paints once a second stands what its looks at the host cost.
func (b *bench) idle() (err error) {
	all, err := b.openBeside([]int{fps, slowest}, "--interval", idleInterval.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	time.Sleep(settleTime)
	groups := all.pids()
	var woken, rate [3]float64
	for i, pids := range groups {
		if woken[i], err = wakeups(pids[0]); err != nil {
			return err
		}
	}
	cpu, err := usedEach(idleSpan, groups...)
	if err != nil {
		return err
	}
	for i, pids := range groups {
		now, err := wakeups(pids[0])
		if err != nil {
			return err
		}
		rate[i] = (now - woken[i]) / idleSpan.Seconds()
	}
	what := fmt.Sprintf("%d at %v", b.n, idleInterval)
	b.report.within("CPU above an empty program, "+what, cpu[0]-cpu[1], 0.05, "%", cpu[1], "the empty program")
	b.report.tell("CPU, "+what, cpu[0], "%", cpu[2], "an empty program at a frame a second")
	b.report.tell("wakeups a second, "+what, rate[0], "", rate[1], "the empty program")
	b.report.tell("wakeups a second, "+what, rate[0], "", rate[2], "an empty program at a frame a second")
	return nil
}

// wakeups is how often a process's threads have slept until something came: the
// voluntary switches of proc_pid_status(5), of all of them.
func wakeups(pid int) (sum float64, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		return 0, errors.Join(err, fmt.Errorf("count the wakeups of process %d: it has no threads", pid))
	}
	for _, f := range files {
		status, err := os.ReadFile(f)
		if err != nil {
			return 0, fmt.Errorf("count the wakeups of process %d: %w", pid, err)
		}
		_, rest, _ := bytes.Cut(status, []byte("\nvoluntary_ctxt_switches:"))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
		if err != nil {
			return 0, fmt.Errorf("count the wakeups of process %d: %w", pid, err)
		}
		sum += float64(n)
	}
	return sum, nil
}
