/*
 * period_figures.c
 *		usage_figures(): adds up what users, accounts and a query have of days,
 *		by segment and period.
 *
 * A report reads a row of days for each user, or of a few sums for each account
 * and month, and comes to a few numbers for each segment and period. Rows go
 * from the table, or from the executor, right into these numbers: no series is
 * made on the way, nothing is sorted but segments.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "activity_rows.h"
#include "compat.h"
#include "day_counter.h"
#include "dayseries_sql.h"
#include "model.h"
#include "period_grid.h"
#include "segment_groups.h"
#include "segments.h"
#include "table_read.h"

PG_FUNCTION_INFO_V1(usage_figures);

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
	UaSegmentGroup group;
	Figure		figures[N_FIGURES];
	UaDayCounter *windows[2];	/* that users are active in, and not; NULL for none */
} Segment;

/* Periods are numbered from 1; 0 is the one before them. */
typedef struct
{
	UaSegmentGroups groups;
	UaPeriodGrid grid;
	bool		of_accounts;	/* segments are these */
	int			window_days;	/* 0 where users are counted by period */
} Sums;

static inline void
make_sums(Sums *sums, Figure *figure)
{
	if (figure->sums == NULL)
		figure->sums = MemoryContextAllocExtended(sums->groups.context,
												  (Size) sums->grid.count * sizeof(int64),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
add_widely(Sums *sums, Figure *figure, int32 period, int64 value)
{
	if (figure->carries == NULL)
		figure->carries =
			MemoryContextAllocZero(sums->groups.context,
								   sums->grid.count * sizeof(int64));
	figure->sums[period] = (int64) ((uint64) figure->sums[period] + (uint64) value);
	figure->carries[period] += value < 0 ? -1 : 1;
}

static void
add_series(Sums *sums, Figure *figure, UaDayseries series)
{
	const UaPeriodGrid *grid = &sums->grid;
	UaDayseriesReader reader;
	UaDayseriesBlock block;

	make_sums(sums, figure);
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		UaDay		begin = ua_day_of_word(block.word);
		const int64 *value = block.values;

		for (uint64 rest = block.bits; rest != 0; value++)
		{
			uint32		place = (uint32) (begin + ua_take_bit(&rest)) - (uint32) grid->first;
			int32		period;
			int64		sum;

			if (place >= (uint32) grid->n_days)
				continue;
			period = grid->of_day[place];
			if (unlikely(pg_add_s64_overflow(figure->sums[period], *value, &sum)))
				add_widely(sums, figure, period, *value);
			else
				figure->sums[period] = sum;
		}
	}
}

/* Those of a label, or of all labels together. */
static void
add_map(Sums *sums, Figure *figure, UaMap map, text *label)
{
	UaMapReader reader;
	UaMapEntry	entry;

	if (label != NULL)
	{
		if (ua_map_find(map, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label), &entry.series))
			add_series(sums, figure, entry.series);
		return;
	}
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
		add_series(sums, figure, entry.series);
}

static Segment *
segment_of(Sums *sums, Datum value, bool isnull)
{
	if (isnull)
		return ua_group_named(&sums->groups, NULL);
	if (sums->of_accounts)
		return ua_group_of_account(&sums->groups, DatumGetUUIDP(value));
	return ua_group_named(&sums->groups, DatumGetTextPP(value));
}

/* A series, or a map, of which a label may be asked for; either may be toasted. */
static void
add_value(Sums *sums, Figure *figure, Datum datum, bool is_map, text *label)
{
	struct varlena *stored = (struct varlena *) DatumGetPointer(datum);
	struct varlena *value = pg_detoast_datum_packed(stored);

	if (is_map)
		add_map(sums, figure, ua_map_of(PointerGetDatum(value)), label);
	else
		add_series(sums, figure, ua_dayseries_of(PointerGetDatum(value)));
	if (value != stored)
		pfree(value);
}

/* ---------- rows of users ---------- */

