package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
)

// This file runs in helpers.

// systemLogs is where liblxc logs of the system's lxcpath (build_log_path of log.c).
const systemLogs = "/var/log/lxc"

// logConf is what a config says of logs.
type logConf struct {
	lxc, console string // files of the host; "" = none
	ring         bool
	rootfs       string // the value of lxc.rootfs.path
	ids          hostIDs
	err          error // it was not read; nil = it was
}

// logKeeper is what a helper for logs has.
type logKeeper struct {
	ref   runtime.Ref
	init  int // of the container; 0 = it does not run
	conf  logConf
	root  *os.File // the container's; nil = see err
	pidfd int      // of its init; -1 = none
	err   error
	in    *insider // who may read what belongs to the ids of the container; nil = this process
	ready bool     // root was looked for
}

// helperLogs answers until nobody asks any more.
func helperLogs(conn *msgConn, q helperRequest) helperReply {
	k := &logKeeper{ref: q.Ref, init: q.Init, conf: readLogConf(q.Ref), pidfd: -1}
	defer k.close()
	for {
		r, f := k.answer(q.Text)
		var fds []int
		if f != nil {
			fds = []int{int(f.Fd())}
		}
		err := conn.send(r, fds)
		if f != nil {
			_ = f.Close()
		}
		if err != nil {
			return helperReply{Leaves: true}
		}
		q = helperRequest{}
		got, err := conn.receive(&q)
		closeAll(got)
		if err != nil || q.Kind != kindLogs || q.Ref != k.ref {
			return helperReply{Leaves: true} // it has hung up
		}
	}
}

// readLogConf reads the configuration, if it may be read here: as text, as liblxc would
// open the log that it names, and looks for places for its locks.
func readLogConf(ref runtime.Ref) (c logConf) {
	err := loadableHere(ref)
	var idmap []string
	if err == nil {
		err = eachSetting(filepath.Join(ref.String(), "config"), 0, func(key, value string) error {
			switch key {
			case "lxc.log.file":
				c.lxc = absolute(value)
			case "lxc.console.logfile":
				c.console = absolute(value) // it may be "none"
			case "lxc.console.buffer.size":
				c.ring = value != "" && value != "0"
			case "lxc.rootfs.path":
				c.rootfs = value
			case "lxc.idmap":
				if idmap = append(idmap, value); value == "" {
					idmap = nil // takes back what was said before
				}
			}
			return nil
		})
	}
	if err == nil {
		c.ids, err = parseIDMaps(idmap)
	}
	if err != nil {
		c = logConf{err: err}
	}
	return c
}

// absolute is a path that is one.
func absolute(path string) string {
	if !filepath.IsAbs(path) {
		return ""
	}
	return path
}

// answer answers one question.
func (k *logKeeper) answer(text []byte) (helperReply, *os.File) {
	var ask logAsk
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&ask); err != nil {
		return failedReply(fmt.Errorf("%w: %w", runtime.ErrHelper, err), ""), nil
	}
	var told logTold
	var f *os.File
	var err error
	switch {
	case ask.Open:
		f, err = k.open(&ask)
	case ask.Inside:
		told, err = k.inside()
	default:
		told = k.host()
	}
	return logReply(&told, err), f
}

// host lists the logs that are files of the host, and says whether there is a ring buffer.
func (k *logKeeper) host() logTold {
	told := logTold{Ring: k.conf.ring}
	for _, kind := range []runtime.LogKind{runtime.LogLXC, runtime.LogConsole} {
		name, err := k.hostFile(kind)
		if err != nil {
			continue
		}
		f := foundLog{Kind: kind, Path: name, Size: -1}
		if file, err := logfile.Open(logfile.Path(name)); err != nil {
			f.Why = logWhy(name, err)
		} else {
			f.Size, _ = file.Size()
			f.Changed, _ = file.Changed()
			_ = file.Close()
		}
		told.Logs = append(told.Logs, f)
	}
	return told
}

// hostFile is the file of a log of the host.
func (k *logKeeper) hostFile(kind runtime.LogKind) (string, error) {
	switch {
	case kind == runtime.LogConsole && k.conf.console != "":
		return k.conf.console, nil
	case kind == runtime.LogConsole && k.conf.err != nil:
		return "", fmt.Errorf("its config, which may name one, was not read: %w", k.conf.err)
	case kind == runtime.LogConsole:
		return "", fmt.Errorf("%w: lxc.console.logfile in its config names none", runtime.ErrNoLog)
	case k.conf.lxc != "":
		return k.conf.lxc, nil
	}
	// lxc_log_init and the tools of LXC log here, with -l and no -o.
	places := []string{filepath.Join(k.ref.String(), k.ref.Name+".log")}
	if k.ref.Path == confPath(systemConf) {
		places = append(places, filepath.Join(systemLogs, k.ref.Name+".log"))
	}
	best, newest := "", int64(0)
	for _, name := range places {
		var st unix.Stat_t
		if lstat(name, &st) == nil && (best == "" || nano(st.Mtim) > newest) {
			best, newest = name, nano(st.Mtim)
		}
	}
	if best == "" {
		return "", fmt.Errorf("%w: lxc.log.file in its config names none, and nothing was logged to %s", runtime.ErrNoLog, places[len(places)-1])
	}
	return best, nil
}

