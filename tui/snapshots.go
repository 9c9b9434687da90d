package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/views"
)

// snapshotsDeadline is for reading snapshots and kept roots, whose sizes are
// measured file by file.
const snapshotsDeadline = 2 * time.Minute

type (
	// snapshotsMsg is what a container has of snapshots.
	snapshotsMsg struct {
		list  *snapList
		gen   int
		stamp string // as it was before they were read; "" = there are none, or it is not known
		snaps []runtime.SnapshotInfo
		err   error
	}
	// oldRootsMsg are the roots that restores of a container keep.
	oldRootsMsg struct {
		list *snapList
		gen  int
		olds []runtime.Leftover
		err  error
	}
	// snapStampMsg says whether the snapshots are those that were read.
	snapStampMsg struct {
		list  *snapList
		gen   int
		stamp string
		err   error
	}
)

// snapList is the list of a container's snapshots, and of the roots that
// restores of it have kept.
type snapList struct {
	ref     runtime.Ref
	gen     int // of the last reading: what comes of older ones is dropped
	reading int // how many readings of that are out
	read    bool
	snaps   []runtime.SnapshotInfo
	olds    []runtime.Leftover
	err     error
	oldErr  error
	at      int
	id      string // of what is under the cursor: it keeps it when others go
	stop    context.CancelFunc
	stamp   string    // of what was read
	looks   bool      // it is being asked whether that is so still
	looked  time.Time // when it was asked
}

func (m *Model) snapshotHandlers() map[keymap.ID]func() tea.Cmd {
	return map[keymap.ID]func() tea.Cmd{keymap.SnapshotList: m.openSnapshots}
}

func (m *Model) openSnapshots() tea.Cmd {
	c := m.selected()
	if c == nil {
		return nil
	}
	x := &snapList{ref: c.Ref}
	m.overlay = x
	return x.fetch(m)
}

// fetch reads the list off the loop, and gives up what is still being read.
func (x *snapList) fetch(m *Model) tea.Cmd {
	if x.stop != nil {
		x.stop()
	}
	ctx, stop := context.WithTimeout(m.out.ctx, snapshotsDeadline)
	x.stop, x.reading = stop, 2
	x.gen++
	x.looked = m.clock.Now()
	rt, ref, gen := m.rt, x.ref, x.gen
	return tea.Batch(
		cmd("snapshots", func() tea.Msg {
			stamp, _ := rt.SnapshotStamp(ctx, ref) // what comes between makes another
			snaps, err := rt.Snapshots(ctx, ref)
			return snapshotsMsg{x, gen, stamp, snaps, err}
		}),
		cmd("kept roots", func() tea.Msg {
			all, err := rt.Leftovers(ctx)
			all = slices.DeleteFunc(all, func(l runtime.Leftover) bool { return l.Ref != ref || !l.Kept })
			return oldRootsMsg{x, gen, all, err}
		}))
}

const (
	// snapLookEvery is how often is asked, while the list is open, whether somebody else
	// has taken or deleted a snapshot: no event tells that.
	snapLookEvery = 2 * time.Second
	// snapLookDeadline is how long that may take.
	snapLookDeadline = 10 * time.Second
)

// lookAtSnapshots asks whether the list that is open is that of now.
func (m *Model) lookAtSnapshots() tea.Cmd {
	x := m.snapshotsOpen()
	if x == nil || x.looks || x.reading > 0 || m.clock.Now().Sub(x.looked) < snapLookEvery {
		return nil
	}
	x.looks, x.looked = true, m.clock.Now()
	rt, ref, gen, parent := m.rt, x.ref, x.gen, m.out.ctx
	return cmd("snapshot stamp", func() tea.Msg {
		ctx, cancel := context.WithTimeout(parent, snapLookDeadline)
		defer cancel()
		stamp, err := rt.SnapshotStamp(ctx, ref)
		return snapStampMsg{x, gen, stamp, err}
	})
}

// onSnapStamp reads a list anew that is another one. What cannot be asked is told by
// the next reading.
func (m *Model) onSnapStamp(msg snapStampMsg) tea.Cmd {
	x := msg.list
	x.looks = false
	if msg.err != nil || msg.gen != x.gen || msg.stamp == x.stamp || m.snapshotsOpen() != x {
		return nil
	}
	return x.fetch(m)
}

// snapshotsOpen is the list, be it below a question or a form; nil = it is not open.
func (m *Model) snapshotsOpen() *snapList {
	for at := m.overlay; at != nil; {
		switch o := at.(type) {
		case *snapList:
			return o
		case *snapText:
			at = o.back
		case *question:
			at = o.back
		case *form:
			at = o.back
		default:
			return nil
		}
	}
	return nil
}

