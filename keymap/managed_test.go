package keymap

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// TestManagersHaveTheirOwnCommands: what is refused for another manager's
// container names what that manager has for it.
func TestManagersHaveTheirOwnCommands(t *testing.T) {
	for manager, want := range map[string]string{"proxmox": "pct destroy 101", "incus": "incus delete 101", "lxd": "lxc delete 101"} {
		c := runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "101"}, State: runtime.Stopped, Manager: manager}
		a, _ := Find(DestroyKey)
		if why := Why(a, Situation{Targets: []runtime.Container{c}}); !strings.Contains(why, manager) || !strings.Contains(why, want) {
			t.Errorf("%s: %q", manager, why)
		}
		for _, op := range runtime.Ops() {
			if op.Kind != runtime.OnContainer || op.Managed || op.Op == runtime.Unlock {
				continue
			}
			if cmd := ManagerCommand(op.Op, c); !strings.Contains(cmd, "101") {
				t.Errorf("%s: no command for %s: %q", manager, op.Name, cmd)
			}
		}
	}
	odd := runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "a b"}, State: runtime.Stopped, Manager: "incus"}
	if cmd := ManagerCommand(runtime.Destroy, odd); cmd != "incus delete 'a b'" {
		t.Errorf("%q", cmd)
	}
	unit := odd
	unit.Manager = "lxc@mail.service"
	a, _ := Find(CloneKey)
	if why := Why(a, Situation{Targets: []runtime.Container{unit}}); !strings.Contains(why, "is run by lxc@mail.service") || !strings.Contains(why, "systemctl stop lxc@mail.service") {
		t.Errorf("%q", why)
	}
	odd.Manager = "someone"
	if why := Why(a, Situation{Targets: []runtime.Container{odd}}); !strings.Contains(why, "belongs to someone: clone it there") {
		t.Errorf("%q", why)
	}
}

// TestALockIsTheReason: of a locked container the state is no reason, also where
// an action stands for two operations.
func TestALockIsTheReason(t *testing.T) {
	for _, state := range []runtime.State{runtime.Running, runtime.Stopped, runtime.Frozen} {
		c := runtime.Container{Ref: runtime.Ref{Path: "/var/lib/lxc", Name: "db"}, State: state, Lock: &runtime.LockInfo{By: "eve", Why: "backup"}}
		for _, id := range []ID{StartStop, FreezeThaw, OpStart, DestroyKey, RenameKey, SetAutostart} {
			a, _ := Find(id)
			if why := Why(a, Situation{Targets: []runtime.Container{c}}); !strings.Contains(why, "locked by eve: backup") {
				t.Errorf("%s while %s: %q", id, state, why)
			}
		}
		a, _ := Find(LockKey)
		if why := Why(a, Situation{Targets: []runtime.Container{c}}); why != "" {
			t.Errorf("it cannot be unlocked: %s", why)
		}
	}
}
