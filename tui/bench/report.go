package main

import "fmt"

// report prints one line a figure and remembers whether all were met.
type report struct{ missed bool }

func (r *report) head() {
	fmt.Printf("%-46s %14s %14s %9s  %s\n", "", "lxcdeck", "yardstick", "ratio", "bound")
}

// atMost prints a figure, its yardstick, and whether figure <= bound*yardstick.
func (r *report) atMost(what string, figure, yardstick, bound float64, unit, of string) {
	r.line(what, figure, yardstick, unit, true, fmt.Sprintf("at most %.4g x %s: %s", bound, of, r.verdict(figure <= bound*yardstick)))
}

// absolute prints a figure with a bound of its own.
func (r *report) absolute(what string, figure, bound float64, unit string) {
	r.line(what, figure, bound, unit, false, fmt.Sprintf("at most %.4g %s: %s", bound, unit, r.verdict(figure <= bound)))
}

// within prints a figure with a bound of its own beside a yardstick.
func (r *report) within(what string, figure, bound float64, unit string, yardstick float64, of string) {
	r.line(what, figure, yardstick, unit, true, fmt.Sprintf("at most %.4g %s, beside %s: %s", bound, unit, of, r.verdict(figure <= bound)))
}

// tell prints a figure beside a yardstick; nothing is promised.
func (r *report) tell(what string, figure float64, unit string, yardstick float64, of string) {
	r.line(what, figure, yardstick, unit, true, "beside "+of)
}

func (r *report) verdict(met bool) string {
	if met {
		return "ok"
	}
	r.missed = true
	return "MISSED"
}

func (r *report) line(what string, figure, yardstick float64, unit string, compared bool, note string) {
	ratio := ""
	if compared {
		ratio = fmt.Sprintf("%.4f", figure/yardstick)
	}
	fmt.Printf("%-46s %11.5g %-2s %11.5g %-2s %9s  %s\n", what, figure, unit, yardstick, unit, ratio, note)
}
