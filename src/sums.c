/*
 * sums.c
 *		Adding up events in memory, and appending the sums to usage_pending.
 *
 * What is added up is what the rollups hold: for each account, user and month,
 * events by name, seconds by name, events by source and events by source and
 * lag of arrival, a number a day. This is the one place that says what an event
 * counts for.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "append.h"
#include "calendar.h"
#include "compat.h"
#include "dayseries_map.h"
#include "lag.h"
#include "model.h"
#include "ownership.h"
#include "sums.h"

PG_FUNCTION_INFO_V1(usage_forget_settings);

/* The maps of a pending row, in the order of its columns. */
typedef enum
{
	MAP_EVENTS,
	MAP_SECONDS,
	MAP_SOURCES,
	MAP_LAGS
} MapKind;

#define N_MAPS	4

/* The columns of usage_pending: three of the key, then the maps. */
#define PENDING_KEYS	3
#define PENDING_COLUMNS (PENDING_KEYS + N_MAPS)

/* The columns of fct_event that count. */
typedef struct
{
	AttrNumber	account_id;
	AttrNumber	user_id;
	AttrNumber	event_ts;
	AttrNumber	ingested_at;
	AttrNumber	duration_seconds;
	AttrNumber	event_name;
	AttrNumber	source;
} EventColumns;

/* ---------- the sums so far ---------- */

typedef struct
{
	pg_uuid_t	account_id;
	pg_uuid_t	user_id;
	DateADT		month;			/* its first day */
} GroupKey;

typedef struct
{
	GroupKey	key;
	uint32		number;
	uint32		hash;
	char		status;
} UserMonth;

#define SH_PREFIX groups
#define SH_ELEMENT_TYPE UserMonth
#define SH_KEY_TYPE GroupKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) &(key), sizeof(GroupKey))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(GroupKey)) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct
{
	const char *data;			/* not terminated */
	Size		size;
} LabelKey;

typedef struct
{
	LabelKey	key;
	uint32		number;
	uint32		rank;			/* in bytewise order, when writing */
	uint32		hash;
	char		status;
} Label;

#define SH_PREFIX labels
#define SH_ELEMENT_TYPE Label
#define SH_KEY_TYPE LabelKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key).data, (key).size)
#define SH_EQUAL(tb, a, b) \
	((a).size == (b).size && memcmp((a).data, (b).data, (a).size) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The labels of lags, so that their text is made only once. */
typedef struct
{
	uint32		source;			/* the number of its label */
	int32		bucket;
} LagKey;

typedef struct
{
	LagKey		key;
	uint32		number;			/* of the label */
	char		status;
} LagLabel;

#define SH_PREFIX lags
#define SH_ELEMENT_TYPE LagLabel
#define SH_KEY_TYPE LagKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) murmurhash32((key).source << 12 ^ (uint32) (key).bucket)
#define SH_EQUAL(tb, a, b) ((a).source == (b).source && (a).bucket == (b).bucket)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * A cell is one day of one label of one map of one group; its key packs the
 * four: 32 bits of group, 2 of map, 25 of label, 5 of the day in the month.
 * With ranks in place of label numbers, keys order cells as they are written.
 */
typedef struct
{
	uint64		key;
	int64		value;
	char		status;
} Cell;

#define CELL_KEY(group, map, label, day) \
	((uint64) (group) << 32 | (uint64) (map) << 30 | \
	 (uint64) (label) << 5 | (uint64) (day))
#define CELL_GROUP(key)		((uint32) ((key) >> 32))
#define CELL_MAP(key)		((int) ((key) >> 30 & 3))
#define CELL_LABEL(key)		((uint32) ((key) >> 5 & 0x1FFFFFF))
#define CELL_DAY(key)		((int) ((key) & 31))
#define MAX_LABELS			0x1FFFFFF

static inline uint32
hash_cell(uint64 key)
{
	/* Fibonacci hashing: Knuth, The Art of Computer Programming, 6.4 */
	return (uint32) ((key ^ key >> 29) * UINT64CONST(0x9E3779B97F4A7C15) >> 32);
}

#define SH_PREFIX cells
#define SH_ELEMENT_TYPE Cell
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_cell(key)
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE Cell
#define ST_COMPARE(a, b) ((a)->key < (b)->key ? -1 : (a)->key > (b)->key)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* The sums so far; all in one memory context. */
struct UaSums
{
	MemoryContext context;
	groups_hash *groups;		/* NULL: nothing yet */
	labels_hash *labels;
	lags_hash  *lags;
	cells_hash *cells;
	GroupKey	last_key;		/* rows of one user tend to follow each other */
	uint32		last_group;
	Relation	pending;
	EventColumns columns;
	Size		appended;		/* bytes */
	uint64		events;
};

/* ---------- settings, kept in the backend ---------- */

/*
 * The reporting time zone. It cannot change while a writer holds its lock on
 * fct_event, and a change invalidates the relation, which every backend hears
 * of when it takes that lock.
 */
static struct
{
	Oid			relation;		/* fct_event; InvalidOid: nothing is known */
	Oid			pending;
	UaCalendar	calendar;
} settings;

static void
forget_settings(Datum arg, Oid relation)
{
	if (relation == InvalidOid || relation == settings.relation ||
		relation == settings.pending)
		settings.relation = InvalidOid;
}

void
ua_sums_init(void)
{
	CacheRegisterRelcacheCallback(forget_settings, (Datum) 0);
}

/*
 * usage_forget_settings(event_table regclass) → void: make all backends read
 * the settings anew, once this transaction has committed.
 */
Datum
usage_forget_settings(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);

	if (!has_privs_of_role(GetUserId(), ua_relation_owner(relation)))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relation));
	CacheInvalidateRelcacheByRelid(relation);
	PG_RETURN_VOID();
}

