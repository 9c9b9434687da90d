package runtimetest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lxcdeck/runtime"
)

// shipOne carries out an operation with an archive and gives what was told at its end.
func (s *suite) shipOne(t *testing.T, q runtime.Request) (*runtime.Shipped, error) {
	t.Helper()
	var mu sync.Mutex
	var what *runtime.Shipped
	q.Progress = func(p runtime.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if p.Shipped != nil {
			what = p.Shipped
		}
	}
	err := s.rt.Do(s.context(t), q)
	mu.Lock()
	defer mu.Unlock()
	if err == nil && what == nil {
		t.Errorf("%s: nothing was told of what it came to", q.Op)
	}
	return what, err
}

// testShip packs in every state that lasts, and unpacks.
func testShip(t *testing.T, s *suite) {
	ref := s.make(t, "ship", runtime.Stopped)
	wantError(t, s.rt.Do(s.context(t), runtime.Request{Op: runtime.Pack, Ref: ref, Args: &runtime.PackArgs{}}), runtime.ErrInvalid, "pack", ref)
	var text []byte
	for _, state := range []runtime.State{runtime.Stopped, runtime.Running, runtime.Frozen} {
		s.bring(t, ref, state)
		f, err := os.Create(filepath.Join(t.TempDir(), "archive"))
		if err != nil {
			t.Fatal(err)
		}
		what, err := s.shipOne(t, runtime.Request{Op: runtime.Pack, Ref: ref, Args: &runtime.PackArgs{}, File: f})
		if err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		s.await(t, ref, state)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if text, err = os.ReadFile(f.Name()); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); what != nil && (what.SHA256 != hex.EncodeToString(sum[:]) || what.Size != uint64(len(text)) || what.Entries == 0) {
			t.Errorf("%s: told %+v of an archive of %d bytes", state, what, len(text))
		}
	}
	sum := sha256.Sum256(text)
	made := s.ref(0, "shipped")
	for _, c := range []struct {
		name   string
		text   []byte
		sha    string
		config string // that was looked at; "" = none was
		ok     bool
	}{
		{"another sum", text, strings.Repeat("ab", 32), "", false},
		{"no archive", []byte("no archive"), "", "", false},
		{"another config than was looked at", text, "", "lxc.uts.name = another\n", false},
		{"sound", text, hex.EncodeToString(sum[:]), "", true},
	} {
		args := &runtime.UnpackArgs{SHA256: c.sha}
		if c.config != "" {
			args.Looked([]byte(c.config))
		}
		what, err := s.shipOne(t, runtime.Request{Op: runtime.Unpack, Ref: made, Args: args, File: s.piped(t, c.text)})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ok {
			t.Cleanup(func() { s.Remove(t, made) })
			if got := s.get(t, made); got.State != runtime.Stopped {
				t.Errorf("%s: it is %s", c.name, got.State)
			}
			if what != nil && (what.SHA256 != c.sha || what.Size != uint64(len(text))) {
				t.Errorf("%s: told %+v", c.name, what)
			}
			continue
		}
		for _, got := range s.list(t) {
			if got.Ref == made {
				t.Errorf("%s: it is there", c.name)
			}
		}
	}
	_, err := s.shipOne(t, runtime.Request{Op: runtime.Unpack, Ref: made, Args: &runtime.UnpackArgs{}, File: s.piped(t, text)})
	wantError(t, err, runtime.ErrExists, "unpack", made)
	ro := runtime.ReadOnly(s.rt)
	wantError(t, ro.Do(s.context(t), runtime.Request{Op: runtime.Pack, Ref: ref}), runtime.ErrReadOnly, "pack", ref)
}

// piped gives a text through a pipe.
func (s *suite) piped(t *testing.T, text []byte) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	go func() {
		_, _ = w.Write(text) // whoever reads may have had enough
		w.Close()
	}()
	return r
}
