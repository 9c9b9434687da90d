package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// worker is a Runtime whose operations tell what a test wants.
type worker struct {
	runtime.Runtime
	work func(ctx context.Context, q runtime.Request) error
}

func (w worker) Do(ctx context.Context, q runtime.Request) error { return w.work(ctx, q) }
func (worker) Close() error                                      { return nil }

func says(texts ...string) worker {
	return worker{testHost(), func(_ context.Context, q runtime.Request) error {
		for _, s := range texts {
			q.Progress(runtime.Progress{Output: []byte(s)})
		}
		return nil
	}}
}

func TestTemplateOutput(t *testing.T) {
	texts := []string{"one\n\xe6", "\x9d", "\xb1\x1b[2J\r", "50%\rdone\t\x00\xff"}
	whole := strings.Join(texts, "")
	if r := lxcdeck(t, says(texts...), "create", "a", "-t", "x", "--network", "none"); r.code != 0 || r.out != whole || r.err != "" {
		t.Errorf("to a file: %+v, want every byte", r)
	}
	if r := lxcdeck(t, says(texts...), "create", "a", "-t", "x", "-q", "--network", "none"); r.code != 0 || r.out != "" || r.err != "" {
		t.Errorf("--quiet: %+v", r)
	}
	if r := lxcdeck(t, says(texts...), "clone", "db", "b"); r.code != 0 || r.out != "" || r.err != "" {
		t.Errorf("clone: %+v", r)
	}
	o := onTty(t, says(texts...), nil, "create", "a", "-t", "x", "--network", "none")
	o.want("one\r\n東\\x1b[2J\r50%\rdone\t\\x00\\xff\r\n") // the terminal makes \r\n of \n
	if code := o.wait(); code != 0 || strings.Contains(string(o.all), "\x1b[2J") {
		t.Errorf("status %d, shown %q", code, o.all)
	}
}

func TestFailureShowsTheLastLines(t *testing.T) {
	w := says()
	w.work = func(_ context.Context, q runtime.Request) error {
		q.Progress(runtime.Progress{Output: []byte(strings.Repeat("line\n", 30) + "rsync: \x1b[31mno space\nlast")})
		return &runtime.Error{Op: "clone", Ref: q.Ref, Err: errors.New("rsync failed")}
	}
	r := lxcdeck(t, w, "clone", "db", "b")
	if r.code != 1 || strings.Count(r.err, "| line") != lastLines-2 || !strings.Contains(r.err, `| rsync: \x1b[31mno space`) || !strings.HasSuffix(r.err, "| last\nlxcdeck: clone db: rsync failed\n") {
		t.Errorf("result = %+v", r)
	}
}

// tty is a run of the command line on a terminal.
type tty struct {
	*onTerminal
	code chan int
}

func onTty(t *testing.T, rt runtime.Runtime, change func(*Options), args ...string) *tty {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Cols: 60, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	o := &tty{&onTerminal{t: t, master: master, seen: make(chan []byte, 1024)}, make(chan int, 1)}
	go func() {
		defer close(o.seen)
		for {
			p := make([]byte, 4096)
			n, err := master.Read(p)
			if err != nil {
				return
			}
			o.seen <- p[:n]
		}
	}()
	go func() {
		opts := Options{
			Args: args, Stdin: slave, Stdout: slave, Stderr: slave, Audit: filepath.Join(t.TempDir(), "state", "audit.jsonl"),
			Getenv: func(k string) string { return map[string]string{"TERM": "xterm"}[k] },
			Open:   func([]string, bool, bool) (runtime.Runtime, error) { return rt, nil },
		}
		if change != nil {
			change(&opts)
		}
		o.code <- Main(context.Background(), opts)
	}()
	t.Cleanup(func() { _, _ = slave.Close(), master.Close() })
	return o
}

func (o *tty) wait() int {
	select {
	case code := <-o.code:
		return code
	case <-time.After(time.Minute):
		o.t.Fatal("it does not end")
		return -1
	}
}

