package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/views"
)

// plain prints a reading: a line for the host where no container was named, and for each
// container a line for each fact that is known.
func (t *tracker) plain() error {
	var b strings.Builder
	if len(t.names) == 0 {
		b.WriteString(hostWords(t.batch.Host, &t.host))
	}
	for i := range t.rows {
		r := &t.rows[i]
		for _, f := range slices.Concat(fields(), rates()) {
			if name, text := factWords(f.name, f.value(r)); text != "" {
				b.WriteString(views.Clean(name+": "+text) + "\n")
			}
		}
		if r.cause != nil {
			b.WriteString(views.Clean("no figures: "+why(r.cause)) + "\n")
		}
		if i < len(t.rows)-1 {
			b.WriteByte('\n')
		}
	}
	return t.d.print([]byte(b.String()))
}

// hostWords are the host's figures in a line.
func hostWords(h *runtime.HostSample, u *runtime.HostUsage) string {
	parts := []string{"host: " + several(h.CPUs, "processor")}
	percent := func(what string, r runtime.Rate) {
		if _, ok := r.Get(); ok {
			parts = append(parts, what+" "+views.RatePercent(r)+" percent")
		}
	}
	percent("cpu in use", u.CPU)
	if free, ok := h.MemFree.Get(); ok {
		parts = append(parts, fmt.Sprintf("memory available %s of %s", sizeWords(views.Bytes(free)), sizeWords(views.ValueBytes(h.MemTotal))))
	}
	if free, ok := h.DiskFree.Get(); ok {
		parts = append(parts, fmt.Sprintf("disk free %s of %s", sizeWords(views.Bytes(free)), sizeWords(views.ValueBytes(h.DiskTotal))))
	}
	percent("tasks waited for cpu", u.CPUSome)
	percent("tasks waited for memory", u.MemSome)
	percent("tasks waited for i/o", u.IOSome)
	if h.LoadRead {
		parts = append(parts, fmt.Sprintf("load %.2f", h.Load[0]))
	}
	return strings.Join(parts, ", ") + "\n\n"
}

// factWords are a field of the JSON in words; no text = it is absent. The unit, which
// stands in the field's name, goes behind the value.
func factWords(name string, value any) (label, text string) {
	text = csvCell(value)
	if v, ok := value.(runtime.Value); ok && v.IsUnlimited() {
		text = "unlimited"
	}
	if text == "" {
		return "", ""
	}
	label = name
	take := func(end string) bool {
		rest, ok := strings.CutSuffix(label, end)
		if ok {
			label = rest
		}
		return ok
	}
	n, err := strconv.ParseFloat(text, 64)
	number := err == nil && text != "unlimited"
	switch {
	case take("_bytes_per_second") && number:
		text = sizeWords(views.Bytes(uint64(n+0.5))) + " per second"
	case take("_per_second") && number:
		text = views.Percent(n) + " per second"
	case take("_bytes") && number:
		text = sizeWords(views.Bytes(uint64(n)))
	case take("_percent") && number:
		text = views.Percent(n) + " percent"
	case take("_seconds") && number && n < 1:
		text = strconv.FormatFloat(n, 'f', -1, 64) + " seconds"
	case name == "cpu_seconds" || name == "uptime_seconds" || name == "cpu_throttled_seconds":
		text = lasting(time.Duration(n * float64(time.Second)))
	case text == "true":
		text = "yes"
	case text == "false":
		text = "no"
	case name == "state":
		text = strings.ToLower(text)
	}
	words := strings.NewReplacer("_", " ", "rx", "received", "tx", "sent", "ips", "addresses", "uid", "user id")
	known := map[string]string{"cpu": "cpu time", "pids": "processes", "pids_max": "processes allowed", "pid": "pid of its init", "biting": "limits it runs into", "path": "lxcpath"}
	if name == "cpu_percent" {
		return "cpu", text + " of a core"
	}
	if l, ok := known[label]; ok {
		return l, text
	}
	return words.Replace(label), text
}
