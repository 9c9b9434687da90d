package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestRunPassesOutputAndStatusOn(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		out  string
		err  string
	}{
		{"run job --from db --rm -- echo hello", 0, "hello\n", ""},
		{"run job --from db --rm -- sh -c exit\t7", 7, "", ""},
		{"run job --from db --rm -- sh -c echo\tout;nosuch", 127, "out\n", "sh: nosuch: not found (this is a demo; try help)\n"},
		{"run job --from db -- /nosuch", 127, "", "lxcdeck: job: cannot run /nosuch: no such file or directory\n"},
		{"run job --from db --rm -- hostname", 0, "job\n", ""},
	} {
		var words []string
		for _, w := range strings.Fields(strings.ReplaceAll(tt.args, "\t", "\x00")) {
			words = append(words, strings.ReplaceAll(w, "\x00", " "))
		}
		rt := testHost()
		r := lxcdeck(t, rt, words...)
		if r.code != tt.code || r.out != tt.out || r.err != tt.err {
			t.Errorf("%s: %+v", tt.args, r)
		}
		if _, ok := rt.Get(ref("job")); ok {
			t.Errorf("%s: its container is left", tt.args)
		}
	}
	rt := testHost()
	if r := lxcdeck(t, rt, "run", "job", "--from", "db", "--", "false"); r.code != 1 || r.err != "" {
		t.Errorf("%+v", r)
	}
	if c, ok := rt.Get(ref("job")); !ok || c.State != runtime.Stopped {
		t.Errorf("it was to be kept: %v, %s", ok, c.State)
	}
}

// Bytes are neither cleaned nor counted in lines where no terminal is.
func TestRunIsBinaryClean(t *testing.T) {
	rt := testHost()
	all := "\x1b]0;x\a\x00\xff\r\n\xe2\x82"
	r := lxcdeckWith(t, onRun{Runtime: rt, say: func(tell func(runtime.Progress)) runtime.Exit {
		for i := range len(all) {
			tell(runtime.Progress{Output: []byte(all[i : i+1]), Stderr: i%2 == 1})
		}
		return runtime.Exit{Code: 255}
	}}, nil, "run", "job", "--from", "db", "--", "x")
	var out, err string
	for i := range len(all) {
		if i%2 == 0 {
			out += all[i : i+1]
		} else {
			err += all[i : i+1]
		}
	}
	if r.code != 255 || r.out != out || r.err != err {
		t.Errorf("%+v", r)
	}
}

// onRun is a Runtime whose runs are scripted.
type onRun struct {
	runtime.Runtime
	say func(tell func(runtime.Progress)) runtime.Exit
}

func (r onRun) Do(_ context.Context, q runtime.Request) error {
	exit := r.say(q.Progress)
	q.Progress(runtime.Progress{Exit: &exit})
	return nil
}

// On a terminal what a command writes passes the filter, as that of a shell does.
func TestRunOnATerminalIsFiltered(t *testing.T) {
	o := startOnTerminal(t, onRun{Runtime: testHost(), say: func(tell func(runtime.Progress)) runtime.Exit {
		tell(runtime.Progress{Output: []byte("\x1b]52;c;aGk=\a\x1b[31mred\x1b[m and \x1b]0;title\aplain\r\n")})
		return runtime.Exit{Code: 9}
	}}, "run", "job", "--from", "db", "--", "x")
	o.want("\x1b[31mred\x1b[m and plain")
	o.exit(9)
}

