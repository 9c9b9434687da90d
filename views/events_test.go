package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
)

// someEvents are those of a busy morning.
func someEvents() *EventsState {
	s := &EventsState{
		Cursor: 2, Now: now,
		Hints: []keymap.Hint{{Key: "enter", Text: "to the container"}, {Key: "c", Text: "of this one alone"}, {Key: "O", Text: "turns round"}, {Key: "y", Text: "copies"}, {Key: "q", Text: "back"}},
	}
	add := func(ago time.Duration, name string, r Role, what, why string) {
		at := now.Add(-ago)
		s.Items = append(s.Items, EventItem{
			At: at, Name: name, What: what, Why: why, Role: r,
			Full: at.Format("2006-01-02 15:04:05") + "  /var/lib/lxc/" + name + "  " + what + ": " + why,
		})
	}
	add(3*time.Second, "web-1", Bad, "alert", "memory 94 % of its limit, threshold 90 %")
	add(20*time.Second, "cache", Warn, "stopped", "init ended, just after an OOM kill")
	add(31*time.Second, "cache", Bad, "OOM-killed (3)", "the kernel killed 3 processes for want of memory")
	add(4*time.Minute, "db-main", Notice, "limits changed", "memory 4.0G to 8.0G; pids 100 to none; by whom is not known")
	add(5*time.Minute, "web-2", Notice, "restarted", "by lxcdeck reboot")
	add(9*time.Minute, "a-rather-long-name-of-a-container", Notice, "config edited", "by whom is not known")
	add(10*time.Minute, "build-old", Notice, "frozen", "by lxcdeck freeze (jo)")
	add(11*time.Minute, "", Bad, "alert", "disk 93 %, threshold 90 %")
	s.Total = len(s.Items)
	return s
}

func nastyEvents() *EventsState {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	s := someEvents()
	s.Of, s.Empty, s.Up = bad, bad, true
	s.Say = &NoticeState{Level: LevelError, Text: bad, Hint: bad}
	for i := range s.Items {
		it := &s.Items[i]
		it.At = it.At.Add(-time.Duration(i) * 30 * time.Hour)
		it.Name, it.What, it.Why, it.Full = nastyNames()[i%len(nastyNames())], bad, bad, bad
	}
	s.Total = 4_000_000
	return s
}

func TestGoldenEvents(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "60x15": {60, 15}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		w, h := s[0], s[1]
		golden(t, "events-"+name, th.Events(someEvents(), w, h), false)
		golden(t, "events-colour-"+name, th.Events(someEvents(), w, h), true)
		golden(t, "events-mono-"+name, plain.Events(someEvents(), w, h), true)
		golden(t, "events-empty-"+name, th.Events(&EventsState{Now: now, Empty: "Nothing has happened.", Hints: someEvents().Hints[4:]}, w, h), false)
		old := someEvents()
		for i := range old.Items {
			old.Items[i].At = old.Items[i].At.Add(-time.Duration(i) * 9 * time.Hour)
		}
		golden(t, "events-days-"+name, th.Events(old, w, h), false)
	}
}

func TestEventsAreExact(t *testing.T) {
	for i, s := range []*EventsState{someEvents(), nastyEvents(), {}, {Empty: strings.Repeat("long words ", 90), Of: "日本"}} {
		th := themes(t)[i%2]
		for _, size := range sizes() {
			exact(t, fmt.Sprintf("events %d", i), th.Events(s, size[0], size[1]), size[0], size[1])
		}
		for _, size := range [][2]int{{0, 0}, {-1, -1}, {0, 5}} {
			if b := th.Events(s, size[0], size[1]); len(b) != max(0, size[1]) {
				t.Fatalf("%v: %d rows", size, len(b))
			}
		}
	}
}

func TestEventTimes(t *testing.T) {
	at := time.Date(2026, 11, 12, 14, 2, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		0: "14:02", 14 * time.Hour: "00:02", 15 * time.Hour: "Wed 23:02", 5 * 24 * time.Hour: "Sat 14:02", 9 * 24 * time.Hour: "Nov  3 14:02", -time.Hour * 48: "Nov 14 14:02",
	} {
		if got := EventTime(at.Add(-ago), at); got != want {
			t.Errorf("%s ago: %q, want %q", ago, got, want)
		}
	}
}
