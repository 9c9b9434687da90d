package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lxcdeck/runtime"
)

// createFlags are those of create. Where lxc-create has the same it has its name.
type createFlags struct {
	args         runtime.CreateArgs
	fssize       string
	network      string
	memory       string
	idmaps       []string
	unprivileged bool
	auto         autoFlags
}

func (d *deck) createCommand() *cobra.Command {
	f := &createFlags{}
	cmd := &cobra.Command{
		Use:   "create NAME -t TEMPLATE [flags] [-- TEMPLATE-ARGS]",
		Short: "Make a container",
		Long: "Make a container with a template of LXC's. What the template writes comes on\n" +
			"standard output as it is written. What stands behind -- are the template's own\n" +
			"arguments; \"lxc-create -t TEMPLATE --help\" tells them:\n\n" +
			"  lxcdeck create web -t download -- -d alpine -r 3.20 -a amd64\n\n" +
			"When it fails or is cancelled (ctrl+c) nothing is left behind.\n\n" +
			"Like: lxc-create -P PATH -n NAME -t TEMPLATE; network, limits, autostart and id\n" +
			"map are lines of the config there.",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error { return d.create(cmd, f, args) }),
	}
	d.nameFlag(cmd)
	d.timeoutFlag(cmd, "give up, and take back what was made, after this `TIME` (default: never)")
	a, p := &f.args, cmd.Flags()
	p.StringVarP(&a.Template, "template", "t", "", "make it with `TEMPLATE`: a name such as busybox, or the path of a script")
	p.StringVarP(&a.Config, "config-file", "f", "", "begin its config with `FILE` instead of LXC's default.conf (lxc-create: --config)")
	p.StringVarP(&a.Backing.Type, "bdev", "B", "", "put its root on this `STORE`: dir, btrfs, zfs, lvm, loop, rbd, best")
	p.StringVar(&a.Backing.Dir, "dir", "", "dir: put the root under `DIR`")
	p.StringVar(&a.Backing.LV, "lvname", "", "lvm: the volume's `NAME` (default: the container's)")
	p.StringVar(&a.Backing.VG, "vgname", "", "lvm: the volume group's `NAME`")
	p.StringVar(&a.Backing.ThinPool, "thinpool", "", "lvm: the thin pool's `NAME`")
	p.StringVar(&a.Backing.RBDName, "rbdname", "", "rbd: the device's `NAME` (default: the container's)")
	p.StringVar(&a.Backing.RBDPool, "rbdpool", "", "rbd: the `POOL`")
	p.StringVar(&a.Backing.ZFSRoot, "zfsroot", "", "zfs: the parent `DATASET`")
	p.StringVar(&a.Backing.FSType, "fstype", "", "lvm, loop, rbd: make this `TYPE` of file system")
	p.StringVar(&f.fssize, "fssize", "", "lvm, loop, rbd: its `SIZE`, as 500M or 2G; without a unit MiB")
	p.StringVar(&f.network, "network", "", "`BRIDGE` of the host, or none (default: what the config file says)")
	p.StringVar(&f.memory, "memory", "", "limit its memory to `SIZE`, as 512M or 2G")
	p.Float64Var(&a.Limits.CPUs, "cpus", 0, "limit it to `N` cores, as 0.5")
	p.Uint64Var(&a.Limits.PIDs, "pids", 0, "limit it to `N` processes")
	p.StringArrayVar(&f.idmaps, "idmap", nil, "a `LINE` of lxc.idmap, as \"u 0 100000 65536\" or \"b 0 100000 65536\" for uids and gids; may be repeated")
	p.BoolVar(&f.unprivileged, "unprivileged", false, "map its ids to those that subuid(5) and subgid(5) give you")
	p.BoolVar(&f.auto.on, "autostart", false, "start it with the host")
	f.auto.add(cmd)
	p.BoolVar(&a.Start, "start", false, "start it at once")
	p.BoolVarP(&d.flags.quiet, "quiet", "q", false, "show what the template writes only if it fails")
	return cmd
}

func (d *deck) create(cmd *cobra.Command, f *createFlags, args []string) error {
	names := args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		names, f.args.Args = args[:dash], args[dash:]
	}
	name, err := d.oneName(cmd, names)
	if err != nil {
		return err
	}
	if f.args.Template == "" {
		return usage(cmd, "create needs -t TEMPLATE, such as -t download or -t busybox")
	}
	if err := f.fill(cmd); err != nil {
		return err
	}
	if err := d.open(cmd); err != nil {
		return err
	}
	ref, err := d.newRef(cmd, name, "")
	if err != nil {
		return err
	}
	q := runtime.Request{Op: runtime.Create, Ref: ref, Args: &f.args}
	if err := q.Check(); err != nil {
		return err
	}
	ctx, stop := d.working(cmd)
	defer stop()
	if f.unprivileged {
		if err := d.mapIDs(ctx, &q, &f.args); err != nil {
			return err
		}
	}
	if err := d.do(ctx, q); err != nil {
		d.failed(ctx, &q, err)
		return nil
	}
	d.warnOfBridge(ctx, &q)
	return nil
}

