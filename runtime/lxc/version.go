package lxc

// #include <lxc/version.h>
import "C"

import golxc "github.com/lxc/go-lxc"

// Version is that of the liblxc which is here, such as "5.0.2".
func Version() string { return golxc.Version() }

// BuiltWith is the version of the liblxc whose headers this was built with.
func BuiltWith() string { return C.LXC_VERSION }
