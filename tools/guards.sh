# Shared by the scripts that run the tests under a checker of memory: the build
# with test/sanitize/palloc.c, and a count of what the checker reports.

WRAPPED="palloc palloc0 palloc_extended repalloc repalloc_huge GetMemoryChunkSpace
	MemoryContextAlloc MemoryContextAllocZero MemoryContextAllocZeroAligned
	MemoryContextAllocHuge MemoryContextAllocExtended pg_detoast_datum pg_detoast_datum_packed"

# build_guards FLAG …: build the extension with these flags and these guards
build_guards()
{
	mkdir -p "$TOP/build"
	local name object=$TOP/build/$VARIANT-palloc.o
	gcc -Wall -Wextra -Werror -g -fPIC "$@" -I"$TOP/src" -isystem "/usr/include/postgresql/$PG_MAJOR/server" \
		-c "$TOP/test/sanitize/palloc.c" -o "$object"
	BUILD_FLAGS="$*"
	LINK_FLAGS=$object
	for name in $WRAPPED; do
		LINK_FLAGS+=" -Wl,--wrap=$name"
	done
}

# count_findings NUMBER: the processes or servers that have something reported of them
count_findings()
{
	count findings $(($1 == 0)) "$1" 0
}
