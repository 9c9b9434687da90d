package drive

import (
	"sync"
	"time"
)

// Link is the way between program and terminal, as ssh over a slow line makes
// it: what the program writes is taken at once, whatever the line carries, and
// lies between the two until its turn.
type Link struct {
	Rate int           // bytes a second from program to terminal
	Trip time.Duration // there and back

	mu   sync.Mutex
	lies int // bytes that were written and have not arrived
	most int // the most that ever lay
}

// Most is the most bytes that lay between program and terminal since the last call.
func (l *Link) Most() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.most
	l.most = l.lies
	return n
}

// parcel is what is under way, and when it arrives.
type parcel struct {
	at   time.Time
	text []byte
}

// under way may be this many parcels, more than any test makes.
const parcels = 1 << 16

// carry gives one end of a way: what is sent there arrives in order, after the
// time of one trip, at rate bytes a second (0 = at once). It ends with done.
func (l *Link) carry(rate int, done <-chan struct{}, arrive func([]byte)) (send func([]byte)) {
	way := make(chan parcel, parcels)
	free := time.Now() // when the line has carried all that was sent
	go func() {
		for {
			select {
			case p := <-way:
				time.Sleep(time.Until(p.at))
				arrive(p.text)
			case <-done:
				return
			}
		}
	}()
	return func(b []byte) {
		const piece = 256
		for len(b) > 0 {
			n := min(piece, len(b))
			free = later(free, time.Now())
			if rate > 0 {
				free = free.Add(time.Duration(n) * time.Second / time.Duration(rate))
			}
			way <- parcel{free.Add(l.Trip / 2), append([]byte(nil), b[:n]...)}
			b = b[n:]
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// lay counts bytes that were sent, or have arrived when n is negative.
func (l *Link) lay(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lies += n
	l.most = max(l.most, l.lies)
}
