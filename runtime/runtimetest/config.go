package runtimetest

import (
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime"
)

// configOf reads a config that must be there, and its text.
func (s *suite) configOf(t *testing.T, of runtime.ConfigOf) (runtime.ConfigText, string) {
	t.Helper()
	c, err := s.rt.ConfigText(s.context(t), of)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := c.File(of.Path())
	if !ok || f.Why != "" || c.Files[0].Path != of.Path() {
		t.Fatalf("the config itself is not in it: %+v", c)
	}
	return c, string(f.Text)
}

// testConfig reads, judges and saves a config.
func testConfig(t *testing.T, s *suite) {
	ref := s.make(t, "config", runtime.Stopped)
	of := runtime.ConfigOf{Ref: ref}
	save := func(version, text string) error {
		return s.rt.Do(s.context(t), runtime.SaveConfig(of, version, []byte(text)))
	}
	first, text := s.configOf(t, of)
	if first.Version == "" || first.NoSave != "" || first.Restart != runtime.No || len(first.Backups) != 0 || !strings.Contains(text, "lxc.uts.name = "+ref.Name) {
		t.Fatalf("%+v\n%s", first, text)
	}
	bad := text + "# one more\nlxc.no.such.key = 1\n"
	fault, err := s.rt.CheckConfig(s.context(t), of, []byte(bad))
	if err != nil || fault == nil || fault.Line != strings.Count(bad, "\n") || fault.Key != "lxc.no.such.key" || fault.Why == "" {
		t.Errorf("fault %+v, %v", fault, err)
	}
	if fault, err := s.rt.CheckConfig(s.context(t), of, []byte(text)); fault != nil || err != nil {
		t.Errorf("the config as it is: %v, %v", fault, err)
	}
	wantError(t, save(first.Version, bad), runtime.ErrConfig, "set-config", ref)
	made := text + "# mine\nlxc.start.order = 7\n"
	wantError(t, save("another", made), runtime.ErrChanged, "set-config", ref)
	if now, same := s.configOf(t, of); now.Version != first.Version || same != text || len(now.Backups) != 0 {
		t.Fatalf("all was refused, and yet it is %+v\n%s", now, same)
	}
	if err := save(first.Version, made); err != nil {
		t.Fatal(err)
	}
	second, got := s.configOf(t, of)
	if got != made || second.Version == first.Version || len(second.Backups) != 1 || second.Backups[0].Size != int64(len(text)) || second.Backups[0].At.IsZero() {
		t.Fatalf("saved: %+v\n%s", second, got)
	}
	if old, err := s.rt.ConfigBackup(s.context(t), of, second.Backups[0].Name); err != nil || string(old) != text {
		t.Errorf("backup: %v\n%s", err, old)
	}
	_, err = s.rt.ConfigBackup(s.context(t), of, "../"+ref.Name+"/config")
	wantError(t, err, runtime.ErrNoBackup, "config backup", ref)
	s.Edit(t, ref)
	wantError(t, save(second.Version, text), runtime.ErrChanged, "set-config", ref)
	testConfigRefused(t, s, of)
}

// testConfigRefused asks for what there is not, and what may not be done.
func testConfigRefused(t *testing.T, s *suite, of runtime.ConfigOf) {
	t.Helper()
	now, text := s.configOf(t, of)
	err := s.rt.Do(s.context(t), runtime.SaveConfig(of, now.Version, []byte("lxc.uts.name = a\x00b\n")))
	wantError(t, err, runtime.ErrInvalid, "set-config", of.Ref)
	ro := runtime.ReadOnly(s.rt)
	wantError(t, ro.Do(s.context(t), runtime.SaveConfig(of, now.Version, []byte(text+"#\n"))), runtime.ErrReadOnly, "set-config", of.Ref)
	if c, err := ro.ConfigText(s.context(t), of); err != nil || c.Version != now.Version {
		t.Errorf("read-only: %v, %+v", err, c)
	}
	gone := runtime.ConfigOf{Ref: s.ref(0, "no-such")}
	_, err = s.rt.ConfigText(s.context(t), gone)
	wantError(t, err, runtime.ErrNotFound, "config", gone.Ref)
	wantError(t, s.rt.Do(s.context(t), runtime.SaveConfig(gone, "x", []byte("#\n"))), runtime.ErrNotFound, "set-config", gone.Ref)
	all := s.rt.DefaultConfigs()
	if len(all) == 0 {
		t.Fatal("there is no default config")
	}
	for _, path := range all { // which may be missing; it is not for a test to change it
		if c, err := s.rt.ConfigText(s.context(t), runtime.ConfigOf{Default: path}); err != nil || c.Path == "" || c.Restart != runtime.No {
			t.Errorf("%s: %v, %+v", path, err, c)
		}
	}
	_, err = s.rt.ConfigText(s.context(t), runtime.ConfigOf{Default: "/etc/passwd"})
	wantError(t, err, runtime.ErrInvalid, "config", runtime.Ref{})
	wantError(t, s.rt.Do(s.context(t), runtime.SaveConfig(runtime.ConfigOf{Default: "/etc/passwd"}, "", []byte("#\n"))), runtime.ErrInvalid, "set-default-config", runtime.Ref{})
}

// testConfigInForce changes the config of a container that runs.
func testConfigInForce(t *testing.T, s *suite) {
	ref := s.make(t, "in-force", runtime.Running)
	of := runtime.ConfigOf{Ref: ref}
	edit := func(from, to string) {
		t.Helper()
		c, text := s.configOf(t, of)
		if err := s.rt.Do(s.context(t), runtime.SaveConfig(of, c.Version, []byte(strings.Replace(text, from, to, 1)))); err != nil {
			t.Fatal(err)
		}
	}
	if c, _ := s.configOf(t, of); c.Restart != runtime.No || len(c.InForce) != 0 || c.InForceWhy != "" {
		t.Fatalf("nothing was changed: %+v %q", c.InForce, c.InForceWhy)
	}
	edit("lxc.uts.name", "lxc.start.order = 3\nlxc.uts.name")
	if c, _ := s.configOf(t, of); c.Restart != runtime.No || c.InForceWhy != "" {
		t.Errorf("an order needs no restart: %+v", c.InForce)
	}
	edit("lxc.uts.name = "+ref.Name, "lxc.uts.name = renamed")
	if !s.get(t, ref).Edited {
		t.Error("its config is newer than its start, and the list does not say so")
	}
	c, _ := s.configOf(t, of)
	i := slices.IndexFunc(c.InForce, func(v runtime.ConfigInForce) bool { return v.Key == "lxc.uts.name" })
	if i < 0 || c.Restart != runtime.Yes || !c.InForce[i].Later || !slices.Equal(c.InForce[i].Runs, []string{ref.Name}) || !slices.Equal(c.InForce[i].File, []string{"renamed"}) {
		t.Errorf("restart %v, in force %+v", c.Restart, c.InForce)
	}
	s.bring(t, ref, runtime.Stopped)
	if c, _ := s.configOf(t, of); c.Restart != runtime.No || len(c.InForce) != 0 || s.get(t, ref).Edited {
		t.Errorf("stopped: %+v", c.InForce)
	}
	s.bring(t, ref, runtime.Running)
	if c, _ := s.configOf(t, of); c.Restart != runtime.No || len(c.InForce) != 0 {
		t.Errorf("started anew: %+v", c.InForce)
	}
}
