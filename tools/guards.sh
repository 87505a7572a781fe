# Shared by the scripts that run the tests under a checker of memory: the build
# with test/sanitize/palloc.c, and a count of what the checker reports.

WRAPPED="palloc palloc0 palloc_extended repalloc repalloc_huge GetMemoryChunkSpace
	MemoryContextAlloc MemoryContextAllocZero MemoryContextAllocZeroAligned
	MemoryContextAllocHuge MemoryContextAllocExtended pg_detoast_datum pg_detoast_datum_packed"

# prepare_findings: FINDINGS is the folder that the server writes reports to, empty
prepare_findings()
{
	prepare_run_folder
	FINDINGS=$RUN/findings-$VARIANT
	rm -rf "$FINDINGS"
	as_server mkdir -p "$FINDINGS"
}

# build_guards FLAG …: build the extension with these flags and these guards
build_guards()
{
	local name object=$TOP/build/$VARIANT-palloc.o
	gcc -Wall -Wextra -Werror -g -fPIC "$@" -isystem "/usr/include/postgresql/$PG_MAJOR/server" \
		-c "$TOP/test/sanitize/palloc.c" -o "$object"
	BUILD_FLAGS="$*"
	LINK_FLAGS=$object
	for name in $WRAPPED; do
		LINK_FLAGS+=" -Wl,--wrap=$name"
	done
}

# count_findings: each report is a failure, and is shown
count_findings()
{
	local report status=0
	for report in "$FINDINGS"/*; do
		[ -s "$report" ] || continue
		status=1
		say "== ${report#"$RUN/"}"
		head -60 "$report"
	done
	count findings $((1 - status)) $status 0
}
