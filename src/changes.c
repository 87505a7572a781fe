/*
 * changes.c
 *		What pending rows change, worked out in memory.
 *
 * usage_changes_by_query(), in SQL, is the definition; it also answers where
 * much is pending and where rights or row security are not for this code to
 * judge. For the few rows that are pending mostly, to start so large a query
 * takes longer than the work itself. So these are read and sorted here, and
 * what is settled of their users is looked up by index.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "daytotals.h"
#include "figures.h"
#include "lookup.h"
#include "model.h"
#include "table_read.h"

PG_FUNCTION_INFO_V1(usage_changes);

/* ---------- what is asked for ---------- */

typedef enum Part
{
	MONTHS, DAYS, ACCOUNTS, TOTALS, EVENTS, SECONDS, SOURCES, LAGS,
	EVENT_USERS, ACTIVITY, PERIODS, COHORTS, SUMS
} Part;

static const char *const part_names[] = {
	[MONTHS] = "months",
	[DAYS] = "days",
	[ACCOUNTS] = "accounts",
	[TOTALS] = "totals",
	[EVENTS] = "events",
	[SECONDS] = "seconds",
	[SOURCES] = "sources",
	[LAGS] = "lags",
	[EVENT_USERS] = "event_users",
	[ACTIVITY] = "activity",
	[PERIODS] = "periods",
	[COHORTS] = "cohorts",
	[SUMS] = "sums"
};

#define BIT(part)		(1 << (part))
#define WITH(run, part)	(((run)->parts & BIT(part)) != 0)

static bool
is_text(const text *value, const char *name)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(name) &&
		memcmp(VARDATA_ANY(value), name, strlen(name)) == 0;
}

/* As a set of bits; names that are no parts say nothing. */
static int
parts_of(ArrayType *array)
{
	Datum	   *names;
	bool	   *nulls;
	int			count;
	int			parts = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		text	   *name = nulls[i] ? NULL : DatumGetTextPP(names[i]);

		for (int part = 0; name != NULL && part < lengthof(part_names); part++)
		{
			if (is_text(name, part_names[part]))
				parts |= BIT(part);
		}
	}
	if (parts & BIT(SUMS))
		parts |= BIT(EVENTS) | BIT(SECONDS) | BIT(SOURCES);
	return parts;
}

/* The columns of the result */
enum
{
	COLUMN_ACCOUNT_ID, COLUMN_USER_ID, COLUMN_MONTH, COLUMN_DAYS,
	COLUMN_EVENTS, COLUMN_SECONDS, COLUMN_SOURCES, COLUMN_LAGS,
	COLUMN_EVENT_USERS, COLUMN_DAU, COLUMN_WAU, COLUMN_ACTIVE_28D, COLUMN_MAU,
	COLUMN_WEEKLY, COLUMN_MONTHLY, COLUMN_QUARTERLY, COLUMN_LIFECYCLE,
	COLUMN_COHORTS, COLUMN_PLACE, COLUMNS
};

/* ---------- sums of maps ---------- */

/* Mostly there is one map to add, and that is the sum. */
typedef struct MapSum
{
	Datum		one;			/* 0 while there is none */
	UaMapTotals *totals;		/* of all, where there are more */
} MapSum;

/* What is added stays as long as the sum, which goes on in that context. */
static void
add_map(MapSum *sum, Datum map, MemoryContext context)
{
	if (sum->one == (Datum) 0)
	{
		sum->one = map;
		return;
	}
	if (sum->totals == NULL)
	{
		sum->totals = MemoryContextAlloc(context, sizeof(UaMapTotals));
		ua_map_totals_start(sum->totals, context);
		ua_map_totals_add(sum->totals, ua_map_of(sum->one));
	}
	ua_map_totals_add(sum->totals, ua_map_of(map));
}

/* 0 where nothing was added */
static Datum
sum_of_maps(MapSum *sum)
{
	UaMapWriter result;

	if (sum->totals == NULL)
		return sum->one;
	ua_map_start(&result);
	ua_map_totals_write(sum->totals, &result, false);
	return ua_map_datum(&result);
}

/* ---------- the state ---------- */

typedef struct PendingRow
{
	pg_uuid_t	user_id;
	pg_uuid_t	account_id;
	DateADT		month;
	Datum		maps[4];		/* events, seconds, sources, lags */
} PendingRow;

#define PENDING_MAPS	4

/* A month of an account, or of everybody. */
typedef struct LevelMonth
{
	DateADT		month;
	MapSum		sums[PENDING_MAPS];
	UaMapCounter *event_users;	/* NULL for none */
	Datum		series[COLUMNS];	/* 0 for none */
	UaMapWriter *maps[COLUMNS];	/* NULL for none */
} LevelMonth;

/* An account, or everybody. */
typedef struct Level
{
	pg_uuid_t	account_id;
	char		status;
	int			n_months;
	int			room;
	LevelMonth **months;
	UaFigures  *figures;		/* NULL for none */
} Level;

