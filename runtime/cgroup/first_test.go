package cgroup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	goruntime "runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// listed cuts a Sample down to what the Totals tier promises.
func listed(s runtime.Sample) runtime.Sample {
	t := runtime.Sample{InitPID: s.InitPID, Cgroup: s.Cgroup, Net: s.Net, Pids: s.Pids}
	t.Pids.Refused = runtime.Value{}
	t.CPU.Usage = s.CPU.Usage
	t.IO.ReadBytes, t.IO.WriteBytes = s.IO.ReadBytes, s.IO.WriteBytes
	m := s.Memory
	t.Memory = runtime.Memory{Usage: m.Usage, WorkingSet: m.WorkingSet, Limit: m.Limit, Swap: m.Swap, OOMKills: m.OOMKills}
	return t
}

func TestTotals(t *testing.T) {
	for tree, c := range map[string]struct {
		name string
		pid  int
	}{"v2": {"web", 4242}, "v1": {"db", 310}, "hybrid": {"app", 88}} {
		t.Run(tree, func(t *testing.T) {
			set := NewSet(FS{Root: "testdata/" + tree}, nil)
			defer set.Close()
			b := &runtime.Batch{Readings: []runtime.Reading{{Ref: ref(c.name), InitPID: c.pid}}}
			q := &b.Readings[0]
			files := func(tier runtime.Tier) int {
				t.Helper()
				q.Tier = tier
				if err := set.Sample(context.Background(), b); err != nil || q.Err != nil {
					t.Fatal(err, q.Err)
				}
				if r := set.entries[q.Ref].reader; r != nil {
					return r.Files()
				}
				return 0
			}
			held := files(runtime.Totals)
			totals := q.Sample
			if !totals.FullAt.IsZero() || totals.At.IsZero() || held != 0 {
				t.Errorf("at %v, full at %v; %d files are held", totals.At, totals.FullAt, held)
			}
			if held = files(runtime.Totals); held != 0 || listed(q.Sample) != listed(totals) {
				t.Errorf("again: %+v, want %+v; %d files are held", q.Sample, totals, held)
			}
			all := files(runtime.Full)
			full := q.Sample
			if all == 0 || full.FullAt.IsZero() {
				t.Errorf("%d files for all; full at %v", all, full.FullAt)
			}
			if listed(totals) != listed(full) || listed(full) == listed(runtime.Sample{InitPID: c.pid, Cgroup: full.Cgroup}) {
				t.Errorf("totals %+v\nof      %+v", listed(totals), listed(full))
			}
			if files(runtime.Totals) != all || q.Sample.FullAt != full.FullAt || q.Sample.PSI != full.PSI || figures(q.Sample) != figures(full) {
				t.Errorf("totals after a full reading: %+v\nwant %+v", q.Sample, full)
			}
		})
	}
}

func TestTotalsReadLimitsEachTime(t *testing.T) {
	f := tree(t, "v2")
	r := open(t, f, 4242)
	var s runtime.Sample
	for _, want := range []uint64{77, 99} {
		put(t, f, "sys/fs/cgroup/lxc.payload.web/memory.max", strconv.FormatUint(want, 10)+"\n")
		if err := r.Read(runtime.Totals, &s); err != nil || s.Memory.Limit != n(want) {
			t.Errorf("limit %v, want %d; %v", s.Memory.Limit, want, err)
		}
	}
}

func TestSetLocates(t *testing.T) {
	f := tree(t, "v2")
	set := NewSet(f, nil)
	defer set.Close()
	for range 2 {
		for _, c := range []struct {
			pid  int
			dirs []string
		}{{4242, nil}, {6000, nil}, {7000, nil}, {7000, []string{"lxc/101"}}, {99999, nil}, {0, nil}} {
			want, wantErr := f.Locate(c.pid, c.dirs...)
			got, err := set.Locate(c.pid, c.dirs...)
			if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%d: %+v, %v; want %+v, %v", c.pid, got, err, want, wantErr)
			}
		}
	}
	// Once we are in that payload ourselves it is no container of ours.
	put(t, f, "proc/self/cgroup", "0::/lxc.payload.web\n")
	if err := set.Sample(context.Background(), &runtime.Batch{}); err != nil {
		t.Fatal(err)
	}
	if at, err := set.Locate(4242); !errors.Is(err, runtime.ErrNoCgroup) {
		t.Errorf("after a Sample: %+v, %v", at, err)
	}
}

