package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// busyHost has a web server in web-1, which has hostile names.
func busyHost() (*fake.Runtime, int) {
	rt := testHost()
	ref := runtime.Ref{Path: path, Name: "web-1"}
	c, _ := rt.Get(ref)
	init := c.InitPID
	at := time.Unix(1700000000, 0)
	one := func(pid, ppid int, name, command string) runtime.Process {
		return runtime.Process{
			PID: pid, PPID: ppid, Inner: pid - init + 1, Begin: uint64(pid), Started: at, State: 'S', Threads: 2, UID: 100000, User: "ro\x1bot",
			Name: name, Command: command, CPU: runtime.Of(65e9), RSS: runtime.Of(5 << 20), Unit: "web.service", Cgroup: "/system.slice/web.service",
		}
	}
	rt.Set(ref, runtime.Edited, func(s *fake.Spec) {
		s.Processes = []runtime.Process{
			one(init, 1, "init", "/sbin/init"), one(init+1, init, "nginx", "nginx: \x1b]0;x\a master"), one(init+2, init+1, "nginx", "nginx: worker"), one(init+3, init, "cron", ""),
		}
		s.Processes[3].State, s.Processes[3].RSS, s.Processes[3].InnerUID = 'Z', runtime.Value{}, -1
	})
	return rt, init
}

func TestPs(t *testing.T) {
	rt, init := busyHost()
	r := lxcdeck(t, rt, "ps", "web-1")
	lines := strings.Split(strings.TrimRight(r.out, "\n"), "\n")
	if r.code != 0 || len(lines) != 5 || !strings.HasPrefix(strings.TrimSpace(lines[0]), "PID") || strings.ContainsAny(r.out, "\x1b\a") {
		t.Fatalf("%+v", r)
	}
	if f := strings.Fields(lines[2]); f[0] != fmt.Sprint(init+1) || f[1] != "2" || f[5] != "1:05" || f[6] != "5.0M" || f[8] != "web.service" {
		t.Errorf("%q", f)
	}
	if !strings.Contains(lines[4], "[cron] <defunct>") {
		t.Error(lines[4])
	}
	r = lxcdeck(t, rt, "ps", "-n", "web-1", "--tree", "--pss")
	if r.code != 0 || !strings.Contains(r.out, `/sbin/init`) || !strings.Contains(r.out, `\_ nginx: \x1b`) || !strings.Contains(r.out, `|  \_ nginx: worker`) || !strings.Contains(r.out, "3.8M") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "ps", "web-1", "--json")
	var all []map[string]any
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 4 {
		t.Fatalf("%v, %+v", err, r)
	}
	for key, want := range map[string]any{
		"path": path, "name": "web-1", "pid": float64(init + 1), "ppid": float64(init), "inner_pid": 2.0, "nesting": 0.0, "init": false, "state": "S", "threads": 2.0, "nice": 0.0,
		"uid": 100000.0, "inner_uid": 0.0, "user": "ro\x1bot", "host_user": nil, "cpu_seconds": 65.0, "rss_bytes": float64(5 << 20), "pss_bytes": nil,
		"started": "2023-11-14T22:13:20Z", "program": "nginx", "command": "nginx: \x1b]0;x\a master", "unit": "web.service", "cgroup": "/system.slice/web.service",
	} {
		if got := all[1][key]; got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if all[3]["inner_uid"] != nil || all[3]["rss_bytes"] != nil || len(all[1]) != 22 {
		t.Errorf("%v", all)
	}
	for args, want := range map[string]int{"ps": 2, "ps nope": 4, "ps db": 3, "ps web-1 nope": 4, "ps web-1 --tree --json": 2} {
		if r := lxcdeck(t, rt, strings.Fields(args)...); r.code != want {
			t.Errorf("%s: %+v, want %d", args, r, want)
		}
	}
}

func TestWho(t *testing.T) {
	rt, init := busyHost()
	r := lxcdeck(t, rt, "who", "80")
	if r.code != 0 || !strings.Contains(r.out, "web-1      tcp 0.0.0.0:80") || strings.ContainsAny(r.out, "\x1b\a") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "who", "pid "+fmt.Sprint(init+2), "--json")
	if r.code != 0 || !strings.Contains(r.out, `"name":"web-1"`) || !strings.Contains(r.out, `"monitor":false`) || strings.Contains(r.out, "socket") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "who", ":80", "--json")
	if !strings.Contains(r.out, `"socket":{"protocol":"tcp","address":"0.0.0.0","port":80}`) {
		t.Errorf("%+v", r)
	}
	for args, want := range map[string]int{"who": 2, "who x": 2, "who :9": 4, "who 80 :9": 4, "who 0": 2, "who :70000": 2, "who 80/tcp": 0, "who 80/udp": 4, "who port 80": 0, "who pid 80 port 80": 4, "who pid": 2, "who +80": 2} {
		if r := lxcdeck(t, rt, strings.Fields(args)...); r.code != want {
			t.Errorf("%s: %+v, want %d", args, r, want)
		}
	}
}

