/*
 * period_figures.c
 *		usage_figures(): adds up what a query says of days, by segment and
 *		period.
 *
 * A report has a row of a few days for each account and month, and comes to a
 * few numbers for each segment and period. Rows go from the executor right into
 * these numbers: no series is made on the way, nothing is sorted but segments.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/uuid.h"
#include "utils/varlena.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "model.h"

PG_FUNCTION_INFO_V1(usage_figures);

/* ---------- periods ---------- */

/* A report runs over no more days than that, 27,000 years. */
#define MOST_DAYS	10000000

/* The periods of a report are numbered from 1; 0 is the one before them. */
typedef struct
{
	int32		count;			/* with the one before */
	int64	   *starts;			/* their first days, maybe no dates, and that after all */
	UaDay		first;			/* of the days that count */
	uint32		days;			/* how many these are */
	int32	   *of_day;			/* the period of each */
} Periods;

typedef struct
{
	const char *name;
	int			days;			/* in a period; 0 where it has */
	int			months;
} PeriodKind;

static const PeriodKind *
period_kind(text *name)
{
	static const PeriodKind kinds[] = {
		{"day", 1, 0}, {"week", 7, 0}, {"month", 0, 1}, {"quarter", 0, 3}
	};
	char	   *wanted = text_to_cstring(name);

	for (int i = 0; i < lengthof(kinds); i++)
		if (strcmp(wanted, kinds[i].name) == 0)
			return &kinds[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("period \"%s\" does not exist", wanted)));
}

/* From the period that begins on a day to the one that begins on another. */
static void
lay_out(Periods *periods, const PeriodKind *kind,
		UaDay first_start, UaDay last_start, UaDay today)
{
	int64		month = ua_month_of_day(first_start);
	int64		day;
	int64		last;

	periods->count = 2 + (kind->months == 0 ?
						  (last_start - first_start) / kind->days :
						  (ua_month_of_day(last_start) - month) / kind->months);
	periods->starts = palloc(((Size) periods->count + 1) * sizeof(int64));
	for (int32 i = 0; i <= periods->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		periods->starts[i] = kind->months == 0 ?
			first_start + (i - 1) * (int64) kind->days :
			ua_first_day_of_month(month + (i - 1) * (int64) kind->months);
	}

	day = Max(periods->starts[0], UA_MIN_DAY);
	last = Min(periods->starts[periods->count] - 1, today);
	periods->first = day;
	periods->days = Max(last - day + 1, 0);
	periods->of_day = palloc(((Size) periods->days + 1) * sizeof(int32));
	for (int32 i = 0; i < periods->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (; day < periods->starts[i + 1] && day <= last; day++)
			periods->of_day[day - periods->first] = i;
	}
}

/* ---------- sums ---------- */

enum
{
	VALUE, ACTIVE, ARRIVED, RETURNED
};

#define N_FIGURES	(RETURNED + 1)

/* Sums by period, NULL where there is nothing to add up. */
typedef struct
{
	int64	   *sums;
	int64	   *carries;		/* to be added 2^64 times; mostly NULL */
} Figure;

typedef struct
{
	const char *key;			/* the bytes of a text or a uuid */
	Size		key_size;
	text	   *name;
	Figure		figures[N_FIGURES];
} Segment;

typedef struct
{
	const char *data;
	Size		size;
} SegmentKey;

typedef struct
{
	SegmentKey	key;
	Segment    *segment;
	uint32		hash;
	char		status;
} NamedSegment;

#define SH_PREFIX names
#define SH_ELEMENT_TYPE NamedSegment
#define SH_KEY_TYPE SegmentKey
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

/* Takes a segment, a text or a uuid, and the figures. */
typedef struct
{
	DestReceiver receiver;
	MemoryContext context;
	Oid			series_type;
	Oid			map_type;
	const Periods *periods;
	bool		of_uuids;
	int			columns[N_FIGURES];
	bool		is_map[N_FIGURES];	/* has a label in the next column */
	names_hash *names;
	Segment    *last;			/* of the row before: mostly this one's too */
	Segment    *unnamed;		/* where that is null; NULL for none */
} FigureReceiver;

