package fake

import (
	"fmt"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// demoLogs are those of a container of the demo: what runs writes on.
func demoLogs(s *Spec, now time.Time) []LogText {
	alive := s.State.Alive()
	lxc := fmt.Sprintf("lxc-start %s %s INFO     start - ../src/lxc/start.c:lxc_init:884 - Container %q is initialized\n",
		s.Name, now.Add(-3*time.Hour).UTC().Format("20060102150405.000"), s.Name)
	if s.Name == "kiosk" {
		lxc += fmt.Sprintf("lxc-start kiosk %s ERROR    network - ../src/lxc/network.c:netdev_configure_server_veth:876 - No such file or directory - Failed to attach \"vethX\" to bridge \"lxcbr0\", bridge interface doesn't exist\n",
			now.Add(-time.Hour).UTC().Format("20060102150405.000"))
	}
	all := []LogText{{LogSource: runtime.LogSource{Kind: runtime.LogLXC, Path: "/var/log/lxc/" + s.Name + ".log"}, Text: lxc}}
	boot := "\x1b[0;1;32m  OK  \x1b[0m] Started \x1b[0;1;39mJournal Service\x1b[0m.\r\n[\x1b[0;1;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mMulti-User System\x1b[0m.\r\n"
	all = append(all, LogText{LogSource: runtime.LogSource{Kind: runtime.LogConsole, Path: "/var/log/lxc/" + s.Name + ".console"}, Text: "[" + boot + "\r\n" + s.Name + " login: "})
	journal := LogText{LogSource: runtime.LogSource{Kind: runtime.LogJournal}}
	if !alive {
		journal.Why = "it does not run: its journal is read by its own journalctl"
		return append(all, journal)
	}
	journal.Every, journal.More = 1700*time.Millisecond, demoJournal(s.Name)
	journal.Text = demoHistory(journal.More, 600, journal.Every, now)
	all = append(all, journal)
	all = append(all, LogText{
		LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/auth.log"},
		Text:      now.Add(-2*time.Hour).Format("Jan _2 15:04:05 ") + s.Name + " sshd[311]: Accepted publickey for root from 10.0.3.1 port 40122 ssh2\n",
	})
	if strings.HasPrefix(s.Name, "web") {
		access := LogText{LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/nginx/access.log"}, Every: 300 * time.Millisecond, More: demoAccess(s.Name)}
		access.Text = demoHistory(access.More, 3000, access.Every, now)
		all = append(all, access, LogText{LogSource: runtime.LogSource{Kind: runtime.LogFile, Path: "/var/log/nginx/error.log",
			Why: "it is no regular file"}})
	}
	return all
}

// demoHistory is what was written before.
func demoHistory(more func(int, time.Time) string, n int, every time.Duration, now time.Time) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(more(i, now.Add(-time.Duration(n-i)*every)))
	}
	return b.String()
}

func demoJournal(name string) func(int, time.Time) string {
	lines := [...]string{
		"systemd[1]: Starting Daily apt download activities...", "systemd[1]: apt-daily.service: Deactivated successfully.",
		"cron[212]: (root) CMD (test -x /usr/sbin/anacron)", "dhclient[98]: DHCPREQUEST for 10.0.3.21 on eth0 to 10.0.3.1 port 67",
		"app[340]: level=info msg=\"job done\" took=12ms", "app[340]: level=warning msg=\"queue is long\" waiting=184",
		"app[340]: level=error msg=\"upstream did not answer\" after=5s retry=1", "app[340]: level=debug msg=\"cache miss\" key=user:4711",
	}
	return func(n int, at time.Time) string {
		return at.Local().Format("2006-01-02T15:04:05.000000-0700 ") + name + " " + lines[n*7%len(lines)] + "\n"
	}
}

func demoAccess(name string) func(int, time.Time) string {
	paths := [...]string{"/", "/static/app.js", "/api/orders?page=2", "/favicon.ico", "/api/login", "/static/very/long/path/that/goes/on/for/a/while/and/does/not/fit/the/screen/at/all.css?v=20261127"}
	return func(n int, at time.Time) string {
		status := 200
		if n%17 == 0 {
			status = 502
		}
		return fmt.Sprintf("10.0.3.%d - - [%s] \"GET %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) %s\"\n",
			2+n%50, at.Local().Format("02/Jan/2006:15:04:05 -0700"), paths[n*5%len(paths)], status, 512+n*37%4000, name)
	}
}