// fill puts into the arguments what the flags say in words.
func (f *createFlags) fill(cmd *cobra.Command) (err error) {
	a := &f.args
	if a.Backing.Size, err = parseSize(f.fssize, 1<<20); err != nil {
		return usage(cmd, "--fssize: %w", err)
	}
	if a.Limits.Memory, err = parseSize(f.memory, 1); err != nil {
		return usage(cmd, "--memory: %w", err)
	}
	switch {
	case cmd.Flags().Changed("network") && f.network == "":
		return usage(cmd, "--network is empty: it is the name of a bridge, or none")
	case f.network == "none":
		a.Network.Kind = runtime.NoNetwork
	case f.network != "":
		a.Network = runtime.Network{Kind: runtime.BridgeNetwork, Bridge: f.network}
	}
	if f.unprivileged && len(f.idmaps) > 0 {
		return usage(cmd, "--unprivileged and --idmap both say how ids are mapped: give one of them")
	}
	for _, line := range f.idmaps {
		maps, err := parseIDMap(line)
		if err != nil {
			return usage(cmd, "--idmap: %w", err)
		}
		a.IDMap = append(a.IDMap, maps...)
	}
	for _, path := range []*string{&a.Config, &a.Backing.Dir} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	}
	if strings.Contains(a.Template, "/") {
		if a.Template, err = filepath.Abs(a.Template); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	}
	if auto := f.auto; auto.given(cmd) {
		a.Auto = &runtime.AutostartArgs{}
		return auto.fill(cmd, a.Auto)
	}
	return nil
}

// mapIDs takes the ids that the user may use.
func (d *deck) mapIDs(ctx context.Context, q *runtime.Request, a *runtime.CreateArgs) error {
	ctx, cancel := d.asked(ctx)
	defer cancel()
	c, err := d.rt.Choices(ctx)
	if err != nil {
		return err
	}
	if len(c.IDMaps) == 0 {
		e := &runtime.Error{Op: q.Op.String(), Ref: q.Ref, Err: fmt.Errorf("%w: no unprivileged containers: %s", runtime.ErrUnsupported, c.IDMapsWhy)}
		if strings.HasPrefix(c.IDMapsWhy, "/etc/sub") { // else it is not ids that are wanting
			e.Hint = "--idmap says which ids to map to; usermod --add-subuids and --add-subgids give a user some, as root."
		}
		return e
	}
	a.IDMap = c.IDMaps
	return nil
}

// warnOfBridge says that a new container cannot start as it is: the default
// config names a bridge that is not there. What cannot be asked is left to the
// first start.
func (d *deck) warnOfBridge(ctx context.Context, q *runtime.Request) {
	a, ok := q.Args.(*runtime.CreateArgs)
	if !ok || a.Network.Kind != runtime.DefaultNetwork || a.Config != "" || a.Start {
		return
	}
	ctx, cancel := d.asked(ctx)
	defer cancel()
	c, err := d.rt.Choices(ctx)
	if err != nil || !c.Default.Missing {
		return
	}
	d.warn("%s is on the bridge %s, as the default config says, and that is not there: it will not start before it is.", q.Ref.Name, c.Default.Link)
	if f := c.Default.Fix; f != nil {
		d.warn("%s: %s", f.Title, strings.Join(f.Command, " "))
	}
}

// oneName is the one container a verb was given.
func (d *deck) oneName(cmd *cobra.Command, args []string) (string, error) {
	switch names := d.given(args); len(names) {
	case 0:
		return "", usage(cmd, "%s needs the NAME of a container", cmd.Name())
	case 1:
		return names[0], nil
	default:
		return "", usage(cmd, "%s takes one container, not %d", cmd.Name(), len(names))
	}
}

// newRef is where a container of that name is made: in path, or if that is
// empty in the first lxcpath. A name with a slash is a whole PATH/NAME.
func (d *deck) newRef(cmd *cobra.Command, name, path string) (runtime.Ref, error) {
	ref := runtime.Ref{Path: path, Name: name}
	switch paths := d.rt.About().Paths; {
	case filepath.IsAbs(name) && path == "":
		ref = runtime.Ref{Path: filepath.Dir(filepath.Clean(name)), Name: filepath.Base(name)}
	case path != "":
	case len(d.flags.paths) > 1:
		return ref, usage(cmd, "in which lxcpath is %s to be made? Give one -P, or PATH/NAME", name)
	case len(paths) == 0:
		return ref, errors.New("there is no lxcpath")
	default:
		ref.Path = paths[0]
	}
	if err := ref.Check(); err != nil {
		return ref, fmt.Errorf("%s: %w", d.doing, err)
	}
	return ref, nil
}

// parseSize reads a number of bytes with a unit, as lxc-create takes it
// (bBkKmMgGtT); without one it counts in unit. "" is 0.
func parseSize(s string, unit uint64) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	number, factor := s, unit
	units := map[byte]uint64{'b': 1, 'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30, 't': 1 << 40}
	if f, ok := units[s[len(s)-1]|0x20]; ok {
		number, factor = s[:len(s)-1], f
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*float64(factor) >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is no size: a number above 0 with one of the units k, M, G, T", s)
	}
	return uint64(n * float64(factor)), nil
}

// parseIDMap reads the value of lxc.idmap, with blanks or colons. b stands for
// both uids and gids, as lxc-usernsexec(1) takes it.
func parseIDMap(line string) ([]runtime.IDMap, error) {
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ':' || r == '\t' })
	bad := fmt.Errorf("%q: as in \"u 0 100000 65536\": u, g or b, the first id inside, the first on the host, how many", line)
	if len(words) != 4 {
		return nil, bad
	}
	var n [3]uint64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseUint(words[i+1], 10, 32); err != nil {
			return nil, bad
		}
	}
	m := runtime.IDMap{Inner: n[0], Host: n[1], Count: n[2]}
	groups := m
	groups.Group = true
	switch words[0] {
	case "u":
		return []runtime.IDMap{m}, nil
	case "g":
		return []runtime.IDMap{groups}, nil
	case "b":
		return []runtime.IDMap{m, groups}, nil
	default:
		return nil, bad
	}
}
