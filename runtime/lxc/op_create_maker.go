package lxc

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

// A create's helper has another do liblxc's part: its standard output and error
// are the template's, its log is set up for good, and a crash in C ends it alone.
// The first holds lock and journal, removes what a failure leaves, and is as small
// as ever when it starts the container.

// callMaker starts the maker in this process's session and group, which end with
// this process, and waits for its end. out becomes its output; all that it
// starts is marked as working for the journal.
func (o *operation) callMaker(p *createPlan, j *journal, out *os.File) (helperReply, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return helperReply{}, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "helper socket")
	defer theirs.Close()
	conn, err := newMsgConn(pair[0])
	if err != nil {
		return helperReply{}, err
	}
	defer conn.Close()
	args := *p.args
	args.Template, args.Backing = p.template, p.backing
	cmd := exec.Command(selfExe, helperArg)
	cmd.Dir, cmd.Env = "/", append(os.Environ(), markKey+"="+j.ID)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{theirs}
	if err := startSafely(cmd); err != nil {
		return helperReply{}, fmt.Errorf("%w: start: %w", runtime.ErrHelper, err)
	}
	theirs.Close()
	var r helperReply
	err = conn.send(helperRequest{Kind: kindMake, Ref: o.q.Ref, Op: runtime.Create, Args: &args, Text: []byte(p.config)}, nil)
	if err == nil {
		var fds []int
		fds, err = conn.receive(&r)
		closeAll(fds)
	}
	end := cmd.Wait()
	if err != nil {
		return r, fmt.Errorf("%w: it ended without an answer: %s", runtime.ErrHelper, cmd.ProcessState)
	}
	if err := r.err(); err != nil {
		return r, err
	}
	return r, end
}

// outliveCancel keeps this process while a cancel asks its whole group to end:
// the template does so, and removes its own temporary files; what is left to do
// then is to remove what was made. A handler and not SIG_IGN, which the template
// would inherit.
func outliveCancel() (restore func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM)
	return func() { signal.Stop(asked) }
}

// helperMake is the maker.
func helperMake(q helperRequest) helperReply {
	a, ok := q.Args.(*runtime.CreateArgs)
	if !ok {
		return failedReply(fmt.Errorf("%w: it is not said what to make", runtime.ErrInvalid), "")
	}
	defer outliveCancel()()
	if kind := a.Backing.Type; kind == storeLVM || kind == storeZFS {
		of := lvmTools
		if kind == storeZFS {
			of = zfsTools
		}
		tools, err := of(tagOf(os.Getenv(markKey)))
		if err == nil {
			defer tools.Close()
			err = os.Setenv("PATH", toolsAt(tools)) // liblxc's too: cgo tells C
		}
		if err != nil {
			return failedReply(fmt.Errorf("programs for %s: %w", kind, err), "")
		}
	}
	read := globalLog()
	if err := createIn(q.Ref, a.Template, string(q.Text), &a.Backing, a.Args); err != nil {
		return failedReply(err, read())
	}
	return helperReply{OK: true}
}