/* Rows are formed by position, so the table has to be what it should be. */
static void
check_pending(Oid relation, Oid schema, Oid owner)
{
	Relation	pending = table_open(relation, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(pending);
	Oid			map = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									  CStringGetDatum("dayseries_map"),
									  ObjectIdGetDatum(schema));

	if (pending->rd_rel->relkind != RELKIND_RELATION ||
		pending->rd_rel->relowner != owner ||
		desc->natts != PENDING_COLUMNS ||
		ua_column(desc, "account_id", UUIDOID) != 1 ||
		ua_column(desc, "user_id", UUIDOID) != 2 ||
		ua_column(desc, "month", DATEOID) != 3 ||
		ua_column(desc, "events", map) != PENDING_KEYS + MAP_EVENTS + 1 ||
		ua_column(desc, "seconds", map) != PENDING_KEYS + MAP_SECONDS + 1 ||
		ua_column(desc, "sources", map) != PENDING_KEYS + MAP_SOURCES + 1 ||
		ua_column(desc, "lags", map) != PENDING_KEYS + MAP_LAGS + 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"usage_pending\" is not as the library needs it"),
				 errhint("Drop it and call create_usage_model().")));
	table_close(pending, RowExclusiveLock);
}

/*
 * Read under the latest snapshot, not the transaction's: what is appended now
 * must suit the rollups as they are now.
 */
static void
read_settings(Oid schema, Oid relation)
{
	Oid			pending = get_relname_relid("usage_pending", schema);
	Oid			owner = ua_relation_owner(relation);
	UaIdentity	before;
	char	   *zone;

	if (!OidIsValid(pending))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"usage_pending\" does not exist"),
				 errhint("Call create_usage_model().")));
	check_pending(pending, schema, owner);
	ua_become(owner, &before);
	PushActiveSnapshot(GetLatestSnapshot());
	zone = ua_model_value(schema, "usage_settings", "time_zone");
	PopActiveSnapshot();
	ua_return_to(&before);
	ua_calendar_init(&settings.calendar, ua_time_zone(zone));
	pfree(zone);
	settings.pending = pending;
	settings.relation = relation;
}

/* ---------- adding up ---------- */

