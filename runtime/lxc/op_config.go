package lxc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
)

// This file runs in helpers. A text becomes a config only after liblxc has parsed
// it: in memory, as it stands, with the includes that it names.

// setConfig puts a text in the place of the version that was read.
func (o *operation) setConfig() error {
	a, ok := o.q.Args.(*runtime.ConfigArgs)
	if !ok {
		return fmt.Errorf("%w: %s takes other arguments", runtime.ErrInvalid, o.q.Op)
	}
	of := runtime.ConfigOf{Ref: o.q.Ref, Default: a.Default}
	if err := checkConfigOf(of); err != nil {
		return err
	}
	absent := false
	if _, _, err := newWalker(ownTrust()).walk(of.Path()); errors.Is(err, fs.ErrNotExist) && of.Default != "" {
		absent = true
	} else if err != nil {
		return err
	}
	var doc *conf.Doc
	now := ""
	if !absent {
		var err error
		if doc, err = conf.Load(of.Path()); err != nil {
			return confErr(err)
		}
		if err := conf.Parse(of.Path(), doc.Text).Err; err != nil { // nobody has seen all of it
			return confErr(err)
		}
		now = doc.Stamp.Version()
	}
	if now != a.Version {
		return fmt.Errorf("%w: %s is no longer what was read; nothing was written", runtime.ErrChanged, of.Path())
	}
	o.step("asking liblxc")
	fault, err := judgeConfig(of, a.Text)
	if err != nil {
		return err
	}
	if fault != nil {
		return fmt.Errorf("%w: %s; nothing was written", runtime.ErrConfig, fault)
	}
	o.step("writing")
	switch {
	case absent:
		return confErr(conf.Create(of.Path(), a.Text))
	case bytes.Equal(doc.Text, a.Text):
		return nil
	}
	_, err = doc.Save(a.Text, conf.SaveOptions{Now: time.Now()})
	return confErr(err)
}

// judgeConfig lets liblxc parse a text in the place of a config; nil = it is taken.
// The config's own path is not opened, and no log file is.
func judgeConfig(of runtime.ConfigOf, text []byte) (*runtime.ConfigFault, error) {
	f := conf.Parse(of.Path(), text)
	if why := wordsOf(f.Err); why != "" {
		return &runtime.ConfigFault{Why: why}, nil
	}
	if fault, err := includesSafe(of.Path(), f); fault != nil || err != nil {
		return fault, err
	}
	quiet := conf.Parse(of.Path(), text)
	for i := range quiet.Lines { // liblxc opens it while it parses
		if l := &quiet.Lines[i]; l.Kind == conf.Setting && l.Key == "lxc.log.file" && l.Value != "" {
			if err := quiet.Replace(i+1, os.DevNull); err != nil {
				return nil, err
			}
		}
	}
	raws := quiet.Raws()
	words, err := liblxcRefuses(of, raws)
	if err != nil || words == "" {
		return nil, err
	}
	// liblxc stops at the first line that it refuses, and every part of the text
	// that ends before that is taken.
	failed := error(nil)
	n := sort.Search(len(raws), func(i int) bool {
		said, err := liblxcRefuses(of, raws[:i+1])
		if err != nil {
			failed = err
		}
		if said != "" {
			words = said
		}
		return said != ""
	})
	if failed != nil {
		return nil, failed
	}
	fault := &runtime.ConfigFault{Why: words}
	if n < len(raws) {
		fault.Line, fault.Key = n+1, f.Lines[n].Key
		if why := conf.Resolve(of.Path(), conf.WithFile(of.Path(), f, conf.Open), conf.Options{Supports: supports()}).Why(n + 1); why != "" {
			fault.Why = strings.TrimPrefix(why, fault.Key+": ")
		}
	}
	return fault, nil
}

// wordsOf are the words of an error that is what was found; "" = it is none.
func wordsOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// includesSafe looks at what a text includes before liblxc does.
func includesSafe(path string, f *conf.File) (*runtime.ConfigFault, error) {
	in := inspector{walk: newWalker(ownTrust()), cache: newConfigCache()}
	real := path
	if r, err := filepath.EvalSymlinks(path); err == nil {
		real = r
	}
	var found inspection
	for i := range f.Lines {
		l := &f.Lines[i]
		if !strings.HasPrefix(l.Key, "lxc.include") || l.Value == "" {
			continue
		}
		fault := &runtime.ConfigFault{Line: i + 1, Key: l.Key}
		if !filepath.IsAbs(l.Value) {
			fault.Why = fmt.Sprintf("%q is not an absolute path", l.Value)
			return fault, nil
		}
		err := in.visit(l.Value, []string{real}, &found)
		if errors.Is(err, runtime.ErrForeign) || errors.Is(err, runtime.ErrPermission) {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if fault.Why = wordsOf(err); fault.Why != "" {
			return fault, nil
		}
	}
	return nil, nil
}

// scratchName is a container that is nowhere: liblxc parses into one.
const scratchName = ".lxcdeck-check"

// liblxcRefuses lets liblxc parse lines; "" = it takes them, else its words.
func liblxcRefuses(of runtime.ConfigOf, lines []string) (string, error) {
	file, err := memFile("config")
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := file.WriteString(strings.Join(lines, "")); err != nil {
		return "", fmt.Errorf("copy of the config: %w", err)
	}
	lxcpath := of.Ref.Path
	if of.Default != "" {
		lxcpath = golxc.GlobalConfigItem("lxc.lxcpath")
	}
	if exists(filepath.Join(lxcpath, scratchName)) {
		return "", fmt.Errorf("%w: %s is in the way", runtime.ErrExists, filepath.Join(lxcpath, scratchName))
	}
	c, err := golxc.NewContainer(scratchName, lxcpath)
	if err != nil {
		return "", fmt.Errorf("%w: liblxc gives no room to parse in: %w", runtime.ErrHelper, err)
	}
	defer func() { _ = c.Release() }()
	read, log := captureLogFile(c)
	if log != nil {
		defer log.Close()
	}
	if len(lines) == 0 || c.LoadConfigFile("/proc/self/fd/"+strconv.Itoa(int(file.Fd()))) == nil {
		return "", nil
	}
	for line := range strings.Lines(read()) {
		if line = strings.TrimSpace(line); !strings.Contains(line, "/proc/self/fd/") {
			return line, nil
		}
	}
	return "liblxc does not say why it refuses it", nil
}
