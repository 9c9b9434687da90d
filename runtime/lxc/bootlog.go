package lxc

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"time"

	"lxcdeck/runtime"
)

// bootLogTime is how long a boot log may take where the caller's context has no
// deadline: it may lie on a file system that does not answer.
const bootLogTime = 10 * time.Second

// bootLogs remembers what was read of ring buffers: the monitor moves on behind
// every read, whether it is told to clear or not (lxc_cmd_console_log_callback
// in liblxc's commands.c).
type bootLogs struct {
	mu   sync.Mutex
	logs map[runtime.Ref]*bootLog
}

// bootLog is that of one container's life.
type bootLog struct {
	turn chan struct{} // one token: what was read first comes first
	life string        // its init, and when that started in ticks after boot
	text []byte
	end  int64 // how many bytes it has had in this life
}

// ringAt is a ring buffer at a moment: the last of what it has had.
type ringAt struct {
	text []byte
	life string // "" = there is no ring buffer, and the text is that of a file
	end  int64
}

func newBootLogs() *bootLogs { return &bootLogs{logs: map[runtime.Ref]*bootLog{}} }

func (b *bootLogs) of(ref runtime.Ref) *bootLog {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.logs[ref]
	if l == nil {
		l = &bootLog{turn: make(chan struct{}, 1)}
		b.logs[ref] = l
	}
	return l
}

// BootLog asks a helper for what the console has printed.
func (a *Adapter) BootLog(ctx context.Context, ref runtime.Ref) ([]byte, error) {
	at, err := a.bootLogAt(ctx, ref)
	return at.text, fail("boot log", ref, err)
}

func (a *Adapter) bootLogAt(ctx context.Context, ref runtime.Ref) (at ringAt, err error) {
	if err := ref.Check(); err != nil {
		return at, err
	}
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, bootLogTime)
		defer cancel()
	}
	as, err := a.helperUser(ref)
	if err != nil {
		return at, err
	}
	known := a.boots.of(ref)
	select {
	case known.turn <- struct{}{}:
		defer func() { <-known.turn }()
	case <-ctx.Done():
		return at, ended(ctx)
	}
	// liblxc would wait for a silent monitor; what else there may be to say of
	// its state does not matter for a log.
	in := inspector{walk: newWalker(a.trust), cache: a.configs}
	c := a.look(ctx, ref, in.inspect(ref).err)
	if ctx.Err() != nil {
		return at, ended(ctx)
	}
	if !c.NoAnswerSince.IsZero() {
		return at, &silence{c.NoAnswerSince}
	}
	r, err := a.callHelper(ctx, helperRequest{Kind: kindBootLog, Ref: ref}, as, nil)
	if err != nil {
		return at, err
	}
	if err := replied("boot log", ref, &r); err != nil || r.Init == 0 {
		known.forget()
		return ringAt{text: r.Text}, err
	}
	return known.add(r), nil
}

func (l *bootLog) forget() { l.life, l.text, l.end = "", nil, 0 }

// add puts what was read behind what is remembered of the same life, and gives
// all of it.
func (l *bootLog) add(r helperReply) ringAt {
	life := ""
	if fields, err := statFields(r.Init); err == nil {
		life = strconv.Itoa(r.Init) + " " + fields[19] // field 22 of proc_pid_stat(5)
	}
	if life == "" || life != l.life {
		l.text, l.life, l.end = nil, life, 0
	}
	l.text = lastPart(append(l.text, r.Text...))
	l.end += int64(len(r.Text))
	return ringAt{text: bytes.Clone(l.text), life: life, end: l.end}
}
