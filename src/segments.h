/*
 * segments.h
 *		Which segment users and accounts are in.
 */
#ifndef UA_SEGMENTS_H
#define UA_SEGMENTS_H

#include "utils/uuid.h"

typedef struct UaSegments UaSegments;

/* There may be several of one name. */
typedef struct UaSegment
{
	text	   *name;			/* NULL where there is none */
	void	   *group;			/* for whoever asks; NULL at first */
} UaSegment;

/*
 * The segments (plan_tier, region, account_id, of users role and country too)
 * of all accounts, or of all users, as the active snapshot shows them, in the
 * current memory context.
 */
extern UaSegments *ua_segments_read(Oid schema, const char *kind, bool of_users);

/* That of an account or a user; NULL for one who is not there. */
extern UaSegment *ua_segment_of(UaSegments *segments, const pg_uuid_t *key);

#endif							/* UA_SEGMENTS_H */
