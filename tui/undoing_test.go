package tui

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// last gives the newest request that the Runtime has got.
func (d *deck) last() runtime.Request {
	d.t.Helper()
	all := d.rt.Requests()
	if len(all) == 0 {
		d.t.Fatal("nothing was asked of the Runtime")
	}
	return all[len(all)-1]
}

// does has requests done.
func (d *deck) does(reqs ...runtime.Request) {
	d.t.Helper()
	d.run(d.m.enqueue(reqs))
	d.until("the end", func() bool { return len(d.m.jobs.list) == 0 })
}

// takesBack goes to the newest job, asks for its undo and says yes.
func (d *deck) takesBack(sees ...string) runtime.Request {
	d.t.Helper()
	d.press("J", "u")
	d.sees(sees...)
	d.pass(questionGrace)
	d.press("y")
	d.until("the end of the undo", func() bool { return len(d.m.jobs.list) == 0 })
	d.press("esc")
	return d.last()
}

// What was done is taken back from the history, with a question.
func TestUndoFromTheHistory(t *testing.T) {
	held := box("echo", runtime.Stopped)
	held.Config = &runtime.Config{Autostart: true, Order: 7, Groups: []string{"web"}}
	d := newDeck(t, 120, 40, Options{}, append(some(), held)...)
	for _, c := range []struct {
		did  runtime.Request
		sees string
		back runtime.Op
	}{
		{runtime.Request{Op: runtime.Freeze, Ref: ref("alpha")}, "Thaw alpha?", runtime.Thaw},
		{runtime.Request{Op: runtime.Thaw, Ref: ref("charlie")}, "Freeze charlie?", runtime.Freeze},
		{runtime.Request{Op: runtime.Start, Ref: ref("bravo")}, "Stop bravo?", runtime.Stop},
		{runtime.Request{Op: runtime.Kill, Ref: ref("delta")}, "Start delta?", runtime.Start},
		{runtime.Request{Op: runtime.SetAutostart, Ref: ref("echo"), Args: &runtime.AutostartArgs{Order: 1}}, "Set the autostart of echo as it was?", runtime.SetAutostart},
	} {
		d.does(c.did)
		if q := d.takesBack(c.sees, "takes back"); q.Op != c.back || q.Ref != c.did.Ref {
			t.Errorf("%s: taken back by %s %s", c.did.Op, q.Op, q.Ref)
		}
	}
	if a, ok := d.last().Args.(*runtime.AutostartArgs); !ok || !a.Auto || a.Order != 7 || len(a.Groups) != 1 {
		t.Errorf("the autostart that was: %+v", d.last().Args)
	}
}

// What is asked with more than a y keeps its own question.
func TestUndoKeepsTheQuestions(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.does(runtime.Request{Op: runtime.Clone, Ref: ref("bravo"), Args: &runtime.CloneArgs{To: ref("copy")}})
	d.press("J", "u")
	d.sees("Destroy copy?", "takes back", "clone bravo")
	d.pass(questionGrace)
	d.press("esc")
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("bravo"), Args: &runtime.RenameArgs{To: "other"}})
	d.press("J", "u")
	d.sees("Rename other", "bravo")
	d.press("esc")
	d.does(runtime.Request{Op: runtime.Lock, Ref: ref("alpha"), Args: &runtime.LockArgs{Why: "as it is"}})
	d.press("J", "u")
	d.sees("Unlock alpha?", "as it is")
	d.pass(questionGrace)
	d.press("y")
	d.until("the end of the undo", func() bool { return len(d.m.jobs.list) == 0 })
	if q := d.last(); q.Op != runtime.Unlock {
		t.Errorf("%s was asked for", q.Op)
	}
}

// What cannot be taken back says why; so does what has changed since.
func TestUndoThatCannotBe(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.press("J", "u")
	d.sees("there is nothing to take back")
	d.press("esc")
	d.does(runtime.Request{Op: runtime.Restart, Ref: ref("alpha")})
	d.press("J", "u")
	d.sees("nothing takes back: restart alpha")
	d.seesNo("u takes back")
	d.press("esc")
	d.does(runtime.Request{Op: runtime.Freeze, Ref: ref("alpha")})
	d.does(runtime.Request{Op: runtime.Thaw, Ref: ref("alpha")})
	d.press("J", "j", "u")
	d.sees("alpha is running")
	d.press("esc")
	d.does(runtime.Request{Op: runtime.Snapshot, Ref: ref("bravo"), Args: &runtime.SnapshotArgs{}})
	d.press("J", "u")
	d.sees("the list of its snapshots (p) deletes one")
	d.press("esc")
}

// Many at once are taken back at once, but those that failed or have changed.
func TestUndoABatch(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, box("alpha", runtime.Running), box("bravo", runtime.Running), box("delta", runtime.Running))
	var reqs []runtime.Request
	for _, name := range []string{"alpha", "bravo", "delta"} {
		reqs = append(reqs, runtime.Request{Op: runtime.Freeze, Ref: ref(name)})
	}
	d.does(reqs...)
	d.does(runtime.Request{Op: runtime.Thaw, Ref: ref("delta")})
	d.press("J", "j", "u")
	d.sees("Thaw 2 containers?", "alpha", "bravo", "delta", "takes back")
	d.pass(questionGrace)
	before := len(d.rt.Requests())
	d.press("y")
	d.until("the end of the undo", func() bool { return len(d.m.jobs.list) == 0 })
	if n := len(d.rt.Requests()) - before; n != 2 {
		t.Errorf("%d were thawed", n)
	}
}

