# Shared by the scripts in this folder: packages, a private PostgreSQL
# installation and throwaway clusters, all under build/.
#
# The private installation is a copy of the system's server programs beside
# links to the rest of it. PostgreSQL finds its library and extension folders
# relative to its own program, so the extension can be installed there without
# touching the system and without being root.
#
# A script that builds in another way than usual names that VARIANT before it
# reads this file, and then has an installation and objects of its own. It may
# set BUILD_FLAGS for the compiler and LINK_FLAGS for the linker, SERVER_ENV,
# the settings that the server is started with, and SERVER_PREFIX, the words
# before its program (valgrind …).

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PG_MAJOR=${PG_MAJOR:-15}
SYSTEM_PG=/usr/lib/postgresql/$PG_MAJOR
MAKE=${MAKE:-make}
VARIANT=${VARIANT:-} BUILD_FLAGS= LINK_FLAGS= SERVER_ENV=() SERVER_PREFIX=()
export LC_ALL=C TZ=UTC
# Whoever runs this, the server's user reads what is made.
umask 022
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGTZ PGSERVICE MAKEFLAGS MAKELEVEL MFLAGS

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# need PACKAGE FILE …: PACKAGE provides FILE (a path, or a program's name)
missing=()
need()
{
	local package=$1 file=$2
	case $file in
		/*) [ -e "$file" ] || missing+=("$package") ;;
		perl:*) perl -M"${file#perl:}" -e 1 2>/dev/null || missing+=("$package") ;;
		*) command -v "$file" >/dev/null || missing+=("$package") ;;
	esac
}

# What every build needs, and what was asked for before
install_packages()
{
	need gcc gcc
	need make make
	need perl perl
	need "postgresql-$PG_MAJOR" "$SYSTEM_PG/bin/postgres"
	need "postgresql-server-dev-$PG_MAJOR" "$SYSTEM_PG/lib/pgxs/src/makefiles/pgxs.mk"
	need "postgresql-server-dev-$PG_MAJOR" "/usr/include/postgresql/$PG_MAJOR/server/postgres.h"
	install_missing
}

# Install what is missing, where that is allowed; otherwise say what to install.
install_missing()
{
	[ ${#missing[@]} -gt 0 ] || return 0

	local list sudo=
	list=$(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')
	if [ "$(id -u)" -ne 0 ]; then
		sudo -n true 2>/dev/null || die "packages are missing; as root: apt-get install $list"
		sudo="sudo -n"
	fi
	command -v apt-get >/dev/null || die "packages are missing, and there is no apt-get here: $list"
	say "installing $list"
	mkdir -p "$TOP/build"
	{
		$sudo apt-get update
		# shellcheck disable=SC2086
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $list
	} >"$TOP/build/packages.log" 2>&1 || {
		tail -5 "$TOP/build/packages.log" >&2
		die "could not install: $list(the log is build/packages.log)"
	}
	missing=()
}

# The server never runs as root; everything else runs as whoever called.
if [ "$(id -u)" -eq 0 ]; then
	SERVER_USER=postgres
	id -u postgres >/dev/null 2>&1 || SERVER_USER=nobody
	as_server() { (cd / && exec runuser -u "$SERVER_USER" -- "$@"); }
else
	SERVER_USER=$(id -un)
	as_server() { "$@"; }
fi

# RUN is the folder that the server's user can reach: build/run, or, where a
# folder above the checkout is closed to that user, one that build/run links to.
prepare_run_folder()
{
	if [ "$(id -u)" -eq 0 ] && ! id -u "$SERVER_USER" >/dev/null 2>&1; then
		die "there is no unprivileged user to run the server as"
	fi
	id -u postgres >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] && SERVER_USER=postgres
	mkdir -p "$TOP/build"
	# A socket's path has at most 107 bytes.
	if as_server test -x "$TOP/build" && [ ${#TOP} -le 60 ]; then
		RUN=$TOP/build/run
		[ ! -L "$RUN" ] || rm "$RUN"
		mkdir -p "$RUN"
	else
		if [ ! -d "$TOP/build/run/" ]; then
			rm -f "$TOP/build/run"
			RUN=$(mktemp -d "${TMPDIR:-/tmp}/usage_analytics.XXXXXX")
			ln -s "$RUN" "$TOP/build/run"
		fi
		RUN=$(readlink -f "$TOP/build/run")
	fi
	chmod 755 "$RUN"
	[ "$(id -u)" -ne 0 ] || chown "$SERVER_USER" "$RUN"
	PREFIX=$RUN/pg${VARIANT:+-$VARIANT}
	PGBIN=$PREFIX/lib/postgresql/$PG_MAJOR/bin
	PG_CONFIG=$PGBIN/pg_config
}

private_installation()
{
	local program=$PGBIN/postgres
	[ -z "$VARIANT" ] || program=$PGBIN/postgres.bin
	if ! cmp -s "$SYSTEM_PG/bin/postgres" "$program" 2>/dev/null; then
		rm -rf "$PREFIX"
		mkdir -p "$PREFIX/lib/postgresql" "$PREFIX/share/postgresql"
		cp -rs "$SYSTEM_PG" "$PREFIX/lib/postgresql/"
		rm -rf "$PGBIN"
		cp -rL "$SYSTEM_PG/bin" "$PGBIN"
		ln -s /usr/include "$PREFIX/include"
		[ -z "$VARIANT" ] || mv "$PGBIN/postgres" "$program"
	fi
	if [ -n "$VARIANT" ]; then
		# What initdb and pg_ctl ask of the program runs none of the extension.
		# A server that is restarted is started by the name it had.
		{
			printf '#!/bin/bash\ncase ${1:-} in\n-V | -C | --*) exec "%s" "$@" ;;\nesac\n' "$program"
			[ ${#SERVER_ENV[@]} -eq 0 ] || printf 'export %s\n' "${SERVER_ENV[*]@Q}"
			if [ ${#SERVER_PREFIX[@]} -eq 0 ]; then
				printf 'exec -a "$0" "%s" "$@"\n' "$program"
			else
				printf 'exec %s "%s" "$@"\n' "${SERVER_PREFIX[*]@Q}" "$program"
			fi
		} >"$PGBIN/postgres"
		chmod 755 "$PGBIN/postgres"
	fi
	# Links again each time: packages may have come since.
	cp -rs --remove-destination "/usr/share/postgresql/$PG_MAJOR" "$PREFIX/share/postgresql/"
}

# Build the extension, where warnings are errors, and install it in the private
# installation. A variant is built from links to the sources: beside the objects
# of the usual build, make would take those.
build_extension()
{
	local log=$TOP/build/make${VARIANT:+-$VARIANT}.log part
	OBJECTS=$TOP
	if [ -n "$VARIANT" ]; then
		OBJECTS=$TOP/build/$VARIANT
		mkdir -p "$OBJECTS/src" "$OBJECTS/sql"
		(cd "$TOP" && for part in Makefile usage_analytics.control expected test tools src/*.[ch] sql/*/ \
			$(sed -n 's/^FROZEN =//p' Makefile | xargs -r -n 1 printf 'sql/usage_analytics--%s.sql\n'); do
			ln -sfnr "${part%/}" "$OBJECTS/$(dirname "$part")"
		done)
	fi
	if ! $MAKE -s -j2 -C "$OBJECTS" install with_llvm=no COPT="-Werror $BUILD_FLAGS" SHLIB_LINK="$LINK_FLAGS" PG_CONFIG="$PG_CONFIG" >"$log" 2>&1; then
		cat "$log" >&2
		die "the extension does not build"
	fi
}

