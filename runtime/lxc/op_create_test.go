package lxc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// making is a create on a scratch lxcpath, with what it has told.
type making struct {
	t   *testing.T
	a   *Adapter
	s   *lxctest.Scratch
	ref runtime.Ref

	mu    sync.Mutex
	out   bytes.Buffer // the first megabyte
	bytes int
	steps []string
}

func newMaking(t *testing.T, name string) *making {
	t.Helper()
	s := lxctest.New(t)
	m := &making{t: t, a: adapterFor(t, s.Path), s: s, ref: runtime.Ref{Path: s.Path, Name: lxctest.Prefix + name}}
	t.Cleanup(func() { _ = s.Tool("lxc-stop", m.ref.Name, "-k") }) // fails when it does not run
	return m
}

func (m *making) told(p runtime.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += len(p.Output)
	if m.out.Len() < 1<<20 {
		m.out.Write(p.Output)
	}
	if p.Step != "" {
		m.steps = append(m.steps, p.Step)
	}
}

func (m *making) output() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out.String()
}

func (m *making) do(ctx context.Context, args *runtime.CreateArgs) error {
	if args.Network == (runtime.Network{}) {
		args.Network.Kind = runtime.NoNetwork
	}
	return m.a.Do(ctx, runtime.Request{Op: runtime.Create, Ref: m.ref, Args: args, Progress: m.told})
}

// script writes a template.
func (m *making) script(text string) string {
	m.t.Helper()
	path := filepath.Join(m.s.Path, ".template")
	put(m.t, path, "#!/bin/sh\nfor a; do case $a in --rootfs=*) root=${a#*=};; --path=*) path=${a#*=};; esac; done\n"+text)
	must(m.t, os.Chmod(path, 0o755))
	return path
}

// nothingLeft checks that the lxcpath holds what it held before the create.
func (m *making) nothingLeft() {
	m.t.Helper()
	for _, path := range []string{m.ref.String(), filepath.Join(m.s.Path, deckDir)} {
		if exists(path) {
			entries, _ := filepath.Glob(path + "/*")
			m.t.Errorf("%s was left, with %v", path, entries)
		}
	}
}

func (m *making) config() string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.ref.String(), "config"))
	must(m.t, err)
	return string(text)
}

func TestCreate(t *testing.T) {
	m := newMaking(t, "new")
	args := &runtime.CreateArgs{
		Template: "busybox", Start: true,
		Limits: runtime.Limits{Memory: 64 << 20, CPUs: 0.5, PIDs: 50},
		Auto:   &runtime.AutostartArgs{Auto: true, Order: 7, Delay: 3 * time.Second, Groups: []string{"web", "all"}},
	}
	// The template's own root file system is all that this container has of the
	// host: without AppArmor there is nothing to generate.
	args.Config = filepath.Join(m.s.Path, ".conf")
	put(t, args.Config, "# kept\nlxc.net.0.type = veth\nlxc.net.0.link = lxcdtnone0\nlxc.start.auto = 0\nlxc.apparmor.profile = unconfined\n")
	must(t, m.do(t.Context(), args))
	c := find(t, list(t, m.a), m.ref.Name)
	if c.State != runtime.Running || c.Config == nil {
		t.Fatalf("%+v", c)
	}
	if got := *c.Config; !got.Autostart || got.Order != 7 || got.Delay != 3*time.Second || !slices.Equal(got.Groups, []string{"web", "all"}) {
		t.Errorf("autostart %+v", got)
	}
	config := m.config()
	if strings.Contains(config, "lxcdtnone0") || !strings.Contains(config, "# kept") || strings.Contains(config, "lxc.log") || strings.Contains(config, "/proc/self") {
		t.Errorf("config:\n%s", config)
	}
	b := runtime.Batch{Readings: []runtime.Reading{{Ref: m.ref, InitPID: c.InitPID, Tier: runtime.Full}}}
	must(t, m.a.Sample(t.Context(), &b))
	if got := b.Readings[0].Sample; got.Memory.Limit != runtime.Of(64<<20) || got.Pids.Max != runtime.Of(50) || got.CPU.Quota.Absent() {
		t.Errorf("limits: memory %v, processes %v", got.Memory.Limit, got.Pids.Max)
	}
	if exists(filepath.Join(m.s.Path, deckDir)) {
		t.Error("a journal was left")
	}
	if err := m.do(t.Context(), args); !errors.Is(err, runtime.ErrExists) {
		t.Errorf("a second time: %v", err)
	}
	if c := find(t, list(t, m.a), m.ref.Name); c.State != runtime.Running {
		t.Errorf("the second create changed the first: %s", c.State)
	}
}

