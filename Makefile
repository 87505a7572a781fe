# usage_analytics: product usage analytics inside PostgreSQL.
#
#   make && make install     the PGXS way, against the pg_config on the PATH
#   make installcheck        the regression and isolation tests, against a running server
#   make check               everything, in a throwaway cluster under build/
#   make check-majors        the same on PostgreSQL 17 and 18, each in a throwaway Debian under build/majors
#   make check-asan          the tests under AddressSanitizer and UBSan
#   make check-valgrind      the tests under memcheck
#   make lint                clang-tidy, cppcheck, gcc's analyzer, shellcheck
#   make demo                a throwaway cluster with data in it, and a tour of it
#   make demo-stop           stop and remove that cluster
#   make bench               measure; see bench/README.md
#   make dist                the distribution for PGXN, build/usage_analytics-VERSION.zip
#   make check-package       build the Debian package and test what it installs
#
# The version stands in usage_analytics.control; META.json, which PGXN reads,
# repeats it, and a test compares them.

EXTENSION  = usage_analytics
MODULE_big = usage_analytics

srcdir     = $(if $(VPATH),$(VPATH),.)
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(srcdir)/usage_analytics.control)

# Versions that are out, and updates to them: sql/usage_analytics--*.sql as
# tools/freeze wrote them down. They are neither edited nor built again.
FROZEN =

# Built: this version, and the updates that lead to it, of sql/updates/FROM--TO.sql
SCRIPT  = sql/usage_analytics--$(EXTVERSION).sql
UPDATES = $(patsubst $(srcdir)/sql/updates/%.sql,sql/usage_analytics--%.sql,$(wildcard $(srcdir)/sql/updates/*--$(EXTVERSION).sql))

# These set up what PGXS itself needs, so they must not include it.
OWN_GOALS = check check-majors check-asan check-valgrind check-package lint demo demo-stop bench dist fuzz soak

ifneq ($(filter $(OWN_GOALS),$(MAKECMDGOALS)),)

.PHONY: $(OWN_GOALS)
$(OWN_GOALS):
	@$(srcdir)/tools/$@

else

# Built beside the sources' own folders, not in them.
ifdef VPATH
$(shell mkdir -p src sql)
endif

# In the order in which the script needs them.
LIBRARY = begin \
	calendar \
	ids \
	taxonomy \
	dayset \
	dayseries \
	dayseries_map \
	bridge \
	user_days \
	figures \
	aggregates \
	sequences \
	funnel \
	model \
	settings \
	lags \
	changes \
	rollups \
	maintenance \
	insights \
	security
MODEL = tables \
	rollups \
	live \
	activity \
	retention \
	accounts \
	events \
	arrival \
	quality \
	status \
	catalog \
	security

OBJS = $(patsubst $(srcdir)/%.c,%.o,$(wildcard $(srcdir)/src/*.c))

DATA         = $(FROZEN:%=sql/usage_analytics--%.sql)
DATA_built   = $(filter-out $(DATA),$(SCRIPT) $(UPDATES))
PG_CFLAGS    = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
PG_CPPFLAGS  = -I$(srcdir)/src
EXTRA_CLEAN  = results regression.diffs regression.out

REGRESS     := $(sort $(patsubst $(srcdir)/test/sql/%.sql,%,$(wildcard $(srcdir)/test/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(srcdir)/test --load-extension=usage_analytics
ISOLATION   := $(sort $(patsubst $(srcdir)/test/specs/%.spec,%,$(wildcard $(srcdir)/test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=$(srcdir)/test --load-extension=usage_analytics

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

HEADERS_ALL = $(wildcard $(srcdir)/src/*.h)
$(OBJS): $(HEADERS_ALL)

# A program that unpacks the distribution may make a file of this link.
installcheck: | $(srcdir)/test/expected/ids.out
$(srcdir)/test/expected/ids.out:
	rm -f $(@D)
	ln -s ../expected $(@D)

LIBRARY_FILES = $(patsubst %,$(srcdir)/sql/library/%.sql,$(LIBRARY))
MODEL_FILES   = $(patsubst %,$(srcdir)/sql/model/%.sql,$(MODEL))

$(SCRIPT): $(LIBRARY_FILES) $(MODEL_FILES) $(srcdir)/tools/build_script $(srcdir)/usage_analytics.control
	$(srcdir)/tools/build_script $(EXTVERSION) '$(LIBRARY_FILES)' '$(MODEL_FILES)' > $@.tmp
	mv $@.tmp $@

$(UPDATES): sql/usage_analytics--%.sql: $(srcdir)/sql/updates/%.sql $(MODEL_FILES) $(srcdir)/tools/build_script
	$(srcdir)/tools/build_script $* '$<' '$(MODEL_FILES)' > $@.tmp
	mv $@.tmp $@

endif
