# shellcheck shell=bash
# Shared by the scripts of this directory; sourced, never run.

# root is the top of the source tree, cache the place for what is built once
# and kept outside of it: tools and virtual machine images.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # for those who source this
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/lxcdeck
# Packages that our scripts have installed, for demo-clean to name.
# shellcheck disable=SC2034
installed=$root/.ci/.installed-packages

# mke2fs, sshd and the like live in sbin, which is not in every user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Where Go's own archive and snap put it: sudo often drops them from PATH.
# shellcheck disable=SC2034
go_places=/usr/local/go/bin:/snap/bin

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE...: say it and give up. Status 1, or $status where the caller sets it.
die() {
	say "${0##*/}: $*"
	exit "${status:-1}"
}

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# as_root COMMAND...: run it as root, through sudo only when needed.
as_root() {
	if is_root; then
		"$@"
	elif have sudo; then
		sudo -- "$@"
	else
		die "this needs root, and there is no sudo: run it as root"
	fi
}
