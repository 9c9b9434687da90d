package lxc

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"

	"lxcdeck/runtime"
)

// Names, paths and arguments are bytes, and JSON has only text: what is no UTF-8
// would arrive as U+FFFD, which may be another container or another file. So
// requests carry them as byte strings.

// wireRequest is a helperRequest as it travels.
type wireRequest struct {
	plainRequest            // without its Ref, Args, Paths and Shell
	Ref          [2][]byte  // lxcpath, name
	Args         []byte     `json:",omitempty"` // in gob, whose strings are bytes; the Op tells the type
	Paths        [][]byte   `json:",omitempty"`
	Shell        *wireShell `json:",omitempty"`
}

type plainRequest helperRequest

type wireShell struct {
	Ref             [2][]byte
	Command, Env    [][]byte
	User, Cwd, Term []byte
	Cols, Rows      int
}

// MarshalJSON is for messages to a helper.
func (q helperRequest) MarshalJSON() ([]byte, error) {
	w := wireRequest{plainRequest: plainRequest(q), Ref: refBytes(q.Ref), Paths: bytesOf(q.Paths)}
	w.plainRequest.Args, w.plainRequest.Paths = nil, nil
	if q.Args != nil {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(q.Args); err != nil {
			return nil, err
		}
		w.Args = b.Bytes()
	}
	if s := q.Shell; s != nil {
		w.Shell = &wireShell{
			Ref: refBytes(s.Ref), Command: bytesOf(s.Command), Env: bytesOf(s.Env),
			User: []byte(s.User), Cwd: []byte(s.Cwd), Term: []byte(s.Term), Cols: s.Cols, Rows: s.Rows,
		}
	}
	return json.Marshal(w)
}

// UnmarshalJSON is for messages to a helper.
func (q *helperRequest) UnmarshalJSON(b []byte) error {
	var w wireRequest
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*q = helperRequest(w.plainRequest)
	q.Ref, q.Paths = refOf(w.Ref), stringsOf(w.Paths)
	if len(w.Args) > 0 {
		if q.Args = q.Op.NewArgs(); q.Args == nil {
			return fmt.Errorf("%w: %s takes no arguments", runtime.ErrInvalid, q.Op)
		}
		if err := gob.NewDecoder(bytes.NewReader(w.Args)).Decode(q.Args); err != nil {
			return err
		}
	}
	if s := w.Shell; s != nil {
		q.Shell = &runtime.Shell{
			Ref: refOf(s.Ref), Command: stringsOf(s.Command), Env: stringsOf(s.Env),
			User: string(s.User), Cwd: string(s.Cwd), Term: string(s.Term), Cols: s.Cols, Rows: s.Rows,
		}
	}
	return nil
}

func refBytes(r runtime.Ref) [2][]byte { return [2][]byte{[]byte(r.Path), []byte(r.Name)} }
func refOf(b [2][]byte) runtime.Ref    { return runtime.Ref{Path: string(b[0]), Name: string(b[1])} }

func bytesOf(all []string) [][]byte {
	var out [][]byte
	for _, s := range all {
		out = append(out, []byte(s))
	}
	return out
}

func stringsOf(all [][]byte) []string {
	var out []string
	for _, b := range all {
		out = append(out, string(b))
	}
	return out
}
