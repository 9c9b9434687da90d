package logfile

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// run is so many bytes of some kinds without another between them. A line without one
// cannot match a regular expression that needs it, and to see that takes far less than
// the expression does.
type run struct {
	set [256]bool
	n   int // bytes, 0 = nothing is needed
}

// maxKinds is how many ASCII characters a run may be made of: of more of them nearly
// every line has one. All other bytes count as one.
const maxKinds = 64

// maxRun is how long a run is taken for at most, so that the numbers of expressions
// within others do not overflow.
const maxRun = 1 << 10

// in says whether a line has such a run.
func (r *run) in(line []byte) bool {
	for last := r.n - 1; last < len(line); { // where the run would end
		i := last
		for i > last-r.n && r.set[line[i]] {
			i--
		}
		if i == last-r.n {
			return true
		}
		last = i + r.n
	}
	return false
}

// kinds is of how many kinds of bytes it may be made.
func (r *run) kinds() int {
	n := 0
	for b, may := range r.set {
		if may && b <= utf8.RuneSelf { // all beyond ASCII are in it, or none
			n++
		}
	}
	return n
}

// better says whether a run will be in fewer lines than another.
func (r *run) better(than *run) bool {
	if r.n == 0 || r.kinds() > maxKinds {
		return false
	}
	return than.n == 0 || r.n > than.n || r.n == than.n && r.kinds() < than.kinds()
}

// char adds a character, all of whose bytes may be in the run: of those that take
// several any may, as U+FFFD stands for what is no UTF-8 as well.
func (r *run) char(c rune) {
	if c < utf8.RuneSelf {
		r.set[c] = true
		return
	}
	for b := utf8.RuneSelf; b < len(r.set); b++ {
		r.set[b] = true
	}
}

// with is what two runs are together: both one behind the other, or one of them.
func (r run) with(other *run, both bool) run {
	for b, may := range other.set {
		r.set[b] = r.set[b] || may
	}
	if both {
		r.n = min(r.n+other.n, maxRun)
	} else {
		r.n = min(r.n, other.n)
	}
	return r
}

// wholeOf is a run that all of what an expression matches is.
func wholeOf(re *syntax.Regexp) (r run) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			r.char(c)
			for o := unicode.SimpleFold(c); re.Flags&syntax.FoldCase != 0 && o != c; o = unicode.SimpleFold(o) {
				r.char(o)
			}
		}
		r.n = min(len(re.Rune), maxRun)
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= min(re.Rune[i+1], utf8.RuneSelf); c++ {
				r.char(c)
			}
			r.char(re.Rune[i+1]) // for those that begin beyond ASCII
		}
		r.n = 1
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		for b := range r.set {
			r.set[b] = true
		}
		r.n = 1
	case syntax.OpCapture, syntax.OpPlus:
		return wholeOf(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest:
		r = wholeOf(re.Sub[0])
		r.n = 0
	case syntax.OpRepeat:
		r = wholeOf(re.Sub[0])
		r.n = min(r.n*re.Min, maxRun)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			one := wholeOf(sub)
			r = r.with(&one, true)
		}
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			one := wholeOf(sub)
			if i == 0 {
				r = one
			}
			r = r.with(&one, false)
		}
	}
	return r
}

// runOf is a run that is in everything that a regular expression matches.
func runOf(re *syntax.Regexp) run {
	best := run{}
	take := func(r run) {
		if r.better(&best) {
			best = r
		}
	}
	take(wholeOf(re))
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		take(runOf(re.Sub[0]))
	case syntax.OpRepeat:
		if re.Min > 0 {
			take(runOf(re.Sub[0]))
		}
	case syntax.OpConcat:
		whole := make([]run, len(re.Sub))
		for i, sub := range re.Sub {
			whole[i] = wholeOf(sub)
		}
		for i, sub := range re.Sub {
			take(runOf(sub))
			together := whole[i]
			for k := i + 1; k < min(len(whole), i+maxNeedles); k++ {
				together = together.with(&whole[k], true)
				take(together)
			}
		}
	}
	return best
}
