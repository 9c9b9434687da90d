package runtime

import (
	"fmt"
	"runtime/debug"
)

// Spawn starts a goroutine whose panic becomes an error that failed is told, instead of
// the end of a process that holds the terminal. failed runs in the dying goroutine and
// must not block. It is how rooms below this one start all of theirs.
func Spawn(what string, failed func(error), f func()) {
	go func() {
		defer func() {
			if p := recover(); p != nil {
				failed(fmt.Errorf("%s: panic: %v\n%s", what, p, debug.Stack()))
			}
		}()
		f()
	}()
}
