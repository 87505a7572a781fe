/*
 * active_counts.c
 *		usage_active_counts(): users active in each period of a report, or in the
 *		windows that end with its days, counted from their days.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "activity_rows.h"
#include "compat.h"
#include "day_counter.h"
#include "dayseries_sql.h"
#include "model.h"
#include "period_grid.h"
#include "segment_groups.h"

PG_FUNCTION_INFO_V1(usage_active_counts);

enum
{
	ACTIVE, ARRIVED, RETURNED
};

#define N_COUNTS	(RETURNED + 1)

typedef struct
{
	UaSegmentGroup group;
	int64	   *counts[N_COUNTS];	/* by period; NULL at first */
	UaDayCounter *windows;		/* NULL at first */
} Segment;

typedef struct
{
	UaSegmentGroups groups;
	UaPeriodGrid grid;
	int			window_days;	/* 0 for periods */
	UaDay		first;			/* of the days that windows look at */
	UaDay		last;
} Counts;

static void
count_windows(const Counts *counts, Segment *segment, UaDays days)
{
	if (segment->windows == NULL)
	{
		segment->windows = MemoryContextAlloc(counts->groups.context, sizeof(UaDayCounter));
		ua_counter_init(segment->windows, counts->groups.context);
	}
	ua_counter_add_windows(segment->windows, days, counts->window_days, counts->first, counts->last);
}

static void
count_periods(const Counts *counts, Segment *segment, UaDays days)
{
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
	for (int i = 0; segment->counts[i] == NULL && i < N_COUNTS; i++)
		segment->counts[i] =
			MemoryContextAllocExtended(counts->groups.context,
									   (Size) counts->grid.count * sizeof(int64),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	period = ua_grid_period(&counts->grid, first);
	if (period >= 0 && period < counts->grid.count)
		segment->counts[ARRIVED][period]++;

	active = segment->counts[ACTIVE];
	returned = segment->counts[RETURNED];
	ua_grid_read(&reader, &counts->grid, days);
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

			active[each->period] += is_active;
			returned[each->period] += is_active && was_active;
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
take_days(void *self, UaSegmentGroup *group, const pg_uuid_t *user, UaDays days, UaDays back)
{
	const Counts *counts = self;

	if (counts->window_days > 0)
		count_windows(counts, (Segment *) group, days);
	else
		count_periods(counts, (Segment *) group, days);
}

/* On the first days of periods */
static Datum
series_of_periods(const UaPeriodGrid *grid, const int64 *counts)
{
	UaDayseriesWriter series;

	ua_dayseries_start(&series);
	for (int32 period = 0; counts != NULL && period < grid->count; period++)
		if (counts[period] != 0)
			ua_dayseries_put(&series, (UaDay) Max(grid->starts[period], UA_MIN_DAY), counts[period]);
	return ua_dayseries_datum(&series);
}

static void
put_row(ReturnSetInfo *result, const Counts *counts, const Segment *segment)
{
	Datum		values[1 + N_COUNTS] = {PointerGetDatum(segment->group.name)};
	bool		nulls[1 + N_COUNTS] = {segment->group.name == NULL};

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < N_COUNTS; i++)
		values[1 + i] = series_of_periods(&counts->grid, segment->counts[i]);
	if (counts->window_days > 0)
	{
		UaDayseriesWriter series;

		ua_dayseries_start(&series);
		if (segment->windows != NULL)
			ua_counter_write(segment->windows, &series);
		values[1 + ACTIVE] = ua_dayseries_datum(&series);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * usage_active_counts(source usage_days_source, period text, window_days
 * integer, first_start date, last_start date, today date) → rows
 */
Datum
usage_active_counts(PG_FUNCTION_ARGS)
{
	DateADT		today = PG_GETARG_DATEADT(5);
	Counts		counts = {.window_days = PG_GETARG_INT32(2)};
	UaSegmentGroup **segments;
	int			n_segments;

	if (counts.window_days < 0 || counts.window_days > UA_LONGEST_WINDOW)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a window must have from 0 to %d days, not %d",
						UA_LONGEST_WINDOW, counts.window_days)));
	ua_grid_start(&counts.grid, PG_GETARG_TEXT_PP(1), PG_GETARG_DATEADT(3),
				  PG_GETARG_DATEADT(4), today, 1);
	counts.first = (UaDay) Max((int64) counts.grid.first - counts.window_days, UA_MIN_DAY);
	counts.last = counts.grid.first + counts.grid.n_days - 1;
	InitMaterializedSRF(fcinfo, 0);

	ua_groups_start(&counts.groups, sizeof(Segment));
	ua_read_activity(ua_function_schema(fcinfo), PG_GETARG_HEAPTUPLEHEADER(0),
					 &counts.groups, take_days, &counts);
	segments = ua_groups_in_order(&counts.groups, &n_segments);
	for (int i = 0; i < n_segments; i++)
		put_row((ReturnSetInfo *) fcinfo->resultinfo, &counts, (Segment *) segments[i]);
	return (Datum) 0;
}