#define SH_PREFIX levels
#define SH_ELEMENT_TYPE Level
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY account_id
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) &(key), sizeof(pg_uuid_t))
#define SH_EQUAL(tb, a, b) (memcmp(&(a), &(b), sizeof(pg_uuid_t)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "common/hashfn.h"
#include "lib/simplehash.h"

typedef struct Run
{
	int			parts;
	int			week_start;
	MemoryContext context;		/* of the whole */
	MemoryContext of_user;		/* of one user, and then of one row */
	Relation	pending;
	AttrNumber	pending_columns[3 + PENDING_MAPS];
	PendingRow *rows;
	int			n_rows;
	int			room;
	Relation	months_table;	/* usage_rollup; NULL where it is not needed */
	UaLookup	months;
	AttrNumber	months_events;
	Relation	days_table;		/* user_activity */
	UaLookup	days;			/* by user */
	AttrNumber	days_account_id;
	AttrNumber	days_days;
	levels_hash *accounts;
	Level		totals;
	UaFigures  *figures;		/* those that were made first */
	ReturnSetInfo *result;
} Run;

static bool
with_figures(const Run *run)
{
	return WITH(run, ACTIVITY) || WITH(run, PERIODS) || WITH(run, COHORTS);
}

/* Whether the settled days of users are needed. */
static bool
with_days(const Run *run)
{
	return WITH(run, DAYS) || with_figures(run) ||
		(WITH(run, TOTALS) && WITH(run, EVENT_USERS));
}

/* Whether what is pending is to be looked at user by user. */
static bool
with_users(const Run *run)
{
	return with_days(run) || WITH(run, MONTHS) || WITH(run, EVENT_USERS);
}

/* What a user's days are under an account, and what they come to be. */
typedef struct AccountDays
{
	pg_uuid_t	account_id;
	ItemPointerData place;		/* invalid where nothing is settled */
	UaDayset   *before;			/* NULL for none */
	UaDayset   *after;			/* the same where they do not change */
} AccountDays;

/* A user's month under an account, to be added up over accounts. */
typedef struct AccountMonth
{
	DateADT		month;
	int			account;		/* among the user's */
	Datum		before;			/* 0 for none */
	Datum		change;
} AccountMonth;

/* ---------- tables ---------- */

/* The only row's; 0 where the settings cannot be read here. */
static int
read_week_start(Oid schema)
{
	Relation	settings = ua_open_readable(schema, "usage_settings");
	TableScanDesc scan;
	TupleTableSlot *slot;
	int			week_start = 0;

	if (settings == NULL)
		return 0;
	scan = table_beginscan(settings, GetActiveSnapshot(), 0, NULL);
	slot = table_slot_create(settings, NULL);
	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		Datum		value = slot_getattr(slot,
										 ua_column(slot->tts_tupleDescriptor,
												   "week_start", INT4OID),
										 &isnull);

		week_start = isnull ? 0 : DatumGetInt32(value);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(settings, NoLock);
	return week_start;
}

/* ---------- reading what is pending ---------- */

/* A copy of a value that lies on a page. */
static Datum
copy_value(Datum value)
{
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
}

