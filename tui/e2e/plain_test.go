package e2e

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// heard is lxcdeck --plain on a terminal, as it is heard: every byte of it is kept.
type heard struct {
	t     *testing.T
	tty   interface{ Write([]byte) (int, error) }
	bytes chan []byte
	all   []byte
	next  []byte // not waited for yet
	ended chan error
}

func listen(t *testing.T, args ...string) *heard {
	t.Helper()
	cmd := exec.Command(bin, append([]string{"--plain"}, args...)...)
	cmd.Env = env(t)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	want(t, err)
	h := &heard{t: t, tty: f, bytes: make(chan []byte, 1024), ended: make(chan error, 1)}
	go func() {
		for {
			buf := make([]byte, 4096)
			n, err := f.Read(buf)
			if err != nil {
				close(h.bytes)
				h.ended <- cmd.Wait()
				return
			}
			h.bytes <- buf[:n]
		}
	}()
	t.Cleanup(func() {
		_ = f.Close()
		_ = cmd.Process.Kill()
	})
	return h
}

// waits for a text; what came with it and before it is taken.
func (h *heard) waits(text string) string {
	h.t.Helper()
	timeout := time.After(patience)
	for {
		if i := bytes.Index(h.next, []byte(text)); i >= 0 {
			said := string(h.next[:i+len(text)])
			h.next = h.next[i+len(text):]
			if strings.HasSuffix(text, "enter is no: ") || strings.HasSuffix(text, "does nothing: ") {
				time.Sleep(400 * time.Millisecond) // as long as it takes no answer
			}
			return said
		}
		select {
		case b, ok := <-h.bytes:
			if !ok {
				h.t.Fatalf("it ended before %q:\n%s", text, h.all)
			}
			h.all, h.next = append(h.all, b...), append(h.next, b...)
		case <-timeout:
			h.t.Fatalf("%q does not come:\n%s", text, h.all)
		}
	}
}

func (h *heard) types(text string) {
	h.t.Helper()
	_, err := h.tty.Write([]byte(text))
	want(h.t, err)
}

// answers types a line and waits for a text.
func (h *heard) answers(line, text string) string {
	h.t.Helper()
	h.types(line + "\n")
	return h.waits(text)
}

const (
	ready  = "help, or quit: "
	inForm = "quit leaves: "
)

// A whole session on real containers: no escape byte is ever written, and what was asked
// for is done.
func TestPlainSession(t *testing.T) {
	s := host(t, "lxcdt-web")
	h := listen(t, "-P", s.Path, "--page-lines", "0")
	if said := h.waits(ready); !strings.Contains(said, "2 containers, 1 running") {
		t.Errorf("the beginning: %q", said)
	}
	if said := h.answers("list", ready); !strings.Contains(said, "1: lxcdt-web, running") || !strings.Contains(said, "2: lxcdt-z-off, stopped") {
		t.Errorf("list: %q", said)
	}
	if said := h.answers("detail 1", ready); !strings.Contains(said, "state: running") || !strings.Contains(said, "memory: ") {
		t.Errorf("detail: %q", said)
	}
	for _, line := range []string{"ps 1", "network 1", "isolation 1", "space 1", "config 1", "files 1 /etc", "limits 1", "logs 1", "events", "doctor", "help", "settings"} {
		h.answers(line, ready)
	}
	h.answers("create", inForm)
	h.answers("lxcdt-new", inForm) // the template
	h.answers("busybox", inForm)   // its arguments
	h.answers("", inForm)          // the network
	h.answers("none", inForm)
	h.types("\n\n\n\n\n\n\n") // what else may be set; some of it is not asked everywhere
	said := h.waits("yes or no, enter is no: ")
	if !strings.Contains(said, "lxcdeck create lxcdt-new --template=busybox --network=none") {
		t.Errorf("the form: %q", said)
	}
	if said := h.answers("yes", ready); !strings.Contains(said, "create lxcdt-new: done") {
		t.Fatalf("create: %q", said)
	}
	if said := h.answers("shell lxcdt-web", "# "); !strings.Contains(said, "ctrl+] and then d leaves it") {
		t.Errorf("the way out of the shell is not told: %q", said)
	}
	h.types("printf '\\033[31mred\\033[0m\\a '; echo term=$TERM\r")
	h.waits("red term=dumb")
	h.types("exit 0\r")
	h.waits(ready)
	if said := h.answers("exec lxcdt-web -- printf '\\033[1mloud'", ready); !strings.Contains(said, "loud") {
		t.Errorf("exec: %q", said)
	}
	h.answers("kill lxcdt-web", "Kill lxcdt-web? yes or no, enter is no: ")
	if said := h.answers("yes", ready); !strings.Contains(said, "kill lxcdt-web: done") {
		t.Errorf("kill: %q", said)
	}
	h.answers("destroy lxcdt-new", "Type its name to confirm; enter alone does nothing: ")
	if said := h.answers("lxcdt-web", ready); !strings.Contains(said, "Nothing was done") {
		t.Errorf("another name destroys it: %q", said)
	}
	h.answers("destroy lxcdt-new", "Type its name to confirm; enter alone does nothing: ")
	if said := h.answers("lxcdt-new", ready); !strings.Contains(said, "destroy lxcdt-new: done") {
		t.Errorf("destroy: %q", said)
	}
	if said := h.answers("list", ready); strings.Contains(said, "lxcdt-new") || !strings.Contains(said, "lxcdt-web, stopped") {
		t.Errorf("the end: %q", said)
	}
	h.end()
}

// end quits, and looks at all that was written.
func (h *heard) end() {
	h.t.Helper()
	h.types("quit\n")
	timeout := time.After(patience)
	for open := true; open; {
		select {
		case b, ok := <-h.bytes:
			open = ok
			h.all = append(h.all, b...)
		case <-timeout:
			h.t.Fatalf("it does not end:\n%s", h.all)
		}
	}
	if err := <-h.ended; err != nil {
		h.t.Errorf("it ends with %v", err)
	}
	for _, bad := range []string{"\x1b", "\a", "\u009b"} {
		if i := bytes.Index(h.all, []byte(bad)); i >= 0 {
			h.t.Errorf("%q was written: %q", bad, h.all[max(0, i-60):min(len(h.all), i+20)])
		}
	}
}

// The same without root: the demo, with ctrl+c at a question and in what runs.
func TestPlainDemo(t *testing.T) {
	h := listen(t, "--demo", "--page-lines", "0")
	h.waits(ready)
	h.answers("list", ready)
	h.answers("stop web-1", "enter is no: ")
	h.types("\x03")
	h.waits("Nothing was done.")
	h.waits(ready)
	h.answers("top web-1", "of a core")
	h.types("\x03")
	h.waits(ready)
	h.answers("shell web-1", "# ")
	h.types("exit\r")
	h.waits(ready)
	if said := h.answers("list web-1", ready); !strings.Contains(said, "web-1, running") {
		t.Errorf("web-1 was stopped: %q", said)
	}
	h.end()
}
