package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lxcdeck/runtime"
	"lxcdeck/runtime/logfile"
)

// Logs are looked for and opened in helpers: a file system of a container need not
// answer. A helper stays for as long as a log is open and is asked again and again;
// it travels in gob, whose strings are bytes.

// logAsk is one question; the zero one lists the logs of the host.
type logAsk struct {
	Inside bool            // list those inside
	Open   bool            // open one
	Kind   runtime.LogKind // of it
	Path   string          // of a LogFile, as the container sees it
}

// logTold is the answer. What was opened comes as a descriptor beside it.
type logTold struct {
	Logs    []foundLog
	Journal bool   // there is a journalctl inside
	Why     string // nothing inside can be looked at; "" = it can
	Ring    bool   // the config asks for a ring buffer
}

// foundLog is a LogSource as it travels.
type foundLog struct {
	Kind    runtime.LogKind
	Path    string
	Size    int64 // bytes; negative = not known
	Changed time.Time
	Why     string
}

func (f *foundLog) source() runtime.LogSource {
	s := runtime.LogSource{Kind: f.Kind, Path: f.Path, Changed: f.Changed, Why: f.Why}
	if f.Size >= 0 {
		s.Size = runtime.Of(uint64(f.Size))
	}
	return s
}

// logRequest makes the request of a helper.
func logRequest(ref runtime.Ref, init int, ask *logAsk) (helperRequest, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(ask); err != nil {
		return helperRequest{}, fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	return helperRequest{Kind: kindLogs, Ref: ref, Init: init, Text: b.Bytes()}, nil
}

// askLogs asks a helper that has been started one thing. A helper that gave no answer
// has ended, or was killed: answered is false then.
func askLogs(ctx context.Context, p *helperProc, q helperRequest) (told logTold, f *os.File, answered bool, err error) {
	if err := p.conn.send(q, nil); err != nil {
		return told, nil, false, fmt.Errorf("%w: send request: %w", runtime.ErrHelper, err)
	}
	r, fds, err := p.receive(ctx)
	if err == nil && r.OK && len(fds) > 0 {
		f, fds = os.NewFile(uintptr(fds[0]), "log"), fds[1:]
	}
	closeAll(fds)
	if err != nil {
		return told, nil, false, err
	}
	if err := r.err(); err != nil {
		return told, nil, true, err
	}
	if err := gob.NewDecoder(bytes.NewReader(r.Text)).Decode(&told); err != nil {
		if f != nil {
			_ = f.Close()
		}
		return told, nil, true, fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	return told, f, true, nil
}

// logReply is told as it travels.
func logReply(told *logTold, err error) helperReply {
	if err != nil {
		return failedReply(err, "")
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(told); err != nil {
		return failedReply(err, "")
	}
	return helperReply{OK: true, Text: b.Bytes()}
}

// logErr puts what was in the way of a log into the contract's words.
func logErr(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, logfile.ErrNotRegular), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO):
		return &named{err, runtime.ErrInvalid}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return &named{err, runtime.ErrNoLog}
	default:
		return fileErr(err)
	}
}

// logWhy is why a log cannot be opened, for a list that has its path beside it and
// little room.
func logWhy(name string, err error) string {
	text := strings.TrimPrefix(bareErr(err).Error(), "open log: ")
	return strings.Replace(text, name+" is ", "it is ", 1)
}