static inline int
compare_rows(const PendingRow *left, const PendingRow *right)
{
	int			order = memcmp(&left->user_id, &right->user_id, UUID_LEN);

	if (order == 0)
		order = memcmp(&left->account_id, &right->account_id, UUID_LEN);
	if (order == 0)
		order = (left->month > right->month) - (left->month < right->month);
	return order;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE PendingRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* All pending rows, sorted; false where they are too many to be kept here. */
static bool
read_pending(Run *run)
{
	bool		wanted[PENDING_MAPS] = {
		with_users(run) || WITH(run, EVENTS),
		WITH(run, MONTHS) || WITH(run, SECONDS),
		WITH(run, MONTHS) || WITH(run, SOURCES),
		WITH(run, LAGS)
	};
	TableScanDesc scan = table_beginscan(run->pending, GetActiveSnapshot(), 0, NULL);
	TupleTableSlot *slot = table_slot_create(run->pending, NULL);
	Size		most = (Size) work_mem * 1024;
	Size		size = 0;

	while (size <= most && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		PendingRow *row;

		if (run->n_rows == run->room)
		{
			run->room = Max(64, run->room * 2);
			run->rows = run->rows == NULL ?
				palloc(run->room * sizeof(PendingRow)) :
				repalloc(run->rows, run->room * sizeof(PendingRow));
		}
		row = &run->rows[run->n_rows++];
		slot_getallattrs(slot);
#define VALUE(column) slot->tts_values[run->pending_columns[column] - 1]
		row->account_id = *DatumGetUUIDP(VALUE(0));
		row->user_id = *DatumGetUUIDP(VALUE(1));
		row->month = DatumGetDateADT(VALUE(2));
		size += sizeof(PendingRow);
		for (int i = 0; i < PENDING_MAPS; i++)
		{
			row->maps[i] = wanted[i] ? copy_value(VALUE(3 + i)) : (Datum) 0;
			if (wanted[i])
				size += VARSIZE_ANY(DatumGetPointer(row->maps[i]));
		}
#undef VALUE
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	sort_rows(run->rows, run->n_rows);
	return size <= most;
}

/* ---------- the second level ---------- */

static Level *
account_level(Run *run, const pg_uuid_t *account_id)
{
	bool		found;
	Level	   *level = levels_insert(run->accounts, *account_id, &found);

	if (!found)
	{
		level->n_months = level->room = 0;
		level->months = NULL;
		level->figures = NULL;
	}
	return level;
}

static LevelMonth *
level_month(Run *run, Level *level, DateADT month)
{
	LevelMonth *made;

	for (int i = level->n_months; i-- > 0;)
	{
		if (level->months[i]->month == month)
			return level->months[i];
	}
	if (level->n_months == level->room)
	{
		level->room = Max(4, level->room * 2);
		level->months = level->months == NULL ?
			MemoryContextAlloc(run->context, level->room * sizeof(LevelMonth *)) :
			repalloc(level->months, level->room * sizeof(LevelMonth *));
	}
	made = MemoryContextAllocZero(run->context, sizeof(LevelMonth));
	made->month = month;
	level->months[level->n_months++] = made;
	return made;
}

static void
add_sums(Run *run, Level *level, const PendingRow *row, int maps)
{
	LevelMonth *month = level_month(run, level, row->month);

	for (int i = 0; i < PENDING_MAPS; i++)
	{
		if (maps & BIT(i))
			add_map(&month->sums[i], row->maps[i], run->context);
	}
}

static void
add_event_users(Run *run, Level *level, DateADT month, Datum before, Datum change)
{
	LevelMonth *of_month = level_month(run, level, month);
	UaMap		map;

	if (of_month->event_users == NULL)
	{
		of_month->event_users = MemoryContextAlloc(run->context, sizeof(UaMapCounter));
		ua_map_counter_start(of_month->event_users, run->context);
	}
	if (before != (Datum) 0)
		map = ua_map_of(before);
	ua_count_event_users(of_month->event_users, before != (Datum) 0 ? &map : NULL,
						 ua_map_of(change));
}

static void
add_figures(Run *run, Level *level, const UaDayset *before, const UaDayset *after)
{
	static const uint8 nothing[UA_NO_DAYS_SIZE] = {DAYSET_VERSION};
	UaDays		none = {nothing, sizeof(nothing)};

	if (level->figures == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(run->context);

		level->figures =
			ua_figures_start((WITH(run, ACTIVITY) ? UA_ACTIVITY : 0) |
							 (WITH(run, PERIODS) ? UA_PERIODS : 0) |
							 (WITH(run, COHORTS) ? UA_COHORTS : 0),
							 run->week_start, run->figures);
		MemoryContextSwitchTo(caller);
		if (run->figures == NULL)
			run->figures = level->figures;
	}
	ua_figures_add(level->figures,
				   before == NULL ? none : UA_DAYS(before),
				   after == NULL ? none : UA_DAYS(after));
}

/* ---------- a user ---------- */

/* The sum of all labels' series */
static UaDayseries
total_of(UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;
	UaDayTotals totals;
	UaDayseriesWriter result;

	ua_map_read(&reader, map);
	if (ua_map_count(map) == 1 && ua_map_next(&reader, &entry))
		return entry.series;
	ua_totals_start(&totals, CurrentMemoryContext);
	while (ua_map_next(&reader, &entry))
		ua_totals_add(&totals, entry.series);
	ua_dayseries_start(&result);
	ua_totals_write(&totals, &result, false);
	return ua_dayseries_of(ua_dayseries_datum(&result));
}

/* The days of a series with a value above 0, or with any. */
static UaDayset *
days_of(UaDayseries series, bool positive)
{
	UaDaysWriter days;
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_days_write(&days, VARHDRSZ, 0);
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		uint64		bits = positive ? ua_dayseries_positive_bits(&block) : block.bits;

		if (bits != 0)
			ua_days_put(&days, block.word, bits);
	}
	return ua_dayset_written(&days);
}

static bool
has_negative(UaDayseries series)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		if (ua_dayseries_positive_bits(&block) != block.bits)
			return true;
	}
	return false;
}

