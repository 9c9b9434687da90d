package lxc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// lookTime is how long one source of a look at the host may take: a file
	// system whose server is gone blocks for ever.
	lookTime = 3 * time.Second
	// listTime is the same for the containers, each of which has deadlines of
	// its own.
	listTime = 10 * time.Second
	// graceTime is for what minds its deadline and then says what it has.
	graceTime = time.Second
	// maxSystemFile bounds what is read of the system's own files; modules.dep is
	// the longest of them.
	maxSystemFile = 4 << 20
)

// hostCheck is one look at the host. Its fields are places, so that tests have
// their own.
type hostCheck struct {
	root      string // put before the files of the kernel and of the system; "" = /
	uid       int
	user      string
	home      string
	runDir    string // XDG_RUNTIME_DIR
	paths     []string
	given     bool // the lxcpaths were asked for
	trust     trust
	version   string   // of liblxc
	path      string   // where programs are looked for
	templates []string // directories
	defaults  string   // LXC's default config; "" = there is none
	net       netService
	locks     string // directory of the locks
	audit     string // file of the audit log; "" = there is none
	option    func(name string) (value string, known bool)
	inotify   func() error // tries what the watch needs
	list      func(context.Context) (runtime.Listing, error)
	leftovers func(context.Context) ([]runtime.Leftover, error)
}

// checks are what one source has to say. Its topic is added by who asks it.
type checks []runtime.Check

func (c *checks) add(v runtime.Verdict, what, found, advice string) {
	*c = append(*c, runtime.Check{What: what, Verdict: v, Found: found, Advice: advice})
}

func (c *checks) good(what, found string) { c.add(runtime.CheckGood, what, found, "") }

func (c *checks) optional(what, found, advice string) {
	c.add(runtime.CheckOptional, what, found, advice)
}

func (c *checks) bad(what, found, advice string) { c.add(runtime.CheckBad, what, found, advice) }

// unknown is for what could not be read.
func (c *checks) unknown(what string, err error) {
	c.add(runtime.CheckUnknown, what, "it could not be read: "+err.Error(), "")
}

// lacks is bad or optional.
func (c *checks) lacks(needed bool, what, found, advice string) {
	v := runtime.CheckOptional
	if needed {
		v = runtime.CheckBad
	}
	c.add(v, what, found, advice)
}

// hostSource is a part of the look, which may hang without keeping the others.
type hostSource struct {
	topic string
	what  string // in the words of its first check
	limit time.Duration
	look  func(context.Context) checks
}

