package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"lxcdeck/runtime"
)

// restarts are the containers that need a restart to be as their configs say. A
// config that is newer than the start may do so: its values are compared then, one
// container at a time, once for each version of the config and life of the container.
type restarts struct {
	known map[runtime.Ref]restartMark
	out   bool // a comparison is under way
}

// restartMark is what came of a comparison.
type restartMark struct {
	life  string
	needs bool
}

// restartMsg is the end of a comparison.
type restartMsg struct {
	ref  runtime.Ref
	mark restartMark
}

// lifeOf tells versions of a container's config and lives of it apart.
func lifeOf(c *runtime.Container) string {
	return fmt.Sprint(c.ConfigID, " ", c.InitPID, " ", c.Begin)
}

// needs says whether a container is known to need a restart.
func (r *restarts) needs(c *runtime.Container) bool {
	m, ok := r.known[c.Ref]
	return ok && m.needs && c.InitPID > 0 && c.Edited && m.life == lifeOf(c)
}

// seeRestarts compares the next container that may need it.
func (m *Model) seeRestarts() tea.Cmd {
	r := &m.restarts
	if r.out || m.jobs.crowded() {
		return nil
	}
	for i := range m.all {
		c := &m.all[i]
		if !c.Edited || c.State != runtime.Running || r.known[c.Ref].life == lifeOf(c) {
			continue
		}
		r.out = true
		rt, ref, life, ctx := m.rt, c.Ref, lifeOf(c), m.out.ctx
		return cmd("config", func() tea.Msg {
			ctx, stop := context.WithTimeout(ctx, readDeadline)
			defer stop()
			// One of which that cannot be told has no mark: its view says why.
			t, err := rt.ConfigText(ctx, runtime.ConfigOf{Ref: ref})
			return restartMsg{ref, restartMark{life, err == nil && t.Restart == runtime.Yes}}
		})
	}
	for ref := range r.known {
		if m.byRef(ref) == nil {
			delete(r.known, ref)
		}
	}
	return nil
}

func (msg restartMsg) arrive(m *Model) tea.Cmd {
	r := &m.restarts
	if r.known == nil {
		r.known = map[runtime.Ref]restartMark{}
	}
	r.out, r.known[msg.ref] = false, msg.mark
	m.arrange()
	return m.seeRestarts()
}
