package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"lxcdeck/runtime"
)

// row is one container with its figures.
type row struct {
	c     runtime.Container
	s     *runtime.Sample // nil = none
	u     *runtime.Usage  // nil = no rates
	deep  *deep           // nil = not looked for
	now   time.Time
	cause error // why there is no sample; nil = there is, or the container is not alive
}

// field is one name of the JSON and the CSV. A nil value is absent.
type field struct {
	name  string
	value func(*row) any
}

// fields are what ls --json gives of a container, in order. Names are a
// promise: they are added to, never changed.
func fields() []field {
	return []field{
		{"path", func(r *row) any { return r.c.Path }},
		{"name", func(r *row) any { return r.c.Name }},
		{"state", func(r *row) any { return r.c.State.String() }},
		{"pid", func(r *row) any { return positive(r.c.InitPID) }},
		{"cpu_seconds", func(r *row) any { return seconds(r.sample().CPU.Usage) }},
		{"memory_usage_bytes", func(r *row) any { return r.sample().Memory.Usage }},
		{"memory_bytes", func(r *row) any { return r.sample().Memory.WorkingSet }},
		{"memory_limit_bytes", func(r *row) any { return r.sample().Memory.Limit }},
		{"swap_bytes", func(r *row) any { return r.sample().Memory.Swap }},
		{"io_read_bytes", func(r *row) any { return r.sample().IO.ReadBytes }},
		{"io_write_bytes", func(r *row) any { return r.sample().IO.WriteBytes }},
		{"net_rx_bytes", func(r *row) any { return r.sample().Net.RxBytes }},
		{"net_tx_bytes", func(r *row) any { return r.sample().Net.TxBytes }},
		{"pids", func(r *row) any { return r.sample().Pids.Current }},
		{"pids_max", func(r *row) any { return r.sample().Pids.Max }},
		{"ips", func(r *row) any { return r.ips() }},
		{"uptime_seconds", func(r *row) any { return r.uptime() }},
		{"autostart", func(r *row) any { return ofConfig(r, func(c *runtime.Config) any { return c.Autostart }) }},
		{"groups", func(r *row) any { return ofConfig(r, func(c *runtime.Config) any { return list(c.Groups) }) }},
		{"unprivileged", func(r *row) any { return ofConfig(r, func(c *runtime.Config) any { return c.Unprivileged }) }},
		{"oom_kills", func(r *row) any { return r.sample().Memory.OOMKills }},
		{"foreign_uid", func(r *row) any {
			if r.c.Foreign == nil {
				return nil
			}
			return *r.c.Foreign
		}},
		{"manager", func(r *row) any { return text(r.c.Manager) }},
		{"problem", func(r *row) any { return r.problem() }},
		{"lock", func(r *row) any {
			if r.c.Lock == nil {
				return nil
			}
			return &lockObject{r.c.Lock.By, r.c.Lock.Why, stamp(r.c.Lock.Since), r.c.Lock}
		}},
	}
}