/* Begin anew, with all memory given back. */
static void
empty_sums(UaSums *sums)
{
	MemoryContextReset(sums->context);
	sums->groups = groups_create(sums->context, 8, NULL);
	sums->labels = labels_create(sums->context, 8, NULL);
	sums->lags = lags_create(sums->context, 8, NULL);
	sums->cells = cells_create(sums->context, 16, NULL);
	memset(&sums->last_key, 0, sizeof(GroupKey));
	sums->last_key.month = DATEVAL_NOEND;	/* of no row */
}

static uint32
label_number(UaSums *sums, const char *data, Size size)
{
	LabelKey	key = {data, size};
	Label	   *label = labels_lookup(sums->labels, key);
	bool		found;

	/* As above: the table's checks allow 1 to 200 bytes. */
	if (size == 0 || size > UA_LABEL_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("the name and the source of an event must have 1 to %d bytes",
						UA_LABEL_MAX)));
	if (label == NULL)
	{
		char	   *copy = MemoryContextAlloc(sums->context, Max(size, 1));

		memcpy(copy, data, size);
		key.data = copy;
		label = labels_insert(sums->labels, key, &found);
		label->number = sums->labels->members - 1;
	}
	return label->number;
}

/* The label of a source, whose label has that number, and a bucket of lags. */
static uint32
lag_label_number(UaSums *sums, uint32 source, const char *source_data,
				 Size source_size, int bucket)
{
	LagKey		key = {source, bucket};
	bool		found;
	LagLabel   *lag = lags_insert(sums->lags, key, &found);

	if (!found)
	{
		char	   *label = palloc(source_size + UA_LAG_SUFFIX_MAX);

		memcpy(label, source_data, source_size);
		lag->number = label_number(sums, label,
								   ua_lag_label(label, source_size, bucket));
		pfree(label);
	}
	return lag->number;
}

static void
add_to_cell(UaSums *sums, uint64 key, int64 value)
{
	bool		found;
	Cell	   *cell = cells_insert(sums->cells, key, &found);

	if (!found)
		cell->value = value;
	else if (pg_add_s64_overflow(cell->value, value, &cell->value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
}

static void
add_event(UaSums *sums, TupleTableSlot *slot, int sign)
{
	GroupKey	key;
	DateADT		day;
	int			year,
				month,
				mday;
	uint32		group;
	uint32		label;
	text	   *name;
	const char *source = "unknown";
	Size		source_size = strlen("unknown");
	TimestampTz event_ts;
	TimestampTz ingested_at;
	Datum		value;
	bool		isnull;

	slot_getallattrs(slot);
#define COLUMN(column) \
	(isnull = slot->tts_isnull[sums->columns.column - 1], \
	 slot->tts_values[sums->columns.column - 1])

	/* The owner may have dropped the constraints that see to this. */
	if (slot->tts_isnull[sums->columns.account_id - 1] ||
		slot->tts_isnull[sums->columns.user_id - 1] ||
		slot->tts_isnull[sums->columns.event_ts - 1] ||
		slot->tts_isnull[sums->columns.ingested_at - 1] ||
		slot->tts_isnull[sums->columns.event_name - 1])
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("an event must have an account, a user, a time, an arrival and a name")));

	event_ts = DatumGetTimestampTz(COLUMN(event_ts));
	day = ua_day_of(&settings.calendar, event_ts);
	ingested_at = DatumGetTimestampTz(COLUMN(ingested_at));
	if (TIMESTAMP_NOT_FINITE(ingested_at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("an event cannot arrive at an infinite timestamp")));
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);

	memset(&key, 0, sizeof(key));
	memcpy(&key.account_id, DatumGetUUIDP(COLUMN(account_id)), UUID_LEN);
	memcpy(&key.user_id, DatumGetUUIDP(COLUMN(user_id)), UUID_LEN);
	key.month = day - (mday - 1);
	if (!IS_VALID_DATE(key.month))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range"),
				 errdetail("The month of the event begins before the first day there is.")));
	if (memcmp(&sums->last_key, &key, sizeof(key)) != 0)
	{
		bool		found;
		UserMonth  *entry = groups_insert(sums->groups, key, &found);

		if (!found)
			entry->number = sums->groups->members - 1;
		sums->last_key = key;
		sums->last_group = entry->number;
	}
	group = sums->last_group;

	name = DatumGetTextPP(COLUMN(event_name));
	label = label_number(sums, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	add_to_cell(sums, CELL_KEY(group, MAP_EVENTS, label, mday - 1), sign);

	value = COLUMN(duration_seconds);
	if (!isnull && DatumGetInt32(value) != 0)
		add_to_cell(sums, CELL_KEY(group, MAP_SECONDS, label, mday - 1),
					(int64) sign * DatumGetInt32(value));

	value = COLUMN(source);
	if (!isnull)
	{
		text	   *text_value = DatumGetTextPP(value);

		source = VARDATA_ANY(text_value);
		source_size = VARSIZE_ANY_EXHDR(text_value);
	}
	label = label_number(sums, source, source_size);
	add_to_cell(sums, CELL_KEY(group, MAP_SOURCES, label, mday - 1), sign);

	label = lag_label_number(sums, label, source, source_size,
							 ua_lag_bucket(event_ts, ingested_at));
	add_to_cell(sums, CELL_KEY(group, MAP_LAGS, label, mday - 1), sign);
#undef COLUMN
}

