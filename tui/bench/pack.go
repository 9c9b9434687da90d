package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"lxcdeck/runtime/lxctest"
)

const (
	// packTree is a root of the size that containers have: many small files, and
	// some large ones.
	packTree = "/usr/share"
	// packRounds is how often: lxcdeck and tar take turns, and the quickest of each counts.
	packRounds = 4
)

// pack measures how long a stopped container takes to be packed into a file, beside
// tar --zstd of the same root. The first round, which reads from the disk, is for both.
func (b *bench) pack() (err error) {
	s, err := lxctest.Make()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Remove()) }()
	name := lxctest.Prefix + "pack"
	if err := s.Add(name); err != nil {
		return err
	}
	root := filepath.Join(s.Path, name, "rootfs")
	if out, err := exec.Command("cp", "-a", packTree, root).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", packTree, err, out)
	}
	config := filepath.Join(s.Path, name, "config")
	if err := os.WriteFile(config, []byte("lxc.rootfs.path = dir:"+root+"\n"), 0o640); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", lxctest.Prefix+"packed-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "archive")
	tar := []string{"tar", "--zstd", "--numeric-owner", "--xattrs", "--one-file-system", "-cf", file, "-C", filepath.Join(s.Path, name), "."}
	var ours, tars, ourSize, tarSize []float64
	for range packRounds {
		took, size, err := packOnce(file, b.bin, "-P", s.Path, "pack", name, "-q", "-o", file)
		if err != nil {
			return err
		}
		ours, ourSize = append(ours, took), append(ourSize, size)
		if took, size, err = packOnce(file, tar...); err != nil {
			return err
		}
		tars, tarSize = append(tars, took), append(tarSize, size)
	}
	b.report.atMost("pack of "+packTree, percentile(ours, 1), percentile(tars, 1), 1, "ms", "tar --zstd")
	b.report.tell("its archive", percentile(ourSize, 1), "MB", percentile(tarSize, 1), "tar --zstd")
	return nil
}

// packOnce runs a command that makes a file, gives its time and size, and removes it.
func packOnce(file string, command ...string) (took, size float64, err error) {
	began := time.Now()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("%s: %w: %s", command[0], err, out)
	}
	took = ms(time.Since(began))
	info, err := os.Stat(file)
	if err != nil {
		return 0, 0, err
	}
	return took, float64(info.Size()) / 1e6, os.Remove(file)
}
