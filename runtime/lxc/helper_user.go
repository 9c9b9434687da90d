package lxc

import (
	"errors"
	"fmt"
	"os"
	osuser "os/user"
	"strconv"

	"lxcdeck/runtime"
)

// helperUser is who a helper for this container has to become: nobody else
// (nil) when its configuration is ours to load, and its owner when we are
// root and it belongs to a user. Otherwise the error says why not.
func (a *Adapter) helperUser(ref runtime.Ref) (*user, error) {
	return userFor(a.loadable(ref))
}

// userFor is helperUser for what the inspection of a configuration found.
func userFor(err error) (*user, error) {
	if err == nil {
		return nil, nil
	}
	uid := foreignUID(err)
	if uid == nil || os.Geteuid() != 0 {
		return nil, err
	}
	u, lookupErr := userOf(*uid)
	var nobody osuser.UnknownUserIdError
	if errors.As(lookupErr, &nobody) { // a mapped root, say: the hint tells what to do
		return nil, err
	}
	if lookupErr != nil {
		return nil, fmt.Errorf("%w: %w", err, lookupErr)
	}
	return u, nil
}

// userOf reads an account of the host.
func userOf(uid int) (*user, error) {
	u, err := osuser.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil, fmt.Errorf("uid %d: %w", uid, err)
	}
	gid, ok := parseID(u.Gid)
	if !ok {
		return nil, fmt.Errorf("uid %d: group %q", uid, u.Gid)
	}
	out := &user{uid: uid, gid: gid, home: u.HomeDir}
	names, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of uid %d: %w", uid, err)
	}
	for _, name := range names {
		if g, ok := parseID(name); ok {
			out.groups = append(out.groups, g)
		}
	}
	return out, nil
}
