package metrics

import (
	"fmt"
	"runtime/debug"
)

// spawn starts every goroutine of this room, so that a panic is an error of
// what failed.
func spawn(what string, failed func(error), f func()) {
	go func() {
		defer func() {
			if p := recover(); p != nil {
				failed(fmt.Errorf("%s: panic: %v\n%s", what, p, debug.Stack()))
			}
		}()
		f()
	}()
}
