package tui

import (
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
)

// sizer tells the program how large its terminal is. Bubble Tea 2.1.1 asks in a
// goroutine for each occasion (SIGWINCH, the terminal being given back), and
// the one that asked first may be the last to tell: the screen then keeps a size
// that is over. Here one goroutine does both, and Bubble Tea is not shown that
// its output is a terminal.
type sizer struct {
	out   *os.File
	env   []string
	asked chan struct{}  // one slot
	winch chan os.Signal // one slot
	done  chan struct{}
	begun chan struct{} // closed when the program has taken the size it began with
	begin func()        // closes it
}

func newSizer(out *os.File, env []string) *sizer {
	s := &sizer{
		out: out, env: env, asked: make(chan struct{}, 1), winch: make(chan os.Signal, 1),
		done: make(chan struct{}), begun: make(chan struct{}),
	}
	s.begin = sync.OnceFunc(func() { close(s.begun) })
	signal.Notify(s.winch, syscall.SIGWINCH)
	return s
}

// ask has the size told once more, changed or not.
func (s *sizer) ask() {
	select {
	case s.asked <- struct{}{}:
	default:
	}
}

// tell runs until end.
func (s *sizer) tell(send func(tea.Msg)) {
	begun := s.begun
	for {
		var winch <-chan os.Signal
		var asked <-chan struct{}
		if begun == nil {
			winch, asked = s.winch, s.asked
		}
		select {
		case <-begun:
			begun = nil
			continue
		case <-s.done:
			return
		case <-winch:
		case <-asked:
		}
		cols, rows := s.now()
		send(tea.WindowSizeMsg{Width: cols, Height: rows})
	}
}

func (s *sizer) end() {
	signal.Stop(s.winch)
	close(s.done)
}

// The largest size that Bubble Tea takes for one (screen.go); others it drops.
const (
	mostCells = 1 << 20
	mostSide  = 4096
)

// now is the size in cells. A terminal that does not know its own, as a serial
// line, or says what cannot be, has what COLUMNS and LINES say, else 80x24.
func (s *sizer) now() (cols, rows int) {
	if raw, err := s.out.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { // a terminal that is gone is noticed elsewhere
			cols, rows, _ = term.GetSize(fd)
		})
	}
	cols, rows = s.known(cols, "COLUMNS", 80), s.known(rows, "LINES", 24)
	if cols*rows > mostCells {
		return 80, 24
	}
	return cols, rows
}

func (s *sizer) known(n int, variable string, otherwise int) int {
	if n > 0 && n <= mostSide {
		return n
	}
	if n, err := strconv.Atoi(envValue(s.env, variable)); err == nil && n > 0 && n <= mostSide {
		return n
	}
	return otherwise
}
