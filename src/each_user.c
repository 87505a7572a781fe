/*
 * each_user.c
 *		Reading the days of activity of everybody, each user once.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/syscache.h"

#include "compat.h"
#include "dayset_sql.h"
#include "each_user.h"
#include "table_read.h"
#include "uuid_hash.h"

typedef struct
{
	pg_uuid_t	user;
	char		status;
} ChangedUser;

#define SH_PREFIX changed
#define SH_ELEMENT_TYPE ChangedUser
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY user
#define SH_HASH_KEY(tb, key) ua_hash_uuid(&(key))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct
{
	changed_hash *changed;		/* NULL for nobody */
	UaTakeUser	take;
	void	   *taker;
} Reader;

static void
hand_over(Reader *reader, Datum user, Datum stored)
{
	struct varlena *days = ua_detoasted(stored);

	reader->take(reader->taker, DatumGetUUIDP(user), ua_days_of(days));
	if (unlikely(days != (struct varlena *) DatumGetPointer(stored)))
		pfree(days);
}

static void
take_settled(void *self, const Datum *values, const bool *nulls)
{
	Reader	   *reader = self;

	if (DatumGetBool(values[2]) ||
		(reader->changed != NULL &&
		 changed_lookup(reader->changed, *DatumGetUUIDP(values[0])) != NULL))
		return;
	hand_over(reader, values[0], values[1]);
}

static void
take_merged(void *self, const Datum *values, const bool *nulls)
{
	hand_over(self, values[0], values[1]);
}

static changed_hash *
changed_users(ArrayType *array)
{
	changed_hash *users;
	Datum	   *values;
	int			count;

	if (array == NULL)
		return NULL;
	deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &values, NULL, &count);
	users = changed_create(CurrentMemoryContext, count, NULL);
	for (int i = 0; i < count; i++)
	{
		bool		found;

		changed_insert(users, *DatumGetUUIDP(values[i]), &found);
	}
	return users;
}

void
ua_read_each_user(Oid schema, ArrayType *changed, const char *merged,
				  UaTakeUser take, void *taker)
{
	Reader		reader = {
		.changed = changed_users(changed),
		.take = take,
		.taker = taker
	};
	UaTableColumn columns[] = {
		{"user_id", UUIDOID},
		{"days", GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
								 CStringGetDatum("dayset"), ObjectIdGetDatum(schema))},
		{"shared", BOOLOID}
	};

	ua_read_table(schema, "user_activity", lengthof(columns), columns, take_settled, &reader);
	ua_read_query(merged, take_merged, &reader);
}
