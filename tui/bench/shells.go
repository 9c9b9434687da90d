package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lxcdeck/tui/vt"
)

const (
	// echoKeys are typed on each way, in turns of echoTurn.
	echoKeys = 300
	echoTurn = 30
	// million is a flood. busybox's seq writes each line by itself and takes
	// longer for that than any terminal: cat makes it large writes, as those of
	// other seqs are.
	million = "seq 1 1000000 | cat"
	// rounds is how often the long measurements are made; the median counts.
	rounds = 3
	// slowLink is what a poor line carries, in bytes a second.
	slowLink = 20000
	// stillTime without a byte is the end of an output.
	stillTime = 150 * time.Millisecond
)

// percentile gives the smallest figure that p per cent of all do not exceed.
func percentile(all []float64, p int) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func median(all []float64) float64 { return percentile(all, 50) }

// echo measures the time from a key to its character on the terminal.
func (b *bench) echo() error {
	return b.onWays(func(ways [wayCount]*line) error {
		var took [wayCount][]float64
		for range echoKeys / echoTurn {
			for i, l := range ways {
				for k := range echoTurn {
					// The rests differ, so that keys meet every phase of a frame.
					time.Sleep(20*time.Millisecond + time.Duration(k*7%20)*time.Millisecond)
					d, err := l.echoOf("QZXJ"[k%4])
					if err != nil {
						return err
					}
					took[i] = append(took[i], ms(d))
				}
			}
		}
		p50 := func(way int) float64 { return median(took[way]) }
		p99 := func(way int) float64 { return percentile(took[way], 99) }
		b.report.within("echo in a pane, median", p50(viaPane), 8, "ms", p50(viaTmux), "tmux")
		b.report.within("echo in a pane, p99", p99(viaPane), 20, "ms", p99(viaTmux), "tmux")
		b.report.within("echo in zoom, median", p50(viaZoom), 1, "ms", p50(viaAttach), "lxc-attach")
		b.report.tell("echo in zoom, p99", p99(viaZoom), "ms", p99(viaAttach), "lxc-attach")
		b.report.tell("(echo in tmux, median)", p50(viaTmux), "ms", p50(viaAttach), "lxc-attach")
		b.report.tell("(echo in lxc-attach, median)", p50(viaAttach), "ms", p50(viaNsenter), "nsenter")
		b.report.tell("(echo in lxc-attach, p99)", p99(viaAttach), "ms", p99(viaNsenter), "nsenter")
		return nil
	})
}

// echoOf types one character at the prompt, waits for it, and rubs it out
// again.
func (l *line) echoOf(ch byte) (time.Duration, error) {
	here := func(want string) look {
		return func(s *vt.Terminal, _ []byte) bool { return strings.TrimSpace(s.Cell(l.x, l.y).Text) == want }
	}
	took, err := l.send("the echo of a key", string(ch), here(string(ch)))
	if err != nil {
		return 0, err
	}
	_, err = l.send("a key to be rubbed out", rubOut, here(""))
	return took, err
}

// flood measures how long a million lines take.
func (b *bench) flood() error {
	return b.onWays(func(ways [wayCount]*line) error {
		var took, bytes [wayCount][]float64
		for round := range rounds {
			for i, l := range ways {
				before := l.count()
				d, err := l.runs(million, round)
				if err != nil {
					return err
				}
				took[i] = append(took[i], ms(d))
				bytes[i] = append(bytes[i], float64(l.count()-before)/1000)
			}
		}
		p50 := func(way int) float64 { return median(took[way]) }
		b.report.atMost(million+" in a pane", p50(viaPane), p50(viaTmux), 1, "ms", "tmux")
		b.report.atMost(million+" in zoom", p50(viaZoom), p50(viaAttach), 1.1, "ms", "lxc-attach")
		b.report.tell("(the same)", p50(viaZoom), "ms", p50(viaNsenter), "nsenter")
		b.report.tell("("+million+" in tmux)", p50(viaTmux), "ms", p50(viaAttach), "lxc-attach")
		b.report.tell("what a terminal gets of it from a pane", median(bytes[viaPane]), "kB", median(bytes[viaTmux]), "tmux")
		return nil
	})
}

// runs lets the shell run a command and gives the time until the terminal
// shows that it has ended.
func (l *line) runs(command string, id int) (time.Duration, error) {
	// In what is typed the mark is in two pieces, and its last character is in
	// no output of numbers: only reads with one in them need a look.
	mark := fmt.Sprintf("done-%d@", id)
	keys := order(fmt.Sprintf("%s; printf 'done-%%s\\n' %d@", command, id))
	return l.send(mark, keys, func(s *vt.Terminal, burst []byte) bool {
		return slices.Contains(burst, '@') && contains(s, mark)
	})
}

// interrupt measures how long output goes on after ctrl+C on a slow line.
func (b *bench) interrupt() error {
	return b.onWays(func(ways [wayCount]*line) error {
		var took [wayCount][]float64
		for round := range rounds {
			for i, l := range ways {
				d, err := l.silenced(fmt.Sprint(round))
				if err != nil {
					return err
				}
				took[i] = append(took[i], ms(d))
			}
		}
		p50 := func(way int) float64 { return median(took[way]) }
		b.report.within("output after ctrl+C at 20 kB/s, pane", p50(viaPane), 500, "ms", p50(viaTmux), "tmux")
		b.report.tell("output after ctrl+C at 20 kB/s, zoom", p50(viaZoom), "ms", p50(viaAttach), "lxc-attach")
		b.report.tell("(the same)", p50(viaZoom), "ms", p50(viaNsenter), "nsenter")
		return nil
	})
}

// silenced floods a slow line, interrupts, and gives the time from then to the
// last byte.
func (l *line) silenced(id string) (time.Duration, error) {
	l.rate.Store(slowLink)
	defer l.rate.Store(0)
	if err := l.press(order("seq 1 1000000000")); err != nil {
		return 0, err
	}
	time.Sleep(1500 * time.Millisecond)
	start := time.Now()
	if err := l.press(ctrlC); err != nil {
		return 0, err
	}
	last, err := l.quiet(stillTime)
	if err != nil {
		return 0, err
	}
	// Silence alone could be a program that hangs.
	l.rate.Store(0)
	return max(0, last.Sub(start)), l.answers("after-" + id)
}