// TestOwnerRows: what is not of a listed container says whose it is as far as is known.
func TestOwnerRows(t *testing.T) {
	one, two := fake.New(fake.Options{Paths: []string{"/a"}}), fake.New(fake.Options{Paths: []string{"/a", "/b"}})
	d := &deck{rt: one}
	for cgroup, want := range map[string]string{"": "(this host)", "/lxc.payload.web/init.scope": "(web, not listed)"} {
		if row := d.ownerRow(&runtime.Owner{Process: runtime.Process{PID: 7, Name: "x", Cgroup: cgroup}}); row[0] != want {
			t.Errorf("%q: %q, want %q", cgroup, row[0], want)
		}
	}
	// Equal names in two lxcpaths are told apart, and can be typed as they stand.
	o := runtime.Owner{Ref: runtime.Ref{Path: "/b", Name: "x"}, Process: runtime.Process{PID: 7, Name: "x"}}
	for want, rt := range map[string]runtime.Runtime{"x": one, "/b/x": two} {
		d := &deck{rt: rt}
		if row, ps := d.ownerRow(&o), psRow(d.called(o.Ref), &o.Process, "x", true, false); row[0] != want || ps[0] != want {
			t.Errorf("%q and %q, want %q", row[0], ps[0], want)
		}
	}
}

func TestSignal(t *testing.T) {
	rt, init := busyHost()
	nginx := fmt.Sprint(init + 1)
	for _, c := range []struct {
		args, says string
		want       int
	}{
		{"signal", "needs the NAME", 2}, {"signal web-1", "needs the NAME", 2}, {"signal web-1 x", "no pid", 2}, {"signal web-1 -5", "", 2},
		{"signal web-1 " + nginx + " -s WHAT", "no signal", 2},
		{"signal web-1 " + nginx, "with --yes it is", 3}, {"signal web-1 99999 --yes", "no process 99999 on the host", 3},
		{"signal web-1 99 --inside --yes", "no process 99 inside", 3},
		{"signal web-1 2 --yes", "inside 2 is nginx: \\x1b]0;x\\x07 master: with --inside it is meant", 3},
		{"signal web-1 " + nginx + " --inside --yes", "on the host " + nginx + " is nginx: \\x1b]0;x\\x07 master: without --inside", 3}, {"signal db 5 --yes", "wrong state", 3}, {"signal nope 5 --yes", "no such container", 4},
		{"signal web-1 1 --inside --yes", "is the init of web-1", 3}, {"signal web-1 1 --inside --init -s KILL", "all in it ends at once", 3},
		{"--read-only signal web-1 " + nginx + " --yes", "read-only", 3},
	} {
		if r := lxcdeck(t, rt, strings.Fields(c.args)...); r.code != c.want || !strings.Contains(r.err, c.says) {
			t.Errorf("%s: %+v, want %d", c.args, r, c.want)
		}
	}
	if n := len(rt.Requests()); n != 0 {
		t.Fatalf("%d requests: %+v", n, rt.Requests())
	}
	if r := lxcdeck(t, rt, "signal", "web-1", "2", "--inside", "-s", "sighup", "--yes"); r.code != 0 || r.out+r.err != "" {
		t.Errorf("%+v", r)
	}
	want := runtime.SignalArgs{PID: init + 1, Begin: uint64(init + 1), Signal: int(syscall.SIGHUP), Name: "nginx", Inner: 2}
	if q := rt.Requests(); len(q) != 1 || *q[0].Args.(*runtime.SignalArgs) != want {
		t.Errorf("%+v", q)
	}
	if r := lxcdeck(t, rt, "signal", "web-1", fmt.Sprint(init), "--init", "-s", "9", "--yes"); r.code != 0 {
		t.Errorf("%+v", r)
	}
	if c, _ := rt.Get(runtime.Ref{Path: path, Name: "web-1"}); c.State != runtime.Stopped {
		t.Errorf("it is %s", c.State)
	}
}
