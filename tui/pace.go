package tui

import "time"

const (
	// unseenRate is how much a session that nobody looks at may write in a
	// second, beyond unseenBurst at once: what floods in the background then
	// waits for its terminal, instead of taking the processor from what is looked
	// at. Builds and logs are far below.
	unseenRate  = 1 << 20
	unseenBurst = 1 << 20
)

// pace slows down who reads too fast: a bucket that fills with time.
type pace struct {
	left int // bytes that may come at once
	at   time.Time
}

// wait is how long to wait after n bytes. Who does not wait owes nothing for it.
func (p *pace) wait(now time.Time, n int) time.Duration {
	p.left = min(unseenBurst, p.left+int(min(now.Sub(p.at), 2*time.Second)*unseenRate/time.Second))
	p.left = max(0, p.left)
	p.at = now
	if p.left -= n; p.left >= 0 {
		return 0
	}
	return time.Duration(-p.left) * time.Second / unseenRate
}
