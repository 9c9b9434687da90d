package main

import "fmt"

// report prints one line a figure and remembers whether all were met.
type report struct{ missed bool }

func (r *report) head() {
	fmt.Printf("%-46s %14s %14s %9s  %s\n", "", "lxcdeck", "yardstick", "ratio", "bound")
}

// atMost prints a figure, its yardstick, and whether figure <= bound*yardstick.
func (r *report) atMost(what string, figure, yardstick, bound float64, unit, of string) {
	ratio := figure / yardstick
	r.line(what, figure, yardstick, unit, fmt.Sprintf("%.4f", ratio), fmt.Sprintf("at most %.4g x %s", bound, of), ratio <= bound)
}

// absolute prints a figure with a bound of its own.
func (r *report) absolute(what string, figure, bound float64, unit string) {
	r.line(what, figure, bound, unit, "", fmt.Sprintf("at most %.4g %s", bound, unit), figure <= bound)
}

func (r *report) line(what string, figure, yardstick float64, unit, ratio, bound string, met bool) {
	verdict := "ok"
	if !met {
		verdict, r.missed = "MISSED", true
	}
	fmt.Printf("%-46s %11.5g %-2s %11.5g %-2s %9s  %s: %s\n", what, figure, unit, yardstick, unit, ratio, bound, verdict)
}
