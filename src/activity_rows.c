/*
 * activity_rows.c
 *		The rows of users' days that a report counts.
 *
 * Most users are under one account, with nothing pending: their rows of
 * user_activity are taken as they stand. Those of users of several accounts,
 * and of users who may be elsewhere by now, are put aside while the table is
 * read, and merged and placed then. Users with something pending come from a
 * query. All this a usage_days_source says.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "activity_rows.h"
#include "compat.h"
#include "dayseries_sql.h"
#include "model.h"
#include "segments.h"
#include "table_read.h"
#include "uuid_hash.h"
#include "word_table.h"

typedef struct
{
	pg_uuid_t	user_id;
	char		status;
	UaSegmentGroup *group;
} User;

#define SH_PREFIX users
#define SH_ELEMENT_TYPE User
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY user_id
#define SH_HASH_KEY(tb, key) ua_hash_uuid(&(key))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The window within the days of a user reaches about a year. */
#define WINDOW	6

/* The days of a user with some event */
typedef struct
{
	UaWordTable words;			/* a bit a day */
	uint64		window[WINDOW];
} EventDays;

/* What users are counted for, and what they come back for */
typedef enum
{
	COUNTED, BACK
} Purpose;

#define N_PURPOSES	(BACK + 1)

typedef struct
{
	pg_uuid_t	user_id;
	char		status;
	EventDays  *days[N_PURPOSES];	/* NULL for none */
} EventUser;

#define SH_PREFIX events
#define SH_ELEMENT_TYPE EventUser
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY user_id
#define SH_HASH_KEY(tb, key) ua_hash_uuid(&(key))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A row that is put aside; the group is that of its account, where that counts. */
typedef struct
{
	UaSegmentGroup *group;
	pg_uuid_t	user_id;
	UaDayset   *days;
} AsideRow;

typedef struct
{
	UaSegmentGroups *groups;
	UaTakeDays	take;
	void	   *taker;
	Oid			schema;
	MemoryContext context;
	bool		of_accounts;	/* groups are these */
	UaSegments *segments;		/* otherwise; NULL where all are in one group, which is */
	UaSegmentGroup *group;
	bool		of_users;		/* whose segments these are */
	users_hash *skipped;		/* NULL for none */
	users_hash *strays;			/* NULL where nobody is looked up in dim_user */
	bool		corrections;	/* what was counted by account is taken away */
	int			n_events[N_PURPOSES];	/* -1 where all count */
	text	  **events[N_PURPOSES];
	events_hash *event_users;
	UaDaysWriter days[N_PURPOSES];	/* of one user */
	AsideRow   *aside;
	int			n_aside;
	int			room;
} Reader;

/* ---------- groups ---------- */

static UaSegmentGroup *
group_of(Reader *reader, const pg_uuid_t *key)
{
	UaSegment  *segment;

	if (reader->of_accounts)
		return ua_group_of_account(reader->groups, key);
	if (reader->segments == NULL)
		return reader->group;
	segment = ua_segment_of(reader->segments, key);
	if (segment == NULL)
		return ua_group_named(reader->groups, NULL);
	if (segment->group == NULL)
		segment->group = ua_group_named(reader->groups, segment->name);
	return segment->group;
}

/* ---------- days with some events ---------- */

static void
add_event_days(Reader *reader, EventUser *user, Purpose purpose, UaDayseries events)
{
	EventDays  *days = user->days[purpose];
	UaDayseriesReader series;
	int32		word;
	uint64		bits;

	if (days == NULL)
	{
		days = user->days[purpose] = MemoryContextAlloc(reader->context, sizeof(EventDays));
		ua_word_table_init(&days->words, reader->context, days->window, WINDOW);
	}
	ua_dayseries_read(&series, events);
	while (ua_dayseries_next_positive(&series, &word, &bits))
		if (bits != 0)
			*ua_word_table_find(&days->words, word) |= bits;
}

static EventUser *
event_user(Reader *reader, const pg_uuid_t *user_id)
{
	bool		found;
	EventUser  *user = events_insert(reader->event_users, *user_id, &found);

	if (!found)
		memset(user->days, 0, sizeof(user->days));
	return user;
}

