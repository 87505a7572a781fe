/*
 * state_context.c
 *		Memory for expanded objects that are aggregate states.
 */
#include "postgres.h"

#include "nodes/memnodes.h"
#include "utils/memutils.h"

#include "state_context.h"

MemoryContext
ua_state_context(MemoryContext aggregate)
{
	static const char name[] = "usage_analytics aggregate states";
	MemoryContext child;

	/* It goes when the aggregate's memory is reset, so it is not kept. */
	for (child = aggregate->firstchild; child != NULL; child = child->nextchild)
	{
		if (child->name == name)
			return child;
	}
	return AllocSetContextCreateInternal(aggregate, name, ALLOCSET_DEFAULT_SIZES);
}