func TestProgressIsOneLineOnATerminal(t *testing.T) {
	next := make(chan struct{})
	w := says()
	w.work = func(_ context.Context, q runtime.Request) error {
		q.Progress(runtime.Progress{Step: "copying \x1b[31mroot", Done: 256 << 20, Total: 1 << 30})
		<-next
		q.Progress(runtime.Progress{Step: "counting", Done: 3, Total: 9, Unit: "files"})
		<-next
		return nil
	}
	o := onTty(t, w, nil, "clone", "db", "b")
	o.want("\rdb: copying \\x1b[31mroot  25%  256M of 1.0G  0:0")
	o.want("\x1b[K")
	next <- struct{}{}
	o.want("\rdb: counting  33%  3 of 9 files  0:0")
	next <- struct{}{}
	o.want("\r\x1b[K")
	if code := o.wait(); code != 0 || strings.Contains(string(o.all), "\n") {
		t.Errorf("status %d, %q", code, o.all)
	}
}

func TestNoProgressOnADumbTerminal(t *testing.T) {
	w := says()
	w.work = func(_ context.Context, q runtime.Request) error {
		q.Progress(runtime.Progress{Step: "copying", Done: 1, Total: 2})
		time.Sleep(2 * quiet)
		return nil
	}
	o := onTty(t, w, func(o *Options) { o.Getenv = func(string) string { return "dumb" } }, "clone", "db", "b")
	if code := o.wait(); code != 0 || len(o.all)+len(o.seen) != 0 {
		t.Errorf("status %d, something was shown", code)
	}
}

// Nobody reads standard output any more: the container is made all the same.
func TestOutputThatNobodyTakes(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	w := says("one\n", "two\n")
	done := make(chan int, 1)
	go func() {
		done <- Main(t.Context(), Options{
			Args: []string{"create", "a", "-t", "x", "--network", "none"}, Stdin: devNull(t), Stdout: full, Stderr: devNull(t),
			Getenv: func(string) string { return "" }, Open: func([]string, bool, bool) (runtime.Runtime, error) { return w, nil },
			Audit: filepath.Join(t.TempDir(), "state", "audit.jsonl"),
		})
	}()
	if code := <-done; code != 0 {
		t.Errorf("status %d", code)
	}
}

// A terminal that is held (ctrl+s), or a pipe that nobody reads, makes the work
// wait, but not whoever cancels it.
func TestCancelWhileNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan struct{})
	rt := says()
	rt.work = func(ctx context.Context, q runtime.Request) error {
		for i := 0; ctx.Err() == nil; i++ {
			q.Progress(runtime.Progress{Output: make([]byte, 4096)})
			if i == 500 {
				close(told)
			}
		}
		return &runtime.Error{Op: "create", Ref: q.Ref, Err: runtime.ErrCancelled}
	}
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, Options{
			Args: []string{"create", "a", "-t", "x"}, Stdin: devNull(t), Stdout: w, Stderr: devNull(t),
			Getenv: func(string) string { return "" }, Open: func([]string, bool, bool) (runtime.Runtime, error) { return rt, nil },
			Audit: filepath.Join(t.TempDir(), "state", "audit.jsonl"),
		})
	}()
	<-told
	cancel()
	select {
	case code := <-done:
		if code != exitFailed {
			t.Errorf("status %d", code)
		}
	case <-time.After(time.Minute):
		t.Fatal("it hangs")
	}
}

// ctrl+c cancels, and the runtime takes back what it had begun.
func TestInterruptCancels(t *testing.T) {
	rt := fake.New(fake.Options{Paths: []string{path}})
	rt.SetChoices(choices())
	rt.Fail(fake.Do, ref("a"), fake.Fault{Stuck: true})
	done := make(chan int, 1)
	go func() {
		done <- Main(context.Background(), Options{
			Args: []string{"create", "a", "-t", "x"}, Stdin: devNull(t), Stdout: devNull(t), Stderr: devNull(t),
			Getenv: func(string) string { return "" }, Open: func([]string, bool, bool) (runtime.Runtime, error) { return keep{rt}, nil },
			Audit: filepath.Join(t.TempDir(), "state", "audit.jsonl"),
		})
	}()
	for end := time.Now().Add(time.Minute); len(rt.Requests()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing begins")
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-done:
		if _, made := rt.Get(ref("a")); code != exitFailed || made {
			t.Errorf("status %d, made %v", code, made)
		}
	case <-time.After(time.Minute):
		t.Fatal("it hangs")
	}
}
