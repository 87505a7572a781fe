/*
 * activity_rows.h
 *		The rows of users' days that a report counts.
 */
#ifndef UA_ACTIVITY_ROWS_H
#define UA_ACTIVITY_ROWS_H

#include "fmgr.h"

#include "dayset.h"
#include "segment_groups.h"

/*
 * Takes a row: the group of its segment, a user's days, and the days on which the
 * user came back (with back.body NULL for none, the same days where nothing
 * else is asked for).
 */
typedef void (*UaTakeDays) (void *taker, UaSegmentGroup *group, UaDays days, UaDays back);

/*
 * Read what a usage_days_source says, the argument of that number, with groups
 * of its segments.
 */
extern void ua_read_activity(FunctionCallInfo fcinfo, int argument,
							 UaSegmentGroups *groups, UaTakeDays take, void *taker);

#endif							/* UA_ACTIVITY_ROWS_H */