/* Whether a change leaves a set of days alone: mostly, all of its days are there already. */
static bool
has_no_new_day(UaMap change, UaDays days)
{
	UaMapReader labels;
	UaMapEntry	label;

	ua_map_read(&labels, change);
	while (ua_map_next(&labels, &label))
	{
		UaDayseriesReader series;
		UaDayseriesBlock block;
		UaDaysReader reader;
		int32		word;
		uint64		bits;

		ua_dayseries_read(&series, label.series);
		ua_days_read(&reader, days);
		while (ua_dayseries_next(&series, &block))
		{
			ua_days_skip(&reader, block.word);
			if (ua_dayseries_positive_bits(&block) != block.bits ||
				!ua_days_next(&reader, &word, &bits) ||
				word != block.word || (block.bits & ~bits) != 0)
				return false;
		}
	}
	return true;
}

static UaDayset *
union_of(UaDayset *days, UaDayset *others)
{
	return days == NULL ? others :
		others == NULL ? days : ua_dayset_union(UA_DAYS(days), UA_DAYS(others));
}

/*
 * What a change of a month makes of a set of days. No settled sum is below 0,
 * so a day with a change above 0 is one of them; one with a change below 0 may
 * or may not be any more, which what the month had before has to tell.
 */
static UaDayset *
changed_days(UaDayset *days, UaDayseries change, bool negative, Datum before)
{
	UaDayset   *positive;
	UaDayset   *touched;

	if (!negative)
	{
		positive = days_of(change, true);
		if (ua_days_is_empty(UA_DAYS(positive)) ||
			(days != NULL && ua_days_contain(UA_DAYS(days), UA_DAYS(positive))))
			return days;
		return union_of(days, positive);
	}

	touched = days_of(change, false);
	if (before != (Datum) 0)
	{
		UaDayseriesWriter after;

		ua_dayseries_start(&after);
		ua_dayseries_add(&after, total_of(ua_map_of(before)), change);
		positive = days_of(ua_dayseries_of(ua_dayseries_datum(&after)), true);
	}
	else
		positive = days_of(change, true);
	positive = ua_dayset_intersection(UA_DAYS(positive), UA_DAYS(touched));
	if (days == NULL)
		return ua_days_is_empty(UA_DAYS(positive)) ? NULL : positive;
	positive = ua_dayset_union(UA_DAYS(ua_dayset_difference(UA_DAYS(days), UA_DAYS(touched))),
							   UA_DAYS(positive));
	return ua_days_equal(UA_DAYS(days), UA_DAYS(positive)) ? days : positive;
}

/* The settled row of a month: its place and its events, or 0. */
static Datum
settled_events(Run *run, const pg_uuid_t *account_id, const pg_uuid_t *user_id,
			   DateADT month, ItemPointer place)
{
	UaLookup   *lookup = &run->months;
	Datum		key[] = {
		UUIDPGetDatum(account_id), UUIDPGetDatum(user_id), DateADTGetDatum(month)
	};
	bool		isnull;

	ua_lookup_find(lookup, key);
	if (!ua_lookup_next(lookup))
	{
		ItemPointerSetInvalid(place);
		return (Datum) 0;
	}
	*place = lookup->slot->tts_tid;
	return copy_value(slot_getattr(lookup->slot, run->months_events, &isnull));
}

static int
compare_accounts(const void *a, const void *b)
{
	return memcmp(&((const AccountDays *) a)->account_id,
				  &((const AccountDays *) b)->account_id, UUID_LEN);
}

/* The settled days of a user, one for each account in order, with room for more. */
static AccountDays *
settled_days(Run *run, const pg_uuid_t *user_id, int more, int *count)
{
	UaLookup   *lookup = &run->days;
	Datum		key = UUIDPGetDatum(user_id);
	int			room = more + 2;
	AccountDays *accounts = palloc(room * sizeof(AccountDays));

	*count = 0;
	ua_lookup_find(lookup, &key);
	while (ua_lookup_next(lookup))
	{
		AccountDays *account;

		if (*count + more == room)
		{
			room *= 2;
			accounts = repalloc(accounts, room * sizeof(AccountDays));
		}
		account = &accounts[(*count)++];
		slot_getallattrs(lookup->slot);
		account->account_id = *DatumGetUUIDP(lookup->slot->tts_values[run->days_account_id - 1]);
		account->place = lookup->slot->tts_tid;
		account->before = account->after = (UaDayset *)
			DatumGetPointer(copy_value(lookup->slot->tts_values[run->days_days - 1]));
	}
	if (*count > 1)
		qsort(accounts, *count, sizeof(AccountDays), compare_accounts);
	return accounts;
}

/*
 * The number of an account among those of a user: the settled ones first, in
 * order, then those that are new, of which the last one may be it.
 */
static int
account_number(AccountDays *accounts, int n_settled, int *count,
			   const pg_uuid_t *account_id)
{
	AccountDays wanted = {.account_id = *account_id};
	AccountDays *found = bsearch(&wanted, accounts, n_settled, sizeof(AccountDays),
								 compare_accounts);

	if (found != NULL)
		return found - accounts;
	if (*count == n_settled || compare_accounts(&wanted, &accounts[*count - 1]) != 0)
	{
		ItemPointerSetInvalid(&wanted.place);
		accounts[(*count)++] = wanted;
	}
	return *count - 1;
}

