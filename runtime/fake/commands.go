package fake

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// commands are what the scripted shell knows.
func commands() map[string]func(*process, []string) int {
	return map[string]func(*process, []string) int{
		"help": cmdHelp, "ls": cmdLs, "ps": cmdPs, "top": cmdTop, "uname": cmdUname, "hostname": cmdHostname,
		"whoami": cmdWhoami, "id": cmdID, "uptime": cmdUptime, "free": cmdFree, "ip": cmdIP, "stty": cmdStty,
		"colours": cmdColours, "colors": cmdColours, "flood": cmdFlood, "echo": cmdEcho, "cat": cmdCat,
		"sleep": cmdSleep, "clear": cmdClear, "env": cmdEnv, "pwd": cmdPwd, "sh": cmdSh, "exit": cmdExit,
		"true": func(*process, []string) int { return 0 }, "false": func(*process, []string) int { return 1 },
		"cd": func(*process, []string) int { return 0 },
	}
}

func cmdHelp(p *process, _ []string) int {
	p.printf("This shell is part of lxcdeck's demo. It knows:\n" +
		"  ls ps top uname hostname whoami id uptime free ip cat echo env sleep clear\n" +
		"  colours      all colours and attributes\n" +
		"  stty size    the size of this terminal, rows and columns\n" +
		"  flood N      N lines, as fast as they are read\n" +
		"  exit N       end with status N (ctrl-D: 0)\n")
	return 0
}

func cmdLs(p *process, _ []string) int {
	for _, d := range []string{"bin", "dev", "etc", "home", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var"} {
		p.printf("\x1b[1;34m%s\x1b[0m  ", d)
	}
	p.printf("\x1b[1;36mlib\x1b[0m\n")
	return 0
}

// processes are the command lines to show.
func (p *process) processes() []string {
	if len(p.procs) > 0 {
		return p.procs
	}
	return []string{"init", "/sbin/getty 38400 tty1"}
}

func cmdPs(p *process, _ []string) int {
	p.printf("  PID USER     TIME COMMAND\n")
	for i, c := range p.processes() {
		p.printf("%5d root     %d:%02d %s\n", 1+i*13, i, (7*i+3)%60, c)
	}
	p.printf("%5d root     0:00 -sh\n%5d root     0:00 ps\n", 301, 317)
	return 0
}

func cmdTop(p *process, _ []string) int {
	if p.tty == nil {
		return cmdPs(p, nil)
	}
	s := p.tty
	raw := func(on bool) {
		s.mu.Lock()
		s.raw = on
		s.mu.Unlock()
	}
	raw(true)
	defer raw(false)
	p.printf("\x1b[?1049h\x1b[?25l")
	for key, ok := byte(0), true; ok && key != 'q' && key != 3; key, ok = p.pause(time.Second) {
		cols, rows := s.Size()
		age := p.clock.Now().Sub(p.started)
		var lines []string
		lines = append(lines, fmt.Sprintf("top - %s: up %s", p.shell.Ref.Name, age.Round(time.Second)),
			fmt.Sprintf("Mem: %dK used  CPU: %4.1f%%  (q leaves)", p.load.Memory>>10,
				max(100*p.load.CPU*(1+p.load.Swing*swing(age.Seconds(), 0)), 0)),
			"\x1b[7m"+pad("  PID  %CPU COMMAND", cols)+"\x1b[m")
		for i, c := range p.processes() {
			share := p.load.CPU * 100 / float64(int(2)<<i)
			lines = append(lines, pad(fmt.Sprintf("%5d %5.1f %s", 1+i*13, max(share*(1+p.load.Swing*swing(age.Seconds(), float64(i))), 0), c), cols))
		}
		p.printf("\x1b[H%s\x1b[J", strings.Join(lines[:min(len(lines), max(rows-1, 1))], "\x1b[K\r\n"))
	}
	p.printf("\x1b[?25h\x1b[?1049l")
	return 0
}

func pad(s string, width int) string {
	if len(s) >= width {
		return s[:max(width, 0)]
	}
	return s + strings.Repeat(" ", width-len(s))
}

func cmdUname(p *process, args []string) int {
	if slices.Contains(args, "-a") {
		p.printf("Linux %s 6.1.0-lxcdeck #1 SMP x86_64 GNU/Linux\n", p.shell.Ref.Name)
	} else {
		p.printf("Linux\n")
	}
	return 0
}

func cmdHostname(p *process, _ []string) int {
	p.printf("%s\n", p.shell.Ref.Name)
	return 0
}

func cmdWhoami(p *process, _ []string) int {
	p.printf("%s\n", p.user)
	return 0
}

func cmdID(p *process, _ []string) int {
	p.printf("uid=0(%[1]s) gid=0(%[1]s) groups=0(%[1]s)\n", p.user)
	return 0
}

