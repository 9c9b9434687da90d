package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
	"lxcdeck/runtime/fake"
)

// boot is a host with containers that start in an order.
func boot() *fake.Runtime {
	box := func(name string, order int, delay time.Duration, groups ...string) fake.Spec {
		return fake.Spec{Container: runtime.Container{Ref: ref(name), State: runtime.Stopped, Config: &runtime.Config{
			Autostart: name != "off", Order: order, Delay: delay, Groups: groups}}}
	}
	return fake.New(fake.Options{Paths: []string{path}}, box("b", 2, 0), box("a", 1, time.Second), box("off", 0, 0), box("w", 0, 0, "web"))
}

func TestAutostart(t *testing.T) {
	for args, want := range map[string]string{
		"": "a b", "-g web": "w", "-g web,": "w a b", "-a": "w a b", "-A": "off a b", "--groups=nope": "",
	} {
		rt := boot()
		r := lxcdeck(t, rt, append([]string{"autostart"}, strings.Fields(args)...)...)
		var got []string
		for _, q := range rt.Requests() {
			got = append(got, q.Ref.Name)
		}
		if r.code != 0 || strings.Join(got, " ") != want || r.out != "" {
			t.Errorf("autostart %s: status %d, %q, started %v, want %s", args, r.code, r.out+r.err, got, want)
		}
		rt = boot()
		r = lxcdeck(t, rt, append([]string{"autostart", "-L"}, strings.Fields(args)...)...)
		if len(rt.Requests()) != 0 || r.code != 0 {
			t.Errorf("a dry run of %s: %+v, %d requests", args, r, len(rt.Requests()))
		}
	}
	r := lxcdeck(t, boot(), "autostart", "--dry-run")
	want := "START  NAME  GROUP  ORDER  WAIT AFTER  NOTE\n" +
		"    1  a     -          1          1s\n" +
		"    2  b     -          2          0s\n" +
		"    -  off   -          0          0s  left out: lxc.start.auto is not 1\n"
	if r.out != want {
		t.Errorf("dry run:\n%swant\n%s", r.out, want)
	}
	var all []map[string]any
	if r := lxcdeck(t, boot(), "autostart", "--dry-run", "--json"); json.Unmarshal([]byte(r.out), &all) != nil || len(all) != 3 ||
		all[0]["name"] != "a" || all[0]["delay_seconds"] != 1.0 || all[0]["left_out"] != nil || all[2]["start"] != false {
		t.Errorf("--json: %+v", r)
	}
	rt := boot()
	rt.Fail(fake.Do, ref("a"), fake.Fault{Err: errors.New("no bridge")})
	rt.Diagnosing(ref("a"), runtime.Diagnosis{Cause: "the bridge lxcbr0 is not there"})
	if r := lxcdeck(t, rt, "autostart"); r.code != 1 || strings.Count(r.err, "no bridge") != 1 || !strings.Contains(r.err, "cause: the bridge") || len(rt.Requests()) != 2 {
		t.Errorf("a failure: %+v, %d requests", r, len(rt.Requests()))
	}
}

func TestFailedStartIsDiagnosed(t *testing.T) {
	rt := testHost()
	rt.Fail(fake.Do, ref("db"), fake.Fault{Err: &runtime.Error{Op: "start", Ref: ref("db"), Err: errors.New("it did not start"), Hint: "Look at the log."}})
	rt.Diagnosing(ref("db"), runtime.Diagnosis{
		Cause: "the bridge lxcbr0 is not there", Detail: []string{"lxc.net.0.link = lxcbr0"}, Advice: "Enable lxc-net.", Log: []string{"one", "t\x1bwo"},
		Fix: &runtime.Fix{Title: "Enable lxc-net", Command: []string{"systemctl", "enable", "--now", "lxc net"}},
	})
	want := "lxcdeck: start db: it did not start\nlxcdeck: cause: the bridge lxcbr0 is not there\nlxcdeck:   lxc.net.0.link = lxcbr0\n" +
		"lxcdeck: liblxc: one\nlxcdeck: liblxc: t\\x1bwo\nlxcdeck: Enable lxc-net.\nlxcdeck: Enable lxc-net: systemctl enable --now 'lxc net'\n"
	if r := lxcdeck(t, rt, "start", "db"); r.code != 1 || r.err != want {
		t.Errorf("status %d\n%swant\n%s", r.code, r.err, want)
	}
	// What was refused needs no doctor.
	if lxcdeck(t, rt, "start", "web-1"); rt.Calls(fake.Survey) != 1 {
		t.Errorf("%d looks for a cause", rt.Calls(fake.Survey))
	}
	rt.Fail(fake.Survey, ref("db"), fake.Fault{Err: runtime.ErrUnsupported})
	if r := lxcdeck(t, rt, "start", "db"); r.err != "lxcdeck: start db: it did not start\nlxcdeck: Look at the log.\n" {
		t.Errorf("without a doctor: %s", r.err)
	}
}

