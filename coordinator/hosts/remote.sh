# The part of package hosts that runs on a host, by a POSIX shell. The variable folder is
# set before, and a call of one of the last four functions follows. Its answer is a line
# that begins with spiqsweep-hosts, since login shells may print lines before it.
set -eu
umask 077
unset CDPATH
cd
here=

answer() { echo "spiqsweep-hosts $*"; }
fail() { echo "$*" >&2; exit 3; }
pause() { sleep 0.1 2>/dev/null || sleep 1; }

# enter goes to the folder of this machine, which may share its home with others, and sets here.
enter() { cd "$folder/$(uname -n)" 2>/dev/null && here=$(pwd -P); }

# running succeeds if the worker of the folder runs, and sets pid. A process that has got
# the number since is another program.
running() {
	pid=$(cat worker.pid 2>/dev/null) || return 1
	case $pid in '' | *[!0-9]*) return 1 ;; esac
	if [ -d /proc/self ]; then
		command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 1
	else
		command=$(ps -o args= -p "$pid") || return 1
	fi
	case " $command" in *" $here/worker-"*) ;; *) return 1 ;; esac
}

# code prints the exit code of the last worker; unknown if it was not written, as when the machine went down.
code() { cat worker.exit 2>/dev/null || echo unknown; }

# lock keeps others from changing the folder until the shell ends.
lock() {
	if ! ln -s $$ lock 2>/dev/null; then
		owner=$(readlink lock) || owner=
		if kill -0 "${owner:-0}" 2>/dev/null && [ -n "$owner" ]; then
			fail "process $owner is starting or stopping a worker in $here: try again when it has ended"
		fi
		rm -f lock # of a shell that was killed
		ln -s $$ lock || fail "no lock can be made in $here"
	fi
	trap 'rm -f lock' EXIT
	trap 'exit 3' HUP INT TERM PIPE
}

# end asks the worker to hand back and leave. It takes ten seconds at most to do so; its
# leases expire if it is killed.
end() {
	kill "$pid" 2>/dev/null || true
	tries=0
	while running; do
		if [ $tries -ge 150 ]; then kill -9 "$pid" 2>/dev/null || true; fi
		[ $tries -lt 200 ] || fail "process $pid does not end"
		tries=$((tries + 1))
		pause
	done
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ ! -f worker.exit ] || break
		pause
	done
}

# look PROGRAM answers with the machine, and whether it has the program.
look() {
	has=no
	if enter && [ -x "$1" ]; then has=yes; fi
	answer "$has $(uname -sm)"
}

# start PROGRAM BYTES KEY CREDENTIALS NICE FLAG... starts a worker. Standard input has the
# credentials, of so many bytes, and the program, of BYTES bytes if it is to be copied.
start() {
	program=$1 bytes=$2 key=$3 credentials=$4 nice=$5
	shift 5
	mkdir -p "$folder/$(uname -n)" || fail "the folder $folder cannot be made"
	enter || fail "the folder $folder cannot be entered"
	chmod 700 .
	lock
	dd bs=1 count="$credentials" of=worker.json.new 2>/dev/null
	chmod 600 worker.json.new
	if [ "$bytes" -gt 0 ]; then
		cat >"$program.new" || fail "the program cannot be written to $here"
		if [ $(wc -c <"$program.new") -ne "$bytes" ]; then
			rm -f "$program.new" worker.json.new
			fail "the copy of the program ended early"
		fi
		chmod 700 "$program.new"
		mv -f "$program.new" "$program"
	fi
	was=started
	if running; then
		if [ "$(cat worker.key 2>/dev/null)" = "$key" ]; then
			rm -f worker.json.new
			answer running "$pid"
			return
		fi
		end
		was=replaced
	fi
	for old in worker-*; do
		[ "$old" = "$program" ] || rm -f "$old"
	done
	mv -f worker.json.new worker.json
	if [ -f worker.log ]; then mv -f worker.log worker.log.old; fi
	rm -f worker.pid worker.exit
	echo "$key" >worker.key
	nohup sh -c '
		"$@" &
		echo $! >worker.pid.new
		mv -f worker.pid.new worker.pid
		wait $!
		echo $? >worker.exit.new
		mv -f worker.exit.new worker.exit
	' worker nice -n "$nice" "$here/$program" --coordinator "$here/worker.json" "$@" </dev/null >worker.log 2>&1 &
	tries=0
	while [ ! -f worker.exit ] && [ $tries -lt 50 ]; do
		if [ $tries -ge 5 ] && running; then break; fi
		tries=$((tries + 1))
		pause
	done
	if [ -f worker.exit ]; then
		answer ended "$(code)"
		tail -n 5 worker.log
		return
	fi
	answer "$was" "$(cat worker.pid)"
}

# stop has the worker hand back its tasks.
stop() {
	if ! enter; then
		answer absent
		return
	fi
	lock
	if ! running; then
		answer ended "$(code)"
		return
	fi
	end
	answer stopped "$(code)"
}

# status answers with what the worker does.
status() {
	if ! enter || [ ! -f worker.key ]; then
		answer absent
	elif running; then
		answer running "$pid"
	else
		answer ended "$(code)"
	fi
}

# logs LINES prints the end of what the worker wrote.
logs() {
	status
	if [ -n "$here" ] && [ -f worker.log ]; then tail -n "$1" worker.log; fi
}
