// Package alert tells when a figure of a container is above a threshold, and when
// it is well below again, and runs a command for it.
package alert

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"lxcdeck/runtime"
)

// Kind is a figure that has a threshold. All are percent.
type Kind uint8

// The kinds.
const (
	Memory    Kind = iota // working set, of the memory limit
	Throttled             // of the enforcement periods between two readings
	PSICPU                // of the last 10 s some task waited for CPU (some avg10)
	PSIMemory             // for memory
	PSIIO                 // for I/O
	Pids                  // of the limit of tasks
	Disk                  // of the file system of the first lxcpath, as df(1) counts: used of used and available
)

// Kinds gives all kinds, in order.
func Kinds() []Kind { return []Kind{Memory, Throttled, PSICPU, PSIMemory, PSIIO, Pids, Disk} }

// String is the kind's name in settings.
func (k Kind) String() string {
	names := [...]string{"memory", "throttled", "psi_cpu", "psi_memory", "psi_io", "pids", "disk"}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

// Parse finds a kind by its name.
func Parse(name string) (Kind, bool) {
	i := slices.IndexFunc(Kinds(), func(k Kind) bool { return k.String() == name })
	return Kind(max(0, i)), i >= 0
}

// Rules are the thresholds in percent; 0 or missing = no alert.
type Rules map[Kind]float64

// Full says whether a rule needs readings of the Full tier.
func (r Rules) Full() bool {
	return r[Throttled] > 0 || r[PSICPU] > 0 || r[PSIMemory] > 0 || r[PSIIO] > 0
}

const (
	// readings is how many in a row have to be above a threshold, or below it.
	readings = 2
	// below is the part of its threshold that a figure has to fall under for an
	// alert to end: one that wavers about it does not flap.
	below = 0.95
	// absent is how long a figure may be missing before its alert ends, and
	// absentTicks the same in intervals: the longer counts.
	absent      = 30 * time.Second
	absentTicks = 12
)

// Alert is a figure that is above its threshold.
type Alert struct {
	Kind      Kind
	Ref       runtime.Ref // of Disk the lxcpath alone
	Value     float64     // percent, of the newest reading
	Threshold float64
	Since     time.Time
}

// String is the alert in running text.
func (a *Alert) String() string {
	v := number(a.Value)
	what := map[Kind]string{
		Memory: "memory " + v + "% of its limit", Throttled: "throttled in " + v + "% of the periods", PSICPU: "waits for cpu " + v + "% of the time",
		PSIMemory: "waits for memory " + v + "% of the time", PSIIO: "waits for I/O " + v + "% of the time",
		Pids: "pids " + v + "% of their limit", Disk: "disk " + v + "% full",
	}[a.Kind]
	return fmt.Sprintf("%s (threshold %s%%)", what, number(a.Threshold))
}

func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// Change is the begin or the end of an alert.
type Change struct {
	Alert
	Began bool
	Why   string // of an end that no reading has brought about; "" = it is below again
}

// Reading is what is known of a container.
type Reading struct {
	Ref    runtime.Ref
	Sample *runtime.Sample
	Usage  *runtime.Usage
}

type key struct {
	ref  runtime.Ref
	kind Kind
}

// state is one figure that was above its threshold lately.
type state struct {
	Alert
	active bool
	pid    int
	at     time.Time // of the last reading that counted
	known  time.Time // when the figure was there last
	over   int       // readings above in a row, or, while active, clearly below
}

// Watch follows the figures. It is for one goroutine.
type Watch struct {
	rules Rules
	all   map[key]*state
	last  time.Time // of the last Look
}

// New makes a Watch.
func New(r Rules) *Watch { return &Watch{rules: r, all: map[key]*state{}} }

// figure is a value in percent, and of when it is. none says that there is no
// limit that it could be a part of.
func figure(k Kind, r *Reading) (v float64, at time.Time, ok, none bool) {
	s := r.Sample
	share := func(n, of runtime.Value) (float64, time.Time, bool, bool) {
		a, known := n.Get()
		b, limited := of.Get()
		if !known || !limited || b == 0 {
			return 0, s.At, false, of.IsUnlimited()
		}
		return 100 * float64(a) / float64(b), s.At, true, false
	}
	some := func(p *runtime.Pressure) (float64, time.Time, bool, bool) {
		return p.Some.Avg10, s.FullAt, !p.Some.Total.Absent() && !s.FullAt.IsZero(), false
	}
	switch k {
	case Memory:
		return share(s.Memory.WorkingSet, s.Memory.Limit)
	case Pids:
		return share(s.Pids.Current, s.Pids.Max)
	case Throttled:
		if r.Usage == nil {
			return 0, s.FullAt, false, false
		}
		v, ok = r.Usage.Throttled.Get()
		return v, s.FullAt, ok, s.CPU.Quota.IsUnlimited()
	case PSICPU:
		return some(&s.PSI.CPU)
	case PSIMemory:
		return some(&s.PSI.Memory)
	case PSIIO:
		return some(&s.PSI.IO)
	default:
		return 0, time.Time{}, false, false
	}
}

// Look takes what is known of all containers that run, at now, and of the host.
// Those that are not among them do not run.
func (w *Watch) Look(all []Reading, host *runtime.HostSample, path string, interval time.Duration, now time.Time) []Change {
	var out []Change
	here := make(map[runtime.Ref]bool, len(all)+1)
	patience := max(absent, absentTicks*interval)
	if !w.last.IsZero() && now.Sub(w.last) > patience { // nobody looked, which is no word on any figure
		for _, x := range w.all {
			x.known = now
		}
	}
	w.last = now
	for i := range all {
		r := &all[i]
		here[r.Ref] = true
		if r.Sample == nil {
			continue
		}
		for _, k := range Kinds() {
			if w.rules[k] <= 0 || k == Disk {
				continue
			}
			v, at, ok, none := figure(k, r)
			out = w.take(out, key{r.Ref, k}, v, at, ok && now.Sub(at) < patience, none, r.Sample.InitPID, now)
		}
	}
	if w.rules[Disk] > 0 {
		ref := runtime.Ref{Path: path}
		here[ref] = true
		if host != nil && !host.DiskAt.IsZero() {
			v, ok := DiskUsed(host)
			out = w.take(out, key{ref, Disk}, v, host.DiskAt, ok && now.Sub(host.At) < patience, false, 0, now)
		}
	}
	return w.sweep(out, here, patience, now)
}

// DiskUsed is how full the file system is, in percent as df(1) counts: what is
// used of that and what users other than root may still have, rounded up.
func DiskUsed(h *runtime.HostSample) (percent float64, ok bool) {
	used, known := h.DiskUsed.Get()
	free, there := h.DiskFree.Get()
	if !known || !there || used+free == 0 {
		return 0, false
	}
	return math.Ceil(100 * float64(used) / float64(used+free)), true
}

// take lets one reading of a figure count.
func (w *Watch) take(out []Change, k key, v float64, at time.Time, ok, none bool, pid int, now time.Time) []Change {
	x, limit := w.all[k], w.rules[k.kind]
	if x != nil && x.pid != pid { // another life
		out = x.end(out, "it runs anew")
		delete(w.all, k)
		x = nil
	}
	switch {
	case x != nil && none:
		delete(w.all, k)
		return x.end(out, "it has no limit any more")
	case !ok:
		return out // the sweep ends it after a while
	case x == nil && v < limit:
		return out
	case x == nil:
		x = &state{Alert: Alert{Kind: k.kind, Ref: k.ref, Threshold: limit}, pid: pid}
		w.all[k] = x
	}
	x.known = now
	if at.Equal(x.at) {
		return out
	}
	x.at, x.Value = at, v
	switch {
	case !x.active && v < limit:
		delete(w.all, k)
	case !x.active:
		if x.over++; x.over >= readings {
			x.active, x.over, x.Since = true, 0, now
			return append(out, Change{Alert: x.Alert, Began: true})
		}
	case v >= limit*below:
		x.over = 0
	default:
		if x.over++; x.over >= readings {
			delete(w.all, k)
			return x.end(out, "")
		}
	}
	return out
}

func (x *state) end(out []Change, why string) []Change {
	if !x.active {
		return out
	}
	return append(out, Change{Alert: x.Alert, Why: why})
}

// sweep ends what nobody can read any more.
func (w *Watch) sweep(out []Change, here map[runtime.Ref]bool, patience time.Duration, now time.Time) []Change {
	for k, x := range w.all {
		switch {
		case !here[k.ref]:
			out = x.end(out, "it does not run")
		case now.Sub(x.known) >= patience:
			out = x.end(out, "the figure is not known any more")
		default:
			continue
		}
		delete(w.all, k)
	}
	return out
}

// Of gives the alerts of a container, in the order of kinds; nil = there is none.
func (w *Watch) Of(ref runtime.Ref) []Alert {
	var out []Alert
	if len(w.all) == 0 {
		return nil
	}
	for _, k := range Kinds() {
		if x := w.all[key{ref, k}]; x != nil && x.active {
			out = append(out, x.Alert)
		}
	}
	return out
}
