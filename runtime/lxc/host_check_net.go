package lxc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lxcdeck/runtime"
)

// configFiles are LXC's own: lxc.system.conf(5), and what new containers begin with.
func (h *hostCheck) configFiles(context.Context) checks {
	var c checks
	conf := systemConf
	if h.uid != 0 {
		conf = filepath.Join(h.home, ".config/lxc/lxc.conf")
	}
	switch _, err := h.read(conf); {
	case errors.Is(err, fs.ErrNotExist):
		c.good("lxc.conf", conf+" is not there: LXC's own values hold")
	case err != nil:
		c.optional("lxc.conf", conf+": "+plainErr(err), "Make it readable: the lxcpath may stand there.")
	default:
		c.good("lxc.conf", conf)
	}
	if h.defaults == "" || !exists(h.defaults) {
		c.optional("default config", "there is none: "+h.defaults, "New containers then have no network: write lxc.net.0.* into it, see lxc.container.conf(5).")
		return c
	}
	lines, err := configLines(h.defaults)
	if err != nil {
		advice := "Make it readable, and writable by its owner alone."
		var unsafe *unsafeError
		if errors.As(err, &unsafe) {
			advice = unsafe.hint()
		}
		c.optional("default config", h.defaults+": "+err.Error(), advice)
		return c
	}
	c.good("default config", h.defaults)
	if h.uid != 0 && !slices.ContainsFunc(lines, func(l configLine) bool { return l.key == "lxc.idmap" }) {
		c.optional("id map in the default config", "it has no lxc.idmap", "lxcdeck writes one into what it creates; lxc-create does not: add lxc.idmap lines to "+h.defaults+".")
	}
	return c
}

// network looks at what containers that are created with the default config are
// attached to.
func (h *hostCheck) network(context.Context) checks {
	var c checks
	d := defaultNet(h.defaults, h.net.links)
	const what = "default network"
	switch {
	case d.Type == "" && d.Link == "":
		c.good(what, "the default config names none")
	case d.Type == "empty" || d.Type == "none":
		c.good(what, d.Type)
	case d.Link == "":
		c.good(what, d.Type+", without a link")
	case d.Missing:
		c.bad(what, d.Type+" on "+d.Link+", which this host does not have: containers of the default config do not start", h.bridgeAdvice(d.Link))
	case d.Type == "veth" && !h.net.isBridge(d.Link):
		c.bad(what, "veth on "+d.Link+", which is an interface but no bridge: containers of the default config do not start",
			"Name a bridge in lxc.net.0.link of "+h.defaults+", or use lxc.net.0.type = macvlan.")
	default:
		c.good(what, d.Type+" on "+d.Link)
	}
	bridge, used := h.net.bridge()
	switch {
	case h.net.unit() == "":
		c.optional("lxc-net", "the service is not installed, or masked", "It makes LXC's own bridge; without it a bridge has to be made by hand.")
	case !used:
		c.good("lxc-net", "installed, and told to make no bridge (USE_LXC_BRIDGE)")
	case h.net.isBridge(bridge):
		c.good("lxc-net", "installed; "+bridge+" is there")
	case d.Missing && d.Link == bridge:
		c.optional("lxc-net", "installed, but its bridge "+bridge+" is not there", "As for the default network.")
	default:
		c.optional("lxc-net", "installed, but its bridge "+bridge+" is not there", h.bridgeAdvice(bridge))
	}
	if h.uid != 0 {
		h.userNet(&c, d)
	}
	return c
}

// bridgeAdvice says how a bridge comes to be.
func (h *hostCheck) bridgeAdvice(link string) string {
	const other = "name a bridge that is there, or lxc.net.0.type = empty"
	bridge, used := h.net.bridge()
	switch fix := h.net.fix(); {
	case link == bridge && fix != nil:
		return "Run: " + strings.Join(fix.Command, " ") + "; or " + other + " in " + h.defaults + "."
	case link == bridge && !used:
		return "lxc-net makes it, but is told not to: USE_LXC_BRIDGE in " + strings.Join(h.net.defaults[:2], " or ") + "; or " + other + " in " + h.defaults + "."
	case link == bridge && h.net.unit() != "":
		return "Let root start lxc-net, which makes it (systemctl enable --now " + lxcNetUnit + ", or the script lxc-net of LXC where systemd does not run the host); or " + other + " in " + h.defaults + "."
	}
	return "Make it, or " + other + " in " + h.defaults + "."
}

// userNic is the program that attaches users' containers to bridges; where it
// lies has changed over the versions.
func (h *hostCheck) userNic() string {
	for _, pattern := range []string{"/usr/libexec/lxc", "/usr/lib/lxc", "/usr/lib/*/lxc", "/usr/local/libexec/lxc"} {
		if found, _ := filepath.Glob(h.file(pattern, "lxc-user-nic")); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// userNet looks at what a user may attach to the host's bridges, lxc-usernet(5).
func (h *hostCheck) userNet(c *checks, d runtime.DefaultNet) {
	needed := d.Type == "veth" && d.Link != ""
	const advice = "Install LXC's package anew, or as root: chmod u+s "
	file := h.userNic()
	switch ok, err := privileged(file); {
	case file == "":
		c.lacks(needed, "lxc-user-nic", "it is not installed", "Install the package of LXC that has it: it attaches users' containers to bridges.")
	case err != nil:
		c.unknown("lxc-user-nic", err)
	case !ok:
		c.lacks(needed, "lxc-user-nic", h.outer(file)+" does not run as root: it is neither set-user-ID nor has capabilities", advice+h.outer(file))
	default:
		c.good("lxc-user-nic", h.outer(file))
	}
	const quota = "/etc/lxc/lxc-usernet"
	link := d.Link
	if link == "" {
		link = "BRIDGE"
	}
	line := fmt.Sprintf("As root, write into %s: %s veth %s 10", quota, h.user, link)
	text, err := h.read(quota)
	switch given := h.quotas(text); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		c.unknown("lxc-usernet", err)
	case len(given) == 0:
		c.lacks(needed, "lxc-usernet", quota+" gives "+h.user+" no interface", line)
	case needed && given[d.Link] == 0:
		c.bad("lxc-usernet", quota+" gives "+h.user+" no interface on "+d.Link, line)
	default:
		var all []string
		for bridge, n := range given {
			all = append(all, fmt.Sprintf("%d on %s", n, bridge))
		}
		slices.Sort(all)
		c.good("lxc-usernet", strings.Join(all, ", "))
	}
}

// quotas are the interfaces that lxc-usernet gives a user or one of its groups,
// by bridge: lines of "user type bridge number".
func (h *hostCheck) quotas(text string) map[string]int {
	names := []string{h.user}
	if u, err := osuser.LookupId(strconv.Itoa(h.uid)); err == nil {
		ids, _ := u.GroupIds()
		for _, id := range ids {
			if g, err := osuser.LookupGroupId(id); err == nil {
				names = append(names, "@"+g.Name)
			}
		}
	}
	out := map[string]int{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) != 4 || !slices.Contains(names, f[0]) || f[1] != "veth" {
			continue
		}
		if n, err := strconv.Atoi(f[3]); err == nil {
			out[f[2]] = max(out[f[2]], n)
		}
	}
	return out
}
