/*
 * usage_analytics.c
 *		Module entry: magic block, settings and callbacks.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "capture.h"
#include "fold.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	ua_capture_init();
	ua_fold_init();
	MarkGUCPrefixReserved("usage_analytics");
}
