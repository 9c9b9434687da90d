package lxc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
	"lxcdeck/runtime/audit"
)

// An operation's result is written to the audit log by whoever asked for it. If
// that process has died, by the helper, which came to the end of the work.

// partEnd ends the name of a file that is not whole yet (tui/record).
const partEnd = ".part"

// receipt says that the last reply was read. A reply that was only sent may lie
// in the socket of a process that is dead.
type receipt struct{}

// auditOf is the log that a helper may write to; "" = none: another user's
// helper could not, and must not.
func (a *Adapter) auditOf(q *runtime.Request, as *user) string {
	return a.auditFor(q.Record, as)
}

// auditFor is auditOf by the number in the log.
func (a *Adapter) auditFor(record string, as *user) string {
	if record == "" || (as != nil && as.uid != os.Geteuid()) {
		return ""
	}
	return a.opts.Audit
}

// awaitReceipt waits until whoever asked has the result, or is dead.
func (q *helperRequest) awaitReceipt(conn *msgConn, began time.Time, r *helperReply) {
	if q.Audit == "" || q.Kind == kindExec {
		return
	}
	var got receipt
	fds, err := conn.receive(&got)
	closeAll(fds)
	if err != nil {
		q.unattended(began, r)
	}
}

// unattended writes the result of work whose end nobody has seen. Nobody is
// there to be told that it could not be written, either.
func (q *helperRequest) unattended(began time.Time, r *helperReply) {
	if q.Audit == "" || q.Kind == kindExec {
		return
	}
	err := replied(q.Op.String(), q.Ref, r)
	if err == nil && q.Op == runtime.Pack {
		err = unnamed(q.Ref, helperFiles)
	}
	_ = audit.Append(q.Audit, audit.Unattended(q.Record, q.Op.String(), q.Ref, time.Since(began), err, r.Exit))
}

// errHungUp is how a command ends whose lxcdeck has died.
var errHungUp = errors.New("lxcdeck has died, and the command was hung up on")

// unattendedExec writes the result of a command whose lxcdeck has died.
func (q *helperRequest) unattendedExec(began time.Time, code, signal int) {
	if q.Audit == "" || q.Kind != kindExec {
		return
	}
	exit := &runtime.Exit{Code: code, Signal: signal}
	_ = audit.Append(q.Audit, audit.Unattended(q.Record, audit.Exec, q.Ref, time.Since(began), errHungUp, exit))
}

// callerDied says whether it was the end of whoever has asked that closed the other
// end of the socket. Who hangs up alive writes the result itself. The descriptors of a
// process are closed before it is seen to be gone, but after its flag PF_EXITING is set
// (do_exit of the kernel's exit.c; proc_pid_stat(5), field 9).
func callerDied(conn *msgConn) bool {
	const exiting = 0x4
	if !conn.gone() {
		return false
	}
	pid, err := conn.peer()
	if err != nil || os.Getppid() != pid {
		return true
	}
	f, err := statFields(pid)
	if err != nil || f[0] == "Z" || f[0] == "X" {
		return true
	}
	flags, err := strconv.ParseUint(f[6], 10, 64)
	return err == nil && flags&exiting != 0
}

// unnamed says where an archive lies that is whole, and that nobody was left to give
// its name; nil = it has its name, or has none as a pipe. Whoever asked for it opened
// it under that one.
func unnamed(ref runtime.Ref, fd int) error {
	file, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd)) // else nothing is known of it
	if !strings.HasSuffix(file, partEnd) {
		return nil
	}
	return fail(runtime.Pack.String(), ref, fmt.Errorf("the archive is whole, but nobody was left to rename it: it lies at %s", file))
}