static void
count_windows(Sums *sums, Segment *segment, UaDays days, int times)
{
	const UaPeriodGrid *grid = &sums->grid;
	UaDayCounter **counter = &segment->windows[times < 0];

	if (*counter == NULL)
	{
		*counter = MemoryContextAlloc(sums->groups.context, sizeof(UaDayCounter));
		ua_counter_init(*counter, sums->groups.context);
	}
	ua_counter_add_windows(*counter, days, sums->window_days,
						   (UaDay) Max((int64) grid->first - sums->window_days, UA_MIN_DAY),
						   grid->first + grid->n_days - 1);
}

static void
count_periods(Sums *sums, Segment *segment, UaDays days, int times)
{
	const UaPeriodGrid *grid = &sums->grid;
	UaGridReader reader;
	const UaGridPart *part;
	const UaGridPart *end;
	uint64		bits;
	UaDay		first;
	int32		period;
	int32		last = -2;		/* of the active periods that the next may follow */
	int64	   *active;
	int64	   *returned;

	if (!ua_days_first(days, &first))
		return;
	for (int i = ACTIVE; i <= RETURNED; i++)
		make_sums(sums, &segment->figures[i]);
	period = ua_grid_period(grid, first);
	if (period >= 0 && period < grid->count)
		segment->figures[ARRIVED].sums[period] += times;

	active = segment->figures[ACTIVE].sums;
	returned = segment->figures[RETURNED].sums;
	ua_grid_read(&reader, grid, days);
	while (ua_grid_next(&reader, &bits, &part, &end))
	{
		bool		was_active;

		/* A period may go on from the word before. */
		if (part->period == last && ++part == end)
			continue;
		was_active = part->period == last + 1;
		for (const UaGridPart *each = part; each < end; each++)
		{
			bool		is_active = (bits & each->days) != 0;

			active[each->period] += is_active ? times : 0;
			returned[each->period] += is_active && was_active ? times : 0;
			was_active = is_active;
		}
		/* The last one may go on in the next word. */
		if (was_active)
			last = end[-1].period;
		else if (end - part > 1 && (bits & end[-2].days) != 0)
			last = end[-2].period;
	}
}

static void
take_days(void *self, UaSegmentGroup *group, const pg_uuid_t *user, UaDays days, UaDays back,
		  int times)
{
	Sums	   *sums = self;

	if (sums->window_days > 0)
		count_windows(sums, (Segment *) group, days, times);
	else
		count_periods(sums, (Segment *) group, days, times);
}

/* Once all are counted, to what is active on each day */
static void
add_windows(Sums *sums, Segment *segment)
{
	UaDayseriesWriter series;
	Datum		counts;

	if (segment->windows[0] == NULL && segment->windows[1] == NULL)
		return;
	ua_dayseries_start(&series);
	ua_counter_write_difference(segment->windows[0], segment->windows[1], &series);
	counts = ua_dayseries_datum(&series);
	add_series(sums, &segment->figures[ACTIVE], ua_dayseries_of(counts));
	pfree(DatumGetPointer(counts));
}

/* ---------- rows of accounts ---------- */

/* Takes an account, a month, and the columns that figures are in. */
typedef struct
{
	Sums	   *sums;
	UaSegments *segments;		/* NULL where these are the accounts */
	int64		first_month;
	int64		last_month;
	int			columns[N_FIGURES]; /* 0 for none */
	bool		is_map[N_FIGURES];
	text	   *labels[N_FIGURES];	/* NULL for all of a map */
} AccountTaker;

static Segment *
segment_of_account(AccountTaker *taker, Datum account)
{
	UaSegment  *segment;

	if (taker->segments == NULL)
		return segment_of(taker->sums, account, false);
	segment = ua_segment_of(taker->segments, DatumGetUUIDP(account));
	if (segment == NULL)
		return segment_of(taker->sums, (Datum) 0, true);
	if (segment->group == NULL)
		segment->group = segment_of(taker->sums, PointerGetDatum(segment->name),
									segment->name == NULL);
	return segment->group;
}

