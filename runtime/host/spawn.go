package host

// spawn starts the only kind of goroutine this package has: one whose panic
// does not end a process that holds the terminal. What it left undone is a
// figure that is absent.
func spawn(f func()) {
	go func() {
		defer func() { _ = recover() }()
		f()
	}()
}
