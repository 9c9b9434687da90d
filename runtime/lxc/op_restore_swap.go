package lxc

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lxcdeck/runtime"
)

// The exchange. Each step can be done again: what was done is seen by the handle
// of the root and by the text of the config, not by the journal's word on it.

// Files of a restore, in its directory: what config the container has with the
// root of the snapshot, and with the one it had before.
const (
	fileNew = "config.new"
	fileOld = "config.old"
)

// comes and goes are the files of the config that an exchange brings, and of the
// one that it takes away.
func (j *journal) comes() string {
	if j.back() {
		return filepath.Join(j.workDir(), fileOld)
	}
	return filepath.Join(j.workDir(), fileNew)
}

func (j *journal) goes() string {
	if j.back() {
		return filepath.Join(j.workDir(), fileNew)
	}
	return filepath.Join(j.workDir(), fileOld)
}

// swap exchanges root and config of the container and the second one, going on
// from whatever step it has come to.
func (o *operation) swap(j *journal) error {
	if err := o.stopped(); err != nil {
		return err
	}
	o.step("exchanging the roots")
	if j.Step != stepExchanging && j.Step != stepConfig {
		if err := j.stage(); err != nil {
			return err
		}
		j.Kept = false
		if err := o.mark(j, stepExchanging); err != nil {
			return err
		}
	}
	if err := j.exchangeRoots(true); err != nil {
		return err
	}
	if err := o.mark(j, stepConfig); err != nil {
		return err
	}
	if err := j.bringFiles(); err != nil {
		return err
	}
	text, err := readSmall(j.comes())
	if err != nil {
		return fmt.Errorf("config to come: %w", err)
	}
	was, err := putConfig(j.ref(), string(text))
	if err != nil {
		return err
	}
	if was != string(text) {
		// As it was a moment ago: somebody may have edited it meanwhile.
		if err := writeAtomically(j.goes(), []byte(was), 0o600); err != nil {
			return err
		}
	}
	o.reached("exchanged")
	return j.houseConfig()
}

// unswap takes an exchange back that has not come to its end.
func (o *operation) unswap(j *journal) error {
	if j.Step != stepExchanging && j.Step != stepConfig {
		return nil
	}
	if err := o.stopped(); err != nil {
		return err
	}
	if err := j.exchangeRoots(false); err != nil {
		return err
	}
	came, err := readSmall(j.comes())
	if err != nil {
		return fmt.Errorf("config that came: %w", err)
	}
	before, err := readSmall(j.goes())
	if err != nil {
		return fmt.Errorf("config that was: %w", err)
	}
	conf, err := readConfOf(j.ref())
	if err != nil {
		return err
	}
	if conf.String() == string(came) { // else it is there yet, or somebody has edited it
		if _, err = putConfig(j.ref(), string(before)); err != nil {
			return err
		}
	}
	return j.house(string(came))
}

// stopped refuses to take the root away under a container that runs by now.
func (o *operation) stopped() error {
	if o.c == nil {
		if err := o.open(); err != nil {
			return err
		}
		defer func() { o.close(); o.c = nil }()
	}
	if s := o.state(); s != runtime.Stopped {
		return &runtime.Error{
			Err:  fmt.Errorf("%w: it is %s", runtime.ErrWrongState, s),
			Hint: "Stop it first: its root cannot be exchanged under it.",
		}
	}
	return nil
}

// stage writes down what both configs will be, and which root shall come.
func (j *journal) stage() error {
	conf, err := readConfOf(j.ref())
	if err != nil {
		return err
	}
	if err := writeAtomically(j.goes(), []byte(conf.String()), 0o600); err != nil {
		return err
	}
	if j.fact(factUnit) != "" {
		handle, err := handleOf(j.fact(factSpare))
		if err != nil {
			return fmt.Errorf("root to come: %w", err)
		}
		j.Facts[factComing] = []byte(handle)
	}
	j.learn()
	if j.fact(factHeld) != "" {
		return nil // it is there, as it was
	}
	its, err := readConfOf(j.other())
	if err != nil {
		return err
	}
	its.replacePath(j.other().String(), j.ref().String())
	if j.fact(factUnit) != "" {
		if err := its.set("lxc.rootfs.path", j.fact(factPath)); err != nil {
			return err
		}
	}
	return writeAtomically(j.comes(), []byte(its.String()), 0o600)
}

// exchangeRoots brings the root in its place that shall come, or the one that
// was there before.
func (j *journal) exchangeRoots(come bool) error {
	unit, spare := j.fact(factUnit), j.fact(factSpare)
	if unit == "" {
		return nil
	}
	at, err := handleOf(unit)
	if err != nil {
		return fmt.Errorf("root of the container: %w", err)
	}
	other, err := handleOf(spare)
	if err != nil {
		return fmt.Errorf("root of the copy: %w", err)
	}
	root := j.fact(factComing)
	switch {
	case at != root && other != root:
		return fmt.Errorf("%w: neither %s nor %s is the root that was made", runtime.ErrInvalid, unit, spare)
	case (at == root) == come:
		return nil
	}
	if err := exchange(unit, spare); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(unit), filepath.Dir(spare)} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// bringFiles gives the container the files that its config of then names, hooks
// and fstab, which liblxc keeps with a snapshot. What it has by that name stays.
func (j *journal) bringFiles() error {
	if j.back() {
		return nil
	}
	entries, err := os.ReadDir(j.other().String())
	if err != nil {
		return fileErr(err)
	}
	for _, e := range entries {
		to := filepath.Join(j.ref().String(), e.Name())
		switch e.Name() {
		case "config", "lxc_rdepends", "lxc_snapshots", "ts", "comment", "partial", runtime.LockFile, newFile:
			continue
		}
		if !e.Type().IsRegular() || exists(to) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return fileErr(err)
		}
		text, err := readSmall(filepath.Join(j.other().String(), e.Name()))
		if err != nil {
			return fmt.Errorf("file of the snapshot: %w", err)
		}
		if err := writeAtomically(to, text, info.Mode()&fs.ModePerm); err != nil {
			return err
		}
	}
	return nil
}

// houseConfig gives the second container the config of the root that it has now,
// so that liblxc can destroy it. Hooks are not for it.
func (j *journal) houseConfig() error {
	text, err := readSmall(j.goes())
	if err != nil {
		return fmt.Errorf("config that was: %w", err)
	}
	return j.house(string(text))
}

// house writes a config of the container's as the second one's. What is so already
// is not written: an undo on a full file system has no room for it.
func (j *journal) house(text string) error {
	conf := &confFile{lines: confLines(text)}
	conf.replacePath(j.ref().String(), j.other().String())
	if j.fact(factUnit) != "" {
		if err := conf.set("lxc.rootfs.path", j.fact(factOtherPath)); err != nil {
			return err
		}
	}
	conf.remove("lxc.hook.destroy")
	if was, err := readConfOf(j.other()); err == nil && was.String() == conf.String() {
		return nil
	}
	return writeAtomically(filepath.Join(j.other().String(), "config"), []byte(conf.String()), 0o640)
}

// putConfig writes a container's config, and gives what it was.
func putConfig(ref runtime.Ref, text string) (was string, err error) {
	conf, err := readConfOf(ref)
	if err != nil {
		return "", err
	}
	was = conf.String()
	if was == text {
		return was, nil
	}
	conf.lines = confLines(text)
	return was, conf.write()
}
