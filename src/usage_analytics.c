/*
 * usage_analytics.c
 *		Module entry: magic block and settings.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;