static void
add_widely(FigureReceiver *receiver, Figure *figure, int32 period, int64 value)
{
	if (figure->carries == NULL)
		figure->carries =
			MemoryContextAllocZero(receiver->context,
								   receiver->periods->count * sizeof(int64));
	figure->sums[period] = (int64) ((uint64) figure->sums[period] + (uint64) value);
	figure->carries[period] += value < 0 ? -1 : 1;
}

static void
add_series(FigureReceiver *receiver, Figure *figure, UaDayseries series)
{
	const Periods *periods = receiver->periods;
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	if (figure->sums == NULL)
		figure->sums = MemoryContextAllocZero(receiver->context,
											  periods->count * sizeof(int64));
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		UaDay		begin = ua_day_of_word(block.word);
		const int64 *value = block.values;

		for (uint64 rest = block.bits; rest != 0; value++)
		{
			uint32		place = (uint32) (begin + ua_take_bit(&rest)) - (uint32) periods->first;
			int32		period;
			int64		sum;

			if (place >= periods->days)
				continue;
			period = periods->of_day[place];
			if (unlikely(pg_add_s64_overflow(figure->sums[period], *value, &sum)))
				add_widely(receiver, figure, period, *value);
			else
				figure->sums[period] = sum;
		}
	}
}

/* Those of a label, or of all labels together. */
static void
add_map(FigureReceiver *receiver, Figure *figure, UaMap map, text *label)
{
	UaMapReader reader;
	UaMapEntry	entry;

	if (label != NULL)
	{
		if (ua_map_find(map, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label), &entry.series))
			add_series(receiver, figure, entry.series);
		return;
	}
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
		add_series(receiver, figure, entry.series);
}

static Segment *
segment_named(FigureReceiver *receiver, SegmentKey key)
{
	NamedSegment *entry;
	Segment    *segment;
	MemoryContext caller;
	char	   *copy;
	bool		found;

	entry = names_lookup(receiver->names, key);
	if (entry != NULL)
		return entry->segment;

	caller = MemoryContextSwitchTo(receiver->context);
	segment = palloc0(sizeof(Segment));
	segment->key = copy = palloc(Max(key.size, 1));
	segment->key_size = key.size;
	memcpy(copy, key.data, key.size);
	key.data = copy;
	if (receiver->of_uuids)
	{
		copy = DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(copy)));
		segment->name = cstring_to_text(copy);
	}
	else
		segment->name = cstring_to_text_with_len(copy, key.size);
	names_insert(receiver->names, key, &found)->segment = segment;
	MemoryContextSwitchTo(caller);
	return segment;
}

static Segment *
segment_of(FigureReceiver *receiver, Datum value, bool isnull)
{
	SegmentKey	key;

	if (isnull)
	{
		if (receiver->unnamed == NULL)
			receiver->unnamed = MemoryContextAllocZero(receiver->context,
													   sizeof(Segment));
		return receiver->unnamed;
	}
	if (receiver->of_uuids)
	{
		key.data = (const char *) DatumGetUUIDP(value);
		key.size = UUID_LEN;
	}
	else
	{
		text	   *name = DatumGetTextPP(value);

		key.data = VARDATA_ANY(name);
		key.size = VARSIZE_ANY_EXHDR(name);
	}
	if (receiver->last == NULL ||
		receiver->last->key_size != key.size ||
		memcmp(receiver->last->key, key.data, key.size) != 0)
		receiver->last = segment_named(receiver, key);
	return receiver->last;
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	FigureReceiver *receiver = (FigureReceiver *) self;
	Segment    *segment;

	slot_getallattrs(slot);
	segment = segment_of(receiver, slot->tts_values[0], slot->tts_isnull[0]);
	for (int i = 0; i < N_FIGURES; i++)
	{
		int			column = receiver->columns[i];
		struct varlena *stored;
		struct varlena *value;

		if (slot->tts_isnull[column])
			continue;
		stored = (struct varlena *) DatumGetPointer(slot->tts_values[column]);
		value = pg_detoast_datum_packed(stored);
		if (receiver->is_map[i])
			add_map(receiver, &segment->figures[i],
					ua_map_of(PointerGetDatum(value)),
					slot->tts_isnull[column + 1] ? NULL :
					DatumGetTextPP(slot->tts_values[column + 1]));
		else
			add_series(receiver, &segment->figures[i],
					   ua_dayseries_of(PointerGetDatum(value)));
		if (value != stored)
			pfree(value);
	}
	return true;
}

