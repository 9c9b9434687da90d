package lxc

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// facts are what liblxc read in one version of a container's configuration.
type facts struct {
	files  []fileID
	config *runtime.Config
	err    error
}

// factsOf gives the configuration's facts, loading it only when one of its
// files has changed. found must be without an error.
func (a *Adapter) factsOf(ctx context.Context, ref runtime.Ref, found *inspection) facts {
	a.mu.Lock()
	f, known := a.facts[ref]
	a.mu.Unlock()
	if known && slices.Equal(f.files, found.files) {
		return f
	}
	var err error
	f = facts{files: found.files}
	f.config, err = inLXC(ctx, a, ref, func() (*runtime.Config, error) { return load(ref) })
	if err != nil && errKind(err) != errKind(runtime.ErrConfig) {
		// Not the configuration's fault, and so worth another try.
		return facts{err: err}
	}
	f.err = err
	a.mu.Lock()
	a.facts[ref] = f
	a.mu.Unlock()
	return f
}

// load makes liblxc read a configuration.
func load(ref runtime.Ref) (*runtime.Config, error) {
	return handle(ref, func(c *golxc.Container) (*runtime.Config, error) {
		cfg := &runtime.Config{
			Autostart:    number(c, "lxc.start.auto") != 0,
			Order:        number(c, "lxc.start.order"),
			Delay:        time.Duration(number(c, "lxc.start.delay")) * time.Second,
			Unprivileged: len(items(c, "lxc.idmap")) > 0,
			Groups:       items(c, "lxc.group"),
			Roots:        roots(items(c, "lxc.rootfs.path")),
		}
		wishedNet(c, cfg)
		return cfg, nil
	})
}

// unloadable is the error of a configuration that liblxc did not take, with
// its own words.
func unloadable(ref runtime.Ref) error {
	_, why := tryConfig(ref.Path, filepath.Join(ref.String(), "config"))
	switch {
	case strings.Contains(why, unfinishedKey):
		return fmt.Errorf("%w: it is not whole: what makes it is at work still, or was interrupted (see lxcdeck recover)", runtime.ErrConfig)
	case why != "":
		// The first line is the cause, the second where it stands.
		return fmt.Errorf("%w: %s", runtime.ErrConfig, strings.ReplaceAll(why, "\n", ": "))
	}
	return fmt.Errorf("%w: liblxc gives no reason", runtime.ErrConfig)
}

// tryConfig lets liblxc read a configuration file that it may read, and gives its
// own words where it did not take it. They are asked of a handle of no container
// (hidden directories are none), whose log, in memory, is set before the
// configuration is read.
func tryConfig(lxcpath, file string) (ok bool, why string) {
	c, err := golxc.NewContainer(".lxcdeck", lxcpath)
	if err != nil {
		return false, ""
	}
	defer func() { _ = c.Release() }()
	read := captureLog(c)
	if c.LoadConfigFile(file) == nil {
		return true, ""
	}
	return false, strings.TrimSpace(read())
}

// roots are the directories of values of lxc.rootfs.path: /dir, dir:/dir,
// overlay:/lower:/upper and the like. Block devices and images are paths too:
// nothing can be made in those.
func roots(values []string) (dirs []string) {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ":") {
			if filepath.IsAbs(part) {
				dirs = append(dirs, part)
			}
		}
	}
	return dirs
}

// items are the values of a key; none when it is not set.
func items(c *golxc.Container, key string) []string {
	return values(c.ConfigItem(key))
}

// values drops the empty value that go-lxc gives for a key that is not set.
func values(lines []string) []string {
	return slices.DeleteFunc(lines, func(v string) bool { return v == "" })
}

func number(c *golxc.Container, key string) int {
	v := items(c, key)
	if len(v) == 0 {
		return 0
	}
	n, err := strconv.Atoi(v[0])
	if err != nil {
		return 0
	}
	return n
}
