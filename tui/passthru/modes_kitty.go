package passthru

import "strconv"

// keyboard is the kitty keyboard protocol (sw.kovidgoyal.net/kitty/keyboard-protocol),
// which keeps a stack of flags for each screen. The container's stacks are kept
// here, and the terminal's gets one entry of ours a screen, made when first
// needed and changed from then on: so a container can neither pop what is
// the user's nor push it out of a stack that is full, and one entry popped is
// the undo. The stacks' rules are those of tui/vt.
//
// On a screen that is kept there is one such entry for both of the container's
// screens, and flags are cut to 1 (disambiguate): that is what the emulator's
// keys can do, and a program has to get the same keys in a pane and zoomed.
// A program sees what it got, since its CSI ? u is answered by the terminal.
type keyboard struct {
	stacks [2]flagStack // of main and alternate screen
	alt    int          // which of them counts
	ours   [2]bool      // our entry is on the terminal's stack
	now    [2]uint8     // what it holds
}

type flagStack struct {
	flags [8]uint8
	n     int // entries above the base
}

const (
	allFlags  = 31
	keptFlags = 1
)

// keyboard does CSI > flags u, CSI < number u and CSI = flags ; mode u.
func (f *Filter) keyboard(dst []byte, lead byte, n, mode int) []byte {
	k := &f.modes.keys
	mask := allFlags
	if f.keep {
		mask = keptFlags
	}
	s := &k.stacks[k.alt]
	flags := uint8(max(n, 0) & mask)
	switch lead {
	case '>':
		if s.n == len(s.flags)-1 {
			copy(s.flags[:], s.flags[1:])
			s.n--
		}
		s.n++
		s.flags[s.n] = flags
	case '<':
		for range min(max(n, 1), len(s.flags)) {
			s.flags[s.n] = 0
			s.n = max(s.n-1, 0)
		}
		if *s == (flagStack{}) && !f.keep {
			return k.leave(dst, k.alt)
		}
	default:
		switch mode {
		case -1, 0, 1:
			s.flags[s.n] = flags
		case 2:
			s.flags[s.n] |= flags
		case 3:
			s.flags[s.n] &^= flags
		}
	}
	return k.show(dst, f.keep, lead != '<')
}

// show makes the terminal's flags those of the container's screen. enter says
// that our entry is wanted even for no flags: there might be the user's below.
func (k *keyboard) show(dst []byte, keep, enter bool) []byte {
	on := k.alt
	if keep {
		on = 0
	}
	want := k.stacks[k.alt].flags[k.stacks[k.alt].n]
	switch {
	case k.ours[on] && want == k.now[on], !k.ours[on] && want == 0 && !enter:
		return dst
	case k.ours[on]:
		dst = append(dst, "\x1b[="...)
		dst = strconv.AppendInt(dst, int64(want), 10)
		dst = append(dst, ";1u"...)
	default:
		dst = append(dst, "\x1b[>"...)
		dst = strconv.AppendInt(dst, int64(want), 10)
		dst = append(dst, 'u')
	}
	k.ours[on], k.now[on] = true, want
	return dst
}

// onScreen follows the container to another screen. What it had on the
// alternate one is gone when it leaves.
func (k *keyboard) onScreen(dst []byte, alt, keep bool) []byte {
	if k.alt = 0; alt {
		k.alt = 1
	}
	if !alt {
		k.stacks[1] = flagStack{}
	}
	return k.show(dst, keep, false)
}

// leave takes our entry off the stack of a screen.
func (k *keyboard) leave(dst []byte, screen int) []byte {
	if k.ours[screen] {
		dst = append(dst, "\x1b[<1u"...)
	}
	k.ours[screen], k.now[screen] = false, 0
	return dst
}
