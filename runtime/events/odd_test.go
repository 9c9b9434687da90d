package events

import (
	"testing"
	"time"

	"lxcdeck/runtime"
)

// Names that are no UTF-8 are not kept, and keep nothing else from being kept.
func TestNamesThatAreNoUTF8(t *testing.T) {
	h := firstRun()
	h.set("x\xff", runtime.Stopped, 0)
	h.set("x\xfe", runtime.Stopped, 0)
	h.look()
	h = h.later(t, "boot-1")
	h.set("db", runtime.Stopped, 0)
	h.look()
	h.want(t, "db stopped away") // and none of them was created
	h.set("x\xff", runtime.Running, 7)
	h.look()
	h.want(t, "x\xff started")
	for _, m := range []Memory{
		{Version: 1, Places: []Place{{Path: "/a\xff", ID: "d"}}},
		{Version: 1, Places: []Place{{Path: "/a", ID: "d", Containers: []Box{{Name: "\xff"}}}}},
		{Version: 1, Places: []Place{{Path: "/a", ID: "d"}, {Path: "/a", ID: "d"}}},
	} {
		if text, err := m.Encode(); err == nil {
			t.Errorf("%s is written", text)
		}
	}
}

// A directory that could not be told from another once is taken for the same one,
// but nothing is gone or created for it.
func TestADirectoryThatIsNotKnown(t *testing.T) {
	h := firstRun()
	kept := h.id
	h.id = ""
	web := h.all["web"]
	delete(h.all, "web")
	h.set("new", runtime.Stopped, 0)
	h.edit("db", func(c *runtime.Container) { c.Identity = "id-other" })
	h.look()
	h.want(t, "")
	h.id, h.all["web"] = kept, web
	h.edit("db", func(c *runtime.Container) { c.Identity = "id-db" })
	h.look()
	h.want(t, "new created")
	// Neither is it kept, nor recalled.
	h = newHost(Memory{Version: 1, Places: []Place{{Path: lib, Seen: noon, Containers: []Box{{Name: "old"}}}}})
	h.id = ""
	h.set("web", runtime.Stopped, 0)
	h.look()
	h.want(t, "")
	if m := h.Memory(); len(m.Places) != 0 {
		t.Errorf("%+v", m)
	}
}

// A container whose state was not known at the end is told of since that was known.
func TestEachContainerHasItsTime(t *testing.T) {
	h := firstRun()
	seen := h.now
	h.now = h.now.Add(time.Hour)
	h.edit("web", func(c *runtime.Container) { c.State = runtime.Unknown })
	h.look()
	h = h.later(t, "boot-1")
	h.set("web", runtime.Stopped, 0)
	h.look()
	if all := h.All(); len(all) != 1 || all[0].Since.After(seen) {
		t.Errorf("%+v", all)
	}
}
