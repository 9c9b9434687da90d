package conf

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// ErrNotRead is an include that was written since the config was read.
var ErrNotRead = errors.New("it was not read yet")

// Example is a key that fits the name.
func (k Key) Example() string {
	name := strings.Replace(k.Name, "[i]", "0", 1)
	if begin, open := restOf(name); open && len(k.Subs) > 0 {
		return begin + k.Subs[0]
	}
	return name
}

// Supports says of any key whether a liblxc has it: of that version, with
// supported as its lxc_config_item_is_supported. Since LXC 4 that knows a family of
// keys, such as all of lxc.net.0, by its beginning alone, and says no to what begins
// so; the table tells of the rest.
func Supports(version string, supported func(key string) bool) func(key string) bool {
	return func(key string) bool {
		if supported(key) {
			return true
		}
		k := lookup(key)
		if k == nil {
			return false
		}
		begin, open := restOf(k.Name)
		if _, _, net := netKey(key); net {
			begin, open = "lxc.net.", true
		}
		return open && k.In(version) && (supported(begin) || supported(strings.TrimSuffix(begin, ".")))
	}
}

// AskSupport asks a liblxc which keys it has. lacking are the names of the table
// that it does not have, extra those keys of a config that it has beside the table.
func AskSupport(have []string, supports func(key string) bool) (lacking, extra []string) {
	for _, k := range Keys() {
		if k.Kind != Clear && !supports(k.Example()) {
			lacking = append(lacking, k.Name)
		}
	}
	for _, key := range have {
		if lookup(key) == nil && !inFamily(key) && !slices.Contains(extra, key) && supports(key) {
			extra = append(extra, key)
		}
	}
	return lacking, extra
}

// SupportedBy says of keys whether a liblxc has them of which AskSupport has told.
func SupportedBy(lacking, extra []string) func(key string) bool {
	has := func(k *Key) bool { return !slices.Contains(lacking, k.Name) }
	return func(key string) bool {
		for _, table := range tables { // what keys begin with, as Complete asks for it
			for i := range table {
				if begin, open := restOf(table[i].Name); open && begin == key+"." {
					return has(&table[i])
				}
			}
		}
		if k := lookup(key); k != nil {
			return has(k)
		}
		return slices.Contains(extra, key)
	}
}

// FromText is the opener of what a Runtime has read.
func FromText(t *runtime.ConfigText) Opener {
	return func(path string) (Opened, error) {
		f, ok := t.File(path)
		switch {
		case !ok:
			return Opened{}, fmt.Errorf("read %s: %w", path, ErrNotRead)
		case f.Absent:
			return Opened{}, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
		case f.Why != "":
			return Opened{}, errors.New(f.Why)
		}
		return Opened{Real: f.Real, Text: f.Text, Dir: f.Dir, Names: f.Names}, nil
	}
}
