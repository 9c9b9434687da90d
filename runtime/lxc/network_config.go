package lxc

import (
	"strconv"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// maxNetConfig is how many interfaces of a configuration are told of, and up to
// which number they are looked for.
const maxNetConfig = 16

// netConfigs are the interfaces that a configuration asks for, by their numbers;
// an address that it gives to two containers is seen before either runs.
func netConfigs(c *golxc.Container) []runtime.NetConfig {
	if len(items(c, "lxc.net")) == 0 {
		return nil
	}
	var all []runtime.NetConfig
	first := func(key string) string {
		if v := items(c, key); len(v) > 0 {
			return v[0]
		}
		return ""
	}
	for i := range maxNetConfig {
		key := "lxc.net." + strconv.Itoa(i) + "."
		n := runtime.NetConfig{Type: first(key + "type")}
		if n.Type == "" {
			continue
		}
		n.Link, n.Name, n.MAC = first(key+"link"), first(key+"name"), first(key+"hwaddr")
		n.IPs = append(items(c, key+"ipv4.address"), items(c, key+"ipv6.address")...)
		all = append(all, n)
	}
	return all
}