func TestCreateUnprivileged(t *testing.T) {
	m := newMaking(t, "mapped")
	maps := []runtime.IDMap{{Host: 100000, Count: 65536}, {Group: true, Host: 100000, Count: 65536}}
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: "busybox", IDMap: maps}))
	c := find(t, list(t, m.a), m.ref.Name)
	if c.Foreign != nil || c.Config == nil || !c.Config.Unprivileged {
		t.Fatalf("%+v, config %+v", c, c.Config)
	}
	var st unix.Stat_t
	must(t, lstat(filepath.Join(m.ref.String(), "rootfs", "bin"), &st))
	if st.Uid != 100000 {
		t.Errorf("its files belong to %d", st.Uid)
	}
	must(t, do(t, m.a, runtime.Destroy, m.ref))
	m.nothingLeft()
}

func TestCreateRefused(t *testing.T) {
	m := newMaking(t, "refused")
	put(t, m.s.Path+"/.rooted", "lxc.rootfs.path = dir:"+m.s.Path+"/.mine\n")
	put(t, m.s.Path+"/.mine/file", "x")
	put(t, m.s.Path+"/.plain", "x")
	put(t, m.s.Path+"/.theirs", "lxc.hook.pre-start = /bin/true\n")
	must(t, os.Chown(m.s.Path+"/.theirs", 4_000_000, 0))
	good := runtime.CreateArgs{Template: "busybox", Network: runtime.Network{Kind: runtime.NoNetwork}}
	with := func(change func(*runtime.CreateArgs)) *runtime.CreateArgs {
		a := good
		change(&a)
		return &a
	}
	named := func(name string) runtime.Ref { return runtime.Ref{Path: m.s.Path, Name: name} }
	for _, c := range []struct {
		what string
		ref  runtime.Ref
		args *runtime.CreateArgs
		want error
		says string
	}{
		{"300 characters", named(strings.Repeat("a", 300)), &good, runtime.ErrInvalid, "300"},
		{"a host name that is too long", named(strings.Repeat("a", 65)), &good, runtime.ErrInvalid, "64"},
		{"slashes", named("a/b"), &good, runtime.ErrInvalid, "component"},
		{"a way out", named(".."), &good, runtime.ErrInvalid, "component"},
		{"hidden", named(".hidden"), &good, runtime.ErrInvalid, "dot"},
		{"a line break", named("a\nb"), &good, runtime.ErrInvalid, "control"},
		{"no name", named(""), &good, runtime.ErrInvalid, "empty"},
		{"unknown template", m.ref, with(func(a *runtime.CreateArgs) { a.Template = "nosuch" }), runtime.ErrInvalid, "/usr/share/lxc/templates/lxc-nosuch"},
		{"not executable", m.ref, with(func(a *runtime.CreateArgs) { a.Template = m.s.Path + "/.plain" }), runtime.ErrInvalid, "executed"},
		{"an argument of two lines", m.ref, with(func(a *runtime.CreateArgs) { a.Args = []string{"x\nlxc.hook.pre-start = /bin/true"} }), runtime.ErrInvalid, "line break"},
		{"no config", m.ref, with(func(a *runtime.CreateArgs) { a.Config = m.s.Path + "/.none" }), runtime.ErrInvalid, ".none"},
		{"somebody else's config", m.ref, with(func(a *runtime.CreateArgs) { a.Config = m.s.Path + "/.theirs" }), runtime.ErrForeign, ".theirs"},
		{"config with a root", m.ref, with(func(a *runtime.CreateArgs) { a.Config = m.s.Path + "/.rooted" }), runtime.ErrInvalid, "root of its own"},
		{"no bridge", m.ref, with(func(a *runtime.CreateArgs) {
			a.Network = runtime.Network{Kind: runtime.BridgeNetwork, Bridge: "lxcdtnone0"}
		}), runtime.ErrInvalid, "lxcdtnone0"},
		{"no interface is a bridge", m.ref, with(func(a *runtime.CreateArgs) { a.Network = runtime.Network{Kind: runtime.BridgeNetwork, Bridge: "lo"} }), runtime.ErrInvalid, "lo"},
		{"unknown store", m.ref, with(func(a *runtime.CreateArgs) { a.Backing.Type = "floppy" }), runtime.ErrInvalid, "no backing store \"floppy\""},
		{"a store that cannot be had", m.ref, with(func(a *runtime.CreateArgs) { a.Backing.Type = "overlay" }), runtime.ErrUnsupported, "clone"},
		{"a directory in no directory", m.ref, with(func(a *runtime.CreateArgs) { a.Backing.Dir = m.s.Path + "/.none/root" }), runtime.ErrInvalid, ".none"},
		{"a directory with files", m.ref, with(func(a *runtime.CreateArgs) { a.Backing.Dir = m.s.Path + "/.mine" }), runtime.ErrExists, "not empty"},
	} {
		err := m.a.Do(t.Context(), runtime.Request{Op: runtime.Create, Ref: c.ref, Args: c.args})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
		m.nothingLeft()
	}
	must(t, os.Mkdir(m.ref.String(), 0o755))
	put(t, m.ref.String()+"/keep", "x")
	if err := m.a.Do(t.Context(), runtime.Request{Op: runtime.Create, Ref: m.ref, Args: &good}); !errors.Is(err, runtime.ErrExists) {
		t.Errorf("a directory without a config has the name: %v", err)
	}
	if !exists(m.ref.String()+"/keep") || !exists(m.s.Path+"/.mine/file") {
		t.Error("something that was there is gone")
	}
}

