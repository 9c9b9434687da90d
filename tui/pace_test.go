package tui

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	var p pace
	now := noon
	if d := p.wait(now, unseenBurst); d != 0 {
		t.Fatalf("the first burst waits %v", d)
	}
	if d := p.wait(now, unseenRate/10); d.Round(time.Millisecond) != 100*time.Millisecond {
		t.Fatalf("a tenth more waits %v", d)
	}
	// In the long run the rate holds, and a rest fills the bucket again.
	total := 0
	for start := now; now.Sub(start) < 20*time.Second; {
		total += 64 << 10
		now = now.Add(p.wait(now, 64<<10) + time.Microsecond)
	}
	if rate := total / 20; rate < unseenRate*9/10 || rate > unseenRate*12/10 {
		t.Errorf("%d bytes a second", rate)
	}
	// Nothing is owed for what was not waited for.
	for range 1000 {
		p.wait(now, 64<<10)
	}
	if d := p.wait(now, 64<<10); d > 100*time.Millisecond {
		t.Errorf("waits %v for what was looked at", d)
	}
	now = now.Add(time.Hour)
	if d := p.wait(now, unseenBurst); d != 0 {
		t.Errorf("after a rest a burst waits %v", d)
	}
}
