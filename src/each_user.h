/*
 * each_user.h
 *		Reading the days of activity of everybody, each user once.
 */
#ifndef UA_EACH_USER_H
#define UA_EACH_USER_H

#include "dayset.h"
#include "utils/array.h"
#include "utils/uuid.h"

/* Takes a user, and the user's days; both are gone when it returns. */
typedef void (*UaTakeUser) (void *taker, const pg_uuid_t *user, UaDays days);

/*
 * Hand over what user_activity has of users of one account as it stands, but of
 * those in `changed`, which may be NULL; then the rows of a query, user_id and
 * days, which has these and the users of several accounts.
 */
extern void ua_read_each_user(Oid schema, ArrayType *changed, const char *merged,
							  UaTakeUser take, void *taker);

#endif							/* UA_EACH_USER_H */
