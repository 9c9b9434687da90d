// Package trend remembers the figures of containers and of the host for a day,
// in memory that is bounded from the beginning: rings of cells of several
// lengths, which all are filled from the readings themselves.
//
// A cell holds the mean over the time that was read of it, and from five
// seconds on the lowest and the highest figure that was read, so that a spike
// stays. A mean is weighted by time: that of a counter's rate is the counter's
// growth by the time in which it grew, however irregular the readings were.
// Where nothing was read there is a gap. Cells that are looked at as one count
// the same, only the newest by how much of it was read so far.
//
// Places are told by the monotonic clock (see package time): a wall clock that
// is set moves no cell. What it showed at an instant is kept beside.
package trend
