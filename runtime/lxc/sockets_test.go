package lxc

import (
	"slices"
	"testing"
)

// Wherever a read of the kernel's list of sockets ends, each line is seen once.
func TestSocketsAreReadInParts(t *testing.T) {
	const list = "Num RefCount Protocol Flags Type St Inode Path\n" +
		"0: 00000002 00000000 00010000 0001 01 17 @/var/lib/lxc/one/command\n" +
		"0: 00000003 00000000 00000000 0001 03 18 /run/x\n" +
		"0: 00000002 00000000 00010000 0001 01 19 @/var/lib/lxc/two/command"
	want := []string{"@/var/lib/lxc/one/command", "@/var/lib/lxc/two/command"}
	for i := range len(list) + 1 {
		var got []string
		see := func(name, _ []byte) { got = append(got, string(name)) }
		rest := visitSockets([]byte(list[:i]), false, see)
		rest = visitSockets(append(slices.Clone(rest), list[i:]...), true, see)
		if len(rest) > 0 || !slices.Equal(got, want) {
			t.Errorf("parted at %d: %q, and %q is left", i, got, rest)
		}
	}
}
