package trend

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// newCells gives room for n figures outside of Go's heap: they hold no
// pointers, and what is in the heap the collector lets grow to its double
// before it looks. Pages take memory when they are written to: a line grows as
// its day goes on. Where there is no mapping to be had the heap has to do.
func newCells(n int) ([]uint16, []byte) {
	back, err := unix.Mmap(-1, 0, 2*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]uint16, n), nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(&back[0])), n), back // a mapping begins with a page
}

// free gives the memory back. The line is empty after that, and stays so.
func (l *Line) free() {
	l.cells = nil
	l.clear()
	if l.back == nil {
		return
	}
	back := l.back
	l.back = nil
	// What cannot be unmapped is not ours: there is nothing else to give back.
	_ = unix.Munmap(back)
}
