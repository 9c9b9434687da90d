package audit

import (
	"os"
	osuser "os/user"
	"strconv"
	"time"

	"lxcdeck/runtime"
)

// Past gives what was done before and beside this process, the newest first, at
// most so many operations: intents with the results that belong to them.
func Past(path string, most int) ([]runtime.Past, error) {
	results := map[string]*Record{}
	var out []runtime.Past
	err := backwards(path, func(r *Record) bool {
		switch {
		case r.Phase == Result:
			results[r.ID] = r
		case r.PID != os.Getpid():
			out = append(out, r.past(results[r.ID]))
		}
		return len(out) < most
	})
	return out, err
}

// Missed gives what came to its end since a time while nobody looked, the newest
// first.
func Missed(path string, since time.Time) ([]runtime.Past, error) {
	results, err := SinceUnattended(path, since)
	out := make([]runtime.Past, 0, len(results))
	for i := range results {
		out = append(out, results[i].past(&results[i]))
	}
	return out, err
}

// past is an intent, or what is known of it, with its result; nil = none was written.
func (r *Record) past(result *Record) runtime.Past {
	p := runtime.Past{At: r.Time.Local(), Who: r.who(), Op: r.What, Ref: runtime.Ref{Path: r.Path, Name: r.Name}, Command: r.LXC}
	switch to := r.Args["to"].(type) { // see argsOf
	case map[string]any: // a Ref
		p.To.Path, _ = to["path"].(string)
		p.To.Name, _ = to["name"].(string)
	case string: // a rename stays in its lxcpath
		p.To = runtime.Ref{Path: r.Path, Name: to}
	}
	if result == nil {
		return p
	}
	p.Took = time.Duration(result.Seconds * float64(time.Second))
	p.Unattended = result.Unattended
	switch {
	case result.Error != "":
		p.Result = result.Error
	case result.Code != nil && *result.Code != 0:
		p.Result = runtime.Exit{Code: *result.Code}.String()
	default:
		p.Result = runtime.PastDone
	}
	return p
}

// who is the login name behind a record: as the kernel knows it, else as sudo
// claims, else that of the process.
func (r *Record) who() string {
	if r.LoginUID != nil {
		return nameOf(int(*r.LoginUID))
	}
	if r.SudoUser != "" {
		return r.SudoUser
	}
	return nameOf(r.UID)
}

func nameOf(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := osuser.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
