package lxc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/conf"
	"lxcdeck/runtime/lxctest"
)

// confBox is a stopped container whose config is to be read and saved.
func confBox(t *testing.T, lines ...string) (*Adapter, runtime.ConfigOf, string) {
	t.Helper()
	s := lxctest.New(t)
	ref := ownRoot(t, s.Path, "lxcdt-conf", lines...)
	return newAdapter(t, Options{Paths: []string{s.Path}}), runtime.ConfigOf{Ref: ref}, filepath.Join(ref.String(), "config")
}

func configText(t *testing.T, a *Adapter, of runtime.ConfigOf) runtime.ConfigText {
	t.Helper()
	c, err := a.ConfigText(t.Context(), of)
	must(t, err)
	return c
}

func saveText(t *testing.T, a *Adapter, of runtime.ConfigOf, version, text string) error {
	t.Helper()
	return a.Do(t.Context(), runtime.SaveConfig(of, version, []byte(text)))
}

// treeOf is a config as the screen resolves it, from what was read.
func treeOf(c *runtime.ConfigText, of runtime.ConfigOf) *conf.Tree {
	return conf.Resolve(of.Path(), conf.FromText(c), conf.Options{Supports: conf.SupportedBy(c.Lacking, c.Extra)})
}

func TestConfigWithIncludes(t *testing.T) {
	a, of, path := confBox(t)
	dir := filepath.Dir(filepath.Dir(path))
	inc, d := filepath.Join(dir, "inc.conf"), filepath.Join(dir, "inc.d")
	put(t, inc, "lxc.uts.name = included\nlxc.include = "+d+"\n")
	put(t, filepath.Join(d, "a.conf"), "lxc.tty.max = 2\n")
	put(t, filepath.Join(d, "b.txt"), "lxc.tty.max = 3\n")
	put(t, path, "# top\nlxc.include = "+inc+"\nlxc.uts.name = top\nlxc.include = "+dir+"/no.conf\nlxc.include = "+dir+"/none/\n")
	c := configText(t, a, of)
	tree := treeOf(&c, of)
	file, line := tree.Where(tree.Of("lxc.tty.max")[0])
	if file != filepath.Join(d, "a.conf") || line != 1 {
		t.Errorf("lxc.tty.max is set in %s:%d", file, line)
	}
	if p := tree.Fatal(); p == nil || p.Line != 4 || p.Node != 0 {
		t.Errorf("the missing include: %+v", p)
	}
	if f, ok := c.File(dir + "/no.conf"); !ok || !f.Absent {
		t.Errorf("%+v", f)
	}
	put(t, path, "lxc.include = "+path+"\n")
	c = configText(t, a, of)
	if p := treeOf(&c, of).Fatal(); p == nil || !errors.Is(p.Err, conf.ErrLoop) {
		t.Errorf("a loop: %+v", p)
	}
	if fault, err := a.CheckConfig(t.Context(), of, []byte("#\nlxc.include = "+path+"\n")); err != nil || fault == nil || fault.Line != 2 || fault.Key != "lxc.include" {
		t.Errorf("a loop: %v, %v", fault, err)
	}
}

// No key that this liblxc has is said to be unknown to it.
func TestConfigKeysOfThisLiblxc(t *testing.T) {
	a, of, _ := confBox(t, "lxc.cgroup2.memory.max = 1G", "lxc.prlimit.nofile = 1024", "lxc.sysctl.net.ipv4.ip_forward = 1")
	c := configText(t, a, of)
	for _, k := range conf.Keys() {
		if slices.Contains(c.Lacking, k.Name) && k.In(golxc.Version()) {
			t.Errorf("liblxc %s lacks %s", golxc.Version(), k.Name)
		}
	}
	for _, p := range treeOf(&c, of).Problems {
		t.Errorf("line %d, %s: %v", p.Line, p.Key, p.Err)
	}
}