/* A month of a user: who, and events by name. Names are in the order of labels. */
static void
take_events(void *self, const Datum *values, const bool *nulls)
{
	Reader	   *reader = self;
	struct varlena *stored = (struct varlena *) DatumGetPointer(values[1]);
	struct varlena *map;
	EventUser  *user = NULL;

	if (nulls[0] || nulls[1])
		return;
	map = pg_detoast_datum_packed(stored);
	for (Purpose purpose = COUNTED; purpose < N_PURPOSES; purpose++)
	{
		UaMapReader labels;

		ua_map_read(&labels, ua_map_of(PointerGetDatum(map)));
		for (int i = 0; i < reader->n_events[purpose]; i++)
		{
			text	   *name = reader->events[purpose][i];
			UaDayseries events;

			if (!ua_map_go_on_to(&labels, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &events))
				continue;
			if (user == NULL)
				user = event_user(reader, DatumGetUUIDP(values[0]));
			add_event_days(reader, user, purpose, events);
		}
	}
	if (map != stored)
		pfree(map);
}

static void
read_events(Reader *reader, Oid map_type)
{
	UaTableColumn columns[] = {{"user_id", UUIDOID}, {"events", map_type}};

	reader->event_users = events_create(CurrentMemoryContext, 1024, NULL);
	for (int i = 0; i < N_PURPOSES; i++)
		ua_days_write(&reader->days[i], 0, WINDOW * sizeof(uint64));
	ua_read_table(reader->schema, "usage_rollup", lengthof(columns), columns, take_events, reader);
}

/* The days of a user, good until those of the next are asked for; a NULL body for none. */
static UaDays
event_days(Reader *reader, const EventUser *user, Purpose purpose)
{
	UaDaysWriter *writer = &reader->days[purpose];
	UaWordTableScan scan;
	int32		word;
	uint64		bits;
	Size		size;

	if (user == NULL || user->days[purpose] == NULL)
		return (UaDays) {NULL, 0};
	ua_days_rewrite(writer);
	ua_word_table_scan(&scan, &user->days[purpose]->words);
	while (ua_word_table_next(&scan, &word, &bits))
		ua_days_put(writer, word, bits);
	size = ua_days_written(writer);
	return (UaDays) {writer->chunk, size};
}

/* When a user was back, who is counted for days. */
static UaDays
back_of(Reader *reader, const pg_uuid_t *user_id, UaDays days)
{
	return reader->n_events[BACK] < 0 ? days :
		event_days(reader, events_lookup(reader->event_users, *user_id), BACK);
}

/* Users with events that count, and not others */
static void
take_event_users(Reader *reader)
{
	events_iterator scan;
	EventUser  *user;

	events_start_iterate(reader->event_users, &scan);
	while ((user = events_iterate(reader->event_users, &scan)) != NULL)
	{
		UaDays		days = event_days(reader, user, COUNTED);

		CHECK_FOR_INTERRUPTS();
		if (days.body != NULL)
			reader->take(reader->taker, group_of(reader, &user->user_id), &user->user_id, days,
						 reader->n_events[BACK] < 0 ? days : event_days(reader, user, BACK), 1);
	}
}

/* ---------- as they stand ---------- */

enum
{
	SETTLED_DAYS, SETTLED_SHARED, SETTLED_ACCOUNT, SETTLED_USER
};


static void
put_aside(Reader *reader, UaSegmentGroup *group, const pg_uuid_t *user_id, Datum days)
{
	MemoryContext caller = MemoryContextSwitchTo(reader->context);

	if (reader->n_aside == reader->room)
	{
		reader->room = Max(64, reader->room * 2);
		reader->aside = reader->aside == NULL ?
			palloc(reader->room * sizeof(AsideRow)) :
			repalloc_huge(reader->aside, reader->room * sizeof(AsideRow));
	}
	reader->aside[reader->n_aside++] = (AsideRow) {
		group, *user_id, PG_DETOAST_DATUM_COPY(days)
	};
	MemoryContextSwitchTo(caller);
}

