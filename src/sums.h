/*
 * sums.h
 *		Adding up events in memory, and appending the sums to usage_pending.
 */
#ifndef UA_SUMS_H
#define UA_SUMS_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"

typedef struct UaSums UaSums;

extern void ua_sums_init(void);

/*
 * Add up events, from slots of that row type, which has the columns of
 * fct_event that count, under their names. Memory is bounded by
 * maintenance_work_mem: beyond it the sums so far are appended, and more,
 * smaller rows are the only consequence. The caller is the model's owner and
 * holds a lock on fct_event, `events`, that keeps its settings as they are.
 */
extern UaSums *ua_sums_start(Oid schema, Oid events, TupleDesc desc);

/* An event that is new, with a sign of 1, or is no more, with -1. */
extern void ua_sums_add(UaSums *sums, TupleTableSlot *slot, int sign);

/* Append what is left; how many bytes were appended in all. */
extern Size ua_sums_finish(UaSums *sums);

#endif							/* UA_SUMS_H */
