package cgroup

import (
	"bytes"
	"slices"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/cgroup/kernfile"
)

const (
	// maxLinks is how many interfaces are told apart; of more there are no rates
	// while they change.
	maxLinks = 256
	// maxIGMP is how much is read of where their indexes stand: a container may
	// listen to as many groups as it likes.
	maxIGMP = 256 << 10
)

// link is an interface as one reading found it.
type link struct {
	name  uint64 // FNV-1a
	index uint64 // 0 = not known
	net   runtime.Net
}

// links adds up what interfaces have moved from each reading to the next, as long
// as they are in both. Names do not tell, as a container gives others to its
// interfaces; the kernel's index does (if_nametoindex(3)). net/dev has none: it is
// looked up once, and when other names stand there.
type links struct {
	igmp    string // the path of net/igmp of the init
	now     []link
	spare   []link
	seen    bool // now is of a reading
	indexed bool // indexes were looked up for now
	sum     runtime.Net
}

// take reads net/dev; same says that the names are those of the reading before.
// What it gives is absent where no interface is known to be in both readings.
func (l *links) take(b []byte, same bool) runtime.Net {
	next := l.spare[:0]
	for lines := linesOfNet(b); ; {
		name, net, ok := lines.next()
		if !ok {
			break
		}
		if len(next) == maxLinks {
			l.seen, l.indexed = false, false
			return runtime.Net{}
		}
		next = append(next, link{name: nameOf(name), net: net})
	}
	old := l.now
	l.now, l.spare = next, old
	if !l.seen {
		zero := runtime.Of(0)
		l.seen, l.indexed, l.sum = true, false, runtime.Net{RxBytes: zero, TxBytes: zero, RxPackets: zero, TxPackets: zero}
		return l.sum
	}
	if same && len(next) == len(old) {
		for i := range next {
			next[i].index = old[i].index
			l.add(&old[i], &next[i])
		}
		if !l.indexed {
			l.lookUp()
		}
		return l.sum
	}
	known := l.indexed
	l.lookUp()
	matched := false
	for i := range next {
		at := slices.IndexFunc(old, func(x link) bool { return known && x.index != 0 && x.index == next[i].index })
		if at >= 0 {
			matched = true
			l.add(&old[at], &next[i])
		}
	}
	if !matched {
		return runtime.Net{}
	}
	return l.sum
}

// add takes what one interface has moved. What counts anew has moved nothing that
// is known.
func (l *links) add(a, b *link) {
	for _, x := range [...]struct{ sum, from, to *runtime.Value }{
		{&l.sum.RxBytes, &a.net.RxBytes, &b.net.RxBytes}, {&l.sum.TxBytes, &a.net.TxBytes, &b.net.TxBytes},
		{&l.sum.RxPackets, &a.net.RxPackets, &b.net.RxPackets}, {&l.sum.TxPackets, &a.net.TxPackets, &b.net.TxPackets},
	} {
		if d := kernfile.Less(*x.to, *x.from); !d.Absent() {
			*x.sum = kernfile.Plus(*x.sum, d)
		}
	}
}

// lookUp finds the indexes of what is there now in /proc/PID/net/igmp, which has a
// line "2	eth0      : 1 V3" for each interface and others, indented, for groups.
func (l *links) lookUp() {
	l.indexed = true
	fd, err := openAt(unix.AT_FDCWD, l.igmp)
	if err != nil {
		return
	}
	defer closeAll(fd)
	text := make([]byte, 0, 4096)
	for len(text) < maxIGMP {
		text = slices.Grow(text, 4096)
		n, err := unix.Read(fd, text[len(text):cap(text)])
		if err != nil || n == 0 {
			break
		}
		text = text[:len(text)+n]
	}
	for len(text) > 0 {
		var line []byte
		line, text = kernfile.Line(text)
		if len(line) == 0 || line[0] < '0' || line[0] > '9' {
			continue
		}
		word, rest := kernfile.Word(line)
		name, _, _ := bytes.Cut(rest, []byte{':'})
		name, _ = kernfile.Word(name)
		index, ok := kernfile.Exact(word)
		if !ok {
			continue
		}
		hash := nameOf(name)
		for i := range l.now {
			if l.now[i].name == hash {
				l.now[i].index = index.Or(0)
			}
		}
	}
}

// nameOf is a name as a number (FNV-1a).
func nameOf(name []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range name {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