static void
put_row(Run *run, Datum *values, bool *nulls)
{
	tuplestore_putvalues(run->result->setResult, run->result->setDesc, values, nulls);
}

static void
put_first_level(Run *run, const pg_uuid_t *account_id, const pg_uuid_t *user_id,
				const DateADT *month, const UaDayset *days, MapSum *sums,
				ItemPointer place)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	memset(nulls, true, sizeof(nulls));
#define PUT(column, value) (values[column] = (value), nulls[column] = false)
	PUT(COLUMN_ACCOUNT_ID, UUIDPGetDatum(account_id));
	PUT(COLUMN_USER_ID, UUIDPGetDatum(user_id));
	if (month != NULL)
	{
		PUT(COLUMN_MONTH, DateADTGetDatum(*month));
		for (int i = 0; i < COLUMN_LAGS - COLUMN_EVENTS; i++)
			PUT(COLUMN_EVENTS + i, sum_of_maps(&sums[i]));
	}
	else
		PUT(COLUMN_DAYS, PointerGetDatum(days));
	if (ItemPointerIsValid(place))
		PUT(COLUMN_PLACE, PointerGetDatum(place));
#undef PUT
	put_row(run, values, nulls);
}

static int
compare_months(const void *a, const void *b)
{
	DateADT		left = ((const AccountMonth *) a)->month;
	DateADT		right = ((const AccountMonth *) b)->month;

	return (left > right) - (left < right);
}

/*
 * The users with events a day among everybody: each once, with what they have
 * under all their accounts.
 */
static void
add_user_months(Run *run, const pg_uuid_t *user_id, AccountDays *accounts,
				int n_accounts, AccountMonth *months, int n_months)
{
	int		   *last_at = palloc0(n_accounts * sizeof(int));

	if (n_months > 1)
		qsort(months, n_months, sizeof(AccountMonth), compare_months);
	for (int i = 0, end; i < n_months; i = end)
	{
		DateADT		month = months[i].month;
		MapSum		before = {.totals = NULL};
		MapSum		change = {.totals = NULL};

		for (end = i; end < n_months && months[end].month == month; end++)
		{
			last_at[months[end].account] = i + 1;
			add_map(&change, months[end].change, CurrentMemoryContext);
			if (months[end].before != (Datum) 0)
				add_map(&before, months[end].before, CurrentMemoryContext);
		}
		for (int account = 0; account < n_accounts; account++)
		{
			ItemPointerData place;
			Datum		settled;

			if (last_at[account] == i + 1)
				continue;
			settled = settled_events(run, &accounts[account].account_id, user_id,
									 month, &place);
			if (settled != (Datum) 0)
				add_map(&before, settled, CurrentMemoryContext);
		}
		add_event_users(run, &run->totals, month, sum_of_maps(&before),
						sum_of_maps(&change));
	}
}

/* The pending rows of a user, from..end. */
static void
do_user(Run *run, int from, int end)
{
	PendingRow *rows = run->rows;
	const pg_uuid_t *user_id = &rows[from].user_id;
	bool		by_months = WITH(run, MONTHS) || WITH(run, EVENT_USERS);
	bool		of_days = with_days(run);
	AccountDays *accounts = NULL;
	int			n_settled = 0;
	int			n_accounts;
	AccountMonth *months = palloc((end - from) * sizeof(AccountMonth));
	int			n_months = 0;

	if (of_days)
		accounts = settled_days(run, user_id, end - from, &n_settled);
	n_accounts = n_settled;

	for (int i = from; i < end;)
	{
		PendingRow *first = &rows[i];
		AccountMonth *month = &months[n_months++];
		MapSum		sums[PENDING_MAPS] = {0};
		ItemPointerData place;
		AccountDays *account = NULL;	/* whose days may change */
		UaDayseries change = {0};
		bool		negative = false;

		for (; i < end && compare_rows(&rows[i], first) == 0; i++)
		{
			for (int map = 0; map < PENDING_MAPS; map++)
			{
				if (map == 0 || WITH(run, MONTHS))
					add_map(&sums[map], rows[i].maps[map], CurrentMemoryContext);
			}
		}
		/* written once, as it is read several times */
		sums[0].one = sum_of_maps(&sums[0]);
		sums[0].totals = NULL;

		month->month = first->month;
		month->change = sums[0].one;
		month->before = (Datum) 0;
		if (of_days)
		{
			month->account = account_number(accounts, n_settled, &n_accounts,
											&first->account_id);
			account = &accounts[month->account];
			if (account->after != NULL &&
				has_no_new_day(ua_map_of(month->change), UA_DAYS(account->after)))
				account = NULL;
		}
		if (account != NULL)
		{
			change = total_of(ua_map_of(month->change));
			negative = has_negative(change);
		}
		if (by_months || negative)
			month->before = settled_events(run, &first->account_id, user_id,
										   first->month, &place);
		if (WITH(run, MONTHS))
			put_first_level(run, &first->account_id, user_id, &first->month, NULL,
							sums, &place);
		if (WITH(run, ACCOUNTS) && WITH(run, EVENT_USERS))
			add_event_users(run, account_level(run, &first->account_id), first->month,
							month->before, month->change);
		if (account != NULL)
			account->after = changed_days(account->after, change, negative, month->before);
	}

	if (WITH(run, TOTALS) && WITH(run, EVENT_USERS))
		add_user_months(run, user_id, accounts, n_accounts, months, n_months);

	if (of_days)
	{
		UaDayset   *before = NULL;
		UaDayset   *after = NULL;
		bool		changed = false;

		for (int i = 0; i < n_accounts; i++)
		{
			AccountDays *account = &accounts[i];

			if (account->after != account->before)
			{
				changed = true;
				if (WITH(run, DAYS))
					put_first_level(run, &account->account_id, user_id, NULL,
									account->after, NULL, &account->place);
				if (WITH(run, ACCOUNTS) && with_figures(run))
					add_figures(run, account_level(run, &account->account_id),
								account->before, account->after);
			}
		}
		if (changed && WITH(run, TOTALS) && with_figures(run))
		{
			for (int i = 0; i < n_accounts; i++)
			{
				before = union_of(before, accounts[i].before);
				after = union_of(after, accounts[i].after);
			}
			add_figures(run, &run->totals, before, after);
		}
	}
}

