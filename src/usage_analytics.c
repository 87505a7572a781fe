/*
 * usage_analytics.c
 *		Module entry: magic block, settings and callbacks.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/guc.h"

#include "fold.h"
#include "sequence_state.h"
#include "sums.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	ua_sums_init();
	ua_fold_init();
	DefineCustomIntVariable("usage_analytics.sequence_memory",
							"Limits what an aggregate over sequences of events holds in memory.",
							"It counts for all groups of the aggregate together, in each process; a query that needs more fails.",
							&ua_sequence_memory,
							1024 * 1024, 64, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	MarkGUCPrefixReserved("usage_analytics");
}
