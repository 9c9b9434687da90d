package fake

import (
	"fmt"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// demoLines is how many lines a log of the demo has, one every demoPace.
const (
	demoLines = 400
	demoPace  = 83 * time.Second
)

// demoLogs are the logs of a container of the demo, up to a moment.
func demoLogs(c *runtime.Container, now time.Time) []LogText {
	lxc := fmt.Sprintf("lxc-start %s %s INFO     start - ../src/lxc/start.c:lxc_init:881 - Container %q is initialized\n",
		c.Name, now.Add(-demoLines*demoPace).UTC().Format("20060102150405.000"), c.Name)
	logs := []LogText{{LogSource: runtime.LogSource{Kind: runtime.LogLXC, Path: "/var/lib/lxc/" + c.Name + "/" + c.Name + ".log"}, Text: lxc}}
	if c.State == runtime.Stopped {
		return append(logs, LogText{LogSource: runtime.LogSource{Kind: runtime.LogJournal, Why: "journalctl runs inside: it is read while the container runs"}})
	}
	return append(logs,
		LogText{LogSource: runtime.LogSource{Kind: runtime.LogJournal}, Text: demoLog(now, journalLine)},
		LogText{LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/app/access.log"}, Text: demoLog(now, accessLine)},
		LogText{LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/syslog"}, Text: demoLog(now, syslogLine)},
	)
}

// demoLog is a log of lines, the last one written just now.
func demoLog(now time.Time, line func(i int, at time.Time) string) string {
	var b strings.Builder
	for i := range demoLines {
		b.WriteString(line(i, now.Add(-time.Duration(demoLines-1-i)*demoPace)) + "\n")
	}
	return b.String()
}

func journalLine(i int, at time.Time) string {
	stamp := at.Format("2006-01-02T15:04:05.000000-0700") + " localhost "
	switch {
	case i%97 == 0:
		return stamp + "app[412]: error: upstream did not answer within 5s"
	case i%23 == 0:
		return stamp + "app[412]: warning: queue holds " + fmt.Sprint(i%211) + " jobs"
	case i%5 == 0:
		return stamp + "CRON[" + fmt.Sprint(2000+i) + "]: (root) CMD (run-parts /etc/cron.hourly)"
	}
	return stamp + "app[412]: request " + fmt.Sprint(48000+i) + " done in " + fmt.Sprint(3+i%40) + " ms"
}

func accessLine(i int, at time.Time) string {
	status, page := 200, []string{"/", "/cart", "/api/items", "/static/app.css"}[i%4]
	switch {
	case i%131 == 0:
		status = 502
	case i%29 == 0:
		status, page = 404, "/favicon.ico"
	}
	return fmt.Sprintf("10.0.3.%d - - [%s] \"GET %s HTTP/1.1\" %d %d", 2+i%50, at.Format("02/Jan/2006:15:04:05 -0700"), page, status, 180+i*37%9000)
}

func syslogLine(i int, at time.Time) string {
	if i%61 == 0 {
		return at.Format(time.Stamp) + " localhost kernel: WARNING: TCP: request_sock_TCP: possible SYN flooding on port 80"
	}
	return at.Format(time.Stamp) + " localhost systemd[1]: Started session " + fmt.Sprint(i) + " of user deploy."
}
