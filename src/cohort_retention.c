/*
 * cohort_retention.c
 *		usage_retention_counts(): how many users of each cohort were back in each
 *		period since.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "activity_rows.h"
#include "compat.h"
#include "model.h"
#include "period_grid.h"
#include "segment_groups.h"

PG_FUNCTION_INFO_V1(usage_retention_counts);

/* The users whose first day is in a period; how many were back in it, and in those after it. */
typedef struct
{
	int64		size;
	int64	   *retained;		/* by period; NULL at first */
} Cohort;

typedef struct
{
	UaSegmentGroup group;
	Cohort	   *cohorts;		/* by period; NULL at first */
} Segment;

typedef struct
{
	UaSegmentGroups groups;
	UaPeriodGrid grid;
	int32		n_cohorts;		/* of the periods, the first ones */
	bool		unbounded;		/* counted in the last period only, until all are */
} Retention;

/* The cohort of those who began on a day. */
static Cohort *
cohort_of(Retention *retention, Segment *segment, int32 period)
{
	Cohort	   *cohort;

	if (segment->cohorts == NULL)
		segment->cohorts = MemoryContextAllocExtended(retention->groups.context,
													  (Size) retention->n_cohorts * sizeof(Cohort),
													  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	cohort = &segment->cohorts[period];
	if (cohort->retained == NULL)
		cohort->retained = MemoryContextAllocZero(retention->groups.context,
												  (retention->grid.count - period) * sizeof(int64));
	return cohort;
}

/* Once for each period that the user was back in, from the cohort's on. */
static inline void
count_periods(const UaPeriodGrid *grid, int64 *retained, int32 cohort, UaDays back, int times)
{
	UaGridReader reader;
	const UaGridPart *part;
	const UaGridPart *end;
	uint64		bits;
	int32		done = cohort - 1;	/* up to there nothing more is to be counted */

	ua_grid_read(&reader, grid, back);
	while (ua_grid_next(&reader, &bits, &part, &end))
	{
		const UaGridPart *last = end - 1;

		/* A period may go on from the word before. */
		while (part < end && part->period <= done)
			part++;
		for (; part < end; part++)
			retained[part->period - cohort] += (bits & part->days) != 0 ? times : 0;
		if ((bits & last->days) != 0)
			done = Max(done, last->period);
	}
}

/* Once, in the last of them. */
static inline void
count_last_period(const UaPeriodGrid *grid, int64 *retained, int32 cohort, UaDays back, int times)
{
	UaDay		last;
	int32		period;

	if (!ua_days_last_until(back, grid->first + grid->n_days - 1, &last))
		return;
	period = ua_grid_period(grid, last);
	if (period >= cohort)
		retained[period - cohort] += times;
}

static void
take_days(void *self, UaSegmentGroup *group, const pg_uuid_t *user, UaDays days, UaDays back,
		  int times)
{
	Retention  *retention = self;
	Cohort	   *cohort;
	UaDay		first;
	int32		period;

	if (!ua_days_first(days, &first))
		return;
	period = ua_grid_period(&retention->grid, first);
	if (period < 0 || period >= retention->n_cohorts)
		return;
	cohort = cohort_of(retention, (Segment *) group, period);
	cohort->size += times;
	if (back.body == NULL)
		return;
	if (retention->unbounded)
		count_last_period(&retention->grid, cohort->retained, period, back, times);
	else
		count_periods(&retention->grid, cohort->retained, period, back, times);
}

static void
put_rows(ReturnSetInfo *result, const Retention *retention, const Segment *segment, UaDay today)
{
	const UaPeriodGrid *grid = &retention->grid;

	for (int32 period = 0; segment->cohorts != NULL && period < retention->n_cohorts; period++)
	{
		const Cohort *cohort = &segment->cohorts[period];
		int32		periods = grid->count - period;

		if (cohort->size == 0)
			continue;
		/* Whoever comes back later has been kept until then. */
		for (int32 i = periods - 1; retention->unbounded && i > 0; i--)
			cohort->retained[i - 1] += cohort->retained[i];
		for (int32 i = 0; i < periods; i++)
		{
			Datum		values[] = {
				PointerGetDatum(segment->group.name),
				DateADTGetDatum((DateADT) grid->starts[period]),
				Int32GetDatum(i),
				Int64GetDatum(cohort->size),
				Int64GetDatum(cohort->retained[i]),
				BoolGetDatum(grid->starts[period + i + 1] <= today)
			};
			bool		nulls[lengthof(values)] = {segment->group.name == NULL};

			CHECK_FOR_INTERRUPTS();
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
}

/*
 * usage_retention_counts(source usage_days_source, period text, unbounded
 * boolean, first_start date, last_start date, as_of_start date, today date) → rows
 */
Datum
usage_retention_counts(PG_FUNCTION_ARGS)
{
	DateADT		first_start = PG_GETARG_DATEADT(3);
	DateADT		last_start = PG_GETARG_DATEADT(4);
	DateADT		as_of_start = PG_GETARG_DATEADT(5);
	DateADT		today = PG_GETARG_DATEADT(6);
	Retention	retention = {.unbounded = PG_GETARG_BOOL(2)};
	UaSegmentGroup **segments;
	int			n_segments;

	ua_grid_start(&retention.grid, PG_GETARG_TEXT_PP(1), first_start, as_of_start, today, 0);
	while (retention.n_cohorts < retention.grid.count &&
		   retention.grid.starts[retention.n_cohorts] <= last_start)
		retention.n_cohorts++;
	InitMaterializedSRF(fcinfo, 0);

	ua_groups_start(&retention.groups, sizeof(Segment));
	ua_read_activity(ua_function_schema(fcinfo), PG_GETARG_HEAPTUPLEHEADER(0),
					 &retention.groups, take_days, &retention);
	segments = ua_groups_in_order(&retention.groups, &n_segments);
	for (int i = 0; i < n_segments; i++)
		put_rows((ReturnSetInfo *) fcinfo->resultinfo, &retention, (Segment *) segments[i], today);
	return (Datum) 0;
}
