/*
 * count_by_day.c
 *		The aggregates count_by_day(dayset) and window_counts(): from sets of
 *		days to a dayseries.
 *
 * The state is a dayseries; while the aggregate runs it is an expanded object
 * that counts.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "compat.h"
#include "day_counter.h"
#include "dayseries_sql.h"
#include "dayset_sql.h"
#include "figures.h"
#include "state_context.h"

PG_FUNCTION_INFO_V1(count_by_day_transfn);
PG_FUNCTION_INFO_V1(count_by_day_combinefn);
PG_FUNCTION_INFO_V1(window_counts_transfn);

typedef struct CountState
{
	ExpandedObjectHeader header;
	UaDayCounter counter;
	struct varlena *flat;		/* made when asked for, dropped on a change */
} CountState;

static Size count_flat_size(ExpandedObjectHeader *header);
static void count_flatten(ExpandedObjectHeader *header, void *result, Size size);

static const ExpandedObjectMethods count_methods = {
	count_flat_size,
	count_flatten
};

static Size
count_flat_size(ExpandedObjectHeader *header)
{
	CountState *state = (CountState *) header;

	if (state->flat == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(header->eoh_context);
		UaDayseriesWriter writer;

		ua_dayseries_start(&writer);
		ua_counter_write(&state->counter, &writer);
		state->flat = (struct varlena *) DatumGetPointer(ua_dayseries_datum(&writer));
		MemoryContextSwitchTo(caller);
	}
	return VARSIZE(state->flat);
}

static void
count_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	CountState *state = (CountState *) header;

	Assert(state->flat != NULL && size == VARSIZE(state->flat));
	memcpy(result, state->flat, size);
}

/* The state to change, made from argument 0 where that is none. */
static inline CountState *
state_to_change(FunctionCallInfo fcinfo)
{
	Datum		datum = PG_GETARG_DATUM(0);
	MemoryContext aggregate;
	MemoryContext context;
	CountState *state;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "count_by_day called in non-aggregate context");

	if (likely(!PG_ARGISNULL(0) &&
			   VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum))))
	{
		state = (CountState *) DatumGetEOHP(datum);
		if (likely(state->header.eoh_methods == &count_methods))
		{
			if (unlikely(state->flat != NULL))
			{
				pfree(state->flat);
				state->flat = NULL;
			}
			return state;
		}
	}

	context = ua_state_context(aggregate);
	state = MemoryContextAlloc(context, sizeof(CountState));
	EOH_init_header(&state->header, &count_methods, context);
	state->flat = NULL;
	ua_counter_init(&state->counter, context);
	if (!PG_ARGISNULL(0))
		ua_counter_add_counts(&state->counter, PG_GETARG_DAYSERIES(0));
	return state;
}

Datum
count_by_day_transfn(PG_FUNCTION_ARGS)
{
	CountState *state;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	ua_counter_add(&state->counter, PG_GETARG_DAYS(1));
	return EOHPGetRWDatum(&state->header);
}

Datum
count_by_day_combinefn(PG_FUNCTION_ARGS)
{
	CountState *state;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	state = state_to_change(fcinfo);
	ua_counter_add_counts(&state->counter, PG_GETARG_DAYSERIES(1));
	return EOHPGetRWDatum(&state->header);
}

/* ---------- window_counts(days, n, within) ---------- */

Datum
window_counts_transfn(PG_FUNCTION_ARGS)
{
	UaKnownRange *range = fcinfo->flinfo->fn_extra;
	CountState *state;
	int32		n;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the window and the range of days must not be null")));
	n = PG_GETARG_INT32(2);
	if (n < 1 || n > UA_LONGEST_WINDOW)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a window must have from 1 to %d days, not %d", UA_LONGEST_WINDOW, n)));
	if (unlikely(range == NULL))
		range = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(UaKnownRange));
	ua_know_range_arg(range, fcinfo, 3);
	state = state_to_change(fcinfo);

	ua_counter_add_windows(&state->counter, PG_GETARG_DAYS(1), n, range->first, range->last);
	return EOHPGetRWDatum(&state->header);
}