// A container that somebody else has destroyed and made again is another.
func TestUndoOfANameThatIsAnothers(t *testing.T) {
	d := newDeck(t, 120, 40, Options{}, append(some(), box("echo", runtime.Stopped))...)
	again := func(name string) {
		was := d.m.byRef(ref(name)).Identity
		d.rt.Remove(ref(name))
		d.rt.Add(box(name, runtime.Stopped))
		d.run(d.m.listNow())
		d.until("the new "+name, func() bool { c := d.m.byRef(ref(name)); return c != nil && c.Identity != was })
	}
	d.does(runtime.Request{Op: runtime.Kill, Ref: ref("delta")}) // of one that was there before
	d.does(runtime.Request{Op: runtime.Clone, Ref: ref("bravo"), Args: &runtime.CloneArgs{To: ref("copy")}})
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("echo"), Args: &runtime.RenameArgs{To: "other"}})
	d.press("J", "u")
	d.sees("Rename other") // nobody has touched it yet
	d.press("esc", "esc")
	before := len(d.rt.Requests())
	for i, name := range []string{"other", "copy", "delta"} { // the newest job comes first
		again(name)
		d.press("J", "g")
		for range i {
			d.press("j")
		}
		d.press("u")
		d.sees("not taken back: " + name + " is another container now, which got that name since")
		d.press("esc")
	}
	if n := len(d.rt.Requests()); n != before {
		t.Errorf("%d requests more", n-before)
	}
}

// What was taken back itself does not stand against taking back what came before it.
func TestUndoOneAfterTheOther(t *testing.T) {
	t.Run("in place", func(t *testing.T) { undoOneAfterTheOther(t, false) })
	t.Run("by copy", func(t *testing.T) { undoOneAfterTheOther(t, true) }) // each makes another container
}

func undoOneAfterTheOther(t *testing.T, byCopy bool) {
	d := newDeck(t, 120, 40, Options{}, some()...)
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("bravo"), Args: &runtime.RenameArgs{To: "one", Copy: byCopy}})
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("one"), Args: &runtime.RenameArgs{To: "two", Copy: byCopy}})
	d.does(runtime.Request{Op: runtime.Start, Ref: ref("two")})
	for i, sees := range []string{"Stop two?", "Rename two to one?", "Rename one to bravo?"} {
		d.press("J", "g")
		for range 2 * i { // each that was taken back has the row of that above its own
			d.press("j")
		}
		d.press("u")
		if i > 0 {
			d.press("enter") // the form has the old name in it
		}
		d.until(sees, func() bool { return strings.Contains(d.screen(), sees) })
		d.pass(questionGrace)
		d.press("y")
		d.until("the end of the undo", func() bool { return len(d.m.jobs.list) == 0 })
		d.press("esc", "esc")
	}
	d.does(runtime.Request{Op: runtime.Clone, Ref: ref("bravo"), Args: &runtime.CloneArgs{To: ref("copy")}})
	d.does(runtime.Request{Op: runtime.Start, Ref: ref("bravo")})
	d.press("J", "j", "u")
	d.sees("Destroy copy?") // what became of its source does not matter
	d.pass(questionGrace)
	d.press("esc", "esc")
	d.does(runtime.Request{Op: runtime.Start, Ref: ref("copy")})
	d.does(runtime.Request{Op: runtime.Stop, Ref: ref("copy")})
	d.press("J", "j", "j", "j", "u")
	d.sees("not taken back: start copy came after it") // something may have been done in it
}

// What has become something else since is not touched.
func TestUndoOfWhatHasChanged(t *testing.T) {
	held := box("echo", runtime.Stopped)
	held.Config = &runtime.Config{Autostart: true, Order: 7}
	d := newDeck(t, 120, 40, Options{}, append(some(), held)...)
	d.does(runtime.Request{Op: runtime.Clone, Ref: ref("bravo"), Args: &runtime.CloneArgs{To: ref("copy")}})
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("copy"), Args: &runtime.RenameArgs{To: "kept"}})
	d.does(runtime.Request{Op: runtime.Rename, Ref: ref("bravo"), Args: &runtime.RenameArgs{To: "copy"}})
	d.press("J", "j", "j", "u") // the clone's row: its name is another's
	d.sees("not taken back: rename copy to kept came after it")
	d.press("esc")
	d.does(runtime.Request{Op: runtime.SetAutostart, Ref: ref("echo"), Args: &runtime.AutostartArgs{Order: 1}})
	d.does(runtime.Request{Op: runtime.SetAutostart, Ref: ref("echo"), Args: &runtime.AutostartArgs{Order: 99}})
	d.press("J", "j", "u")
	d.sees("not taken back", "came after it")
	d.press("esc")
	d.does(runtime.Request{Op: runtime.AddDevice, Ref: ref("alpha"), Args: &runtime.DeviceArgs{Device: "/dev/sdc", As: "/dev/sdb"}})
	d.does(runtime.Request{Op: runtime.RemoveDevice, Ref: ref("alpha"), Args: &runtime.DeviceArgs{Device: "/dev/sdb"}})
	d.press("J", "u")
	d.sees("nothing takes back") // it names the device inside, and the host's may be another
	d.press("esc")
}
