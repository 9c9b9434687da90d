package lxc

import (
	"slices"
	"testing"
)

func TestRootsOfAConfig(t *testing.T) {
	for value, want := range map[string][]string{
		"":                             nil,
		"/srv/web/rootfs":              {"/srv/web/rootfs"},
		"dir:/srv/web/rootfs":          {"/srv/web/rootfs"},
		"overlay:/srv/base:/srv/delta": {"/srv/base", "/srv/delta"},
		"zfs:tank/lxc/web":             nil,
	} {
		if got := roots([]string{value}); !slices.Equal(got, want) {
			t.Errorf("%q: %q, not %q", value, got, want)
		}
	}
}