func TestMissingBridgeIsSaid(t *testing.T) {
	rt := testHost()
	rt.SetChoices(runtime.Choices{Templates: choices().Templates, IDMapsWhy: "no line in /etc/subuid", Default: runtime.DefaultNet{Type: "veth", Link: "lxcbr0", Missing: true,
		Fix: &runtime.Fix{Title: "Enable lxc-net", Command: []string{"systemctl", "enable", "--now", "lxc-net"}}}})
	if r := lxcdeck(t, rt, "create", "new", "-t", "busybox"); r.code != 0 || !strings.Contains(r.err, "bridge lxcbr0") || !strings.Contains(r.err, "Enable lxc-net: systemctl enable") {
		t.Errorf("result = %+v", r)
	}
	if r := lxcdeck(t, rt, "create", "new2", "-t", "busybox", "--network", "none"); r.err != "" {
		t.Errorf("result = %+v", r)
	}
	if r := lxcdeck(t, rt, "create", "new3", "-t", "busybox", "--unprivileged"); r.code != 1 || !strings.Contains(r.err, "no line in /etc/subuid") {
		t.Errorf("result = %+v", r)
	}
}

func auditOf(t *testing.T, change func(*Options), rt runtime.Runtime, args ...string) []audit.Record {
	t.Helper()
	log := ""
	lxcdeckWith(t, rt, func(o *Options) {
		log = o.Audit
		if change != nil {
			change(o)
		}
	}, args...)
	all, err := audit.Read(log, 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatIsDoneIsWrittenDown(t *testing.T) {
	claim := func(o *Options) { o.Getenv = func(k string) string { return map[string]string{"SUDO_USER": "ann"}[k] } }
	all := auditOf(t, claim, testHost(), "start", "db", "nope")
	if len(all) != 4 || all[3].What != "start" || all[3].Name != "db" || all[3].SudoUser != "ann" || *all[2].OK != true || *all[0].OK != false {
		t.Errorf("records = %+v", all)
	}
	if all := auditOf(t, nil, testHost(), "--read-only", "start", "db"); all != nil {
		t.Errorf("read-only: %+v", all)
	}
	if all := auditOf(t, nil, testHost(), "ls"); all != nil {
		t.Errorf("ls: %+v", all)
	}
	if all := auditOf(t, nil, fake.New(fake.Options{Paths: []string{path}, Demo: true}), "start", "db"); all != nil {
		t.Errorf("demo: %+v", all)
	}
	r := lxcdeckWith(t, testHost(), func(o *Options) { o.Audit = "/proc/nope/audit.jsonl" }, "start", "db")
	if r.code != 0 || strings.Count(r.err, "this is not written down: audit log") != 1 {
		t.Errorf("an unwritable log: %+v", r)
	}
}

// A hang-up does not end what changes a container; that nobody saw its end is
// written down.
func TestHangUpIsSurvived(t *testing.T) {
	log := filepath.Join(t.TempDir(), "state", "audit.jsonl")
	d := &deck{log: audit.New(audit.Options{Path: log})}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	ctx, stop := d.working(cmd)
	defer stop()
	rt := audit.Wrap(testHost(), d.log)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		_ = rt.Do(ctx, runtime.Request{Op: runtime.Lock, Ref: ref("db")})
		all, err := audit.Read(log, 1)
		if err != nil {
			t.Fatal(err)
		}
		if all[0].Unattended {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the log does not hear of the hang-up")
		}
	}
	if ctx.Err() != nil {
		t.Errorf("the work was ended: %v", ctx.Err())
	}
}

func TestInterruptEndsABoot(t *testing.T) {
	box := func(name string, order int) fake.Spec {
		return fake.Spec{Container: runtime.Container{Ref: ref(name), State: runtime.Stopped, Config: &runtime.Config{
			Autostart: true, Order: order, Delay: 1000 * time.Second}}}
	}
	rt := fake.New(fake.Options{Paths: []string{path}}, box("a", 1), box("b", 2), box("c", 3))
	rt.Fail(fake.Do, ref("a"), fake.Fault{Err: errors.New("no bridge")})
	got := make(chan result, 1)
	go func() { got <- lxcdeck(t, rt, "autostart") }()
	for end := time.Now().Add(time.Minute); len(rt.Requests()) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the second does not begin")
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.code != 1 || strings.Count(r.err, "no bridge") != 1 || !strings.Contains(r.err, "autostart: cancelled: 1 of 3 were not tried") || len(rt.Requests()) != 2 {
		t.Errorf("result = %+v, %d requests", r, len(rt.Requests()))
	}
}

func TestLsShowsLocks(t *testing.T) {
	rt := testHost()
	rt.Set(ref("db"), runtime.Changed, func(s *fake.Spec) {
		s.Lock = &runtime.LockInfo{By: "ann", Why: "disk\x1b[2J", Since: start}
	})
	if r := lxcdeck(t, rt, "ls", "db"); !strings.Contains(r.out, "locked by ann since 2026-03-01") || !strings.Contains(r.out, `: disk\x1b[2J`) {
		t.Errorf("ls = %q", r.out)
	}
	rt.Set(ref("web-1"), runtime.Changed, func(s *fake.Spec) { s.Lock = &runtime.LockInfo{} })
	if r := lxcdeck(t, rt, "ls", "--json", "web-1"); !strings.Contains(r.out, `"lock":{"by":"","why":"","since":null}`) {
		t.Errorf("a lock that says nothing: %q", r.out)
	}
	if r := lxcdeck(t, rt, "ls", "--json", "db"); !strings.Contains(r.out, `"lock":{"by":"ann","why":"disk\u001b[2J","since":"2026-03-01T12:00:00Z"}`) {
		t.Errorf("ls --json = %q", r.out)
	}
}
