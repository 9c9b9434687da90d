package job

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"lxcdeck/runtime"
)

// How a command is run in many containers.
const (
	// AtOnce is how many containers it runs in side by side.
	AtOnce = 4
	// MaxAnswer is how much output of one container is kept, in bytes.
	MaxAnswer = 256 << 10
	// drainTime is how long output is still read after the command has ended:
	// what it left behind may hold the pipe for ever.
	drainTime = time.Second
)

// Answer is what a command came to in one container.
type Answer struct {
	Ref    runtime.Ref
	Exit   runtime.Exit
	Err    error         // it could not be run, or not to its end; Exit is then of no meaning
	Late   bool          // it was ended because its time was over
	Output []byte        // standard output and error as they came: foreign text
	Cut    bool          // there was more of it than MaxAnswer
	Took   time.Duration // from the start of the command in this container
}

// Runner is what Everywhere needs of a Runtime.
type Runner interface {
	Exec(context.Context, runtime.Shell, runtime.Stdio) (runtime.Exit, error)
}

// Everywhere runs one command in each of the containers, AtOnce of them side by
// side, each for at most limit (0 = as long as it takes), and tells each answer
// as it comes. ask is the command; its Ref does not count. begun says before that
// where it is run now, and may be nil; it and told are called one at a time. It
// returns when the last answer has been told; the context ends all that run, and
// the rest is told as cancelled.
func Everywhere(ctx context.Context, rt Runner, refs []runtime.Ref, ask runtime.Shell, limit time.Duration,
	begun func(i int), told func(i int, a Answer),
) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, AtOnce)
	for i, ref := range refs {
		slots <- struct{}{}
		tell := func(a Answer) {
			mu.Lock()
			defer mu.Unlock()
			told(i, a)
		}
		wg.Add(1)
		over := func(a Answer) {
			tell(a)
			<-slots
			wg.Done()
		}
		runtime.Spawn("command in a container", func(err error) { over(Answer{Ref: ref, Err: err}) }, func() {
			one := ask
			one.Ref = ref
			if begun != nil && ctx.Err() == nil {
				mu.Lock()
				begun(i)
				mu.Unlock()
			}
			over(answer(ctx, rt, one, limit))
		})
	}
	wg.Wait()
}

// late is how long a command had that did not end. It counts as ErrNoAnswer,
// whose words speak of the monitor, which has no part in it.
type late time.Duration

func (d late) Error() string { return "the command did not end within " + time.Duration(d).String() }

func (late) Unwrap() error { return runtime.ErrNoAnswer }

// answer runs the command in one container.
func answer(ctx context.Context, rt Runner, ask runtime.Shell, limit time.Duration) Answer {
	began := time.Now()
	a := Answer{Ref: ask.Ref}
	if ctx.Err() != nil {
		a.Err = &runtime.Error{Op: "run", Ref: ask.Ref, Err: runtime.ErrCancelled}
		return a
	}
	limited := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	r, w, err := os.Pipe()
	if err != nil {
		a.Err = &runtime.Error{Op: "run", Ref: ask.Ref, Err: err}
		return a
	}
	got := make(chan struct{})
	runtime.Spawn("output of a command", func(error) { close(got) }, func() {
		a.Output, a.Cut = collect(r)
		close(got)
	})
	a.Exit, a.Err = rt.Exec(limited, ask, runtime.Stdio{Out: w, Err: w})
	w.Close()
	// Read to the end of what the command itself has written, and no further.
	_ = r.SetReadDeadline(time.Now().Add(drainTime))
	<-got
	r.Close()
	a.Took = time.Since(began)
	if a.Err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		a.Late = true
		a.Err = &runtime.Error{Op: "run", Ref: ask.Ref, Err: late(limit),
			Hint: "Give it more time, or run it in a shell."}
	}
	return a
}

// collect reads what is kept, and goes on reading, so that the command does not
// wait for a reader.
func collect(r io.Reader) (out []byte, cut bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		keep := min(n, MaxAnswer-len(out))
		out = append(out, buf[:keep]...)
		cut = cut || keep < n
		if err != nil {
			return out, cut
		}
	}
}