/* ---------- what comes of it ---------- */

/* The column of a label of the figures; what is left of the label where that is a map. */
static int
figure_column(const UaLabelCounter *counter, const char **label, Size *label_size)
{
	static const struct
	{
		const char *name;
		int			column;
	}			columns[] = {
		{"active_28d", COLUMN_ACTIVE_28D},
		{"cohorts/", COLUMN_COHORTS},
		{"dau", COLUMN_DAU},
		{"lifecycle/", COLUMN_LIFECYCLE},
		{"mau", COLUMN_MAU},
		{"monthly", COLUMN_MONTHLY},
		{"quarterly", COLUMN_QUARTERLY},
		{"wau", COLUMN_WAU},
		{"weekly", COLUMN_WEEKLY}
	};

	for (int i = 0; i < lengthof(columns); i++)
	{
		Size		size = strlen(columns[i].name);

		if (counter->label_size >= size &&
			memcmp(counter->label, columns[i].name, size) == 0)
		{
			*label = counter->label + size;
			*label_size = counter->label_size - size;
			return columns[i].column;
		}
	}
	elog(ERROR, "unknown figure \"%.*s\"", (int) counter->label_size, counter->label);
}

static void
put_part(Run *run, Level *level, int64 month, int column, const char *label,
		 Size label_size, UaDayseriesWriter *part)
{
	int64		first = ua_first_day_of_month(month);
	LevelMonth *of_month;

	if (!ua_is_day(first))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));
	of_month = level_month(run, level, (DateADT) first);
	if (column != COLUMN_LIFECYCLE && column != COLUMN_COHORTS)
	{
		of_month->series[column] = ua_dayseries_datum(part);
		ua_dayseries_start(part);
		return;
	}
	if (of_month->maps[column] == NULL)
	{
		of_month->maps[column] = palloc(sizeof(UaMapWriter));
		ua_map_start(of_month->maps[column]);
	}
	ua_map_put_written(of_month->maps[column], label, label_size, part);
	ua_dayseries_restart(part);
}

/* A label's series, month by month. */
static void
cut_by_month(Run *run, Level *level, UaDayseries series, int column,
			 const char *label, Size label_size)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	UaDayseriesWriter part;
	int64		month = PG_INT64_MIN;

	ua_dayseries_start(&part);
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		const int64 *values = block.values;

		while (block.bits != 0)
		{
			int64		begin = ua_day_of_word(block.word);
			int64		of_day = ua_month_of_day((UaDay) (begin + pg_rightmost_one_pos64(block.bits)));
			int64		end = ua_first_day_of_month(of_day + 1);
			uint64		taken = block.bits;

			if (of_day != month && month != PG_INT64_MIN)
				put_part(run, level, month, column, label, label_size, &part);
			month = of_day;
			if (end - begin < DAYS_PER_WORD)
				taken &= ua_bits_before((UaDay) end);
			ua_dayseries_put_block(&part, block.word, taken, values);
			values += pg_popcount64(taken);
			block.bits ^= taken;
		}
	}
	if (month != PG_INT64_MIN)
		put_part(run, level, month, column, label, label_size, &part);
	ua_dayseries_release(&part);
}

