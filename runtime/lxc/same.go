package lxc

import (
	"fmt"

	"lxcdeck/runtime"
)

// What a person has asked for is meant for the container that they saw: between a
// question and its answer somebody may have destroyed it, and made another one of
// its name.

// stillTheSame refuses a container that is another one than the request is about.
func stillTheSame(q *helperRequest) error {
	if q.Same == "" {
		return nil
	}
	// What is not there is refused by others, in their words.
	if id, err := handleOf(q.Ref.String()); err == nil && id != q.Same {
		return fmt.Errorf("%w: it is another container now, which got that name since", runtime.ErrWrongState)
	}
	return nil
}
