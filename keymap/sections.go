package keymap

// HelpSections gathers the help of a scope: its own keys, those that work everywhere,
// and those of every other scope, a group each, so that what is looked for is found
// wherever it belongs to.
func HelpSections(m *Map, scope Scope, s Situation) (here, everywhere, elsewhere []HelpGroup) {
	for _, g := range HelpGroups(m, scope, s) {
		own, all := HelpGroup{Group: g.Group}, HelpGroup{Group: g.Group}
		for _, line := range g.Lines {
			switch a, _ := Find(line.ID); {
			case a.Scope == scope, scope == Detail && a.Scope == List:
				own.Lines = append(own.Lines, line)
			case a.Scope == Everywhere:
				all.Lines = append(all.Lines, line)
			}
		}
		if len(own.Lines) > 0 {
			here = append(here, own)
		}
		if len(all.Lines) > 0 {
			everywhere = append(everywhere, all)
		}
	}
	for _, other := range helped() {
		if other == scope || other == List && scope == Detail {
			continue
		}
		g := HelpGroup{Group: Group(other.Title())}
		for _, a := range actions {
			if a.Scope == other && (len(m.keys[a.ID]) > 0 || !a.NoTyped) {
				g.Lines = append(g.Lines, HelpLine{ID: a.ID, Keys: m.keysText(a.ID), Title: a.Title})
			}
		}
		if len(g.Lines) > 0 {
			elsewhere = append(elsewhere, g)
		}
	}
	return here, everywhere, elsewhere
}

// helped are the scopes in the order in which the help of another one lists them.
func helped() []Scope {
	return []Scope{
		Shell, Scrollback, List, LogText, Processes, Config, Files, Network, Graphs, Space,
		Events, JobList, Output, Sessions, Snapshots, LeftList, Answers, SettingList, KeyList, HostChecks, StartWhy,
	}
}
