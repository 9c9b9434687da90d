// Package settings reads config.toml: where it lies, which file counts, and
// what may stand in it.
//
// Later wins, key by key: built-in defaults, /etc/lxcdeck/config.toml, the
// user's config.toml (or the one of --config), flags. Nothing is guessed and
// nothing is skipped: an unknown key, a bad value, or a file that root must not
// trust is an error that names file, line and column and says what is allowed.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/alert"
)

// MinInterval and MaxInterval bound the time between two readings. Faster
// than five times a second costs more than a person can read; slower than a
// minute is no live view.
const (
	MinInterval     = 200 * time.Millisecond
	MaxInterval     = 60 * time.Second
	DefaultInterval = time.Second
)

// Source is where a setting comes from. The zero Source is the default.
type Source struct {
	File   string
	Line   int
	Column int
	Flag   string // such as "--interval"; set instead of File
}

// String is for people: "default", "--interval" or "FILE:LINE:COLUMN".
func (s Source) String() string {
	switch {
	case s.Flag != "":
		return s.Flag
	case s.File != "":
		return fmt.Sprintf("%s:%d:%d", s.File, s.Line, s.Column)
	default:
		return "default"
	}
}

// FromFlag is the Source of a setting given on the command line.
func FromFlag(name string) Source { return Source{Flag: name} }

// Setting is a value and where it comes from.
type Setting[T any] struct {
	Value T
	From  Source
}

// Settings are all settings in effect.
type Settings struct {
	// File is where whoever runs lxcdeck would write settings: that of --config,
	// else the user's. Load leaves it empty.
	File     string
	Interval Setting[time.Duration] // between two readings
	Columns  Setting[[]string]      // of the list, in order; nil = the built-in choice
	Sort     Setting[string]        // a column; "-" before it reverses; "" = built-in
	Theme    Setting[string]
	ASCII    Setting[bool] // plain ASCII instead of lines, bars and dots
	Mouse    Setting[bool] // off, so that the terminal's own selection works
	ReadOnly Setting[bool]
	Paths    Setting[[]string] // lxcpaths; nil = LXC's own
	Prefix   Setting[string]   // key that leads out of a shell; "" = keymap's own
	Preset   Setting[string]   // key preset; "" = "default"

	// Alerts are the thresholds in percent; 0 = none. AlertBell rings when an
	// alert begins, and AlertCommand is run then: arguments, the first an absolute
	// path; none = nothing is run.
	Alerts       map[alert.Kind]Setting[float64]
	AlertBell    Setting[bool]
	AlertCommand Setting[[]string]

	// Limits are presets of them, by name; LimitsAs is how they are written.
	Limits   map[string]Setting[[]runtime.LimitSetting]
	LimitsAs map[string]string

	// Keys are the user's own: action to keys. They replace all keys of that action.
	Keys map[string]Setting[[]string]
	// KeysAt is where each of them stands.
	KeysAt map[string][]Source
}

// Defaults are the settings without any file.
func Defaults() Settings {
	return Settings{
		Interval: Setting[time.Duration]{Value: DefaultInterval},
		Theme:    Setting[string]{Value: "default"},
	}
}

// Keymap makes the bindings these settings ask for.
func (s *Settings) Keymap() (*keymap.Map, error) {
	user := make(map[string][]string, len(s.Keys))
	for id, keys := range s.Keys {
		user[id] = keys.Value
	}
	return keymap.New(s.Preset.Value, user, s.Prefix.Value)
}

// Known is what names may be used; it comes from the rooms that define them.
// A nil list accepts any name.
type Known struct {
	Columns []string
	Themes  []string
}

// Load reads the files of p over the defaults. All that is wrong is reported
// at once; the Settings are then those of the lines that were right.
func Load(p Places, known Known) (Settings, error) {
	s := Defaults()
	var errs []error
	for _, f := range p.files() {
		text, err := p.read(f.name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !f.must:
			continue
		case err != nil:
			errs = append(errs, err)
			continue
		}
		errs = append(errs, s.merge(f.name, text, known)...)
	}
	if len(errs) == 0 {
		errs = append(errs, s.checkKeys(p.files())...)
	}
	return s, errors.Join(errs...)
}

// ParseInterval reads a duration such as "1s" or "500ms" and holds it to the bounds.
func ParseInterval(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < MinInterval || d > MaxInterval {
		return 0, fmt.Errorf("interval %q: a duration from %s to %s is allowed, such as \"1s\" or \"500ms\"",
			text, MinInterval, MaxInterval)
	}
	return d, nil
}

// Names gives every key of config.toml outside [keys], in order.
func Names() []string {
	var all []string
	for _, r := range rules() {
		all = append(all, r.name)
	}
	slices.Sort(all)
	return all
}
