package vt

import "slices"

// takes says whether SGR can take the parameters: colons may join them.
func (p *parser) takes() bool {
	for i, v := range p.list() {
		if v == maxParam && p.single(i) {
			return false
		}
	}
	return !p.bad && p.groups <= maxGroups
}

// sgr gives s after the parameters of an SGR sequence. Colours are taken in
// all three forms: 38;2;r;g;b, 38:2:r:g:b and 38:2:space:r:g:b. Where one is
// not whole, the same is left over as in tmux.
func (t *Terminal) sgr(s Style) Style {
	ps := &t.parser
	list := ps.list()
	if len(list) == 0 {
		return Style{}
	}
	for i := 0; i < len(list); {
		end := i + 1
		for end < len(list) && ps.colon[end] {
			end++
		}
		switch n := max(list[i], 0); {
		case end-i > 1:
			s.joined(list[i:end])
		case n == 38 || n == 48 || n == 58:
			end = s.extended(n, ps, end)
		default:
			s.apply(n)
		}
		i = end
	}
	return s
}

// at is parameter i, or -1 where it is missing or of several parts, and where
// the next begins.
func (p *parser) at(i int) (v, next int) {
	if i >= p.nparam {
		return -1, i
	}
	next = i + 1
	for next < p.nparam && p.colon[next] {
		next++
	}
	if next > i+1 {
		return -1, next
	}
	return p.params[i], next
}

// extended reads the colour that begins at parameter i after 38, 48 or 58,
// and says where what it did not take begins.
func (s *Style) extended(which int, p *parser, i int) (next int) {
	kind, next := p.at(i)
	switch kind {
	case 5:
		var n int
		n, next = p.at(next)
		s.setIndex(which, n)
	case 2:
		r, k := p.at(next)
		g, k := p.at(k)
		b, k := p.at(k)
		if s.setRGB(which, r, g, b) {
			next = k
		}
	}
	return next
}

// joined does parameters that hang together by colons: an underline style or
// a colour, or nothing.
func (s *Style) joined(p []int) {
	const most = 7
	switch {
	case len(p) > most || slices.Contains(p, maxParam):
	case p[0] == 4:
		if len(p) == 2 && p[1] >= 0 && p[1] <= int(Dashed) {
			s.Underline = Underline(p[1])
		}
	case p[0] != 38 && p[0] != 48 && p[0] != 58 || len(p) < 3:
	case p[1] == 5:
		s.setIndex(p[0], p[2])
	case p[1] == 2 && len(p) == 5:
		s.setRGB(p[0], p[2], p[3], p[4])
	case p[1] == 2 && len(p) > 5: // a colour space, possibly empty, comes first
		s.setRGB(p[0], p[3], p[4], p[5])
	}
}

// setIndex sets an indexed colour. One that there is not is the default.
func (s *Style) setIndex(which, n int) {
	switch {
	case n >= 0 && n <= 255:
		s.setColor(which, Indexed(uint8(n)))
	case which != 58:
		s.setColor(which, 0)
	}
}

// setRGB sets a direct colour if all of it is there.
func (s *Style) setRGB(which, r, g, b int) bool {
	if min(r, g, b) < 0 || max(r, g, b) > 255 {
		return false
	}
	s.setColor(which, RGB(uint8(r), uint8(g), uint8(b)))
	return true
}

func (s *Style) setColor(which int, c Color) {
	switch which {
	case 38:
		s.FG = c
	case 48:
		s.BG = c
	case 58:
		s.UL = c
	}
}

var setAttr = [...]Attr{1: Bold, 2: Dim, 3: Italic, 5: Blink, 6: Blink, 7: Reverse, 8: Conceal, 9: Strike}

var clearAttr = [...]Attr{22: Bold | Dim, 23: Italic, 25: Blink, 27: Reverse, 28: Conceal, 29: Strike}

// apply does one parameter that stands for itself.
func (s *Style) apply(n int) {
	switch {
	case n == 0:
		*s = Style{}
	case n == 4:
		s.Underline = Single
	case n == 21:
		s.Underline = Double
	case n == 24:
		s.Underline = NoUnderline
	case n < 10:
		s.Attr |= setAttr[n]
	case n >= 22 && n < 30:
		s.Attr &^= clearAttr[n]
	case n >= 30 && n < 38:
		s.FG = Indexed(uint8(n - 30))
	case n == 39:
		s.FG = 0
	case n >= 40 && n < 48:
		s.BG = Indexed(uint8(n - 40))
	case n == 49:
		s.BG = 0
	case n == 53:
		s.Attr |= Overline
	case n == 55:
		s.Attr &^= Overline
	case n == 59:
		s.UL = 0
	case n >= 90 && n < 98:
		s.FG = Indexed(uint8(n - 90 + 8))
	case n >= 100 && n < 108:
		s.BG = Indexed(uint8(n - 100 + 8))
	}
}
