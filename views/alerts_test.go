package views

import (
	"strings"
	"testing"
	"time"
)

func TestAlertsInRowAndDetail(t *testing.T) {
	rows := someRows()
	rows[0].Alerts = []Alert{{Text: "memory 94% of its limit (threshold 90%)", Since: now.Add(-12 * time.Second)}}
	th := theme(t, "", ThemeOptions{Colors: 16})
	s := listState(rows)
	s.Cursor = 1
	out := th.List(s, 80, 10)
	var row, other string
	for _, r := range out {
		switch {
		case strings.Contains(r, rows[0].C.Name):
			row = r
		case strings.Contains(r, rows[1].C.Name):
			other = r
		}
	}
	// Colour alone does not carry it.
	if !strings.Contains(row, th.open[Bad]+rows[0].C.Name+" !") || strings.Contains(other, rows[1].C.Name+" !") {
		t.Errorf("rows %q and %q", row, other)
	}
	detail := strings.Join(th.Detail(&DetailState{Row: &rows[0], Now: now}, 80, 20), "\n")
	if !strings.Contains(detail, "memory 94% of its limit (threshold 90%), since "+EventTime(now, now)[:2]) && !strings.Contains(detail, "since 11:59 (12s)") {
		t.Errorf("detail:\n%s", detail)
	}
	rule := strings.Join(th.Rule(&RuleState{Row: &rows[0], Now: now, At: 1, Of: 2}, 80, 1), "")
	if !strings.Contains(rule, "1 alert") {
		t.Errorf("rule %q", rule)
	}
	if host := strings.Join(th.Host(&HostState{Sample: hostState().Sample, DiskFull: true}, 120, 2), ""); !strings.Contains(host, "% !") {
		t.Errorf("host %q", host)
	}
}

func TestAlertsAreExact(t *testing.T) {
	bad := "日本語\x1b[31m\n" + strings.Repeat("long words ", 30)
	for i, th := range themes(t)[:2] {
		rows := nastyRows()
		for k := range rows {
			rows[k].Alerts = []Alert{{bad, now}, {"memory 94%", now.Add(-time.Hour * 90)}}
		}
		ls := listState(rows)
		ls.Cursor = i
		for _, size := range sizes() {
			w, h := size[0], size[1]
			exact(t, "list", th.List(ls, w, h), w, h)
			exact(t, "detail", th.Detail(detailState(&rows[i]), w, h), w, h)
			exact(t, "rule", th.Rule(&RuleState{Row: &rows[i], Now: now, At: 1, Of: 2}, w, h), w, h)
			host := nastyHost()
			host.DiskFull = true
			exact(t, "host", th.Host(host, w, h), w, h)
		}
	}
}
