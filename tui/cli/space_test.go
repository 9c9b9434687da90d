package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestSpace(t *testing.T) {
	rt := testHost()
	rt.Lie(runtime.SpaceExtra{Kind: "directory", Path: "/var/lib/lxc/o\x1bld", Use: runtime.UseOrphan, Changed: time.Unix(1700000000, 0), Room: runtime.Room{Bytes: runtime.Of(5 << 20), At: time.Unix(1700000000, 0)}})
	ref := runtime.Ref{Path: path, Name: "web-1"}
	rt.Set(ref, runtime.Edited, func(s *fake.Spec) {
		s.Snapshots = []runtime.SnapshotInfo{{Name: "snap0", Size: 3 << 20, Taken: time.Unix(1700000000, 0)}}
	})
	r := lxcdeck(t, rt, "space")
	if r.code != 0 || !strings.HasPrefix(r.out, "NAME") || !strings.Contains(r.out, "FILE SYSTEM") || !strings.Contains(r.out, "NOT A CONTAINER") || !strings.Contains(r.out, `o\x1bld`) ||
		!strings.Contains(r.out, "orphan") || strings.ContainsAny(r.out+r.err, "\x1b") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "space", "web-1")
	if r.code != 0 || !strings.Contains(r.out, "snap0") || !strings.Contains(r.out, "3.0M") || strings.Contains(r.out, "db ") || strings.Contains(r.out, "NOT A CONTAINER") {
		t.Errorf("%+v", r)
	}
	r = lxcdeck(t, rt, "space", "--json")
	var all map[string][]map[string]any
	if err := json.Unmarshal([]byte(strings.Replace(r.out, `"not_read":[]`, `"not_read":null`, 1)), &all); err != nil || r.code != 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	for _, c := range all["containers"] {
		for _, key := range []string{"path", "name", "backing_store", "backing_store_why", "filesystem", "bytes", "at_least", "files", "measured", "why", "parts"} {
			if _, ok := c[key]; !ok {
				t.Errorf("no %q in %v", key, c)
			}
		}
		if c["name"] != "web-1" {
			continue
		}
		sum := 0.0
		for _, p := range c["parts"].([]any) {
			sum += p.(map[string]any)["bytes"].(float64)
		}
		if c["bytes"] != sum || sum == 0 {
			t.Errorf("the sum is %v, the parts are %v", c["bytes"], sum)
		}
	}
	if x := all["not_containers"][0]; x["use"] != "orphan" || x["use_why"] != nil || x["bytes"] != float64(5<<20) {
		t.Errorf("%v", x)
	}
	if f := all["filesystems"][0]; f["mount"] != "/" || f["total_bytes"] == nil || f["why"] != nil {
		t.Errorf("%v", f)
	}
	// Why something is no orphan is said, unless it is what was not read.
	rep := runtime.SpaceReport{Unread: []string{"a"}, Extras: []runtime.SpaceExtra{{Path: "/read", Why: "a; and 2 more were not read"}, {Path: "/u\x1bsed", Why: "process 17 (sh)"}}}
	if got := extraWhys(&rep); got != "\nNot called an orphan:\n  /u\\x1bsed: process 17 (sh)\n" {
		t.Errorf("%q", got)
	}
	// Absent is null, and said.
	rt.Fail(fake.Measure, ref, fake.Fault{Err: runtime.ErrForeign})
	r = lxcdeck(t, rt, "space", "web-1", "--json")
	if !strings.Contains(r.out, `"bytes":null`) || !strings.Contains(r.out, `"why":"configuration belongs to another user"`) {
		t.Errorf("%+v", r)
	}
	for args, want := range map[string]int{"space nope": 4, "space web-1 nope": 4, "space --pss": 2} {
		if r := lxcdeck(t, rt, strings.Fields(args)...); r.code != want {
			t.Errorf("%s: %+v, want %d", args, r, want)
		}
	}
}
