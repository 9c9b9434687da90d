package passthru

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lxcdeck/tui/vt"
)

// probe is what is written after a reset: it shows what a terminal still does
// otherwise than one that is new. It needs a screen of 20 by 12, and stays on it
// but for its first row.
const probe = "\x1b[H\x1b[2Jscrolled off\r\n" +
	"\tt\x1b[31mred\x1b[m\tx\r\n" + // tab stops, style
	"lqk\x0elqk\x1bnlqk\x1bolqk\x0f\x1bNl\x1bOl#\r\n" + // character sets
	"0123456789abcdefghijwrap\r\n" + // autowrap
	"abcd\x1b[3Dxy\nz\r\n" + // insert mode, new line mode
	"\x1b[9;5Horigin" +
	"\x1b[12;1Hlast\r\nmore\x1b[10;1H\x1b[1Lx" + // margins
	"\x1b8\x1b[8;8Hsaved#l\x1b[11;20H" // saved cursor

const probeRows = 12

// questions asks for the state of all modes that pass, and of the keyboard.
func questions() string {
	var b strings.Builder
	for mode := range 3000 {
		if emulated(mode) || screenMode(mode) {
			fmt.Fprintf(&b, "\x1b[?%d$p", mode)
		}
	}
	return b.String() + "\x1b[4$p\x1b[20$p\x1b[?u\x1bP$qr\x1b\\\x1bP$qm\x1b\\\x1bP$q q\x1b\\"
}

// shown is what a terminal shows and says after in.
func shown(in string) (screen, said string) {
	term := vt.New(20, probeRows, vt.Options{Scrollback: -1})
	for len(in) > 0 { // its answers wait in a queue with a bound
		n := min(len(in), 4096)
		_, _ = term.Write([]byte(in[:n]))
		term.TakeReplies()
		in = in[n:]
	}
	_, _ = term.Write([]byte(questions()))
	var b strings.Builder
	for y := range probeRows {
		b.WriteString(term.Line(y) + "|\n")
	}
	fmt.Fprintf(&b, "%+v %+v", term.Cursor(), term.Modes())
	return b.String(), string(term.TakeReplies())
}

// left gives what a terminal gets from entering to a reset.
func left(in []byte, keep bool) string {
	f := NewFilter(Options{KeepScreen: keep})
	out := f.Append(nil, in)
	before := ""
	if keep {
		before = "\x1b[?1049h"
	}
	return before + string(out) + string(f.Reset())
}

// newness compares a terminal after a reset with one that is new.
type newness struct{ screen, said [2]string }

func asNew() (n newness) {
	n.screen[0], n.said[0] = shown(probe)
	n.screen[1], n.said[1] = shown("\x1b[?1049h" + probe)
	return n
}

func (n newness) check(t *testing.T, in []byte) {
	t.Helper()
	for i, keep := range []bool{false, true} {
		screen, said := shown(left(in, keep) + probe)
		if screen != n.screen[i] {
			t.Fatalf("keep %v: after %q the probe shows\n%s\nand not\n%s", keep, in, screen, n.screen[i])
		}
		if said != n.said[i] {
			t.Fatalf("keep %v: after %q the terminal says\n%q\nand not\n%q", keep, in, said, n.said[i])
		}
	}
}

func FuzzReset(f *testing.F) {
	for _, s := range filterSeeds() {
		f.Add([]byte(s))
	}
	fresh := asNew()
	f.Fuzz(func(t *testing.T, in []byte) { fresh.check(t, in) })
}

// TestJumble is a fuzz run without the fuzzer, the same on each run.
func TestJumble(t *testing.T) {
	fresh, may := asNew(), newLists()
	for seed := range uint64(400) {
		in := jumble(seed)
		fresh.check(t, in)
		may.check(t, in, len(in)/3)
		checkKept(t, in[:maxCSI])
	}
}

