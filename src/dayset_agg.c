/*
 * dayset_agg.c
 *		Aggregates that make sets of days.
 *
 * A state is a dayset. A small one is flat, in a chunk of memory that may be
 * larger than it is, and changed in place; so groups with few days take few
 * bytes. A larger one is an expanded object. Either takes a day in constant
 * time, amortised.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calendar.h"
#include "compat.h"
#include "dayset_sql.h"
#include "dayset_state.h"

/* Up to so many bytes a state is flat. */
#define FLAT_STATE_SIZE		256

/* What GetMemoryChunkSpace() may count above what can be used of a chunk. */
#define CHUNK_OVERHEAD		16

PG_FUNCTION_INFO_V1(dayset_agg_transfn);
PG_FUNCTION_INFO_V1(dayset_agg_timestamptz_transfn);
PG_FUNCTION_INFO_V1(dayset_union_transfn);
PG_FUNCTION_INFO_V1(dayset_union_combinefn);
PG_FUNCTION_INFO_V1(active_days_finalfn);

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo, const char *function)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "%s called in non-aggregate context", function);
	return context;
}

/*
 * Whether a flat state can be given another size where it is: the aggregate
 * frees it when it gets another one for it, so it must not move.
 */
static inline bool
resize_in_place(UaDayset *flat, Size size)
{
	if (size + CHUNK_OVERHEAD > GetMemoryChunkSpace(flat))
		return false;
	if (repalloc(flat, size) != flat)
		elog(ERROR, "aggregate state moved");
	SET_VARSIZE(flat, size);
	return true;
}

/* Add a day that has no byte in a flat state, by the way it mostly comes. */
static bool
append_in_place(UaDayset *flat, UaDay day)
{
	Size		size = VARSIZE(flat);
	uint8	   *body = (uint8 *) VARDATA(flat);
	int32		length = (int32) (size - VARHDRSZ - DAYSET_HEADER);
	int64		gap;

	if (body[0] != DAYSET_VERSION || length <= 0)
		return false;
	gap = (int64) (day >> 3) - ua_load_position(body + 1) - length;
	if (gap < 0 || gap >= DAYSET_SEVERAL_MIN_GAP ||
		!resize_in_place(flat, size + gap + 1))
		return false;
	body += DAYSET_HEADER + length;
	memset(body, 0, gap);
	body[gap] = 1 << (day & 7);
	return true;
}

/* Add a day to a state that may be missing. */
static Datum
add_day(FunctionCallInfo fcinfo, MemoryContext context, UaDay day)
{
	Datum		datum = PG_GETARG_DATUM(0);
	UaDaysetState *state;
	UaDayset   *flat;
	UaDayset   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(ua_dayset_from_run(day, day));

	flat = (UaDayset *) DatumGetPointer(datum);
	if (VARATT_IS_4B_U(flat))
	{
		if (ua_days_set_in_place((uint8 *) VARDATA(flat),
								 VARSIZE(flat) - VARHDRSZ, day) ||
			append_in_place(flat, day))
			return datum;

		if (VARSIZE(flat) < FLAT_STATE_SIZE)
		{
			result = ua_dayset_with_run(UA_DAYS(flat), day, day);
			if (!resize_in_place(flat, VARSIZE(result)))
				PG_RETURN_POINTER(result);
			memcpy(flat, result, VARSIZE(result));
			pfree(result);
			return datum;
		}
	}

	state = ua_dayset_state_to_change(datum);
	if (state == NULL)
	{
		state = ua_dayset_state_make(context);
		ua_dayset_state_add(state, UA_DAYS(PG_DETOAST_DATUM_PACKED(datum)));
		datum = EOHPGetRWDatum(&state->header);
	}
	ua_dayset_state_add_day(state, day);
	return datum;
}

/* dayset_agg(date) */
Datum
dayset_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "dayset_agg_transfn");

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	return add_day(fcinfo, context, ua_checked_day(PG_GETARG_DATEADT(1)));
}

