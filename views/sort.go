package views

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"lxcdeck/runtime"
)

// Compare orders rows by a column, ascending; absent figures come last in
// both directions. It returns nil for an unknown column.
func Compare(id string, desc bool) func(a, b Row) int {
	by := comparer(id)
	if by == nil {
		return nil
	}
	return func(a, b Row) int {
		c, absent := by(a, b)
		if desc && !absent {
			c = -c
		}
		if c != 0 {
			return c
		}
		switch {
		case a.C.Ref.Less(b.C.Ref):
			return -1
		case b.C.Ref.Less(a.C.Ref):
			return 1
		default:
			return 0
		}
	}
}

// SortRows puts rows in order. An unknown column sorts by name.
func SortRows(rows []Row, id string, desc bool) {
	c := Compare(id, desc)
	if c == nil {
		c = Compare(ColName, desc)
	}
	slices.SortFunc(rows, c)
}

// comparer compares two rows ascending; absent says that one figure is missing,
// and that the result holds in both directions.
func comparer(id string) func(a, b Row) (c int, absent bool) {
	switch id {
	case ColName:
		return func(a, b Row) (int, bool) { return strings.Compare(a.C.Name, b.C.Name), false }
	case ColPath:
		return func(a, b Row) (int, bool) { return strings.Compare(a.C.Path, b.C.Path), false }
	case ColState:
		return byFigure(func(r Row) float64 { return float64(stateRank(r.C.State)) })
	case ColCPU:
		return byFigure(cpuOrder)
	case ColMem:
		return byFigure(func(r Row) float64 {
			if r.Sample == nil {
				return math.NaN()
			}
			return number(r.Sample.Memory.WorkingSet)
		})
	case ColNet:
		return byFigure(func(r Row) float64 { return sum(r.Usage, netRates) })
	case ColIO:
		return byFigure(func(r Row) float64 { return sum(r.Usage, ioRates) })
	case ColPids:
		return byFigure(func(r Row) float64 {
			if r.Sample == nil {
				return math.NaN()
			}
			return number(r.Sample.Pids.Current)
		})
	case ColUp:
		return byFigure(func(r Row) float64 {
			if r.C.Started.IsZero() {
				return math.NaN()
			}
			return -float64(r.C.Started.UnixNano())
		})
	default:
		return compareConfig(id)
	}
}

// compareConfig compares by what the list or the configuration tells.
func compareConfig(id string) func(a, b Row) (int, bool) {
	switch id {
	case ColIP:
		return func(a, b Row) (int, bool) {
			if len(a.C.IPs) == 0 || len(b.C.IPs) == 0 {
				return cmp.Compare(len(b.C.IPs), len(a.C.IPs)), true
			}
			return a.C.IPs[0].Compare(b.C.IPs[0]), false
		}
	case ColAuto:
		return byFigure(func(r Row) float64 {
			if r.C.Config == nil || !r.C.Config.Autostart {
				return math.NaN()
			}
			return float64(r.C.Config.Order)
		})
	case ColGroups:
		return func(a, b Row) (int, bool) {
			x, y := groups(a.C), groups(b.C)
			if x == "" || y == "" {
				return cmp.Compare(len(y), len(x)), true
			}
			return strings.Compare(x, y), false
		}
	default:
		return nil
	}
}

func byFigure(f func(Row) float64) func(a, b Row) (int, bool) {
	return func(a, b Row) (int, bool) {
		x, y := f(a), f(b)
		switch {
		case math.IsNaN(x) && math.IsNaN(y):
			return 0, true
		case math.IsNaN(x):
			return 1, true
		case math.IsNaN(y):
			return -1, true
		default:
			return cmp.Compare(x, y), false
		}
	}
}

func cpuOrder(r Row) float64 {
	switch {
	case r.Usage == nil:
		return math.NaN()
	case !math.IsNaN(r.Order):
		return r.Order
	default:
		return r.Usage.CPU.Or(math.NaN())
	}
}

// stateRank puts what runs first and what is stopped last.
func stateRank(s runtime.State) int {
	switch s {
	case runtime.Running, runtime.Thawed:
		return 0
	case runtime.Starting:
		return 1
	case runtime.Freezing, runtime.Frozen:
		return 2
	case runtime.Stopping, runtime.Aborting:
		return 3
	case runtime.Unknown:
		return 4
	default:
		return 5
	}
}

func netRates(u *runtime.Usage) (a, b runtime.Rate) { return u.RxBytes, u.TxBytes }
func ioRates(u *runtime.Usage) (a, b runtime.Rate)  { return u.ReadBytes, u.WriteBytes }

// sum adds two rates; NaN when neither is known.
func sum(u *runtime.Usage, of func(*runtime.Usage) (a, b runtime.Rate)) float64 {
	if u == nil {
		return math.NaN()
	}
	a, b := of(u)
	x, okx := a.Get()
	y, oky := b.Get()
	if !okx && !oky {
		return math.NaN()
	}
	return x + y
}

func number(v runtime.Value) float64 {
	if n, ok := v.Get(); ok {
		return float64(n)
	}
	return math.NaN()
}
