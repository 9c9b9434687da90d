package cgroup

// spawn starts the only kind of goroutine this package has: one whose panic
// does not end a process that holds the terminal. It is not told of: what f
// does is only a help, and what it left undone is done by its caller, where a
// panic is seen.
func spawn(f func()) {
	go func() {
		defer func() { _ = recover() }()
		f()
	}()
}
