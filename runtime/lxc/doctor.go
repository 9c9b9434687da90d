package lxc

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	golxc "github.com/lxc/go-lxc"

	"lxcdeck/runtime"
)

// The start doctor finds the cause of a failed start: in liblxc's own ERROR
// lines, and in what config and host say about them now. It looks in a helper,
// as a config is loaded and a root file system of somebody else's is read.

// diagnoseTime is how long the doctor may look.
const diagnoseTime = 30 * time.Second

// failedStart is what is known of a start that failed, as it travels to a
// helper: foreign text is bytes.
type failedStart struct {
	Kind     string // name of the sentinel that its error wraps; "" = none
	Err, Log []byte
}

// Diagnose explains a start that failed. The error is for a look that could
// not be taken; the Diagnosis then has liblxc's lines alone.
func (a *Adapter) Diagnose(ctx context.Context, ref runtime.Ref, failed error) (runtime.Diagnosis, error) {
	if err := ref.Check(); err != nil {
		return runtime.Diagnosis{}, fail("diagnose", ref, err)
	}
	f := &failedStart{Kind: errKind(failed)}
	var told *runtime.Error
	switch {
	case errors.As(failed, &told):
		f.Err, f.Log = []byte(told.Err.Error()), []byte(told.Log)
	case failed != nil:
		f.Err = []byte(failed.Error())
	}
	plain := runtime.Diagnosis{Log: f.lines()}
	as, err := a.userOfPath(ref.String())
	if err != nil && !exists(ref.String()) {
		as, err = a.userOfPath(ref.Path)
	}
	if unsafe := (*unsafeError)(nil); errors.As(err, &unsafe) {
		plain.Cause, plain.Advice = "lxcdeck does not let liblxc read its config: "+unsafe.Error()+".", unsafe.hint()
		return plain, nil
	}
	if err != nil {
		return plain, fail("diagnose", ref, err)
	}
	limited, cancel := context.WithTimeout(ctx, diagnoseTime)
	defer cancel()
	r, err := a.callHelper(limited, helperRequest{Kind: kindDiagnose, Ref: ref, ReadOnly: a.opts.ReadOnly, Failed: f}, as, nil)
	if err == nil {
		err = r.err()
	}
	if err != nil {
		return plain, fail("diagnose", ref, err)
	}
	var d runtime.Diagnosis
	if err := gob.NewDecoder(bytes.NewReader(r.Report)).Decode(&d); err != nil {
		return plain, fail("diagnose", ref, fmt.Errorf("%w: %w", runtime.ErrHelper, err))
	}
	return d, nil
}

// lines are liblxc's ERROR lines.
func (f *failedStart) lines() []string {
	return strings.FieldsFunc(string(f.Log), func(r rune) bool { return r == '\n' })
}

// helperDiagnose looks, in a helper.
func helperDiagnose(q helperRequest) helperReply {
	p := newPatient(q.Ref, q.Failed)
	defer p.release()
	var report bytes.Buffer
	if err := gob.NewEncoder(&report).Encode(p.diagnose()); err != nil {
		return failedReply(fmt.Errorf("%w: %w", runtime.ErrHelper, err), "")
	}
	return helperReply{OK: true, Report: report.Bytes()}
}

// patient is one container whose start failed, under the doctor's eyes.
type patient struct {
	ref    runtime.Ref
	kind   error    // of the failure; nil = none of ours
	text   string   // the failure's own words
	log    []string // liblxc's ERROR lines
	uid    int
	c      *golxc.Container // nil = its config cannot be loaded, and
	load   error            // why
	net    netService
	subuid string // files
	subgid string
	detail []string // what was looked at and found
}

func newPatient(ref runtime.Ref, f *failedStart) *patient {
	p := &patient{ref: ref, uid: os.Geteuid(), net: newNetService(), subuid: "/etc/subuid", subgid: "/etc/subgid"}
	if f != nil {
		p.kind, p.text, p.log = errKinds()[f.Kind], string(f.Err), f.lines()
	}
	if p.load = loadableHere(ref); p.load != nil {
		return p
	}
	if c, err := golxc.NewContainer(ref.Name, ref.Path); err == nil {
		p.c = c
	} else {
		p.load = unloadable(ref)
	}
	return p
}

