package kernfile

import (
	"bytes"

	"lxcdeck/runtime"
)

// Pressure reads a pressure file (Documentation/accounting/psi.rst):
//
//	some avg10=0.12 avg60=0.00 avg300=0.00 total=837
//	full avg10=0.00 avg60=0.00 avg300=0.00 total=42
//
// A line that is not there or garbled leaves its Stall absent; ok is false
// when the "some" line is. It allocates nothing.
func Pressure(b []byte) (p runtime.Pressure, ok bool) {
	for len(b) > 0 {
		var l []byte
		l, b = Line(b)
		kind, l := Word(l)
		switch string(kind) {
		case "some":
			p.Some, ok = stall(l)
		case "full":
			p.Full, _ = stall(l)
		}
	}
	return p, ok
}

func stall(l []byte) (s runtime.Stall, ok bool) {
	avg, total := false, false
	for {
		var w []byte
		if w, l = Word(l); len(w) == 0 {
			break
		}
		if t, is := bytes.CutPrefix(w, []byte("avg10=")); is {
			s.Avg10, avg = Decimal(t)
		} else if t, is := bytes.CutPrefix(w, []byte("total=")); is {
			s.Total, total = Exact(t)
		}
	}
	if !avg || !total {
		return runtime.Stall{}, false
	}
	return s, true
}

// Decimal reads "12.34".
func Decimal(b []byte) (float64, bool) {
	whole, rest, ok := Digits(b)
	if !ok {
		return 0, false
	}
	v := float64(whole)
	if len(rest) == 0 {
		return v, true
	}
	if rest[0] != '.' || len(rest) > 10 {
		return 0, false
	}
	frac, tail, ok := Digits(rest[1:])
	if !ok || len(tail) != 0 {
		return 0, false
	}
	scale := 1.0
	for range len(rest) - 1 {
		scale *= 10
	}
	return v + float64(frac)/scale, true
}
