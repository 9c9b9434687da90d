package views

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// snapshotsState is a list as it is used.
func snapshotsState() *SnapshotsState {
	return &SnapshotsState{
		Name: "web-1", Cursor: 1, Now: now, Keys: []string{"n", "new", "R", "restore", "A", "as new", "D", "delete", "enter", "in full", "esc", "leaves"},
		Items: []SnapshotItem{
			{Name: "snap0", Taken: now.Add(-9 * 24 * time.Hour), Size: 412 * mib, Comment: "as installed", Used: []string{"staging", "test-7"}},
			{Name: "snap1", Taken: now.Add(-2 * time.Hour), Size: 455 * mib, Comment: "before the upgrade to nginx 1.26\nand more"},
			{Name: "snap2", Size: -1},
		},
		Old:  []OldRootItem{{What: "the root before the restore of snap1", Since: now.Add(-50 * time.Hour), Size: 2 * gib}},
		Note: "taking a snapshot of web-1 ...",
	}
}

// newState is the form a container is made with, a list of it open.
func newState() *FormState {
	return &FormState{
		Title: "Create a container", Action: "creates", Cursor: 2, Wrong: -1,
		Command: "lxc-create -P /var/lib/lxc -n web-9 -t download -- --dist debian --release bookworm --arch amd64 --variant default",
		Fields: []FormField{
			{Label: "name", Value: "web-9"},
			{Kind: ChoiceField, Label: "template", Value: "debian", Section: "made of", Out: true, Warn: "debootstrap is not installed"},
			{Kind: ChoiceField, Label: "distribution", Value: "debian", List: &FormList{Query: "a", Cursor: 1, Items: []FormChoice{
				{Text: "almalinux", Note: "cached"}, {Text: "alpine"}, {Text: "archlinux", Note: "not for this machine", Out: true},
			}}},
			{Kind: ChoiceField, Label: "interface", Value: "default", Help: "veth on lxcbr0", Section: "network", Warn: "the bridge lxcbr0 is not there: the container will not start until it is"},
			{Kind: PressField, Value: "Enable lxc-net", Help: "asks first"},
			{Kind: CheckField, Label: "unprivileged", On: true, Fixed: true, Help: "always, since lxcdeck does not run as root", Section: "user ids"},
		},
	}
}

// surveys are the boxes of this file in states that are hard on them.
func surveys(th *Theme) map[string]func(w, h int) Block {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 20)
	nasty := &SnapshotsState{Name: bad, Cursor: 13, Now: now, Keys: []string{"n", "new", bad, bad, "esc", "leaves"}, Note: bad, Err: bad}
	for i := range 12 {
		nasty.Items = append(nasty.Items, SnapshotItem{
			Name: nastyNames()[i%len(nastyNames())], Taken: now.Add(-time.Duration(i*i) * time.Hour), Size: int64(i*i*i)*mib - 1, Comment: bad, Used: nastyNames(),
		})
		nasty.Old = append(nasty.Old, OldRootItem{What: bad, Since: now, Size: -1})
	}
	boxes := map[string]func(w, h int) Block{
		"snapshots":       func(w, h int) Block { return th.Snapshots(nasty, w, h) },
		"snapshots plain": func(w, h int) Block { return th.Snapshots(snapshotsState(), w, h) },
		"no snapshots":    func(w, h int) Block { return th.Snapshots(&SnapshotsState{Name: bad, Empty: bad}, w, h) },
		"snapshots fail":  func(w, h int) Block { return th.Snapshots(&SnapshotsState{Name: bad, Err: bad, Note: bad}, w, h) },
		"text": func(w, h int) Block {
			return th.Text(&TextState{Title: bad, Lines: []string{bad, "", bad}, Offset: 3}, w, h)
		},
		"no text": func(w, h int) Block { return th.Text(&TextState{Offset: 9}, w, h) },
	}
	bad = bad[:60]
	for _, i := range []int{0, 2, 4} {
		boxes[fmt.Sprintf("new form %d", i)] = func(w, h int) Block {
			s := newState()
			s.Cursor = i
			for k := range s.Fields {
				s.Fields[k].Section += bad
				s.Fields[k].Warn = bad
			}
			s.Fields[2].List.Items = append(s.Fields[2].List.Items, FormChoice{Text: bad, Note: bad, Out: true})
			s.Fields[4].Value = bad
			return th.Form(s, w, h)
		}
	}
	boxes["new form, empty list"] = func(w, h int) Block {
		s := newState()
		s.Fields[2].List = &FormList{Query: bad, Behind: 5}
		return th.Form(s, w, h)
	}
	return boxes
}

func TestGoldenSurveys(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	for name, s := range map[string][2]int{"40x10": {40, 10}, "80x24": {80, 24}, "120x40": {120, 40}} {
		golden(t, "snapshots-"+name, th.Snapshots(snapshotsState(), s[0], s[1]), false)
		golden(t, "create-"+name, th.Form(newState(), s[0], s[1]), false)
	}
	golden(t, "snapshots-colour", th.Snapshots(snapshotsState(), 80, 24), true)
	golden(t, "create-colour", th.Form(newState(), 80, 24), true)
}

// The field with the cursor is in sight with its first choices, however low
// the screen is, and so is the row of a snapshot.
func TestSurveysKeepTheCursorInSight(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	for h := 3; h < 24; h++ {
		s := newState()
		for i := range s.Fields {
			s.Cursor = i
			got := strings.Join(plain(th.Form(s, 40, h)), "\n")
			if want := s.Fields[i].Label; !strings.Contains(got, "> "+want) && want != "" {
				t.Errorf("40x%d: %s is not in sight:\n%s", h, want, got)
			}
		}
		s.Cursor = 2
		if got := strings.Join(plain(th.Form(s, 40, h)), "\n"); h > 4 && !strings.Contains(got, "alpine") {
			t.Errorf("40x%d: the choice with the cursor is not in sight:\n%s", h, got)
		}
		l := snapshotsState()
		for i, want := range []string{"snap0", "snap1", "snap2", "the root before"} {
			l.Cursor = i
			if got := strings.Join(plain(th.Snapshots(l, 40, h)), "\n"); !strings.Contains(got, want) {
				t.Errorf("40x%d: %s is not in sight:\n%s", h, want, got)
			}
		}
	}
}

func TestTextScrolls(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := &TextState{Title: "snap0 of web-1"}
	for i := range 30 {
		s.Lines = append(s.Lines, fmt.Sprintf("line %d", i))
	}
	rows, room := th.TextHeight(s, 80, 12)
	if rows != 30 || room != 10 {
		t.Fatalf("%d rows, %d in sight", rows, room)
	}
	for offset, want := range map[int]string{0: "line 9 ", 5: "line 14 ", 20: "line 29 ", 99: "line 29 "} {
		s.Offset = offset
		if got := strings.Join(plain(th.Text(s, 80, 12)), "\n"); !strings.Contains(got, want) {
			t.Errorf("from %d no %q:\n%s", offset, want, got)
		}
	}
}
