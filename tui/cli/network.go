package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

func (d *deck) networkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "network [NAME...] [--json]",
		Short: "Say how containers are on the network, and what they listen on",
		Long: "Say which bridge each interface of a container is on and by which interface of the\n" +
			"host, its MAC and IP addresses, and what it has received and sent in all. An\n" +
			"address that several have on one bridge or VLAN is warned of. Of named containers\n" +
			"the sockets follow that wait for others; of those that do not run, what their\n" +
			"configuration asks for.\n\n" +
			"It is one instant: totals and no rates. The screen shows rates (key n).",
	}
	cmd.RunE = d.verb(func(cmd *cobra.Command, args []string) error { return d.network(cmd, d.given(args)) })
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up after this `TIME` (default: 10s)")
	cmd.Flags().BoolVar(&d.flags.json, "json", false, "print a JSON array")
	return cmd
}

func (d *deck) network(cmd *cobra.Command, names []string) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	l, err := d.list(ctx)
	if err != nil {
		return err
	}
	// All that run are read: an address may be of one that is not named.
	m, err := d.rt.Network(ctx, runtime.NetRefs(l.Containers))
	if err != nil {
		return err
	}
	if m.HostWhy != "" {
		d.warn("%s", m.HostWhy)
	}
	r := &netReport{d: d, named: len(names) > 0, m: &m, places: m.Places(), conflicts: m.Conflicts(), objects: []netObject{},
		links: table{head: []string{"CONTAINER", "INSIDE", "STATE", "HOST", "BRIDGE", "MAC", "RX", "TX", "MTU", "ADDRESSES"}, right: []int{6, 7, 8}},
		ports: table{head: []string{"CONTAINER", "LISTENS ON", "PID", "INSIDE", "COMMAND"}, right: []int{2, 3}}}
	picked := d.pick(l.Containers, names)
	for i := range picked {
		c := &picked[i]
		var ports *runtime.PortList
		if len(names) > 0 && c.Counted() {
			p, err := d.rt.Ports(ctx, c.Ref)
			if err != nil {
				d.fail(err)
			} else {
				ports = &p
			}
		}
		r.add(c, ports)
	}
	for i := range r.conflicts {
		d.warn("%s", d.conflictWords(&r.conflicts[i]))
	}
	switch {
	case d.flags.json:
		return writeArray(d.Stdout, r.objects)
	case len(r.links.rows) > 0:
		if err := d.print(d.text(&r.links)); err != nil || len(r.ports.rows) == 0 {
			return err
		}
		return d.print(append([]byte{'\n'}, d.text(&r.ports)...))
	default:
		return nil
	}
}

// conflictWords are a conflict in a sentence.
func (d *deck) conflictWords(c *runtime.NetConflict) string {
	var who []string
	for i := range c.Who {
		name := "this host"
		if c.Who[i].Ref != (runtime.Ref{}) {
			name = d.called(c.Who[i].Ref)
		}
		who = append(who, name+" ("+c.Who[i].Link+")")
	}
	on := c.On
	if c.Domain.VLAN > 0 {
		on += " (VLAN " + strconv.Itoa(c.Domain.VLAN) + ")"
	}
	return fmt.Sprintf("%s is on %s more than once: %s", c.Address(), on, strings.Join(who, ", "))
}

// netReport gathers what is printed.
type netReport struct {
	d         *deck
	named     bool // what is told of was asked for by name
	m         *runtime.NetworkMap
	places    *runtime.NetPlaces
	conflicts []runtime.NetConflict
	links     table
	ports     table
	objects   []netObject
}

// unread tells of a container that was not read. That is a failure where it was asked
// for by name.
func (r *netReport) unread(o *netObject, ref runtime.Ref, why string) {
	o.Problem = &why
	if r.named {
		r.d.fail(&runtime.Error{Op: "network", Ref: ref, Err: errors.New(why)})
		return
	}
	r.d.warn("%s: %s", r.d.called(ref), why)
}

