package metrics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lxcdeck/runtime"
)

// question is one that may never be answered, such as statfs(2) on a file system
// whose server is gone. It belongs to the collection under way.
type question[T any] struct {
	out chan reply[T] // nil = nothing is asked
}

type reply[T any] struct {
	got T
	err error
}

// grace is how much longer than its context a call may take to notice the end.
const grace = 200 * time.Millisecond

// ask waits for the answer, but not for ever. While an older call is still out
// there is no other and no wait; what that one says in the end is too old.
func (q *question[T]) ask(what string, limit time.Duration, call func(context.Context) (T, error)) (got T, err error) {
	if q.out != nil {
		select {
		case <-q.out:
		default:
			return got, fmt.Errorf("%s: %w: the call before is still out", what, errNoAnswer)
		}
	}
	out := make(chan reply[T], 1)
	q.out = out
	runtime.Spawn(what, func(err error) { out <- reply[T]{err: err} }, func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		var r reply[T]
		r.got, r.err = call(ctx)
		out <- r
	})
	late := time.NewTimer(limit + grace)
	defer late.Stop()
	select {
	case r := <-out:
		q.out = nil
		return r.got, r.err
	case <-late.C:
		return got, fmt.Errorf("%s: %w within %v", what, errNoAnswer, limit)
	}
}

// errNoAnswer is what a question ends with that was not answered in time.
var errNoAnswer = errors.New("no answer")
