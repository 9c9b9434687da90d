package archive

import (
	"fmt"
	"runtime/debug"
)

// spawn starts the only kind of goroutine this room has: one whose panic becomes
// an error that failed is told.
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