// add takes a container over.
func (r *netReport) add(c *runtime.Container, ports *runtime.PortList) {
	o := netObject{Path: c.Path, Name: c.Name, State: c.State.String(), Conflicts: []netConflictObject{}}
	i := slices.IndexFunc(r.m.Containers, func(n runtime.ContainerNet) bool { return n.Ref == c.Ref })
	name := r.d.called(c.Ref)
	line := func(text string) {
		r.links.add([]string{name, views.Absent, views.Absent, views.Absent, views.Absent, views.Absent, views.Absent, views.Absent, views.Absent, text})
	}
	switch {
	case i < 0 && (!c.NoAnswerSince.IsZero() || c.State == runtime.Unknown):
		o.configured(c)
		r.unread(&o, c.Ref, "its state is not known")
		line("(not read)")
	case i < 0:
		o.configured(c)
		line("(does not run; " + configuredWords(c) + ")")
	case r.m.Containers[i].Why != "":
		r.unread(&o, c.Ref, r.m.Containers[i].Why)
		line("(not read)")
	default:
		r.read(&o, c, &r.m.Containers[i], line)
	}
	for k := range r.conflicts {
		if cf := &r.conflicts[k]; slices.ContainsFunc(cf.Who, func(w runtime.NetClaim) bool { return w.Ref == c.Ref }) {
			o.Conflicts = append(o.Conflicts, conflictObject(cf))
		}
	}
	r.addPorts(&o, c.Ref, name, ports)
	r.objects = append(r.objects, o)
}

// read takes over what was read of a container that runs: of one that was asked for by
// name its inner interfaces too.
func (r *netReport) read(o *netObject, c *runtime.Container, n *runtime.ContainerNet, line func(string)) {
	kind := "own"
	for k := range r.m.Containers {
		if other := &r.m.Containers[k]; other.Ref != c.Ref && n.NS != 0 && other.NS == n.NS && !n.OnHost {
			kind = "shared"
			o.SharesWith = append(o.SharesWith, other.Ref.String())
		}
	}
	if n.OnHost {
		kind = "host"
		line("(no network of its own: the host's)")
	}
	o.Network, o.PID, o.More, o.Links = &kind, &n.InitPID, n.More, []netLinkObject{}
	unknown := n.Unknown()
	if unknown != "" {
		o.Problem = &unknown
		r.d.warn("%s: not known: %s", r.d.called(c.Ref), unknown)
	}
	switch {
	case len(n.Links) > 0 || n.OnHost:
	case unknown != "":
		line("(not read)")
	default:
		line("(loopback alone)")
	}
	shown := 0
	for k := range n.Links {
		l := &n.Links[k]
		at := r.places.Of(n, l)
		lo := linkObject(l, &at)
		o.Links = append(o.Links, lo)
		if at.Domain.Link == 0 && at.Host == nil && !r.named && len(n.Links) > 1 {
			continue // made inside: of a container that is named
		}
		shown++
		r.links.add([]string{r.d.called(c.Ref), l.Name, l.State.String(), orAbsent(lo.Host), orAbsent(lo.Bridge), orAbsent(lo.MAC), views.ValueBytes(l.Rx), views.ValueBytes(l.Tx), mtuText(l), views.LinkAddrs(l)})
	}
	if shown == 0 && len(n.Links) > 0 {
		line(fmt.Sprintf("(%d interfaces, none that is known to be on the host's network: name it to see them)", len(n.Links)))
	}
}

func orAbsent(s *string) string {
	if s == nil {
		return views.Absent
	}
	return *s
}

func mtuText(l *runtime.NetLink) string {
	if l.MTU == 0 {
		return views.Absent
	}
	return strconv.Itoa(l.MTU)
}

func (r *netReport) addPorts(o *netObject, ref runtime.Ref, name string, ports *runtime.PortList) {
	if ports == nil {
		return
	}
	if o.PID != nil && *o.PID != ports.InitPID {
		r.d.fail(&runtime.Error{Op: "ports", Ref: ref, Err: errors.New("it was started again meanwhile")})
		return
	}
	if ports.More {
		r.d.warn("%s: the first %d of many sockets are shown", name, len(ports.Ports))
	}
	if ports.Unnamed != "" {
		r.d.warn("%s: %s", name, ports.Unnamed)
	}
	o.Listening = []netPortObject{}
	for i := range ports.Ports {
		p := &ports.Ports[i]
		po := netPortObject{Proto: p.Listens.Proto, Address: p.Listens.Addr.Addr().String(), Port: int(p.Listens.Addr.Port())}
		row := []string{name, p.Listens.Proto + " " + p.Listens.Addr.String(), views.Absent, views.Absent, views.Absent}
		if p.Process.PID > 0 {
			po.PID, po.Program, po.Command = &p.Process.PID, &p.Process.Name, given(p.Process.Command)
			row[2], row[3], row[4] = strconv.Itoa(p.Process.PID), views.InsidePID(&p.Process), p.Process.Title()
		}
		o.Listening = append(o.Listening, po)
		r.ports.add(row)
	}
}

