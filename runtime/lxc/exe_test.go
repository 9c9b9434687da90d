package lxc

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// Until it executes a program of the container, what runs there is a fork of
// the helper, and that program may be "#!/proc/self/exe".
func TestNoContainerCanWriteOurProgram(t *testing.T) {
	a, s, ref := running(t, "lxcdt-exe")
	refused := func(what string, pid int) {
		t.Helper()
		// Of a file that runs the kernel says ETXTBSY, unless it must not be
		// written to in the first place.
		f, err := os.OpenFile("/proc/"+strconv.Itoa(pid)+"/exe", os.O_WRONLY|os.O_TRUNC, 0)
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, unix.EROFS) {
			t.Errorf("program of the %s opened for writing: %v, want EROFS", what, err)
		}
	}
	p := attach(t, a, runtime.Shell{Ref: ref, Cols: 80, Rows: 24})
	p.expect("# ")
	refused("helper of a shell", p.s.(*session).end.at.proc.pid)
	p.send("exit\n")
	p.end()

	must(t, s.Add("lxcdt-exe-2"))
	second := runtime.Ref{Path: s.Path, Name: "lxcdt-exe-2"}
	must(t, do(t, a, runtime.Start, second))
	fields, err := statFields(find(t, list(t, a), second.Name).InitPID)
	must(t, err)
	monitor, err := strconv.Atoi(fields[1])
	must(t, err)
	refused("monitor", monitor)
}

func TestCopyOfOurProgram(t *testing.T) {
	f, err := copiedExe()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.Pwrite(int(f.Fd()), []byte("PWNED"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write to the copy: %v, want EPERM", err)
	}
	if err := f.Truncate(0); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate the copy: %v, want EPERM", err)
	}
	cmd := exec.Command("/proc/self/fd/"+strconv.Itoa(int(f.Fd())), helperArg)
	var end *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &end) || end.ExitCode() != helperFailed {
		t.Errorf("the copy as a helper without its socket: %v, want status %d", err, helperFailed)
	}
}
