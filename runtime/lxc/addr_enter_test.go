package lxc

import (
	"errors"
	"os"
	"os/exec"
	goruntime "runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestVisitors(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root may enter a network namespace")
	}
	v := newVisitors()
	// Once more after the threads have gone, or while they rest.
	for range 3 {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				pid, want := os.Getpid(), error(nil)
				if i%10 == 7 {
					pid, want = 1<<30, unix.ESRCH
				}
				w := &visit{pid: pid, done: make(chan struct{})}
				v.open([]*visit{w})
				<-w.done
				n, err := w.ns, w.err
				if (err == nil) != (want == nil) {
					t.Errorf("visit of %d: %v, want %v", pid, err, want)
				}
				if err == nil {
					if !n.known || !alive(n.pidfd) {
						t.Errorf("%+v", n)
					}
					closeAll([]int{n.sock, n.pidfd})
				}
			}()
		}
		wg.Wait()
		within(t, "the threads end", func() bool {
			v.mu.Lock()
			defer v.mu.Unlock()
			return v.running == 0 && v.resting == 0 && len(v.queue) == 0 && len(v.wake) == 0
		})
	}
}

// TestEnterByPath: what kernels before 5.8 need.
func TestEnterByPath(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root may enter a network namespace")
	}
	cmd := exec.Command("/bin/cat")
	in, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	pidfd, err := unix.PidfdOpen(cmd.Process.Pid, 0)
	must(t, err)
	defer closeAll([]int{pidfd})
	enter := func() error {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread() // it is this process's own namespace
		return enterByPath(cmd.Process.Pid, pidfd)
	}
	must(t, enter())
	must(t, in.Close())
	must(t, cmd.Wait())
	if err := enter(); !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENOENT) {
		t.Errorf("an ended process was entered: %v", err)
	}
}
