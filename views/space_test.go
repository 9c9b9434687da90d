package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
)

func roomFor(n uint64) runtime.Room {
	return runtime.Room{Bytes: runtime.Of(n), Files: 1 + n/9000, At: now.Add(-3 * time.Minute)}
}

// someSpace is a host with all kinds of what takes room.
func someSpace() *SpaceState {
	s := &SpaceState{
		BySize: true, Desc: true, Now: now, Walking: "web-2", Files: 120000, Done: 3, Of: 17, Cursor: 1,
		Hints: []keymap.Hint{{Key: "enter", Text: "parts"}, {Key: "o", Text: "by name"}, {Key: "ctrl+r", Text: "measure anew"}, {Key: "q", Text: "back"}},
	}
	add := func(name, store string, parts ...runtime.SpacePart) *runtime.ContainerSpace {
		c := &runtime.ContainerSpace{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: name}, Store: store, FS: "/", Parts: parts}
		s.Rows = append(s.Rows, SpaceRow{C: c, Name: name})
		return c
	}
	db := add("db-main", "dir",
		runtime.SpacePart{Kind: runtime.SpaceRoot, Path: "/var/lib/lxc/db-main/rootfs", Room: roomFor(6200 * mib)},
		runtime.SpacePart{Kind: runtime.SpaceSnapshot, Name: "snap0", Taken: now.Add(-time.Hour), Room: roomFor(1900 * mib)},
		runtime.SpacePart{Kind: runtime.SpaceSnapshot, Name: "snap1", Taken: now.Add(-time.Minute), Room: roomFor(2300 * mib)},
		runtime.SpacePart{Kind: runtime.SpaceKept, Name: "the root before the restore of snap1", Room: roomFor(2048 * mib)},
		runtime.SpacePart{Kind: runtime.SpaceLogs, Room: roomFor(40960)}, runtime.SpacePart{Kind: runtime.SpaceOther, Room: roomFor(8192)})
	web := add("web-1", "btrfs", runtime.SpacePart{Kind: runtime.SpaceRoot, Room: roomFor(812 * mib), Shared: "subvolumes of btrfs share blocks, which count in each of them"},
		runtime.SpacePart{Kind: runtime.SpaceOther, Room: roomFor(8192)})
	web.Parts[0].Room.Least, web.Parts[0].Room.Why = true, "not all of it may be read"
	add("staging", "overlay", runtime.SpacePart{Kind: runtime.SpaceChanges, Room: roomFor(3 * mib)}, runtime.SpacePart{Kind: runtime.SpaceOther, Room: roomFor(4096)})
	add("nfs-box", "dir", runtime.SpacePart{Kind: runtime.SpaceRoot, Room: runtime.Room{Silent: now.Add(-12 * time.Second)}}, runtime.SpacePart{Kind: runtime.SpaceOther, Room: roomFor(4096)})
	sandbox := add("sandbox", "", runtime.SpacePart{Kind: runtime.SpaceWhole, Room: roomFor(96 * mib)})
	sandbox.FS, sandbox.StoreWhy = "", "configuration belongs to another user: /var/lib/lxc/sandbox belongs to uid 1000"
	add("web-2", "dir", runtime.SpacePart{Kind: runtime.SpaceRoot}, runtime.SpacePart{Kind: runtime.SpaceOther})
	vol := add("vol", "lvm", runtime.SpacePart{Kind: runtime.SpaceRoot, Room: runtime.Room{Why: "its root lies in a volume: only root may ask how large that is"}})
	vol.FS = ""
	s.Rows = append(s.Rows, SpaceRow{All: true, C: &runtime.ContainerSpace{Parts: append(append([]runtime.SpacePart(nil), db.Parts...), web.Parts...)}})
	s.Rows = append(s.Rows,
		SpaceRow{FS: &runtime.FileSystem{Mount: "/", Type: "ext4", Total: runtime.Of(220 << 30), Used: runtime.Of(190 << 30), Free: runtime.Of(19 << 30), Paths: []string{"/var/lib/lxc"}}},
		SpaceRow{FS: &runtime.FileSystem{Mount: "/srv/dead", Why: "no answer in 5s"}})
	x := func(kind, path string, use runtime.SpaceUse, why string) *runtime.SpaceExtra {
		e := &runtime.SpaceExtra{Kind: kind, Path: path, Use: use, Why: why, Changed: now.Add(-200 * 24 * time.Hour), Room: roomFor(512 * mib)}
		s.Rows = append(s.Rows, SpaceRow{X: e})
		return e
	}
	x("directory", "/var/lib/lxc/old-wiki", runtime.UseOrphan, "").What = "no container any more, with 2 snapshots"
	x("directory", "/var/lib/lxc/attic", runtime.UseUnknown, "the config of sandbox is not read: it belongs to uid 1000")
	x("directory", "/var/lib/lxc/golden", runtime.UseBy, "").Users = []runtime.Ref{{Path: "/var/lib/lxc", Name: "staging"}, {Path: "/var/lib/lxc", Name: "web-1"}}
	x("cache", "/var/cache/lxc/download/debian/bookworm/amd64/default", runtime.UseCache, "")
	x("draft", "/srv/backup/mail.tar.zst.part", runtime.UseKept, "").Room = runtime.Room{Silent: now.Add(-time.Minute)}
	return s
}

