package main

import (
	_ "embed" // config.toml
	"fmt"
	"os"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
	"lxcdeck/tui"
	"lxcdeck/tui/settings"
)

// example is a settings file with every key, commented out.
//
//go:embed docs/config.toml
var example string

// settingsFiles are the settings on disk as the screen wants them.
type settingsFiles struct{ live *settings.Live }

func (f settingsFiles) Stamp() string          { return f.live.Stamp() }
func (f settingsFiles) Begin() (string, error) { return f.live.Begin() }

func (f settingsFiles) Load() (tui.Prefs, error) {
	s, err := f.live.Load()
	if err != nil {
		return tui.Prefs{}, err
	}
	return prefs(&s, f.live)
}

func (f settingsFiles) Bind(all []tui.Rebinding) error {
	list := make([]settings.Binding, 0, len(all))
	for _, r := range all {
		list = append(list, settings.Binding{Action: string(r.ID), Keys: r.Keys, Drop: r.Drop})
	}
	return f.live.Bind(list)
}

// prefs are settings as the screen takes them.
func prefs(s *settings.Settings, files *settings.Live) (tui.Prefs, error) {
	keys, err := s.Keymap()
	if err != nil {
		return tui.Prefs{}, err
	}
	p := tui.Prefs{
		Interval: s.Interval.Value, Columns: s.Columns.Value, Theme: s.Theme.Value, ASCII: s.ASCII.Value,
		Mouse: s.Mouse.Value, ReadOnly: s.ReadOnly.Value, Keys: keys, Bell: s.AlertBell.Value,
		Alerts: alert.Rules{}, Limits: map[string][]runtime.LimitSetting{},
		Preset: s.Preset.Value, Prefix: s.Prefix.Value, Own: files.Path(),
		Bound: map[string][]string{}, BoundAt: map[keymap.ID][2]string{},
	}
	p.Sort, p.Reverse = strings.CutPrefix(s.Sort.Value, "-")
	for k, v := range s.Alerts {
		p.Alerts[k] = v.Value
	}
	for name, v := range s.Limits {
		p.Limits[name] = v.Value
	}
	if argv := s.AlertCommand.Value; len(argv) > 0 {
		p.Alarm = alert.NewCommand(argv, files.Places.CheckCommand).Run
	}
	for id, v := range s.Keys {
		p.Bound[id] = v.Value
		p.BoundAt[keymap.ID(id)] = [2]string{v.From.File, fmt.Sprintf("%s:%d", v.From.File, v.From.Line)}
	}
	for _, l := range s.Lines(os.Getenv) {
		from := l.From.String()
		if l.From.File != "" {
			from = fmt.Sprintf("%s:%d", l.From.File, l.From.Line)
		}
		if l.Env != "" {
			from = l.Env
		}
		p.Lines = append(p.Lines, tui.SettingLine{Name: l.Name, Value: l.Value, From: from, Default: l.Default, Means: l.Means, Waits: l.Waits})
	}
	return p, nil
}
