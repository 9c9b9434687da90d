package events

import (
	"testing"
	"time"

	"lxcdeck/runtime"
)

// A crash after a restart is not explained by it, nor by its record in the audit log.
func TestOneOperationCountsOnce(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.look()
	began := h.now
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.set("web", runtime.Running, 11)
	h.look()
	ended := h.now.Add(100 * time.Millisecond)
	h.set("web", runtime.Stopped, 0) // before its end is known
	h.look()
	h.Did(Done{Op: "restart", Ref: ref("web"), Identity: "id-web", From: began, To: ended})
	h.want(t, "web stopped by restart, web started by restart, web stopped")
	h.told--
	if h.Did(Done{Op: "restart", Ref: ref("web"), From: began.Add(time.Millisecond), To: ended.Add(-time.Millisecond), Who: "jo"}) {
		t.Error("its record explains more")
	}
	h.want(t, "web stopped")
}

// Limits are read more seldom than the other figures.
func TestLimitsHaveTheirTime(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Running, 10)
	h.look()
	read := h.now
	at := func(limit uint64) {
		h.sample("web", 10, func(s *runtime.Sample) { s.Memory.Limit, s.LimitsAt = runtime.Of(limit), read })
	}
	at(512)
	h.now = h.now.Add(2 * time.Second)
	h.Did(Done{Op: "set-limits", Ref: ref("web"), From: h.now.Add(-time.Second), To: h.now})
	h.now = h.now.Add(6 * time.Second)
	at(512)
	h.now = h.now.Add(2 * time.Second)
	read = h.now
	at(1024)
	h.want(t, "web limits changed memory 512->1024 by set-limits")
}

// A container that is made has its config written in several steps, and all of them are
// of the operation that makes it.
func TestMakingIsNoEdit(t *testing.T) {
	h := newHost(Memory{})
	h.set("web", runtime.Stopped, 0)
	h.look()
	began := h.now
	h.set("copy", runtime.Stopped, 0)
	h.look()
	for _, id := range []string{"v2", "v3"} {
		h.edit("copy", func(c *runtime.Container) { c.ConfigID = id })
		h.look()
	}
	h.Did(Done{Op: "clone", Ref: ref("web"), Others: []runtime.Ref{ref("copy")}, From: began, To: h.now})
	h.want(t, "copy created by clone, copy config edited by clone, copy config edited by clone")
	h.now = h.now.Add(time.Minute)
	h.look()
	h.now = h.now.Add(time.Minute)
	h.look()
	h.edit("copy", func(c *runtime.Container) { c.ConfigID = "v4" })
	h.look()
	h.want(t, "copy config edited")
}