// here says whether a message belongs to the last reading.
func (x *snapList) here(gen int) bool {
	if gen != x.gen {
		return false
	}
	if x.reading--; x.reading == 0 {
		x.stop()
	}
	return true
}

func (m *Model) onSnapshots(msg snapshotsMsg) {
	x := msg.list
	if !x.here(msg.gen) {
		return
	}
	first := !x.read
	if x.err = msg.err; msg.err == nil {
		x.snaps, x.stamp, x.read = msg.snaps, msg.stamp, true
	}
	if first && x.id == "" { // the newest is what people come for
		x.at = max(0, len(x.snaps)-1)
		x.remember()
	}
	x.keep()
}

func (m *Model) onOldRoots(msg oldRootsMsg) {
	if x := msg.list; x.here(msg.gen) {
		if x.oldErr = msg.err; msg.err == nil {
			x.olds = msg.olds
		}
		x.keep()
	}
}

// ids names the rows.
func (x *snapList) ids() []string {
	var out []string
	for i := range x.snaps {
		out = append(out, "snapshot "+x.snaps[i].Name)
	}
	for i := range x.olds {
		out = append(out, "old "+x.olds[i].ID)
	}
	return out
}

// keep leaves the cursor where it was, or on what took its place.
func (x *snapList) keep() {
	ids := x.ids()
	if i := slices.Index(ids, x.id); i >= 0 {
		x.at = i
	}
	x.at = max(0, min(x.at, len(ids)-1))
}

// remember notes what is under the cursor.
func (x *snapList) remember() {
	x.id = ""
	if ids := x.ids(); x.at < len(ids) {
		x.id = ids[x.at]
	}
}

// snap is the snapshot under the cursor; nil = there is none.
func (x *snapList) snap() *runtime.SnapshotInfo {
	if x.at < len(x.snaps) {
		return &x.snaps[x.at]
	}
	return nil
}

// old is the kept root under the cursor; nil = there is none.
func (x *snapList) old() *runtime.Leftover {
	if i := x.at - len(x.snaps); i >= 0 && i < len(x.olds) {
		return &x.olds[i]
	}
	return nil
}

func (x *snapList) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	n := len(x.snaps) + len(x.olds)
	to := x.at
	switch s := k.String(); s {
	case "esc", "q", "ctrl+c":
		x.stop()
		m.overlay = nil
		return nil
	case "up", "k", "ctrl+p":
		to--
	case "down", "j", "ctrl+n", "tab":
		to++
	case "home", "g":
		to = 0
	case "end", "G":
		to = n - 1
	case "pgup", "ctrl+u":
		to -= m.halfPage()
	case "pgdown", "ctrl+d":
		to += m.halfPage()
	case "ctrl+r":
		return x.fetch(m)
	default:
		return x.act(m, s)
	}
	x.at = max(0, min(to, n-1))
	x.remember()
	return nil
}

// act is a key that does something to what is under the cursor.
func (x *snapList) act(m *Model, key string) tea.Cmd {
	snap, old := x.snap(), x.old()
	switch {
	case key == "n":
		return x.take(m)
	case key == "enter" && (snap != nil || old != nil):
		m.overlay = &snapText{title: x.title(m), lines: x.whole(m), back: x}
	case key == "R" && snap != nil:
		return x.restore(m, snap)
	case key == "A" && snap != nil:
		return x.restoreAs(m, snap)
	case key == "D" && snap != nil:
		return x.drop(m, snap)
	case key == "x" && old != nil:
		return x.settle(m, old, runtime.Dismiss)
	case key == "u" && old != nil:
		return x.settle(m, old, runtime.Undo)
	case slices.Contains([]string{"R", "A", "D"}, key) && old != nil:
		m.say(noteWarn, "that is a kept root: "+m.keys.KeyOf(keymap.SnapDismiss)+" dismisses it, "+m.keys.KeyOf(keymap.SnapSwap)+" swaps it back", "")
	case slices.Contains([]string{"x", "u"}, key) && snap != nil:
		m.say(noteWarn, "that is a snapshot: "+m.keys.KeyOf(keymap.SnapRestore)+" restores it, "+m.keys.KeyOf(keymap.SnapDelete)+" deletes it", "")
	}
	return nil
}

// paste is not for a list.
func (*snapList) paste(*Model, string) bool { return false }

func (x *snapList) title(m *Model) string {
	if s := x.snap(); s != nil {
		return s.Name + " of " + m.called(x.ref)
	}
	return "A kept root of " + m.called(x.ref)
}

