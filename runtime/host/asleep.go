package host

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// sleepTries is how often two clocks are read until it was done at once, and
	// sleepApart how far apart they may be read for that.
	sleepTries = 3
	sleepApart = 100 * time.Millisecond
)

// asleep is by how much CLOCK_BOOTTIME is before CLOCK_MONOTONIC, which stands still
// while the host is suspended (clock_gettime(2)); before, where it was told already
// and the clocks could not be read at once.
func asleep(before time.Duration) time.Duration {
	least, found := time.Duration(-1), before
	for range sleepTries {
		var at [3]unix.Timespec
		for i, clock := range [...]int32{unix.CLOCK_MONOTONIC, unix.CLOCK_BOOTTIME, unix.CLOCK_MONOTONIC} {
			if unix.ClockGettime(clock, &at[i]) != nil {
				return before
			}
		}
		apart := time.Duration(at[2].Nano() - at[0].Nano())
		if least < 0 || apart < least {
			least, found = apart, time.Duration(at[1].Nano()-at[2].Nano()).Round(sleepApart)
		}
		if least <= sleepApart {
			return found
		}
	}
	if before != 0 {
		return before
	}
	return found
}