// rates are what top adds to fields.
func rates() []field {
	rate := func(get func(*runtime.Usage) runtime.Rate) func(*row) any {
		return func(r *row) any {
			if r.u == nil {
				return nil
			}
			return number(get(r.u))
		}
	}
	return []field{
		{"cpu_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.CPU })},
		{"cpu_user_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.User })},
		{"cpu_system_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.System })},
		{"cpu_limit_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.OfLimit })},
		{"cpu_throttled_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.Throttled })},
		{"io_read_bytes_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.ReadBytes })},
		{"io_write_bytes_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.WriteBytes })},
		{"net_rx_bytes_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.RxBytes })},
		{"net_tx_bytes_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.TxBytes })},
		{"cpu_pressure_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.CPUSome })},
		{"memory_pressure_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.MemSome })},
		{"io_pressure_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.IOSome })},
		{"net_rates_partial", func(r *row) any { // of the interfaces alone that were there at both times
			if _, ok := rxRate(r.u); !ok {
				return nil
			}
			return r.u.NetPart
		}},
		{"cpu_host_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.OfHost })},
		{"cpu_limit_cores", func(r *row) any { return number(r.sample().CPU.QuotaCores()) }},
		{"cpu_throttled_seconds", func(r *row) any { return seconds(r.sample().CPU.ThrottledTime) }},
		{"memory_anon_bytes", func(r *row) any { return r.sample().Memory.Anon }},
		{"memory_file_bytes", func(r *row) any { return r.sample().Memory.File }},
		{"memory_kernel_bytes", func(r *row) any { return r.sample().Memory.Kernel }},
		{"memory_high_bytes", func(r *row) any { return r.sample().Memory.High }},
		{"swap_limit_bytes", func(r *row) any { return r.sample().Memory.SwapLimit }},
		{"io_read_ops_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.ReadOps })},
		{"io_write_ops_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.WriteOps })},
		{"net_rx_packets_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.RxPkts })},
		{"net_tx_packets_per_second", rate(func(u *runtime.Usage) runtime.Rate { return u.TxPkts })},
		{"memory_pressure_full_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.MemFull })},
		{"io_pressure_full_percent", rate(func(u *runtime.Usage) runtime.Rate { return u.IOFull })},
		{"biting", func(r *row) any { return r.biting() }},
	}
}

// rxRate is what is received a second, where it is known.
func rxRate(u *runtime.Usage) (rate float64, ok bool) {
	if u == nil {
		return 0, false
	}
	return u.RxBytes.Get()
}

// sample is the row's sample; an empty one, all absent, stands for none.
func (r *row) sample() *runtime.Sample {
	if r.s == nil {
		return &runtime.Sample{}
	}
	return r.s
}

func (r *row) ips() any {
	if !r.c.IPsRead {
		return nil
	}
	all := make([]string, 0, len(r.c.IPs))
	for _, a := range r.c.IPs {
		all = append(all, a.String())
	}
	return all
}

func (r *row) uptime() any {
	if r.c.Started.IsZero() {
		return nil
	}
	return int64(max(r.now.Sub(r.c.Started), 0) / time.Second)
}

// lockObject is the JSON of a lock.
type lockObject struct {
	By    string  `json:"by"`
	Why   string  `json:"why"`
	Since *string `json:"since"`
	lock  *runtime.LockInfo
}

// String is for CSV.
func (o *lockObject) String() string { return o.lock.String() }

func (r *row) problem() any {
	switch {
	case r.c.Problem != nil:
		return why(r.c.Problem)
	case r.cause != nil:
		return why(r.cause)
	default:
		return nil
	}
}

// why is a failure without operation and container, which its row names.
func why(err error) string {
	var e *runtime.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}

func ofConfig(r *row, get func(*runtime.Config) any) any {
	if r.c.Config == nil {
		return nil
	}
	return get(r.c.Config)
}

func list(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func positive(n int) any {
	if n <= 0 {
		return nil
	}
	return n
}

// seconds turns nanoseconds into seconds of microsecond grain.
func seconds(v runtime.Value) any {
	n, ok := v.Get()
	if !ok {
		return nil
	}
	return math.Round(float64(n)/1e3) / 1e6
}

// number is a rate with three decimals: more is noise.
func number(r runtime.Rate) any {
	v, ok := r.Get()
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return math.Round(v*1e3) / 1e3
}

// appendObject writes a row as a JSON object.
func appendObject(b []byte, fs []field, r *row) ([]byte, error) {
	b = append(b, '{')
	for i, f := range fs {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, f.name) // plain ASCII words: the same as JSON's quoting
		b = append(b, ':')
		v, err := json.Marshal(f.value(r))
		if err != nil {
			return b, fmt.Errorf("json %s: %w", f.name, err)
		}
		b = appendPrintable(b, v)
	}
	return append(b, '}'), nil
}

// appendPrintable writes JSON so that a terminal can show it: encoding/json
// leaves DEL, C1 and bidirectional controls as they are, and in valid JSON
// they stand in strings only, where \u means the same.
func appendPrintable(b, v []byte) []byte {
	for _, r := range string(v) {
		switch {
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, hi, lo)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}
