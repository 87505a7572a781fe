/*
 * usage_analytics.c
 *		Module entry: magic block and settings.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/guc.h"

#include "sequence_state.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("usage_analytics.sequence_memory",
							"Limits what an aggregate over sequences of events holds in memory.",
							"It counts for all groups of the aggregate together, in each process; a query that needs more fails.",
							&ua_sequence_memory,
							1024 * 1024, 64, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	MarkGUCPrefixReserved("usage_analytics");
}
