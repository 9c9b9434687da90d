package runtime

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseOwnerQuery reads what people ask for: "4711" may be a pid or a port,
// ":80" and "port 80" are a port, "80/tcp" and "tcp/80" one of that protocol,
// "pid 4711" is a pid.
func ParseOwnerQuery(text string) (OwnerQuery, error) {
	word := strings.ToLower(strings.TrimSpace(text))
	pid, port, proto := true, true, ""
	for _, form := range []struct {
		before, after, proto string
		pid                  bool
	}{
		{before: ":"}, {before: "port"}, {before: "pid", pid: true},
		{before: "tcp/", proto: "tcp"}, {before: "udp/", proto: "udp"}, {after: "/tcp", proto: "tcp"}, {after: "/udp", proto: "udp"},
	} {
		rest, is := strings.CutPrefix(word, form.before)
		if form.after != "" {
			rest, is = strings.CutSuffix(word, form.after)
		}
		if is {
			word, pid, port, proto = strings.Trim(rest, " :="), form.pid, !form.pid, form.proto
			break
		}
	}
	n, err := strconv.ParseUint(word, 10, 31)
	if err != nil || n == 0 {
		return OwnerQuery{}, fmt.Errorf("%w: %q is neither a pid nor a port, such as 4711 or :80", ErrInvalid, text)
	}
	q := OwnerQuery{Proto: proto}
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
		return strings.TrimSpace(q.Proto+" port ") + " " + strconv.Itoa(q.Port)
	case q.Port == 0:
		return "pid " + strconv.Itoa(q.PID)
	default:
		return "pid or port " + strconv.Itoa(q.PID)
	}
}
