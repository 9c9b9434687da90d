package main

import (
	"context"
	"os"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestChangesOfTheFirstRowAreNotCounted(t *testing.T) {
	l := onLine(t, `stty raw -echo; printf 'host\r\nup'; head -c 1 >/dev/null; printf '\033[Hthe host'; sleep 0.3; printf '\033[2;1Hdown'; sleep 0.3; printf '\033[1;1Hend'; cat`)
	changes, before := l.changesBelowHost(), l.count()
	if err := l.shows("x", "end host"); err != nil {
		t.Fatal(err)
	}
	if n := changes(); n != 1 {
		t.Errorf("%d changes below the first row, want 1", n)
	}
	if n := l.count() - before; n < 20 {
		t.Errorf("%d bytes were counted", n)
	}
}

func TestWakeupsAreCounted(t *testing.T) {
	before, err := wakeups(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		time.Sleep(2 * time.Millisecond)
	}
	after, err := wakeups(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after-before < 25 {
		t.Errorf("%v wakeups were counted while 50 were made", after-before)
	}
	if _, err := wakeups(1 << 30); err == nil {
		t.Error("a process that is not there has wakeups")
	}
}

func TestShareOfACoreIsThatOfTheBusy(t *testing.T) {
	busy := onLine(t, `printf up; while :; do :; done`)
	idle := onLine(t, `printf up; exec sleep 1000`)
	shares, err := usedEach(2*time.Second, []int{busy.cmd.Process.Pid}, []int{idle.cmd.Process.Pid})
	if err != nil {
		t.Fatal(err)
	}
	// A machine that is busy itself may leave it next to nothing.
	if shares[0] < 1 || shares[0] > 110 || shares[1] > shares[0]/10 {
		t.Errorf("busy %v %%, idle %v %%", shares[0], shares[1])
	}
}

func TestADayGoesByInReadings(t *testing.T) {
	start := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	clock := fake.NewClock(start)
	host := fake.New(fake.Options{Clock: clock})
	over := 0
	l := &leaping{Runtime: host, clock: clock, leap: dayLeap, over: func() { over++ }}
	var batch runtime.Batch
	for range dayReadings + 10 {
		if err := l.Sample(context.Background(), &batch); err != nil {
			t.Fatal(err)
		}
	}
	if past := clock.Now().Sub(start); past != 25*time.Hour || over != 1 {
		t.Errorf("%v went by, and its end was told %d times", past, over)
	}
}

// TestInventedScreen holds that all views are found, on a screen that this program is
// itself.
func TestInventedScreen(t *testing.T) {
	cmd, err := invented{n: 3, interval: time.Minute, leap: dayLeap}.command()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(environment(), beBench+"=1")
	l, err := lineOf(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	})
	if err := l.shows("", "3/3"); err != nil {
		t.Fatal(err)
	}
	if err := l.tour(); err != nil {
		t.Fatal(err)
	}
}

// beBench in the environment makes the test program be the bench itself.
const beBench = "LXCDECK_BE_BENCH"

func TestMain(m *testing.M) {
	if os.Getenv(beBench) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
