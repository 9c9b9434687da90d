package main

import (
	"os/exec"
	"testing"
	"time"
)

// onLine runs a script on a line. It says "up" when it is ready.
func onLine(t *testing.T, script string) *line {
	t.Helper()
	l, err := lineOf(exec.Command("sh", "-c", script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	})
	if err := l.shows("", "up"); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEchoIsTimedToItsCell(t *testing.T) {
	// The first Q is in another place than the input.
	l := onLine(t, `stty raw -echo; printf 'up\r\n\n'; head -c 1 >/dev/null; printf '\0337\033[9;9HQ\0338'; sleep 0.2; printf Q; head -c 1 >/dev/null; printf '\b '; cat`)
	l.x, l.y = 0, 2
	took, err := l.echoOf('Q')
	if err != nil {
		t.Fatal(err)
	}
	if took < 200*time.Millisecond || took > patience/2 {
		t.Errorf("an echo after 200 ms was timed at %v", took)
	}
	if s := l.screen.Cell(0, 2).Text; s != " " {
		t.Errorf("the key was not rubbed out: %q", s)
	}
}

func TestEndOfACommandIsNotItsEcho(t *testing.T) {
	l := onLine(t, `printf 'up\n'; exec sh`)
	took, err := l.runs("sleep 0.3", 7)
	if err != nil {
		t.Fatal(err)
	}
	if took < 300*time.Millisecond {
		t.Errorf("a command of 300 ms was timed at %v", took)
	}
}

func TestSlowLine(t *testing.T) {
	l := onLine(t, `stty raw -echo; printf up; head -c 1 >/dev/null; head -c 20000 /dev/zero | tr '\0' x; printf END; cat`)
	l.rate.Store(40000)
	before, start := l.count(), time.Now()
	if err := l.shows("x", "END"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 450*time.Millisecond {
		t.Errorf("20 kB at 40 kB/s took %v", took)
	}
	if n := l.count() - before; n != 20003 {
		t.Errorf("%d bytes were counted, want 20003", n)
	}
}

func TestSilenceBeginsWithTheLastByte(t *testing.T) {
	l := onLine(t, `stty raw -echo; printf up; head -c 1 >/dev/null; for i in 1 2 3 4 5 6 7 8; do sleep 0.05; printf x; done; sleep 60`)
	start := time.Now()
	if err := l.press("x"); err != nil {
		t.Fatal(err)
	}
	last, err := l.quiet(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if last.Sub(start) < 400*time.Millisecond || time.Since(last) < time.Second {
		t.Errorf("the last byte came after %v and %v ago", last.Sub(start), time.Since(last))
	}
}

func TestInterruptedShellAnswers(t *testing.T) {
	l := onLine(t, `printf 'up\n'; exec sh -i`)
	if _, err := l.silenced("test"); err != nil {
		t.Fatal(err)
	}
}

func TestEndOfAProgramIsAnError(t *testing.T) {
	l := onLine(t, `printf up; head -c 1 >/dev/null`)
	if err := l.shows("\r", "never"); err == nil {
		t.Error("a program that has ended showed something")
	}
}

func TestPercentile(t *testing.T) {
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(100-i))
	}
	for _, c := range []struct {
		all  []float64
		p    int
		want float64
	}{{hundred, 99, 99}, {hundred, 50, 50}, {hundred, 100, 100}, {[]float64{3, 1, 2}, 50, 2}, {[]float64{7}, 99, 7}} {
		if got := percentile(c.all, c.p); got != c.want {
			t.Errorf("percentile %d of %d figures = %v, want %v", c.p, len(c.all), got, c.want)
		}
	}
}