static void
take_settled(void *self, const Datum *values, const bool *nulls)
{
	Reader	   *reader = self;
	const pg_uuid_t *user_id = DatumGetUUIDP(values[SETTLED_USER]);
	struct varlena *stored = (struct varlena *) DatumGetPointer(values[SETTLED_DAYS]);
	struct varlena *days;
	UaSegmentGroup *group;

	/* The owner may have dropped the constraints that see to this. */
	if (nulls[SETTLED_DAYS] || nulls[SETTLED_SHARED] || nulls[SETTLED_ACCOUNT] || nulls[SETTLED_USER])
		return;
	if (reader->skipped != NULL && users_lookup(reader->skipped, *user_id) != NULL)
		return;
	group = group_of(reader, reader->of_users ? user_id : DatumGetUUIDP(values[SETTLED_ACCOUNT]));
	if (DatumGetBool(values[SETTLED_SHARED]) ||
		(reader->strays != NULL && users_lookup(reader->strays, *user_id) != NULL))
	{
		put_aside(reader, reader->strays == NULL ? group : NULL, user_id, values[SETTLED_DAYS]);
		return;
	}
	days = pg_detoast_datum_packed(stored);
	reader->take(reader->taker, group, user_id, UA_DAYS(days),
				 back_of(reader, user_id, UA_DAYS(days)), 1);
	if (days != stored)
		pfree(days);
}

/* ---------- put aside ---------- */

static int
compare_aside(const void *a, const void *b)
{
	const AsideRow *left = a;
	const AsideRow *right = b;

	if (left->group != right->group)
		return (uintptr_t) left->group < (uintptr_t) right->group ? -1 : 1;
	return memcmp(&left->user_id, &right->user_id, UUID_LEN);
}

typedef struct
{
	Reader	   *reader;
	users_hash *users;
} OwnGroups;

static void
take_own_account(void *self, const Datum *values, const bool *nulls)
{
	OwnGroups  *own = self;
	User	   *user = nulls[0] ? NULL : users_lookup(own->users, *DatumGetUUIDP(values[0]));

	if (user != NULL && !nulls[1])
		user->group = group_of(own->reader, DatumGetUUIDP(values[1]));
}

/* The groups of the users that are aside, by their own accounts; NULL for those without. */
static users_hash *
own_groups(Reader *reader)
{
	OwnGroups	own = {reader, users_create(CurrentMemoryContext, reader->n_aside, NULL)};
	UaTableColumn columns[] = {{"user_id", UUIDOID}, {"account_id", UUIDOID}};
	Datum	   *ids = palloc(reader->n_aside * sizeof(Datum));
	int			n_ids = 0;

	for (int i = 0; i < reader->n_aside; i++)
	{
		bool		found;

		users_insert(own.users, reader->aside[i].user_id, &found)->group = NULL;
		if (!found)
			ids[n_ids++] = UUIDPGetDatum(&reader->aside[i].user_id);
	}
	ua_read_rows_of(reader->schema, "dim_user", lengthof(columns), columns,
					construct_array(ids, n_ids, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR),
					take_own_account, &own);
	return own.users;
}

/* Each user once, in each group. */
static void
take_aside(Reader *reader)
{
	users_hash *own = reader->strays != NULL && reader->n_aside > 0 ? own_groups(reader) : NULL;

	qsort(reader->aside, reader->n_aside, sizeof(AsideRow), compare_aside);
	for (int i = 0, end; i < reader->n_aside; i = end)
	{
		const AsideRow *row = &reader->aside[i];
		UaSegmentGroup *group = row->group;
		UaDayset   *days = row->days;

		CHECK_FOR_INTERRUPTS();
		for (end = i + 1; end < reader->n_aside && compare_aside(row, &reader->aside[end]) == 0; end++)
			days = ua_dayset_union(UA_DAYS(days), UA_DAYS(reader->aside[end].days));
		if (own != NULL)
		{
			const User *user = users_lookup(own, row->user_id);

			group = user == NULL ? NULL : user->group;
		}
		if (group == NULL)
			group = ua_group_named(reader->groups, NULL);
		for (int part = i; reader->corrections && part < end; part++)
		{
			UaDays		of_account = UA_DAYS(reader->aside[part].days);

			reader->take(reader->taker, group, &row->user_id, of_account, of_account, -1);
		}
		reader->take(reader->taker, group, &row->user_id, UA_DAYS(days),
					 back_of(reader, &row->user_id, UA_DAYS(days)), 1);
	}
}

