package logfile

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxPattern is how long a pattern may be, in bytes: one has to fit into a piece of
// a line with room to spare.
const maxPattern = 4 << 10

// Pattern is what is looked for within lines.
type Pattern struct {
	Text   string
	Fold   bool // upper and lower case are the same
	Regexp bool // Text is a regular expression, in RE2's syntax (regexp/syntax)
}

// Matcher finds a pattern. Several goroutines may use it at once.
type Matcher struct {
	re *regexp.Regexp // nil = the one needle is the pattern
	// needles are literals of which each match holds one at least; none = no such are
	// known, and each line has to be looked at.
	needles []needle
	run     run  // that each line has which matches; of use where there are no needles
	most    int  // bytes of the longest needle
	zeros   bool // a needle holds a zero byte: it may lie in a hole
}

// Compile makes a matcher. Errors wrap ErrPattern.
func (p Pattern) Compile() (*Matcher, error) {
	switch {
	case p.Text == "":
		return nil, fmt.Errorf("%w: it is empty", ErrPattern)
	case len(p.Text) > maxPattern:
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrPattern, maxPattern)
	case !p.Regexp && strings.Contains(p.Text, "\n"):
		return nil, fmt.Errorf("%w: it has several lines", ErrPattern)
	}
	m := &Matcher{}
	if p.Regexp {
		flags := syntax.Perl
		text := p.Text
		if p.Fold {
			flags |= syntax.FoldCase
			text = "(?i:" + text + ")"
		}
		// Parsed by itself first: so that it cannot close the bracket that is put
		// around it.
		tree, err := syntax.Parse(p.Text, flags)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPattern, err)
		}
		if m.re, err = regexp.Compile(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPattern, err)
		}
		if m.needles = needlesOf(tree); m.needles == nil {
			m.run = runOf(tree)
		}
	} else {
		m.needles = []needle{newNeedle(p.Text, p.Fold)}
	}
	for i := range m.needles {
		m.most = max(m.most, m.needles[i].size)
		m.zeros = m.zeros || m.needles[i].zero
	}
	return m, nil
}

// Match says whether a line holds the pattern.
func (m *Matcher) Match(line []byte) bool {
	if !m.holds(line) {
		return false
	}
	return m.re == nil || m.re.Match(line)
}

// holds says whether a line has what all that match have.
func (m *Matcher) holds(line []byte) bool {
	if len(m.needles) == 0 {
		return m.run.n == 0 || m.run.in(line)
	}
	for i := range m.needles {
		if m.needles[i].index(line) >= 0 {
			return true
		}
	}
	return false
}

// Spans are where the pattern stands in a line, for marking: pairs of the first
// byte and the one behind the last, at most so many.
func (m *Matcher) Spans(line []byte, most int) [][2]int {
	var out [][2]int
	if m.re != nil {
		if !m.holds(line) {
			return nil
		}
		for _, at := range m.re.FindAllIndex(line, most) {
			out = append(out, [2]int{at[0], at[1]})
		}
		return out
	}
	for at := 0; len(out) < most; {
		i := m.needles[0].index(line[at:])
		if i < 0 {
			break
		}
		out = append(out, [2]int{at + i, at + i + m.needles[0].size})
		at += i + m.needles[0].size
	}
	return out
}

// maxNeedles is how many literals of a regular expression are looked for at once.
const maxNeedles = 16

// needlesOf gives literals of which one at least is in everything that a regular
// expression matches; nil = it has no such.
func needlesOf(re *syntax.Regexp) []needle {
	switch re.Op {
	case syntax.OpLiteral:
		if n, ok := literal(re.Rune, re.Flags&syntax.FoldCase != 0); ok {
			return []needle{n}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return needlesOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needlesOf(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []needle
		for _, sub := range re.Sub {
			if got := needlesOf(sub); worth(got) > worth(best) {
				best = got
			}
		}
		return best
	case syntax.OpAlternate:
		var all []needle
		for _, sub := range re.Sub {
			got := needlesOf(sub)
			if got == nil || len(all)+len(got) > maxNeedles {
				return nil
			}
			all = append(all, got...)
		}
		return all
	}
	return nil
}

// worth is the more the rarer a set of needles will be.
func worth(set []needle) float64 {
	if len(set) == 0 {
		return 0
	}
	least := set[0].size
	for i := range set {
		least = min(least, set[i].size)
	}
	return float64(least) + 1/float64(len(set))
}

// literal makes a needle of characters of a regular expression: of the longest part
// of them that stands for as many bytes in each case. (?i)s is \u017f too, of which
// a needle does not know, and \ufffd any byte that is no UTF-8.
func literal(chars []rune, fold bool) (needle, bool) {
	best, from := "", 0
	for i := 0; i <= len(chars); i++ {
		if i < len(chars) && chars[i] != '\uFFFD' && (!fold || len(otherCases(chars[i], true)) > 0) {
			continue
		}
		if part := string(chars[from:i]); len(part) > len(best) {
			best = part
		}
		from = i + 1
	}
	if len(best) < 2 {
		return needle{}, false
	}
	return newNeedle(best, fold), true
}
