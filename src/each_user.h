/*
 * each_user.h
 *		Reading the days of activity of everybody, each user once.
 */
#ifndef UA_EACH_USER_H
#define UA_EACH_USER_H

#include "dayset.h"
#include "utils/uuid.h"

/* Takes a user, and the user's days; both are gone when it returns. */
typedef void (*UaTakeUser) (void *taker, const pg_uuid_t *user, UaDays days);

/*
 * Hand over everybody, or the users of an account, as usage_each_user() says
 * where they are.
 */
extern void ua_read_each_user(Oid schema, const pg_uuid_t *account,
							  UaTakeUser take, void *taker);

#endif							/* UA_EACH_USER_H */