func cmdUptime(p *process, _ []string) int {
	p.printf(" up %s, load average: %.2f\n", p.clock.Now().Sub(p.started).Round(time.Second), p.load.CPU)
	return 0
}

func cmdFree(p *process, _ []string) int {
	total := p.load.Limit
	if total == 0 {
		total = 32 << 30
	}
	p.printf("              total        used        free\nMem:   %12d%12d%12d\n",
		total>>10, p.load.Memory>>10, (total-min(total, p.load.Memory))>>10)
	return 0
}

func cmdIP(p *process, _ []string) int {
	p.printf("1: lo: <LOOPBACK,UP>\n    inet 127.0.0.1/8\n2: eth0: <BROADCAST,MULTICAST,UP>\n")
	for _, a := range p.ip {
		p.printf("    inet \x1b[35m%s\x1b[0m\n", a)
	}
	return 0
}

func cmdStty(p *process, args []string) int {
	if p.tty == nil {
		fmt.Fprintln(p.errOut, "stty: standard input: not a tty")
		return 1
	}
	cols, rows := p.tty.Size()
	if slices.Contains(args, "size") {
		p.printf("%d %d\n", rows, cols)
	} else {
		p.printf("speed 38400 baud; rows %d; columns %d; line = 0;\n", rows, cols)
	}
	return 0
}

func cmdColours(p *process, _ []string) int {
	for row := range 2 {
		for c := range 8 {
			p.printf("\x1b[%dm %3d \x1b[0m", 40+c+60*row, 40+c+60*row)
		}
		p.printf("\n")
	}
	for c := 16; c < 232; c += 3 {
		p.printf("\x1b[48;5;%dm \x1b[0m", c)
	}
	p.printf("\n")
	for i := range 72 {
		p.printf("\x1b[48;2;%d;%d;%dm \x1b[0m", 255-i*3, i*3, 128)
	}
	p.printf("\n\x1b[1mbold\x1b[0m \x1b[2mfaint\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munderline\x1b[0m \x1b[7mreverse\x1b[0m \x1b[9mstruck\x1b[0m\n")
	return 0
}

func cmdFlood(p *process, args []string) int {
	const block = 4096
	n := number(args, 0, 1000)
	buf := make([]byte, 0, block+128)
	for i := 1; i <= n; i++ {
		buf = fmt.Appendf(buf, "%d: the quick brown fox jumps over the lazy container\n", i)
		if len(buf) >= block || i == n {
			if _, err := p.out.Write(buf); err != nil {
				return 130
			}
			buf = buf[:0]
		}
	}
	return 0
}

func cmdEcho(p *process, args []string) int {
	p.printf("%s\n", strings.Join(args, " "))
	return 0
}

func cmdCat(p *process, args []string) int {
	switch {
	case len(args) == 0 && p.tty == nil:
		if _, err := io.Copy(p.out, p.in); err != nil {
			return 1
		}
	case len(args) == 0:
		for {
			line, err := p.readLine()
			if err != nil {
				return 0
			}
			p.printf("%s\n", line)
		}
	case args[0] == "/etc/os-release":
		p.printf("NAME=\"lxcdeck demo\"\nID=demo\n")
	case args[0] == "/etc/hostname":
		return cmdHostname(p, nil)
	default:
		fmt.Fprintf(p.errOut, "cat: %s: No such file or directory\n", args[0])
		return 1
	}
	return 0
}

func cmdSleep(p *process, args []string) int {
	if _, ok := p.pause(time.Duration(number(args, 0, 1)) * time.Second); !ok {
		return 130
	}
	return 0
}

func cmdClear(p *process, _ []string) int {
	p.printf("\x1b[H\x1b[2J")
	return 0
}

func cmdEnv(p *process, _ []string) int {
	term := p.shell.Term
	if term == "" {
		term = "xterm-256color"
	}
	p.printf("HOME=/root\nUSER=%s\nTERM=%s\n", p.user, term)
	for _, e := range p.shell.Env {
		p.printf("%s\n", e)
	}
	return 0
}

func cmdPwd(p *process, _ []string) int {
	dir := p.shell.Cwd
	if dir == "" {
		dir = "/root"
	}
	p.printf("%s\n", dir)
	return 0
}

func cmdSh(p *process, args []string) int {
	if len(args) > 1 && args[0] == "-c" {
		status := p.script(args[1])
		p.quit = nil
		return status
	}
	if p.tty != nil {
		p.printf("sh: this demo has one shell only\n")
		return 1
	}
	script, err := io.ReadAll(p.in)
	if err != nil {
		return 1
	}
	return p.script(string(script))
}

func cmdExit(p *process, args []string) int {
	code := number(args, 0, 0) & 0xff
	p.quit = &code
	return code
}