// What stands in the place of a config, or is no text, is shown as far as it goes,
// and holds nobody up.
func TestConfigThatIsNone(t *testing.T) {
	a, of, path := confBox(t)
	put(t, path, "lxc.uts.name = x\n"+strings.Repeat("# "+strings.Repeat("y", 97)+"\n", 10<<20/100))
	c := configText(t, a, of)
	if f, ok := c.File(path); !ok || len(f.Text) != runtime.MaxConfigText+1 || !strings.Contains(c.NoSave, "too long") {
		t.Errorf("10 MB: %d bytes, %q", len(f.Text), c.NoSave)
	}
	err := saveText(t, a, of, c.Version, "lxc.uts.name = y\n")
	if !errors.Is(err, runtime.ErrConfig) {
		t.Errorf("10 MB saved over: %v", err)
	}
	put(t, path, "lxc.uts.name = x\n\x00\xff\x1b[31m\n")
	if c = configText(t, a, of); !strings.Contains(c.NoSave, "NUL") {
		t.Errorf("binary: %q", c.NoSave)
	}
	must(t, os.Remove(path))
	must(t, unix.Mkfifo(path, 0o644))
	if _, err := a.ConfigText(t.Context(), of); !errors.Is(err, runtime.ErrConfig) {
		t.Errorf("a FIFO: %v", err)
	}
	must(t, os.Remove(path))
	must(t, os.Mkdir(path, 0o755))
	if _, err := a.ConfigText(t.Context(), of); err == nil {
		t.Error("a directory is a config")
	}
	must(t, os.Remove(path))
	fifo := filepath.Join(filepath.Dir(path), "fifo")
	must(t, unix.Mkfifo(fifo, 0o644))
	put(t, path, "lxc.include = "+fifo+"\nlxc.uts.name = x\n")
	c = configText(t, a, of)
	if f, ok := c.File(fifo); !ok || !strings.Contains(f.Why, "no regular file") {
		t.Errorf("a FIFO is included: %+v", f)
	}
	if fault, err := a.CheckConfig(t.Context(), of, []byte("lxc.include = "+fifo+"\n")); err != nil || fault == nil || fault.Line != 1 {
		t.Errorf("a FIFO is included: %v, %v", fault, err)
	}
}

// A config that liblxc refuses can be mended, with the line said that is wrong.
func TestConfigThatIsBrokenIsMended(t *testing.T) {
	a, of, path := confBox(t, "lxc.nonsense = 1", "lxc.tty.max = 1")
	if l := find(t, list(t, a), of.Ref.Name); !errors.Is(l.Problem, runtime.ErrConfig) {
		t.Fatalf("it can be loaded: %v", l.Problem)
	}
	c := configText(t, a, of)
	text := read(t, path)
	for name, x := range map[string]struct {
		text string
		line int
		key  string
	}{
		"unknown key":      {text, 7, "lxc.nonsense"},
		"no = in it":       {"#\n\nlxc.tty.max\n", 3, ""},
		"a bad value":      {"lxc.uts.name = a\nlxc.arch = pdp11\nlxc.tty.max = 1\n", 2, "lxc.arch"},
		"needs a type":     {"lxc.net.0.type = empty\nlxc.net.0.veth.pair = x\n", 2, "lxc.net.0.veth.pair"},
		"of an LXC before": {"lxc.network.type = veth\n", 1, "lxc.network.type"},
		"no end of line":   {"lxc.uts.name = a\r\nlxc.foo = 1", 2, "lxc.foo"},
	} {
		fault, err := a.CheckConfig(t.Context(), of, []byte(x.text))
		if err != nil || fault == nil || fault.Line != x.line || fault.Key != x.key || fault.Why == "" {
			t.Errorf("%s: %+v, %v", name, fault, err)
		}
	}
	if fault, err := a.CheckConfig(t.Context(), of, nil); fault != nil || err != nil {
		t.Errorf("an empty one: %v, %v", fault, err)
	}
	if err := saveText(t, a, of, c.Version, text+"# more\n"); !errors.Is(err, runtime.ErrConfig) || !strings.Contains(err.Error(), "line 7: lxc.nonsense") {
		t.Errorf("still broken: %v", err)
	}
	made := strings.Replace(text, "lxc.nonsense = 1\n", "", 1)
	must(t, os.Chmod(path, 0o604))
	must(t, os.Chown(path, 0, 5))
	c = configText(t, a, of) // the mode is a part of what was read
	must(t, saveText(t, a, of, c.Version, made))
	if l := find(t, list(t, a), of.Ref.Name); l.Problem != nil || read(t, path) != made {
		t.Errorf("mended: %v\n%s", l.Problem, read(t, path))
	}
	var st unix.Stat_t
	must(t, unix.Stat(path, &st))
	if st.Mode&0o7777 != 0o604 || st.Gid != 5 {
		t.Errorf("mode %o, group %d", st.Mode, st.Gid)
	}
	nothingLeft(t, of.Ref.Path, of.Ref.Name)
}