/* ---------- writing pending rows ---------- */

static Size
append_row(UaAppender *appender, const GroupKey *key, UaMapWriter *maps)
{
	HeapTuple	tuple;
	Datum		values[PENDING_COLUMNS];
	bool		isnull[PENDING_COLUMNS] = {false};
	Size		size;

	values[0] = UUIDPGetDatum(&key->account_id);
	values[1] = UUIDPGetDatum(&key->user_id);
	values[2] = DateADTGetDatum(key->month);
	for (int i = 0; i < N_MAPS; i++)
	{
		Size		map_size = VARHDRSZ + ua_map_finish(&maps[i]);
		struct varlena *map = palloc(map_size);

		SET_VARSIZE(map, map_size);
		ua_map_store(&maps[i], (uint8 *) VARDATA(map));
		values[PENDING_KEYS + i] = PointerGetDatum(map);
	}
	tuple = heap_form_tuple(RelationGetDescr(appender->relation), values, isnull);
	size = tuple->t_len;
	for (int i = 0; i < N_MAPS; i++)
		pfree(DatumGetPointer(values[PENDING_KEYS + i]));
	ua_append_row(appender, tuple);
	return size;
}

static int
compare_labels(const void *a, const void *b)
{
	const Label *left = *(Label *const *) a;
	const Label *right = *(Label *const *) b;

	return ua_label_compare(left->key.data, left->key.size,
							right->key.data, right->key.size);
}

