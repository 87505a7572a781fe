/*
 * stickiness.c
 *		usage_stickiness_counts(): users by the number of days on which they were
 *		active in each period.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

#include "activity_rows.h"
#include "compat.h"
#include "model.h"
#include "period_grid.h"
#include "segment_groups.h"

PG_FUNCTION_INFO_V1(usage_stickiness_counts);

typedef struct
{
	UaSegmentGroup group;
	int64	   *counts;			/* by period and number of days; NULL at first */
} Segment;

typedef struct
{
	UaSegmentGroups groups;
	UaPeriodGrid grid;
	int			stride;			/* numbers of days, with 0 */
	bool		short_periods;	/* of 8 days at most */
} Counts;

static inline int
days_in(const UaGridPart *part, uint64 bits, bool few)
{
	uint64		days = (bits & part->days) >> part->shift;

	return few ? pg_number_of_ones[days] : pg_popcount64(days);
}

/* What is counted of no days at all is of no use, and is not looked at. */
static pg_attribute_always_inline void
count_days(const Counts *counts, int64 *found, UaDays days, int times, bool few)
{
	UaGridReader reader;
	const UaGridPart *part;
	const UaGridPart *end;
	uint64		bits;
	int			stride = counts->stride;
	int32		period = 0;
	int			active_days = 0;

	ua_grid_read(&reader, &counts->grid, days);
	while (ua_grid_next(&reader, &bits, &part, &end))
	{
		/* Only the first part may belong to the period before. */
		if (part->period != period)
		{
			found[(int64) period * stride + active_days] += times;
			active_days = 0;
		}
		active_days += days_in(part, bits, few);
		period = part->period;
		while (++part < end)
		{
			found[(int64) period * stride + active_days] += times;
			active_days = days_in(part, bits, few);
			period = part->period;
		}
	}
	found[(int64) period * stride + active_days] += times;
}

static void
take_days(void *self, UaSegmentGroup *group, const pg_uuid_t *user, UaDays days, UaDays back,
		  int times)
{
	Counts	   *counts = self;
	Segment    *segment = (Segment *) group;

	if (segment->counts == NULL)
		segment->counts = MemoryContextAllocExtended(counts->groups.context,
													 (Size) counts->grid.count * counts->stride * sizeof(int64),
													 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (counts->short_periods)
		count_days(counts, segment->counts, days, times, true);
	else
		count_days(counts, segment->counts, days, times, false);
}

static int64
users_active(const Counts *counts, const Segment *segment, int32 period)
{
	int64		users = 0;

	if (segment->counts == NULL)
		return 0;
	for (int days = 1; days < counts->stride; days++)
		users += segment->counts[(int64) period * counts->stride + days];
	return users;
}

static bool
is_active(const Counts *counts, const Segment *segment)
{
	for (int32 period = 0; period < counts->grid.count; period++)
		if (users_active(counts, segment, period) != 0)
			return true;
	return false;
}

static void
put_rows(ReturnSetInfo *result, const Counts *counts, const Segment *segment, UaDay today)
{
	const UaPeriodGrid *grid = &counts->grid;

	for (int32 period = 0; period < grid->count; period++)
	{
		int64		active = users_active(counts, segment, period);

		for (int days = 1; days <= grid->starts[period + 1] - grid->starts[period]; days++)
		{
			int64		users = segment->counts == NULL ? 0 :
				segment->counts[(int64) period * counts->stride + days];
			Datum		values[] = {
				PointerGetDatum(segment->group.name),
				DateADTGetDatum((DateADT) grid->starts[period]),
				Int32GetDatum(days),
				Int64GetDatum(users),
				Int64GetDatum(active),
				BoolGetDatum(grid->starts[period + 1] <= today)
			};
			bool		nulls[lengthof(values)] = {segment->group.name == NULL};

			CHECK_FOR_INTERRUPTS();
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
}

/*
 * usage_stickiness_counts(source usage_days_source, period text, first_start
 * date, last_start date, today date, everybody boolean) → rows
 */
Datum
usage_stickiness_counts(PG_FUNCTION_ARGS)
{
	DateADT		today = PG_GETARG_DATEADT(4);
	bool		everybody = PG_GETARG_BOOL(5);
	Counts		counts;
	UaSegmentGroup **segments;
	int			n_segments;

	ua_grid_start(&counts.grid, PG_GETARG_TEXT_PP(1), PG_GETARG_DATEADT(2),
				  PG_GETARG_DATEADT(3), today, 0);
	counts.stride = counts.grid.most_days + 1;
	counts.short_periods = counts.grid.most_days <= 8;
	InitMaterializedSRF(fcinfo, 0);

	ua_groups_start(&counts.groups, sizeof(Segment));
	if (everybody)
		ua_group_named(&counts.groups, NULL);
	ua_read_activity(ua_function_schema(fcinfo), PG_GETARG_HEAPTUPLEHEADER(0),
					 &counts.groups, take_days, &counts);
	segments = ua_groups_in_order(&counts.groups, &n_segments);
	for (int i = 0; i < n_segments; i++)
		if (everybody || is_active(&counts, (Segment *) segments[i]))
			put_rows((ReturnSetInfo *) fcinfo->resultinfo, &counts, (Segment *) segments[i], today);
	return (Datum) 0;
}
