package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/metrics"
)

func (d *deck) metricsCommand() *cobra.Command {
	var listen string
	var anyway bool
	cmd := &cobra.Command{
		Use:   "metrics --listen [IP]:PORT|unix:PATH",
		Short: "Give the figures to Prometheus",
		Long: "Answer GET /metrics with the figures of all containers and of the host in the\n" +
			"text format of Prometheus, until told to end. Counters are totals since the start\n" +
			"of the container; what the kernel does not give has no series.\n\n" +
			"A unix socket is open to its owner, and as root to the group too. A TCP address\n" +
			"must be a loopback one, as :PORT is, which every user of this host can reach; any other needs\n" +
			"--listen-anyway: there is no password and no encryption.",
		RunE: d.verb(func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return usage(cmd, "metrics takes no %q: it gives the figures of all containers", args[0])
			case len(d.flags.names) > 0:
				return usage(cmd, "metrics takes no -n: it gives the figures of all containers")
			case listen == "":
				return usage(cmd, "metrics needs an address, such as --listen 127.0.0.1:9464 or --listen unix:/run/lxcdeck-metrics.sock")
			}
			at, err := metrics.ParseAddress(listen)
			if err != nil {
				return usage(cmd, "--listen: %w", err)
			}
			if !at.Local() && !anyway {
				return &exitError{exitRefused, fmt.Errorf("--listen %s: other hosts could reach that, without password and encryption; --listen-anyway allows it", at)}
			}
			return d.metrics(cmd, at)
		}),
	}
	d.timeoutFlag(cmd, "end after this `TIME` (default: never)")
	cmd.Flags().StringVar(&listen, "listen", "", "the `ADDRESS`: IP:PORT, :PORT on loopback, or unix:PATH")
	cmd.Flags().BoolVar(&anyway, "listen-anyway", false, "also on an address that other hosts can reach")
	return cmd
}

// metrics serves until it is told to end.
func (d *deck) metrics(cmd *cobra.Command, at metrics.Address) error {
	if err := d.open(cmd); err != nil {
		return err
	}
	ctx, stop := d.limited(cmd)
	defer stop()
	l, err := metrics.Listen(ctx, at)
	if err != nil {
		return d.notListening(at, err)
	}
	defer func() { _ = l.Close() }()              // Serve has done it, if it came to that
	version, _, _ := strings.Cut(d.Version, " (") // liblxc's has a label of its own
	e := metrics.New(metrics.Options{
		Host: d.rt, Version: version, LXC: d.rt.About().Version, Now: d.Now,
		Notice: func(err error) {
			if ctx.Err() == nil { // at the end the Runtime is closed under what is under way
				d.warn("%v", err)
			}
		},
	})
	if err := e.Follow(ctx); err != nil {
		d.warn("%v; listing at every scrape", err)
	}
	if !at.Local() {
		d.warn("other hosts can reach this address: there is no password and no encryption")
	}
	d.warn("metrics at %s", where(at, l))
	// What is wrong is said now, and the first scrape waits for no first list.
	spawn(func() { _, _ = e.Gather() }, func(err error) { d.warn("%v", err) })
	err = metrics.Serve(ctx, l, metrics.Handler(e, !at.Local()), func(words string) { d.warn("%s", strings.TrimSpace(words)) })
	if errors.Is(err, context.Canceled) || ctx.Err() != nil && err == nil {
		return nil // told to end: that is how it ends
	}
	if err != nil {
		return fmt.Errorf("serve metrics at %s: %w", at, err)
	}
	return nil
}

// where is what to scrape. Of port 0 the kernel has made one.
func where(at metrics.Address, l net.Listener) string {
	if at.Unix != "" {
		return at.String()
	}
	return "http://" + l.Addr().String() + "/metrics"
}

// notListening says what to do where it cannot listen.
func (d *deck) notListening(at metrics.Address, err error) error {
	var hint string
	switch {
	case errors.Is(err, unix.EADDRINUSE) && at.Unix == "":
		hint = "Another program has that port (ss -ltnp names it): end it, or choose another port."
	case errors.Is(err, unix.EADDRINUSE):
		hint = "Another lxcdeck serves there already: end it, or choose another path."
	case errors.Is(err, unix.EAFNOSUPPORT):
		hint = "The kernel of this host has no IPv6: name an address of IPv4, such as 127.0.0.1, or only the port."
	case errors.Is(err, unix.EADDRNOTAVAIL):
		hint = "No interface of this host has that address (ip address lists them)."
	case errors.Is(err, unix.EACCES) && at.Unix == "":
		hint = "Ports below 1024 are for root: choose another port."
	case errors.Is(err, unix.EACCES):
		hint = "Choose a directory in which you may make files, such as $XDG_RUNTIME_DIR."
	case errors.Is(err, unix.ENOENT):
		hint = "Make its directory first."
	default:
		return err
	}
	return &runtime.Error{Op: "metrics", Err: err, Hint: hint}
}
