package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lxcdeck/views"
)

// Plain text is for who hears it, or reads it by fingertip: a line for each thing, words
// and no columns, and no sign that is there to be looked at.

// text lays a table out as the verb was asked for: in columns, or in words.
func (d *deck) text(t *table) []byte {
	if d.flags.plain {
		return t.plain()
	}
	return t.text()
}

// plain has a line for each row, of its cells with their names. What is absent is left
// out.
func (t *table) plain() []byte {
	var b strings.Builder
	for _, row := range t.rows {
		var parts []string
		for i, cell := range row {
			head := t.head[i]
			if cell == "" || cell == views.Absent || head == "LIMIT" && i > 0 && t.head[i-1] == "MEMORY" {
				continue
			}
			text := aloud(head, cell, slices.Contains(t.right, i))
			if head == "MEMORY" && i+1 < len(row) && t.head[i+1] == "LIMIT" && row[i+1] != views.Absent {
				text += " of " + aloud("LIMIT", row[i+1], true)
			}
			parts = append(parts, label(head)+": "+text)
		}
		b.WriteString(strings.Join(parts, ", ") + "\n")
	}
	return []byte(b.String())
}

// label is the name of a column as it is read out.
func label(head string) string {
	names := map[string]string{
		"NET RX": "received", "NET TX": "sent", "RX": "received", "TX": "sent", "IO READ": "read", "IO WRITE": "written", "PIDS": "processes",
		"UPTIME": "up for", "AUTO": "autostart", "IP": "address", "ADDRESSES": "addresses", "THR": "threads", "S": "state", "N": "number of snapshots",
		"SNAPS": "snapshots", "TIME": "cpu time", "MTU": "mtu", "HOST": "on the host", "INSIDE": "inside", "USER": "user", "STORE": "backing store",
	}
	if name, ok := names[head]; ok {
		return name
	}
	return strings.ToLower(head)
}

// aloud is a cell as it is read out; number says that it stands in a column of figures.
func aloud(head, cell string, number bool) string {
	switch head {
	case "STATE":
		return strings.ToLower(cell)
	case "S":
		if _, words, ok := strings.Cut(views.ProcessState(cell[0]), ", "); ok {
			return words
		}
		return cell
	case "CPU TIME", "TIME":
		return clock(cell)
	case "IP", "ADDRESSES", "GROUPS":
		return strings.ReplaceAll(cell, ",", " and ")
	case "UPTIME", "AGE":
		return span(cell)
	case "PIDS", "THR", "FILES", "N":
		return thousand(cell)
	}
	if number {
		return sizeWords(cell)
	}
	return cell
}

// sizeWords is an amount of bytes of views.Bytes in words, and all else as it is: ">12M"
// is "at least 12 MB".
func sizeWords(s string) string {
	more, rest := "", s
	if after, ok := strings.CutPrefix(s, ">"); ok {
		more, rest = "at least ", after
	}
	n := len(rest) - 1
	if n < 1 {
		return s
	}
	if _, err := strconv.ParseFloat(rest[:n], 64); err != nil {
		return s
	}
	unit, ok := map[byte]string{'B': "bytes", 'k': "kB", 'M': "MB", 'G': "GB", 'T': "TB", 'P': "PB", 'E': "EB"}[rest[n]]
	if !ok {
		return s
	}
	return more + rest[:n] + " " + unit
}

// thousand is a number of views.Count in words.
func thousand(s string) string {
	if n, ok := strings.CutSuffix(s, "k"); ok {
		return n + " thousand"
	}
	return s
}

// clock is h:mm:ss, or m:ss, in words; what is none stays.
func clock(s string) string {
	parts := strings.Split(s, ":")
	total := 0
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || len(parts) < 2 {
			return s
		}
		total = total*60 + n
	}
	return lasting(time.Duration(total) * time.Second)
}

// span is an age of views.Age in words.
func span(s string) string {
	hours, minutes, ok := strings.Cut(s, "h")
	if ok {
		h, err := strconv.Atoi(hours)
		m, merr := strconv.Atoi(minutes)
		if err != nil || merr != nil {
			return s
		}
		return lasting(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
	}
	if s == "" {
		return s
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	unit, known := map[byte]string{'s': "second", 'm': "minute", 'd': "day", 'y': "year"}[s[len(s)-1]]
	if err != nil || !known {
		return s
	}
	return several(n, unit)
}

// lasting is a duration in words, of its two largest units.
func lasting(d time.Duration) string {
	const day = 24 * time.Hour
	type unit struct {
		name string
		of   time.Duration
	}
	units := []unit{{"day", day}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	var parts []string
	for i, u := range units {
		n := int(d / u.of)
		if n == 0 && (len(parts) > 0 || i < len(units)-1) {
			if len(parts) > 0 {
				break
			}
			continue
		}
		d -= time.Duration(n) * u.of
		if parts = append(parts, several(n, u.name)); len(parts) == 2 {
			break
		}
	}
	return strings.Join(parts, " ")
}

// several is "1 day", "3 days".
func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
