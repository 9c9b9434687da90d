package views

import "charm.land/lipgloss/v2"

// looks are the styles of the roles; a missing one is plain.
type looks map[Role]lipgloss.Style

func monoLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Strong:     plain.Bold(true),
		Header:     plain.Bold(true),
		Sorted:     plain.Bold(true).Underline(true),
		Key:        plain.Bold(true),
		Warn:       plain.Bold(true),
		Bad:        plain.Bold(true).Reverse(true),
		Cursor:     plain.Reverse(true),
		CursorBlur: plain.Bold(true),
		MarkedRow:  plain.Bold(true),
		Badge:      plain.Reverse(true),
		Banner:     plain.Bold(true),
		Input:      plain.Underline(true),
		Grave:      plain.Bold(true),
		Dim:        plain.Faint(true),
		Idle:       plain.Faint(true),
	}
}

// paletteLooks uses nothing but the sixteen colours every terminal lets its
// user choose, and never black or white, so light and dark backgrounds work.
func paletteLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Dim:        plain.Faint(true),
		Strong:     plain.Bold(true),
		Header:     plain.Faint(true),
		Sorted:     plain.Bold(true).Underline(true),
		Key:        plain.Bold(true).Foreground(lipgloss.Cyan),
		Good:       plain.Foreground(lipgloss.Green),
		Notice:     plain.Foreground(lipgloss.Cyan),
		Warn:       plain.Foreground(lipgloss.Yellow),
		Bad:        plain.Bold(true).Foreground(lipgloss.Red),
		Idle:       plain.Faint(true),
		Cursor:     plain.Reverse(true),
		CursorBlur: plain.Bold(true),
		MarkedRow:  plain.Bold(true).Foreground(lipgloss.Magenta),
		Badge:      plain.Reverse(true).Foreground(lipgloss.Yellow),
		Banner:     plain.Bold(true).Foreground(lipgloss.Cyan),
		GraphCPU:   plain.Foreground(lipgloss.Green),
		GraphMem:   plain.Foreground(lipgloss.Cyan),
		GraphNet:   plain.Foreground(lipgloss.Magenta),
		GraphIO:    plain.Foreground(lipgloss.Yellow),
		Border:     plain.Foreground(lipgloss.Cyan),
		Input:      plain.Bold(true),
		Grave:      plain.Foreground(lipgloss.Red),
	}
}

func darkLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Dim:        plain.Foreground(lipgloss.ANSIColor(247)),
		Strong:     plain.Bold(true).Foreground(lipgloss.ANSIColor(255)),
		Header:     plain.Foreground(lipgloss.ANSIColor(247)),
		Sorted:     plain.Bold(true).Foreground(lipgloss.ANSIColor(117)),
		Key:        plain.Bold(true).Foreground(lipgloss.ANSIColor(117)),
		Good:       plain.Foreground(lipgloss.ANSIColor(114)),
		Notice:     plain.Foreground(lipgloss.ANSIColor(117)),
		Warn:       plain.Foreground(lipgloss.ANSIColor(221)),
		Bad:        plain.Bold(true).Foreground(lipgloss.ANSIColor(203)),
		Idle:       plain.Foreground(lipgloss.ANSIColor(247)),
		Cursor:     plain.Background(lipgloss.ANSIColor(24)).Foreground(lipgloss.ANSIColor(255)),
		CursorBlur: plain.Bold(true).Foreground(lipgloss.ANSIColor(255)),
		MarkedRow:  plain.Bold(true).Foreground(lipgloss.ANSIColor(177)),
		Badge:      plain.Bold(true).Background(lipgloss.ANSIColor(94)).Foreground(lipgloss.ANSIColor(255)),
		Banner:     plain.Bold(true).Foreground(lipgloss.ANSIColor(117)),
		GraphCPU:   plain.Foreground(lipgloss.ANSIColor(114)),
		GraphMem:   plain.Foreground(lipgloss.ANSIColor(110)),
		GraphNet:   plain.Foreground(lipgloss.ANSIColor(176)),
		GraphIO:    plain.Foreground(lipgloss.ANSIColor(179)),
		Border:     plain.Foreground(lipgloss.ANSIColor(67)),
		Input:      plain.Bold(true).Foreground(lipgloss.ANSIColor(255)),
		Grave:      plain.Foreground(lipgloss.ANSIColor(203)),
	}
}

func lightLooks() looks {
	plain := lipgloss.NewStyle()
	return looks{
		Dim:        plain.Foreground(lipgloss.ANSIColor(241)),
		Strong:     plain.Bold(true).Foreground(lipgloss.ANSIColor(232)),
		Header:     plain.Foreground(lipgloss.ANSIColor(241)),
		Sorted:     plain.Bold(true).Foreground(lipgloss.ANSIColor(25)),
		Key:        plain.Bold(true).Foreground(lipgloss.ANSIColor(25)),
		Good:       plain.Foreground(lipgloss.ANSIColor(22)),
		Notice:     plain.Foreground(lipgloss.ANSIColor(25)),
		Warn:       plain.Foreground(lipgloss.ANSIColor(94)),
		Bad:        plain.Bold(true).Foreground(lipgloss.ANSIColor(160)),
		Idle:       plain.Foreground(lipgloss.ANSIColor(241)),
		Cursor:     plain.Background(lipgloss.ANSIColor(153)).Foreground(lipgloss.ANSIColor(232)),
		CursorBlur: plain.Bold(true).Foreground(lipgloss.ANSIColor(232)),
		MarkedRow:  plain.Bold(true).Foreground(lipgloss.ANSIColor(90)),
		Badge:      plain.Bold(true).Background(lipgloss.ANSIColor(94)).Foreground(lipgloss.ANSIColor(255)),
		Banner:     plain.Bold(true).Foreground(lipgloss.ANSIColor(25)),
		GraphCPU:   plain.Foreground(lipgloss.ANSIColor(22)),
		GraphMem:   plain.Foreground(lipgloss.ANSIColor(25)),
		GraphNet:   plain.Foreground(lipgloss.ANSIColor(90)),
		GraphIO:    plain.Foreground(lipgloss.ANSIColor(94)),
		Border:     plain.Foreground(lipgloss.ANSIColor(60)),
		Input:      plain.Bold(true).Foreground(lipgloss.ANSIColor(232)),
		Grave:      plain.Foreground(lipgloss.ANSIColor(160)),
	}
}
