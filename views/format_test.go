package views

import (
	"math"
	"testing"
	"time"

	"lxcdeck/runtime"
)

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 1: "1B", 999: "999B", 1000: "1.0k", 1024: "1.0k", 10 * kib: "10k", 88 * kib: "88k", 999 * kib: "999k", 1000 * kib: "1.0M",
		1258291: "1.2M", 10188 * kib: "9.9M", 10230 * kib: "10M", 812 * mib: "812M", 2 * gib: "2.0G", 31 * gib: "31G", 1 << 40: "1.0T", math.MaxUint64: "16E",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for shift := range 64 {
		for _, n := range []uint64{1<<shift - 1, 1 << shift, 1<<shift + 1<<shift/3} {
			if got := Bytes(n); len(got) > 4 {
				t.Errorf("Bytes(%d) = %q is too wide", n, got)
			}
			if got := FineBytes(n); len(got) > 5 {
				t.Errorf("FineBytes(%d) = %q is too wide", n, got)
			}
		}
	}
}

func TestAbsentIsNotZero(t *testing.T) {
	for what, pair := range map[string][2]string{
		"bytes":     {ValueBytes(runtime.Value{}), ValueBytes(runtime.Of(0))},
		"count":     {ValueCount(runtime.Value{}), ValueCount(runtime.Of(0))},
		"rate":      {RateBytes(runtime.Rate{}), RateBytes(runtime.RateOf(0))},
		"percent":   {RatePercent(runtime.Rate{}), RatePercent(runtime.RateOf(0))},
		"nan":       {Percent(math.NaN()), Percent(0)},
		"unlimited": {ValueBytes(runtime.Unlimited()), "0"},
	} {
		if pair != [2]string{"-", "0"} {
			t.Errorf("%s: absent %q, zero %q", what, pair[0], pair[1])
		}
	}
}

func TestPercent(t *testing.T) {
	for f, want := range map[float64]string{0: "0", .04: "0", .05: "0.1", .3: "0.3", 9.94: "9.9", 9.96: "10", 37.4: "37", 112: "112", 6400: "6400", -1: "0", 1e9: "99999"} {
		if got := Percent(f); got != want {
			t.Errorf("Percent(%v) = %q, want %q", f, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 9999: "9999", 10000: "10k", 32768: "33k", 999999: "1.0M", 4194304: "4.2M"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 59 * time.Second: "59s", time.Minute: "1m", 59*time.Minute + 59*time.Second: "59m",
		time.Hour: "1h00", 3*time.Hour + 12*time.Minute: "3h12", day - time.Second: "23h59", day: "1d", 9 * day: "9d", 999 * day: "999d", 1000 * day: "2y", 11 * 365 * day: "11y",
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestInterval(t *testing.T) {
	for d, want := range map[time.Duration]string{500 * time.Millisecond: "500ms", time.Second: "1s", 2500 * time.Millisecond: "2.5s", time.Minute: "1m", 90 * time.Second: "90s"} {
		if got := Interval(d); got != want {
			t.Errorf("Interval(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestEveryStateHasALetterOfOneCell(t *testing.T) {
	for s := runtime.Unknown; s <= runtime.Thawed; s++ {
		if n := Width(StateLetter(s)); n != 1 {
			t.Errorf("%v: %d cells", s, n)
		}
	}
	if StateLetter(runtime.Running) == StateLetter(runtime.Starting) || StateLetter(runtime.Stopped) == StateLetter(runtime.Stopping) {
		t.Error("a state on its way looks like one that lasts")
	}
}

func TestGraphs(t *testing.T) {
	th, ascii := theme(t, "", ThemeOptions{Colors: 16}), theme(t, "", ThemeOptions{ASCII: true})
	for _, c := range []struct {
		what, got, want string
	}{
		{"spark", th.spark([]float64{0, 50, 100, 200}, 4, 100), "▁▅██"},
		{"spark, short history", th.spark([]float64{100}, 3, 100), "  █"},
		{"spark, newest kept", th.spark([]float64{100, 0, 0}, 2, 100), "▁▁"},
		{"spark, gap", th.spark([]float64{100, Gap(), 100}, 3, 100), "█ █"},
		{"spark, scale of its own", th.spark([]float64{1, 2}, 2, 0), "▅█"},
		{"spark, all zero", th.spark([]float64{0, 0}, 2, 0), "▁▁"},
		{"spark, ASCII", ascii.spark([]float64{0, 100}, 2, 100), "_#"},
		{"braille, top", th.graph([]float64{100, 100}, 100, 1, 1)[0], "⣿"},
		{"braille, base line", th.graph([]float64{0, 0}, 100, 1, 1)[0], "⣀"},
		{"braille, gap", th.graph([]float64{Gap(), 100}, 100, 1, 1)[0], "⢸"},
		{"braille, upper row of half", th.graph([]float64{50, 50}, 100, 1, 2)[0], " "},
		{"braille, lower row of half", th.graph([]float64{50, 50}, 100, 1, 2)[1], "⣿"},
		{"bars, upper row", ascii.graph([]float64{50, 100}, 100, 3, 2)[0], "  #"},
		{"bars, lower row", ascii.graph([]float64{50, 100}, 100, 3, 2)[1], " ##"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	for _, c := range []struct{ got, want float64 }{
		{nice(0), 10}, {nice(11), 20}, {nice(20), 20}, {nice(21), 50}, {nice(51), 100}, {nice(math.NaN()), 10},
		{niceBytes(0), 1024}, {niceBytes(1025), 2048}, {niceBytes(2048), 2048}, {niceBytes(math.NaN()), 1024},
	} {
		if c.got != c.want {
			t.Errorf("scale %v, want %v", c.got, c.want)
		}
	}
}