static void
cut_figures(Run *run, Level *level)
{
	UaMapCounter *counter = ua_figures_counter(level->figures);
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	for (int i = 0; i < counter->count; i++)
	{
		UaLabelCounter *of_label = counter->labels[i];
		const char *label;
		Size		label_size;
		int			column;
		UaDayseries whole;
		uint8	   *bytes;

		if (of_label->plus == NULL && of_label->minus == NULL)
			continue;
		column = figure_column(of_label, &label, &label_size);
		ua_dayseries_restart(&series);
		ua_counter_write_difference(of_label->plus, of_label->minus, &series);
		whole.size = ua_dayseries_finish(&series);
		whole.bytes = bytes = palloc(whole.size);
		ua_dayseries_store(&series, bytes);
		cut_by_month(run, level, whole, column, label, label_size);
		pfree(bytes);
	}
	ua_dayseries_release(&series);
}

/* A row for each month of an account, or of everybody. */
static void
put_level(Run *run, Level *level, bool is_account)
{
	static const uint8 no_series[] = {DAYSERIES_VERSION};
	Datum		empty_series = ua_dayseries_copy_datum((UaDayseries) {no_series, sizeof(no_series)});
	Datum		empty_map;
	UaMapWriter map;

	ua_map_start(&map);
	empty_map = ua_map_datum(&map);
	if (level->figures != NULL)
		cut_figures(run, level);

	for (int i = 0; i < level->n_months; i++)
	{
		LevelMonth *month = level->months[i];
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {false};

		values[COLUMN_ACCOUNT_ID] = UUIDPGetDatum(&level->account_id);
		nulls[COLUMN_ACCOUNT_ID] = !is_account;
		nulls[COLUMN_USER_ID] = nulls[COLUMN_DAYS] = nulls[COLUMN_PLACE] = true;
		values[COLUMN_MONTH] = DateADTGetDatum(month->month);
		for (int sum = 0; sum < PENDING_MAPS; sum++)
		{
			Datum		value = sum_of_maps(&month->sums[sum]);

			values[COLUMN_EVENTS + sum] = value == (Datum) 0 ? empty_map : value;
		}
		values[COLUMN_EVENT_USERS] = empty_map;
		if (month->event_users != NULL)
		{
			ua_map_start(&map);
			ua_map_counter_write(month->event_users, &map);
			values[COLUMN_EVENT_USERS] = ua_map_datum(&map);
		}
		for (int column = COLUMN_DAU; column <= COLUMN_QUARTERLY; column++)
			values[column] = month->series[column] == (Datum) 0 ? empty_series :
				month->series[column];
		for (int column = COLUMN_LIFECYCLE; column <= COLUMN_COHORTS; column++)
			values[column] = month->maps[column] == NULL ? empty_map :
				ua_map_datum(month->maps[column]);
		put_row(run, values, nulls);
	}
}

/* What the pending rows of a run change, as rows of the result. */
static void
work_out(Run *run)
{
	int			of_account = (WITH(run, EVENTS) ? BIT(0) : 0) |
		(WITH(run, SECONDS) ? BIT(1) : 0) | (WITH(run, SOURCES) ? BIT(2) : 0);
	int			of_totals = of_account | (WITH(run, LAGS) ? BIT(3) : 0);
	levels_iterator iterator;
	Level	   *level;

	run->accounts = levels_create(run->context, 8, NULL);
	for (int i = 0; i < run->n_rows; i++)
	{
		if (WITH(run, ACCOUNTS) && of_account != 0)
			add_sums(run, account_level(run, &run->rows[i].account_id),
					 &run->rows[i], of_account);
		if (WITH(run, TOTALS) && of_totals != 0)
			add_sums(run, &run->totals, &run->rows[i], of_totals);
	}

	MemoryContextSwitchTo(run->of_user);
	for (int i = 0, end; with_users(run) && i < run->n_rows; i = end)
	{
		for (end = i + 1; end < run->n_rows &&
			 memcmp(&run->rows[end].user_id, &run->rows[i].user_id, UUID_LEN) == 0; end++)
			;
		do_user(run, i, end);
		MemoryContextReset(run->of_user);
		CHECK_FOR_INTERRUPTS();
	}

	levels_start_iterate(run->accounts, &iterator);
	while ((level = levels_iterate(run->accounts, &iterator)) != NULL)
	{
		put_level(run, level, true);
		MemoryContextReset(run->of_user);
		CHECK_FOR_INTERRUPTS();
	}
	put_level(run, &run->totals, false);
}

/* ---------- the function ---------- */

