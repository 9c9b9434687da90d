package lxc

import (
	"strings"
	"testing"
)

func TestGroupOf(t *testing.T) {
	for path, want := range map[string]string{
		"/dev/vg/lv":              "vg lv",
		"/dev/vg-a/lv-b":          "vg-a lv-b",
		"/dev/mapper/vg-lv":       "vg lv",
		"/dev/mapper/vg--a-lv--b": "vg-a lv-b",
		"/dev/mapper/vg":          "",
		"/dev/mapper/a-b-c":       "",
		"/dev/vg":                 "",
		"/dev/vg/":                "",
		"/dev//lv":                "",
		"/dev/disk/by-id/lv":      "",
		"/srv/vg/lv":              "",
		"vg/lv":                   "",
	} {
		vg, lv, ok := groupOf(path)
		if got := strings.TrimSpace(vg + " " + lv); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, want %q", path, got, ok, want)
		}
	}
}

// lvcreate takes whole sectors only, and liblxc makes nothing below 1 GiB.
func TestVolumeFor(t *testing.T) {
	for _, bytes := range []int64{0, 1, 1 << 30, 1234567891, 4096 * 500001} {
		got := volumeFor(bytes)
		if got%(1<<20) != 0 || got < newVolumeSize || got < uint64(bytes)+64<<20 {
			t.Errorf("%d bytes: a volume of %d", bytes, got)
		}
	}
}
