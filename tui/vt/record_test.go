package vt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

const (
	recordings     = "testdata/recordings"
	recordVariable = "LXCDECK_TEST_RECORD"
	recordCols     = 80
	recordRows     = 24
)

// recordScript prepares a place without any trace of the machine: hostname,
// processes and directories of its own.
const recordScript = `
set -e
hostname web-1
mount -t tmpfs none /srv
mkdir -p /srv/home /srv/demo/docs /srv/demo/src /srv/demo/empty
cd /srv/demo
seq -f 'line %g of the notes, with some words behind it' 1 120 >notes.txt
printf 'caf\303\251 \346\274\242\345\255\227 na\303\257ve\n\ttab\tand tab\n' >docs/words.txt
cat >src/main.c <<'EOF'
#include <stdio.h>

/* a comment */
int main(void)
{
	for (int i = 0; i < 10; i++)
		printf("%d\t%s\n", i, "text"); /* another */
	return 0;
}
EOF
printf '\033[31mred\033[m and \033[1;44mbold on blue\033[m\n\033[38;5;208morange\033[m \033[4munderlined\033[m\n' >colours.txt
cp notes.txt long.txt
touch -d 2026-01-02 notes.txt long.txt colours.txt docs/* src/*
chmod +x src/main.c
unset LC_CTYPE
exec env -i TERM=xterm-256color LC_ALL=C.UTF-8 HOME=/srv/home PATH=/usr/sbin:/usr/bin:/sbin:/bin PS1='\u@\h:\w\$ ' SHELL=/bin/sh "$@"
`

const (
	keyUp, keyDown, keyRight, keyLeft = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
	keyPgDn, keyPgUp                  = "\x1b[6~", "\x1b[5~"
)

// recorded is what is typed, part by part; each once the program is quiet.
func recorded() map[string]struct {
	args []string
	keys []string
} {
	type session = struct {
		args []string
		keys []string
	}
	enter := func(n int) []string { return strings.Split(strings.Repeat("\r,", n)+"\r", ",") }
	all := map[string]session{
		"vim": {[]string{"vim", "-u", "NONE", "-N", "notes.txt"}, []string{
			":syntax on\r", ":set number ruler showcmd\r", "jjll", "ddp", "o" + strings.Repeat("long text ", 12) + "\x1b", ":split src/main.c\r", ":set list\r",
			"ggVjj", "\x1b", "/printf\r", "\x17j", "50%zz", ":vsplit docs/words.txt\r", "Go漢字漢字\x1b0x", ":set hlsearch\r", "/line 1\r", "\x04\x04", ":help\r", ":only\r", ":qa!\r",
		}},
		"less": {[]string{"less", "-R", "notes.txt", "colours.txt", "docs/words.txt"}, []string{
			" ", " ", "b", "/words\r", "n", "G", "g", "jjj", "k", "-N\r", "50%", keyRight, keyLeft, ":n\r", ":n\r", "h", "q", "q",
		}},
		"htop": {[]string{"htop", "-d", "5"}, []string{keyDown, keyDown, "t", "t", "\x1b[15~", "u", "\x1b", "S", "\x1b", "?", " ", "\x1bOR", "ht", "\x1b", "q"}},
		"mc": {[]string{"mc", "-u", "-x"}, []string{
			keyDown, keyDown, "\t", keyDown, "\x1bOR", keyPgDn, "q", "\x1b[20~", keyRight, keyDown, "\x1b\x1b", "\x1bOS", "text", "\x1b[21~", "\r", "\x1b[18~dir\r", "\x0f", "\x0f", "\x1b[21~", "\r",
		}},
		"top": {[]string{"top", "-d", "0.5"}, []string{"", "z", "x", "1", "c", "V", "m", "t", "k", "\x1b", "f", "\x1b", "?", "q", "q"}},
		"nano": {[]string{"nano", "-l", "--ignorercfiles", "src/main.c"}, []string{
			keyDown + keyDown, "new words ", "\r", "\x0b", "\x15", "\x17main\r", "\x07", "\x18", strings.Repeat("wide line ", 12), "\x01", "\x05", "\x1b#", "\x18", "n",
		}},
		"bash": {[]string{"bash", "--norc", "--noprofile", "-i"}, []string{
			"ls --color\r", "cat docs/words.txt colours.txt\r", "cd d\t\r", "cat wo\t\t\r", "echo one two three", "\x01\x1bd", "\x05\x17four", "\x02\x02X", "\x0b", "\x19\r",
			"echo " + strings.Repeat("word ", 20), "\x01", "Y", "\x05\x15", "\x12echo", "\x12", "\x07", "\x0c", "ls ../\t\t", "\x15ls /proc/sys/\t\t", "\x15", "PS1='\\[\\e[1;32m\\]\\u\\[\\e[m\\] \\w\\n> '\r",
			"for i in 1 2 3; do\recho $i\rdone\r", keyUp + keyUp, "\x05\x15", "seq 40\r", "echo 漢字é" + keyLeft + keyLeft + "x\x7f\r", "clear\r", "exit\r",
		}},
		"vttest-cursor":   {[]string{"vttest", "24x80.80"}, append([]string{"1\r"}, append(enter(7), "0\r")...)},
		"vttest-screen":   {[]string{"vttest", "24x80.80"}, append([]string{"2\r"}, append(enter(17), "0\r")...)},
		"vttest-charsets": {[]string{"vttest", "24x80.80"}, append([]string{"3\r", "8\r"}, append(enter(1), "0\r", "0\r")...)},
		"vttest-double":   {[]string{"vttest", "24x80.80"}, append([]string{"4\r"}, append(enter(9), "0\r")...)},
		"vttest-vt102":    {[]string{"vttest", "24x80.80"}, append([]string{"8\r"}, append(enter(14), "0\r")...)},
		"vttest-colours":  {[]string{"vttest", "24x80.80"}, []string{"11\r", "6\r", "2\r", "\r", "\r", "3\r", "\r", "\r", "4\r", "\r", "\r", "5\r", "\r", "\r", "0\r", "0\r", "0\r"}},
	}
	return all
}

