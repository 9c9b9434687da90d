package vt

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// judge is a tmux server on a socket of its own, spoken to in control mode.
// It has a pane for each size that was asked for.
type judge struct {
	t      *testing.T
	socket string
	dir    string
	in     io.Writer
	out    *bufio.Reader
	panes  map[[2]int]*pane
}

// pane is one with this test binary in it, see TestPane.
type pane struct {
	target string
	conn   net.Conn
}

// judgeLimit is how long tmux may take for anything.
const judgeLimit = 60 * time.Second

func newJudge(t *testing.T) *judge {
	t.Helper()
	for _, tool := range []string{"tmux", "stty"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT TESTED against tmux: %v (install %s)", err, tool)
		}
	}
	dir := t.TempDir()
	j := &judge{t: t, socket: filepath.Join(dir, "s"), dir: dir, panes: map[[2]int]*pane{}}
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte("set -g status off\nset -s escape-time 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("tmux", "-u", "-S", j.socket, "-f", conf, "-C", "new-session", "-s", "control", "cat")
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TMUX") && !strings.HasPrefix(kv, "LC_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C.UTF-8", "TERM=xterm-256color")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	j.in, j.out = in, bufio.NewReader(out)
	hang := time.AfterFunc(10*time.Minute, func() { _ = cmd.Process.Kill() })
	j.block() // of the command that it was started with
	t.Cleanup(func() {
		hang.Stop()
		_, _ = io.WriteString(in, "kill-server\n")
		_, _ = io.Copy(io.Discard, j.out)
		_ = cmd.Wait()
	})
	return j
}

// block reads what comes up to the end of the next command's output, and
// gives that output.
func (j *judge) block() string {
	j.t.Helper()
	var b strings.Builder
	inside := false
	for {
		line, err := j.out.ReadString('\n')
		if err != nil {
			j.t.Fatalf("tmux: %v after %q", err, b.String())
		}
		switch {
		case strings.HasPrefix(line, "%begin "):
			inside = true
		case strings.HasPrefix(line, "%end "):
			return b.String()
		case strings.HasPrefix(line, "%error "):
			j.t.Fatalf("tmux: %s", b.String())
		case inside:
			b.WriteString(line)
		}
	}
}

// run does a command in tmux's own language.
func (j *judge) run(command string) string {
	j.t.Helper()
	if _, err := io.WriteString(j.in, command+"\n"); err != nil {
		j.t.Fatal(err)
	}
	return j.block()
}

func (j *judge) pane(cols, rows int) *pane {
	j.t.Helper()
	size := [2]int{cols, rows}
	if p := j.panes[size]; p != nil {
		return p
	}
	name := fmt.Sprintf("p%dx%d", cols, rows)
	path := filepath.Join(j.dir, name)
	l, err := net.Listen("unix", path)
	if err != nil {
		j.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	j.run(fmt.Sprintf("new-session -d -s %s -x %d -y %d -e %s=%s \"stty raw -echo; exec '%s' -test.run '^TestPane$'\"", name, cols, rows, paneVariable, path, os.Args[0]))
	if err := l.(*net.UnixListener).SetDeadline(time.Now().Add(judgeLimit)); err != nil {
		j.t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		j.t.Fatal(err)
	}
	p := &pane{target: "=" + name + ":", conn: conn}
	j.panes[size] = p
	return p
}

const paneVariable = "LXCDECK_TEST_PANE"

// TestPane is no test but the program in the judge's panes: it prints what it
// is sent, asks the terminal for its status and sends back all it was told.
// Once the answer is there, tmux has taken all that came before.
func TestPane(t *testing.T) {
	path := os.Getenv(paneVariable)
	if path == "" {
		t.Skip("runs inside tmux, started by other tests")
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		os.Exit(1)
	}
	for tty := bufio.NewReader(os.Stdin); ; {
		in, err := receive(conn)
		if err != nil {
			os.Exit(0)
		}
		_, _ = os.Stdout.Write(append(in, "\x18\x1b\\\x1b[5n"...))
		var told []byte
		for !bytes.HasSuffix(told, []byte("\x1b[0n")) {
			c, err := tty.ReadByte()
			if err != nil {
				os.Exit(1)
			}
			told = append(told, c)
		}
		send(conn, told)
	}
}

func send(w io.Writer, b []byte) {
	_, _ = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...))
}

func receive(r io.Reader) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.LittleEndian.Uint32(n[:]))
	_, err := io.ReadFull(r, b)
	return b, err
}

// verdict is what tmux shows: cells of style and text, cursor, and modes.
type verdict struct {
	rows   [][]Cell
	x, y   int
	hidden bool
	flags  string
	told   string // answers to queries
}

// anew makes a used pane a new one, but for what mode 1049 has saved.
const anew = "\x18\x1b\\\x1b[?1049l\x1b[?1004;2004;1005;1006l\x1bc\x1b[m\x1b7\x1b[?1049h\x1b[?1049l"

// compare feeds in to a pane as new and to a terminal, and says how they
// differ.
func (j *judge) compare(in string, cols, rows int) []string {
	j.t.Helper()
	term := New(cols, rows, Options{})
	_, _ = term.Write([]byte(anew + in))
	return j.show(in, cols, rows).differences(term)
}

// show feeds in to a pane as new.
func (j *judge) show(in string, cols, rows int) verdict {
	j.t.Helper()
	p := j.pane(cols, rows)
	told := j.feed(p, anew+in)
	v := j.look(p, cols)
	v.told = told
	return v
}

// feed prints in a pane and waits until tmux has taken it.
func (j *judge) feed(p *pane, in string) string {
	j.t.Helper()
	_ = p.conn.SetDeadline(time.Now().Add(judgeLimit))
	send(p.conn, []byte(in))
	told, err := receive(p.conn)
	if err != nil {
		j.t.Fatalf("tmux did not answer after %q: %v", in, err)
	}
	return strings.TrimSuffix(string(told), "\x1b[0n")
}

// look takes what a pane shows.
func (j *judge) look(p *pane, cols int) verdict {
	j.t.Helper()
	var v verdict
	var c capture
	for _, line := range strings.Split(strings.TrimSuffix(j.run("capture-pane -e -N -p -t "+p.target), "\n"), "\n") {
		v.rows = append(v.rows, c.parse(line))
	}
	state := j.run("display-message -p -t " + p.target + " '#{cursor_x} #{cursor_y} #{cursor_flag} alt=#{alternate_on} ins=#{insert_flag} ckm=#{keypad_cursor_flag} kpm=#{keypad_flag} origin=#{origin_flag} wrap=#{wrap_flag} std=#{mouse_standard_flag} btn=#{mouse_button_flag} all=#{mouse_all_flag} sgr=#{mouse_sgr_flag} top=#{scroll_region_upper} bot=#{scroll_region_lower}'")
	x, rest, _ := strings.Cut(state, " ")
	y, rest, _ := strings.Cut(rest, " ")
	v.hidden = strings.HasPrefix(rest, "0")
	v.x, _ = strconv.Atoi(x)
	v.y, _ = strconv.Atoi(y)
	v.x = min(v.x, cols-1)
	_, v.flags, _ = strings.Cut(strings.TrimSpace(rest), " alt")
	return v
}
