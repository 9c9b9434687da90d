package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"lxcdeck/tui/settings"
)

// configure puts the settings together: files, then flags.
func (d *deck) configure(cmd *cobra.Command) error {
	if f := cmd.Flag("config"); f.Changed && d.flags.config == "" {
		return usage(cmd, "--config: the path is empty")
	}
	places := d.Places
	places.Explicit = d.flags.config
	var err error
	if d.settings, err = settings.Load(places, d.Known); err != nil {
		return &exitError{exitUsage, err}
	}
	return d.flagsOver(cmd, &d.settings)
}

// live are the settings of this run, which can be read again: files, then flags.
func (d *deck) live(cmd *cobra.Command) *settings.Live {
	places := d.Places
	places.Explicit = d.flags.config
	return &settings.Live{Places: places, Known: d.Known, Example: d.Example, Over: func(s *settings.Settings) error { return d.flagsOver(cmd, s) }}
}

// flagsOver puts the flags over what the files say.
func (d *deck) flagsOver(cmd *cobra.Command, s *settings.Settings) error {
	if err := d.pace(cmd, s); err != nil {
		return err
	}
	if err := d.chooseTheme(cmd, s); err != nil {
		return err
	}
	if cmd.Flag("read-only").Changed {
		s.ReadOnly.Value, s.ReadOnly.From = d.flags.readOnly, settings.FromFlag("--read-only")
	}
	if len(d.flags.paths) > 0 {
		paths := make([]string, 0, len(d.flags.paths))
		for _, p := range d.flags.paths {
			if p == "" {
				return usage(cmd, "-P: the path is empty")
			}
			abs, err := filepath.Abs(p)
			if err != nil {
				return fmt.Errorf("lxcpath %s: %w", p, err)
			}
			paths = append(paths, abs)
		}
		s.Paths.Value, s.Paths.From = paths, settings.FromFlag("--lxcpath")
	}
	return nil
}

// pace takes --interval.
func (d *deck) pace(cmd *cobra.Command, s *settings.Settings) error {
	if d.flags.interval == "" {
		return nil
	}
	every, err := settings.ParseInterval(d.flags.interval)
	if err != nil {
		return usage(cmd, "--interval: %w", err)
	}
	s.Interval.Value, s.Interval.From = every, settings.FromFlag("--interval")
	return nil
}
