/*
 * segment_groups.h
 *		Something for each segment of a report, found by its name.
 */
#ifndef UA_SEGMENT_GROUPS_H
#define UA_SEGMENT_GROUPS_H

#include "utils/uuid.h"

/* The beginning of whatever is kept for a segment */
typedef struct UaSegmentGroup
{
	text	   *name;			/* NULL for what is in none */
	const char *key;			/* the bytes of the name, or of the account */
	Size		key_size;
} UaSegmentGroup;

typedef struct UaSegmentGroups
{
	MemoryContext context;
	Size		size;			/* of a group */
	struct names_hash *names;
	UaSegmentGroup *nameless;	/* NULL for none */
	UaSegmentGroup *last;		/* found last */
} UaSegmentGroups;

/* Groups are of that size, zeroed at first, in the current memory context. */
extern void ua_groups_start(UaSegmentGroups *groups, Size size);

/*
 * The group of a name, or of no name; or of an account, whose name is its id as
 * text. Groups are all of names, or all of accounts.
 */
extern void *ua_group_named(UaSegmentGroups *groups, text *name);
extern void *ua_group_of_account(UaSegmentGroups *groups, const pg_uuid_t *account);

/* All groups as ORDER BY orders their names, that of none last. */
extern UaSegmentGroup **ua_groups_in_order(UaSegmentGroups *groups, int *count);

#endif							/* UA_SEGMENT_GROUPS_H */
