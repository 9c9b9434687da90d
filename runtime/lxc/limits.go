package lxc

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// limitsTime is how long a look at limits may take where the caller's context has
// no deadline.
const limitsTime = 10 * time.Second

// Limits asks a helper what limits a container: liblxc knows in which of its cgroups
// they are, and asks its monitor for that.
func (a *Adapter) Limits(ctx context.Context, ref runtime.Ref) (runtime.LimitReport, error) {
	var rep runtime.LimitReport
	if err := ref.Check(); err != nil {
		return rep, fail("limits", ref, err)
	}
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limitsTime)
		defer cancel()
	}
	as, err := a.helperUser(ref)
	if err != nil {
		return rep, fail("limits", ref, err)
	}
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	if c := a.look(ctx, ref, in.inspect(ref).err); !c.NoAnswerSince.IsZero() {
		return rep, fail("limits", ref, &silence{c.NoAnswerSince})
	}
	r, err := a.callHelper(ctx, helperRequest{Kind: kindLimits, Ref: ref}, as, nil)
	if err != nil {
		return rep, fail("limits", ref, err)
	}
	if err := replied("limits", ref, &r); err != nil {
		return rep, fail("limits", ref, err)
	}
	if err := json.Unmarshal(r.Text, &rep); err != nil {
		return rep, fail("limits", ref, fmt.Errorf("%w: %w", runtime.ErrHelper, err))
	}
	rep.Devices = disks(sysBlock)
	return rep, nil
}

// sysBlock is where the kernel lists block devices (sysfs-block).
const sysBlock = "/sys/block"

// disks are whole disks: io.max takes no partition (blkcg_conf_open_bdev). What has no
// size and what is in memory is none that anybody limits.
func disks(dir string) []runtime.LimitDevice {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var all []runtime.LimitDevice
	for _, n := range names {
		if strings.HasPrefix(n.Name(), "ram") || strings.HasPrefix(n.Name(), "zram") {
			continue
		}
		number, err := os.ReadFile(filepath.Join(dir, n.Name(), "dev"))
		size, serr := os.ReadFile(filepath.Join(dir, n.Name(), "size"))
		if err != nil || serr != nil || strings.TrimSpace(string(size)) == "0" {
			continue
		}
		all = append(all, runtime.LimitDevice{Number: strings.TrimSpace(string(number)), Name: strings.ReplaceAll(n.Name(), "!", "/")})
	}
	slices.SortFunc(all, func(a, b runtime.LimitDevice) int { return strings.Compare(a.Name, b.Name) })
	return all
}
