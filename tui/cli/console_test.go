package cli

import (
	"testing"

	"lxcdeck/runtime"
	"lxcdeck/runtime/fake"
)

func TestConsoleOnTerminal(t *testing.T) {
	rt := testHost()
	o := startOnTerminal(t, rt, "console", "web-1")
	o.want("ctrl+] d leaves, and so does ctrl+a q")
	o.want("web-1 login: ")
	o.send("ann\r")
	o.want("# ")
	o.send("whoami\r")
	o.want("ann\r\n")
	o.send("stty size\r")
	o.want("33 91")
	o.send("exit\r")
	o.want("web-1 login: ")
	o.send("\x01q")
	o.want("left web-1; what runs on the container's tty runs on")
	o.exit(0)
}

func TestConsoleKeys(t *testing.T) {
	for _, tt := range []struct{ name, out string }{
		{"the prefix", "\x1dd"},
		{"lxc-console's", "\x01q"},
		{"lxc-console's, coded", "\x1b[97;5u\x1b[113u"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := testHost()
			s := fake.NewSession(80, 24)
			asked := make(chan runtime.Console, 1)
			rt.OnConsole(func(c runtime.Console) (runtime.Session, error) {
				asked <- c
				return s, nil
			})
			o := startOnTerminal(t, rt, "console", "-n", "web-1", "-t", "0")
			s.Feed([]byte("\x1b[?1049hready"))
			o.want("ready")
			if c := <-asked; c.TTY != 0 || c.Cols != 91 || c.Rows != 33 || c.Ref.Name != "web-1" {
				t.Errorf("asked for %+v", c)
			}
			o.send("a\x01\x01b\x1d\x1dc\x01d\x1dq\x1b[A")
			if err := s.AwaitTyped(soon(t), "a\x01b\x1dc\x01d\x1dq\x1b[A"); err != nil {
				t.Errorf("typed %q", s.Typed())
			}
			o.send(tt.out)
			o.want("\x1b[?1049l")
			o.want("left web-1")
			o.exit(0)
			if !s.Closed() {
				t.Error("the session is not closed")
			}
		})
	}
}

func TestConsoleOfAContainerThatStops(t *testing.T) {
	rt := testHost()
	o := startOnTerminal(t, rt, "console", "web-1")
	o.want("login: ")
	rt.Become(runtime.Ref{Path: path, Name: "web-1"}, runtime.Stopped)
	o.want("web-1: container stopped")
	o.exit(0)
}

func TestConsoleTimeout(t *testing.T) {
	o := startOnTerminal(t, testHost(), "console", "--timeout", "1s", "web-1")
	o.want("the time is over; what runs on the container's tty runs on")
	o.exit(125)
}

func TestConsoleRefused(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"console", "db"}, 125, "wrong state: it is STOPPED"},
		{[]string{"console", "nope"}, 125, "no such container"},
		{[]string{"--read-only", "console", "web-1"}, 125, "read-only"},
		{[]string{"console", "web-1", "-t", "9"}, 125, "tty 9 of 4"},
	} {
		o := startOnTerminal(t, testHost(), tt.args...)
		o.want(tt.says)
		o.exit(tt.code)
	}
}