// twoWorkers makes sure that there are several where the machine has one CPU.
func twoWorkers(t *testing.T) {
	old := goruntime.GOMAXPROCS(0)
	goruntime.GOMAXPROCS(max(old, 2))
	t.Cleanup(func() { goruntime.GOMAXPROCS(old) })
}

// newBatch is many containers; all of them look at one, some do not exist.
func newBatch() *runtime.Batch {
	b := &runtime.Batch{}
	for i := range 8 * fewNew {
		q := runtime.Reading{Ref: runtime.Ref{Path: "/p" + strconv.Itoa(i), Name: "web"}, InitPID: 4242, Tier: runtime.Tier(i % 3)}
		if i%fewNew == 5 {
			q.InitPID = 99999
		}
		b.Readings = append(b.Readings, q)
	}
	// Listed twice, the second time with another pid.
	twice := b.Readings[0]
	twice.InitPID = 99999
	b.Readings = append(b.Readings, twice)
	return b
}

func TestManyNewAreSharedOut(t *testing.T) {
	twoWorkers(t)
	set := NewSet(tree(t, "v2"), func(runtime.Ref) []string { return nil })
	defer set.Close()
	before := openFDs(t)
	b := newBatch()
	for round := range 3 {
		if err := set.Sample(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i := range b.Readings {
			q := &b.Readings[i]
			switch {
			case q.InitPID == 99999:
				if !errors.Is(q.Err, runtime.ErrNotFound) || q.Sample != (runtime.Sample{}) {
					t.Errorf("round %d, %d: %v %+v", round, i, q.Err, q.Sample)
				}
			case q.Err != nil || q.Sample.CPU.Usage != n(7500123000) || q.Sample.FullAt.IsZero() != (q.Tier == runtime.Totals):
				t.Errorf("round %d, %d: %v %+v", round, i, q.Err, q.Sample)
			}
		}
	}
	for ref, e := range set.entries {
		if e.served != nil || (e.reader != nil && e.reader.buf != &set.buf) {
			t.Errorf("%s: served %v, or it keeps a worker's buffer", ref, e.served)
		}
	}
	set.Close()
	if got := openFDs(t); got != before {
		t.Errorf("%d descriptors after Close, %d before", got, before)
	}
}

func TestManyNewStopWithTheContext(t *testing.T) {
	twoWorkers(t)
	ctx, cancel := context.WithCancel(context.Background())
	set := NewSet(FS{Root: "testdata/v2"}, func(runtime.Ref) []string { cancel(); return nil })
	defer set.Close()
	b := newBatch()
	if err := set.Sample(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	read := 0
	for i := range b.Readings {
		switch q := &b.Readings[i]; {
		case errors.Is(q.Err, context.Canceled):
		case q.Err == nil:
			read++
		case !errors.Is(q.Err, runtime.ErrNotFound):
			t.Errorf("%d: %v", i, q.Err)
		}
	}
	if read == 0 || read > maxWorkers {
		t.Errorf("%d containers read after the context ended", read)
	}
}

// TestPanicOfAWorkerIsTheCallers: it must end neither in a goroutine that
// nobody guards, nor unseen.
func TestPanicOfAWorkerIsTheCallers(t *testing.T) {
	twoWorkers(t)
	set := NewSet(FS{Root: "testdata/v2"}, func(r runtime.Ref) []string {
		if r.Path == "/p9" {
			panic("told to")
		}
		return nil
	})
	defer set.Close()
	defer func() {
		if got := recover(); got != "told to" {
			t.Errorf("recovered %v", got)
		}
	}()
	err := set.Sample(context.Background(), newBatch())
	t.Errorf("no panic, but %v", err)
}

func TestReserveFDs(t *testing.T) {
	before := openFDs(t)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	ReserveFDs()
	if got := openFDs(t); got != before {
		t.Errorf("%d descriptors open, %d before", got, before)
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(text, []byte("FDSize:"))
	size, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte("\n"))
	if have, err := strconv.ParseUint(string(size), 10, 64); !ok || err != nil || have < min(limit.Cur, roomFDs) {
		t.Errorf("room for %q, want %d", size, min(limit.Cur, roomFDs))
	}
}
