package vt

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRecordings compares what real programs printed with tmux, at several
// points of each.
func TestRecordings(t *testing.T) {
	const cuts = 24
	files, err := filepath.Glob(filepath.Join(recordings, "*"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	j := newJudge(t)
	for _, name := range files {
		if filepath.Ext(name) == ".md" {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pane := j.pane(recordCols, recordRows)
		j.feed(pane, anew)
		term := New(recordCols, recordRows, Options{})
		feed(term, []byte(anew))
		for k := range cuts {
			from, to := len(data)*k/cuts, atGround(data, len(data)*(k+1)/cuts)
			from = atGround(data, from)
			j.feed(pane, string(data[from:to]))
			feed(term, data[from:to])
			if err := check(term); err != nil {
				t.Fatalf("%s at %d: %v", name, to, err)
			}
			v := j.look(pane, recordCols)
			v.british(term)
			d := v.differences(term)
			for _, d := range d {
				t.Errorf("%s, the first %d bytes: %s", filepath.Base(name), to, d)
			}
			if d != nil {
				break
			}
		}
	}
}

// atGround is the next place from at on that is between two sequences: there the
// judge may ask for the terminal's status.
func atGround(data []byte, at int) int {
	term := New(recordCols, recordRows, Options{})
	feed(term, data[:at])
	for at < len(data) && (term.parser.state != 0 || term.parser.un != 0) {
		_, _ = term.Write(data[at : at+1])
		at++
	}
	return at
}

// british makes the pound signs in v that tmux, which knows no British set,
// shows as number signs (see cases).
func (v *verdict) british(t *Terminal) {
	for y, row := range v.rows {
		for x := range row {
			if row[x].Text == "#" && t.Cell(x, y).Text == "£" {
				row[x].Text = "£"
			}
		}
	}
}
