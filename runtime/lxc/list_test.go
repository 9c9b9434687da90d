package lxc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/lxctest"
)

// patience is far more than anything here takes: only a hang needs as long.
const patience = time.Minute

func newAdapter(t testing.TB, opts Options) *Adapter {
	t.Helper()
	if opts.Answer == 0 {
		opts.Answer = slowAnswer
	}
	a, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func list(t testing.TB, a *Adapter) runtime.Listing {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := a.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// find gives one container of a Listing by its name.
func find(t testing.TB, l runtime.Listing, name string) runtime.Container {
	t.Helper()
	for _, c := range l.Containers {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("%s is not in the list of %d", name, len(l.Containers))
	return runtime.Container{}
}

// eventually waits for something that other processes do.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not after %s: %s", patience, what)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file and the directories above it.
func put(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func TestListTellsWhatThereIs(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-run", "lxc.start.auto = 1", "lxc.start.order = 7", "lxc.group = web", "lxc.group = onboot"))
	must(t, s.Add("lxcdt-cold", "lxc.idmap = u 0 100000 65536", "lxc.idmap = g 0 100000 65536"))
	must(t, s.Start("lxcdt-run"))
	before := time.Now()
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	l := list(t, a)
	if len(l.Problems) > 0 || len(l.NoConfig) > 0 {
		t.Errorf("problems %v, without config %v", l.Problems, l.NoConfig)
	}
	if len(l.Containers) != 2 || l.Containers[0].Name != "lxcdt-cold" {
		t.Fatalf("containers: %+v", l.Containers)
	}
	run, cold := l.Containers[1], l.Containers[0]
	if run.Problem != nil || run.State != runtime.Running || run.InitPID <= 0 || !run.IPsRead {
		t.Errorf("running: %+v", run)
	}
	if age := before.Sub(run.Started); age < -time.Second || age > patience {
		t.Errorf("started %s, %s before the look", run.Started, age)
	}
	if c := run.Config; c == nil || !c.Autostart || c.Order != 7 || strings.Join(c.Groups, " ") != "web onboot" || c.Unprivileged {
		t.Errorf("config of the running one: %+v", c)
	}
	if cold.Problem != nil || cold.State != runtime.Stopped || cold.InitPID != 0 || !cold.Started.IsZero() {
		t.Errorf("stopped: %+v", cold)
	}
	if c := cold.Config; c == nil || c.Autostart || len(c.Groups) != 0 || !c.Unprivileged {
		t.Errorf("config of the stopped one: %+v", c)
	}
	pid, err := a.initPID(context.Background(), run.Ref)
	if err != nil || pid != run.InitPID {
		t.Errorf("init %d, %v; the list said %d", pid, err, run.InitPID)
	}
	if _, err := a.initPID(context.Background(), cold.Ref); !errors.Is(err, runtime.ErrWrongState) {
		t.Errorf("init of a stopped one: %v", err)
	}
	if _, err := a.initPID(context.Background(), runtime.Ref{Path: s.Path, Name: "lxcdt-none"}); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("init of none: %v", err)
	}

	// The monitor's own words must be those of liblxc, and an edit be seen.
	c, err := golxc.NewContainer("lxcdt-run", s.Path)
	must(t, err)
	if got, _ := runtime.ParseState(c.State().String()); got != run.State || c.InitPid() != run.InitPID {
		t.Errorf("liblxc says %s, %d", c.State(), c.InitPid())
	}
	must(t, c.Release())
	f, err := os.OpenFile(filepath.Join(s.Path, "lxcdt-run", "config"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("lxc.start.order = 8\n")
	must(t, errors.Join(err, f.Close()))
	if got := find(t, list(t, a), "lxcdt-run"); got.Config == nil || got.Config.Order != 8 {
		t.Errorf("after the edit: %+v", got.Config)
	}
	must(t, s.Stop("lxcdt-run"))
	if got := find(t, list(t, a), "lxcdt-run"); got.State != runtime.Stopped || got.InitPID != 0 {
		t.Errorf("after the stop: %+v", got)
	}
}

func TestListSurvivesBadContainers(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-good"))
	must(t, s.Start("lxcdt-good"))
	dir := func(name string) string { return filepath.Join(s.Path, name) }
	put(t, dir("lxcdt-broken")+"/config", "lxc.no.such.key = 1\n")
	must(t, os.MkdirAll(dir("lxcdt-fifo"), 0o755))
	must(t, unix.Mkfifo(dir("lxcdt-fifo")+"/config", 0o644))
	put(t, dir("lxcdt-big")+"/config", strings.Repeat("# nothing\n", 1<<20))
	must(t, unix.Mkfifo(dir(".pipe"), 0o644))
	put(t, dir("lxcdt-incfifo")+"/config", "lxc.include = "+dir(".pipe")+"\n")
	put(t, dir("lxcdt-loop")+"/config", "lxc.include = "+dir("lxcdt-loop")+"/config\n")
	must(t, os.MkdirAll(dir("lxcdt-dangling"), 0o755))
	must(t, os.Symlink("/nowhere/at/all", dir("lxcdt-dangling")+"/config"))
	must(t, os.MkdirAll(dir("lxcdt-dir")+"/config", 0o755))
	put(t, dir("lxcdt-partial")+"/config", "lxc.uts.name = x\n")
	put(t, dir("lxcdt-partial")+"/partial", "")
	must(t, os.MkdirAll(dir("lxcdt-empty"), 0o755))
	put(t, dir("file"), "")
	odd := []string{"lxcdt-\x1b[31mred", "lxcdt-new\nline", "lxcdt-Zoë 日本", "lxcdt-\xff\xfe", "lxcdt-a b", "-lxcdt-dash"}
	for _, name := range odd {
		put(t, dir(name)+"/config", "lxc.uts.name = odd\nlxc.start.order = 3\n")
	}
	put(t, dir("lxcdt-theirs")+"/config", "lxc.log.file = "+dir("written")+"\n")
	must(t, os.Chown(dir("lxcdt-theirs"), 1000, 1000))
	must(t, os.Chown(dir("lxcdt-theirs")+"/config", 1000, 1000))

	a := newAdapter(t, Options{Paths: []string{s.Path}})
	l := list(t, a)
	for _, name := range []string{"lxcdt-broken", "lxcdt-fifo", "lxcdt-big", "lxcdt-incfifo", "lxcdt-loop", "lxcdt-dangling", "lxcdt-dir", "lxcdt-partial"} {
		c := find(t, l, name)
		if !errors.Is(c.Problem, runtime.ErrConfig) || c.Config != nil || c.State != runtime.Stopped {
			t.Errorf("%s: %s, config %v, problem %v", name, c.State, c.Config, c.Problem)
		}
	}
	if c := find(t, l, "lxcdt-broken"); !strings.Contains(c.Problem.Error(), "lxc.no.such.key") {
		t.Errorf("what is wrong with the broken one: %v", c.Problem)
	}
	for _, name := range odd {
		if c := find(t, l, name); c.Problem != nil || c.Config == nil || c.Config.Order != 3 {
			t.Errorf("%q: %+v", name, c)
		}
	}
	if c := find(t, l, "lxcdt-good"); c.State != runtime.Running || c.Problem != nil {
		t.Errorf("the good one: %+v", c)
	}
	theirs := find(t, l, "lxcdt-theirs")
	if theirs.Foreign == nil || *theirs.Foreign != 1000 || theirs.Config != nil || !errors.Is(theirs.Problem, runtime.ErrForeign) {
		t.Errorf("the foreign one: %+v", theirs)
	}
	if exists(dir("written")) {
		t.Error("a foreign config was loaded: its log file is there")
	}
	if !exists(dir("lxcdt-partial") + "/config") {
		t.Error("a container was destroyed by looking at it")
	}
	if len(l.NoConfig) != 1 || l.NoConfig[0].Name != "lxcdt-empty" {
		t.Errorf("without config: %v", l.NoConfig)
	}
	if len(l.Problems) != 0 {
		t.Errorf("problems: %v", l.Problems)
	}
}

func TestListGoesOnWithoutASilentMonitor(t *testing.T) {
	s := lxctest.New(t)
	for _, name := range []string{"lxcdt-mute", "lxcdt-talks"} {
		must(t, s.Add(name, "lxc.start.order = 4"))
		must(t, s.Start(name))
	}
	// Long, so that a look that waits as long is told from a slow machine's.
	const answer = 5 * time.Second
	a := newAdapter(t, Options{Paths: []string{s.Path}, Answer: answer})
	first := find(t, list(t, a), "lxcdt-mute")
	if first.State != runtime.Running {
		t.Fatalf("before: %+v", first)
	}
	monitor := parentOf(t, first.InitPID)
	must(t, unix.Kill(monitor, unix.SIGSTOP))
	t.Cleanup(func() { _ = unix.Kill(monitor, unix.SIGCONT) })

	l := list(t, a)
	mute := find(t, l, "lxcdt-mute")
	if mute.NoAnswerSince.IsZero() || mute.State != runtime.Unknown || !errors.Is(mute.Problem, runtime.ErrNoAnswer) {
		t.Errorf("the silent one: %+v", mute)
	}
	if mute.Config == nil || mute.Config.Order != 4 || mute.InitPID != first.InitPID {
		t.Errorf("what is known of the silent one: config %+v, init %d", mute.Config, mute.InitPID)
	}
	if c := find(t, l, "lxcdt-talks"); c.State != runtime.Running || c.Problem != nil {
		t.Errorf("the other one: %+v", c)
	}
	// It is not asked again: the next look costs no time.
	began := time.Now()
	again := find(t, list(t, a), "lxcdt-mute")
	if !again.NoAnswerSince.Equal(mute.NoAnswerSince) {
		t.Errorf("silent since %s, then since %s", mute.NoAnswerSince, again.NoAnswerSince)
	}
	if d := time.Since(began); d >= answer {
		t.Errorf("the second look took %s: it has asked again", d)
	}
	err := a.Do(context.Background(), runtime.Request{Op: runtime.Freeze, Ref: mute.Ref})
	if !errors.Is(err, runtime.ErrNoAnswer) {
		t.Errorf("freezing the silent one: %v", err)
	}
	must(t, unix.Kill(monitor, unix.SIGCONT))
	eventually(t, "the monitor's answer", func() bool {
		c := find(t, list(t, a), "lxcdt-mute")
		return c.State == runtime.Running && c.Problem == nil && c.NoAnswerSince.IsZero()
	})
}

// TestListOfAFreshAdapterSkipsASilentMonitor has nothing to remember.
func TestListOfAFreshAdapterSkipsASilentMonitor(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-mute"))
	must(t, s.Start("lxcdt-mute"))
	ref := runtime.Ref{Path: s.Path, Name: "lxcdt-mute"}
	probe := newAdapter(t, Options{Paths: []string{s.Path}})
	pid, err := probe.initPID(context.Background(), ref)
	must(t, err)
	monitor := parentOf(t, pid)
	must(t, unix.Kill(monitor, unix.SIGSTOP))
	t.Cleanup(func() { _ = unix.Kill(monitor, unix.SIGCONT) })
	a := newAdapter(t, Options{Paths: []string{s.Path}, Answer: 50 * time.Millisecond})
	c := find(t, list(t, a), "lxcdt-mute")
	if c.NoAnswerSince.IsZero() || c.State != runtime.Unknown || c.InitPID != pid {
		t.Errorf("%+v", c)
	}
	b := runtime.Batch{Readings: []runtime.Reading{{Ref: ref, InitPID: c.InitPID, Tier: runtime.Full}}}
	must(t, a.Sample(context.Background(), &b))
	if q := &b.Readings[0]; q.Err != nil || q.Sample.Pids.Current.Or(0) == 0 {
		t.Errorf("its figures: %+v, %v", q.Sample, q.Err)
	}
	// Another of its name, whose init has its monitor, is not taken for it.
	other := lxctest.New(t)
	must(t, other.Add("lxcdt-mute"))
	must(t, other.Start("lxcdt-mute"))
	must(t, unix.Kill(pid, unix.SIGKILL))
	a = newAdapter(t, Options{Paths: []string{s.Path}, Answer: 50 * time.Millisecond})
	if c := find(t, list(t, a), "lxcdt-mute"); c.NoAnswerSince.IsZero() || c.InitPID != 0 {
		t.Errorf("after its end: %+v", c)
	}
}

func parentOf(t testing.TB, pid int) int {
	t.Helper()
	fields, err := statFields(pid)
	must(t, err)
	var ppid int
	for _, d := range fields[1] {
		ppid = ppid*10 + int(d-'0')
	}
	if ppid <= 1 {
		t.Fatalf("parent of %d: %q", pid, fields[1])
	}
	return ppid
}

func TestListOfTwoPathsWithTheSameName(t *testing.T) {
	one, two := lxctest.New(t), lxctest.New(t)
	must(t, one.Add("lxcdt-web", "lxc.start.order = 1"))
	must(t, two.Add("lxcdt-web", "lxc.start.order = 2"))
	must(t, two.Start("lxcdt-web"))
	link := filepath.Join(one.Path, "gone")
	must(t, os.Mkdir(link, 0o755))
	a := newAdapter(t, Options{Paths: []string{one.Path, two.Path, one.Path + "/", link}})
	must(t, os.Remove(link))
	if got := a.About().Paths; len(got) != 3 {
		t.Errorf("paths: %v", got)
	}
	l := list(t, a)
	if len(l.Containers) != 2 {
		t.Fatalf("containers: %+v", l.Containers)
	}
	for _, c := range l.Containers {
		want, order := runtime.Stopped, 1
		if c.Path == two.Path {
			want, order = runtime.Running, 2
		}
		if c.State != want || c.Config == nil || c.Config.Order != order || c.Problem != nil {
			t.Errorf("%+v", c)
		}
	}
	if len(l.Problems) != 1 || !strings.Contains(l.Problems[0].Error(), link) {
		t.Errorf("problems: %v", l.Problems)
	}
}

// TestFreezerOfANewLife: the watch may ask for a container's freezer before any List
// has looked for it.
func TestFreezerOfANewLife(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-new"))
	must(t, s.Start("lxcdt-new"))
	a, fresh := newAdapter(t, Options{Paths: []string{s.Path}}), newAdapter(t, Options{Paths: []string{s.Path}})
	c := find(t, list(t, a), "lxcdt-new")
	_, err := fresh.remember(c.Ref, c.InitPID)
	must(t, err)
	found := make(chan freezeFile, 1)
	go func() { found <- fresh.freezerOf(c.Ref, c.InitPID) }()
	select {
	case f := <-found:
		if f != findFreezer(a.cgroups, c.InitPID, nil) || f == (freezeFile{}) {
			t.Errorf("%+v", f)
		}
	case <-time.After(patience):
		t.Fatal("it waits for itself")
	}
}

func TestListSeesWhatTheMonitorDoesNot(t *testing.T) {
	s := lxctest.New(t)
	must(t, s.Add("lxcdt-ice"))
	must(t, s.Start("lxcdt-ice"))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	c := find(t, list(t, a), "lxcdt-ice")
	f := findFreezer(a.cgroups, c.InitPID, nil)
	file, on, off := f.v1, "FROZEN", "THAWED"
	if file == "" {
		file, on, off = strings.TrimSuffix(f.v2, "events")+"freeze", "1", "0"
	}
	if f.v1 == "" && f.v2 == "" {
		t.Fatalf("no freezer of init %d was found", c.InitPID)
	}
	must(t, os.WriteFile(file, []byte(on), 0))
	eventually(t, "frozen in the list", func() bool { return find(t, list(t, a), "lxcdt-ice").State == runtime.Frozen })
	must(t, a.Do(context.Background(), runtime.Request{Op: runtime.Thaw, Ref: c.Ref, Expect: runtime.Frozen}))
	must(t, a.Do(context.Background(), runtime.Request{Op: runtime.Freeze, Ref: c.Ref}))
	must(t, os.WriteFile(file, []byte(off), 0))
	eventually(t, "running in the list", func() bool { return find(t, list(t, a), "lxcdt-ice").State == runtime.Running })
	must(t, a.Do(context.Background(), runtime.Request{Op: runtime.Freeze, Ref: c.Ref}))
	if got := find(t, list(t, a), "lxcdt-ice").State; got != runtime.Frozen {
		t.Errorf("after freezing again: %s", got)
	}
}

func TestLongPathsHaveHashedSockets(t *testing.T) {
	s := lxctest.New(t)
	// A host name may have 64 characters, a socket's 107.
	name := "lxcdt-" + strings.Repeat("long-", 25)
	must(t, s.Add(name))
	config := filepath.Join(s.Path, name, "config")
	text, err := os.ReadFile(config)
	must(t, err)
	put(t, config, strings.Replace(string(text), "lxc.uts.name = "+name, "lxc.uts.name = long", 1))
	must(t, s.Start(name))
	a := newAdapter(t, Options{Paths: []string{s.Path}})
	if c := find(t, list(t, a), name); c.State != runtime.Running || c.InitPID <= 0 {
		t.Errorf("%+v", c)
	}
}

func TestNewRefusesWhatIsNoPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "")
	for _, path := range []string{file, file + "-gone", ""} {
		if _, err := New(Options{Paths: []string{path}}); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestCancelledListSaysSo(t *testing.T) {
	a := newAdapter(t, Options{Paths: []string{t.TempDir()}})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.List(ctx); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("%v", err)
	}
}

func TestOwnPathThatIsNotThereIsNoProblem(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	for _, given := range []bool{false, true} {
		a := newAdapter(t, Options{Paths: []string{t.TempDir()}})
		a.about.Paths, a.given = []string{gone}, given
		l, err := a.List(context.Background())
		if err != nil || (len(l.Problems) > 0) != given {
			t.Errorf("asked for %v: problems %v, %v", given, l.Problems, err)
		}
	}
}
