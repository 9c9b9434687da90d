#!/bin/bash
# scenario.sh root|user: the program itself on real containers, in the virtual
# machine: list, figures, shell, exit codes. Every check is one line; status 1
# when one has failed.
# The checks are called by name.
# shellcheck disable=SC2317
set -u
deck=${LXCDECK_BIN:-/usr/bin/lxcdeck}
failed=0
tmp=$(mktemp -d)

# ok NAME COMMAND...: one check.
ok() {
	local name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "--- PASS: $name"
	else
		echo "--- FAIL: $name (status $?): $*"
		sed 's/^/    /' "$tmp/out" | head -n 30
		failed=1
	fi
}

# json FILE FILTER: does the filter say true of the one document in the file?
json() { jq -es "length == 1 and (.[0] | $2)" "$1" || { cat "$1" && return 1; }; }

# status WANTED COMMAND...
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "status $got, wanted $want" && return 1; }
}

# prints WANTED COMMAND...: exactly this on standard output.
prints() {
	local want=$1 got
	shift
	got=$("$@") || return
	[ "$got" = "$want" ] || { printf 'printed %q, wanted %q\n' "$got" "$want" && return 1; }
}

# waits COMMAND...: until it succeeds, for a minute at most.
waits() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# figures FILE NAME: the container's figures are all there.
figures() {
	json "$1" ".[] | select(.name == \"$2\") | .state == \"RUNNING\" and .pid > 0
		and .cpu_seconds != null and .memory_bytes > 0 and .memory_usage_bytes > 0
		and .pids > 0 and .uptime_seconds != null"
}

# counts FILE N: the number in the file is above N.
counts() { [ "$(cat "$1" 2>/dev/null || echo 0)" -gt "$2" ]; }

# refused COMMAND...: it fails, and says nothing of a crash.
refused() { ! "$@"; }

# copies NAME STATE: files go into a container of this user's and come out.
copies() {
	local name=$1 at="push and pull, $2" there=/root/copies-$2 tree=$tmp/tree-$2
	mkdir -p "$tree/deep" && echo "$2" >"$tree/deep/file" && chmod 640 "$tree/deep/file" && ln -s deep/file "$tree/link"
	ok "$at: a folder goes in" "$deck" push "$name" "$tree" "$there"
	ok "$at: what lies there" bash -c "'$deck' files '$name' '$there' --json | jq -e 'map(.name) == [\"deep\", \"link\"]'"
	ok "$at: owner and mode" bash -c "'$deck' files '$name' '$there/deep' --json | jq -e '.[0].uid == $(id -u) and .[0].mode == \"0640\"'"
	ok "$at: what is in the way" status 3 "$deck" push "$name" "$tree/deep/file" "$there/deep"
	echo new >"$tree/deep/file"
	ok "$at: replaced" "$deck" push "$name" --overwrite --verify --owner 7:8 "$tree/deep/file" "$there/deep"
	ok "$at: comes out by a pipe" prints new "$deck" pull "$name" "$there/deep/file" -
	ok "$at: comes out whole" "$deck" pull "$name" "$there" "$tree/back"
	ok "$at: is this user's" prints "$(id -u) new" bash -c "stat -c %u '$tree/back/deep/file' | tr '\n' ' '; cat '$tree/back/link'"
	ok "$at: nothing unfinished is left" prints '' find "$tree" -name '.lxcdeck*'
}

# applications: commands in containers of their own, on the stopped one and two.
applications() {
	local path=$1
	echo one >"$path/one/rootfs/who"
	echo two >"$path/two/rootfs/who"
	echo two >"$path/two/rootfs/only-two"
	ok 'run: output' prints hello "$deck" run job --from one --net none --rm -- echo hello
	ok 'run: status' status 7 "$deck" run job --from one --net none --rm -- sh -c 'exit 7'
	ok 'run: no such command' status 127 "$deck" run job --from one --net none --rm -- nosuch
	ok 'run: nothing is left' refused test -e "$path/job"
	ok 'run: two bases, limits' prints $'one\ntwo' \
		"$deck" run job --from one --from two --net none --memory 32M --pids 20 --cpus 0.5 -- sh -c 'cat /who /only-two; echo made >/made'
	ok 'run: a base is refused to lxc-destroy' refused lxc-destroy -n one
	ok 'run: what was kept starts again' prints made lxc-execute -n job -s lxc.console.path=none -- cat /made
	ok 'run: it can be copied' lxc-copy -n job -s -N copy
	ok 'run: its copy has both bases' prints $'one\ntwo' lxc-execute -n copy -s lxc.console.path=none -- cat /who /only-two
	ok 'run: destroyed by LXC itself' bash -c 'lxc-destroy -n copy && lxc-destroy -n job'
	head -c 200000 /dev/urandom >"$path/one/rootfs/bytes"
	ok 'run: bytes' bash -c "'$deck' run job --from one --net none --rm -- cat /bytes | cmp - $path/one/rootfs/bytes"
}

