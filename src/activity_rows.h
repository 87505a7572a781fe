/*
 * activity_rows.h
 *		The rows of users' days that a report counts.
 */
#ifndef UA_ACTIVITY_ROWS_H
#define UA_ACTIVITY_ROWS_H

#include "access/htup.h"
#include "fmgr.h"
#include "utils/date.h"
#include "utils/uuid.h"

#include "dayset.h"
#include "segment_groups.h"

/*
 * Takes a row: the group of its segment, the user, who may be NULL where a query
 * does not say, the user's days, and the days on which the user came back (with
 * back.body NULL for none, the same days where nothing else is asked for), and how many
 * times it counts, 1 or -1. All but the group are gone when it returns.
 */
typedef void (*UaTakeDays) (void *taker, UaSegmentGroup *group, const pg_uuid_t *user,
							UaDays days, UaDays back, int times);

/* Whether the groups of a usage_days_source are of accounts rather than of names. */
extern bool ua_source_is_of_accounts(HeapTupleHeader source);

/* Read what it says, with groups of its segments. */
extern void ua_read_activity(Oid schema, HeapTupleHeader source, UaSegmentGroups *groups,
							 UaTakeDays take, void *taker);

/*
 * The source of everybody's days, or, where argument `account` is not null, of
 * those of an account's own users; and the day that a report is as of, which
 * argument `as_of` may say, and today.
 */
extern HeapTupleHeader ua_find_activity(FunctionCallInfo fcinfo, int as_of, int account,
										DateADT *day, DateADT *today);

#endif							/* UA_ACTIVITY_ROWS_H */
