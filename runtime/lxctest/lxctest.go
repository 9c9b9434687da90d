// Package lxctest makes real LXC containers for tests and benchmarks, with
// LXC's own tools, so that what lxcdeck sees can be checked against somebody
// else's work. Everything lies under a scratch lxcpath and is named lxcdt-*.
package lxctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Prefix starts the name of every container made here.
const Prefix = "lxcdt-"

// Scratch is a lxcpath of its own with containers in it.
type Scratch struct {
	Path string

	mu    sync.Mutex
	names []string
	base  string // rootfs that Add shares; made by the first Add
}

// Missing says what stands in the way of real containers here; "" = nothing.
func Missing() string {
	if os.Geteuid() != 0 {
		return "not root: tests on real LXC containers are left out"
	}
	for _, tool := range []string{"lxc-create", "lxc-start", "lxc-stop", "lxc-destroy"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not installed: tests on real LXC containers are left out"
		}
	}
	return ""
}

// New makes a scratch lxcpath for a test and removes it, with all it holds,
// at the test's end. Where there can be no real containers the test is
// skipped, which says why.
func New(tb testing.TB) *Scratch {
	tb.Helper()
	if why := Missing(); why != "" {
		tb.Skip(why)
	}
	s, err := Make()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Remove(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Make makes a scratch lxcpath; the caller removes it with Remove.
func Make() (*Scratch, error) {
	dir, err := os.MkdirTemp("", Prefix)
	if err != nil {
		return nil, fmt.Errorf("make a scratch lxcpath: %w", err)
	}
	// liblxc and the containers' own users must be able to pass.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a scratch lxcpath: %w", err)
	}
	return &Scratch{Path: dir}, nil
}

// Tool runs one lxc-* tool on a container of this lxcpath, with a deadline.
func (s *Scratch) Tool(tool, name string, args ...string) error {
	return s.tool(2*time.Minute, tool, name, args...)
}

func (s *Scratch) tool(limit time.Duration, tool, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args = append([]string{"-P", s.Path, "-n", name}, args...)
	out, err := exec.CommandContext(ctx, tool, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", tool, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Add makes a stopped container. Its root is a busybox root that all
// containers of this Scratch share, so that hundreds are made in no time.
// lines are added to its config.
func (s *Scratch) Add(name string, lines ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(name, Prefix) {
		return fmt.Errorf("add %s: names start with %s", name, Prefix)
	}
	if err := s.makeBase(); err != nil {
		return err
	}
	dir := filepath.Join(s.Path, name)
	if err := os.Mkdir(dir, 0o770); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	s.names = append(s.names, name)
	config := append([]string{
		"lxc.rootfs.path = dir:" + s.base,
		"lxc.uts.name = " + name,
		"lxc.signal.halt = SIGUSR1",
		"lxc.signal.reboot = SIGTERM",
		"lxc.tty.max = 1",
		"lxc.pty.max = 8",
		"lxc.cap.drop = sys_module mac_admin mac_override sys_time",
		"lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed",
		"lxc.net.0.type = empty",
		"lxc.apparmor.profile = unconfined",
	}, lines...)
	err := os.WriteFile(filepath.Join(dir, "config"), []byte(strings.Join(config, "\n")+"\n"), 0o640)
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	return nil
}

// makeBase lets the busybox template make the shared root. s.mu is held.
func (s *Scratch) makeBase() error {
	if s.base != "" {
		return nil
	}
	name := Prefix + "base"
	def := filepath.Join(s.Path, ".default.conf")
	if err := os.WriteFile(def, []byte("lxc.net.0.type = empty\n"), 0o644); err != nil {
		return fmt.Errorf("make the shared root: %w", err)
	}
	tmp, err := os.MkdirTemp("", Prefix+"root-")
	if err != nil {
		return fmt.Errorf("make the shared root: %w", err)
	}
	made := &Scratch{Path: tmp}
	if err := made.Tool("lxc-create", name, "-f", def, "-t", "busybox"); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	base := filepath.Join(s.Path, ".root")
	err = errors.Join(os.Rename(filepath.Join(tmp, name, "rootfs"), base), os.RemoveAll(tmp))
	if err != nil {
		return fmt.Errorf("make the shared root: %w", err)
	}
	s.base = base
	return nil
}

// Freeze freezes a container with lxc-freeze. On cgroup v1 that can hang for
// ever, as long as a process in the container waits for a frozen child of its
// vfork: then it is thawed and frozen anew.
func (s *Scratch) Freeze(name string) error {
	const tries = 20
	var err error
	for range tries {
		if err = s.tool(3*time.Second, "lxc-freeze", name); err == nil {
			return nil
		}
		if terr := s.Tool("lxc-unfreeze", name); terr != nil {
			return errors.Join(err, terr)
		}
	}
	return err
}

// Start starts a container with lxc-start.
func (s *Scratch) Start(name string) error { return s.Tool("lxc-start", name, "-d") }

// Stop kills a container with lxc-stop.
func (s *Scratch) Stop(name string) error { return s.Tool("lxc-stop", name, "-k") }

// AddMany makes and starts n containers, several at once, and gives their names.
func (s *Scratch) AddMany(n int, lines ...string) ([]string, error) {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%03d", Prefix, i)
		if err := s.Add(names[i], lines...); err != nil {
			return nil, err
		}
	}
	return names, each(names, s.Start)
}

// each does a thing to all names, four at a time.
func each(names []string, do func(string) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, 4)
	for _, name := range names {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := do(name); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// loads says whether liblxc can load a container's config: without one there
// is nothing that it could stop.
func (s *Scratch) loads(name string) bool { return s.Tool("lxc-info", name, "-s") == nil }

// Remove kills what runs and removes every trace.
func (s *Scratch) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := each(s.names, func(name string) error {
		if !s.loads(name) {
			return nil
		}
		// A frozen one dies too; a stopped one makes lxc-stop fail, which is fine.
		_ = s.Stop(name)
		if err := s.Tool("lxc-wait", name, "-s", "STOPPED", "-t", "60"); err != nil {
			return errors.Join(err, s.end(name))
		}
		return nil
	})
	s.names = nil
	if rerr := os.RemoveAll(s.Path); rerr != nil {
		err = errors.Join(err, fmt.Errorf("remove %s: %w", s.Path, rerr))
	}
	return err
}

// end kills a container whose monitor answers nobody: its init, by which all of it
// ends, and the monitor, which is known by its title.
func (s *Scratch) end(name string) error {
	titles, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, title := range titles {
		text, err := os.ReadFile(title)
		if err != nil || strings.TrimRight(string(text), "\x00 ") != "[lxc monitor] "+s.Path+" "+name {
			continue
		}
		monitor := filepath.Base(filepath.Dir(title))
		inits, _ := os.ReadFile("/proc/" + monitor + "/task/" + monitor + "/children")
		for _, word := range append(strings.Fields(string(inits)), monitor) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				return fmt.Errorf("end %s: %w", name, err)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end %s: process %d: %w", name, pid, err)
			}
		}
	}
	return dropCgroups(name)
}

// dropCgroups removes what a killed monitor leaves, once the processes are gone.
func dropCgroups(name string) error {
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := ""
		for _, top := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
			for _, kind := range []string{"lxc.payload.", "lxc.monitor."} {
				found, err := filepath.Glob(top + kind + name)
				if err != nil {
					return err
				}
				for _, dir := range found {
					if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
						left = dir
					}
				}
			}
		}
		if left == "" {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("end %s: cgroup %s is still in use", name, left)
		}
	}
}

// AddOwn makes a stopped container as Add does, with a root of its own, a copy
// of the shared one: what clones, snapshots and renames works on those alone.
func (s *Scratch) AddOwn(name string, lines ...string) error {
	if err := s.Add(name, lines...); err != nil {
		return err
	}
	root := filepath.Join(s.Path, name, "rootfs")
	if out, err := exec.Command("cp", "-a", s.base, root).CombinedOutput(); err != nil {
		return fmt.Errorf("add %s: cp: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	config := filepath.Join(s.Path, name, "config")
	text, err := os.ReadFile(config)
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	text = []byte(strings.Replace(string(text), "dir:"+s.base, "dir:"+root, 1))
	if err := os.WriteFile(config, text, 0o640); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	return nil
}
