package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
	"lxcdeck/tui"
)

// invented is the screen on containers in memory: as many as no test machine carries,
// with nothing that changes, or with a day that goes by in seconds.
type invented struct {
	n        int
	interval time.Duration
	frozen   bool          // all of them, so that no figure changes
	leap     time.Duration // from one reading to the next; 0 = as the clock says
}

// flags declares what command names.
func (s *invented) flags() {
	flag.IntVar(&s.n, "fake", 0, "be the screen on so `many` containers in memory")
	flag.DurationVar(&s.interval, "fake-interval", time.Second, "fake: between two readings")
	flag.BoolVar(&s.frozen, "fake-frozen", false, "fake: all of them are frozen")
	flag.DurationVar(&s.leap, "fake-leap", 0, "fake: let so much `time` go by from one reading to the next, as often as a day has minutes")
}

// command starts this program as that screen.
func (s invented) command() (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return exec.Command(self, "-fake", fmt.Sprint(s.n), "-fake-interval", s.interval.String(),
		fmt.Sprintf("-fake-frozen=%t", s.frozen), "-fake-leap", s.leap.String()), nil
}

// all is what the screen says when the list is complete.
func (s invented) all() string { return fmt.Sprintf("%d/%d", s.n, s.n) }

// over is what it says after a day's readings: there is one more.
func (s invented) over() string { return fmt.Sprintf("%d/%d", s.n+1, s.n+1) }

// name is that of the ith container.
func (invented) name(i int) string { return fmt.Sprintf("fake-%04d", i) }

// container is the ith of them, as busy as its number says.
func (s invented) container(i int, started time.Time) fake.Spec {
	c := fake.Spec{Container: runtime.Container{
		Ref: runtime.Ref{Name: s.name(i)}, State: runtime.Running, Config: &runtime.Config{}, Started: started, IPsRead: true,
	}}
	c.Load = fake.Load{
		CPU: float64(i%50) / 100, Swing: 0.5, Memory: uint64(i%90+1) << 20, Limit: 1 << 30, Pids: uint64(i%30 + 1),
		Rx: float64(i%20) * 1e4, Tx: float64(i%10) * 1e4, Read: float64(i%5) * 1e5, Write: float64(i%7) * 1e5,
	}
	if s.frozen {
		c.State = runtime.Frozen
	}
	return c
}

// run is the screen, until it is left.
func (s invented) run() error {
	// Ages of days, which do not change while anybody watches.
	now := time.Now()
	var clock *fake.Clock
	if s.leap > 0 {
		clock = fake.NewClock(now.Round(0))
	}
	host := fake.New(fake.Options{Clock: clock})
	for i := range s.n {
		host.Add(s.container(i, now.Add(-50*time.Hour)))
	}
	var rt runtime.Runtime = host
	if clock != nil {
		rt = &leaping{Runtime: host, clock: clock, leap: s.leap, over: func() { host.Add(s.container(s.n, clock.Now())) }}
	}
	err := tui.Run(context.Background(), tui.Options{
		Runtime: rt, Interval: s.interval, Hostname: "invented", In: os.Stdin, Out: os.Stdout, Env: os.Environ(),
	})
	if err != nil {
		return fmt.Errorf("run the screen on %d containers in memory: %w", s.n, err)
	}
	return nil
}

// dayReadings are so many that a day is full when they are a minute apart.
const dayReadings = 25 * 60

// leaping is a host whose time goes by from one reading to the next.
type leaping struct {
	runtime.Runtime

	clock *fake.Clock
	leap  time.Duration
	reads int
	over  func() // is called once, after dayReadings
}

// Sample reads all, at the next instant.
func (l *leaping) Sample(ctx context.Context, batch *runtime.Batch) error {
	if l.reads < dayReadings {
		l.clock.Advance(l.leap)
		if l.reads++; l.reads == dayReadings {
			l.over()
		}
	}
	return l.Runtime.Sample(ctx, batch) //nolint:wrapcheck // it stands for the host
}