static inline bool
has_type(TupleDesc desc, int column, Oid type)
{
	return column < desc->natts && TupleDescAttr(desc, column)->atttypid == type;
}

/* Each figure is a series, or a map and a label of it. */
static void
start_receiving(DestReceiver *self, int operation, TupleDesc desc)
{
	FigureReceiver *receiver = (FigureReceiver *) self;
	int			column = 1;
	bool		fits;

	receiver->of_uuids = has_type(desc, 0, UUIDOID);
	fits = receiver->of_uuids || has_type(desc, 0, TEXTOID);
	for (int i = 0; i < N_FIGURES; i++)
	{
		receiver->columns[i] = column;
		receiver->is_map[i] = has_type(desc, column, receiver->map_type);
		if (receiver->is_map[i])
			fits &= has_type(desc, ++column, TEXTOID);
		else
			fits &= has_type(desc, column, receiver->series_type);
		column++;
	}
	if (!fits || column != desc->natts)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query does not return a segment and figures"),
				 errdetail("These are a text or a uuid, then %d times a dayseries, or a dayseries_map and a text.",
						   N_FIGURES)));
}

static void
end_receiving(DestReceiver *self)
{
}

static Oid
own_type(Oid schema, const char *name)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(name), ObjectIdGetDatum(schema));
}

