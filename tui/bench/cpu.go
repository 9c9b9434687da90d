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

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"lxcdeck/tui/drive"
)

// The size at which everything is watched.
const cols, rows = 120, 40

// fps is the frame rate of the screen while no shell has the focus.
const fps = 30

// emptyModel is the least a Bubble Tea program can be.
type emptyModel struct{}

func (emptyModel) Init() tea.Cmd { return nil }
func (m emptyModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok && k.String() == "q" {
		return m, tea.Quit
	}
	return m, nil
}

func (emptyModel) View() tea.View {
	v := tea.NewView("empty")
	v.AltScreen = true
	return v
}

func runEmpty(rate int) {
	if _, err := tea.NewProgram(emptyModel{}, tea.WithFPS(rate)).Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// cpuTime is the CPU a process has used, to the nanosecond: the kernel's
// process clocks can be read for other processes (clock_getcpuclockid(3)).
func cpuTime(pid int) (time.Duration, error) {
	const sched = 2 // CPUCLOCK_SCHED, include/linux/posix-timers.h
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		return 0, fmt.Errorf("read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// monitors are the pids of the containers' monitor processes.
func (b *bench) monitors() ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, fmt.Errorf("look for monitors: %w", err)
	}
	var pids []int
	for _, f := range files {
		// liblxc names them "[lxc monitor] LXCPATH NAME".
		line, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(line, []byte("[lxc monitor] "+b.scratch.Path)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
			pids = append(pids, pid)
		}
	}
	if len(pids) < b.n {
		return nil, fmt.Errorf("found %d monitor processes of %d containers", len(pids), b.n)
	}
	return pids, nil
}

// total is the CPU that these processes have used so far.
func total(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		t, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		sum += t
	}
	return sum, nil
}

// used is the share of one core, in percent, that pids use while we wait.
func used(span time.Duration, pids ...int) (float64, error) {
	shares, err := usedEach(span, pids)
	if err != nil {
		return 0, err
	}
	return shares[0], nil
}

// usedEach is used of several groups of processes over the same time.
func usedEach(span time.Duration, groups ...[]int) ([]float64, error) {
	before := make([]time.Duration, len(groups))
	shares := make([]float64, len(groups))
	start := time.Now()
	for i, pids := range groups {
		var err error
		if before[i], err = total(pids); err != nil {
			return nil, err
		}
	}
	time.Sleep(span)
	over := time.Since(start)
	for i, pids := range groups {
		now, err := total(pids)
		if err != nil {
			return nil, err
		}
		shares[i] = float64(now-before[i]) / float64(over) * 100
	}
	return shares, nil
}

// idleCPU compares lxcdeck at rest with an empty program and with lxc-top.
func (b *bench) idleCPU() (err error) {
	monitors, err := b.monitors()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	empty, err := watch(exec.Command(self, "-empty", fmt.Sprint(fps)), "empty", b.span, nil)
	if err != nil {
		return err
	}
	var silent silence
	opts := drive.Options{Cols: cols, Rows: rows, OnBurst: silent.burst}
	t, err := drive.Start(exec.Command(b.bin, "-P", b.scratch.Path, "--interval", "1s"), opts)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.Wait(b.all(), 30*time.Second); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	silent.start()
	ours, err := used(b.span, append(monitors, t.Cmd.Process.Pid)...)
	if err != nil {
		return err
	}
	silent.stop()
	rss, err := resident(t.Cmd.Process.Pid)
	if err != nil {
		return err
	}
	top, err := watch(exec.Command("lxc-top", "-P", b.scratch.Path, "-d", "1"), "Container", b.span, monitors)
	if err != nil {
		return err
	}
	b.report.absolute(fmt.Sprintf("CPU above an empty program, %d at 1 s", b.n), ours-empty, 2, "%")
	b.report.atMost("the same, against lxc-top -d 1 with its monitors", ours-empty, top, 1.0/20, "%", "lxc-top")
	b.report.absolute("resident memory", float64(rss)/(1<<20), 60, "MB")
	b.report.absolute("writes that changed nothing on the screen", float64(silent.needless), 0, "")
	return nil
}

// all is what the screen says when the list is complete.
func (b *bench) all() string { return fmt.Sprintf("%d/%d", b.n, b.n) }

// watch runs a program in a terminal and gives the CPU that it and others use.
func watch(cmd *exec.Cmd, ready string, span time.Duration, others []int) (float64, error) {
	t, err := drive.Start(cmd, drive.Options{Cols: cols, Rows: rows})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	if err := t.Wait(ready, 30*time.Second); err != nil {
		return 0, err
	}
	time.Sleep(2 * time.Second)
	cpu, err := used(span, append(others, cmd.Process.Pid)...)
	return cpu, errors.Join(err, t.Type("q"))
}

// resident is a process's resident set in bytes (proc_pid_statm(5)).
func resident(pid int) (int64, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("read resident memory: %w", err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(line), &size, &pages); err != nil {
		return 0, fmt.Errorf("read resident memory: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
