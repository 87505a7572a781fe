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

#include "compat.h"
#include "model.h"
#include "segments.h"
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
	UaSegment  *segment;
} SegmentEntry;

#define SH_PREFIX entries
#define SH_ELEMENT_TYPE SegmentEntry
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY key
#define SH_HASH_KEY(tb, k) ua_hash_uuid(&(k))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Where few names follow each other in turn, each is kept once. */
#define RECENT_SEGMENTS	16

struct UaSegments
{
	MemoryContext context;
	entries_hash *entries;
	SegmentEntry *last;			/* found last: mostly the next row's again */
	UaSegments *accounts;		/* those that users have theirs from, if they do */
	UaSegment  *none;
	UaSegment  *recent[RECENT_SEGMENTS];
	uint32		named;			/* segments, the last of which are in recent */
};

/* ---------- reading ---------- */

static UaSegment *
make_segment(UaSegments *segments, text *name)
{
	MemoryContext caller = MemoryContextSwitchTo(segments->context);
	UaSegment  *segment = palloc0(sizeof(UaSegment));

	if (name != NULL)
		segment->name = cstring_to_text_with_len(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	MemoryContextSwitchTo(caller);
	return segment;
}

static UaSegment *
segment_named(UaSegments *segments, text *name)
{
	Size		size = VARSIZE_ANY_EXHDR(name);

	for (uint32 i = 0; i < Min(segments->named, RECENT_SEGMENTS); i++)
	{
		UaSegment  *recent = segments->recent[i];

		if (VARSIZE_ANY_EXHDR(recent->name) == size &&
			memcmp(VARDATA_ANY(recent->name), VARDATA_ANY(name), size) == 0)
			return recent;
	}
	return segments->recent[segments->named++ % RECENT_SEGMENTS] = make_segment(segments, name);
}

/* A row: a key, and either a name or the key of an account. */
static void
take_row(void *self, const Datum *values, const bool *nulls)
{
	UaSegments *segments = self;
	SegmentEntry *entry;
	bool		found;

	if (nulls[0])
		return;
	entry = entries_insert(segments->entries, *DatumGetUUIDP(values[0]), &found);
	entry->segment = NULL;
	if (!nulls[1] && segments->accounts != NULL)
		entry->segment = ua_segment_of(segments->accounts, DatumGetUUIDP(values[1]));
	else if (!nulls[1])
	{
		text	   *name = DatumGetTextPP(values[1]);

		entry->segment = segment_named(segments, name);
		if (name != (text *) DatumGetPointer(values[1]))
			pfree(name);
	}
	if (entry->segment == NULL)
		entry->segment = segments->none;
}

static UaSegments *
read_column(Oid schema, const char *table, const char *key, const char *column,
			UaSegments *accounts, uint32 expected)
{
	UaSegments *segments = palloc0(sizeof(UaSegments));
	UaTableColumn columns[] = {
		{key, UUIDOID},
		{column, accounts == NULL ? TEXTOID : UUIDOID}
	};

	segments->context = CurrentMemoryContext;
	segments->entries = entries_create(CurrentMemoryContext, expected, NULL);
	segments->accounts = accounts;
	segments->none = make_segment(segments, NULL);
	ua_read_table(schema, table, lengthof(columns), columns, take_row, segments);
	return segments;
}

/*
 * What accounts have is read by account first; users then have what their
 * account has.
 */
UaSegments *
ua_segments_read(Oid schema, const char *kind, bool of_users)
{
	UaSegments *accounts = NULL;

	if (strcmp(kind, "role") != 0 && strcmp(kind, "country") != 0)
	{
		accounts = read_column(schema, "dim_account", "account_id", kind, NULL,
							   ACCOUNTS_EXPECTED);
		if (!of_users)
			return accounts;
		kind = "account_id";
	}
	return read_column(schema, "dim_user", "user_id", kind, accounts, USERS_EXPECTED);
}

UaSegment *
ua_segment_of(UaSegments *segments, const pg_uuid_t *key)
{
	SegmentEntry *entry = segments->last;

	if (entry == NULL || memcmp(&entry->key, key, UUID_LEN) != 0)
	{
		entry = entries_lookup(segments->entries, *key);
		if (entry == NULL)
			return NULL;
		segments->last = entry;
	}
	return entry->segment;
}

/* ---------- usage_segment(key uuid, segment text, of_users boolean) → text ---------- */

/* What fn_extra keeps: the segments of users or accounts, as of a snapshot. */
typedef struct
{
	UaSnapshotStamp stamp;
	MemoryContext context;		/* holds the rest */
	bool		constant;		/* the next two are not to change */
	text	   *kind;
	bool		of_users;
	UaSegments *segments;
} KeptSegments;

static bool
is_constant(FmgrInfo *function, int argument)
{
	return function->fn_expr != NULL && IsA(function->fn_expr, FuncExpr) &&
		IsA(list_nth(((FuncExpr *) function->fn_expr)->args, argument), Const);
}

/* Whether they are those that arguments 1 and 2 ask for. */
static bool
is_kind(const KeptSegments *kept, FunctionCallInfo fcinfo)
{
	text	   *kind = PG_GETARG_TEXT_PP(1);

	return kept->of_users == PG_GETARG_BOOL(2) &&
		VARSIZE_ANY_EXHDR(kept->kind) == VARSIZE_ANY_EXHDR(kind) &&
		memcmp(VARDATA_ANY(kept->kind), VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind)) == 0;
}

static void
keep_segments(KeptSegments *kept, FunctionCallInfo fcinfo)
{
	MemoryContext caller;

	kept->stamp.set = false;
	MemoryContextReset(kept->context);
	caller = MemoryContextSwitchTo(kept->context);
	kept->kind = (text *) pg_detoast_datum_copy(PG_GETARG_TEXT_PP(1));
	kept->of_users = PG_GETARG_BOOL(2);
	kept->segments = ua_segments_read(ua_function_schema(fcinfo), text_to_cstring(kept->kind),
									  kept->of_users);
	MemoryContextSwitchTo(caller);
	ua_stamp_now(&kept->stamp);
}

Datum
usage_segment(PG_FUNCTION_ARGS)
{
	KeptSegments *kept = fcinfo->flinfo->fn_extra;
	UaSegment  *segment;

	if (unlikely(kept == NULL))
	{
		kept = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(KeptSegments));
		kept->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "segments",
											  ALLOCSET_DEFAULT_SIZES);
		kept->constant = is_constant(fcinfo->flinfo, 1) && is_constant(fcinfo->flinfo, 2);
	}
	if (unlikely(!ua_stamp_is_current(&kept->stamp) ||
				 !(kept->constant || is_kind(kept, fcinfo))))
		keep_segments(kept, fcinfo);

	segment = ua_segment_of(kept->segments, PG_GETARG_UUID_P(0));
	if (segment == NULL || segment->name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(segment->name);
}
