package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/runtime/lxctest"
)

const lxcpath = "/var/lib/lxc"

// box is one container, as its config says.
type box struct {
	name   string
	auto   bool
	order  int
	delay  int
	groups []string
	state  runtime.State
}

func boxes() []box {
	return []box{
		{"lxcdt-a", true, 5, 3, nil, runtime.Stopped},
		{"lxcdt-b", true, 10, 0, nil, runtime.Stopped},
		{"lxcdt-c", true, 0, 0, nil, runtime.Stopped},
		{"lxcdt-d", false, 7, 0, nil, runtime.Stopped},
		{"lxcdt-e", true, 1, 0, []string{"web"}, runtime.Stopped},
		{"lxcdt-f", true, 2, 9, []string{"db", "web"}, runtime.Stopped},
		{"lxcdt-g", false, 0, 0, []string{"web"}, runtime.Stopped},
		{"lxcdt-h", true, -1, 0, []string{"onboot"}, runtime.Stopped},
		{"lxcdt-i", true, 5, 0, nil, runtime.Stopped},
		{"lxcdt-j", true, -4, 0, []string{"web"}, runtime.Stopped},
		{"lxcdt-B", true, 5, 0, nil, runtime.Stopped},
		{"lxcdt-run", true, 4, 0, nil, runtime.Running},
	}
}

func containers(all []box) []runtime.Container {
	var out []runtime.Container
	for _, b := range all {
		out = append(out, runtime.Container{
			Ref: runtime.Ref{Path: lxcpath, Name: b.name}, State: b.state,
			Config: &runtime.Config{Autostart: b.auto, Order: b.order, Delay: time.Duration(b.delay) * time.Second, Groups: b.groups},
		})
	}
	return out
}

// list is a plan as lxc-autostart --list prints it.
func list(plan []BootStep) string {
	var b strings.Builder
	for _, s := range Steps(plan) {
		fmt.Fprintf(&b, "%s %d\n", s.Ref.Name, s.Delay/time.Second)
	}
	return b.String()
}

