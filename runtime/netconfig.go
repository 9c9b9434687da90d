package runtime

import (
	"slices"
	"strings"
)

// NetConfig is an interface that a container's configuration asks for
// (lxc.container.conf(5), NETWORK).
type NetConfig struct {
	Type string // "veth", "empty" ...
	Link string // "" = none
	Name string // inside; "" = LXC chooses
	MAC  string // "" = LXC chooses
	IPs  []string
}

// String is the interface in words.
func (n *NetConfig) String() string {
	text := n.Type
	if n.Link != "" {
		text += " on " + n.Link
	}
	for _, word := range append([]string{n.MAC}, n.IPs...) {
		if word != "" {
			text += " " + word
		}
	}
	return text
}

// MaxNetConfigs is how many interfaces of a configuration are told of.
const MaxNetConfigs = 64

// NetWish is which network a container gets when it starts.
type NetWish uint8

// One of its own, that of another container or process, the one of who starts it.
const (
	OwnNet NetWish = iota
	SharedNet
	HostNet
)

// String is the word for it in JSON, the same as for a container that runs.
func (w NetWish) String() string { return [...]string{"own", "shared", "host"}[w] }

// WishedNet says which network a configuration asks for: only in one of its own the
// interfaces of lxc.net are made.
func (c *Config) WishedNet() NetWish {
	switch {
	case c.NetOf != "":
		return SharedNet
	case c.NetOfHost:
		return HostNet
	default:
		return OwnNet
	}
}

// NetWords say what network a configuration asks for.
func (c *Config) NetWords() string {
	switch c.WishedNet() {
	case SharedNet:
		return "the network of " + c.NetOf
	case HostNet:
		return "the host's network"
	}
	var all []string
	for i := range c.Nets {
		if n := &c.Nets[i]; n.Type != "none" && n.Type != "empty" { // these make no interface
			all = append(all, n.String())
		}
	}
	switch {
	case c.MoreNets:
		all = append(all, "others")
	case len(all) == 0:
		return "loopback alone"
	}
	return strings.Join(all, ", ")
}

// NetRefs are the containers whose network is read: those that run. Who has that of
// another by its configuration comes last, as what several share is told as the first
// one's.
func NetRefs(all []Container) []Ref {
	var own, shared []Ref
	for i := range all {
		switch c := &all[i]; {
		case !c.Counted():
		case c.Config != nil && c.Config.WishedNet() == SharedNet:
			shared = append(shared, c.Ref)
		default:
			own = append(own, c.Ref)
		}
	}
	return slices.Concat(own, shared)
}
