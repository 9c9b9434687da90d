package settings

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/keymap"
	"lxcdeck/runtime/alert"
)

// Line is one setting as people read it.
type Line struct {
	Name    string // as config.toml spells it: "alerts.memory"
	Value   string // in force
	From    Source
	Env     string // what of the environment is above all files; "" = nothing
	Default string
	Means   string
	Waits   bool // a change takes effect at the next start
}

// Lines are all settings. getenv is the environment, which is above the files where
// it says that there are no colours.
func (s *Settings) Lines(getenv func(string) string) []Line {
	d := Defaults()
	text := func(v string, none string) string {
		if v == "" {
			return none
		}
		return v
	}
	list := func(v []string, none string) string {
		if len(v) == 0 {
			return none
		}
		return strings.Join(v, " ")
	}
	all := []Line{
		{Name: "interval", Value: s.Interval.Value.String(), From: s.Interval.From, Default: d.Interval.Value.String(), Means: "between two readings, 200ms to 60s"},
		{Name: "lxcpath", Value: list(s.Paths.Value, "LXC's own"), From: s.Paths.From, Default: "LXC's own", Means: "directories of containers", Waits: true},
		{Name: "columns", Value: list(s.Columns.Value, "by width"), From: s.Columns.From, Default: "by width", Means: "columns of the list, in order"},
		{Name: "sort", Value: text(s.Sort.Value, "name"), From: s.Sort.From, Default: "name", Means: "the column that the list is sorted by; - before it reverses"},
		{Name: "theme", Value: s.Theme.Value, From: s.Theme.From, Default: d.Theme.Value, Means: "colours"},
		{Name: "ascii", Value: strconv.FormatBool(s.ASCII.Value), From: s.ASCII.From, Default: "false", Means: "plain ASCII instead of lines, bars and dots"},
		{Name: "mouse", Value: strconv.FormatBool(s.Mouse.Value), From: s.Mouse.From, Default: "false", Means: "the mouse is lxcdeck's; while it is off the terminal's own selection works"},
		{Name: "read_only", Value: strconv.FormatBool(s.ReadOnly.Value), From: s.ReadOnly.From, Default: "false", Means: "refuse whatever changes a container or runs a program in one; it ends with the program", Waits: true},
		{Name: "prefix", Value: text(s.Prefix.Value, keymap.DefaultPrefix), From: s.Prefix.From, Default: keymap.DefaultPrefix, Means: "the key that leads out of a shell"},
		{Name: "key_preset", Value: presetName(s.Preset.Value), From: s.Preset.From, Default: presetName(""), Means: "the keys to begin with: " + strings.Join(keymap.Presets(), ", ")},
	}
	if getenv("NO_COLOR") != "" {
		i := slices.IndexFunc(all, func(l Line) bool { return l.Name == "theme" })
		all[i].Value, all[i].Env = "mono", "NO_COLOR"
	}
	return slices.Concat(all, s.alertLines(), s.limitLines(), s.keyLines())
}

func (s *Settings) alertLines() []Line {
	var all []Line
	for _, k := range alert.Kinds() {
		v := s.Alerts[k]
		all = append(all, Line{
			Name: alertsTable + "." + k.String(), Value: strconv.FormatFloat(v.Value, 'g', -1, 64), From: v.From, Default: "0",
			Means: "threshold of an alert in percent; 0 is none",
		})
	}
	command := "none"
	if len(s.AlertCommand.Value) > 0 {
		words := make([]string, 0, len(s.AlertCommand.Value))
		for _, w := range s.AlertCommand.Value {
			words = append(words, strconv.Quote(w))
		}
		command = strings.Join(words, " ")
	}
	return append(all,
		Line{Name: alertsTable + ".bell", Value: strconv.FormatBool(s.AlertBell.Value), From: s.AlertBell.From, Default: "false", Means: "ring when an alert begins"},
		Line{Name: alertsTable + ".command", Value: command, From: s.AlertCommand.From, Default: "none", Means: "what is run when an alert begins: a program and its arguments"})
}

func (s *Settings) limitLines() []Line {
	if len(s.Limits) == 0 {
		return []Line{{Name: limitsTable, Value: "none", Default: "none", Means: "presets of limits, by name"}}
	}
	var all []Line
	for _, name := range slices.Sorted(maps.Keys(s.Limits)) {
		v := s.Limits[name]
		all = append(all, Line{Name: limitsTable + "." + name, Value: s.LimitsAs[name], From: v.From, Default: "none", Means: "a preset of limits"})
	}
	return all
}

func (s *Settings) keyLines() []Line {
	if len(s.Keys) == 0 {
		return []Line{{Name: keysTable, Value: "the preset's", Default: "the preset's", Means: "keys of actions; :keys shows them all"}}
	}
	base, _ := keymap.New(s.Preset.Value, nil, s.Prefix.Value) // a preset that is none was refused
	var all []Line
	for _, id := range slices.Sorted(maps.Keys(s.Keys)) {
		v := s.Keys[id]
		a, _ := keymap.Find(keymap.ID(id)) // what is none was refused
		line := Line{Name: keysTable + "." + id, Value: keyWords(v.Value), From: v.From, Means: "keys of: " + a.Title}
		if base != nil {
			line.Default = keyWords(base.Keys(a.ID))
		}
		all = append(all, line)
	}
	return all
}

func keyWords(keys []string) string {
	if len(keys) == 0 {
		return "none"
	}
	return strings.Join(keys, " ")
}