# checkpoints: a process goes on where it was, with what it had in its memory.
# An image without CRIU says so: nobody is to believe that it was tried.
checkpoints() {
	local path=$1 count=$1/count/rootfs/count n
	if ! command -v criu >/dev/null; then
		echo '--- SKIP: checkpoint: criu is not installed in this image'
		ok 'checkpoint: refused without criu' bash -c "lxc-copy -n two -N count && lxc-start -n count &&
			'$deck' checkpoint count $tmp/images 2>&1 | grep 'criu is not installed'; lxc-stop -k -n count; lxc-destroy -n count"
		return
	fi
	ok 'criu check' criu check
	lxc-copy -n two -N count || return
	# CRIU can take neither a terminal of the host along, nor (3.17) make mounts of
	# the host's directories again; this busybox needs no libraries.
	sed -i '/ none ro,bind/d' "$path/count/config"
	cat >>"$path/count/config" <<-'CONF'
		lxc.console.path = none
		lxc.tty.max = 0
		lxc.net.0.type = empty
		lxc.init.cmd = /counter
	CONF
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ni=0\nwhile :; do i=$((i + 1)); echo $i >/count; sleep 0.2; done\n' >"$path/count/rootfs/counter"
	chmod 755 "$path/count/rootfs/counter"
	ok 'checkpoint: a container that counts' lxc-start -n count
	waits counts "$count" 10
	ok 'checkpoint' "$deck" checkpoint count "$tmp/images"
	ok 'checkpoint: it is stopped' prints STOPPED lxc-info -n count -sH
	ok 'checkpoint: its directory is closed to others' prints 700 stat -c %a "$tmp/images"
	n=$(cat "$count")
	ok 'resume' "$deck" resume count "$tmp/images"
	ok 'resume: it is running' prints RUNNING lxc-info -n count -sH
	ok 'resume: it counts on' waits counts "$count" $((n + 5))
	lxc-stop -k -n count
	lxc-destroy -n count
}

as_administrator() {
	local path=/var/lib/lxc
	for name in one two; do
		lxc-copy -P /srv/lxc -n busybox -p $path -N $name || return
		printf 'lxc.cgroup2.memory.max = 64M\nlxc.cgroup2.pids.max = 50\n' >>$path/$name/config
	done
	ok 'start one' lxc-start -n one
	waits lxc-attach -n one -- /bin/true

	"$deck" ls --json >"$tmp/ls.json"
	ok 'ls: two containers' json "$tmp/ls.json" 'length == 2'
	ok 'ls: figures of the running one' figures "$tmp/ls.json" one
	ok 'ls: its limits' json "$tmp/ls.json" \
		'.[] | select(.name == "one") | .memory_limit_bytes == 67108864 and .pids_max == 50'
	ok 'ls: memory as the kernel says' json "$tmp/ls.json" \
		".[] | select(.name == \"one\") | .memory_usage_bytes < 67108864"
	ok 'ls: nothing for the stopped one' json "$tmp/ls.json" \
		'.[] | select(.name == "two") | .state == "STOPPED" and .memory_bytes == null and .cpu_seconds == null'
	ok 'ls: the table' bash -c "'$deck' ls | grep -E '^one +RUNNING' && '$deck' ls | grep -E '^two +STOPPED'"
	ok 'ls NAME: no such container' status 4 "$deck" ls nosuch

	"$deck" top --json -n 2 one >"$tmp/top.json"
	ok 'top: two lines' prints 2 jq -s length "$tmp/top.json"
	jq -s '.[1].containers' "$tmp/top.json" >"$tmp/second.json"
	ok 'top: rates' json "$tmp/second.json" '.[0].name == "one" and .[0].cpu_percent != null and .[0].memory_bytes > 0'

	ok 'shell: output' prints 'hello' "$deck" shell one -- echo hello
	ok 'shell: status' status 7 "$deck" shell one -- sh -c 'exit 7'
	head -c 200000 /dev/urandom >"$tmp/bytes"
	ok 'shell: bytes in and out' bash -c "'$deck' shell one -- cat <'$tmp/bytes' | cmp - '$tmp/bytes'"
	ok 'shell: a stopped container is refused' status 125 "$deck" shell two -- true
	lxc-freeze -n one
	"$deck" ls --json >"$tmp/frozen.json"
	ok 'ls: frozen' json "$tmp/frozen.json" '.[] | select(.name == "one") | .state == "FROZEN"'
	lxc-unfreeze -n one
	lxc-stop -k -n one
	"$deck" ls --json >"$tmp/stopped.json"
	ok 'ls: stopped' json "$tmp/stopped.json" 'all(.state == "STOPPED")'
	applications $path
	checkpoints $path
	lxc-destroy -n one
	lxc-destroy -n two
	"$deck" ls --json >"$tmp/none.json"
	ok 'ls: none' json "$tmp/none.json" '. == []'
}

