package runtimetest

import (
	"testing"

	"lxcdeck/runtime"
)

// testDevice puts a device node into a container and takes it out again.
func testDevice(t *testing.T, s *suite) {
	ref := s.make(t, "device", runtime.Stopped)
	do := func(op runtime.Op, as string) error {
		return s.rt.Do(s.context(t), runtime.Request{Op: op, Ref: ref, Args: &runtime.DeviceArgs{Device: "/dev/null", As: as}})
	}
	wantError(t, do(runtime.AddDevice, "/dev/lxcdt-null"), runtime.ErrWrongState, "add-device", ref)
	wantError(t, do(runtime.AddDevice, "relative"), runtime.ErrInvalid, "add-device", ref)
	s.bring(t, ref, runtime.Running)
	wantError(t, do(runtime.RemoveDevice, "/dev/lxcdt-null"), runtime.ErrInvalid, "remove-device", ref)
	for range 2 {
		if err := do(runtime.AddDevice, "/dev/lxcdt-null"); err != nil {
			t.Fatal(err)
		}
		wantError(t, do(runtime.AddDevice, "/dev/lxcdt-null"), runtime.ErrExists, "add-device", ref)
		if err := do(runtime.RemoveDevice, "/dev/lxcdt-null"); err != nil {
			t.Fatal(err)
		}
	}
}
