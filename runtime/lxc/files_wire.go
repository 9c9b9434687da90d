package lxc

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io/fs"
	"time"

	"lxcdeck/runtime"
)

// foundFile is a FileEntry as it travels, in gob, whose strings are bytes.
type foundFile struct {
	Name, Target string
	Kind         runtime.FileKind
	Size         int64 // bytes; negative = not known
	Mode         fs.FileMode
	UID, GID     uint32
	Changed      time.Time
	Mount        bool
}

// foundFolder is a Folder as it travels.
type foundFolder struct {
	Path    string
	Entries []foundFile
	More    int
	Free    uint64 // bytes
	Users   map[uint32]string
	Groups  map[uint32]string
}

// filesPart is how many entries travel in one message from inside a user namespace.
const filesPart = 500

// folder is the Folder that travelled.
func (f *foundFolder) folder() runtime.Folder {
	out := runtime.Folder{Path: f.Path, More: f.More, Free: runtime.Of(f.Free), Entries: make([]runtime.FileEntry, 0, len(f.Entries))}
	for i := range f.Entries {
		e := &f.Entries[i]
		to := runtime.FileEntry{
			Name: e.Name, Kind: e.Kind, Mode: e.Mode, UID: e.UID, GID: e.GID, Owner: f.Users[e.UID], Group: f.Groups[e.GID],
			Changed: e.Changed, Target: e.Target, Mount: e.Mount,
		}
		if e.Size >= 0 {
			to.Size = runtime.Of(uint64(e.Size))
		}
		out.Entries = append(out.Entries, to)
	}
	return out
}

// filesRequest asks a helper for a folder.
func filesRequest(ref runtime.Ref, init int, dir string) helperRequest {
	return helperRequest{Kind: kindFiles, Ref: ref, Init: init, Text: []byte(dir)}
}

// textPart is how much of a long answer travels in one message, in bytes: a message is
// JSON, where they take a third more.
const textPart = 1 << 20

// sendLong sends a long answer in parts, as what a program would have written.
func sendLong(conn *msgConn, v any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return fmt.Errorf("%w: %w", runtime.ErrHelper, err)
	}
	for b.Len() > 0 {
		if err := conn.send(helperReply{Progress: &runtime.Progress{Output: b.Next(textPart)}}, nil); err != nil {
			return err
		}
	}
	return nil
}

// tells is what a message of a helper's tells of how it goes.
func (r *helperReply) tells() runtime.Progress {
	p := *r.Progress
	if len(r.Copied) > 0 {
		p.Copied = new(runtime.Copied)
		if gob.NewDecoder(bytes.NewReader(r.Copied)).Decode(p.Copied) != nil {
			p.Copied = nil
		}
	}
	return p
}
