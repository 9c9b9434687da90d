package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestEveryVerbOnEveryState(t *testing.T) {
	for _, info := range runtime.Ops() {
		if info.Kind != runtime.OnState {
			continue
		}
		for _, from := range []runtime.State{runtime.Stopped, runtime.Running, runtime.Frozen} {
			t.Run(info.Name+" "+from.String(), func(t *testing.T) {
				rt := testHost()
				ref := runtime.Ref{Path: path, Name: "web-1"}
				rt.Become(ref, from)
				r := lxcdeck(t, rt, info.Name, "web-1")
				c, _ := rt.Get(ref)
				if info.Op.Accepts(from) {
					if r.code != 0 || r.out+r.err != "" || c.State != info.To {
						t.Errorf("status %d, %q, it is %s; want 0, silence, %s", r.code, r.out+r.err, c.State, info.To)
					}
					return
				}
				if r.code != 3 || c.State != from || !strings.Contains(r.err, info.Name+" web-1: wrong state: it is "+from.String()) {
					t.Errorf("status %d, %q, it is %s; want 3 and nothing done", r.code, r.err, c.State)
				}
			})
		}
	}
}

func TestUnfreezeIsThaw(t *testing.T) {
	rt := testHost()
	ref := runtime.Ref{Path: path, Name: "web-1"}
	rt.Become(ref, runtime.Frozen)
	if r := lxcdeck(t, rt, "unfreeze", "-n", "web-1"); r.code != 0 {
		t.Errorf("result = %+v", r)
	}
	if c, _ := rt.Get(ref); c.State != runtime.Running {
		t.Errorf("it is %s", c.State)
	}
}

func TestAllNamesAreTriedAndTheHighestCounts(t *testing.T) {
	tests := []struct {
		names string
		want  int
	}{
		{"db", 0},
		{"db db", 0},
		{"web-1", 3},
		{"nope", 4},
		{"web-1 db nope", 4},
		{"nope web-1 db", 4},
		{"a/b db", 2},
		{"../etc db", 2},
	}
	for _, tt := range tests {
		rt := testHost()
		r := lxcdeck(t, rt, append([]string{"start"}, strings.Fields(tt.names)...)...)
		if r.code != tt.want {
			t.Errorf("start %s: status %d (%s), want %d", tt.names, r.code, r.err, tt.want)
		}
		if c, _ := rt.Get(runtime.Ref{Path: path, Name: "db"}); strings.Contains(tt.names, "db") && c.State != runtime.Running {
			t.Errorf("start %s: db is %s, want it tried in spite of the others", tt.names, c.State)
		}
	}
}

func TestReadOnlyRefuses(t *testing.T) {
	for _, info := range runtime.Ops() {
		if info.Kind != runtime.OnState {
			continue
		}
		rt := testHost()
		r := lxcdeck(t, rt, "--read-only", info.Name, "web-1")
		if r.code != 3 || !strings.Contains(r.err, "read-only") || len(rt.Requests()) != 0 {
			t.Errorf("%s: %+v, %d requests reached the runtime", info.Name, r, len(rt.Requests()))
		}
	}
	if r := lxcdeck(t, testHost(), "--read-only", "shell", "web-1", "--", "true"); r.code != 125 || !strings.Contains(r.err, "read-only") {
		t.Errorf("shell: %+v", r)
	}
	if r := lxcdeck(t, testHost(), "--read-only", "ls"); r.code != 0 {
		t.Errorf("ls: %+v", r)
	}
}

// What changes is refused whatever there is to do; what only shows it is not.
func TestReadOnlyRefusesThatThereIsNothingToDo(t *testing.T) {
	for args, want := range map[string]int{
		"autostart": 3, "autostart -a": 3, "autostart -A": 3, "autostart -g nope": 3,
		"autostart -a --dry-run": 0, "autostart -L -g nope": 0, "autostart --dry-run --json": 0,
		"unpack /nonexistent": 3, "unpack - --name new": 3, "unpack - --allow-config lxc.hook.start": 3,
	} {
		for host, rt := range map[string]*fake.Runtime{"none": fake.New(fake.Options{Paths: []string{path}}), "some": boot()} {
			r := lxcdeck(t, rt, append([]string{"--read-only"}, strings.Fields(args)...)...)
			if r.code != want || strings.Contains(r.err, "lxcdeck is read-only") != (want == 3) || len(rt.Requests()) != 0 {
				t.Errorf("%s, %s to be started: %+v, %d requests", args, host, r, len(rt.Requests()))
			}
			if strings.HasPrefix(args, "autostart") && want == 3 && (strings.Count(r.err, "\n") != 2 || !strings.Contains(r.err, "--dry-run shows")) {
				t.Errorf("%s: %q", args, r.err)
			}
		}
	}
}

func TestTimeoutReachesTheRequest(t *testing.T) {
	rt := testHost()
	lxcdeck(t, rt, "stop", "--timeout", "7s", "web-1")
	if q := rt.Requests(); len(q) != 1 || q[0].Timeout != 7*time.Second || q[0].Op != runtime.Stop || q[0].Expect != runtime.Unknown {
		t.Errorf("requests = %+v", q)
	}
	rt = testHost()
	rt.Fail(fake.Do, runtime.Ref{Path: path, Name: "web-1"}, fake.Fault{Stuck: true})
	if r := lxcdeck(t, rt, "stop", "--timeout", "10ms", "web-1"); r.code != 1 {
		t.Errorf("stuck: %+v", r)
	}
}

func TestCancelStopsTheRest(t *testing.T) {
	rt := testHost()
	rt.Fail(fake.Do, runtime.Ref{Path: path, Name: "web-1"}, fake.Fault{Stuck: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, Options{
			Args: []string{"stop", "web-1", "db"}, Stdin: devNull(t), Stdout: devNull(t), Stderr: devNull(t),
			Getenv: func(string) string { return "" },
			Open:   func([]string, bool, bool) (runtime.Runtime, error) { return rt, nil },
		})
	}()
	deadline := time.Now().Add(time.Minute)
	for len(rt.Requests()) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if code := <-done; code != 1 || len(rt.Requests()) != 1 {
		t.Errorf("status %d, %d requests; want 1 and 1", code, len(rt.Requests()))
	}
}

func TestErrorShowsWordsOfLiblxcAndHint(t *testing.T) {
	rt := testHost()
	rt.Fail(fake.Do, runtime.Ref{Path: path, Name: "db"}, fake.Fault{Err: &runtime.Error{
		Op: "start", Ref: runtime.Ref{Path: path, Name: "db"}, Err: errors.New("the container did not start"),
		Log: "network.c: no bridge \x1b]0;x\a\nstart.c: failed", Hint: "Make the bridge lxcbr0.",
	}})
	r := lxcdeck(t, rt, "start", "db")
	want := "lxcdeck: start db: the container did not start: network.c: no bridge \\x1b]0;x\\x07\n" +
		"lxcdeck: liblxc: network.c: no bridge \\x1b]0;x\\x07\nlxcdeck: liblxc: start.c: failed\nlxcdeck: Make the bridge lxcbr0.\n"
	if r.code != 1 || r.err != want {
		t.Errorf("status %d, errors %q; want 1, %q", r.code, r.err, want)
	}
}

func TestTimeoutMayStandBeforeTheVerb(t *testing.T) {
	rt := testHost()
	lxcdeck(t, rt, "--timeout", "7s", "stop", "web-1")
	if q := rt.Requests(); len(q) != 1 || q[0].Timeout != 7*time.Second {
		t.Errorf("requests = %+v", q)
	}
}
