package lxc

import (
	"os"
	osuser "os/user"
	"strconv"
	"strings"
	"time"

	"lxcdeck/runtime"
)

// noLogin is the kernel's loginuid of a process that came from no login
// (audit's AUDIT_UID_UNSET).
const noLogin = 1<<32 - 1

// maxClaim is how much of a name that somebody claims is kept, in bytes.
const maxClaim = 64

// nameTime is how long the start waits for this user's name.
const nameTime = time.Second

// who names the person who runs this process: by the kernel's loginuid, which
// su and sudo do not change; else by the user id, with what sudo claims.
func who() string {
	text, err := os.ReadFile("/proc/self/loginuid")
	uid, perr := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err == nil && perr == nil && uid != noLogin {
		return userName(int(uid))
	}
	name := userName(os.Getuid())
	if claim := os.Getenv("SUDO_USER"); claim != "" && claim != name {
		name += " (SUDO_USER " + claim[:min(len(claim), maxClaim)] + ")"
	}
	return name
}

// accountName is a user as commands and files of the system take it: the login name,
// else the number, also where the server that knows names does not answer.
func accountName(uid int) string {
	number := strconv.Itoa(uid)
	got := make(chan string, 1)
	runtime.Spawn("look up a user's name", func(error) { got <- number }, func() {
		if u, err := osuser.LookupId(number); err == nil {
			number = u.Username
		}
		got <- number
	})
	select {
	case name := <-got:
		return name
	case <-time.After(nameTime):
		return strconv.Itoa(uid)
	}
}

func userName(uid int) string {
	u, err := osuser.LookupId(strconv.Itoa(uid))
	if err != nil {
		return "uid " + strconv.Itoa(uid)
	}
	return u.Username
}
