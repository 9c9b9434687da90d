package settings

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lxcdeck/runtime/alert"
)

func TestAlertsAreRead(t *testing.T) {
	system := write(t, "[alerts]\nmemory = 90\npids = 80\nbell = true\n")
	own := write(t, "ascii = true\n[alerts]\npids = 0\nthrottled = 25.5\ncommand = [\"/usr/local/bin/notify\", \"a b\"]\n[keys]\nquit = [\"q\"]\n")
	s, err := Load(Places{System: system, User: own}, known)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Alerts; a[alert.Memory].Value != 90 || a[alert.Pids].Value != 0 || a[alert.Throttled].Value != 25.5 || a[alert.Throttled].From.Line != 4 {
		t.Errorf("%+v", a)
	}
	if !s.AlertBell.Value || !slices.Equal(s.AlertCommand.Value, []string{"/usr/local/bin/notify", "a b"}) {
		t.Errorf("%+v, %+v", s.AlertBell, s.AlertCommand)
	}
	if s, err = Load(Places{User: write(t, "alerts = { disk = 95, command = [] }\n")}, known); err != nil || s.Alerts[alert.Disk].Value != 95 || len(s.AlertCommand.Value) != 0 {
		t.Errorf("%+v, %v", s.Alerts, err)
	}
}

func TestBadAlertsNameTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"memory = 101":            ":2:10: alerts.memory: a percentage from 0 (no alert) to 100 is allowed",
		"memory = -1":             ":2:10: alerts.memory: a percentage",
		"memory = nan":            ":2:10: alerts.memory: a percentage",
		"memory = \"90\"":         ":2:10: alerts.memory: a number is allowed, not a string",
		"mem = 90":                ":2:1: unknown key \"mem\" in [alerts]; allowed: bell, command, memory, throttled",
		"bell = 1":                ":2:8: alerts.bell: true or false is allowed",
		"command = \"/bin/true\"": ":2:11: alerts.command: a list of strings is allowed",
		"command = [\"notify\"]":  ":2:1: alerts.command: \"notify\": the program's absolute path comes first",
		"command = [1]":           ":2:12: alerts.command: a string in quotes is allowed",
	} {
		_, err := Load(Places{User: write(t, "[alerts]\n"+text+"\n")}, known)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
}

func TestWhichCommandsMayRun(t *testing.T) {
	p := Places{Trust: true, TrustUID: os.Geteuid()}
	dir := t.TempDir()
	good := filepath.Join(dir, "notify")
	if err := os.WriteFile(good, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.CheckCommand(good); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		name  string
		spoil func() error
	}{
		{"others write it", func() error { return os.Chmod(good, 0o777) }},
		{"no program", func() error { return os.Chmod(good, 0o644) }},
		{"others write its directory", func() error { return errors.Join(os.Chmod(good, 0o755), os.Chmod(dir, 0o777)) }},
		{"it is not there", func() error { return errors.Join(os.Chmod(dir, 0o755), os.Remove(good)) }},
		{"it is a directory", func() error { return os.Mkdir(good, 0o755) }},
	} {
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		if err := p.CheckCommand(good); err == nil {
			t.Errorf("%s: it may run", c.name)
		}
	}
}
