package keymap

// Presets names the sets of keys there are. The first is the default.
func Presets() []string { return []string{"default", "vim", "htop"} }

// presetKeys are the keys in which a preset differs from the table of actions.
func presetKeys(name string) (map[ID][]string, bool) {
	switch name {
	case "", "default":
		return nil, true
	case "vim":
		return map[ID][]string{
			PageUp:   {"ctrl+u", "ctrl+b", "pgup"},
			PageDown: {"ctrl+d", "ctrl+f", "pgdown"},
			Open:     {"enter", "l"},
			Back:     {"esc", "h"},

			GraphList: {"H"}, // h leads back
			GraphLeft: {"left"},

			Logs:    {"T"}, // l opens
			LogLeft: {"left"},
			OutLeft: {"left"},
		}, true
	case "htop":
		return map[ID][]string{
			HelpKey: {"?", "f1"},
			Filter:  {"/", "f4"},
			Sort:    {"o", "f6"},
			KillKey: {"K", "f9"},
			Quit:    {"q", "f10"},
		}, true
	default:
		return nil, false
	}
}