// liblxc opens the log that a config names while it parses: judging must not.
func TestJudgingAConfigHasNoEffects(t *testing.T) {
	a, of, path := confBox(t)
	log := filepath.Join(filepath.Dir(path), "logs", "new", "log")
	if fault, err := a.CheckConfig(t.Context(), of, []byte("lxc.log.file = "+log+"\nlxc.log.level = TRACE\nlxc.uts.name = x\n")); fault != nil || err != nil {
		t.Fatalf("%v, %v", fault, err)
	}
	if exists(filepath.Dir(filepath.Dir(log))) {
		t.Error("it has made the directories of the log")
	}
	if exists(filepath.Join(of.Ref.Path, scratchName)) {
		t.Error("it has left the scratch container")
	}
}

func TestConfigOfOthersIsNotGivenToLiblxc(t *testing.T) {
	a, of, path := confBox(t)
	theirs := filepath.Join(of.Ref.Path, "theirs.conf")
	put(t, theirs, "lxc.uts.name = theirs\n")
	must(t, os.Chown(theirs, 12345, 12345))
	text := "lxc.uts.name = x\nlxc.include = " + theirs + "\n"
	if fault, err := a.CheckConfig(t.Context(), of, []byte(text)); !errors.Is(err, runtime.ErrForeign) || fault != nil {
		t.Errorf("%v, %v", fault, err)
	}
	c := configText(t, a, of)
	if err := saveText(t, a, of, c.Version, text); !errors.Is(err, runtime.ErrForeign) {
		t.Errorf("saved: %v", err)
	}
	put(t, path, text)
	c = configText(t, a, of)
	if f, ok := c.File(theirs); !ok || string(f.Text) != "lxc.uts.name = theirs\n" {
		t.Errorf("as text it can be read: %+v", f)
	}
	if err := saveText(t, a, of, c.Version, "lxc.uts.name = mine\n"); err != nil {
		t.Errorf("it is taken out: %v", err)
	}
	must(t, os.Chown(path, 12345, 12345))
	if c = configText(t, a, of); !strings.Contains(c.NoSave, "12345") {
		t.Errorf("another's config: %q", c.NoSave)
	}
	if err := saveText(t, a, of, c.Version, "lxc.uts.name = root\n"); !errors.Is(err, runtime.ErrForeign) {
		t.Errorf("another's config: %v", err)
	}
}

func TestConfigOnDisksThatCannot(t *testing.T) {
	for name, options := range map[string]string{"full": "size=16k,nr_inodes=64", "read-only": "size=64k"} {
		t.Run(name, func(t *testing.T) {
			place := small(t, options)
			a := newAdapter(t, Options{Paths: []string{place}})
			of := runtime.ConfigOf{Ref: runtime.Ref{Path: place, Name: "lxcdt-conf"}}
			text := "lxc.uts.name = x\n"
			put(t, of.Path(), text)
			c := configText(t, a, of)
			if name == "full" {
				err := os.WriteFile(filepath.Join(place, "fill"), make([]byte, 64<<10), 0o600)
				if !errors.Is(err, unix.ENOSPC) {
					t.Fatalf("it is not full: %v", err)
				}
			} else {
				must(t, unix.Mount("", place, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
				if c := configText(t, a, of); !strings.Contains(c.NoSave, "read-only") {
					t.Errorf("it is not said: %q", c.NoSave)
				}
			}
			err := saveText(t, a, of, c.Version, "lxc.uts.name = "+strings.Repeat("y", 60)+"\n"+strings.Repeat("# more\n", 2000))
			var e *runtime.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), "no space left") && !strings.Contains(err.Error(), "read-only file system") {
				t.Errorf("saved: %v", err)
			}
			if read(t, of.Path()) != text {
				t.Errorf("the config is\n%s", read(t, of.Path()))
			}
			nothingLeft(t, of.Ref.String(), "config")
		})
	}
}

