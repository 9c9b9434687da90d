package lxc

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// maxHead is how much of a program is read to see what it is, in bytes.
const maxHead = 4 << 10

// program is what the root file system has under a program's name.
type program struct {
	host   string // its path on the host; "" = it is not there
	mode   uint32
	head   []byte // its first bytes
	interp string // what the kernel starts in its place; "" = nothing
	noexec bool   // its file system is mounted noexec
}

// lookUp finds a program in the root file system, of an overlay in the first
// layer that has it.
func (p *patient) lookUp(name string) program {
	for _, dir := range p.rootPaths() {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		root := &inRoot{dir: fd, pidfd: -1}
		prog, err := readProgram(root, name)
		_ = unix.Close(fd)
		if err == nil {
			return prog
		}
	}
	return program{}
}

func readProgram(root *inRoot, name string) (program, error) {
	fd, err := root.find(name)
	if err != nil {
		return program{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	held := "/proc/self/fd/" + strconv.Itoa(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return program{}, fmt.Errorf("%s: %w", name, err)
	}
	host, err := os.Readlink(held)
	if err != nil {
		return program{}, fmt.Errorf("%s: %w", name, err)
	}
	prog := program{host: host, mode: st.Mode}
	var fs unix.Statfs_t
	prog.noexec = unix.Fstatfs(fd, &fs) == nil && fs.Flags&unix.ST_NOEXEC != 0
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return prog, nil
	}
	f, err := os.OpenFile(held, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return prog, nil // what can be said without reading it is said
	}
	defer f.Close()
	prog.head, _ = io.ReadAll(io.LimitReader(f, maxHead))
	prog.interp = interpreter(prog.head, f)
	return prog, nil
}

// initName is the program that failed, as liblxc or the failure names it, and
// whether it is the container's own init.
func (p *patient) initName() (name string, own bool) {
	init := "/sbin/init"
	for _, cmd := range p.values("lxc.init.cmd") {
		init, _, _ = strings.Cut(cmd, " ")
	}
	if name = quotedAfter(p.line("Failed to exec "), "Failed to exec "); name == "" {
		_, rest, _ := strings.Cut(p.text, "ended at once: ")
		name, _, _ = strings.Cut(rest, ": ")
	}
	if name == "" || name == "its init" {
		name = init
	}
	return name, name == init
}

// badInit is for an init that cannot be run, or that ends at once.
func (p *patient) badInit() *runtime.Diagnosis {
	exec, ended := p.line("Failed to exec "), strings.Contains(p.text, "ended at once")
	if exec == "" && !ended {
		return nil
	}
	name, own := p.initName()
	what := "The command " + name
	if own {
		what = "Its init " + name
	}
	prog := p.lookUp(name)
	switch {
	case prog.host == "" && exec != "" && strings.Contains(exec, "No such file or directory"):
		advice := "Name one that is there, with its path."
		if own {
			advice = "Install an init there, or name one that is there in lxc.init.cmd."
			// What lxc-execute runs; the oci template puts an image's command there.
			for _, cmd := range p.values("lxc.execute.cmd") {
				advice = "It has a command of its own instead, lxc.execute.cmd. Start it with that: lxcdeck start " +
					runtime.ShellQuote(p.ref.Name) + " -- " + strings.TrimSpace(cmd) + ". Or name it in lxc.init.cmd."
			}
		}
		return found(what+" is not there in its root file system.", advice)
	case prog.host != "":
		p.saw("%s has mode %04o", prog.host, prog.mode&0o7777)
	}
	if d := p.notRunnable(what, own, prog, exec); d != nil {
		return d
	}
	if ended {
		_, how, _ := strings.Cut(p.text, "ended at once: ")
		if how == "" {
			how = "how is not known"
		}
		run := "lxc-start -P " + runtime.ShellQuote(p.ref.Path) + " -n " + runtime.ShellQuote(p.ref.Name) + " -F"
		if !own {
			run += " -- " + runtime.ShellQuote(name) + " ..."
		}
		return found("It started, and ended at once: "+how+".", "See what it prints: "+run)
	}
	return found(what+" cannot be run: "+exec, "Look at it in the root file system.")
}

// notRunnable looks at the program itself.
func (p *patient) notRunnable(what string, own bool, prog program, exec string) *runtime.Diagnosis {
	switch kind := prog.mode & unix.S_IFMT; {
	case prog.host == "":
		return nil
	case kind != unix.S_IFREG:
		advice := "Name a program."
		if own {
			advice = "Name a program in lxc.init.cmd."
		}
		return found(what+" is "+kindName(kind)+", and no program.", advice)
	case prog.mode&0o111 == 0:
		d := found(what+" is not executable.", "Make it so: chmod +x "+runtime.ShellQuote(prog.host))
		if own {
			d.Fix = p.chmodFix(prog.host)
		}
		return d
	case strings.Contains(exec, "Permission denied") && prog.noexec:
		return found("The file system that holds "+prog.host+" is mounted noexec.", "Mount it without noexec: mount -o remount,exec.")
	}
	if arch, ok := otherArch(prog.head); ok {
		return found(what+" is a program for "+arch+", and this host is "+hostArch()+".",
			"Use a root file system of the host's architecture, or install qemu-user-static and binfmt-support to emulate the other.")
	}
	if prog.interp == "" || !strings.Contains(exec, "No such file or directory") {
		return nil
	}
	p.saw("%s wants the interpreter %s", prog.host, prog.interp)
	if at := p.lookUp(prog.interp); at.host == "" {
		return found(what+" is there, but not "+prog.interp+", which runs it.", "Install that in its root file system.")
	}
	return nil
}

// interpreter is what the kernel starts in a program's place: that of a #!
// line (execve(2)), or the dynamic loader of an ELF file (elf(5), PT_INTERP).
func interpreter(head []byte, whole io.ReaderAt) string {
	if rest, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		if f := bytes.Fields(line); len(f) > 0 && path.IsAbs(string(f[0])) {
			return string(f[0])
		}
		return ""
	}
	f, err := elf.NewFile(whole)
	if err != nil {
		return ""
	}
	for _, seg := range f.Progs {
		if seg.Type != elf.PT_INTERP || seg.Filesz > 4096 {
			continue
		}
		name, err := io.ReadAll(seg.Open())
		if err != nil {
			return ""
		}
		return string(bytes.TrimRight(name, "\x00"))
	}
	return ""
}

