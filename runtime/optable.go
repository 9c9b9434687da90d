package runtime

import "time"

var opTable = [...]OpInfo{
	{Op: Start, Name: "start", Title: "Start", From: []State{Stopped}, To: Running,
		Timeout: 60 * time.Second, LXC: "lxc-start -P {P} -n {N}", Managed: true, Doing: "starting"},
	{Op: Stop, Name: "stop", Title: "Stop", From: []State{Running, Frozen, Starting, Stopping, Freezing, Thawed}, To: Stopped, Asks: true,
		Timeout: Graceful + 15*time.Second, LXC: "lxc-stop -P {P} -n {N}", Managed: true, Doing: "stopping",
		AsksMore: "Halt signal; asks again before a kill."},
	{Op: Shutdown, Name: "shutdown", Title: "Shut down", From: []State{Running, Thawed}, To: Stopped, Asks: true,
		Timeout: Graceful + 5*time.Second, LXC: "lxc-stop -P {P} -n {N} --nokill", Managed: true, Doing: "shutting down",
		AsksMore: "Halt signal only; never killed."},
	{Op: Restart, Name: "restart", Title: "Restart", From: []State{Running, Frozen, Thawed}, To: Running, Asks: true,
		Timeout: 2*Graceful + 15*time.Second, LXC: "lxc-stop -P {P} -n {N} && lxc-start -P {P} -n {N}", Managed: true, Doing: "restarting",
		AsksMore: "Stops and starts it; the config is read again."},
	{Op: Reboot, Name: "reboot", Title: "Reboot", From: []State{Running, Thawed}, To: Running, Asks: true,
		Timeout: 30 * time.Second, LXC: "lxc-stop -P {P} -n {N} --reboot --nokill", Managed: true, Doing: "rebooting",
		AsksMore: "Reboot signal only; an edited config is not read."},
	{Op: Kill, Name: "kill", Title: "Kill", From: []State{Running, Frozen, Starting, Stopping, Freezing, Thawed, Aborting}, To: Stopped, Asks: true,
		Timeout: 30 * time.Second, LXC: "lxc-stop -P {P} -n {N} --kill", Managed: true, Doing: "killing",
		AsksMore: "Everything in it ends at once; unsaved work is lost."},
	{Op: Freeze, Name: "freeze", Title: "Freeze", From: []State{Running, Thawed}, To: Frozen, Asks: true,
		Timeout: 15 * time.Second, LXC: "lxc-freeze -P {P} -n {N}", Managed: true, Doing: "freezing",
		AsksMore: "All its processes stand still until it is thawed."},
	{Op: Thaw, Name: "thaw", Title: "Thaw", From: []State{Frozen, Freezing}, To: Running,
		Timeout: 15 * time.Second, LXC: "lxc-unfreeze -P {P} -n {N}", Managed: true, Doing: "thawing"},

	{Op: Create, Kind: Makes, Name: "create", Title: "Create", To: Stopped, Timeout: copyTime, Managed: true, Doing: "creating"},
	{Op: Clone, Kind: OnContainer, Name: "clone", Title: "Clone", From: []State{Stopped},
		Timeout: copyTime, Doing: "cloning", Locked: true},
	{Op: Rename, Kind: OnContainer, Name: "rename", Title: "Rename", From: []State{Stopped}, Asks: true,
		Timeout: copyTime, Doing: "renaming", AsksMore: "Directory, paths in the config and host name follow."},
	{Op: Destroy, Kind: OnContainer, Name: "destroy", Title: "Destroy", From: []State{Stopped}, Asks: true,
		Timeout: copyTime, Doing: "destroying", AsksMore: "Its root file system and config are removed for good."},
	{Op: Snapshot, Kind: OnContainer, Name: "snapshot", Title: "Snapshot", From: []State{Stopped, Running, Frozen},
		Timeout: copyTime, Doing: "taking a snapshot of", Locked: true},
	{Op: DeleteSnapshot, Kind: OnContainer, Name: "delete-snapshot", Title: "Delete a snapshot", From: anyState(), Asks: true,
		Timeout: copyTime, Doing: "deleting a snapshot of", AsksMore: "What it kept is removed for good."},
	{Op: Restore, Kind: OnContainer, Name: "restore", Title: "Restore in place", From: []State{Stopped}, Asks: true,
		Timeout: copyTime, Doing: "restoring", AsksMore: "Its root and config become the snapshot's; the old ones are kept until dismissed."},
	{Op: RestoreAs, Kind: OnContainer, Name: "restore-as", Title: "Restore as a new container", From: anyState(),
		Timeout: copyTime, Doing: "restoring a snapshot of", Locked: true},
	{Op: AddDevice, Kind: OnContainer, Name: "add-device", Title: "Add a device", From: []State{Running, Thawed},
		Timeout: 30 * time.Second, Doing: "adding a device to"},
	{Op: RemoveDevice, Kind: OnContainer, Name: "remove-device", Title: "Remove a device", From: []State{Running, Thawed}, Asks: true,
		Timeout: 30 * time.Second, Doing: "removing a device from", AsksMore: "Whoever uses it in the container loses it."},
	{Op: SetAutostart, Kind: OnContainer, Name: "set-autostart", Title: "Set autostart, order, delay, groups", From: anyState(),
		Timeout: 30 * time.Second, Doing: "changing the autostart of"},
	{Op: Lock, Kind: OnContainer, Name: "lock", Title: "Lock", From: anyState(), Timeout: 10 * time.Second, Managed: true, Doing: "locking"},
	{Op: Unlock, Kind: OnContainer, Name: "unlock", Title: "Unlock", From: anyState(), Timeout: 10 * time.Second, Managed: true, Locked: true,
		Doing: "unlocking", Asks: true, AsksMore: "Whoever locked it had a reason: ask first."},
	{Op: Recover, Kind: OnHost, Name: "recover", Title: "Clear what was left", From: anyState(), Asks: true,
		Timeout: copyTime, Doing: "clearing up after", AsksMore: "Finishes it, undoes it, or removes what it kept."},
	{Op: Mend, Kind: OnHost, Name: "mend", Title: "Mend what keeps it from starting", From: anyState(), Asks: true,
		Timeout: 2 * time.Minute, Managed: true, Doing: "mending", AsksMore: "It changes the host, not only the container."},
}

// anyState is for operations that do not look at the state.
func anyState() []State {
	return []State{Stopped, Starting, Running, Stopping, Aborting, Freezing, Frozen, Thawed}
}
