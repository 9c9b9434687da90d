package events

import (
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// Words are how figures and instants are written where an event is told.
type Words struct {
	Bytes func(uint64) string
	Cores func(float64) string
	Time  func(time.Time) string
}

// Why is what is known of the cause, and what else there is to tell.
func (e *Event) Why(w Words) string {
	var parts []string
	if e.Away {
		parts = append(parts, "while away since "+w.Time(e.Since))
	}
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	for _, c := range e.Changes {
		parts = append(parts, c.Name+" "+w.limit(&c, c.From)+" to "+w.limit(&c, c.To))
	}
	switch {
	case e.By != "" && e.Who != "":
		parts = append(parts, "by lxcdeck "+strings.ReplaceAll(e.By, "-", " ")+" ("+e.Who+")")
	case e.By != "":
		parts = append(parts, "by lxcdeck "+strings.ReplaceAll(e.By, "-", " "))
	case e.Boot:
		parts = append(parts, "the host was started anew")
	case e.Kind == Stopped && e.Kills > 0:
		parts = append(parts, "init ended, just after an OOM kill")
	case e.Kind == Stopped:
		parts = append(parts, "init ended (reason not known)")
	case e.Kind == Restarted:
		parts = append(parts, "its init is another (reason not known)")
	case e.Kind == OOMKilled:
		parts = append(parts, "the kernel killed "+victims(e)+" for want of memory")
	case e.Kind == AlertBegan, e.Kind == AlertEnded:
	default:
		parts = append(parts, "by whom is not known")
	}
	return strings.Join(parts, "; ")
}

// victims are what the kernel killed: by name where its log tells them.
func victims(e *Event) string {
	words := make([]string, 0, len(e.Killed)+1)
	for _, k := range e.Killed {
		words = append(words, k.Name+" (pid "+strconv.Itoa(k.PID)+")")
	}
	switch more := e.Kills - uint64(len(e.Killed)); {
	case more == 0:
	case len(words) > 0:
		words = append(words, strconv.FormatUint(more, 10)+" more")
	case more == 1:
		return "a process"
	default:
		return strconv.FormatUint(more, 10) + " processes"
	}
	return strings.Join(words, ", ")
}

// limit is a limit as people read it.
func (w *Words) limit(c *Change, v runtime.Value) string {
	n, ok := v.Get()
	switch {
	case !ok:
		return "none"
	case c.Bytes:
		return w.Bytes(n)
	case c.Name == "cpu":
		return w.Cores(float64(n) / 1000)
	default:
		return strconv.FormatUint(n, 10)
	}
}
