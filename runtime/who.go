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
	word, proto := strings.ToLower(strings.TrimSpace(text)), ""
	for _, p := range []string{"tcp", "udp"} {
		rest, is := strings.CutPrefix(word, p+"/")
		if !is {
			rest, is = strings.CutSuffix(word, "/"+p)
		}
		if is {
			word, proto = rest, p
			break
		}
	}
	pid, port := proto == "", true
	for _, before := range []string{":", "port", "pid"} {
		rest, is := strings.CutPrefix(word, before)
		if !is || before == "pid" && proto != "" {
			continue
		}
		word, pid, port = strings.Trim(rest, " :="), before == "pid", before != "pid"
		break
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
