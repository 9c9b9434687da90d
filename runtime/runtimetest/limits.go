package runtimetest

import (
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// limit is one of a container's limits.
func (s *suite) limit(t *testing.T, ref runtime.Ref, name string) runtime.LimitState {
	t.Helper()
	rep, err := s.rt.Limits(s.context(t), ref)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rep.Limits, func(l runtime.LimitState) bool { return l.Name == name && l.Device == "" })
	if i < 0 {
		t.Fatalf("no %s in %+v", name, rep)
	}
	return rep.Limits[i]
}

// testLimits sets what every host can limit.
func testLimits(t *testing.T, s *suite) {
	ref := s.own(t, "limits")
	set := func(value string) error {
		return s.change(t, runtime.SetLimits, ref, &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{
			{Name: runtime.LimitPids, Value: value}, {Name: runtime.LimitCPUWeight, Value: map[string]string{"123": "50", "": ""}[value]},
		}})
	}
	_, before := s.configOf(t, runtime.ConfigOf{Ref: ref})
	if err := set("123"); err != nil {
		t.Fatal(err)
	}
	c, text := s.configOf(t, runtime.ConfigOf{Ref: ref})
	if len(c.Backups) != 1 || !strings.Contains(text, runtime.LimitPids+" = 123") {
		t.Errorf("kept %+v of\n%s", c.Backups, text)
	} else if old, err := s.rt.ConfigBackup(s.context(t), runtime.ConfigOf{Ref: ref}, c.Backups[0].Name); err != nil || string(old) != before {
		t.Errorf("earlier version: %v\n%s", err, old)
	}
	if l := s.limit(t, ref, runtime.LimitPids); l.Live != "" || l.Config != "123" || l.Key == "" || l.Why != "" || !l.Used.Absent() {
		t.Errorf("stopped: %+v", l)
	}
	s.bring(t, ref, runtime.Running)
	pids, weight := s.limit(t, ref, runtime.LimitPids), s.limit(t, ref, runtime.LimitCPUWeight)
	if pids.Live != "123" || pids.Used.Absent() || weight.Live != "50" || weight.Config != "50" {
		t.Errorf("running: %+v, %+v", pids, weight)
	}
	if err := set(""); err != nil {
		t.Fatal(err)
	}
	if c, _ := s.configOf(t, runtime.ConfigOf{Ref: ref}); len(c.Backups) != 2 || c.Restart != runtime.No {
		t.Errorf("taken back: %+v, restart %v", c.Backups, c.Restart)
	}
	pids, weight = s.limit(t, ref, runtime.LimitPids), s.limit(t, ref, runtime.LimitCPUWeight)
	if pids.Live != "max" || pids.Config != "" || weight.Live != "100" || weight.Config != "" {
		t.Errorf("taken back: %+v, %+v", pids, weight)
	}
	cpus := &runtime.SetLimitsArgs{Set: []runtime.LimitSetting{{Name: runtime.LimitPids, Value: "9"}, {Name: runtime.LimitCPUs, Value: "60000"}}}
	if err := s.change(t, runtime.SetLimits, ref, cpus); err == nil {
		t.Error("60000 CPUs")
	}
	if l := s.limit(t, ref, runtime.LimitPids); l.Live != "max" || l.Config != "" {
		t.Errorf("after a refusal: %+v", l)
	}
	wantError(t, s.change(t, runtime.SetLimits, ref, &runtime.SetLimitsArgs{}), runtime.ErrInvalid, "set-limits", ref)
	_, err := s.rt.Limits(s.context(t), s.ref(0, "nowhere"))
	wantError(t, err, runtime.ErrNotFound, "limits", s.ref(0, "nowhere"))
}
