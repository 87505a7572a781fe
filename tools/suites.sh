# Shared by the scripts that run the tests, after tools/common.sh: the suites,
# each against the cluster that suites_start started, and the count of it all.

passed=0 failed=0

# The last line counts the tests, whatever happens.
finish()
{
	local status=$?
	trap - EXIT
	[ -z "${RUN:-}" ] || cluster_stop "$cluster"
	if [ $status -ne 0 ] && [ $failed -eq 0 ]; then
		failed=1
	fi
	say "$passed passed, $failed failed"
	[ $failed -eq 0 ]
	exit
}

need_for_suites()
{
	need "postgresql-$PG_MAJOR-pgtap" "/usr/share/postgresql/$PG_MAJOR/extension/pgtap.control"
	need perl prove
	need libipc-run-perl perl:IPC::Run
}

# suites_start NAME [SETTING …]: build, and start a cluster of that name to test in
suites_start()
{
	cluster=$1
	shift
	trap finish EXIT
	need_for_suites
	set_up
	LOGS=$TOP/build/logs${VARIANT:+-$VARIANT}
	rm -rf "$LOGS" && mkdir -p "$LOGS"
	cluster_start "$cluster" "max_prepared_transactions = 10" "shared_preload_libraries = ''" "$@"
}

# count SUITE PASSED FAILED STATUS: a suite that fails as a whole is a failure
count()
{
	local suite=$1 p=$2 f=$3 status=$4
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	if [ $((p + f)) -eq 0 ]; then
		say "$suite: ran no test" && f=1
	fi
	passed=$((passed + p)) failed=$((failed + f))
	say "$suite: $p passed, $f failed"
}

# regress SUITE VARIABLE …: pg_regress or the isolation tester, the PGXS way
regress()
{
	local suite=$1 status=0
	local log=$LOGS/$1.log
	shift
	rm -f "$OBJECTS/regression.diffs" "$OBJECTS/output_iso/regression.diffs"
	$MAKE -C "$OBJECTS" installcheck with_llvm=no PG_CONFIG="$PG_CONFIG" "$@" >"$log" 2>&1 || status=$?
	grep -E '^(not ok|test .*(FAILED|failed))' "$log" || true
	for diffs in "$OBJECTS/regression.diffs" "$OBJECTS/output_iso/regression.diffs"; do
		if [ -s "$diffs" ]; then head -200 "$diffs"; fi
	done
	count "$suite" \
		"$(grep -cE '^(ok |test .* ok( |$))' "$log" || true)" \
		"$(grep -cE '^(not ok|test .* FAILED)' "$log" || true)" $status
	[ $status -eq 0 ] || tail -3 "$log"
}

# tap SUITE COMMAND …: a suite that prints TAP
tap()
{
	local suite=$1 status=0
	local log=$LOGS/$1.log
	shift
	"$@" >"$log" 2>&1 || status=$?
	grep -E -A 12 '^(not ok|psql:.*ERROR)' "$log" || true
	count "$suite" "$(grep -cE '^ok ' "$log" || true)" "$(grep -cE '^not ok ' "$log" || true)" $status
	[ $status -eq 0 ] || tail -20 "$log"
}

run_regression()
{
	regress regression ISOLATION= ${REGRESS:+"REGRESS=$REGRESS"}
}

run_isolation()
{
	compgen -G "$TOP/test/specs/*.spec" >/dev/null || return 0
	regress isolation REGRESS= ${ISOLATION:+"ISOLATION=$ISOLATION"}
}

run_pgtap()
{
	compgen -G "$TOP/test/pgtap/*.sql" >/dev/null || return 0
	psql -Xqc 'CREATE DATABASE pgtap'
	psql -Xq -d pgtap -c 'CREATE EXTENSION usage_analytics' -c 'CREATE SCHEMA tap' -c 'CREATE EXTENSION pgtap SCHEMA tap'
	tap pgtap env PGDATABASE=pgtap PGOPTIONS='-c search_path=public,tap' \
		prove -v --ext .sql --exec 'psql -XqAt -v ON_ERROR_STOP=1 -f' "$TOP/test/pgtap"
}

# Programs that start servers of their own, so they run as the server's user.
run_programs()
{
	local file folder=$RUN/t${VARIANT:+-$VARIANT}
	compgen -G "$TOP/test/t/*.pl" >/dev/null || return 0
	rm -rf "$folder" && cp -rL "$TOP/test" "$folder"
	for file in README.md CHANGELOG.md LICENSE META.json usage_analytics.control debian demo doc bench; do
		[ ! -e "$TOP/$file" ] || cp -r "$TOP/$file" "$folder/"
	done
	mkdir "$folder/src" && cp "$TOP"/src/*.[ch] "$folder/src/"
	if git -C "$TOP" rev-parse --verify -q HEAD >/dev/null 2>&1; then
		rm -f "$TOP"/build/usage_analytics-*.zip
		"$TOP/tools/dist" >/dev/null
		mkdir "$folder/dist" && cp "$TOP"/build/usage_analytics-*.zip "$folder/dist/"
	fi
	[ "$(id -u)" -ne 0 ] || chown -R "$SERVER_USER" "$folder"
	tap programs as_server env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE PATH="$PGBIN:$PATH" \
		PG_REGRESS="$PREFIX/lib/postgresql/$PG_MAJOR/lib/pgxs/src/test/regress/pg_regress" \
		TESTDATADIR="$folder/tmp" TESTLOGDIR="$folder/log" HOME="$folder" \
		PGLIB="$PREFIX/lib/postgresql/$PG_MAJOR/lib" \
		sh -c 'cd "$1" && exec prove -v -I "$PGLIB/pgxs/src/test/perl" ${TAP:-t/*.pl}' sh "$folder"
}
