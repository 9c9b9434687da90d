package lxc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
)

// lateDeck has containers whose init is this process: they are on the host's network.
func lateDeck(t *testing.T, n int) (*Adapter, []runtime.Ref) {
	t.Helper()
	a := adapterFor(t, t.TempDir())
	var refs []runtime.Ref
	for i := range n {
		ref := runtime.Ref{Path: "/x", Name: fmt.Sprint("late-", i)}
		if l, err := a.remember(ref, os.Getpid()); err != nil || l == nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	return a, refs
}

// holdTurn takes the turn of a container as a reading that does not come back. One that
// was given up may still have it.
func holdTurn(t *testing.T, a *Adapter, ref runtime.Ref, since time.Time) {
	t.Helper()
	var turn *netTurn
	within(t, "nobody reads "+ref.String(), func() bool {
		turn, _, _ = a.networks.begin(ref)
		return turn != nil
	})
	turn.since = since
	t.Cleanup(func() { a.networks.end(ref, turn) })
}

// TestNetworkOneIsLate: of many containers one does not come back; it alone is not read.
func TestNetworkOneIsLate(t *testing.T) {
	a, refs := lateDeck(t, 9)
	since := time.Now().Add(-time.Minute)
	holdTurn(t, a, refs[4], since)
	m, err := a.Network(context.Background(), refs)
	if err != nil || len(m.Containers) != len(refs) || len(m.Host) == 0 {
		t.Fatalf("%d containers, %d interfaces of the host, %v", len(m.Containers), len(m.Host), err)
	}
	for i := range m.Containers {
		c := &m.Containers[i]
		switch {
		case c.Ref != refs[i] || c.At.IsZero():
			t.Errorf("place %d: %+v", i, *c)
		case i == 4 && (!c.Since.Equal(since) || !strings.Contains(c.Why, "has not come back since")):
			t.Errorf("the late one: %+v", *c)
		case i != 4 && (c.Why != "" || !c.OnHost || c.InitPID != os.Getpid()):
			t.Errorf("another: %+v", *c)
		}
	}
}

// TestNetworkTimeIsUp: those that were not reached keep their place and say so, also
// where the host was not read; that is an error only when nothing was.
func TestNetworkTimeIsUp(t *testing.T) {
	a, refs := lateDeck(t, 2*netReaders)
	late, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	rows := a.eachNetwork(late, refs, &hostNet{})
	if len(rows) != len(refs) {
		t.Fatalf("%d of %d", len(rows), len(refs))
	}
	for i, c := range rows {
		if c.Ref != refs[i] || !strings.Contains(c.Why, "not reached") || c.NSID != -1 || len(c.Links) != 0 {
			t.Errorf("%+v", c)
		}
	}
	m, err := a.Network(late, refs)
	if !errors.Is(err, runtime.ErrNoAnswer) || !strings.Contains(err.Error(), "the host's interfaces") || len(m.Containers) != len(refs) {
		t.Errorf("nothing was read: %d containers, %v", len(m.Containers), err)
	}
	given, giveUp := context.WithCancel(context.Background())
	giveUp()
	if _, err := a.Network(given, refs); !errors.Is(err, runtime.ErrCancelled) {
		t.Errorf("given up: %v", err)
	}
	holdTurn(t, a, runtime.Ref{}, time.Now().Add(-time.Minute))
	m, err = a.Network(context.Background(), refs)
	if err != nil || !strings.Contains(m.HostWhy, "has not come back since") || slices.ContainsFunc(m.Containers, func(c runtime.ContainerNet) bool { return c.Why != "" }) {
		t.Errorf("the host alone is late: %+v, %v", m, err)
	}
}
