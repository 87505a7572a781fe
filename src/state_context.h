/*
 * state_context.h
 *		Memory for expanded objects that are aggregate states.
 *
 * An expanded object has a memory context, which the executor wants to be a
 * child of the aggregate's own. One for each state is too much where there are
 * many groups: hashed aggregation adds up the sizes of all contexts each time
 * that it meets a new group. So the states of an aggregate share one.
 *
 * That works for states that a transition function, once it has made one,
 * returns as the same pointer ever after: then the executor never deletes the
 * object of a single group, which would delete them all.
 */
#ifndef UA_STATE_CONTEXT_H
#define UA_STATE_CONTEXT_H

#include "fmgr.h"

/* The shared child of the context that AggCheckCallContext() gave. */
extern MemoryContext ua_state_context(MemoryContext aggregate);

/* For a transition function: leave the state, argument 0, as it is. */
static inline Datum
ua_state_unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

#endif							/* UA_STATE_CONTEXT_H */
