package views

import "charm.land/lipgloss/v2"

// The looks for eyes that most themes are not made for. A test computes their
// contrasts, and how far apart colours are for those who see two kinds of them.

// contrastLooks has text in the terminal's own colour, none of it faint, and what
// means something on a ground of its own: so the background may be any.
func contrastLooks() looks {
	plain := lipgloss.NewStyle()
	on := func(text, ground uint8) lipgloss.Style {
		return plain.Bold(true).Foreground(lipgloss.ANSIColor(text)).Background(lipgloss.ANSIColor(ground))
	}
	l := contrastRest()
	l[Warn], l[Bad], l[Notice] = on(16, 226), on(231, 88), on(231, 18)
	l[Badge], l[MarkedRow], l[Grave] = on(16, 226), on(16, 51), on(231, 88)
	return l
}

// contrastPaletteLooks is the same in the terminal's own colours, which are as far
// apart as its user has them.
func contrastPaletteLooks() looks {
	plain := lipgloss.NewStyle().Bold(true)
	l := contrastRest()
	l[Warn] = plain.Foreground(lipgloss.Black).Background(lipgloss.Yellow)
	l[Bad] = plain.Foreground(lipgloss.White).Background(lipgloss.Red)
	l[Notice] = plain.Foreground(lipgloss.White).Background(lipgloss.Blue)
	l[MarkedRow] = plain.Foreground(lipgloss.Black).Background(lipgloss.Cyan)
	l[Badge], l[Grave] = l[Warn], l[Bad]
	return l
}

func contrastRest() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Strong:     plain.Bold(true),
		Header:     plain.Underline(true),
		Sorted:     plain.Bold(true).Reverse(true),
		Key:        plain.Bold(true),
		Cursor:     plain.Bold(true).Reverse(true),
		CursorBlur: plain.Bold(true).Underline(true),
		Banner:     plain.Bold(true),
		Border:     plain.Bold(true),
		Input:      plain.Bold(true).Underline(true),
	}
}

// safeDarkLooks tells blue from orange, which nearly everybody does, and has the
// four that matter differ in lightness too.
func safeDarkLooks() looks {
	return safeLooks(safeColours{
		text: 255, dim: 247, key: 195, good: 75, notice: 195, warn: 220, bad: 202,
		cursor: 24, mark: 231, border: 67, mem: 195, net: 220, io: 208, badge: 94,
	})
}

// safeLightLooks is the same for a light background: blue, brown, dark red.
func safeLightLooks() looks {
	return safeLooks(safeColours{
		text: 232, dim: 241, key: 93, good: 25, notice: 93, warn: 94, bad: 52,
		cursor: 153, mark: 16, border: 60, mem: 93, net: 94, io: 52, badge: 94,
	})
}

// safeColours are numbers of the 256.
type safeColours struct {
	text, dim, key, good, notice, warn, bad, cursor, mark, border, mem, net, io, badge uint8
}

func safeLooks(c safeColours) looks {
	in := func(n uint8) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.ANSIColor(n)) }
	return looks{
		Dim:        in(c.dim),
		Strong:     in(c.text).Bold(true),
		Header:     in(c.dim),
		Sorted:     in(c.key).Bold(true),
		Key:        in(c.key).Bold(true),
		Good:       in(c.good),
		Notice:     in(c.notice),
		Warn:       in(c.warn),
		Bad:        in(c.bad).Bold(true).Underline(true),
		Idle:       in(c.dim),
		Cursor:     in(c.text).Background(lipgloss.ANSIColor(c.cursor)),
		CursorBlur: in(c.text).Bold(true),
		MarkedRow:  in(c.mark).Bold(true),
		Badge:      in(255).Bold(true).Background(lipgloss.ANSIColor(c.badge)),
		Banner:     in(c.key).Bold(true),
		GraphCPU:   in(c.good),
		GraphMem:   in(c.mem),
		GraphNet:   in(c.net),
		GraphIO:    in(c.io),
		Border:     in(c.border),
		Input:      in(c.text).Bold(true),
		Grave:      in(c.bad),
	}
}

// safePaletteLooks keeps to cyan and yellow of the terminal's own colours; what is
// bad is reversed, so that its red need not be seen.
func safePaletteLooks() looks {
	plain := lipgloss.NewStyle()
	l := paletteLooks()
	l[Good] = plain.Foreground(lipgloss.Cyan)
	l[Notice] = plain.Bold(true)
	l[Bad] = plain.Bold(true).Reverse(true)
	l[Grave] = plain.Bold(true)
	l[GraphCPU] = plain.Foreground(lipgloss.Cyan)
	l[GraphMem] = plain
	l[GraphNet] = plain.Foreground(lipgloss.Yellow)
	l[GraphIO] = plain.Bold(true).Foreground(lipgloss.Yellow)
	l[MarkedRow] = plain.Bold(true).Underline(true)
	return l
}