static void
take_account(void *self, const Datum *values, const bool *nulls)
{
	AccountTaker *taker = self;
	DateADT		month = DatumGetDateADT(values[1]);
	Segment    *segment;

	if (nulls[0] || nulls[1] || month < taker->first_month || month > taker->last_month)
		return;
	segment = segment_of_account(taker, values[0]);
	for (int i = 0; i < N_FIGURES; i++)
	{
		int			column = taker->columns[i];

		if (column != 0 && !nulls[column])
			add_value(taker->sums, &segment->figures[i], values[column],
					  taker->is_map[i], taker->labels[i]);
	}
}

/*
 * Add up account_rollup. What is read of it is a segment, then for each figure
 * NULL or a column: of a map, with a slash behind it and a label, if it is not
 * for all of them.
 */
static void
read_accounts(Sums *sums, ArrayType *what, Oid schema, Oid series_type, Oid map_type)
{
	const UaPeriodGrid *grid = &sums->grid;
	AccountTaker taker = {.sums = sums};
	UaTableColumn columns[2 + N_FIGURES] = {{"account_id", UUIDOID}, {"month", DATEOID}};
	int			n_columns = 2;
	Datum	   *words;
	bool	   *nulls;
	int			n_words;
	char	   *segment;

	deconstruct_array(what, TEXTOID, -1, false, TYPALIGN_INT, &words, &nulls, &n_words);
	if (n_words != 1 + N_FIGURES || nulls[0])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("what is read of accounts must be a segment and %d figures", N_FIGURES)));
	segment = TextDatumGetCString(words[0]);
	for (int i = 0; i < N_FIGURES; i++)
	{
		char	   *column;
		char	   *slash;

		if (nulls[1 + i])
			continue;
		column = TextDatumGetCString(words[1 + i]);
		slash = strchr(column, '/');
		if (slash != NULL)
		{
			*slash = '\0';
			taker.is_map[i] = true;
			if (slash[1] != '\0')
				taker.labels[i] = cstring_to_text(slash + 1);
		}
		columns[n_columns] = (UaTableColumn) {column, slash != NULL ? map_type : series_type};
		taker.columns[i] = n_columns++;
	}

	if (strcmp(segment, "account_id") == 0)
		sums->of_accounts = true;
	else
		taker.segments = ua_segments_read(schema, segment, false);
	taker.first_month = ua_first_day_of_month(ua_month_of_day(grid->first));
	taker.last_month = (int64) grid->first + grid->n_days - 1;
	ua_read_table(schema, "account_rollup", n_columns, columns, take_account, &taker);
}

/* ---------- rows of a query ---------- */

