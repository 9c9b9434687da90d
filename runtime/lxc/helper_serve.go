package lxc

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	golxc "github.com/lxc/go-lxc"
	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
)

const (
	// helperFailed is a helper's exit status when it could not even answer.
	helperFailed = 125
	// softNoFile is the soft limit of open files that a login gives. Go raises
	// its own to the hard one and would hand that on to containers, where
	// old programs close every possible descriptor one by one.
	softNoFile = 1024
	// maxLog is how much of liblxc's log a reply carries, in bytes.
	maxLog = 64 << 10
	// overtime is what a helper whose caller died may take beyond its timeout.
	overtime = 30 * time.Second
)

// HelperMain makes this process a helper if it was started as one: it serves
// and exits. Otherwise it returns at once. main calls it before anything else,
// and so does TestMain of every test that drives real containers.
func HelperMain() {
	switch {
	case len(os.Args) != 2:
		return
	case os.Args[1] == insideArg:
		unix.Exit(serveInside())
	case os.Args[1] != helperArg && os.Args[1] != starterArg:
		return
	}
	// Not os.Exit, which sleeps for a second where the race detector is built in:
	// the end of a helper is what gives its tty to others.
	unix.Exit(serveHelper())
}

// serveHelper is a helper's whole life.
func serveHelper() int {
	conn, err := helperConn()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lxcdeck: not to be started by hand:", err)
		return helperFailed
	}
	// A handler and not SIG_IGN, which the container would inherit: what
	// changes a container runs to its end, whatever becomes of the terminal.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	starts := openStarter()
	for {
		var q helperRequest
		fds, err := conn.receive(&q)
		closeAll(fds)
		if err != nil {
			return helperFailed
		}
		began := time.Now()
		r := serve(conn, starts, q)
		if err := conn.send(r, nil); err != nil {
			q.unattended(began, &r)
			return helperFailed
		}
		q.awaitReceipt(conn, began, &r)
		if q.Stay <= 0 || r.Leaves {
			return 0
		}
		if !conn.waits(q.Stay) {
			return 0
		}
	}
}

// helperConn checks that this process has the socket of a helper, and makes
// of it what a helper is: nothing inherited goes on into a container.
func helperConn() (*msgConn, error) {
	domain, err := unix.GetsockoptInt(helperSocket, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return nil, fmt.Errorf("no socket: %w", err)
	}
	if domain != unix.AF_UNIX {
		return nil, errors.New("socket is of another kind")
	}
	if err := unix.CloseRange(helperSocket, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return nil, fmt.Errorf("close_range: %w", err)
	}
	unix.Umask(0o022)
	if err := os.Chdir("/"); err != nil {
		return nil, err
	}
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err == nil && lim.Cur > softNoFile {
		lim.Cur = softNoFile
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &lim)
	}
	return newMsgConn(helperSocket)
}

// serve does what is asked, after checking again what the caller has checked.
func serve(conn *msgConn, starts *starter, q helperRequest) (r helperReply) {
	defer func() {
		if p := recover(); p != nil {
			r = failedReply(fmt.Errorf("%w: panic: %v", runtime.ErrHelper, p), "")
			r.Leaves = true
		}
	}()
	if q.Op.Info().Kind != runtime.OnHost {
		if err := q.Ref.Check(); err != nil {
			return failedReply(err, "")
		}
	}
	if q.ReadOnly && !looks(q.Kind) {
		return failedReply(runtime.ErrReadOnly, "")
	}
	switch {
	case q.Kind == kindOp:
		if q.Timeout > 0 {
			// With its caller dead, nobody else ends a helper that hangs.
			began := time.Now()
			defer time.AfterFunc(q.Timeout+overtime, func() {
				r := failedReply(tooLate("not done within %s; it was given up", q.Timeout+overtime), "")
				q.unattended(began, &r)
				os.Exit(helperFailed)
			}).Stop()
		}
		return helperOp(conn, starts, q)
	case q.Kind == kindMake:
		return helperMake(q)
	case q.Kind == kindUndo:
		return helperUndo(conn, q)
	case (q.Kind == kindAttach || q.Kind == kindExec) && q.Shell != nil:
		return helperAttach(conn, q)
	case q.Kind == kindConsole:
		return helperConsole(conn, q)
	case q.Kind == kindBootLog:
		return helperBootLog(q.Ref)
	case q.Kind == kindDiagnose:
		return helperDiagnose(q)
	case q.Kind == kindLimits:
		return helperLimits(q.Ref)
	case q.Kind == kindSnapshots:
		return helperSnapshots(q.Ref)
	case q.Kind == kindPasswd:
		return helperPasswd(q.Init)
	case q.Kind == kindSpace:
		return helperSpace(conn, q)
	case q.Kind == kindLogs:
		return helperLogs(conn, q)
	case q.Kind == kindFiles:
		return helperFilesList(conn, q)
	case q.Kind == kindConfig, q.Kind == kindCheckConfig, q.Kind == kindConfigBackup:
		return helperConfig(q)
	default:
		return failedReply(fmt.Errorf("%w: unknown request %q", runtime.ErrHelper, q.Kind), "")
	}
}

// looks says whether requests of a kind change nothing.
func looks(kind string) bool {
	switch kind {
	case kindBootLog, kindDiagnose, kindLimits, kindSnapshots, kindPasswd, kindSpace, kindLogs, kindFiles, kindConfig, kindCheckConfig, kindConfigBackup:
		return true
	default:
		return false
	}
}

// captureLog makes liblxc write the ERROR lines of c to memory and gives a
// function that reads them. Not for handles that save their configuration:
// the log's name would be saved with it.
func captureLog(c *golxc.Container) (read func() string) {
	read, _ = captureLogFile(c)
	return read
}

// captureLogFile is captureLog for who closes the file when all is read; nil =
// there is none.
func captureLogFile(c *golxc.Container) (read func() string, file *os.File) {
	f, err := memFile("liblxc log")
	if err != nil {
		return func() string { return "" }, nil
	}
	_ = c.SetLogFile("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	_ = c.SetLogLevel(golxc.ERROR)
	return func() string {
		b := make([]byte, maxLog)
		n, _ := f.ReadAt(b, 0)
		return cleanLog(string(b[:n]))
	}, f
}

// cleanLog cuts liblxc's log lines, "lxc NAME TIME ERROR CATEGORY -
// FILE:FUNCTION:LINE - MESSAGE", down to their messages, its own words, and hides
// secrets that they repeat.
func cleanLog(log string) string {
	var out []string
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if parts := strings.SplitN(line, " - ", 3); len(parts) == 3 {
			line = parts[2]
		}
		if line != "" {
			out = append(out, maskWords(line))
		}
	}
	return strings.Join(out, "\n")
}
