package vt

// sgr gives s after the parameters of an SGR sequence. Colours are taken in
// all three forms: 38;2;r;g;b, 38:2:r:g:b and 38:2:space:r:g:b.
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
		case n == 38 || n == 48 || n == 58:
			c, used, ok := extendedColor(list[i:], end-i)
			if ok {
				s.setColor(n, c)
			}
			end = i + used
		case end-i > 1:
			s.subparams(n, list[i+1])
		default:
			s.apply(n)
		}
		i = end
	}
	return s
}

// extendedColor reads a colour after 38, 48 or 58. group is how many
// parameters hang together by colons; used is how many were taken.
func extendedColor(p []int, group int) (c Color, used int, ok bool) {
	if group > 1 {
		sub := p[1:group]
		if sub[0] == 2 && len(sub) >= 5 { // a colour space, possibly empty, comes first
			sub = append([]int{2}, sub[2:5]...)
		}
		c, _, ok = colorParts(sub)
		return c, group, ok && len(sub) > 1
	}
	c, n, ok := colorParts(p[1:])
	return c, 1 + n, ok
}

// colorParts reads 5;n or 2;r;g;b. Parts of a direct colour that are missing
// count as zero. What is out of range is not taken: an index that is becomes
// the default colour, a direct colour that is changes nothing.
func colorParts(p []int) (c Color, n int, ok bool) {
	if len(p) == 0 {
		return 0, 0, false
	}
	switch p[0] {
	case 5:
		if len(p) < 2 || p[1] < 0 || p[1] > 255 {
			return 0, 1, true
		}
		return Indexed(uint8(p[1])), 2, true
	case 2:
		if len(p) < 4 || max(p[1], p[2], p[3]) > 255 {
			return 0, 1, false
		}
		return RGB(part(p[1]), part(p[2]), part(p[3])), 4, true
	}
	return 0, 1, false
}

func part(v int) uint8 { return uint8(max(v, 0)) }

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

// subparams does n:sub where that is not a colour: underline styles.
func (s *Style) subparams(n, sub int) {
	if n == 4 && sub >= 0 && sub <= int(Dashed) {
		s.Underline = Underline(sub)
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