as_user() {
	local path=$HOME/.local/share/lxc
	mkdir -p "$path"
	export XDG_RUNTIME_DIR=/run/user/$UID
	waits systemctl --user show-environment
	# The path to the user's containers has to be open to their root.
	chmod 755 "$HOME" "$HOME/.local" "$HOME/.local/share" "$path"
	ok 'create mine' lxc-create -n mine -t busybox
	# LXC 5 starts a user's container with a cgroup of its own only in a scope
	# that systemd has delegated.
	ok 'start mine' systemd-run --user --scope -q -p Delegate=yes -- lxc-start -n mine
	waits prints RUNNING lxc-info -n mine -sH

	"$deck" ls --json >"$tmp/ls.json"
	ok 'ls: mine' json "$tmp/ls.json" 'length == 1'
	ok 'ls: figures of mine' figures "$tmp/ls.json" mine
	ok 'ls: unprivileged' json "$tmp/ls.json" '.[0].unprivileged == true'
	"$deck" top --json -n 1 >"$tmp/top.json"
	ok 'top: rates' json "$tmp/top.json" '.containers[0].cpu_percent != null'
	ok 'shell: output' prints '0' "$deck" shell mine -- id -u
	ok 'shell: status' status 7 "$deck" shell mine -- sh -c 'exit 7'
	ok 'still running' prints RUNNING lxc-info -n mine -sH
	lxc-stop -k -n mine
	ok 'run: as a user' prints 0 "$deck" run job --from mine --net none --rm -- sh -c 'echo >/made && id -u'
	ok 'run: status as a user' status 7 "$deck" run job --from mine --net none --rm -- sh -c 'exit 7'
	ok 'run: nothing of a user is left' refused test -e "$path/job"
	lxc-destroy -n mine
	whole_life
}

