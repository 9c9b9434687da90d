package views

import (
	"fmt"
	"strings"

	"lxcdeck/runtime"
)

// TopicTerminal is the topic of what the doctor says of the terminal. It comes after
// those of the runtime, which knows of none.
const TopicTerminal = "terminal"

// Terminal is what is known of the terminal that lxcdeck runs on.
type Terminal struct {
	Is         bool                // false = there is none, and only the environment counts
	Getenv     func(string) string // of whoever started lxcdeck
	Cols, Rows int                 // 0 = it does not say
	Colours    int                 // how many it has; 0 = none
	Prefix     string              // the key that leads out of a shell
}

// TrueColour is the number of colours of a terminal that shows any.
const TrueColour = 1 << 24

// goodRows is from how many rows on there is more than a few containers to see.
const goodRows = 10

// Locale gives the locale that says how text is written, and whether that is UTF-8;
// "" = none is set.
func Locale(getenv func(string) string) (value string, utf8 bool) {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			low := strings.ToLower(v)
			return v, strings.Contains(low, "utf-8") || strings.Contains(low, "utf8")
		}
	}
	return "", false
}

// TerminalChecks says what of lxcdeck's screen this terminal can show. Nothing here
// keeps a container from working, so nothing is CheckBad.
func TerminalChecks(t *Terminal) []runtime.Check {
	if !t.Is {
		return []runtime.Check{
			termCheck("terminal", runtime.CheckUnknown, "standard output is none", "Look again on the terminal itself: ssh -t over ssh."),
			localeCheck(t),
		}
	}
	return []runtime.Check{nameCheck(t), localeCheck(t), colourCheck(t), trueColourCheck(t), sizeCheck(t), multiplexerCheck(t),
		termCheck("clipboard", runtime.CheckUnknown, "whether it takes copied text (OSC 52) cannot be asked",
			"If what y copies does not arrive, allow it in the terminal's settings; in tmux: set -g set-clipboard on.")}
}

func termCheck(what string, v runtime.Verdict, found, advice string) runtime.Check {
	return runtime.Check{Topic: TopicTerminal, What: what, Verdict: v, Found: found, Advice: advice}
}

func nameCheck(t *Terminal) runtime.Check {
	const what = "TERM"
	name := t.Getenv(what)
	inside := strings.HasPrefix(name, "tmux") || strings.HasPrefix(name, "screen")
	switch {
	case name == "":
		return termCheck(what, runtime.CheckOptional, "it is not set: there is no screen", "Set it to what this terminal is, such as xterm-256color.")
	case name == "dumb":
		return termCheck(what, runtime.CheckOptional, "dumb: there is no screen", "Open lxcdeck in a terminal that moves its cursor.")
	case name == "linux":
		return termCheck(what, runtime.CheckGood, "linux: the console, in plain ASCII", "")
	case multiplexer(t) != "" && !inside:
		return termCheck(what, runtime.CheckOptional, name+", but inside "+multiplexer(t),
			"Leave TERM to "+multiplexer(t)+": it is a terminal of its own, such as "+multiplexer(t)+"-256color.")
	default:
		return termCheck(what, runtime.CheckGood, name, "")
	}
}

func localeCheck(t *Terminal) runtime.Check {
	const what = "locale"
	switch name, utf8 := Locale(t.Getenv); {
	case utf8:
		return termCheck(what, runtime.CheckGood, name, "")
	case name == "":
		return termCheck(what, runtime.CheckUnknown, "none is set: UTF-8 is taken for granted", "If lines and bars look wrong: ascii = true in the settings.")
	default:
		return termCheck(what, runtime.CheckOptional, name+" is not UTF-8: lines and bars are plain ASCII", "Set LANG to one that is, such as C.UTF-8.")
	}
}

func colourCheck(t *Terminal) runtime.Check {
	const what = "colours"
	switch {
	case t.Getenv("NO_COLOR") != "":
		return termCheck(what, runtime.CheckGood, "none: NO_COLOR is set", "")
	case t.Colours == 0:
		return termCheck(what, runtime.CheckOptional, "none", "Set TERM to what this terminal is, if it has colours: xterm-256color.")
	case t.Colours < 256:
		return termCheck(what, runtime.CheckOptional, fmt.Sprintf("%d: the themes dark and light look like the default", t.Colours),
			"If the terminal has more: TERM with -256color at its end.")
	default:
		return termCheck(what, runtime.CheckGood, "256 or more", "")
	}
}

func trueColourCheck(t *Terminal) runtime.Check {
	const what = "true colour"
	switch {
	case t.Getenv("NO_COLOR") != "":
		return termCheck(what, runtime.CheckGood, "not asked for: NO_COLOR is set", "")
	case t.Colours >= TrueColour:
		return termCheck(what, runtime.CheckGood, "yes", "")
	case multiplexer(t) == "tmux":
		return termCheck(what, runtime.CheckOptional, "no: programs in shells are shown in fewer colours", "In tmux: set -as terminal-features ',*:RGB', if the terminal around it has it.")
	default:
		return termCheck(what, runtime.CheckOptional, "no: programs in shells are shown in fewer colours", "Set COLORTERM=truecolor, if the terminal has it; ssh does not pass it on.")
	}
}

func sizeCheck(t *Terminal) runtime.Check {
	const what = "size"
	found := fmt.Sprintf("%dx%d", t.Cols, t.Rows)
	switch {
	case t.Cols <= 0 || t.Rows <= 0:
		return termCheck(what, runtime.CheckUnknown, "it does not say", "On a serial line tell it: stty cols 80 rows 24.")
	case t.Cols < MinW || t.Rows < goodRows:
		return termCheck(what, runtime.CheckOptional, found+" cells", fmt.Sprintf("Make it %dx%d at least.", MinW, goodRows))
	default:
		return termCheck(what, runtime.CheckGood, found+" cells", "")
	}
}

// multiplexer is the program whose window the terminal is, as far as it says so.
func multiplexer(t *Terminal) string {
	switch {
	case t.Getenv("TMUX") != "":
		return "tmux"
	case t.Getenv("STY") != "":
		return "screen"
	default:
		return ""
	}
}

func multiplexerCheck(t *Terminal) runtime.Check {
	const what = "inside another"
	name := multiplexer(t)
	own := map[string]string{"tmux": "ctrl+b", "screen": "ctrl+a"}[name]
	switch {
	case name == "":
		return termCheck(what, runtime.CheckGood, "neither tmux nor screen", "")
	case own == t.Prefix:
		return termCheck(what, runtime.CheckOptional, name+", which may take "+own+" for itself: it leads out of shells here",
			"Give one of them another key: prefix in the settings.")
	default:
		return termCheck(what, runtime.CheckGood, name, "")
	}
}