func (p *patient) release() {
	if p.c != nil {
		_ = p.c.Release() // fails only for a handle that was released before
	}
}

// diagnose asks each rule in turn: first whether there is a config at all, then
// what the whole host lacks, then in the order in which liblxc sets up a
// container. The first that knows the cause is believed.
func (p *patient) diagnose() runtime.Diagnosis {
	for _, rule := range []func() *runtime.Diagnosis{
		p.noContainer, p.refused, p.badConfig, p.fullHost, p.tooManyFiles,
		p.badNetwork, p.badIDs, p.badHook, p.badCgroup, p.closedPath, p.noRoot, p.badFile, p.badMount, p.hostRoot, p.badConsole,
		p.badAppArmor, p.badSeccomp, p.badInit, p.otherCauses, p.tooLate,
	} {
		if d := rule(); d != nil {
			d.Detail, d.Log = p.detail, p.log
			return *d
		}
	}
	d := runtime.Diagnosis{Detail: p.detail, Log: p.log}
	if len(p.log) > 0 {
		d.Advice = "liblxc's first line is usually the cause, those after it its callers: " + p.log[0]
	} else {
		d.Advice = "liblxc gave no reason. In the foreground it says more: lxc-start -P " + runtime.ShellQuote(p.ref.Path) +
			" -n " + runtime.ShellQuote(p.ref.Name) + " -F -l DEBUG -o /dev/stderr"
	}
	return d
}

// found is a cause and what to do about it.
func found(cause, advice string) *runtime.Diagnosis {
	return &runtime.Diagnosis{Cause: cause, Advice: advice}
}

// saw notes what was looked at.
func (p *patient) saw(format string, args ...any) {
	p.detail = append(p.detail, fmt.Sprintf(format, args...))
}

// values are those of a key of its config.
func (p *patient) values(key string) []string {
	if p.c == nil {
		return nil
	}
	return items(p.c, key)
}

// line is the first of liblxc's lines that has all of parts in it; "" = none.
func (p *patient) line(parts ...string) string {
	for _, l := range p.log {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(l, part) }) {
			return l
		}
	}
	return ""
}

func (p *patient) said(parts ...string) bool { return p.line(parts...) != "" }

// quotedAfter is what stands between the quotes behind a mark in a line.
func quotedAfter(line, mark string) string {
	_, rest, ok := strings.Cut(line, mark+`"`)
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(rest, `"`)
	return text
}

// inside says whether a path lies in the container's own directory, or is it.
func (p *patient) inside(path string) bool {
	rel, err := filepath.Rel(p.ref.String(), path)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// tooLate is for a start that was given up.
func (p *patient) tooLate() *runtime.Diagnosis {
	if !errors.Is(p.kind, runtime.ErrNoAnswer) {
		return nil
	}
	hooks := p.hooks()
	for _, h := range hooks {
		p.saw("%s = %s", h.key, h.value)
	}
	if len(hooks) == 0 {
		return found("It did not come up in time.", "Look whether the host is overloaded, or its root lies on a file system that does not answer.")
	}
	return found("It did not come up in time; its config has hooks, and one of them may hang.", "Run them by hand, one after another.")
}

// refused is for a start that was not even tried.
func (p *patient) refused() *runtime.Diagnosis {
	var advice string
	switch {
	case errors.Is(p.kind, runtime.ErrLocked):
		advice = "Ask whoever locked it; unlock takes the lock away."
	case errors.Is(p.kind, runtime.ErrWrongState), errors.Is(p.kind, runtime.ErrBusy):
		advice = "Look at it in the list: somebody else may have started it."
	case errors.Is(p.kind, runtime.ErrReadOnly):
		advice = "Run lxcdeck without --read-only (in the settings: read_only)."
	case errors.Is(p.kind, runtime.ErrManaged):
		advice = "Start it with that manager's own command."
	default:
		return nil
	}
	return found("Its start was refused: "+p.text+".", advice)
}
