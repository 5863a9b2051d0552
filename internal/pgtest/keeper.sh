# $1 is the folder of PostgreSQL's programs. Prints the folder of the server's socket once it
# answers; stops it and removes all when standard input ends.
set -u
umask 077
bin=$1
base=${TMPDIR:-/tmp}
[ ${#base} -le 70 ] || base=/tmp # a socket's path has 107 bytes at most, on some systems 103
dir=$(mktemp -d "$base/tenure-pg-XXXXXX" 2>/dev/null) || dir=$(mktemp -d /tmp/tenure-pg-XXXXXX) || exit 1

clean() {
	[ -f "$dir/data/postmaster.pid" ] && "$bin/pg_ctl" stop -s -D "$dir/data" -m immediate >/dev/null 2>&1
	rm -rf "$dir"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM PIPE

init() {
	rm -rf "$dir/data"
	"$bin/initdb" -D "$dir/data" -U postgres -A trust -N -E UTF8 --locale=C "$@" >"$dir/log" 2>&1
}
init --locale-provider=icu --icu-locale=en-US || init || { cat "$dir/log" >&2; exit 1; }

cat >>"$dir/data/postgresql.conf" <<-CONF
	listen_addresses = ''
	unix_socket_directories = '$dir'
	max_connections = 200
	fsync = off
	synchronous_commit = off
	full_page_writes = off
	jit = off
	log_min_messages = fatal
CONF
"$bin/pg_ctl" start -w -s -D "$dir/data" -l "$dir/log" >/dev/null 2>&1 || { cat "$dir/log" >&2; exit 1; }

echo "$dir"
read -r _
