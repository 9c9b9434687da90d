package lxc

import (
	"fmt"
	"strings"
	"testing"
)

// A snapshot that only clones keep that go along is lost with them.
func TestSnapshotsThatGoWithADataSet(t *testing.T) {
	snaps := []setSnap{
		{name: "tank/web@first"},
		{name: "tank/web@twin", clones: []string{"tank/twin"}},
		{name: "tank/web@daily"},
		{name: "tank/web@web-snap0", clones: []string{"tank/web-snap0"}},
		{name: "tank/web@last"},
	}
	for _, c := range []struct {
		along []string
		want  int
	}{
		{nil, 3},
		{[]string{"", "tank/web", "tank/web-snap0"}, 1},
		{[]string{"tank/twin", "tank/web-snap0"}, -1},
		{[]string{"tank/twin"}, 3},
	} {
		if got := lastCloned(snaps, c.along...); got != c.want {
			t.Errorf("along with %q: %d, want %d", c.along, got, c.want)
		}
	}
}

// However many there are, each is named, and no argument is too long for execve(2).
func TestSnapshotsAreNamedInArguments(t *testing.T) {
	const name = "tank/lxc/web"
	if lists := snapLists(name, nil); len(lists) != 0 {
		t.Errorf("of none: %q", lists)
	}
	var snaps []setSnap
	for i := range 1001 {
		snaps = append(snaps, setSnap{name: fmt.Sprintf("%s@%0240d", name, i)})
	}
	next := 0
	for _, list := range snapLists(name, snaps) {
		if len(list) >= 128<<10 {
			t.Errorf("an argument of %d bytes", len(list))
		}
		names, ok := strings.CutPrefix(list, name+"@")
		if !ok {
			t.Fatalf("an argument %.40q", list)
		}
		for as := range strings.SplitSeq(names, ",") {
			if want := fmt.Sprintf("%0240d", next); as != want {
				t.Fatalf("%q, want %q", as, want)
			}
			next++
		}
	}
	if next != len(snaps) {
		t.Errorf("%d of them are named", next)
	}
}
