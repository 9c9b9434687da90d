package tui

import (
	"errors"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestLimitsForm(t *testing.T) {
	specs := some()
	specs[0].Load = fake.Load{Memory: 400 << 20, Limit: 512 << 20, Pids: 7}
	d := newDeck(t, 80, 24, Options{}, specs...)
	d.press("L")
	d.sees("Limits of alpha", "memory  512M", "cpu     none", "weight  100", "I/O", "vda     none")
	d.press("tab", "tab", "tab")
	d.sees("uses 400M", "The key is lxc.cgroup2.memory.max")
	d.press("ctrl+u")
	d.typed("64X")
	d.sees("no size")
	d.press("ctrl+u")
	d.typed("64M")
	d.sees("alpha uses 400M")
	d.press("tab", "tab", "tab", "ctrl+u")
	d.typed("99")
	d.press("enter")
	d.sees("Set the limits of alpha?", "In the running container at once", "memory  512M -> 64M", "pids    none -> 99", "alpha uses 400M")
	d.pass(questionGrace)
	d.press("y")
	wants(t, d.theOne(), runtime.Request{Op: runtime.SetLimits, Ref: ref("alpha"), Expect: runtime.Running, Same: first, Args: &runtime.SetLimitsArgs{
		Set: []runtime.LimitSetting{{Name: runtime.LimitMemory, Value: "67108864"}, {Name: runtime.LimitPids, Value: "99"}},
		Was: []runtime.LimitSetting{{Name: runtime.LimitMemory, Value: "536870912"}, {Name: runtime.LimitPids}},
	}})
	d.press("J", "u")
	d.sees("as they were?", "memory", "64M -> 512M", "99 -> none")
	d.pass(questionGrace)
	d.press("y")
	d.until("it is as it was", func() bool { d.pass(time.Second); return len(d.m.jobs.list) == 0 })
	rep, err := d.rt.Limits(t.Context(), ref("alpha"))
	if err != nil || rep.Limits[3].Live != "536870912" {
		t.Errorf("taken back: %+v, %v", rep.Limits[3], err)
	}
}

// TestLimitsThatLetNothingRun are warned of before.
func TestLimitsThatLetNothingRun(t *testing.T) {
	specs := some()
	specs[0].Load = fake.Load{Pids: 7}
	d := newDeck(t, 80, 24, Options{}, specs...)
	d.press("L", "tab", "tab", "tab", "tab", "tab", "tab", "ctrl+u")
	d.typed("5")
	d.sees("alpha has 7: nothing more can be started")
	d.press("ctrl+u")
	d.typed("0")
	d.sees("with 0 nothing can be started in it")
	d.press("enter")
	d.sees("Set the limits of alpha?", "none -> 0", "with 0 nothing can be started in it")
}

// TestLimitsOfAStoppedOne: the question does not speak of a running container.
func TestLimitsOfAStoppedOne(t *testing.T) {
	d := newDeck(t, 80, 24, Options{}, box("alpha", runtime.Stopped))
	d.press("L", "ctrl+u")
	d.typed("0.5")
	d.press("enter")
	d.sees("Set the limits of alpha?", "cpu  none -> 0.5", "In the config, for the next start.")
}

// TestLimitPresets: one fills the fields, and gives them back.
func TestLimitPresets(t *testing.T) {
	specs := some()
	specs[0].Load = fake.Load{Limit: 512 << 20}
	set, err := runtime.ParseLimits("memory=64M pids=99 io=vda:rbps=1M io=sdz:rbps=1M")
	if err != nil {
		t.Fatal(err)
	}
	d := newDeck(t, 80, 24, Options{Limits: map[string][]runtime.LimitSetting{"small": set}}, specs...)
	d.press("L")
	d.sees("preset  < none", "memory  512M")
	d.press("right")
	d.sees("small", "memory  64M", "pids    99", "vda     rbps=1M", "sdz")
	d.press("right")
	d.sees("memory  512M", "pids    none")
	d.press("right", "enter")
	d.sees("memory  512M -> 64M", "pids    none -> 99")
}

// TestLimitsOfMany: what is left as it is stays as each has it, and who cannot be read is
// left out.
func TestLimitsOfMany(t *testing.T) {
	a, b := box("alpha", runtime.Running), box("bravo", runtime.Stopped)
	a.Load = fake.Load{Limit: 512 << 20, PidsMax: 50}
	d := newDeck(t, 120, 40, Options{}, a, b, box("charlie", runtime.Running))
	d.rt.Fail(fake.Limit, ref("charlie"), fake.Fault{Err: errors.New("on fire")})
	d.press("*", "L")
	d.sees("Limits of 2 containers", "memory  ", asItIs)
	d.press("tab", "tab", "tab", "tab", "tab", "tab")
	d.typed("70")
	d.press("enter")
	d.sees("Set the limits of 2 containers?", "pids  50, none -> 70", "where it runs, at once too", "on fire")
	d.pass(questionGrace)
	d.press("y")
	for _, name := range []string{"alpha", "bravo"} {
		d.until(name+" has it", func() bool {
			d.pass(time.Second)
			rep, err := d.rt.Limits(t.Context(), ref(name))
			return err == nil && rep.Limits[6].Config == "70" && rep.Limits[3].Config == ""
		})
	}
	d.press("L", "enter")
	d.sees("nothing was changed")
	d.rt.Fail(fake.Limit, ref("alpha"), fake.Fault{Err: errors.New("on fire")})
	d.rt.Fail(fake.Limit, ref("bravo"), fake.Fault{Err: errors.New("under water")})
	d.press("L")
	d.sees("on fire")
}
