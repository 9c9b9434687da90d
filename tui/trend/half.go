package trend

import "math"

// Figures are kept in 16 bits: 6 of exponent and 10 of mantissa, so that each
// is within 0.05 % of what was read. 0 is a gap and 1 is nought, or less than
// 2^-7; the highest is above 2^56. The order is that of the figures.
const (
	gap       = 0
	nought    = 1
	lowest    = 2
	dropBits  = 23 - 10         // of float32's mantissa (IEEE 754)
	bias      = (127 - 7) << 10 // the code of 2^-7 in float32, shortened
	leastKept = 1.0 / (1 << 7)
)

// pack is a figure in 16 bits, rounded to the nearest.
func pack(f float64) uint16 {
	switch {
	case math.IsNaN(f):
		return gap
	case f < leastKept:
		return nought
	case f > 1<<56:
		f = 1 << 56
	}
	b := math.Float32bits(float32(f)) + 1<<(dropBits-1)
	return uint16(b>>dropBits - bias + lowest)
}

// unpack gives the figure; NaN for a gap.
func unpack(c uint16) float64 {
	switch c {
	case gap:
		return math.NaN()
	case nought:
		return 0
	}
	return float64(math.Float32frombits((uint32(c) - lowest + bias) << dropBits))
}
