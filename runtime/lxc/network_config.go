package lxc

import (
	"slices"
	"strconv"
	"strings"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// maxNetIndex is up to which number interfaces of a configuration are looked for:
// how many there are liblxc tells, their numbers it does not.
const maxNetIndex = 1024

// unset is what liblxc gives for lxc.namespace.share.* where that is not set: it
// prints a null pointer (get_config_namespace_share of confile.c).
const unset = "(null)"

// wishedNet reads the network that a configuration asks for; an address that it gives
// to two containers is seen before either runs.
func wishedNet(c *golxc.Container, cfg *runtime.Config) {
	kinds := items(c, "lxc.net")
	cfg.Nets, cfg.MoreNets = netConfigs(c, len(kinds))
	if of := items(c, "lxc.namespace.share.net"); len(of) > 0 && of[0] != unset {
		cfg.NetOf = of[0]
	}
	keep, clone := items(c, "lxc.namespace.keep"), items(c, "lxc.namespace.clone")
	cfg.NetOfHost = staysOnHost(keep, clone, kinds)
}

// staysOnHost says whether liblxc makes no network for a container, as in its
// resolve_clone_flags: it asks for the types of interfaces only where neither of the
// lists is given, and heeds none where nothing else is asked for.
func staysOnHost(keep, clone, kinds []string) bool {
	names := func(list []string) bool { return slices.Contains(strings.Fields(strings.Join(list, " ")), "net") }
	switch {
	case len(keep) > 0:
		return names(keep)
	case len(clone) > 0:
		return !names(clone)
	default:
		return len(kinds) > 0 && !slices.ContainsFunc(kinds, func(kind string) bool { return kind != "none" })
	}
}

// netConfigs are the interfaces that a configuration asks for, of which there are n,
// by their numbers.
func netConfigs(c *golxc.Container, n int) (all []runtime.NetConfig, more bool) {
	first := func(key string) string {
		if v := items(c, key); len(v) > 0 {
			return v[0]
		}
		return ""
	}
	for i := 0; i < maxNetIndex && len(all) < min(n, runtime.MaxNetConfigs); i++ {
		key := "lxc.net." + strconv.Itoa(i) + "."
		one := runtime.NetConfig{Type: first(key + "type")}
		if one.Type == "" {
			continue
		}
		one.Link, one.Name, one.MAC = first(key+"link"), first(key+"name"), first(key+"hwaddr")
		one.IPs = append(items(c, key+"ipv4.address"), items(c, key+"ipv6.address")...)
		all = append(all, one)
	}
	return all, len(all) < n
}