// jumble is a stream of sequences and their parts thrown together.
func jumble(seed uint64) []byte {
	parts := []string{
		"\x1b", "\x1b[", "\x1b]8;;", "\x1bP$q", ";", ":", "?", ">", "0", "1", "2", "5", "38", "h", "l", "m", "H", "J", "L", "@", "r", "c", "q", "p", "u",
		"\r", "\n", "\t", "\b", "\x0e", "\x0f", "text and more text ", "漢字", "e\u0301", "\xe2", "\xff", "\x1bc", "\x1b7", "\x1b8", "\x1bM", "\x1bH", "\x1b[3g", "\x1b(0", "\x1b)0",
		"\x1b#8", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[2;4r", "\x1b[?6h", "\x1b[4h", "\x1b[20h", "\x1b[?7l", "\x1b[?25l", "\x1b[?1h", "\x1b=", "\x1b[?1000;1006h",
		"\x1b[?1003h", "\x1b[?2004h", "\x1b[?1004h", "\x1b[5 q", "\x1b[>1u", "\x1b[>4;2m", "\x1b[31;4:3m", "\x1b]8;;http://x\x1b\\", "\x1b[!p", "\x1b[?5h",
	}
	rnd := rand.New(rand.NewPCG(seed, 2))
	var in []byte
	for range 100 {
		in = append(in, parts[rnd.IntN(len(parts))]...)
	}
	return in
}

// tmuxPane is a pane of a tmux server of its own.
type tmuxPane struct {
	t      *testing.T
	socket string
	dir    string
}

func newTmux(t *testing.T) *tmuxPane {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skipf("NOT TESTED against tmux: %v (install tmux)", err)
	}
	dir := t.TempDir()
	p := &tmuxPane{t: t, socket: filepath.Join(dir, "s"), dir: dir}
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte("set -g status off\nset -g exit-empty off\nset -s escape-time 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run("-f", conf, "start-server")
	t.Cleanup(func() { p.run("kill-server") })
	return p
}

func (p *tmuxPane) run(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", p.socket}, args...)...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TMUX") && !strings.HasPrefix(kv, "LC_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// show is what a pane shows, and its modes, after in. A title at the end of it
// says when tmux has taken all.
func (p *tmuxPane) show(name, in string) string {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.WriteFile(file, []byte(in+"\x1b]2;end of "+name+"\a"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.run("new-session", "-d", "-s", name, "-x", "20", "-y", strconv.Itoa(probeRows), "sh", "-c", "stty raw -echo; cat '"+file+"'; exec cat >/dev/null")
	defer p.run("kill-session", "-t", "="+name)
	target := "=" + name + ":"
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(p.run("display-message", "-p", "-t", target, "#{pane_title}"), "end of "+name) {
		if time.Now().After(deadline) {
			p.t.Fatalf("tmux did not show %q", in)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return p.run("capture-pane", "-e", "-N", "-p", "-t", target) +
		p.run("display-message", "-p", "-t", target, "#{cursor_x} #{cursor_y} #{cursor_flag} alt=#{alternate_on} ins=#{insert_flag} ckm=#{keypad_cursor_flag} kpm=#{keypad_flag} origin=#{origin_flag} wrap=#{wrap_flag} std=#{mouse_standard_flag} btn=#{mouse_button_flag} all=#{mouse_all_flag} any=#{mouse_any_flag} sgr=#{mouse_sgr_flag} utf8=#{mouse_utf8_flag} top=#{scroll_region_upper} bot=#{scroll_region_lower} tabs=#{pane_tabs}")
}

// TestResetInTmux: after whatever came and a reset, tmux shows the probe as a
// pane does that saw nothing else.
func TestResetInTmux(t *testing.T) {
	p := newTmux(t)
	var inputs [][]byte
	for _, s := range filterSeeds() {
		inputs = append(inputs, []byte(s))
	}
	for seed := range uint64(20) {
		inputs = append(inputs, jumble(seed))
	}
	for i, keep := range []bool{false, true} {
		fresh := p.show("fresh"+strconv.Itoa(i), left(nil, keep)+probe)
		if !strings.Contains(fresh, "saved#l") || strings.Count(fresh, "\n") != probeRows+1 || !strings.Contains(fresh, "lqklqklqklqkll#") {
			t.Fatalf("the probe shows %q", fresh)
		}
		for j, in := range inputs {
			got := p.show(fmt.Sprintf("%d-%d", i, j), left(in, keep)+probe)
			if got != fresh {
				t.Errorf("keep %v: after %q tmux shows\n%s\nand not\n%s", keep, in, got, fresh)
			}
		}
	}
}
