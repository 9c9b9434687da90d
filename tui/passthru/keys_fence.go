package passthru

// Fence discards what still comes from the terminal after a zoom: answers to
// the container's questions, mouse reports, releases of keys. The caller sends
// DA1 (CSI c) when it has left and discards all up to the answer; keys typed
// meanwhile are lost. A terminal that does not answer within 200 ms never will.
//
// The answer could be one to the container, which may have asked the same a
// moment before: Pending says how many of those are still to come, which is what
// Filter.Asked and Keys.Answered differ by.
type Fence struct {
	Pending int

	state fenceState
}

type fenceState uint8

const (
	fenceText fenceState = iota
	fenceEscape
	fenceCSI
	fenceAnswer // after CSI ?
	fenceDone
)

// Feed takes what was read. done says that the answer is complete; rest is what
// came after it.
func (f *Fence) Feed(src []byte) (rest []byte, done bool) {
	for i, c := range src {
		if f.state == fenceDone {
			return src[i:], true
		}
		f.feed(c)
	}
	return nil, f.state == fenceDone
}

func (f *Fence) feed(c byte) {
	switch {
	case c == 0x1b:
		f.state = fenceEscape
	case f.state == fenceEscape && c == '[':
		f.state = fenceCSI
	case f.state == fenceCSI && c == '?':
		f.state = fenceAnswer
	case f.state == fenceAnswer && (c >= '0' && c <= '9' || c == ';'):
	case f.state == fenceAnswer && c == 'c':
		if f.state = fenceText; f.Pending <= 0 {
			f.state = fenceDone
		}
		f.Pending--
	default:
		f.state = fenceText
	}
}
