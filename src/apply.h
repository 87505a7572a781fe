/*
 * apply.h
 *		Adding to the rollups what changes them.
 */
#ifndef UA_APPLY_H
#define UA_APPLY_H

#include "executor/spi.h"

/* A plan that is kept for the session, as long as its command is the same. */
typedef struct UaKeptPlan
{
	char	   *command;
	SPIPlanPtr	plan;
} UaKeptPlan;

/* Within SPI. */
extern SPIPlanPtr ua_kept_plan(UaKeptPlan *kept, const char *command,
							   int n_types, Oid *types);

/*
 * Add to the rollups what usage_changes() says of that source, as the current
 * role, which has to be their owner. The rollups are locked. Returns the number
 * of pending rows taken.
 */
extern int64 ua_apply_changes(Oid schema, const char *source);

#endif							/* UA_APPLY_H */
