package logfile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func start() time.Time { return time.Date(2026, 11, 27, 6, 0, 0, 0, time.UTC) }

// stampedLog has lines some seconds apart, and many without a time between them.
func stampedLog(r *rand.Rand, lines, most int) string {
	var b strings.Builder
	at := start()
	for range lines {
		at = at.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
		fmt.Fprintf(&b, "%s something\n", at.Format("2006-01-02T15:04:05.000Z"))
		if most > 0 && r.IntN(10) == 0 {
			for range r.IntN(most) {
				b.WriteString("    at some.Method(File.java)\n")
			}
		}
	}
	return b.String()
}

func TestSeekTime(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	before := stampedLog(r, 5, 0)
	before = strings.Repeat("\n", 32-len(before)%32) + before // so that each piece of what follows begins with a time
	for name, text := range map[string]string{
		"pieces":    before + strings.Repeat("2026-01-01T00:00:00Z ...........\x00"[:32], 5000) + "\n2026-11-27T09:00:00Z late\n",
		"small":     stampedLog(r, 20, 3),
		"dense":     stampedLog(r, 20000, 0),
		"with gaps": stampedLog(r, 3000, 100),
		"few":       strings.Repeat("none\n", 60000) + stampedLog(r, 2, 0) + strings.Repeat("none\n", 60000) + "2026-11-27T09:00:00Z late\n",
		"endless":   stampedLog(r, 5, 0) + strings.Repeat("2026-01-01 ", 30000) + "\n2026-11-27T09:00:00Z late\n" + strings.Repeat("x", 5*grid),
	} {
		f := logOf(t, text)
		c := &Clock{}
		var want []int64
		var times []time.Time
		for _, l := range all(t, f.Cursor(0).Next) {
			if when, ok := c.Time(l.Text); ok && l.Cut&Continues == 0 {
				want, times = append(want, l.At), append(times, when)
			}
		}
		check := func(at time.Time) {
			t.Helper()
			i := 0
			for i < len(times) && times[i].Before(at) {
				i++
			}
			answer := int64(len(text))
			if i < len(want) {
				answer = want[i]
			}
			if got, err := f.SeekTime(t.Context(), c, at); err != nil || got != answer {
				t.Errorf("%s: %s is at %d, %v, not at %d", name, at, got, err, answer)
			}
		}
		check(start().Add(-time.Hour))
		check(start().Add(100 * time.Hour))
		for i := 0; i < len(times); i += 1 + len(times)/25 {
			check(times[i])
			check(times[i].Add(time.Nanosecond))
			check(times[i].Add(-time.Nanosecond))
		}
	}
}

func TestSeekTimeWithoutTimes(t *testing.T) {
	f := logOf(t, strings.Repeat("no time\n", 100000))
	if at, err := f.SeekTime(t.Context(), &Clock{}, start()); !errors.Is(err, ErrNoTime) {
		t.Errorf("%d, %v", at, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if at, err := f.SeekTime(ctx, &Clock{}, start()); !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", at, err)
	}
	if at, err := logOf(t, "").SeekTime(t.Context(), &Clock{}, start()); !errors.Is(err, ErrNoTime) {
		t.Errorf("of nothing: %d, %v", at, err)
	}
}

func BenchmarkSeekTime(b *testing.B) {
	f := benchLog(b)
	at := time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC)
	for b.Loop() {
		_, err := f.SeekTime(b.Context(), &Clock{}, at)
		must(b, err)
	}
}
