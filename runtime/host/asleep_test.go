package host

import (
	"testing"
	"time"
)

// TestAsleep: what is told does not change while the host is awake, nor by how long
// it takes to be told.
func TestAsleep(t *testing.T) {
	first := asleep(0)
	for range 200 {
		if now := asleep(first); (now - first).Abs() > 2*sleepApart {
			t.Fatalf("asleep for %v, then for %v", first, now)
		}
		time.Sleep(time.Millisecond)
	}
}
