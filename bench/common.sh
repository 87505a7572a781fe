# Shared by the programs in this folder: ways to measure, and tables in Markdown.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
runs=${BENCH_RUNS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
progress() { printf '   %s\n' "$*" >&2; }
sql() { psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }

# Fold what is pending, also where the background worker is at it, wait for that to
# leave, or it would fold what comes next, and take away the rows that were, as
# autovacuum does before long.
settle()
{
	until [ "$(sql "SELECT (SELECT count(*) FROM usage_pending) + (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'usage_analytics fold' AND datname = current_database())")" = 0 ]; do
		sql 'SELECT usage_refresh()' >/dev/null 2>&1
		sleep 1
	done
	sql 'VACUUM usage_pending'
}
# 1234567 as 1,234,567
thousands() { sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta' <<<"$1"; }

# The number in the middle of those on the standard input, the lower one of two
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# times FILE RUNS [psql option …]: the milliseconds of each of RUNS runs of the
# query in the file, in one session, after one that does not count; with 0, of one
# run without another before it. Nothing is written, but rows are fetched.
times()
{
	local file=$1 n=$2
	shift 2
	{
		say '\o /dev/null'
		[ "$n" -eq 0 ] || cat "$file"
		say '\timing on'
		for _ in $(seq $((n > 0 ? n : 1))); do cat "$file"; done
	} | psql -Xq -v ON_ERROR_STOP=1 "$@" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

# A number of milliseconds with three digits that count
figure() { awk -v t="$1" 'BEGIN { printf (t < 10 ? "%.2f" : t < 100 ? "%.1f" : "%.0f"), t }'; }

# table HEADING CELL …: how many columns it has is said by the first row
table()
{
	say
	say "## $1"
	say
	shift
	row "$@"
	local line="|---|" i
	for ((i = 1; i < $#; i++)); do line+="---:|"; done
	say "$line"
}
row()
{
	local cells="| $1 |"
	shift
	[ $# -eq 0 ] || cells+=$(printf ' %s |' "$@")
	say "$cells"
}

# ---------- one question to several peers ----------

limit=${BENCH_LIMIT:-120}
duckdb=${BENCH_DUCKDB:-$work/duckdb}

# Plain SQL and tables of user-days in schema bench, DuckDB's file: made where they are
# not there. "duckdb" is empty where there is no DuckDB.
prepare_peers()
{
	local begin
	export PGOPTIONS="${PGOPTIONS-} -c work_mem=256MB"
	if [ "$(sql "SELECT to_regclass('bench.user_day') IS NULL")" = t ]; then
		progress 'plain SQL and tables of user-days'
		sql 'DROP SCHEMA IF EXISTS bench CASCADE' 2>/dev/null
		sed 's/\breference\b/bench/g' "$here/../test/reference.sql" | psql -Xq -v ON_ERROR_STOP=1
		begin=$SECONDS
		psql -Xq -v ON_ERROR_STOP=1 -f "$here/user_day_sql/prepare.sql"
		sql "COMMENT ON TABLE bench.user_day IS '$((SECONDS - begin))'"
	fi
	if ! "$here/duckdb" install; then
		duckdb=
	elif [ ! -e "$duckdb" ]; then
		progress 'DuckDB'
		"$here/duckdb" load "$duckdb"
	fi
}

# The query of a file without its order
unordered() { sed -Ez 's/(\s+ORDER BY [a-z_, ]+)?\s*;?\s*$/\n/' "$1"; }
# The same in PostgreSQL, its rows made and left out
unsent() { say "SELECT * FROM ("; unordered "$1"; say ') AS question OFFSET 1000000000;'; }

# ask FILE ROWS: set "time", the milliseconds of the query in the file, and write its rows
ask()
{
	local first n
	time=
	first=$({
		say "SET statement_timeout = '${limit}s';"
		say "\\o $2"
		say '\timing on'
		cat "$1"
	} | psql -Xq --csv -v ON_ERROR_STOP=1 2>"$work/error" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p') || {
		grep -q 'statement timeout' "$work/error" || { cat "$work/error" >&2; exit 1; }
		rm -f "$2"
		return 0
	}
	n=$(awk -v t="$first" -v runs="$runs" 'BEGIN { n = int(30000 / t); print (n > runs ? runs : n) }')
	if [ -z "$many" ]; then cat "$1"; else unsent "$1"; fi >"$work/timed"
	time=$(times "$work/timed" "$n" | median)
}

# cell TIME: as in the table, with how many times as long it is as ours
cell()
{
	if [ -z "$1" ]; then
		printf '> %s s' "$limit"
	else
		awk -v t="$(figure "$1")" -v a="$1" -v b="$ours" 'BEGIN { r = a / b; printf "%s (%s×)", t, r < 10 ? sprintf("%.1f", r) : sprintf("%.0f", r) }'
	fi
}