func TestConfigSavedByTwo(t *testing.T) {
	a, of, path := confBox(t)
	c := configText(t, a, of)
	const many = 4
	errs := make(chan error, many)
	for i := range many {
		other := newAdapter(t, Options{Paths: []string{of.Ref.Path}})
		go func() {
			errs <- other.Do(t.Context(), runtime.SaveConfig(of, c.Version, fmt.Appendf(nil, "lxc.uts.name = n%d\n", i)))
		}()
	}
	done := 0
	for range many {
		switch err := <-errs; {
		case err == nil:
			done++
		case !errors.Is(err, runtime.ErrChanged) && !errors.Is(err, runtime.ErrBusy):
			t.Error(err)
		}
	}
	if done != 1 {
		t.Errorf("%d of %d have saved", done, many)
	}
	now := configText(t, a, of)
	if len(now.Backups) != 1 || !strings.HasPrefix(read(t, path), "lxc.uts.name = n") {
		t.Errorf("backups %+v\n%s", now.Backups, read(t, path))
	}
}

// A limit that was set while it runs is in force without a restart, one that stands in
// the file alone is not.
func TestLimitsAreInForce(t *testing.T) {
	a, _, ref := running(t, "lxcdt-inforce")
	of := runtime.ConfigOf{Ref: ref}
	set := func(value string) {
		must(t, change(t, a, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{
			{Name: runtime.LimitPids, Value: value}, {Name: runtime.LimitCPU, Value: map[string]string{"90": "50000 100000", "": ""}[value]},
		}}))
	}
	for _, value := range []string{"90", ""} {
		set(value)
		if c := configText(t, a, of); len(c.InForce) != 0 || c.Restart != runtime.No {
			t.Errorf("%q: %+v, restart %v", value, c.InForce, c.Restart)
		}
	}
	key := limitOf(t, a, ref, runtime.LimitPids, "").Key
	put(t, of.Path(), read(t, of.Path())+key+" = 80\n")
	if c := configText(t, a, of); len(c.InForce) != 1 || c.InForce[0].Key != key || c.Restart != runtime.Yes {
		t.Errorf("in the file alone: %+v, restart %v", c.InForce, c.Restart)
	}
}

// A log is written as it was when the container was started, by LXC's tools or here. One
// whose config named no file is started here with a log in memory, which is no difference.
func TestLogOfARunningConfig(t *testing.T) {
	s := lxctest.New(t)
	a := adapterFor(t, s.Path)
	log := filepath.Join(s.Path, "own.log")
	inForce := func(ref runtime.Ref, add string) (keys []string) {
		t.Helper()
		of := runtime.ConfigOf{Ref: ref}
		put(t, of.Path(), strings.Replace(read(t, of.Path()), "lxc.log.level = INFO\n", "", 1)+add)
		c := configText(t, a, of)
		for _, v := range c.InForce {
			if keys = append(keys, v.Key); !v.Later || c.Restart != runtime.Yes {
				t.Errorf("%+v, restart %v", v, c.Restart)
			}
		}
		if c.InForceWhy != "" {
			t.Error(c.InForceWhy)
		}
		slices.Sort(keys)
		return keys
	}
	for name, start := range map[string]func(runtime.Ref){
		"tools": func(ref runtime.Ref) { must(t, s.Tool("lxc-start", ref.Name)) },
		"here":  func(ref runtime.Ref) { must(t, do(t, a, runtime.Start, ref)) },
	} {
		ref := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "log-" + name}
		must(t, s.Add(ref.Name, "lxc.log.file = "+log, "lxc.log.level = INFO"))
		start(ref)
		if keys := inForce(ref, "lxc.log.level = INFO\n"); len(keys) != 0 {
			t.Errorf("%s: nothing was changed: %q", name, keys)
		}
		if text := readText(log); strings.Contains(text, "Unsupported") {
			t.Errorf("%s: what was asked has made errors in its log:\n%s", name, text)
		}
		if keys := inForce(ref, "lxc.log.level = DEBUG\n"); !slices.Equal(keys, []string{"lxc.log.level"}) {
			t.Errorf("%s: another level: %q", name, keys)
		}
		if keys := inForce(ref, "lxc.log.file = "+log+".2\n"); !slices.Equal(keys, []string{"lxc.log.file", "lxc.log.level"}) {
			t.Errorf("%s: another file: %q", name, keys)
		}
		bare := runtime.Ref{Path: s.Path, Name: lxctest.Prefix + "nolog-" + name}
		must(t, s.Add(bare.Name))
		start(bare)
		if keys := inForce(bare, ""); len(keys) != 0 {
			t.Errorf("%s: nothing was changed: %q", name, keys)
		}
		if keys := inForce(bare, "lxc.log.file = "+log+"\n"); !slices.Equal(keys, []string{"lxc.log.file"}) {
			t.Errorf("%s: a file: %q", name, keys)
		}
	}
}

