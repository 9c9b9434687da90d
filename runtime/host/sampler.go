package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

// What is held open, in this order.
const (
	statFile = iota
	meminfoFile
	loadFile
	uptimeFile
	cpuPressure
	memoryPressure
	ioPressure
	fileCount
)

var fileNames = [...]string{
	statFile:       "proc/stat",
	meminfoFile:    "proc/meminfo",
	loadFile:       "proc/loadavg",
	uptimeFile:     "proc/uptime",
	cpuPressure:    "proc/pressure/cpu",
	memoryPressure: "proc/pressure/memory",
	ioPressure:     "proc/pressure/io",
}

// Sampler reads the host's figures. Its methods may be called from several
// goroutines at once.
type Sampler struct {
	root, disk string
	now        func() time.Time

	mu      sync.Mutex
	opened  bool
	closed  bool
	files   [fileCount]*os.File // nil = not there
	fds     [fileCount]int
	buf     kernfile.Buffer
	diskAt  time.Time
	spaceAt time.Time // when it answered
	space   space
	asked   chan space    // an answer that is awaited; nil = none is
	wait    time.Duration // for an answer that was just asked for
	statfs  func(path string) space
	asleep  time.Duration
}

// New makes a Sampler for the kernel's files below root ("" = this machine).
// disk is a path on the file system whose size is told, as a rule the first
// lxcpath; "" = none. Nothing is opened before the first Sample.
func New(root, disk string) *Sampler {
	if root == "" {
		root = "/"
	}
	return &Sampler{root: root, disk: disk, now: time.Now, statfs: statfs, wait: diskWait}
}

// Sample fills s: /proc/stat, meminfo, loadavg, uptime and pressure, and every
// 10 s the file system. s.PerCPU and s.PerSteal are written in place: whoever
// keeps a copy of an older HostSample clones them.
//
// What cannot be read or understood is absent, or zero where the type has no
// absence. The error is for a Sampler that is closed or has no /proc/stat.
func (p *Sampler) Sample(s *runtime.HostSample) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("read the host's figures: %w", os.ErrClosed)
	}
	if !p.opened {
		p.open()
	}
	s.At = p.now()
	err := p.stat(s)
	parseMeminfo(p.text(meminfoFile), s)
	s.Load, s.LoadRead = parseLoad(p.text(loadFile))
	s.Uptime = parseUptime(p.text(uptimeFile))
	p.asleep = asleep(p.asleep)
	s.Asleep = p.asleep
	s.PSI.CPU, _ = kernfile.Pressure(p.text(cpuPressure))
	s.PSI.Memory, _ = kernfile.Pressure(p.text(memoryPressure))
	s.PSI.IO, _ = kernfile.Pressure(p.text(ioPressure))
	p.look(s.At)
	s.DiskAt, s.DiskTotal, s.DiskFree, s.DiskUsed = p.spaceAt, p.space.total, p.space.free, p.space.used
	if s.DiskTotal.Absent() {
		s.DiskAt = time.Time{}
	}
	return err
}

// stat reads /proc/stat. Its long list of interrupts follows the CPUs.
func (p *Sampler) stat(s *runtime.HostSample) error {
	var all cpuTimes
	s.CPUGaps = false
	s.PerCPU, s.PerSteal = s.PerCPU[:0], s.PerSteal[:0]
	text, err := p.read(statFile)
	if err == nil {
		var ended bool
		all, s.PerCPU, s.PerSteal, s.CPUGaps, ended = parseStat(text, s.PerCPU, s.PerSteal)
		if !ended || all.total.Absent() {
			all, s.PerCPU, s.PerSteal, s.CPUGaps, err = cpuTimes{}, s.PerCPU[:0], s.PerSteal[:0], false, errGarbled
		}
	}
	s.CPUs = len(s.PerCPU)
	s.Busy, s.Total, s.Steal, s.IOWait = all.busy, all.total, all.steal, all.iowait
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(p.root, fileNames[statFile]), err)
	}
	return nil
}

var errGarbled = errors.New("no line of CPU times")

// text is a file's content, nil when it cannot be read.
func (p *Sampler) text(file int) []byte {
	text, err := p.read(file)
	if err != nil {
		return nil
	}
	return text
}

func (p *Sampler) read(file int) ([]byte, error) {
	if p.files[file] == nil {
		return nil, os.ErrNotExist
	}
	// All of them are one record of seq_file (single_open).
	return p.buf.Read(p.fds[file], false)
}

func (p *Sampler) open() {
	p.opened = true
	for i, name := range fileNames {
		if f, err := os.Open(filepath.Join(p.root, name)); err == nil {
			// Fd makes the descriptor blocking, which kernel files are anyway.
			p.files[i], p.fds[i] = f, int(f.Fd())
		}
	}
}

// Close lets go of the descriptors. It may be called again.
func (p *Sampler) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for i, f := range p.files {
		if f != nil {
			errs = append(errs, f.Close())
			p.files[i] = nil
		}
	}
	return errors.Join(errs...)
}