set_up()
{
	install_packages
	prepare_run_folder
	private_installation
	build_extension
}

# cluster_start NAME [SETTING …]: a new cluster, its superuser is "postgres"
cluster_start()
{
	local name=$1 data=$RUN/$1/data
	shift
	export PGHOST=$RUN/$name PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	cluster_stop "$name"
	rm -rf "${RUN:?}/$name"
	as_server mkdir -p "$RUN/$name"
	as_server "$PGBIN/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-locale --no-sync \
		>"$TOP/build/$name-initdb.log" 2>&1 || { cat "$TOP/build/$name-initdb.log" >&2; die "initdb failed"; }
	{
		printf "listen_addresses = ''\nunix_socket_directories = '%s'\n" "$RUN/$name"
		printf "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
		printf "logging_collector = off\nautovacuum = on\n"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | as_server tee -a "$data/postgresql.conf" >/dev/null
	as_server "$PGBIN/pg_ctl" -D "$data" -l "$RUN/$name/log" -w -t 60 start >/dev/null || {
		tail -20 "$RUN/$name/log" >&2
		die "the cluster does not start"
	}
}

cluster_stop()
{
	local data=$RUN/$1/data
	[ ! -f "$data/postmaster.pid" ] || as_server "$PGBIN/pg_ctl" -D "$data" -m immediate -w stop >/dev/null 2>&1 || true
}