func TestRunIsEndedByASignal(t *testing.T) {
	rt := testHost()
	done := make(chan result, 1)
	go func() {
		done <- lxcdeck(t, rt, "run", "job", "--from", "db", "--rm", "--", "sh", "-c", "sleep 1000; sleep 1000")
	}()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if c, ok := rt.Get(ref("job")); ok && c.State == runtime.Running {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it does not run")
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r := <-done
	if r.code != 137 || !strings.Contains(r.err, "cancelled") {
		t.Errorf("%+v", r)
	}
	if _, ok := rt.Get(ref("job")); ok {
		t.Error("its container is left")
	}
}

// A reader that has had enough ends the command, as SIGPIPE would.
func TestRunWhoseReaderIsGone(t *testing.T) {
	rt := testHost()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	read.Close()
	r := lxcdeckWith(t, rt, func(o *Options) { o.Stdout = write }, "run", "job", "--from", "db", "--rm", "--", "sh", "-c", "echo x; sleep 1000; sleep 1000; sleep 1000")
	if r.code != 137 || r.err != "" {
		t.Errorf("%+v", r)
	}
	if _, ok := rt.Get(ref("job")); ok {
		t.Error("its container is left")
	}
}

// A command that went well whose output was lost did not go well.
func TestRunWhoseOutputIsLost(t *testing.T) {
	deaf, err := os.Open(os.DevNull) // it was not opened for writing
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	for _, status := range []string{"0", "7"} {
		r := lxcdeckWith(t, testHost(), func(o *Options) { o.Stdout = deaf }, "run", "job", "--from", "db", "--rm", "--", "sh", "-c", "echo x; exit "+status)
		if r.code != 125 || !strings.Contains(r.err, "not all it wrote could be passed on") {
			t.Errorf("%s: %+v", status, r)
		}
	}
}

// One output that takes nothing more does not silence the other.
func TestRunWhoseOutputIsLostTellsItsErrors(t *testing.T) {
	deaf, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	r := lxcdeckWith(t, onRun{Runtime: testHost(), say: func(tell func(runtime.Progress)) runtime.Exit {
		tell(runtime.Progress{Output: []byte("out\n")})
		tell(runtime.Progress{Output: []byte("its own word\n"), Stderr: true})
		return runtime.Exit{}
	}}, func(o *Options) { o.Stdout = deaf }, "run", "job", "--from", "db", "--", "x")
	if r.code != 125 || !strings.HasPrefix(r.err, "its own word\n") || !strings.Contains(r.err, "not all it wrote could be passed on") {
		t.Errorf("%+v", r)
	}
}

// A reader that had enough when the command was over has not got all of it: no
// status of the command's own.
func TestRunWhoseReaderIsGoneAtItsEnd(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	read.Close()
	r := lxcdeckWith(t, onRun{Runtime: testHost(), say: func(tell func(runtime.Progress)) runtime.Exit {
		tell(runtime.Progress{Output: []byte("out\n")})
		return runtime.Exit{}
	}}, func(o *Options) { o.Stdout = write }, "run", "job", "--from", "db", "--", "x")
	if r.code != 125 || r.err != "" {
		t.Errorf("%+v", r)
	}
}

func TestCheckpointAndResumeVerbs(t *testing.T) {
	rt := testHost()
	if r := lxcdeck(t, rt, "checkpoint", "web-1", "/srv/images"); r.code != 0 || r.err != "" {
		t.Fatalf("%+v", r)
	}
	if c, _ := rt.Get(ref("web-1")); c.State != runtime.Stopped {
		t.Errorf("it is %s", c.State)
	}
	if r := lxcdeck(t, rt, "resume", "web-1", "/srv/images"); r.code != 0 || r.err != "" {
		t.Fatalf("%+v", r)
	}
	if c, _ := rt.Get(ref("web-1")); c.State != runtime.Running {
		t.Errorf("it is %s", c.State)
	}
	rt.Fail(fake.Do, ref("web-1"), fake.Fault{Err: &runtime.Error{Op: "checkpoint", Ref: ref("web-1"), Err: errors.New("liblxc: failed"), Log: "criu's word\nanother\x1b[2J", Hint: "Do this."}})
	r := lxcdeck(t, rt, "checkpoint", "web-1", "/srv/more")
	if r.code != 1 || !strings.Contains(r.err, "criu's word") || !strings.Contains(r.err, "Do this.") || strings.ContainsRune(r.err, '\x1b') {
		t.Errorf("%+v", r)
	}
}
