package fake

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// demoFiles is the root of a container of the demo.
func demoFiles(name string, now time.Time) []TreeFile {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	all := append(defaultFiles(name),
		TreeFile{Path: "/etc/passwd", Text: strings.Repeat("x", 912), Changed: ago(200 * day)},
		TreeFile{Path: "/etc/shadow", Text: strings.Repeat("x", 601), Mode: 0o640, GID: 42, Changed: ago(200 * day)},
		TreeFile{Path: "/etc/os-release", Text: "NAME=\"Debian GNU/Linux\"\n", Changed: ago(400 * day)},
		TreeFile{Path: "/etc/resolv.conf", Target: "../run/resolvconf/resolv.conf", Changed: ago(3 * day)},
		TreeFile{Path: "/root/.bashrc", Text: strings.Repeat("x", 571), Changed: ago(500 * day)},
		TreeFile{Path: "/root/.ssh", Mode: fs.ModeDir | 0o700, Changed: ago(90 * day)},
		TreeFile{Path: "/root/notes.txt", Text: "restart the queue after an upgrade\n", Changed: ago(26 * time.Hour)},
		TreeFile{Path: "/usr/bin/su", Text: strings.Repeat("x", 71912), Mode: fs.ModeSetuid | 0o755, Changed: ago(300 * day)},
		TreeFile{Path: "/var/log/syslog", Text: strings.Repeat("x", 1<<20), Mode: 0o640, GID: 4, Changed: ago(2 * time.Second)},
		TreeFile{Path: "/var/log/auth.log", Text: strings.Repeat("x", 88<<10), Mode: 0o640, GID: 4, Changed: ago(7 * time.Minute)},
		TreeFile{Path: "/run/initctl", Mode: fs.ModeNamedPipe | 0o600, Changed: ago(9 * day)},
		TreeFile{Path: "/run/systemd/notify", Mode: fs.ModeSocket | 0o777, Changed: ago(9 * day)},
		TreeFile{Path: "/dev/null", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666, Changed: ago(9 * day)},
		TreeFile{Path: "/sys", Mode: fs.ModeDir | 0o555, Mount: true, Changed: ago(9 * day)},
		TreeFile{Path: "/srv/empty", Mode: fs.ModeDir | 0o755, Changed: ago(60 * day)},
	)
	if !strings.HasPrefix(name, "web") {
		return all
	}
	all = append(all,
		TreeFile{Path: "/etc/nginx/nginx.conf", Text: strings.Repeat("x", 1447), Changed: ago(40 * day)},
		TreeFile{Path: "/etc/nginx/sites-enabled/default", Target: "../sites-available/default", Changed: ago(40 * day)},
		TreeFile{Path: "/etc/nginx/sites-available/default", Text: strings.Repeat("x", 2412), Changed: ago(3 * time.Hour)},
		TreeFile{Path: "/var/www/html/index.html", Text: strings.Repeat("x", 10701), UID: 33, GID: 33, Changed: ago(5 * day)},
		TreeFile{Path: "/var/www/html/static/app.js", Text: strings.Repeat("x", 412<<10), UID: 33, GID: 33, Changed: ago(5 * day)},
		TreeFile{Path: "/var/www/html/static/app.css", Text: strings.Repeat("x", 31<<10), UID: 33, GID: 33, Changed: ago(5 * day)},
		TreeFile{Path: "/var/www/html/uploads/年度報告書.pdf", Text: strings.Repeat("x", 90<<10), UID: 33, GID: 33, Changed: ago(30 * time.Hour)},
		// What a visitor chose as a name.
		TreeFile{Path: "/var/www/html/uploads/cat\x1b[2J\x1b[31m.jpg", Text: strings.Repeat("x", 70<<10), UID: 33, GID: 33, Changed: ago(29 * time.Hour)},
	)
	for i := range 60 {
		all = append(all, TreeFile{
			Path: fmt.Sprintf("/var/www/html/uploads/photo-%04d.jpg", 1200+i), Text: strings.Repeat("x", (i*7919)%200000),
			UID: 33, GID: 33, Changed: ago(time.Duration(60-i) * 11 * time.Hour),
		})
	}
	return all
}

// demoHost is what the host of the demo has. The first folder is where one begins.
func demoHost(now time.Time) []TreeFile {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	const home = "/home/dev/"
	all := []TreeFile{
		{Path: home + "deploy/app.js", Text: strings.Repeat("x", 415<<10), UID: 1000, GID: 1000, Changed: ago(20 * time.Minute)},
		{Path: home + "deploy/app.css", Text: strings.Repeat("x", 32<<10), UID: 1000, GID: 1000, Changed: ago(20 * time.Minute)},
		{Path: home + "deploy/index.html", Text: strings.Repeat("x", 10888), UID: 1000, GID: 1000, Changed: ago(21 * time.Minute)},
		{Path: home + "deploy/deploy.sh", Text: strings.Repeat("x", 733), Mode: 0o755, UID: 1000, GID: 1000, Changed: ago(80 * day)},
		{Path: home + "deploy/static/logo.svg", Text: strings.Repeat("x", 5120), UID: 1000, GID: 1000, Changed: ago(80 * day)},
		{Path: home + "deploy/latest", Target: "static", UID: 1000, GID: 1000, Changed: ago(80 * day)},
		{Path: home + ".profile", Text: strings.Repeat("x", 807), UID: 1000, GID: 1000, Changed: ago(700 * day)},
		{Path: home + "backup.tar.zst", Text: strings.Repeat("x", 3<<20), UID: 1000, GID: 1000, Changed: ago(9 * day)},
		{Path: "/srv/backup", Mode: fs.ModeDir | 0o755, Changed: ago(2 * day)},
		{Path: "/root", Mode: fs.ModeDir, Changed: ago(2 * day)}, // which nobody may read here
		{Path: "/etc/hosts", Text: "127.0.0.1 localhost\n", Changed: ago(700 * day)},
		{Path: "/proc", Mode: fs.ModeDir | 0o555, Mount: true},
		{Path: "/tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777, Changed: ago(time.Minute)},
	}
	return all
}