/* Append what has been added up, and begin anew. */
static void
write_sums(UaSums *sums)
{
	MemoryContext caller = MemoryContextSwitchTo(sums->context);
	uint32		n_labels = sums->labels->members;
	Label	  **by_rank = palloc(sizeof(Label *) * Max(n_labels, 1));
	uint32	   *rank_of = palloc(sizeof(uint32) * Max(n_labels, 1));
	GroupKey   *key_of;
	Cell	   *cells;
	Size		n_cells = 0;
	labels_iterator label_iterator;
	groups_iterator group_iterator;
	cells_iterator cell_iterator;
	Label	   *label;
	UserMonth  *group;
	Cell	   *cell;
	UaMapWriter maps[N_MAPS];
	UaAppender	appender;

	labels_start_iterate(sums->labels, &label_iterator);
	while ((label = labels_iterate(sums->labels, &label_iterator)) != NULL)
		by_rank[label->number] = label;
	qsort(by_rank, n_labels, sizeof(Label *), compare_labels);
	for (uint32 i = 0; i < n_labels; i++)
		rank_of[by_rank[i]->number] = i;

	key_of = MemoryContextAllocHuge(sums->context, sizeof(GroupKey) *
									Max(sums->groups->members, 1));
	groups_start_iterate(sums->groups, &group_iterator);
	while ((group = groups_iterate(sums->groups, &group_iterator)) != NULL)
		key_of[group->number] = group->key;

	cells = MemoryContextAllocHuge(sums->context, sizeof(Cell) *
								   Max(sums->cells->members, 1));
	cells_start_iterate(sums->cells, &cell_iterator);
	while ((cell = cells_iterate(sums->cells, &cell_iterator)) != NULL)
	{
		if (cell->value == 0)
			continue;			/* old and new rows cancelled out */
		cells[n_cells] = *cell;
		cells[n_cells++].key = CELL_KEY(CELL_GROUP(cell->key),
										CELL_MAP(cell->key),
										rank_of[CELL_LABEL(cell->key)],
										CELL_DAY(cell->key));
	}
	if (n_cells == 0)
	{
		MemoryContextSwitchTo(caller);
		empty_sums(sums);
		return;
	}
	sort_cells(cells, n_cells);

	for (int i = 0; i < N_MAPS; i++)
		ua_map_start(&maps[i]);
	ua_append_start(&appender, sums->pending);
	for (Size i = 0; i < n_cells;)
	{
		uint32		number = CELL_GROUP(cells[i].key);

		for (; i < n_cells && CELL_GROUP(cells[i].key) == number; i++)
		{
			uint64		key = cells[i].key;

			label = by_rank[CELL_LABEL(key)];
			ua_map_put(&maps[CELL_MAP(key)], label->key.data, label->key.size,
					   key_of[number].month + CELL_DAY(key), cells[i].value);
		}
		sums->appended += append_row(&appender, &key_of[number], maps);
		for (int map = 0; map < N_MAPS; map++)
			ua_map_restart(&maps[map]);
	}
	ua_append_finish(&appender);

	MemoryContextSwitchTo(caller);
	empty_sums(sums);
}

/*
 * Memory for the sums of a statement: beyond it they are written in parts.
 * Too little only means more, and smaller, pending rows.
 */
static inline bool
sums_are_full(const UaSums *sums)
{
	Size		limit = (Size) maintenance_work_mem * 1024;

	return MemoryContextMemAllocated(sums->context, true) > limit ||
		sums->labels->members >= MAX_LABELS;
}

/* ---------- the interface ---------- */

UaSums *
ua_sums_start(Oid schema, Oid events, TupleDesc desc)
{
	UaSums	   *sums = palloc0(sizeof(UaSums));

	if (settings.relation != events)
		read_settings(schema, events);
	sums->context = AllocSetContextCreate(CurrentMemoryContext, "usage sums",
										  ALLOCSET_DEFAULT_SIZES);
	sums->pending = table_open(settings.pending, RowExclusiveLock);
	sums->columns.account_id = ua_column(desc, "account_id", UUIDOID);
	sums->columns.user_id = ua_column(desc, "user_id", UUIDOID);
	sums->columns.event_ts = ua_column(desc, "event_ts", TIMESTAMPTZOID);
	sums->columns.ingested_at = ua_column(desc, "ingested_at", TIMESTAMPTZOID);
	sums->columns.duration_seconds = ua_column(desc, "duration_seconds", INT4OID);
	sums->columns.event_name = ua_column(desc, "event_name", TEXTOID);
	sums->columns.source = ua_column(desc, "source", TEXTOID);
	return sums;
}

void
ua_sums_add(UaSums *sums, TupleTableSlot *slot, int sign)
{
	if (sums->groups == NULL)
		empty_sums(sums);
	add_event(sums, slot, sign);
	if ((++sums->events & 1023) == 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (sums_are_full(sums))
			write_sums(sums);
	}
}

Size
ua_sums_finish(UaSums *sums)
{
	Size		appended;

	if (sums->groups != NULL)
		write_sums(sums);
	appended = sums->appended;
	MemoryContextDelete(sums->context);
	table_close(sums->pending, NoLock);
	pfree(sums);
	return appended;
}