# whole_life is what a user does with a container, by lxcdeck alone.
whole_life() {
	local path=$HOME/.local/share/lxc first
	IFS=: read -r _ first _ < <(grep "^$USER:" /etc/subuid)
	cat >"$tmp/half" <<-'TEMPLATE'
		#!/bin/sh
		for a; do case $a in --rootfs=*) mkdir -p "${a#*=}/etc" && echo x >"${a#*=}/etc/x" ;; esac; done
		echo 'half done, and no more'
		exit 7
	TEMPLATE
	chmod 755 "$tmp" "$tmp/half"
	ok 'create: a template that fails' status 1 "$deck" create half -t "$tmp/half"
	ok 'create: and what it says' bash -c "'$deck' create half -t '$tmp/half' 2>&1 | grep 'half done'"
	ok 'create: leaves nothing' prints '' find "$path" -mindepth 1 -maxdepth 1 ! -name '.*'
	ok 'create' "$deck" create made -t busybox --start
	ok 'create: its root belongs to the subordinate ids' prints "$first" stat -c %u "$path/made/rootfs"
	ok 'create: it was started' prints RUNNING lxc-info -n made -sH
	ok 'shell: in it' prints 0 "$deck" shell made -- id -u
	copies made running
	ok 'limits: set' "$deck" limits made --pids 77 --memory 300M
	ok 'limits: in the cgroup' prints 77 lxc-cgroup -n made pids.max
	ok 'limits: in the config' grep -qx 'lxc.cgroup2.memory.max = 314572800' "$path/made/config"
	ok 'limits: taken away' "$deck" limits made --pids none --memory none
	ok 'limits: as it was' prints max lxc-cgroup -n made pids.max
	ok 'freeze' "$deck" freeze made
	ok 'freeze: it stands still' prints FROZEN lxc-info -n made -sH
	ok 'thaw' "$deck" thaw made
	"$deck" shell made -- sh -c 'echo before >/root/mark'
	ok 'snapshot: stopped for it and started again' "$deck" snapshot made --stop --comment 'first one'
	ok 'snapshot: it runs again' prints RUNNING lxc-info -n made -sH
	ok 'snapshot: its comment' bash -c "'$deck' snapshot list made | grep 'first one'"
	"$deck" shell made -- sh -c 'echo after >/root/mark'
	ok 'kill' "$deck" kill made
	copies made stopped
	ok 'restore' "$deck" restore made snap0 --yes
	ok 'restore: as it was' prints before cat "$path/made/rootfs/root/mark"
	ok 'clone' "$deck" clone made copy
	ok 'clone: the same ids' prints "$first" stat -c %u "$path/copy/rootfs"
	ok 'clone: a name of its own' grep -q 'lxc.uts.name = copy' "$path/copy/config"
	"$deck" shell made -- sh -c 'mkdir -m 700 /root/own && echo deep >/root/own/file && chown -R 7:8 /root/own' 2>/dev/null ||
		{ "$deck" start made && "$deck" shell made -- sh -c 'mkdir -m 700 /root/own && echo deep >/root/own/file && chown -R 7:8 /root/own'; }
	ok 'pack: while it runs' "$deck" pack made -o "$tmp/made.tar.zst"
	ok 'pack: it runs again' prints RUNNING lxc-info -n made -sH
	ok 'pack: tar reads it' bash -c "tar --zstd --numeric-owner -tvf '$tmp/made.tar.zst' | grep -E ' 7/8 .*made/rootfs/root/own/file'"
	ok 'unpack' "$deck" unpack "$tmp/made.tar.zst" --name shipped
	ok 'unpack: owners are mapped' prints 7:8 lxc-usernsexec -m "u:0:$first:65536" -m "g:0:$first:65536" -- stat -c '%u:%g' "$path/shipped/rootfs/root/own/file"
	ok 'unpack: it starts' "$deck" start shipped
	ok 'unpack: what was for its owner alone' prints deep "$deck" shell shipped -- cat /root/own/file
	ok 'unpack: a name of its own' prints shipped "$deck" shell shipped -- hostname
	ok 'pack: by a pipe' bash -c "'$deck' pack made -o - | '$deck' unpack - --name piped"
	ok 'unpack: what by a pipe' prints deep lxc-usernsexec -m "u:0:$first:65536" -m "g:0:$first:65536" -- cat "$path/piped/rootfs/root/own/file"
	head -c 300000 "$tmp/made.tar.zst" >"$tmp/cut.tar.zst"
	ok 'unpack: one that was cut short' status 1 "$deck" unpack "$tmp/cut.tar.zst" --name cut
	ok 'unpack: leaves nothing of it' prints '' find "$path" "$path/.lxcdeck" -mindepth 1 -maxdepth 1 \( -name 'cut*' -o -name 'unpack*' \)
	ok 'unpack: no privileged one' status 1 "$deck" unpack "$tmp/made.tar.zst" --name root --privileged
	(cat "$tmp/cut.tar.zst" && sleep 60) | "$deck" unpack - --name killed &
	waits bash -c "ls -d '$path'/.lxcdeck/unpack*.d/rootfs/bin"
	# The monitors of containers are forks of helpers; these have no name of their own.
	pkill -KILL -u "$USER" -f '^[^ ]*lxcdeck unpack - --name killed|__lxcdeck_(helper|inside)'
	pkill -u "$USER" -x sleep
	wait
	ok 'recover: an unpack that was killed' bash -c "'$deck' recover | grep killed"
	ok 'recover: undone' bash -c "'$deck' recover \$('$deck' recover --json | jq -r '.[] | select(.name == \"killed\").id') undo"
	ok 'recover: nothing is left' prints '' find "$path" -mindepth 1 -maxdepth 2 \( -name 'killed' -o -name 'unpack*' \)
	ok 'destroy: what was unpacked' "$deck" kill made shipped && "$deck" destroy shipped piped --yes
	ok 'rename' "$deck" rename copy moved
	ok 'rename: in place' test -e "$path/moved/rootfs/bin/sh" -a ! -e "$path/copy"
	ok 'autostart set' "$deck" autostart set moved --on
	ok 'start' "$deck" start moved
	ok 'start: a shell' prints moved "$deck" shell moved -- hostname
	ok 'stop' "$deck" stop moved --timeout 5s
	ok 'destroy: with its snapshots' "$deck" destroy made moved --snapshots --yes
	ok 'destroy: nothing is left' prints '[]' "$deck" ls --json
	ok 'destroy: nothing is left in the lxcpath' prints '' find "$path" -mindepth 1 -maxdepth 1 ! -name '.*'
}

case ${1-} in
root) as_administrator ;;
user) as_user ;;
*) echo "usage: scenario.sh root|user" >&2 && exit 2 ;;
esac
rm -rf -- "$tmp"
exit $failed