/* What has to be looked up; false where that cannot be done here. */
static bool
start_lookups(Run *run, Oid schema)
{
	Oid			map_type = TupleDescAttr(run->result->setDesc, COLUMN_EVENTS)->atttypid;
	Oid			days_type = TupleDescAttr(run->result->setDesc, COLUMN_DAYS)->atttypid;
	Relation	table;
	TupleDesc	desc;

	if (with_users(run))
	{
		AttrNumber	key[3];

		if ((table = run->months_table = ua_open_readable(schema, "usage_rollup")) == NULL)
			return false;
		desc = RelationGetDescr(table);
		key[0] = ua_column(desc, "account_id", UUIDOID);
		key[1] = ua_column(desc, "user_id", UUIDOID);
		key[2] = ua_column(desc, "month", DATEOID);
		run->months_events = ua_column(desc, "events", map_type);
		if (!ua_lookup_start(&run->months, table, GetActiveSnapshot(), 3, key, false))
			return false;
	}
	if (with_days(run))
	{
		AttrNumber	key;

		if ((table = run->days_table = ua_open_readable(schema, "user_activity")) == NULL)
			return false;
		desc = RelationGetDescr(table);
		key = ua_column(desc, "user_id", UUIDOID);
		run->days_account_id = ua_column(desc, "account_id", UUIDOID);
		run->days_days = ua_column(desc, "days", days_type);
		if (!ua_lookup_start(&run->days, table, GetActiveSnapshot(), 1, &key, false))
			return false;
	}
	if (WITH(run, PERIODS) || WITH(run, COHORTS))
		return (run->week_start = read_week_start(schema)) != 0;
	return true;
}

/* However far they were started. */
static void
end_lookups(Run *run)
{
	ua_lookup_end(&run->months);
	ua_lookup_end(&run->days);
	if (run->months_table != NULL)
		table_close(run->months_table, NoLock);
	if (run->days_table != NULL)
		table_close(run->days_table, NoLock);
}

/* False where it is for usage_changes_by_query(). */
static bool
changes_in_memory(Run *run, Oid schema)
{
	static const char *const names[] = {
		"account_id", "user_id", "month", "events", "seconds", "sources", "lags"
	};
	Oid			map_type = TupleDescAttr(run->result->setDesc, COLUMN_EVENTS)->atttypid;
	bool		done = false;

	run->pending = ua_open_readable(schema, "usage_pending");
	if (run->pending == NULL)
		return false;
	for (int i = 0; i < lengthof(names); i++)
		run->pending_columns[i] = ua_column(RelationGetDescr(run->pending), names[i],
											i < 2 ? UUIDOID : i < 3 ? DATEOID : map_type);
	if (read_pending(run))
	{
		done = run->n_rows == 0;
		if (!done && start_lookups(run, schema))
		{
			work_out(run);
			done = true;
		}
		end_lookups(run);
	}
	table_close(run->pending, NoLock);
	return done;
}

static void
changes_by_query(Oid schema, ArrayType *parts, text *source, ReturnSetInfo *result)
{
	Oid			types[] = {TEXTARRAYOID, TEXTOID};
	Datum		values[] = {PointerGetDatum(parts), PointerGetDatum(source)};
	SPIPlanPtr	plan;
	SPIExecuteOptions options = {.read_only = true};
	ParamListInfo params = makeParamList(lengthof(types));

	for (int i = 0; i < lengthof(types); i++)
		params->params[i] = (ParamExternData) {
			.value = values[i],
			.pflags = PARAM_FLAG_CONST,
			.ptype = types[i]
		};
	SPI_connect();
	plan = SPI_prepare(psprintf("SELECT * FROM %s($1, $2)",
								ua_qualified(schema, "usage_changes_by_query")),
					   lengthof(types), types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	options.params = params;
	options.dest = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(options.dest, result->setResult,
									result->econtext->ecxt_per_query_memory,
									false, NULL, NULL);
	if (SPI_execute_plan_extended(plan, &options) < 0)
		elog(ERROR, "usage_changes_by_query() failed");
	SPI_finish();
}

/* usage_changes(parts text[], source text) → rows */
Datum
usage_changes(PG_FUNCTION_ARGS)
{
	Oid			schema = ua_function_schema(fcinfo);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *source = PG_GETARG_TEXT_PP(1);
	MemoryContext caller = CurrentMemoryContext;
	Run		   *run;
	bool		only_pending;
	bool		done;
	Oid			totals;

	InitMaterializedSRF(fcinfo, 0);
	totals = get_relname_relid("usage_totals", schema);
	only_pending = is_text(source, "pending") ||
		(is_text(source, "outside totals") && OidIsValid(totals) &&
		 check_enable_rls(totals, InvalidOid, true) != RLS_ENABLED);

	run = palloc0(sizeof(Run));
	run->parts = parts_of(PG_GETARG_ARRAYTYPE_P(0));
	run->result = result;
	run->context = AllocSetContextCreate(caller, "usage changes", ALLOCSET_DEFAULT_SIZES);
	run->of_user = AllocSetContextCreate(run->context, "changes of a user",
										 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(run->context);
	done = only_pending && changes_in_memory(run, schema);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(run->context);
	if (!done)
		changes_by_query(schema, PG_GETARG_ARRAYTYPE_P(0), source, result);
	return (Datum) 0;
}
