package tui

import (
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
)

// What is told last is the size that the terminal has, however often it changes
// and whoever asks; and nothing is told before the program has its first size.
func TestSizeToldLastIsTheSizeNow(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), slave.Close() }()
	resize := func(cols, rows int) {
		if err := pty.Setsize(slave, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGWINCH); err != nil {
			t.Fatal(err)
		}
	}
	s := newSizer(slave, []string{"COLUMNS=7", "COLUMNS=90"})
	if cols, rows := s.now(); cols != 90 || rows != 24 {
		t.Errorf("a terminal without a size is %dx%d, want 90x24", cols, rows)
	}
	for _, odd := range [][2]int{{5000, 30}, {4000, 4000}} {
		resize(odd[0], odd[1])
		if cols, rows := s.now(); !(cols == 90 && rows == 30 || cols == 80 && rows == 24) {
			t.Errorf("a terminal of %v is %dx%d", odd, cols, rows)
		}
	}
	told := make(chan tea.WindowSizeMsg, 1000)
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.tell(func(msg tea.Msg) { told <- msg.(tea.WindowSizeMsg) })
	}()
	resize(100, 30)
	time.Sleep(20 * time.Millisecond)
	if len(told) != 0 {
		t.Errorf("told %v before the beginning", <-told)
	}
	s.begin()
	for i := range 200 {
		resize(80+i%30, 20+i%10)
		s.ask()
	}
	resize(101, 31)
	for end := time.After(patience); ; {
		select {
		case size := <-told:
			if size == (tea.WindowSizeMsg{Width: 101, Height: 31}) {
				s.end()
				<-over
				for len(told) > 0 {
					if last := <-told; last != size {
						t.Errorf("%v is told after %v", last, size)
					}
				}
				return
			}
		case <-end:
			t.Fatal("the last size is not told")
		}
	}
}