// TestRecord makes the recordings anew when it is asked to; see the README
// beside them.
func TestRecord(t *testing.T) {
	which := os.Getenv(recordVariable)
	if which == "" {
		t.Skipf("makes test data: set %s to all or to a name", recordVariable)
	}
	for name, s := range recorded() {
		if which != "all" && which != name {
			continue
		}
		args := append([]string{"--uts", "--pid", "--fork", "--mount", "--mount-proc", "sh", "-c", recordScript, "sh"}, s.args...)
		cmd := exec.Command("unshare", args...)
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: recordRows, Cols: recordCols})
		if err != nil {
			t.Fatal(err)
		}
		out := record(tty, s.keys)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = tty.Close()
		if err := os.WriteFile(filepath.Join(recordings, name), out, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, len(out))
	}
}

// record types and gathers what is printed. A terminal answers queries.
func record(tty *os.File, keys []string) []byte {
	const longest = 4 * time.Second
	quiet := 2 * time.Second // a program that has just started may throw away what was typed
	var all []byte
	term := New(recordCols, recordRows, Options{})
	in := make(chan []byte)
	go func() {
		defer close(in)
		for {
			b := make([]byte, 64<<10)
			n, err := tty.Read(b)
			if err != nil {
				return
			}
			in <- b[:n]
		}
	}()
	for _, k := range append([]string{""}, keys...) {
		_, _ = tty.WriteString(k)
		for end := time.After(longest); end != nil; {
			select {
			case b, ok := <-in:
				if !ok {
					return all
				}
				all = append(all, b...)
				_, _ = term.Write(b)
				_, _ = tty.Write(term.TakeReplies())
			case <-time.After(quiet):
				end = nil
			case <-end:
				end = nil
			}
		}
		quiet = longest / 10
	}
	go func() {
		for range in { // what is still printed is not wanted
		}
	}()
	return all
}
