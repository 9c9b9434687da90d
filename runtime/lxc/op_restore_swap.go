package lxc

import (
	"context"
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
	if err := j.bringConfig(string(text)); err != nil {
		return err
	}
	o.reached("exchanged")
	return j.houseConfig()
}

// bringConfig gives the container the config that comes, unless it has that already.
func (j *journal) bringConfig(text string) error {
	if came, err := j.hasCome(text); err != nil || came {
		return err
	}
	was, err := putConfig(j.ref(), text)
	if err != nil || was == text {
		return err
	}
	// As it was a moment ago: somebody may have edited it meanwhile.
	return writeAtomically(j.goes(), []byte(was), 0o600)
}

// hasCome says whether the container has the root of the config that comes. Where
// the config alone tells, on volumes, its root counts and nothing else: somebody may
// have edited the rest since. Of roots that were exchanged it says no.
func (j *journal) hasCome(text string) (bool, error) {
	if j.fact(factUnit) != "" {
		return false, nil
	}
	conf, err := readConfOf(j.ref())
	if err != nil {
		return false, err
	}
	went, err := readSmall(j.goes())
	if err != nil {
		return false, fmt.Errorf("config that goes: %w", err)
	}
	is := rootNamedIn(conf.String())
	switch deviceOf(storeOf(is).path) {
	case deviceOf(storeOf(rootNamedIn(text)).path):
		return true, nil
	case deviceOf(storeOf(rootNamedIn(string(went))).path):
		return false, nil
	}
	return false, &runtime.Error{
		Err:  fmt.Errorf("%w: its root is %q by now, and neither of the two that are exchanged", runtime.ErrConfig, is),
		Hint: "Give it lxc.rootfs.path = " + rootNamedIn(string(went)) + " again, or " + rootNamedIn(text) + ".",
	}
}

// rootNamedIn is the value of lxc.rootfs.path in the text of a config.
func rootNamedIn(text string) string {
	conf := &confFile{lines: confLines(text)}
	values := conf.values("lxc.rootfs.path")
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
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
	there, err := j.hasCome(string(came))
	switch {
	case err != nil:
		return err
	case conf.String() == string(came):
		_, err = putConfig(j.ref(), string(before))
	case there: // somebody has edited it
		var root []string // none where an include names it
		if was := rootNamedIn(string(before)); was != "" {
			root = append(root, was)
		}
		if err = conf.set("lxc.rootfs.path", root...); err == nil {
			err = conf.write()
		}
	}
	if err != nil || !exists(j.other().String()) {
		return err
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
	if j.fact(factHeld) != "" { // it is there, as it was
		text, err := readSmall(j.comes())
		if err != nil {
			return fmt.Errorf("config to come: %w", err)
		}
		return j.checkComing(conf, rootNamedIn(string(text)))
	}
	its, err := readConfOf(j.other())
	if err != nil {
		return err
	}
	if err := j.checkComing(conf, rootNamedIn(its.String())); err != nil {
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

// checkComing looks at a root to come that only a config names: it has to be there,
// and another than the container's own.
func (j *journal) checkComing(conf *confFile, value string) error {
	if j.fact(factUnit) != "" {
		return nil
	}
	s := storeOf(value)
	if deviceOf(s.path) == deviceOf(storeOf(rootNamedIn(conf.String())).path) {
		return fmt.Errorf("%w: the container has the root to come, %s, already", runtime.ErrConfig, value)
	}
	var err error
	switch s.kind {
	case storeLVM:
		_, _, err = volumeAt(context.Background(), s.path)
	case storeZFS:
		_, err = setAt(context.Background(), s.path)
	}
	if err != nil {
		return fmt.Errorf("root to come: %w", err)
	}
	return nil
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
