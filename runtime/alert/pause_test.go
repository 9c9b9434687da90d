package alert

import (
	"testing"
	"time"

	"lxcdeck/runtime"
)

// While nobody looked no figure was missing.
func TestAPauseEndsNoAlert(t *testing.T) {
	b := newBench(t, Rules{Pids: 90})
	b.see(pids(95))
	b.see(pids(95))
	b.now = b.now.Add(time.Hour)
	b.want(b.told(b.Look([]Reading{{web, &b.s, &b.u}}, nil, "", time.Second, b.now)), "") // of before the pause
	b.want(b.see(pids(95)), "")
}

// One answer of a file system is one reading, and figures of the host that come
// no more end its alert.
func TestDiskReadingsHaveTheirTime(t *testing.T) {
	w := New(Rules{Disk: 90})
	b := &bench{Watch: w, t: t, now: noon}
	h := &runtime.HostSample{DiskUsed: runtime.Of(95), DiskFree: runtime.Of(5)}
	look := func(fresh bool) string {
		b.now = b.now.Add(time.Second)
		if fresh {
			h.At = b.now
		}
		return b.told(w.Look(nil, h, "/", time.Second, b.now))
	}
	h.DiskAt = noon
	for range 5 {
		b.want(look(true), "")
	}
	h.DiskAt = noon.Add(10 * time.Second)
	b.want(look(true), "disk 95% full (threshold 90%)")
	ended := ""
	for range 120 {
		if s := look(false); s != "" {
			ended = s
		}
	}
	b.want(ended, "ends disk: the figure is not known any more")
}