static void
run_query(FigureReceiver *receiver, const char *query)
{
	SPIExecuteOptions options = {
		.read_only = true,
		.dest = &receiver->receiver
	};
	int			result;

	SPI_connect();
	result = SPI_execute_extended(query, &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_extended failed: %s", SPI_result_code_string(result));
	SPI_finish();
}

/* ---------- rows ---------- */

static int64
sum_of(const Figure *figure, int32 period)
{
	if (figure->sums == NULL)
		return 0;
	if (unlikely(figure->carries != NULL && figure->carries[period] != 0))
		ua_bigint_out_of_range();
	return figure->sums[period];
}

/* Whether it has anybody active, in other periods than the one before them. */
static bool
is_active(const Segment *segment, const Periods *periods)
{
	for (int32 period = 1; period < periods->count; period++)
		if (sum_of(&segment->figures[ACTIVE], period) != 0)
			return true;
	return false;
}

enum
{
	COLUMN_SEGMENT_VALUE,
	COLUMN_PERIOD_START,
	COLUMN_VALUE,
	COLUMN_ACTIVE,
	COLUMN_ARRIVED,
	COLUMN_RETURNED,
	COLUMN_VALUE_BEFORE,
	COLUMN_ACTIVE_BEFORE,
	COLUMN_IS_COMPLETE
};

#define N_COLUMNS	(COLUMN_IS_COMPLETE + 1)

static void
put_rows(ReturnSetInfo *result, const Segment *segment, const Periods *periods, UaDay today)
{
	const Figure *figures = segment->figures;
	bool		nulls[N_COLUMNS] = {[COLUMN_SEGMENT_VALUE] = segment->name == NULL};
	Datum		values[N_COLUMNS] = {[COLUMN_SEGMENT_VALUE] = PointerGetDatum(segment->name)};

	for (int32 period = 1; period < periods->count; period++)
	{
		CHECK_FOR_INTERRUPTS();
		values[COLUMN_PERIOD_START] = DateADTGetDatum(periods->starts[period]);
		for (int i = 0; i < N_FIGURES; i++)
			values[COLUMN_VALUE + i] = Int64GetDatum(sum_of(&figures[i], period));
		values[COLUMN_VALUE_BEFORE] = Int64GetDatum(sum_of(&figures[VALUE], period - 1));
		values[COLUMN_ACTIVE_BEFORE] = Int64GetDatum(sum_of(&figures[ACTIVE], period - 1));
		values[COLUMN_IS_COMPLETE] = BoolGetDatum(periods->starts[period + 1] <= today);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static int
compare_keys(const void *a, const void *b)
{
	const Segment *left = *(const Segment *const *) a;
	const Segment *right = *(const Segment *const *) b;

	return ua_label_compare(left->key, left->key_size, right->key, right->key_size);
}

static int
compare_names(const void *a, const void *b)
{
	text	   *left = (*(const Segment *const *) a)->name;
	text	   *right = (*(const Segment *const *) b)->name;

	return varstr_cmp(VARDATA_ANY(left), VARSIZE_ANY_EXHDR(left),
					  VARDATA_ANY(right), VARSIZE_ANY_EXHDR(right),
					  DEFAULT_COLLATION_OID);
}

/* The segments in the order of ORDER BY, but for the null one. */
static Segment **
segments_in_order(FigureReceiver *receiver)
{
	Segment   **segments = palloc((receiver->names->members + 1) * sizeof(*segments));
	names_iterator scan;
	NamedSegment *entry;
	int			count = 0;

	names_start_iterate(receiver->names, &scan);
	while ((entry = names_iterate(receiver->names, &scan)) != NULL)
		segments[count++] = entry->segment;

	/* By bytes they are almost in order, which costs less to find than to make. */
	qsort(segments, count, sizeof(*segments), compare_keys);
	qsort(segments, count, sizeof(*segments), compare_names);
	return segments;
}

/*
 * usage_figures(query text, period text, first_start date, last_start date,
 * today date, everybody boolean) → rows
 */
Datum
usage_figures(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	DateADT		first_start = PG_GETARG_DATEADT(2);
	DateADT		last_start = PG_GETARG_DATEADT(3);
	DateADT		today = PG_GETARG_DATEADT(4);
	bool		everybody = PG_GETARG_BOOL(5);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			schema = ua_function_schema(fcinfo);
	Periods		periods = {0};
	FigureReceiver receiver = {
		.receiver = {receive_row, start_receiving, end_receiving, end_receiving, DestNone},
		.context = CurrentMemoryContext,
		.series_type = own_type(schema, "dayseries"),
		.map_type = own_type(schema, "dayseries_map"),
		.periods = &periods
	};
	Segment   **segments;

	if (!ua_is_day(first_start) || !ua_is_day(last_start) || first_start > last_start ||
		(int64) last_start - first_start > MOST_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a report must run forward, over finite days and at most %d of them",
						MOST_DAYS)));
	lay_out(&periods, period_kind(PG_GETARG_TEXT_PP(1)), first_start, last_start, today);
	InitMaterializedSRF(fcinfo, 0);

	receiver.names = names_create(CurrentMemoryContext, 16, NULL);
	if (everybody)
		receiver.unnamed = palloc0(sizeof(Segment));
	run_query(&receiver, query);

	segments = segments_in_order(&receiver);
	for (uint32 i = 0; i < receiver.names->members; i++)
		if (is_active(segments[i], &periods))
			put_rows(result, segments[i], &periods, today);
	if (receiver.unnamed != NULL && (everybody || is_active(receiver.unnamed, &periods)))
		put_rows(result, receiver.unnamed, &periods, today);
	return (Datum) 0;
}
