/*
 * each_user.c
 *		Reading the days of activity of everybody, each user once.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "dayset_sql.h"
#include "each_user.h"
#include "model.h"
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

	deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &values, NULL, &count);
	users = changed_create(CurrentMemoryContext, count, NULL);
	for (int i = 0; i < count; i++)
	{
		bool		found;

		changed_insert(users, *DatumGetUUIDP(values[i]), &found);
	}
	return users;
}

/* What usage_each_user() says */
typedef struct
{
	bool		settled;
	changed_hash *changed;		/* NULL for nobody */
	char	   *query;
} Source;

static Source
read_source(Oid schema, const pg_uuid_t *account)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	Oid			types[] = {UUIDOID};
	Datum		values[] = {UUIDPGetDatum(account)};
	char		nulls[] = {account == NULL ? 'n' : ' '};
	Source		source = {0};
	HeapTuple	row;
	TupleDesc	desc;
	Datum		value;
	bool		isnull;

	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT settled, changed, query FROM %s($1)",
									   ua_qualified(schema, "usage_each_user")),
							  lengthof(types), types, values, nulls, true, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "usage_each_user() failed");
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	spi = MemoryContextSwitchTo(caller);
	source.settled = DatumGetBool(SPI_getbinval(row, desc, 1, &isnull));
	value = SPI_getbinval(row, desc, 2, &isnull);
	if (!isnull)
		source.changed = changed_users(DatumGetArrayTypeP(value));
	source.query = TextDatumGetCString(SPI_getbinval(row, desc, 3, &isnull));
	MemoryContextSwitchTo(spi);
	SPI_finish();
	return source;
}

void
ua_read_each_user(Oid schema, const pg_uuid_t *account, UaTakeUser take, void *taker)
{
	Source		source = read_source(schema, account);
	Reader		reader = {
		.changed = source.changed,
		.take = take,
		.taker = taker
	};
	UaTableColumn columns[] = {
		{"user_id", UUIDOID},
		{"days", GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
								 CStringGetDatum("dayset"), ObjectIdGetDatum(schema))},
		{"shared", BOOLOID}
	};
	Oid			types[] = {columns[0].type, columns[1].type};

	if (source.settled)
		ua_read_table(schema, "user_activity", lengthof(columns), columns, take_settled, &reader);
	ua_read_query(source.query, lengthof(types), types, take_merged, &reader);
}
