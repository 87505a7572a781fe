/*
 * activity_rows.c
 *		The rows of users' days that a report counts.
 *
 * Most users are under one account, with nothing pending: their rows of
 * user_activity are taken as they stand. All others come from a query. Which
 * are which, a usage_days_source says.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "activity_rows.h"
#include "compat.h"
#include "dayset_sql.h"
#include "model.h"
#include "segments.h"
#include "table_read.h"

typedef struct
{
	pg_uuid_t	user_id;
	char		status;
} SkippedUser;

#define SH_PREFIX users
#define SH_ELEMENT_TYPE SkippedUser
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY user_id
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) &(key), sizeof(pg_uuid_t))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct
{
	UaSegmentGroups *groups;
	UaTakeDays	take;
	void	   *taker;
	UaSegments *segments;		/* NULL where all are in one group, which is */
	UaSegmentGroup *group;
	bool		of_users;		/* whose segments these are */
	users_hash *skipped;		/* NULL for none */
} Reader;

/* ---------- as they stand ---------- */

enum
{
	SETTLED_DAYS, SETTLED_SHARED, SETTLED_ACCOUNT, SETTLED_USER
};

static UaSegmentGroup *
group_of(Reader *reader, const pg_uuid_t *key)
{
	UaSegment  *segment = ua_segment_of(reader->segments, key);

	if (segment == NULL)
		return ua_group_named(reader->groups, NULL);
	if (segment->group == NULL)
		segment->group = ua_group_named(reader->groups, segment->name);
	return segment->group;
}

static void
take_settled(void *self, const Datum *values, const bool *nulls)
{
	Reader	   *reader = self;
	struct varlena *stored = (struct varlena *) DatumGetPointer(values[SETTLED_DAYS]);
	struct varlena *days;
	UaSegmentGroup *group;

	if (DatumGetBool(values[SETTLED_SHARED]))
		return;
	if (reader->skipped != NULL &&
		users_lookup(reader->skipped, *DatumGetUUIDP(values[SETTLED_USER])) != NULL)
		return;
	group = reader->segments == NULL ? reader->group :
		group_of(reader, DatumGetUUIDP(values[reader->of_users ? SETTLED_USER : SETTLED_ACCOUNT]));
	days = pg_detoast_datum_packed(stored);
	reader->take(reader->taker, group, UA_DAYS(days), UA_DAYS(days), 1);
	if (days != stored)
		pfree(days);
}

/* ---------- by a query ---------- */

enum
{
	QUERY_SEGMENT, QUERY_DAYS, QUERY_BACK, QUERY_TIMES
};

static void
take_row(void *self, const Datum *values, const bool *nulls)
{
	Reader	   *reader = self;
	struct varlena *days;
	UaDays		back = {NULL, 0};
	text	   *name = nulls[QUERY_SEGMENT] ? NULL : DatumGetTextPP(values[QUERY_SEGMENT]);

	if (nulls[QUERY_DAYS])
		return;
	days = pg_detoast_datum_packed((struct varlena *) DatumGetPointer(values[QUERY_DAYS]));
	if (!nulls[QUERY_BACK])
		back = values[QUERY_BACK] == values[QUERY_DAYS] ? UA_DAYS(days) :
			UA_DAYS(pg_detoast_datum_packed((struct varlena *) DatumGetPointer(values[QUERY_BACK])));
	reader->take(reader->taker, ua_group_named(reader->groups, name), UA_DAYS(days), back,
				 DatumGetInt32(values[QUERY_TIMES]));
}

/* ---------- both ---------- */

static Oid
dayset_type(Oid schema)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum("dayset"), ObjectIdGetDatum(schema));
}

/* An attribute of a source; false where that is null. */
static bool
attribute(HeapTupleHeader source, const char *name, Datum *value)
{
	bool		isnull;

	*value = GetAttributeByName(source, name, &isnull);
	return !isnull;
}

static users_hash *
users_of(ArrayType *array)
{
	users_hash *users;
	Datum	   *ids;
	bool	   *nulls;
	int			count;
	bool		found;

	deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &ids, &nulls, &count);
	users = users_create(CurrentMemoryContext, count, NULL);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			users_insert(users, *DatumGetUUIDP(ids[i]), &found);
	return users;
}

static void
read_settled(Reader *reader, HeapTupleHeader source, Oid schema)
{
	UaTableColumn columns[] = {
		[SETTLED_DAYS] = {"days", dayset_type(schema)},
		[SETTLED_SHARED] = {"shared", BOOLOID},
		[SETTLED_ACCOUNT] = {"account_id", UUIDOID},
		[SETTLED_USER] = {"user_id", UUIDOID}
	};
	Datum		value;

	if (attribute(source, "skipped", &value))
		reader->skipped = users_of(DatumGetArrayTypeP(value));
	if (attribute(source, "segment", &value))
	{
		char	   *segment = TextDatumGetCString(value);

		reader->of_users = attribute(source, "of_users", &value) && DatumGetBool(value);
		reader->segments = ua_segments_read(schema, segment, reader->of_users);
	}
	else
		reader->group = ua_group_named(reader->groups, NULL);
	ua_read_table(schema, "user_activity",
				  reader->segments == NULL && reader->skipped == NULL ? SETTLED_SHARED + 1 : lengthof(columns),
				  columns, take_settled, reader);
}

void
ua_read_activity(FunctionCallInfo fcinfo, int argument, UaSegmentGroups *groups,
				 UaTakeDays take, void *taker)
{
	HeapTupleHeader source = PG_GETARG_HEAPTUPLEHEADER(argument);
	Oid			schema = ua_function_schema(fcinfo);
	Reader		reader = {.groups = groups, .take = take, .taker = taker};
	Datum		value;

	if (attribute(source, "settled", &value) && DatumGetBool(value))
		read_settled(&reader, source, schema);
	if (attribute(source, "query", &value))
	{
		Oid			types[] = {
			[QUERY_SEGMENT] = TEXTOID,
			[QUERY_DAYS] = dayset_type(schema),
			[QUERY_BACK] = dayset_type(schema),
			[QUERY_TIMES] = INT4OID
		};

		ua_read_query(TextDatumGetCString(value), lengthof(types), types, take_row, &reader);
	}
}
