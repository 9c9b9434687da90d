package tui

import (
	"strings"
	"testing"
	"time"
)

// A panic in the emulator ends the program: it leaves no lock behind for which
// the loop, or the end, would wait.
func TestPanicOfAnEmulatorIsTold(t *testing.T) {
	d, s, _ := inShell(t, 80, 24)
	sh := d.m.shells.shown()
	sh.mu.Lock()
	good := sh.term
	sh.term = nil
	sh.mu.Unlock()
	s.Feed([]byte("x"))
	told := func() bool {
		for end := time.After(patience); ; {
			select {
			case msg := <-d.msgs:
				if c, ok := msg.(crashMsg); ok {
					return strings.Contains(c.err.Error(), "shell reader")
				}
			case <-end:
				return false
			}
		}
	}
	if !told() {
		t.Fatal("nobody learns of the panic")
	}
	free := make(chan struct{})
	go func() {
		sh.zoomBy(nil)
		close(free)
	}()
	select {
	case <-free:
	case <-time.After(patience / 10):
		t.Fatal("the session is locked for ever")
	}
	sh.mu.Lock()
	sh.term = good
	sh.mu.Unlock()
}