func configuredWords(c *runtime.Container) string {
	if c.Config == nil {
		return "its configuration was not read"
	}
	return "asks for " + c.Config.NetWords()
}

// configured takes over what a configuration asks for.
func (o *netObject) configured(c *runtime.Container) {
	if c.Config == nil {
		return
	}
	o.ConfiguredNet, o.ConfiguredOf, o.MoreConfigured = given(c.Config.WishedNet().String()), given(c.Config.NetOf), c.Config.MoreNets
	o.Configured = []netConfigObject{}
	for _, w := range c.Config.Nets {
		o.Configured = append(o.Configured, netConfigObject{w.Type, given(w.Link), given(w.Name), given(w.MAC), w.IPs})
	}
}

// netObject is the JSON of a container's network. Names are added to, never changed.
type netObject struct {
	Path       string            `json:"path"`
	Name       string            `json:"name"`
	State      string            `json:"state"`
	PID        *int              `json:"pid"`
	Network    *string           `json:"network"` // "own", "shared", "host"
	SharesWith []string          `json:"shares_with"`
	Links      []netLinkObject   `json:"interfaces"`
	More       bool              `json:"more_interfaces"`
	Listening  []netPortObject   `json:"listening"`
	Configured []netConfigObject `json:"configured"`
	// What the configuration asks for in all: as Network, and whose it is.
	ConfiguredNet  *string             `json:"configured_network"`
	ConfiguredOf   *string             `json:"configured_network_of"`
	MoreConfigured bool                `json:"more_configured"`
	Conflicts      []netConflictObject `json:"conflicts"`
	Problem        *string             `json:"problem"`
}

type netLinkObject struct {
	Name   string        `json:"name"`
	Index  *int          `json:"index"`
	Kind   *string       `json:"kind"`
	State  *string       `json:"state"`
	MAC    *string       `json:"mac"`
	MTU    *int          `json:"mtu"`
	Addrs  []string      `json:"addresses"`
	More   bool          `json:"more_addresses"`
	Rx     runtime.Value `json:"rx_bytes"`
	Tx     runtime.Value `json:"tx_bytes"`
	Host   *string       `json:"host_interface"`
	Bridge *string       `json:"bridge"`
	VLAN   *int          `json:"vlan"`
}

type netPortObject struct {
	Proto   string  `json:"protocol"`
	Address string  `json:"address"`
	Port    int     `json:"port"`
	PID     *int    `json:"pid"`
	Program *string `json:"program"`
	Command *string `json:"command"`
}

type netConfigObject struct {
	Type string   `json:"type"`
	Link *string  `json:"link"`
	Name *string  `json:"name"`
	MAC  *string  `json:"mac"`
	IPs  []string `json:"addresses"`
}

type netConflictObject struct {
	Address string           `json:"address"`
	On      string           `json:"on"`
	VLAN    *int             `json:"vlan"`
	Who     []netClaimObject `json:"who"`
}

type netClaimObject struct {
	Path *string `json:"path"` // null = this host
	Name *string `json:"name"`
	Link string  `json:"interface"`
}

func linkObject(l *runtime.NetLink, at *runtime.NetPlace) netLinkObject {
	o := netLinkObject{Name: l.Name, Kind: given(l.Kind), MAC: given(l.MAC.String()), More: l.More, Rx: l.Rx, Tx: l.Tx, Index: orNull(l.Index), MTU: orNull(l.MTU), VLAN: orNull(at.Domain.VLAN)}
	if l.State != runtime.LinkUnknown {
		o.State = given(l.State.String())
	}
	if !l.Unread || len(l.Addrs) > 0 {
		o.Addrs = []string{}
		for _, p := range l.Addrs {
			o.Addrs = append(o.Addrs, runtime.AddrText(p))
		}
	}
	if at.Host != nil {
		o.Host = &at.Host.Name
	}
	if at.Bridge != nil {
		o.Bridge = &at.Bridge.Name
	}
	return o
}

// orNull is a number in JSON; nil = there is none.
func orNull(n int) *int {
	if n <= 0 {
		return nil
	}
	return &n
}

func conflictObject(c *runtime.NetConflict) netConflictObject {
	o := netConflictObject{Address: c.Address(), On: c.On, VLAN: orNull(c.Domain.VLAN)}
	for i := range c.Who {
		w := netClaimObject{Link: c.Who[i].Link}
		if ref := c.Who[i].Ref; ref != (runtime.Ref{}) {
			w.Path, w.Name = &ref.Path, &ref.Name
		}
		o.Who = append(o.Who, w)
	}
	return o
}
