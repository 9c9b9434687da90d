package fake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// LogText is a log of a Spec.
type LogText struct {
	runtime.LogSource
	Text string
	// Every is how often a line is added while it is read, which More writes; 0 =
	// nothing is but by AppendLog.
	Every time.Duration
	More  func(n int, at time.Time) string
	last  time.Time // when the last one was added; zero = none was
	added int
}

// openLog is one that somebody has opened.
type openLog struct {
	name string
	f    *os.File
}

// Logs lists those of the spec.
func (r *Runtime) Logs(ctx context.Context, ref runtime.Ref) ([]runtime.LogSource, error) {
	if err := r.enter(ctx, Logs, ref); err != nil {
		return nil, &runtime.Error{Op: "logs", Ref: ref, Err: err}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return nil, &runtime.Error{Op: "logs", Ref: ref, Err: runtime.ErrNotFound}
	}
	all := make([]runtime.LogSource, 0, len(b.spec.Logs))
	for i := range b.spec.Logs {
		l := &b.spec.Logs[i]
		s := l.LogSource
		s.Size, s.Changed = runtime.Of(uint64(len(l.Text))), r.Now()
		all = append(all, s)
	}
	return all, nil
}

// OpenLog gives a file of its own with what the spec says; AppendLog adds to it.
func (r *Runtime) OpenLog(ctx context.Context, ref runtime.Ref, source runtime.LogSource) (*runtime.Log, error) {
	if err := r.enter(ctx, OpenLog, ref); err != nil {
		return nil, &runtime.Error{Op: "open log", Ref: ref, Err: err}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return nil, &runtime.Error{Op: "open log", Ref: ref, Err: runtime.ErrNotFound}
	}
	for i := range b.spec.Logs {
		l := &b.spec.Logs[i]
		if l.Name() != source.Name() {
			continue
		}
		if l.Why != "" {
			return nil, &runtime.Error{Op: "open log", Ref: ref, Err: fmt.Errorf("%w: %s", runtime.ErrPermission, l.Why)}
		}
		f, err := unnamed(l.Text)
		if err != nil {
			return nil, &runtime.Error{Op: "open log", Ref: ref, Err: err}
		}
		b.logs = append(b.logs, openLog{l.Name(), f})
		name := l.Name()
		open := func() (*os.File, error) {
			r.growLog(ref, name)
			return reopened(f)
		}
		return &runtime.Log{Open: open, Close: f.Close}, nil
	}
	return nil, &runtime.Error{Op: "open log", Ref: ref, Err: fmt.Errorf("%w: %s", runtime.ErrNoLog, source.Name())}
}

// AppendLog adds text to a log of a container, for all who have it open too. One that
// is not there is made: a path inside, or liblxc's.
func (r *Runtime) AppendLog(ref runtime.Ref, name, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return &runtime.Error{Op: "append log", Ref: ref, Err: runtime.ErrNotFound}
	}
	if !slices.ContainsFunc(b.spec.Logs, func(l LogText) bool { return l.Name() == name }) {
		source := runtime.LogSource{Kind: runtime.LogLXC, Path: "/var/log/lxc/" + ref.Name + ".log"}
		if path.IsAbs(name) {
			source = runtime.LogSource{Kind: runtime.LogFile, Path: name}
		}
		b.spec.Logs = append(b.spec.Logs, LogText{LogSource: source})
	}
	b.appendLog(name, text)
	return nil
}

// growLog adds the lines that are due.
func (r *Runtime) growLog(ref runtime.Ref, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.boxes[ref]
	if !ok {
		return
	}
	for i := range b.spec.Logs {
		l := &b.spec.Logs[i]
		if l.Name() != name || l.Every <= 0 {
			continue
		}
		now := r.Now()
		if l.last.IsZero() {
			l.last = now
		}
		var text strings.Builder
		for k := 0; now.Sub(l.last) >= l.Every && k < mostDue; k++ {
			l.last = l.last.Add(l.Every)
			text.WriteString(l.More(l.added, l.last))
			l.added++
		}
		b.appendLog(name, text.String())
	}
}

// mostDue is how many lines are added at once at most.
const mostDue = 1000

func (b *box) appendLog(name, text string) {
	if text == "" {
		return
	}
	for i := range b.spec.Logs {
		if l := &b.spec.Logs[i]; l.Name() == name {
			l.Text += text
		}
	}
	for _, o := range b.logs {
		if o.name == name {
			_, _ = o.f.WriteString(text) // one that was closed has nobody to miss it
		}
	}
}

// unnamed is a file that no name leads to.
func unnamed(text string) (*os.File, error) {
	f, err := os.CreateTemp("", "lxcdeck-log")
	if err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	err = os.Remove(f.Name())
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err != nil {
		return nil, fmt.Errorf("write log: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}

// reopened is the same file with an offset of its own.
func reopened(f *os.File) (*os.File, error) {
	again, err := os.Open("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		return nil, fmt.Errorf("open log again: %w", err)
	}
	return again, nil
}