// whole is everything about what is under the cursor, line by line.
func (x *snapList) whole(m *Model) []string {
	var lines []string
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, fmt.Sprintf("%-8s %s", label, text))
		}
	}
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format("2006-01-02 15:04:05") + ", " + views.Age(m.clock.Now().Sub(t)) + " ago"
	}
	if o := x.old(); o != nil {
		add("what", o.What)
		add("since", when(o.Since))
		add("size", diskSize(o.Size))
		add("path", o.Where)
		return lines
	}
	s := x.snap()
	add("taken", when(s.Taken))
	add("size", diskSize(s.Size))
	add("path", s.Path)
	add("used by", m.names(s.Used))
	lines = append(lines, "")
	if strings.TrimSpace(s.Comment) == "" {
		return append(lines, "no comment")
	}
	return append(lines, strings.Split(strings.TrimRight(s.Comment, "\n"), "\n")...)
}

// diskSize is a size in running text.
func diskSize(n int64) string {
	if n < 0 {
		return "not known"
	}
	return views.FineBytes(uint64(n))
}

// names are containers in running text.
func (m *Model) names(refs []runtime.Ref) string {
	words := make([]string, len(refs))
	for i, r := range refs {
		words[i] = m.called(r)
	}
	return strings.Join(words, ", ")
}

func (x *snapList) paint(m *Model) views.Block {
	s := &views.SnapshotsState{Name: m.called(x.ref), Cursor: x.at, Now: m.clock.Now(), Keys: x.keys(m)}
	for i := range x.snaps {
		snap := &x.snaps[i]
		it := views.SnapshotItem{Name: snap.Name, Taken: snap.Taken, Size: snap.Size, Comment: snap.Comment}
		for _, u := range snap.Used {
			it.Used = append(it.Used, m.called(u))
		}
		s.Items = append(s.Items, it)
	}
	for i := range x.olds {
		s.Old = append(s.Old, views.OldRootItem{What: x.olds[i].What, Since: x.olds[i].Since, Size: x.olds[i].Size})
	}
	switch op, busy := m.jobs.busy(x.ref); {
	case busy:
		s.Note = op.Info().Doing + " " + m.called(x.ref) + " ..."
	case x.reading > 0 && !x.read:
		s.Note = "reading ..."
	}
	for _, err := range []error{x.err, x.oldErr} {
		if err != nil {
			s.Err = cmp.Or(s.Err, err.Error())
		}
	}
	s.Empty = "no snapshot yet: n takes one"
	if why := x.whyNot(m, runtime.Snapshot); why != "" {
		s.Empty = "no snapshot yet; none can be taken now: " + why
	}
	return m.theme.Snapshots(s, m.layout.W, m.layout.H)
}

// keys are what can be done to what is under the cursor now; the last leaves.
func (x *snapList) keys(m *Model) []string {
	var keys []string
	offer := func(op runtime.Op, wanted bool, key, does string) {
		if wanted && x.whyNot(m, op) == "" {
			keys = append(keys, key, does)
		}
	}
	snap, old := x.snap(), x.old()
	offer(runtime.Snapshot, true, "n", "new")
	offer(runtime.Restore, snap != nil, "R", "restore")
	offer(runtime.RestoreAs, snap != nil, "A", "as new")
	offer(runtime.DeleteSnapshot, snap != nil && len(snap.Used) == 0, "D", "delete")
	offer(runtime.Recover, old != nil && slices.Contains(old.Ways, runtime.Dismiss), "x", "dismiss")
	offer(runtime.Recover, old != nil && slices.Contains(old.Ways, runtime.Undo), "u", "undo")
	if snap != nil || old != nil {
		keys = append(keys, "enter", "in full")
	}
	return append(keys, "esc", "leaves")
}

// snapText is one snapshot in full.
type snapText struct {
	title string
	lines []string
	top   int
	back  overlay
}

func (x *snapText) state() *views.TextState {
	return &views.TextState{Title: x.title, Lines: x.lines, Offset: x.top}
}

func (x *snapText) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	n, page := m.theme.TextHeight(x.state(), m.layout.W, m.layout.H)
	top, done := scrollKey(k.String(), x.top, n, page)
	if x.top = top; done {
		m.overlay = x.back
	}
	return nil
}

// paste is not for a text.
func (*snapText) paste(*Model, string) bool { return false }

func (x *snapText) paint(m *Model) views.Block {
	return m.theme.Text(x.state(), m.layout.W, m.layout.H)
}
