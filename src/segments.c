/*
 * segments.c
 *		Which segment users and accounts are in: dim_user and dim_account in
 *		hash tables.
 *
 * A report on everybody meets each of them once or a few times. To look them
 * up in a table that has nothing but a key and a value takes a fraction of the
 * time of a join.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "compat.h"
#include "model.h"
#include "table_read.h"
#include "uuid_hash.h"

PG_FUNCTION_INFO_V1(usage_segment);

/* The hash tables grow, but not from nothing. */
#define ACCOUNTS_EXPECTED	1000
#define USERS_EXPECTED		50000

typedef struct
{
	pg_uuid_t	key;
	char		status;
	text	   *segment;		/* NULL where that is */
} SegmentEntry;

#define SH_PREFIX segments
#define SH_ELEMENT_TYPE SegmentEntry
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY key
#define SH_HASH_KEY(tb, k) ua_hash_uuid(&(k))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* What fn_extra keeps: the segments of users or accounts, as of a snapshot. */
typedef struct
{
	UaSnapshotStamp stamp;
	MemoryContext context;		/* holds the rest */
	bool		constant;		/* the next two are not to change */
	text	   *kind;
	bool		of_users;
	segments_hash *segments;
	SegmentEntry *last;			/* found last: mostly the next row's again */
} Segments;

#define RECENT_TEXTS	16

/* Takes rows of a key and either a text or the key of an account. */
typedef struct
{
	MemoryContext context;
	segments_hash *segments;
	segments_hash *accounts;	/* NULL where rows have texts */
	SegmentEntry *last;			/* the account of the last row: mostly again that of the next */
	text	   *recent[RECENT_TEXTS];
	uint32		copied;			/* texts, the last of which are in recent */
} SegmentTaker;

/* A copy of a text, the same one for most of those that are equal. */
static text *
kept_text(SegmentTaker *taker, text *value)
{
	Size		size = VARSIZE_ANY_EXHDR(value);
	MemoryContext caller;
	text	   *copy;

	for (uint32 i = 0; i < Min(taker->copied, RECENT_TEXTS); i++)
	{
		text	   *recent = taker->recent[i];

		if (VARSIZE_ANY_EXHDR(recent) == size &&
			memcmp(VARDATA_ANY(recent), VARDATA_ANY(value), size) == 0)
			return recent;
	}
	caller = MemoryContextSwitchTo(taker->context);
	copy = cstring_to_text_with_len(VARDATA_ANY(value), size);
	MemoryContextSwitchTo(caller);
	taker->recent[taker->copied++ % RECENT_TEXTS] = copy;
	return copy;
}

static void
take_segment(void *self, const Datum *values, const bool *nulls)
{
	SegmentTaker *taker = self;
	SegmentEntry *entry;
	bool		found;

	entry = segments_insert(taker->segments, *DatumGetUUIDP(values[0]), &found);
	entry->segment = NULL;
	if (nulls[1])
		return;
	if (taker->accounts == NULL)
	{
		text	   *value = DatumGetTextPP(values[1]);

		entry->segment = kept_text(taker, value);
		if (value != (text *) DatumGetPointer(values[1]))
			pfree(value);
		return;
	}
	if (taker->last == NULL ||
		memcmp(&taker->last->key, DatumGetUUIDP(values[1]), UUID_LEN) != 0)
		taker->last = segments_lookup(taker->accounts, *DatumGetUUIDP(values[1]));
	if (taker->last != NULL)
		entry->segment = taker->last->segment;
}

/* What a table of so many rows, about, has in a column, by its key. */
static segments_hash *
read_segments(MemoryContext context, Oid schema, const char *table, const char *key,
			  const char *column, segments_hash *accounts, uint32 expected)
{
	SegmentTaker taker = {
		.context = context,
		.segments = segments_create(context, expected, NULL),
		.accounts = accounts
	};
	UaTableColumn columns[] = {
		{key, UUIDOID},
		{column, accounts == NULL ? TEXTOID : UUIDOID}
	};

	ua_read_table(schema, table, lengthof(columns), columns, take_segment, &taker);
	return taker.segments;
}

/*
 * What accounts have is kept by account first; users then have what their
 * account has.
 */
static void
read_kind(Segments *segments, text *kind, bool of_users, Oid schema)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *column = text_to_cstring(kind);
	bool		of_accounts = strcmp(column, "role") != 0 &&
		strcmp(column, "country") != 0;

	segments->stamp.set = false;
	MemoryContextReset(segments->context);
	segments->segments = NULL;
	segments->last = NULL;
	if (of_accounts)
		segments->segments =
			read_segments(segments->context, schema, "dim_account", "account_id", column,
						  NULL, ACCOUNTS_EXPECTED);
	if (of_users)
		segments->segments =
			read_segments(segments->context, schema, "dim_user", "user_id",
						  of_accounts ? "account_id" : column,
						  segments->segments, USERS_EXPECTED);
	MemoryContextSwitchTo(segments->context);
	segments->kind = (text *) pg_detoast_datum_copy(kind);
	MemoryContextSwitchTo(caller);
	segments->of_users = of_users;
	ua_stamp_now(&segments->stamp);
}

static bool
is_constant(FmgrInfo *function, int argument)
{
	return function->fn_expr != NULL && IsA(function->fn_expr, FuncExpr) &&
		IsA(list_nth(((FuncExpr *) function->fn_expr)->args, argument), Const);
}

/* Whether they are those that arguments 1 and 2 ask for. */
static bool
is_kind(const Segments *segments, FunctionCallInfo fcinfo)
{
	text	   *kind = PG_GETARG_TEXT_PP(1);

	return segments->of_users == PG_GETARG_BOOL(2) &&
		VARSIZE_ANY_EXHDR(segments->kind) == VARSIZE_ANY_EXHDR(kind) &&
		memcmp(VARDATA_ANY(segments->kind), VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind)) == 0;
}

/* usage_segment(key uuid, segment text, of_users boolean) → text */
Datum
usage_segment(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *key = PG_GETARG_UUID_P(0);
	Segments   *segments = fcinfo->flinfo->fn_extra;
	SegmentEntry *entry;

	if (unlikely(segments == NULL))
	{
		segments = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Segments));
		segments->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "segments",
												  ALLOCSET_DEFAULT_SIZES);
		segments->constant = is_constant(fcinfo->flinfo, 1) && is_constant(fcinfo->flinfo, 2);
	}
	if (unlikely(!ua_stamp_is_current(&segments->stamp) ||
				 !(segments->constant || is_kind(segments, fcinfo))))
		read_kind(segments, PG_GETARG_TEXT_PP(1), PG_GETARG_BOOL(2), ua_function_schema(fcinfo));

	entry = segments->last;
	if (entry == NULL || memcmp(&entry->key, key, UUID_LEN) != 0)
	{
		entry = segments_lookup(segments->segments, *key);
		if (entry == NULL)
			PG_RETURN_NULL();
		segments->last = entry;
	}
	if (entry->segment == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(entry->segment);
}