/* Takes a segment, a text or a uuid, and the figures. */
typedef struct
{
	DestReceiver receiver;
	Sums	   *sums;
	bool		segments_known;	/* which type they have */
	Oid			series_type;
	Oid			map_type;
	int			columns[N_FIGURES];
	bool		is_map[N_FIGURES];	/* has a label in the next column */
} FigureReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	FigureReceiver *receiver = (FigureReceiver *) self;
	Segment    *segment;

	slot_getallattrs(slot);
	segment = segment_of(receiver->sums, slot->tts_values[0], slot->tts_isnull[0]);
	for (int i = 0; i < N_FIGURES; i++)
	{
		int			column = receiver->columns[i];

		if (!slot->tts_isnull[column])
			add_value(receiver->sums, &segment->figures[i], slot->tts_values[column],
					  receiver->is_map[i],
					  !receiver->is_map[i] || slot->tts_isnull[column + 1] ? NULL :
					  DatumGetTextPP(slot->tts_values[column + 1]));
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
	Sums	   *sums = receiver->sums;
	int			column = 1;
	bool		fits;

	if (!receiver->segments_known)
		sums->of_accounts = has_type(desc, 0, UUIDOID);
	fits = has_type(desc, 0, sums->of_accounts ? UUIDOID : TEXTOID);
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
is_active(const Segment *segment, const UaPeriodGrid *grid)
{
	for (int32 period = 1; period < grid->count; period++)
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
put_rows(ReturnSetInfo *result, const Segment *segment, const UaPeriodGrid *grid, UaDay today)
{
	const Figure *figures = segment->figures;
	bool		nulls[N_COLUMNS] = {[COLUMN_SEGMENT_VALUE] = segment->group.name == NULL};
	Datum		values[N_COLUMNS] = {[COLUMN_SEGMENT_VALUE] = PointerGetDatum(segment->group.name)};

	for (int32 period = 1; period < grid->count; period++)
	{
		CHECK_FOR_INTERRUPTS();
		values[COLUMN_PERIOD_START] = DateADTGetDatum(grid->starts[period]);
		for (int i = 0; i < N_FIGURES; i++)
			values[COLUMN_VALUE + i] = Int64GetDatum(sum_of(&figures[i], period));
		values[COLUMN_VALUE_BEFORE] = Int64GetDatum(sum_of(&figures[VALUE], period - 1));
		values[COLUMN_ACTIVE_BEFORE] = Int64GetDatum(sum_of(&figures[ACTIVE], period - 1));
		values[COLUMN_IS_COMPLETE] = BoolGetDatum(grid->starts[period + 1] <= today);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static Oid
own_type(Oid schema, const char *name)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(name), ObjectIdGetDatum(schema));
}

/*
 * usage_figures(query text, period text, first_start date, last_start date,
 * today date, everybody boolean, accounts text[], source usage_days_source,
 * window_days integer) → rows
 */
Datum
usage_figures(PG_FUNCTION_ARGS)
{
	enum
	{
		QUERY, PERIOD, FIRST_START, LAST_START, TODAY, EVERYBODY, ACCOUNTS, SOURCE, WINDOW_DAYS
	};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			schema = ua_function_schema(fcinfo);
	Sums		sums = {0};
	FigureReceiver receiver = {
		.receiver = {receive_row, start_receiving, end_receiving, end_receiving, DestNone},
		.sums = &sums,
		.series_type = own_type(schema, "dayseries"),
		.map_type = own_type(schema, "dayseries_map")
	};
	DateADT		today;
	bool		everybody;
	bool		with_accounts;
	bool		with_users;
	char	   *query;
	UaSegmentGroup **segments;
	int			n_segments;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i) && i != SOURCE)
			return (Datum) 0;
	today = PG_GETARG_DATEADT(TODAY);
	everybody = PG_GETARG_BOOL(EVERYBODY);
	with_accounts = ARR_NDIM(PG_GETARG_ARRAYTYPE_P(ACCOUNTS)) != 0;
	with_users = !PG_ARGISNULL(SOURCE);
	query = text_to_cstring(PG_GETARG_TEXT_PP(QUERY));
	sums.window_days = PG_GETARG_INT32(WINDOW_DAYS);
	if (sums.window_days < 0 || sums.window_days > UA_LONGEST_WINDOW)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a window must have from 0 to %d days, not %d",
						UA_LONGEST_WINDOW, sums.window_days)));
	ua_grid_start(&sums.grid, PG_GETARG_TEXT_PP(PERIOD), PG_GETARG_DATEADT(FIRST_START),
				  PG_GETARG_DATEADT(LAST_START), today, 1);

	ua_groups_start(&sums.groups, sizeof(Segment));
	if (everybody)
		ua_group_named(&sums.groups, NULL);
	if (with_accounts)
		read_accounts(&sums, PG_GETARG_ARRAYTYPE_P(ACCOUNTS), schema,
					  receiver.series_type, receiver.map_type);
	if (with_users)
	{
		HeapTupleHeader source = PG_GETARG_HEAPTUPLEHEADER(SOURCE);

		sums.of_accounts |= ua_source_is_of_accounts(source);
		ua_read_activity(schema, source, &sums.groups, take_days, &sums);
	}
	/* Accounts or users may be all there is. */
	receiver.segments_known = with_accounts || with_users;
	if (!receiver.segments_known || *query != '\0')
		run_query(&receiver, query);

	segments = ua_groups_in_order(&sums.groups, &n_segments);
	for (int i = 0; i < n_segments; i++)
	{
		Segment    *segment = (Segment *) segments[i];

		add_windows(&sums, segment);
		if (is_active(segment, &sums.grid) || (everybody && segment->group.name == NULL))
			put_rows(result, segment, &sums.grid, today);
	}
	return (Datum) 0;
}