// nastySpace has all that is hard to paint.
func nastySpace(cursor int) *SpaceState {
	s := someSpace()
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	for i := range s.Rows {
		r := &s.Rows[i]
		switch {
		case r.C != nil:
			r.Name, r.C.StoreWhy, r.C.Store, r.C.FS, r.C.Ref.Name, r.Gone = bad, bad, bad, bad, bad, i%2 == 0
			for k := range r.C.Parts {
				r.C.Parts[k].Room.Why, r.C.Parts[k].Room.Least = bad, true
				r.C.Parts[k].Room.Bytes = runtime.Of(1<<63 + 1)
			}
		case r.FS != nil:
			r.FS.Mount, r.FS.Type, r.FS.Paths = bad, bad, []string{bad, bad}
		default:
			r.X.Path, r.X.Kind, r.X.What, r.X.Why = bad, bad, bad, bad
		}
	}
	s.Walking, s.Note, s.Cursor, s.Say = bad, bad, cursor, &NoticeState{Text: bad}
	s.Files, s.Done, s.Of = 1<<63, 1<<40, 1<<41
	return s
}

func TestGoldenSpace(t *testing.T) {
	th := theme(t, "", ThemeOptions{Colors: 16})
	plain := theme(t, "mono", ThemeOptions{ASCII: true})
	for name, size := range map[string][2]int{"40x10": {40, 10}, "60x15": {60, 15}, "80x24": {80, 24}, "120x40": {120, 40}, "200x60": {200, 60}} {
		w, h := size[0], size[1]
		golden(t, "space-"+name, th.Space(someSpace(), w, h), false)
		golden(t, "space-colour-"+name, th.Space(someSpace(), w, h), true)
		golden(t, "space-mono-"+name, plain.Space(someSpace(), w, h), true)
		last := someSpace()
		last.Cursor, last.Walking, last.Done, last.BySize, last.Desc = len(last.Rows)-4, "", 17, false, false
		last.Offset = SpaceScroll(last, h)
		golden(t, "space-below-"+name, th.Space(last, w, h), false)
		golden(t, "space-empty-"+name, th.Space(&SpaceState{Now: now, Empty: "There is no container, and nothing else in the lxcpaths.", Hints: someSpace().Hints[2:]}, w, h), false)
	}
}

func TestSpaceIsExact(t *testing.T) {
	for _, th := range themes(t)[:2] {
		for i := 0; i < len(someSpace().Rows); i += 3 {
			for _, s := range []*SpaceState{someSpace(), nastySpace(i)} {
				s.Cursor = i
				for _, size := range sizes() {
					s.Offset = SpaceScroll(s, size[1])
					exact(t, fmt.Sprintf("space %d", i), th.Space(s, size[0], size[1]), size[0], size[1])
				}
			}
		}
		for _, size := range append(sizes(), [2]int{0, 0}, [2]int{-1, 3}) {
			if b := th.Space(&SpaceState{Empty: strings.Repeat("long words ", 90)}, size[0], size[1]); len(b) != max(0, size[1]) {
				t.Fatalf("at %v: %d rows", size, len(b))
			}
		}
	}
}

// What is not known is no zero, and what is partly known says so.
func TestSpaceFigures(t *testing.T) {
	at := now
	for want, r := range map[string]runtime.Room{
		"-": {}, "0": {Bytes: runtime.Of(0), At: at}, "1.0k": {Bytes: runtime.Of(1024), At: at}, ">1.5G": {Bytes: runtime.Of(3 << 29), Least: true, Why: "x", At: at},
		">1023P": {Bytes: runtime.Of(1023 << 50), Least: true, At: at},
	} {
		if got := RoomBytes(&r); got != want && want != ">1023P" || Width(got) > 6 {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
	th := theme(t, "", ThemeOptions{})
	if _, text := th.room(&runtime.Room{}); text != th.Glyphs.Ellipsis {
		t.Errorf("what is still to be measured: %q", text)
	}
	if _, text := th.room(&runtime.Room{Why: "x"}); text != Absent {
		t.Errorf("what is not known: %q", text)
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 120000: "120,000", 1234567: "1,234,567"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// Nobody is told how to remove anything, and nothing is an orphan by its look.
func TestSpaceVerdictWords(t *testing.T) {
	for i := range someSpace().Rows {
		r := someSpace().Rows[i]
		if r.X == nil {
			continue
		}
		for _, text := range []string{SpaceUseWords(r.X), SpaceVerdict(r.X)} {
			if has := strings.Contains(strings.ToLower(text), "orphan"); has != (r.X.Use == runtime.UseOrphan) {
				t.Errorf("%s: %q", r.X.Path, text)
			}
			for _, bad := range []string{"rm ", "remove", "delete", "destroy"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s: %q", r.X.Path, text)
				}
			}
		}
	}
}