// find looks for the container's root, once.
func (k *logKeeper) find() error {
	if !k.ready {
		k.ready = true
		k.err = fileErr(k.openRoot())
	}
	return k.err
}

// why says why the root is not to be had; "" = it is.
func (k *logKeeper) why() string {
	if err := k.find(); err != nil {
		return err.Error()
	}
	return ""
}

func (k *logKeeper) openRoot() (err error) {
	if k.init > 0 {
		r, err := openRoot(k.init)
		if err != nil {
			return err
		}
		k.root, k.pidfd = os.NewFile(uintptr(r.dir), "root of "+k.ref.String()), r.pidfd
	} else if k.root, err = stoppedRoot(&k.conf); err != nil {
		return err
	}
	if needsInside(k.conf.ids) {
		if k.in, err = goInside(k.conf.ids, nil, k.root, ""); err != nil {
			_ = k.root.Close()
			k.root = nil
		}
	}
	return err
}

// stoppedRoot opens the root of a container that does not run.
func stoppedRoot(c *logConf) (*os.File, error) {
	if c.err != nil {
		return nil, fmt.Errorf("its config, which says where its root is, was not read: %w", c.err)
	}
	if c.rootfs == "" {
		return nil, &named{errors.New("its config names no root of its own"), runtime.ErrUnsupported}
	}
	s := storeOf(c.rootfs)
	if s.kind != storeDir && s.kind != storeBtrfs {
		return nil, &named{fmt.Errorf("its root (%s) is mounted only while it runs", s.kind), runtime.ErrUnsupported}
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, s.path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_MAGICLINKS,
	})
	if errors.Is(err, unix.ENOTDIR) {
		return nil, &named{fmt.Errorf("its root %s is an image or a volume, which is mounted only while it runs", s.path), runtime.ErrUnsupported}
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: s.path, Err: err}
	}
	return os.NewFile(uintptr(fd), s.path), nil
}

// inside lists the logs inside.
func (k *logKeeper) inside() (told logTold, err error) {
	switch why := k.why(); {
	case why != "":
		return logTold{Why: why}, nil
	case k.in == nil:
		told = logsInside(k.root)
	default:
		told, err = k.in.logs(context.Background())
	}
	if err == nil && !k.alive() {
		err = errStoppedMeanwhile
	}
	return told, err
}

// open opens one.
func (k *logKeeper) open(ask *logAsk) (f *os.File, err error) {
	if ask.Kind != runtime.LogFile {
		name, err := k.hostFile(ask.Kind)
		if err != nil {
			return nil, err
		}
		f, err = logfile.Path(name)()
		return f, logErr(err)
	}
	if k.replaced() {
		k.close()
		*k = logKeeper{ref: k.ref, conf: readLogConf(k.ref), pidfd: -1}
	}
	if err := k.find(); err != nil {
		return nil, err
	}
	if k.in == nil {
		f, err = openLogInside(k.root, ask.Path)
	} else {
		f, err = k.in.openLog(ask.Path)
	}
	if err == nil && !k.alive() { // what was opened may be a process's that got the init's number
		_ = f.Close()
		return nil, errStoppedMeanwhile
	}
	return f, err
}

// alive says whether the root is still that of the container.
func (k *logKeeper) alive() bool { return k.pidfd < 0 || alive(k.pidfd) }

// replaced says whether another root stands where that of a container that does not
// run was found, or none: it was destroyed, maybe made anew, or restored.
func (k *logKeeper) replaced() bool {
	if k.root == nil || k.pidfd >= 0 {
		return false
	}
	var was, now unix.Stat_t
	if unix.Fstat(int(k.root.Fd()), &was) != nil || unix.Stat(k.root.Name(), &now) != nil {
		return true
	}
	return was.Dev != now.Dev || was.Ino != now.Ino
}

func (k *logKeeper) close() {
	if k.in != nil {
		k.in.close()
	}
	if k.root != nil {
		_ = k.root.Close()
	}
	if k.pidfd >= 0 {
		_ = unix.Close(k.pidfd)
	}
}

// logs is logsInside of the directory that it was given.
func (in *insider) logs(ctx context.Context) (logTold, error) {
	r, err := in.ask(ctx, insideRequest{Do: insideLogs}, nil)
	if err != nil {
		return logTold{}, err
	}
	return r.Logs, nil
}

// openLog is openLogInside of that directory.
func (in *insider) openLog(name string) (*os.File, error) {
	if err := sendGob(in.conn, insideRequest{Do: insideOpenLog, Name: name, IDs: in.ids}); err != nil {
		return nil, in.lost(err)
	}
	var r insideReply
	fds, err := receiveFiles(in.conn, &r)
	if err != nil {
		closeAll(fds)
		return nil, in.lost(err)
	}
	reply := helperReply{OK: r.OK, Err: r.Err, ErrKind: r.ErrKind}
	err = reply.err()
	if err == nil && len(fds) != 1 {
		err = fmt.Errorf("%w: %d descriptors instead of a log", runtime.ErrHelper, len(fds))
	}
	if err != nil {
		closeAll(fds)
		return nil, err
	}
	return os.NewFile(uintptr(fds[0]), name), nil
}