func TestCreateTemplateFails(t *testing.T) {
	m := newMaking(t, "fails")
	for _, c := range []struct{ script, log, hint string }{
		{"touch $root/file; echo first; printf '10%%\\r20%%\\r'; echo 'ERROR: no luck' >&2; echo 'giving up'; exit 3", "ERROR: no luck", ""},
		{"lxcdt-no-such-program\nexit 1", "lxcdt-no-such-program", "Install the program lxcdt-no-such-program"},
		{"echo 'ERROR: Missing required tool: xz' >&2; exit 1", "Missing required tool", "program xz"},
		{"echo 'ERROR: Failed to download https://x/meta' >&2; exit 1", "Failed to download", "network"},
		{"echo 'tar: write: No space left on device' >&2; exit 1", "No space", "full"},
		{"echo \"x: unrecognized option '--y'\" >&2; for i in 1 2 3 4 5 6 7 8 9 0; do echo '[ --help ]'; echo '[ --more ]'; done; exit 1", "unrecognized option '--y'", "--help tells"},
		{"kill -9 $$", "template", ""},
	} {
		err := m.do(t.Context(), &runtime.CreateArgs{Template: m.script(c.script)})
		var e *runtime.Error
		if !errors.As(err, &e) || e.Op != "create" || e.Ref != m.ref || !strings.Contains(e.LastLog(), c.log) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%q: %v\nlog: %q\nhint: %q", c.script, err, e.Log, e.Hint)
		}
		m.nothingLeft()
	}
	if out := m.output(); !strings.Contains(out, "first\n10%\r20%\rERROR: no luck\ngiving up\n") {
		t.Errorf("its output was told as %q", out)
	}
}