// CheckHost looks at what containers need of this host and this user. Nothing
// is changed, and no program run.
func (a *Adapter) CheckHost(ctx context.Context) ([]runtime.Check, error) {
	var h *hostCheck
	made := make(chan *hostCheck, 1)
	// Who the user is and where the configuration lies may be asked of a server.
	runtime.Spawn("beginning to look at the host", func(error) { made <- nil }, func() { made <- a.newHostCheck() })
	late := time.NewTimer(lookTime + graceTime)
	defer late.Stop()
	select {
	case h = <-made:
	case <-ctx.Done():
	case <-late.C:
	}
	switch {
	case ctx.Err() != nil:
		return nil, fail("doctor", runtime.Ref{}, ended(ctx))
	case h == nil:
		return nil, &runtime.Error{Op: "doctor", Err: tooLate("this user's name or home could not be read within %s", lookTime+graceTime)}
	}
	sources := h.sources()
	answers := make([]chan checks, len(sources))
	for i, s := range sources {
		answers[i] = a.askSource(ctx, s)
	}
	var all []runtime.Check
	for i, s := range sources {
		for _, c := range <-answers[i] {
			c.Topic = s.topic
			all = append(all, c)
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return all, &runtime.Error{Op: "doctor", Err: fmt.Errorf("the time is over, and what had not answered is unknown: %w", ctx.Err())}
	}
	return all, fail("doctor", runtime.Ref{}, ended(ctx))
}

// askSource looks at one source within its time. One that has not come back from
// an earlier look is not asked again: it holds a thread.
func (a *Adapter) askSource(ctx context.Context, s hostSource) chan checks {
	answer := make(chan checks, 1)
	silent := func(found, advice string) {
		var c checks
		c.add(runtime.CheckUnknown, s.what, found, advice)
		answer <- c
	}
	const hangs = "Look whether a file system hangs whose server is gone, or the host is overloaded."
	key := s.topic + "/" + s.what
	a.mu.Lock()
	since, out := a.looking[key]
	if !out {
		a.looking[key] = time.Now()
	}
	a.mu.Unlock()
	if out {
		silent(fmt.Sprintf("no answer for %s", time.Since(since).Round(time.Second)), hangs)
		return answer
	}
	limited, cancel := context.WithTimeout(ctx, s.limit)
	got := make(chan checks, 1)
	done := func(c checks) {
		a.mu.Lock()
		delete(a.looking, key)
		a.mu.Unlock()
		got <- c
	}
	failed := func(err error) {
		var c checks
		text, _, _ := strings.Cut(err.Error(), "\n") // the stack is for nobody here
		c.unknown(s.what, errors.New(text))
		done(c)
	}
	runtime.Spawn("look at "+s.what, failed, func() { done(s.look(limited)) })
	runtime.Spawn("wait for "+s.what, func(err error) { silent(err.Error(), "") }, func() {
		defer cancel()
		late := time.NewTimer(s.limit + graceTime)
		defer late.Stop()
		select {
		case c := <-got:
			answer <- c
		case <-ctx.Done():
			silent("it was not waited for", "")
		case <-late.C:
			silent(fmt.Sprintf("no answer within %s", s.limit+graceTime), hangs)
		}
	})
	return answer
}

func (a *Adapter) newHostCheck() *hostCheck {
	uid := os.Geteuid()
	h := &hostCheck{
		uid: uid, user: accountName(uid), home: os.Getenv("HOME"), runDir: os.Getenv("XDG_RUNTIME_DIR"),
		paths: a.about.Paths, given: a.given, trust: a.trust, version: a.about.Version,
		path: helperPath, templates: templateDirs(), defaults: golxc.GlobalConfigItem("lxc.default_config"),
		net: newNetService(), audit: a.opts.Audit, inotify: tryInotify, list: a.List, leftovers: a.quickLeftovers,
	}
	base, _ := holdBase()
	h.locks = filepath.Join(base, "lxcdeck")
	h.option = h.kernelOptions()
	return h
}

// sources are the parts of the look, by topic.
func (h *hostCheck) sources() []hostSource {
	all := []hostSource{
		{runtime.TopicKernel, "namespaces", lookTime, h.kernelBasics},
		{runtime.TopicKernel, "security", lookTime, h.confinement},
		{runtime.TopicKernel, "drivers", lookTime, h.drivers},
		{runtime.TopicKernel, "limits", lookTime, h.kernelLimits},
		{runtime.TopicCgroups, "layout", lookTime, h.cgroupLayout},
		{runtime.TopicCgroups, "delegation", lookTime, h.delegation},
		{runtime.TopicCgroups, "pressure (PSI)", lookTime, h.pressure},
		{runtime.TopicLiblxc, "version", lookTime, h.liblxc},
	}
	for _, path := range h.paths {
		all = append(all, hostSource{runtime.TopicPaths, path, lookTime, func(context.Context) checks { return h.lxcpath(path) }})
	}
	return append(all,
		hostSource{runtime.TopicPaths, "containers", listTime, h.containers},
		hostSource{runtime.TopicNetwork, "configuration", lookTime, h.configFiles},
		hostSource{runtime.TopicNetwork, "default network", lookTime, h.network},
		hostSource{runtime.TopicIDs, "subordinate ids", lookTime, h.subordinate},
		hostSource{runtime.TopicPrograms, "programs", lookTime, h.programs},
		hostSource{runtime.TopicPrograms, "templates", lookTime, h.templateScripts},
		hostSource{runtime.TopicLxcdeck, "places", lookTime, h.ownPlaces},
		hostSource{runtime.TopicLxcdeck, "left by operations", lookTime, h.left},
		hostSource{runtime.TopicLxcdeck, "limits", lookTime, h.ownLimits},
	)
}

// file is the place of a file of the kernel or the system.
func (h *hostCheck) file(elem ...string) string {
	return filepath.Join("/", h.root, filepath.Join(elem...))
}

// read reads one without waiting for anybody, as a FIFO in its place would make us.
func (h *hostCheck) read(elem ...string) (string, error) {
	f, err := os.OpenFile(h.file(elem...), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSystemFile))
	return string(text), err
}

// word is the content of a small file; "" when it cannot be read.
func (h *hostCheck) word(elem ...string) string {
	text, err := h.read(elem...)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

// number is a file that holds one.
func (h *hostCheck) number(elem ...string) (uint64, bool) {
	var n uint64
	_, err := fmt.Sscan(h.word(elem...), &n)
	return n, err == nil
}

func (h *hostCheck) there(elem ...string) bool {
	_, err := os.Stat(h.file(elem...))
	return err == nil
}

func (h *hostCheck) program(name string) string { return findProgram(name, h.path) }

// status is a line of /proc/self/status, proc_pid_status(5).
func (h *hostCheck) status(key string) string {
	text, err := h.read("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// privileged says whether a program runs as root whoever starts it: set-user-ID,
// or by a file capability (capabilities(7)).
func privileged(file string) (bool, error) {
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		return false, &os.PathError{Op: "stat", Path: file, Err: err}
	}
	if st.Uid == 0 && st.Mode&unix.S_ISUID != 0 {
		return true, nil
	}
	n, err := unix.Getxattr(file, "security.capability", nil)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.EOPNOTSUPP) {
		return false, nil
	}
	return n > 0, err
}

// kernelOptions reads the kernel's configuration when it is first asked for.
func (h *hostCheck) kernelOptions() func(string) (string, bool) {
	load := sync.OnceValue(h.readOptions)
	return func(name string) (string, bool) {
		all := load()
		return all[name], all != nil
	}
}
