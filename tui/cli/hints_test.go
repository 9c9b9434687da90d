package cli

import (
	"strings"
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

// What failed says what to do next, in the words of the command line, once.
func TestFailuresSayWhatIsNext(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"start", "nope", "nix"}, exitNotFound, "\"lxcdeck ls\" lists those that there are; -P takes another lxcpath.\n"},
		{[]string{"shell", "off", "--", "true"}, exitShell, "\"lxcdeck start off\" comes first.\n"},
		{[]string{"ps", "off"}, exitRefused, "\"lxcdeck start off\" comes first.\n"},
		{[]string{"restore", "off", "nosnap"}, exitFailed, "restore off: no such snapshot: nosnap\nlxcdeck: \"lxcdeck snapshot list off\" lists"},
		{[]string{"clone", "off", "app"}, exitRefused, "Choose another name"},
		{[]string{"--read-only", "start", "off"}, exitRefused, "without read_only in the settings"},
		{[]string{"create", "a/b", "-t", "busybox"}, exitUsage, "create: invalid argument: container name \"a/b\""},
		{[]string{"start", "a/b"}, exitUsage, "start: invalid argument: container name \"a/b\""},
	} {
		rt := testHost()
		rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("off"), State: runtime.Stopped, Config: &runtime.Config{}}})
		rt.Add(fake.Spec{Container: runtime.Container{Ref: ref("app"), State: runtime.Stopped, Config: &runtime.Config{}}})
		r := lxcdeck(t, rt, tt.args...)
		if r.code != tt.code || strings.Count(r.err, tt.says) != 1 {
			t.Errorf("%s: status %d, %q; want %d and once %q", tt.args, r.code, r.err, tt.code, tt.says)
		}
	}
}
