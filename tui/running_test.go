package tui

import (
	"errors"
	"strings"
	"testing"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// bases are containers to run on: two that are stopped, one of them with
// snapshots, and two that run.
func bases() []fake.Spec {
	specs := []fake.Spec{box("alpha", runtime.Running), box("bravo", runtime.Stopped), box("charlie", runtime.Running), box("delta", runtime.Stopped)}
	for _, i := range []int{1, 2} {
		specs[i].Snapshots = []runtime.SnapshotInfo{{Name: "snap0", Comment: "as made\nmore"}, {Name: "snap1"}}
	}
	return specs
}

func TestRunForm(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	d.press("j") // bravo
	d.action(keymap.RunKey)
	d.until("the snapshots", func() bool { return strings.Contains(d.screen(), rootItself) })
	d.sees("Run a command in a new container", "the roots of", "on", "bravo", "and below", noMoreBases, "as in a shell", "environment", "remove")
	d.press("enter")
	d.sees("a name is needed")
	d.typed("delta")
	d.sees("there is a container of that name")
	d.press("ctrl+u")
	d.typed("job")
	d.press("enter")
	d.sees("a command is needed")
	d.askedNothing()
	for !strings.Contains(d.screen(), "> on ") {
		d.press("tab")
	}
	d.press("tab", "right") // the snapshot of bravo
	d.sees("< snap0 >", "as made")
	d.seesNo("more\n")
	d.press("tab")
	d.typed("delta")
	d.press("enter")
	d.sees("< delta >")
	for !strings.Contains(d.screen(), "> command") {
		d.press("tab")
	}
	d.typed("sh -c 'echo hello; exit 7")
	d.sees("a ' is not closed")
	d.typed("'")
	d.press("tab")
	d.typed("srv")
	d.sees("begins with /")
	d.press("ctrl+u")
	d.typed("/srv")
	d.press("tab")
	d.typed("A=b")
	d.press("tab", "right", "tab", "space")
	d.sees("lxc-copy -P /var/lib/lxc/bravo/snaps -n snap0 -s -N job", "lxc-destroy")
	d.press("enter")
	d.until("its end", func() bool { return len(d.m.jobs.list) == 0 })
	wants(t, d.theOne(), runtime.Request{Op: runtime.Run, Ref: ref("job"), Args: &runtime.RunArgs{
		From:    []runtime.Base{{Ref: ref("bravo"), Snap: "snap0"}, {Ref: ref("delta")}},
		Command: []string{"sh", "-c", "echo hello; exit 7"}, Env: []string{"A=b"}, Cwd: "/srv",
		Network: runtime.Network{Kind: runtime.NoNetwork}, Remove: true,
	}})
	d.sees("run job", "hello") // its output is shown at once
	if head := strings.Split(d.screen(), "\n")[1]; !strings.Contains(head, "done in") || !strings.Contains(head, "exit status 7") {
		t.Errorf("the head of the output says %q", head)
	}
	d.press("esc")
	d.sees("Jobs and history", "exit status 7")
	d.press("esc")
	if strings.Contains(d.names(), "job") {
		t.Errorf("it was to be removed: %s", d.names())
	}
}

// The networks are those that the create form offers.
func TestRunFormOffersNetworks(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	c := offers()
	c.Default.Missing = true
	c.Default.Fix = &runtime.Fix{ID: "lxc-net", Title: "Enable lxc-net", Command: []string{"systemctl", "enable", "--now", "lxc-net"}}
	d.rt.SetChoices(c)
	d.press("j") // bravo
	d.action(keymap.RunKey)
	d.until("the host's networks", func() bool { return strings.Contains(d.screen(), "[ Enable lxc-net ]") })
	d.sees("the bridge lxcbr0 is not there")
	d.typed("job")
	d.goTo("command")
	d.typed("true")
	d.goTo("Enable lxc-net")
	d.press("enter")
	d.sees("Enable lxc-net?", "systemctl enable --now lxc-net")
	d.pass(questionGrace)
	d.press("y")
	d.until("the end of that", func() bool { return len(d.m.jobs.list) == 0 })
	d.seesNo("is not there", "[ Enable lxc-net ]")
	d.goTo("network")
	d.typed("br") // what is typed finds it in the list
	d.sees("bridge br0", "bridge br1", "bridge lxcbr0")
	d.press("down", "enter")
	d.sees("< bridge br1 >")
	d.press("enter")
	d.until("its end", func() bool { return len(d.m.jobs.list) == 0 })
	if q := d.last(); q.Op != runtime.Run || q.Args.(*runtime.RunArgs).Network != (runtime.Network{Kind: runtime.BridgeNetwork, Bridge: "br1"}) {
		t.Errorf("%+v", q)
	}
}

func TestRunFormWithoutNetworks(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	d.rt.Fail(fake.Survey, runtime.Ref{}, fake.Fault{Err: errors.New("no \x1bnetlink")})
	d.press("j")
	d.action(keymap.RunKey)
	d.until("the failure", func() bool { return strings.Contains(d.screen(), "the bridges of this host cannot be read") })
	d.sees(`no \x1bnetlink`)
	d.typed("job")
	d.goTo("command")
	d.typed("true")
	d.press("enter")
	d.until("its end", func() bool { return len(d.m.jobs.list) == 0 })
	if q := d.last(); q.Op != runtime.Run || q.Args.(*runtime.RunArgs).Network != (runtime.Network{}) {
		t.Errorf("%+v", q)
	}
}

// What is typed on a base finds it among many.
func TestRunFormFindsABase(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	d.action(keymap.RunKey)
	d.goTo("on")
	d.typed("lt")
	d.sees("delta")
	d.press("enter")
	d.sees("< delta >")
}

func TestRunFormRefusesBases(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	d.action(keymap.RunKey) // on alpha, which runs and has no snapshot
	d.until("the snapshots", func() bool { return strings.Contains(d.screen(), "has no snapshot") })
	d.sees("it is running and has no snapshot: stop it first")
	d.press("esc", "j", "j")
	d.action(keymap.RunKey)
	d.until("the snapshots", func() bool { return strings.Contains(d.screen(), rootItself) })
	d.sees("it is running: choose one of its snapshots, or stop it first")
	for !strings.Contains(d.screen(), "> on ") {
		d.press("tab")
	}
	d.press("tab", "right")
	d.seesNo("choose one of its snapshots")
	d.press("esc")
	d.askedNothing()

	d.rt.Fail(fake.Survey, ref("delta"), fake.Fault{Err: errors.New("disk on \x1bfire")})
	d.press("j")
	d.action(keymap.RunKey)
	d.until("the failure", func() bool { return strings.Contains(d.screen(), "cannot be read") })
	d.sees(`its snapshots cannot be read`, `disk on \x1bfire`)

	ro := newDeck(t, 110, 40, Options{ReadOnly: true}, bases()...)
	ro.action(keymap.RunKey)
	ro.sees("read-only")
}

// A command that goes on and on takes no place from others, and is shown while
// it runs.
func TestRunTakesNobodysPlace(t *testing.T) {
	h := newHeld()
	d := workDeck(t, 120, 40, Options{}, h.do, some()...)
	var reqs []runtime.Request
	for _, name := range []string{"s1", "s2", "s3", "s4", "s5"} {
		reqs = append(reqs, runtime.Request{Op: runtime.Run, Ref: ref(name), Args: &runtime.RunArgs{
			From: []runtime.Base{{Ref: ref("bravo")}}, Command: []string{"service"},
		}})
	}
	d.begin(h, 5, reqs...)
	q := d.begin(h, 4, creating("n0"), creating("n1"), creating("n2"), creating("n3"), creating("n4"))
	if len(q) != 4 || d.m.jobs.running() != 9 {
		t.Errorf("%d run", d.m.jobs.running())
	}
	d.m.cancelJobs(every)
	d.stuck = 0
	d.until("their end", func() bool { return len(d.m.jobs.list) == 0 })
}

func TestCancellingARunTellsWhatBecomesOfIt(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	d.stuck++
	d.run(d.m.enqueue([]runtime.Request{{Op: runtime.Run, Ref: ref("job"), Args: &runtime.RunArgs{
		From: []runtime.Base{{Ref: ref("bravo")}}, Command: []string{"sh", "-c", "echo up; sleep 1000; sleep 1000"},
	}}}))
	d.m.dirty, d.m.paint.all = true, true
	d.until("its word", func() bool { return d.m.jobs.list[0].feed.text() == "up" })
	d.press("J", "x")
	d.sees("Cancel: running job?", "The command is ended; its container stays,")
	d.pass(questionGrace)
	d.stuck--
	d.press("y")
	d.until("its end", func() bool { return len(d.m.jobs.list) == 0 })
	d.sees("cancelled", "signal 9")
}

func TestCheckpointForm(t *testing.T) {
	d := newDeck(t, 110, 40, Options{}, bases()...)
	d.action(keymap.ResumeKey)
	d.sees("alpha is running already")
	d.action(keymap.CheckpointKey)
	d.sees("Checkpoint to a directory: alpha", "/srv/checkpoints/alpha", "end, until it is resumed", "keep")
	d.press("enter")
	d.sees("a directory is needed")
	d.typed("images")
	d.sees("it has to begin with /")
	d.press("ctrl+u")
	d.typed("/srv/images/")
	d.sees("lxc-checkpoint -P /var/lib/lxc -n alpha -D /srv/images -s")
	d.press("enter")
	d.until("the checkpoint", func() bool { c, _ := d.rt.Get(ref("alpha")); return c.State == runtime.Stopped })
	d.until("the list", func() bool {
		c := d.m.byRef(ref("alpha"))
		return c != nil && c.State == runtime.Stopped && len(d.m.jobs.list) == 0
	})
	d.action(keymap.CheckpointKey)
	d.sees("alpha is stopped")
	d.action(keymap.ResumeKey)
	d.seesNo("keep")
	d.typed("/srv/images")
	d.sees("lxc-checkpoint -P /var/lib/lxc -n alpha -D /srv/images -r")
	d.press("enter")
	d.until("the resume", func() bool { c, _ := d.rt.Get(ref("alpha")); return c.State == runtime.Running })
	q := d.rt.Requests()
	if a, ok := q[0].Args.(*runtime.CheckpointArgs); !ok || len(q) != 2 || a.Dir != "/srv/images" || a.Keep || q[0].Expect != runtime.Running {
		t.Errorf("%+v", q)
	}
}

// The create form leads to the same form, with the name that was typed.
func TestRunFromTheCreateForm(t *testing.T) {
	d := createDeck(t, 110, 40, nil)
	d.typed("bravo") // which is there
	d.pick("template", "containers")
	d.sees("template", onContainers, "enter goes on")
	d.seesNo("backing", "memory", "distribution", "lxc-create")
	d.press("enter")
	d.sees("there is a container of that name")
	d.fill("name", "job")
	d.press("enter")
	d.sees("Run a command in a new container", "job", "as in a shell")
	d.pick("on", "bravo")
	d.fill("command", "id")
	d.press("enter")
	d.until("the run", func() bool { return len(d.rt.Requests()) > 0 })
	q := d.theOne()
	if a, ok := q.Args.(*runtime.RunArgs); !ok || q.Ref != ref("job") || len(a.Command) != 1 || a.Command[0] != "id" {
		t.Errorf("%v %+v", q.Ref, q.Args)
	}
	// And back to a template, all of the form is there again.
	d = createDeck(t, 110, 40, nil)
	d.pick("template", "containers")
	d.pick("template", "busybox")
	d.sees("backing", "memory", "network", "enter creates")
}