func TestCreateElsewhere(t *testing.T) {
	m := newMaking(t, "elsewhere")
	root := m.s.Path + "/.elsewhere"
	fails := m.script("touch $root/file; exit 1")
	if err := m.do(t.Context(), &runtime.CreateArgs{Template: fails, Backing: runtime.Backing{Dir: root}}); err == nil || exists(root) {
		t.Errorf("%v, and it is there: %v", err, exists(root))
	}
	must(t, os.Mkdir(root, 0o700))
	must(t, os.Chown(root, 1234, 1235))
	if err := m.do(t.Context(), &runtime.CreateArgs{Template: fails, Backing: runtime.Backing{Dir: root}}); err == nil {
		t.Error("it did not fail")
	}
	m.nothingLeft()
	var st unix.Stat_t
	must(t, lstat(root, &st))
	if st.Uid != 1234 || st.Gid != 1235 || st.Mode&0o7777 != 0o700 || exists(root+"/file") {
		t.Errorf("the directory that was there is another: %+v", st)
	}
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: "busybox", Backing: runtime.Backing{Dir: root}}))
	if !exists(root + "/bin/busybox") {
		t.Error("its root is not there")
	}
	must(t, do(t, m.a, runtime.Destroy, m.ref))
	m.nothingLeft()
	if exists(root) {
		t.Error("its root was left")
	}
}

// TestCreateOutput: everything arrives as it was written, a flood costs no
// memory, and who keeps the pipe open keeps nobody waiting.
func TestCreateOutput(t *testing.T) {
	m := newMaking(t, "output")
	binary := `\000\377\033]0;x\007\r\n`
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: m.script("printf '" + binary + "'; mkdir -p $root/sbin; printf last")}))
	if got := m.output(); got != "\x00\xff\x1b]0;x\a\r\nlast" {
		t.Errorf("told %q", got)
	}
	must(t, do(t, m.a, runtime.Destroy, m.ref))

	const flood = 100 << 20
	m.bytes = 0
	peak := make(chan int, 1)
	stop := make(chan struct{})
	go func() { peak <- watchHelper(stop) }()
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: m.script(fmt.Sprintf("yes flood | head -c %d", flood))}))
	close(stop)
	if m.bytes != flood {
		t.Errorf("%d bytes of %d arrived", m.bytes, flood)
	}
	if kb := <-peak; kb == 0 || kb > 64<<10 {
		t.Errorf("the helper held %d kB of its own", kb)
	} else {
		t.Logf("100 MB: the helper held %d kB at most", kb)
	}
	must(t, do(t, m.a, runtime.Destroy, m.ref))

	mark := m.s.Path + "/.pid"
	m.out.Reset()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, m.do(ctx, &runtime.CreateArgs{Template: m.script("echo before; (sh -c 'echo $$ > " + mark + "; exec sleep 600' &) ; while [ ! -s " + mark + " ]; do sleep 0.01; done; echo after")}))
	t.Cleanup(func() { endByFile(mark) })
	if got := m.output(); !strings.HasSuffix(got, "before\nafter\n") {
		t.Errorf("with a process left behind: %q", got[max(0, len(got)-40):])
	}
}