// otherArch names the architecture of an ELF file if it is not the host's.
func otherArch(head []byte) (string, bool) {
	// e_machine of elf(5) lies at 18, behind the byte order at 5.
	const order, machine, need = 5, 18, 20
	if len(head) < need || !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return "", false
	}
	m := elf.Machine(uint16(head[machine]) | uint16(head[machine+1])<<8)
	if head[order] == byte(elf.ELFDATA2MSB) {
		m = elf.Machine(uint16(head[machine])<<8 | uint16(head[machine+1]))
	}
	can := canRun(hostArch())
	if len(can) == 0 || slices.Contains(can, m) {
		return "", false
	}
	return strings.TrimPrefix(m.String(), "EM_"), true
}

// hostArch is the machine as uname(2) has it.
func hostArch() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Machine[:])
}

// canRun are the machines whose programs a kernel may run without emulation;
// none = not known.
func canRun(arch string) []elf.Machine {
	switch {
	case arch == "x86_64":
		return []elf.Machine{elf.EM_X86_64, elf.EM_386}
	case strings.HasPrefix(arch, "i") && strings.HasSuffix(arch, "86"):
		return []elf.Machine{elf.EM_386}
	case arch == "aarch64":
		return []elf.Machine{elf.EM_AARCH64, elf.EM_ARM}
	case strings.HasPrefix(arch, "arm"):
		return []elf.Machine{elf.EM_ARM}
	case strings.HasPrefix(arch, "ppc64"):
		return []elf.Machine{elf.EM_PPC64, elf.EM_PPC}
	case arch == "s390x":
		return []elf.Machine{elf.EM_S390}
	case arch == "riscv64":
		return []elf.Machine{elf.EM_RISCV}
	case strings.HasPrefix(arch, "mips"):
		return []elf.Machine{elf.EM_MIPS}
	case strings.HasPrefix(arch, "loong"):
		return []elf.Machine{elf.EM_LOONGARCH}
	default:
		return nil
	}
}
