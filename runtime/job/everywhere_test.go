package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/job"
)

// runner runs a function in the place of a container.
type runner func(ctx context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error)

func (f runner) Exec(ctx context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
	return f(ctx, sh, std)
}

func refs(n int) (out []runtime.Ref) {
	for i := range n {
		out = append(out, runtime.Ref{Path: "/p", Name: fmt.Sprintf("c%02d", i)})
	}
	return out
}

func everywhere(ctx context.Context, f runner, n int, limit time.Duration) []job.Answer {
	out := make([]job.Answer, n)
	job.Everywhere(ctx, f, refs(n), runtime.Shell{Command: []string{"id"}}, limit, nil, func(i int, a job.Answer) { out[i] = a })
	return out
}

func TestEverywhere(t *testing.T) {
	var now, most atomic.Int32
	answers := everywhere(t.Context(), func(_ context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		time.Sleep(2 * time.Millisecond)
		_, err := fmt.Fprintf(std.Out, "%s\n", sh.Ref.Name)
		_, err2 := fmt.Fprintf(std.Err, "and %s\n", sh.Command[0])
		return runtime.Exit{Code: 3}, errors.Join(err, err2)
	}, 20, 0)
	for i, a := range answers {
		if want := fmt.Sprintf("c%02d\nand id\n", i); string(a.Output) != want || a.Exit.Code != 3 || a.Err != nil || a.Took <= 0 {
			t.Errorf("%+v, want the output %q", a, want)
		}
	}
	if m := most.Load(); m > job.AtOnce || m < 2 {
		t.Errorf("%d at once", m)
	}
}

func TestEverywhereLimits(t *testing.T) {
	flood := strings.Repeat("x", job.MaxAnswer+10)
	answers := everywhere(t.Context(), func(ctx context.Context, sh runtime.Shell, std runtime.Stdio) (runtime.Exit, error) {
		switch sh.Ref.Name {
		case "c00":
			_, err := fmt.Fprint(std.Out, flood)
			return runtime.Exit{}, err
		case "c01":
			<-ctx.Done()
			return runtime.Exit{}, ctx.Err()
		default:
			return runtime.Exit{}, &runtime.Error{Op: "attach", Ref: sh.Ref, Err: runtime.ErrWrongState}
		}
	}, 3, 50*time.Millisecond)
	if a := answers[0]; len(a.Output) != job.MaxAnswer || !a.Cut || a.Err != nil {
		t.Errorf("a flood: %d bytes, cut %v, %v", len(a.Output), a.Cut, a.Err)
	}
	if a := answers[1]; !a.Late || !errors.Is(a.Err, runtime.ErrNoAnswer) || !strings.Contains(a.Err.Error(), "c01") ||
		!strings.Contains(a.Err.Error(), "the command did not end within 50ms") || strings.Contains(a.Err.Error(), "monitor") {
		t.Errorf("one that hangs: %+v", a)
	}
	if a := answers[2]; a.Late || !errors.Is(a.Err, runtime.ErrWrongState) {
		t.Errorf("one that fails: %+v", a)
	}
}

func TestEverywhereCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var ran atomic.Int32
	answers := everywhere(ctx, func(ctx context.Context, _ runtime.Shell, _ runtime.Stdio) (runtime.Exit, error) {
		if ran.Add(1) == job.AtOnce {
			cancel()
		}
		<-ctx.Done()
		return runtime.Exit{}, &runtime.Error{Op: "attach", Err: runtime.ErrCancelled}
	}, 12, 0)
	for _, a := range answers {
		if !errors.Is(a.Err, runtime.ErrCancelled) || a.Late {
			t.Errorf("%+v", a)
		}
	}
	if n := ran.Load(); n != job.AtOnce {
		t.Errorf("it ran in %d containers, %d of them after it was cancelled", n, n-job.AtOnce)
	}
}

func TestGrouped(t *testing.T) {
	r := refs(6)
	failed := func(ref runtime.Ref) error { return &runtime.Error{Op: "run", Ref: ref, Err: runtime.ErrNoAnswer} }
	groups := job.Grouped([]job.Answer{
		{Ref: r[5], Output: []byte("a\n")}, {Ref: r[1], Output: []byte("b\n")}, {Ref: r[2], Output: []byte("a\n")},
		{Ref: r[0], Output: []byte("a\n"), Exit: runtime.Exit{Code: 1}}, {Ref: r[3], Err: failed(r[3])}, {Ref: r[4], Err: failed(r[4])},
	})
	var got []string
	for _, g := range groups {
		names := ""
		for _, ref := range g.Refs {
			names += ref.Name + " "
		}
		got = append(got, fmt.Sprintf("%s%q %d %v", names, g.Answer.Output, g.Answer.Exit.Code, g.Answer.Err != nil))
	}
	want := []string{`c02 c05 "a\n" 0 false`, `c03 c04 "" 0 true`, `c00 "a\n" 1 false`, `c01 "b\n" 0 false`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q\nwant %q", got, want)
	}
}