// Lists, keys of families and interfaces are told of as well, and what was taken
// out of the file.
func TestConfigInForce(t *testing.T) {
	a, s, ref := running(t, "lxcdt-force", "lxc.prlimit.nofile = 1000", "lxc.environment = A=1", "lxc.environment = B=2", "lxc.cap.drop = sys_module")
	of := runtime.ConfigOf{Ref: ref}
	c := configText(t, a, of)
	if len(c.InForce) != 0 || c.Restart != runtime.No {
		t.Fatalf("nothing was changed: %+v, %s", c.InForce, c.InForceWhy)
	}
	text := read(t, of.Path())
	must(t, s.Tool("lxc-info", ref.Name)) // the file is as LXC takes it
	put(t, of.Path(), strings.NewReplacer("lxc.prlimit.nofile = 1000\n", "", "A=1", "A=2", "lxc.tty.max = 1\n", "").Replace(text)+
		"lxc.net.1.type = empty\nlxc.start.delay = 4\nlxc.cap.drop = sys_time\nlxc.signal.stop = SIGUSR1\nlxc.signal.halt = SIGUSR2\nlxc.cgroup.dir = x\n")
	c = configText(t, a, of)
	var keys []string
	for _, v := range c.InForce {
		keys = append(keys, v.Key)
		// lxc-stop reads the file for the signal that it shuts down with; that which
		// stops at once is the monitor's.
		if v.Later == (v.Key == "lxc.start.delay" || v.Key == "lxc.signal.halt") {
			t.Errorf("%+v", v)
		}
		switch {
		case v.Key == "lxc.signal.stop" && (len(v.Runs) != 0 || !slices.Equal(v.File, []string{"SIGUSR1"})), slices.Contains(v.Runs, "(null)"):
			t.Errorf("%+v", v)
		}
	}
	slices.Sort(keys)
	if want := []string{"lxc.cap.drop", "lxc.cgroup.dir", "lxc.environment", "lxc.net.1.type", "lxc.prlimit.nofile", "lxc.signal.halt", "lxc.signal.stop", "lxc.start.delay", "lxc.tty.max"}; !slices.Equal(keys, want) || c.Restart != runtime.Yes {
		t.Errorf("%q, want %q: restart %v", keys, want, c.Restart)
	}
	put(t, of.Path(), text+"lxc.nonsense = 1\n")
	if c = configText(t, a, of); c.InForceWhy == "" || c.Restart != runtime.NotKnown {
		t.Errorf("it cannot be loaded: %q, %v", c.InForceWhy, c.Restart)
	}
	put(t, of.Path(), text)
	must(t, os.Chtimes(of.Path(), time.Now(), time.Now()))
	if c = configText(t, a, of); c.Restart != runtime.No {
		t.Errorf("touched alone: %+v", c.InForce)
	}
}

func TestConfigOfAManager(t *testing.T) {
	a, of, _ := confBox(t, "lxc.hook.pre-start = /usr/share/lxc/hooks/lxc-pve-prestart-hook")
	c := configText(t, a, of)
	if !strings.Contains(c.NoSave, "proxmox") {
		t.Errorf("%q", c.NoSave)
	}
	if err := saveText(t, a, of, c.Version, "lxc.uts.name = x\n"); !errors.Is(err, runtime.ErrManaged) {
		t.Errorf("saved: %v", err)
	}
}

// A line in the middle of the largest config is found as well.
func TestLongConfigIsJudged(t *testing.T) {
	a, of, _ := confBox(t)
	text := strings.Repeat("lxc.environment = A=1\n", 20000)
	began := time.Now()
	fault, err := a.CheckConfig(t.Context(), of, []byte(text+"lxc.foo = 1\n"+text))
	if err != nil || fault == nil || fault.Line != 20001 || fault.Key != "lxc.foo" {
		t.Errorf("%v, %v", fault, err)
	}
	t.Logf("40001 lines in %v", time.Since(began))
}