/* ---------- by a query ---------- */

enum
{
	QUERY_SEGMENT, QUERY_USER, QUERY_DAYS, QUERY_BACK
};

static inline struct varlena *
detoasted(Datum value)
{
	return pg_detoast_datum_packed((struct varlena *) DatumGetPointer(value));
}

static inline void
free_copy(struct varlena *value, Datum of)
{
	if (value != (struct varlena *) DatumGetPointer(of))
		pfree(value);
}

static void
take_row(void *self, const Datum *values, const bool *nulls)
{
	Reader	   *reader = self;
	bool		same_days = values[QUERY_BACK] == values[QUERY_DAYS];
	const pg_uuid_t *user = nulls[QUERY_USER] ? NULL : DatumGetUUIDP(values[QUERY_USER]);
	struct varlena *days;
	struct varlena *back;
	UaSegmentGroup *group;

	if (nulls[QUERY_DAYS])
		return;
	group = nulls[QUERY_SEGMENT] ? ua_group_named(reader->groups, NULL) :
		reader->of_accounts ? ua_group_of_account(reader->groups, DatumGetUUIDP(values[QUERY_SEGMENT])) :
		ua_group_named(reader->groups, DatumGetTextPP(values[QUERY_SEGMENT]));
	days = detoasted(values[QUERY_DAYS]);
	back = nulls[QUERY_BACK] ? NULL : same_days ? days : detoasted(values[QUERY_BACK]);
	reader->take(reader->taker, group, user, UA_DAYS(days),
				 back == NULL ? (UaDays) {NULL, 0} : UA_DAYS(back), 1);
	if (back != NULL && !same_days)
		free_copy(back, values[QUERY_BACK]);
	free_copy(days, values[QUERY_DAYS]);
}

/* ---------- a source ---------- */

static Oid
own_type(Oid schema, const char *name)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(name), ObjectIdGetDatum(schema));
}

/* An attribute of a source; false where that is null. */
static bool
attribute(HeapTupleHeader source, const char *name, Datum *value)
{
	bool		isnull;

	*value = GetAttributeByName(source, name, &isnull);
	return !isnull;
}

/* A flag of a source. */
static bool
is_set(HeapTupleHeader source, const char *name)
{
	Datum		value;

	return attribute(source, name, &value) && DatumGetBool(value);
}

static int
compare_names(const void *a, const void *b)
{
	const text *left = *(text *const *) a;
	const text *right = *(text *const *) b;

	return ua_label_compare(VARDATA_ANY(left), VARSIZE_ANY_EXHDR(left),
							VARDATA_ANY(right), VARSIZE_ANY_EXHDR(right));
}

/* The names that an attribute has, in order, and how many these are; -1 where it is null. */
static int
names_of(HeapTupleHeader source, const char *name, text ***names)
{
	Datum		value;
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			n_names = 0;

	if (!attribute(source, name, &value))
		return -1;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &count);
	*names = palloc(Max(count, 1) * sizeof(text *));
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			(*names)[n_names++] = DatumGetTextPP(elements[i]);
	qsort(*names, n_names, sizeof(text *), compare_names);
	return n_names;
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
take_stray(void *self, const Datum *values, const bool *nulls)
{
	bool		found;

	if (!nulls[0])
		users_insert((users_hash *) self, *DatumGetUUIDP(values[0]), &found);
}

/* By their index, as they are few */
static void
read_shared(Reader *reader)
{
	Oid			types[] = {
		[SETTLED_DAYS] = own_type(reader->schema, "dayset"),
		[SETTLED_SHARED] = BOOLOID,
		[SETTLED_ACCOUNT] = UUIDOID,
		[SETTLED_USER] = UUIDOID
	};

	ua_read_query(psprintf("SELECT days, shared, account_id, user_id FROM %s WHERE shared",
						   ua_qualified(reader->schema, "user_activity")),
				  lengthof(types), types, take_settled, reader);
}

