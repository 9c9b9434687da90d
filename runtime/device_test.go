package runtime_test

import (
	"errors"
	"testing"

	"lxcdeck/runtime"
)

func TestDeviceCommand(t *testing.T) {
	r := runtime.Ref{Path: "/p", Name: "n"}
	for _, c := range []struct {
		op   runtime.Op
		args runtime.DeviceArgs
		want string
	}{
		{runtime.AddDevice, runtime.DeviceArgs{Device: "/dev/a"}, "add /dev/a"},
		{runtime.AddDevice, runtime.DeviceArgs{Device: "/dev/a", As: "/dev/b"}, "add /dev/a /dev/b"},
		{runtime.AddDevice, runtime.DeviceArgs{Net: true, Device: "eth1", As: "eth0"}, "add eth1 eth0"},
		{runtime.RemoveDevice, runtime.DeviceArgs{Device: "/dev/a"}, "del /dev/a"},
		{runtime.RemoveDevice, runtime.DeviceArgs{Device: "/dev/a", As: "/dev/b"}, "del /dev/b"},
		{runtime.RemoveDevice, runtime.DeviceArgs{Net: true, Device: "eth1", As: "eth0"}, "del eth0 eth1"},
		{runtime.RemoveDevice, runtime.DeviceArgs{Net: true, Device: "eth1"}, "del eth1"},
	} {
		if got := c.args.LXCCommand(c.op, r); got != "lxc-device -P /p -n n "+c.want {
			t.Errorf("%s %+v: %s, want %s", c.op, c.args, got, c.want)
		}
	}
}

func TestNoNUL(t *testing.T) {
	for _, args := range []runtime.Args{
		&runtime.StartArgs{Command: []string{"sh", "a\x00b"}},
		&runtime.DeviceArgs{Device: "/dev/a\x00b"},
		&runtime.DeviceArgs{Device: "/dev/a", As: "/dev/a\x00b"},
		&runtime.DeviceArgs{Net: true, Device: "a\x00b"},
		&runtime.LockArgs{Why: "a\x00b"},
	} {
		if err := args.Check(); !errors.Is(err, runtime.ErrInvalid) {
			t.Errorf("%+v: %v", args, err)
		}
	}
}
