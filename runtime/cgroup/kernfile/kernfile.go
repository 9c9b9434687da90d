// Package kernfile has what it takes to read the kernel's text files (/proc,
// cgroups) from held-open descriptors without allocating: a buffer and the
// parts of parsers. They all follow one rule: what is not wholly understood,
// or does not fit, is absent, and ok says so.
package kernfile

import (
	"bytes"
	"math/bits"

	"lxcdeck/runtime"
)

// Digits reads a decimal number at the start of b; ok is false when there is
// none or when it does not fit.
func Digits(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(b[i]-'0'), 0)
		if hi != 0 || carry != 0 {
			return 0, nil, false
		}
		n = sum
	}
	return n, b[i:], i > 0
}

// Word cuts the first blank-separated word of a line off.
func Word(b []byte) (w, rest []byte) {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	j := i
	for j < len(b) && b[j] != ' ' && b[j] != '\t' && b[j] != '\n' {
		j++
	}
	return b[i:j], b[j:]
}

// Line cuts the first line off.
func Line(b []byte) (l, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// Exact is a word that is a number and nothing else.
func Exact(w []byte) (runtime.Value, bool) {
	n, rest, ok := Digits(w)
	if !ok || len(rest) != 0 {
		return runtime.Value{}, false
	}
	return runtime.Of(n), true
}

// Times multiplies a number; absent when it does not fit.
func Times(v runtime.Value, by uint64) runtime.Value {
	n, ok := v.Get()
	if !ok {
		return v
	}
	hi, lo := bits.Mul64(n, by)
	if hi != 0 {
		return runtime.Value{}
	}
	return runtime.Of(lo)
}

// Plus adds two numbers; absent when one is, or when the sum does not fit.
func Plus(a, b runtime.Value) runtime.Value {
	x, okx := a.Get()
	y, oky := b.Get()
	sum, carry := bits.Add64(x, y, 0)
	if !okx || !oky || carry != 0 {
		return runtime.Value{}
	}
	return runtime.Of(sum)
}

// Less subtracts, with 0 as the smallest result; absent when one is.
func Less(a, b runtime.Value) runtime.Value {
	x, okx := a.Get()
	y, oky := b.Get()
	if !okx || !oky {
		return runtime.Value{}
	}
	return runtime.Of(x - min(x, y))
}

// Keyed walks the "key value" lines of a flat keyed file (cgroup-v2.rst).
// Lines that are not of that form are passed over.
type Keyed struct{ Rest []byte }

// Next gives the next pair; ok is false at the end.
func (k *Keyed) Next() (key []byte, v runtime.Value, ok bool) {
	for len(k.Rest) > 0 {
		var l []byte
		l, k.Rest = Line(k.Rest)
		key, tail := Word(l)
		w, tail := Word(tail)
		if v, good := Exact(w); good && len(tail) == 0 {
			return key, v, true
		}
	}
	return nil, runtime.Value{}, false
}