static void
read_settled(Reader *reader, HeapTupleHeader source)
{
	UaTableColumn columns[] = {
		[SETTLED_DAYS] = {"days", own_type(reader->schema, "dayset")},
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

		reader->of_users = is_set(source, "of_users");
		if (!reader->of_accounts)
			reader->segments = ua_segments_read(reader->schema, segment, reader->of_users);
		if (is_set(source, "strays"))
		{
			UaTableColumn stray = {"user_id", UUIDOID};

			reader->strays = users_create(CurrentMemoryContext, 64, NULL);
			ua_read_table(reader->schema, "usage_strays", 1, &stray, take_stray, reader->strays);
		}
	}
	else
		reader->group = ua_group_named(reader->groups, NULL);
	reader->n_events[COUNTED] = names_of(source, "events", &reader->events[COUNTED]);
	reader->n_events[BACK] = names_of(source, "back_events", &reader->events[BACK]);
	if (reader->n_events[COUNTED] >= 0 || reader->n_events[BACK] >= 0)
		read_events(reader, own_type(reader->schema, "dayseries_map"));
	if (reader->n_events[COUNTED] >= 0)
	{
		take_event_users(reader);
		return;
	}
	reader->corrections = is_set(source, "corrections");
	if (reader->corrections)
		read_shared(reader);
	else
		ua_read_table(reader->schema, "user_activity", lengthof(columns), columns, take_settled, reader);
	take_aside(reader);
}

bool
ua_source_is_of_accounts(HeapTupleHeader source)
{
	Datum		segment;

	return is_set(source, "settled") && !is_set(source, "of_users") &&
		attribute(source, "segment", &segment) &&
		strcmp(TextDatumGetCString(segment), "account_id") == 0;
}

void
ua_read_activity(Oid schema, HeapTupleHeader source, UaSegmentGroups *groups,
				 UaTakeDays take, void *taker)
{
	Reader		reader = {
		.groups = groups,
		.take = take,
		.taker = taker,
		.schema = schema,
		.of_accounts = ua_source_is_of_accounts(source),
		.context = CurrentMemoryContext
	};
	Datum		value;

	if (is_set(source, "settled"))
		read_settled(&reader, source);
	if (attribute(source, "query", &value))
	{
		Oid			types[] = {
			[QUERY_SEGMENT] = reader.of_accounts ? UUIDOID : TEXTOID,
			[QUERY_USER] = UUIDOID,
			[QUERY_DAYS] = own_type(reader.schema, "dayset"),
			[QUERY_BACK] = own_type(reader.schema, "dayset")
		};

		ua_read_query(TextDatumGetCString(value), lengthof(types), types, take_row, &reader);
	}
}

HeapTupleHeader
ua_find_activity(FunctionCallInfo fcinfo, int as_of, int account, DateADT *day, DateADT *today)
{
	Oid			schema = ua_function_schema(fcinfo);
	MemoryContext caller = CurrentMemoryContext;
	Oid			types[] = {DATEOID, UUIDOID};
	Datum		values[] = {PG_GETARG_DATUM(as_of), PG_GETARG_DATUM(account)};
	char		nulls[] = {PG_ARGISNULL(as_of) ? 'n' : ' ', PG_ARGISNULL(account) ? 'n' : ' '};
	HeapTupleHeader source;
	HeapTuple	row;
	TupleDesc	desc;
	bool		isnull;
	Datum		value;

	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT %s($1), today, %s(NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text, $2, true) FROM %s",
									   ua_qualified(schema, "usage_report_day"),
									   ua_qualified(schema, "usage_days_source"),
									   ua_qualified(schema, "usage_today")),
							  lengthof(types), types, values, nulls, true, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not find the days of users");
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	*day = DatumGetDateADT(SPI_getbinval(row, desc, 1, &isnull));
	*today = DatumGetDateADT(SPI_getbinval(row, desc, 2, &isnull));
	value = SPI_getbinval(row, desc, 3, &isnull);
	MemoryContextSwitchTo(caller);
	source = DatumGetHeapTupleHeaderCopy(value);
	SPI_finish();
	return source;
}
