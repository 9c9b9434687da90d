package runtime

import (
	"slices"
	"strings"
)

// TopicUser is what a user other than root can do here: parts of a look at the host in
// another order, and what is for root alone.
const TopicUser = "user"

// userParts are what a user's containers need, by what needs it.
func userParts() []struct {
	topic string
	needs []string // Check.What
} {
	return []struct {
		topic string
		needs []string
	}{
		{"create and start containers", []string{"user namespace", "subordinate users", "subordinate groups", "newuidmap", "newgidmap", "new privileges", "lxc-usernsexec", "overlay for users"}},
		{"cgroups: figures, limits, freeze", []string{"delegation", "systemd scope"}},
		{"network of containers", []string{"default network", "lxc-user-nic", "lxc-usernet"}},
	}
}

// UserChecks tells what works for this user and what does not, out of a look at the
// host, each with what mends it. Root is told that nothing stands in the way.
func UserChecks(all []Check, a About) []Check {
	if a.UID == 0 {
		return []Check{{Topic: TopicUser, What: "root", Found: "nothing is kept from root; what a user can do here is told to that user: lxcdeck doctor user"}}
	}
	var out []Check
	for _, p := range userParts() {
		for _, c := range all {
			if slices.Contains(p.needs, c.What) || p.topic == "create and start containers" && strings.HasPrefix(c.What, "new containers in ") {
				c.Topic = p.topic
				out = append(out, c)
			}
		}
	}
	own := "with " + a.User + "'s own containers, without root"
	if Failing(out) {
		own += ", once nothing is missing above"
	}
	works := func(what, found string) {
		out = append(out, Check{Topic: own, What: what, Found: found})
	}
	works("look", "list, figures, processes, logs, network map, isolation, room on disk")
	works("work in them", "shells, consoles, commands, files")
	works("change them", "config, limits, snapshots, clone, rename, pack, destroy; on plain directories, overlays and btrfs")
	rootOnly := func(what, found, advice string) {
		out = append(out, Check{Topic: "for root alone", What: what, Verdict: CheckOptional, Found: found, Advice: advice})
	}
	rootOnly("root's containers", a.User+" may not read them", "sudo lxcdeck")
	rootOnly("devices and interfaces", "adding one to a running container", "With a container of root's: sudo lxcdeck")
	rootOnly("checkpoint and resume", "liblxc calls CRIU for root alone", "With a container of root's: sudo lxcdeck")
	rootOnly("lvm, zfs, loop, rbd", "new containers on these backing stores", "sudo lxcdeck create NAME -t TEMPLATE -B STORE")
	return out
}