// The order is lxc-autostart's own, on real containers.
func TestPlanIsThatOfLxcAutostart(t *testing.T) {
	if _, err := exec.LookPath("lxc-autostart"); err != nil {
		t.Skip("LEFT OUT: lxc-autostart is not installed")
	}
	s := lxctest.New(t)
	for _, b := range boxes() {
		auto := 0
		if b.auto {
			auto = 1
		}
		lines := []string{fmt.Sprint("lxc.start.auto = ", auto), fmt.Sprint("lxc.start.order = ", b.order), fmt.Sprint("lxc.start.delay = ", b.delay)}
		for _, g := range b.groups {
			lines = append(lines, "lxc.group = "+g)
		}
		if err := s.Add(b.name, lines...); err != nil {
			t.Fatal(err)
		}
		if b.state == runtime.Running {
			if err := s.Start(b.name); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A directory that is no container, which liblxc passes over too.
	if err := os.Mkdir(filepath.Join(s.Path, "lxcdt-none"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		nil, {"-g", "web"}, {"-g", "db,web"}, {"-g", "web,db"}, {"-g", "web,"}, {"-g", "web,db,"}, {"-g", "db", "-g", "web"},
		{"-a"}, {"-A"}, {"-A", "-g", "web"}, {"-a", "-A"}, {"-g", ""}, {"-g", "nope"}, {"-g", "WEB"}, {"-g", "onboot,web,"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var out, errs bytes.Buffer
			cmd := exec.Command("lxc-autostart", append([]string{"-P", s.Path, "-L"}, args...)...)
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %s", err, errs.String())
			}
			if got := list(BootPlan(containers(boxes()), query(args))); got != out.String() {
				t.Errorf("the plan is\n%sand lxc-autostart's\n%s", got, out.String())
			}
		})
	}
}

func query(args []string) BootQuery {
	var q BootQuery
	var groups []string
	for i, a := range args {
		switch a {
		case "-a":
			q.All = true
		case "-A":
			q.IgnoreAuto = true
		case "-g":
			groups = append(groups, args[i+1])
		}
	}
	if groups != nil {
		q.Groups = ParseGroups(groups)
	}
	return q
}

// What stands behind an empty group counts, as the man page says.
func TestNothingIsLostBehindAnEmptyGroup(t *testing.T) {
	for args, want := range map[string]string{
		",web":    "c B a i b | j e f",
		"db,,web": "f | c B a i b | j e",
	} {
		var names []string
		last := "?"
		for _, s := range Steps(BootPlan(containers(boxes()), BootQuery{Groups: ParseGroups([]string{args})})) {
			if last != "?" && s.Group != last {
				names = append(names, "|")
			}
			last = s.Group
			names = append(names, strings.TrimPrefix(s.Ref.Name, "lxcdt-"))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("-g %s: %s, want %s", args, got, want)
		}
	}
}

func TestWhatIsLeftOutSaysWhy(t *testing.T) {
	uid := 1000
	all := containers(boxes())
	edit := func(name string, f func(*runtime.Container)) {
		i := slices.IndexFunc(all, func(c runtime.Container) bool { return c.Name == name })
		f(&all[i])
	}
	edit("lxcdt-a", func(c *runtime.Container) { c.Lock = &runtime.LockInfo{By: "ann", Why: "disk"} })
	edit("lxcdt-b", func(c *runtime.Container) { c.Config, c.Foreign = nil, &uid })
	edit("lxcdt-c", func(c *runtime.Container) { c.State, c.NoAnswerSince = runtime.Unknown, time.Now() })
	edit("lxcdt-i", func(c *runtime.Container) {
		c.Config, c.Problem = nil, &runtime.Error{Op: "load config", Ref: c.Ref, Err: runtime.ErrConfig}
	})
	got := map[string]string{}
	for _, s := range BootPlan(all, BootQuery{}) {
		got[strings.TrimPrefix(s.Ref.Name, "lxcdt-")] = s.Why
	}
	want := map[string]string{
		"B": "", "a": "locked by ann: disk", "b": "its configuration belongs to uid 1000 and was not read", "c": "its monitor does not answer",
		"d": "lxc.start.auto is not 1", "i": runtime.ErrConfig.Error(), "run": "it is RUNNING",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("plan = %v\nwant   %v", got, want)
	}
}

func hostOf(all []box) *fake.Runtime {
	var specs []fake.Spec
	for _, c := range containers(all) {
		specs = append(specs, fake.Spec{Container: c})
	}
	return fake.New(fake.Options{Paths: []string{lxcpath}}, specs...)
}

func TestRunGoesOnAfterFailuresAndWaits(t *testing.T) {
	rt := hostOf([]box{
		{"a", true, 1, 1, nil, runtime.Stopped}, {"b", true, 2, 100, nil, runtime.Stopped},
		{"c", true, 3, 100, nil, runtime.Stopped}, {"d", true, 4, 100, nil, runtime.Stopped},
	})
	plan := BootPlan(containers([]box{
		{"a", true, 1, 1, nil, runtime.Stopped}, {"b", true, 2, 100, nil, runtime.Stopped},
		{"c", true, 3, 100, nil, runtime.Stopped}, {"d", true, 4, 100, nil, runtime.Stopped},
	}), BootQuery{})
	broken := errors.New("no bridge")
	rt.Fail(fake.Do, runtime.Ref{Path: lxcpath, Name: "b"}, fake.Fault{Err: broken})
	rt.Become(runtime.Ref{Path: lxcpath, Name: "c"}, runtime.Running) // another was faster
	var words []string
	began := time.Now()
	err := RunBoot(t.Context(), rt, plan, BootOptions{Timeout: 7 * time.Second, Told: func(w BootWord) {
		words = append(words, fmt.Sprint(w.Step, w.Of, " ", w.Began, w.Other, w.Err != nil, " ", w.Wait))
	}})
	if took := time.Since(began); took < time.Second || took > 50*time.Second {
		t.Errorf("it took %v: only the first delay is waited", took)
	}
	if !errors.Is(err, broken) || strings.Count(err.Error(), "\n") != 0 {
		t.Errorf("error = %v", err)
	}
	want := []string{
		"0 4 true false false 0s", "0 4 false false false 1s", "1 4 true false false 0s", "1 4 false false true 0s",
		"2 4 true false false 0s", "2 4 false true false 0s", "3 4 true false false 0s", "3 4 false false false 0s",
	}
	if !slices.Equal(words, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(words, "\n"), strings.Join(want, "\n"))
	}
	for _, q := range rt.Requests() {
		if q.Op != runtime.Start || q.Timeout != 7*time.Second {
			t.Errorf("request %+v", q)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	all := []box{{"a", true, 1, 1000, nil, runtime.Stopped}, {"b", true, 2, 0, nil, runtime.Stopped}}
	rt := hostOf(all)
	ctx, cancel := context.WithCancel(t.Context())
	err := RunBoot(ctx, rt, BootPlan(containers(all), BootQuery{}), BootOptions{Told: func(w BootWord) {
		if w.Wait > 0 {
			cancel()
		}
	}})
	if !errors.Is(err, runtime.ErrCancelled) || !strings.Contains(err.Error(), "1 of 2 were not started") {
		t.Errorf("error = %v", err)
	}
	if len(rt.Requests()) != 1 {
		t.Errorf("%d starts", len(rt.Requests()))
	}
}
