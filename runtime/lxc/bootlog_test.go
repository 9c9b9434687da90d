package lxc

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// say prints on the console of a container, from within.
func say(t *testing.T, a *Adapter, ref runtime.Ref, script string) {
	t.Helper()
	exit, err := a.Exec(t.Context(), runtime.Shell{Ref: ref, Command: []string{"sh", "-c", "{ " + script + "; } > /dev/console"}}, runtime.Stdio{})
	if err != nil || exit.Code != 0 {
		t.Fatalf("%s: %+v, %v", script, exit, err)
	}
}

// bootLogWith waits until the boot log holds mark.
func bootLogWith(t *testing.T, a *Adapter, ref runtime.Ref, mark string) []byte {
	t.Helper()
	var text []byte
	within(t, mark+" in the boot log", func() bool {
		var err error
		text, err = a.BootLog(t.Context(), ref)
		must(t, err)
		return bytes.Contains(text, []byte(mark))
	})
	return text
}

func TestBootLogOfTheRingBuffer(t *testing.T) {
	a, s, ref := running(t, "lxcdt-bl-ring", "lxc.console.buffer.size = 4MB")
	say(t, a, ref, "echo first-mark")
	bootLogWith(t, a, ref, "first-mark")
	// liblxc has given that away; it is remembered.
	say(t, a, ref, "echo second-mark")
	if text := bootLogWith(t, a, ref, "second-mark"); bytes.Count(text, []byte("first-mark")) != 1 {
		t.Errorf("the boot log is %q", text)
	}
	say(t, a, ref, "seq 1 300000; echo last-mark")
	text := bootLogWith(t, a, ref, "last-mark")
	if len(text) != runtime.MaxBootLog || !bytes.HasSuffix(text, []byte("300000\r\nlast-mark\r\n")) {
		t.Errorf("%d bytes that end with %q", len(text), text[max(0, len(text)-30):])
	}
	must(t, s.Stop(ref.Name))
	_, err := a.BootLog(t.Context(), ref)
	if !errors.Is(err, runtime.ErrNoBootLog) || !strings.Contains(err.Error(), "while the container runs") {
		t.Errorf("stopped: %v, want ErrNoBootLog", err)
	}
	must(t, s.Start(ref.Name))
	if text, err := a.BootLog(t.Context(), ref); err != nil || bytes.Contains(text, []byte("mark")) {
		t.Errorf("%d bytes of the life before are in the new one's log, %v", len(text), err)
	}
}

func TestBootLogOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "console.log")
	a, s, ref := running(t, "lxcdt-bl-file", "lxc.console.logfile = "+file)
	say(t, a, ref, "echo file-mark")
	bootLogWith(t, a, ref, "file-mark")
	must(t, s.Stop(ref.Name))
	within(t, "it is stopped", func() bool {
		text, err := a.BootLog(t.Context(), ref)
		return err == nil && bytes.Contains(text, []byte("file-mark"))
	})
	must(t, os.WriteFile(file, append(bytes.Repeat([]byte("x"), 2*runtime.MaxBootLog), "end"...), 0o600))
	if text, err := a.BootLog(t.Context(), ref); err != nil || len(text) != runtime.MaxBootLog || !bytes.HasSuffix(text, []byte("xend")) {
		t.Errorf("a long file: %d bytes, %v", len(text), err)
	}
	// What may stand in its place, and what comes of it.
	for _, tt := range []struct {
		name string
		put  func() error
		want error
	}{
		{"nothing", func() error { return nil }, runtime.ErrNoBootLog},
		{"a FIFO", func() error { return unix.Mkfifo(file, 0o600) }, runtime.ErrInvalid},
		{"a device", func() error { return unix.Mknod(file, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) }, runtime.ErrInvalid},
		{"a directory", func() error { return os.Mkdir(file, 0o700) }, runtime.ErrInvalid},
		{"a link", func() error { return os.Symlink("/etc/passwd", file) }, runtime.ErrInvalid},
	} {
		must(t, os.RemoveAll(file))
		must(t, tt.put())
		if text, err := a.BootLog(t.Context(), ref); !errors.Is(err, tt.want) || len(text) > 0 {
			t.Errorf("%s: %q, %v; want %v", tt.name, text, err, tt.want)
		}
	}
}

func TestBootLogOfNone(t *testing.T) {
	a, _, ref := running(t, "lxcdt-bl-none")
	_, err := a.BootLog(t.Context(), ref)
	var e *runtime.Error
	if !errors.Is(err, runtime.ErrNoBootLog) || !errors.As(err, &e) || e.Op != "boot log" || e.Ref != ref || !strings.Contains(e.Hint, "lxc.console.buffer.size") {
		t.Errorf("%v (%+v), want ErrNoBootLog and what to do", err, e)
	}
}
