package tui

import (
	"os"
	"testing"
	"time"

	"lxcdeck/keymap"
	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestLogList(t *testing.T) {
	specs := some()
	specs[0].Logs = []fake.LogText{
		logOf(runtime.LogLXC, "/var/log/lxc/alpha.log", "one\n"), logOf(runtime.LogConsole, "/c", "two\n"),
		{LogSource: runtime.LogSource{Kind: runtime.LogJournal, Why: "it does not run"}}, logOf(runtime.LogFile, "/var/log/syslog", "four\n"),
	}
	d := newDeck(t, 80, 24, Options{}, specs...)
	d.press("l")
	d.sees("── Logs of alpha ─", "> lxc", "console", "it does not run", "/var/log/syslog")
	d.press("down", "down", "enter")
	d.sees("journal cannot be read: it does not run")
	d.press("down", "enter")
	d.sees("alpha: /var/log/syslog", "four")
	d.press("[") // the one between them cannot be read
	d.sees("alpha: console", "two")
	d.press("[", "[")
	d.sees("alpha: lxc", "one", "that was the first one")
	d.press("s", "down", "enter")
	d.sees("two")
	d.press("tab", "tab")
	d.sees("two")
	d.press("esc") // to the list, and out
	d.sees("> console", "/var/log/syslog")
	d.press("esc")
	if d.m.overlay != nil {
		t.Fatalf("still open:\n%s", d.screen())
	}
	d.press("l", "enter", "q")
	if d.m.overlay != nil {
		t.Error("q leaves it open")
	}
	d.press("enter", "l") // from the detail
	d.sees("> lxc", "/var/log/syslog")
	d.press("esc", ":")
	d.typed("logs")
	d.press("enter")
	d.sees("> lxc", "/var/log/syslog")

	wide := newDeck(t, 120, 40, Options{}, specs...)
	wide.press("l")
	wide.sees("> lxc", "choose a log")
	wide.press("enter")
	wide.sees("> lxc", "│  one")
	wide.press("]")
	wide.sees("> console", "│  two")

	none := newDeck(t, 80, 24, Options{})
	none.press("l") // of nothing
	none.rt.Add(box("echo", runtime.Stopped))
	none.press("ctrl+r", "l")
	none.sees("No log is kept", "lxc.console.logfile")
	none.rt.Fail(fake.Logs, ref("echo"), fake.Fault{Err: runtime.ErrPermission})
	none.press("ctrl+r")
	none.sees("The logs were not found", "permission", "tries again")
	none.rt.Fail(fake.Logs, ref("echo"), fake.Fault{})
	none.pass(time.Minute) // by itself
	none.sees("No log is kept")
	none.press("esc")
	if none.m.overlay != nil {
		t.Error("esc leaves it open")
	}
}

func TestLogErrors(t *testing.T) {
	d := logDeck(t, 80, 24, "x\n")
	d.press("esc")
	d.rt.Fail(fake.OpenLog, ref("alpha"), fake.Fault{Err: runtime.ErrPermission})
	d.press("esc", "l", "enter")
	d.sees("It cannot be read", "permission", "Root can read it", "tries again")
	d.seesNo("stands")
	d.rt.Fail(fake.OpenLog, ref("alpha"), fake.Fault{})
	d.press("ctrl+r")
	d.sees("  x\n", "follows")

	f, _, paths := fileDeck(t, 80, 24, "x\n")
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", paths[0]); err != nil {
		t.Fatal(err)
	}
	f.press("l")
	f.reads("It cannot be read", "no regular file")
	f.seesNo("root:")
}

func TestLogKeysOfVim(t *testing.T) {
	keys, err := keymap.New("vim", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	specs := some()
	specs[0].Logs = []fake.LogText{logOf(runtime.LogLXC, "/l", "one\n")}
	d := newDeck(t, 80, 24, Options{Keys: keys}, specs...)
	d.press("T")
	d.sees("alpha: lxc", "one")
	d.press("h")
	if d.m.overlay != nil {
		t.Error("h does not lead back")
	}
}

// The help of a log names its keys, and comes back to it.
func TestLogHelp(t *testing.T) {
	d := logDeck(t, 120, 40, numbered(10))
	d.press("?")
	d.sees("Only with a text; none: all", "Without lines with a text", "To a time", "Follow the end")
	d.press("esc")
	d.sees("line 9")
	d.adds("more\n")
	d.sees("more")
}

// The list is filtered by names as that of containers is.
func TestLogListIsFiltered(t *testing.T) {
	specs := some()
	specs[0].Logs = []fake.LogText{
		logOf(runtime.LogLXC, "/l", "one\n"), logOf(runtime.LogFile, "/var/log/Mail.log", "two\n"), logOf(runtime.LogFile, "/var/log/syslog", "three\n"),
		logOf(runtime.LogFile, "/var/log/mail.err", "four\n"),
	}
	d := newDeck(t, 80, 24, Options{}, specs...)
	d.press("l", "/")
	d.typed("MAIL")
	d.sees("/var/log/Mail.log", "/var/log/mail.err", "names with: MAIL")
	d.seesNo("syslog")
	d.press("down", "enter") // which selects the first, as the list of containers does
	d.sees("> /var/log/Mail.log", "2 of 4 with MAIL", "shows all")
	d.press("enter")
	d.sees("two")
	d.press("]", "]") // goes through what is kept
	d.sees("four", "that was the last one")
	d.press("s", "/") // opens with what it was
	d.typed("x")
	d.sees("names with: MAILx", "no log has that in its name")
	d.press("ctrl+u")
	d.sees("syslog")
	d.press("backspace")
	d.seesNo("names with")
	d.press("/")
	d.typed("sys")
	d.press("enter", "esc") // takes it back first
	d.sees("> /var/log/syslog", "mail.err")
	d.press("/")
	d.typed("err")
	d.press("esc")
	d.sees("syslog", "> /var/log/mail.err")
	d.press("esc") // to the text
	d.sees("four")
}