/* dayset_agg(timestamptz): the days of event_day() */
Datum
dayset_agg_timestamptz_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo, "dayset_agg_timestamptz_transfn");

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	return add_day(fcinfo, context,
				   ua_day_of(ua_reporting_calendar(fcinfo), PG_GETARG_TIMESTAMPTZ(1)));
}

/*
 * Add a set to a flat state where it is, if its days lie among those of the
 * state or not far behind them, as those of one month after another do.
 */
static bool
add_in_place(UaDayset *flat, UaDays set)
{
	Size		size = VARSIZE(flat);
	uint8	   *body = (uint8 *) VARDATA(flat);
	int64		length = (int64) size - VARHDRSZ - DAYSET_HEADER;
	int64		n = (int64) set.size - DAYSET_HEADER;
	int64		place;

	if (body[0] != DAYSET_VERSION || set.body[0] != DAYSET_VERSION ||
		length <= 0 || n <= 0)
		return false;
	place = (int64) ua_load_position(set.body + 1) - ua_load_position(body + 1);
	if (place < 0 || place >= length + DAYSET_SEVERAL_MIN_GAP)
		return false;
	if (place + n > length)
	{
		if (!resize_in_place(flat, size + (place + n - length)))
			return false;
		memset(body + DAYSET_HEADER + length, 0, place + n - length);
	}
	body += DAYSET_HEADER + place;
	for (int64 i = 0; i < n; i++)
		body[i] |= set.body[DAYSET_HEADER + i];
	return true;
}

/* Add a set to a state that may be missing; the set is never aliased. */
static Datum
add_set(FunctionCallInfo fcinfo, MemoryContext context)
{
	Datum		datum;
	UaDaysetState *state;
	UaDayset   *flat;
	UaDayset   *set;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}

	set = PG_GETARG_DAYSET(1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(ua_dayset_from_days(UA_DAYS(set)));

	datum = PG_GETARG_DATUM(0);
	if (VARATT_IS_4B_U(DatumGetPointer(datum)) &&
		add_in_place((UaDayset *) DatumGetPointer(datum), UA_DAYS(set)))
		return datum;
	state = ua_dayset_state_to_change(datum);
	if (state == NULL)
	{
		flat = (UaDayset *) PG_DETOAST_DATUM_PACKED(datum);
		if (ua_days_contain(UA_DAYS(flat), UA_DAYS(set)))
			return datum;
		if (VARSIZE_ANY(flat) + VARSIZE_ANY(set) < FLAT_STATE_SIZE)
			PG_RETURN_POINTER(ua_dayset_union(UA_DAYS(flat), UA_DAYS(set)));
		state = ua_dayset_state_make(context);
		ua_dayset_state_add(state, UA_DAYS(flat));
		datum = EOHPGetRWDatum(&state->header);
	}
	ua_dayset_state_add(state, UA_DAYS(set));
	return datum;
}

/* dayset_union(dayset) */
Datum
dayset_union_transfn(PG_FUNCTION_ARGS)
{
	return add_set(fcinfo, aggregate_context(fcinfo, "dayset_union_transfn"));
}

/* For all whose state is the set of all days seen. */
Datum
dayset_union_combinefn(PG_FUNCTION_ARGS)
{
	return add_set(fcinfo, aggregate_context(fcinfo, "dayset_union_combinefn"));
}

/* active_days(): how many days there are, 0 for no rows */
Datum
active_days_finalfn(PG_FUNCTION_ARGS)
{
	UaDaysetState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT32(0);
	state = ua_dayset_state_of(PG_GETARG_DATUM(0));
	if (state != NULL)
		PG_RETURN_INT32((int32) ua_dayset_state_cardinality(state));
	PG_RETURN_INT32((int32) ua_days_cardinality(UA_DAYS(PG_GETARG_DAYSET(0))));
}
