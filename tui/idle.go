package tui

import (
	"lxcdeck/keymap"
	"lxcdeck/views"
)

// idlePast is how many events of a container that does not run its detail tells.
const idlePast = 20

// fillIdle is what the detail shows of a container that does not run: what can be
// done with it, and what has happened to it.
func (m *Model) fillIdle(s *views.DetailState) {
	now := m.situation()
	for _, id := range []keymap.ID{
		keymap.StartStop, keymap.CloneKey, keymap.RenameKey, keymap.ConfigKey, keymap.LimitsKey, keymap.SnapshotList,
		keymap.Logs, keymap.FilesKey, keymap.SpaceKey, keymap.Diagnose, keymap.LockKey, keymap.DestroyKey,
	} {
		a, ok := keymap.Find(id)
		if key := m.keys.KeyOf(id); ok && key != "" && keymap.Why(a, now) == "" {
			s.Keys = append(s.Keys, keymap.Hint{ID: id, Key: key, Text: a.Title})
		}
	}
	all := m.events.All()
	for i := len(all) - 1; i >= 0 && len(s.Past) < idlePast; i-- {
		if all[i].Ref == s.Row.C.Ref {
			s.Past = append(s.Past, m.eventItem(&all[i]))
		}
	}
}
