package runtime

import "time"

// Past is one operation that is over, as the audit log tells of it.
type Past struct {
	At      time.Time // when it was asked for
	Who     string    // login name; foreign text
	Op      string    // verb: "stop", "create"
	Ref     Ref
	To      Ref           // what Ref was copied or renamed to; zero = nothing, or it is not known
	Result  string        // PastDone, else what went wrong in its own words; "" = its end was never written
	Took    time.Duration // 0 = not known
	Command string        // the equal lxc-* command; "" = there is none
	// Unattended says that it ran to its end after the lxcdeck that began it was gone.
	Unattended bool
}

// PastDone is the Result of what went well.
const PastDone = "done"
