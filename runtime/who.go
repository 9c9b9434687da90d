package runtime

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseOwnerQuery reads what people ask for: "4711" may be a pid or a port,
// ":80", "80/tcp" and "tcp/80" are ports, "pid 4711" and "port 80" say it.
func ParseOwnerQuery(text string) (OwnerQuery, error) {
	word := strings.ToLower(strings.TrimSpace(text))
	pid, port := true, true
	for _, form := range []struct {
		before, after string
		pid           bool
	}{{before: ":"}, {before: "port"}, {before: "tcp/"}, {before: "udp/"}, {after: "/tcp"}, {after: "/udp"}, {before: "pid", pid: true}} {
		rest, is := strings.CutPrefix(word, form.before)
		if form.after != "" {
			rest, is = strings.CutSuffix(word, form.after)
		}
		if is {
			word, pid, port = strings.Trim(rest, " :="), form.pid, !form.pid
			break
		}
	}
	n, err := strconv.ParseInt(word, 10, 32)
	if err != nil || n <= 0 {
		return OwnerQuery{}, fmt.Errorf("%w: %q is neither a pid nor a port, such as 4711 or :80", ErrInvalid, text)
	}
	q := OwnerQuery{}
	if pid {
		q.PID = int(n)
	}
	if port && (n <= 65535 || !pid) {
		q.Port = int(n)
	}
	return q, q.Check()
}

// String is the question in words.
func (q OwnerQuery) String() string {
	switch {
	case q.PID == 0:
		return "port " + strconv.Itoa(q.Port)
	case q.Port == 0:
		return "pid " + strconv.Itoa(q.PID)
	default:
		return "pid or port " + strconv.Itoa(q.PID)
	}
}