// endByFile ends the process whose number a file holds.
func endByFile(path string) {
	var pid int
	text, _ := os.ReadFile(path)
	if _, err := fmt.Sscan(string(text), &pid); err == nil && pid > 1 {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// watchHelper is the most memory of its own, in kB, that a helper of this
// process has had until stop.
func watchHelper(stop chan struct{}) (peak int) {
	for {
		select {
		case <-stop:
			return peak
		case <-time.After(10 * time.Millisecond):
		}
		for _, pid := range helpersOf(os.Getpid()) {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			for line := range strings.Lines(string(text)) {
				var kb int
				if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kb); err == nil {
					peak = max(peak, kb)
				}
			}
		}
	}
}

func TestCreateCancelled(t *testing.T) {
	m := newMaking(t, "cancel")
	mark := m.s.Path + "/.running"
	// It leaves its session and its process group, and does not hear a hang-up.
	script := m.script("mkdir -p $root/a/b; touch $root/a/b/c; setsid sh -c 'trap \"\" HUP; echo $$ > " + mark + "; while :; do : >> '$root'/a/b/c; sleep 0.01; done' & sleep 600")
	for _, elsewhere := range []string{"", m.s.Path + "/.elsewhere"} {
		_ = os.Remove(mark)
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 1)
		go func() {
			got <- m.do(ctx, &runtime.CreateArgs{Template: script, Backing: runtime.Backing{Dir: elsewhere}})
		}()
		eventually(t, "the template", func() bool { return size(mark) > 0 })
		if c := find(t, list(t, m.a), m.ref.Name); c.State != runtime.Stopped || !errors.Is(c.Problem, runtime.ErrConfig) {
			t.Errorf("while it is made: %+v", c)
		}
		cancel()
		if err := <-got; !errors.Is(err, runtime.ErrCancelled) {
			t.Errorf("%v", err)
		}
		m.nothingLeft()
		if elsewhere != "" && exists(elsewhere) {
			t.Error("its root was left")
		}
		var pid int
		text, _ := os.ReadFile(mark)
		_, _ = fmt.Sscan(string(text), &pid)
		if cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(cmd), "trap") {
			t.Errorf("process %d was left", pid)
		}
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// TestCreateFromNoConfig is for a file to begin with that is no configuration, or
// not to its end: nothing is made of it, and the line is named.
func TestCreateFromNoConfig(t *testing.T) {
	m := newMaking(t, "noconfig")
	conf := m.s.Path + "/.conf"
	inner := m.s.Path + "/.inner"
	for _, c := range []struct{ text, inner, says string }{
		{"root:x:0:0:root:/root:/bin/sh\n", "", conf + `, line 1: this is no setting of LXC, and liblxc would pass over it: "root:x:0:0:root:/root:/bin/sh"`},
		{"# fine\n\nlxc.start.auto = 0\nhello = world\n", "", conf + ", line 4: this is no setting"},
		{"lxc.start.auto = 0\nlxc.uts.name\n", "", conf + ", line 2: a setting is KEY = VALUE"},
		{"\x7fELF\x00\nlxc.start.auto = 0\n", "", conf + ", line 1: it has a NUL"},
		{"lxc.start.auto = 0\n  lxc.lxcdt = 1\n", "", conf + `, line 2: Invalid argument - Unsupported config key "lxc.lxcdt"`},
		{"lxc.start.auto = abc\n", "", conf + `, line 1: liblxc does not take its value: "lxc.start.auto = abc"`},
		{"# fine\nlxc.include = " + inner + "\n", "\n\nlxc.lxcdt = 1\n", inner + `, line 3: Invalid argument - Unsupported config key "lxc.lxcdt"`},
		{"# fine\nlxc.include = " + inner + "\n", "no setting\n", inner + ", line 1: this is no setting"},
		{strings.Repeat("x", 500) + "\n", "", strings.Repeat("x", 80) + `..."`},
	} {
		put(t, conf, c.text)
		put(t, inner, c.inner)
		err := m.do(t.Context(), &runtime.CreateArgs{Template: m.script("exit 0"), Config: conf})
		var e *runtime.Error
		if !errors.Is(err, runtime.ErrInvalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), strings.Repeat("x", 81)) {
			t.Errorf("%q: %v", c.text, err)
		} else if !errors.As(err, &e) || !strings.Contains(e.Hint, "lxc.container.conf(5)") {
			t.Errorf("%q: no hint: %+v", c.text, e)
		}
		m.nothingLeft()
	}
	if len(m.steps) > 0 || m.output() != "" {
		t.Errorf("it had begun: %q, %q", m.steps, m.output())
	}
	// What says nothing is a configuration too.
	put(t, conf, "\n# nothing\n")
	must(t, m.do(t.Context(), &runtime.CreateArgs{Template: m.script("mkdir -p $root\nexit 0"), Config: conf}))
}
