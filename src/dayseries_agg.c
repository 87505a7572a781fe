/*
 * dayseries_agg.c
 *		Aggregates that make dayseries and dayseries_map.
 *
 * Their states are values of the type itself. While an aggregate runs, a state
 * is an expanded object that holds running totals; it becomes flat by itself
 * where it leaves the process, and in the final function.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "dayseries_text.h"
#include "daytotals.h"
#include "state_context.h"

PG_FUNCTION_INFO_V1(dayseries_agg_transfn);
PG_FUNCTION_INFO_V1(dayseries_sum_transfn);
PG_FUNCTION_INFO_V1(dayseries_sum_invfn);
PG_FUNCTION_INFO_V1(dayseries_sum_finalfn);
PG_FUNCTION_INFO_V1(dayseries_map_agg_transfn);
PG_FUNCTION_INFO_V1(dayseries_map_sum_transfn);
PG_FUNCTION_INFO_V1(dayseries_map_sum_invfn);
PG_FUNCTION_INFO_V1(dayseries_map_sum_finalfn);
PG_FUNCTION_INFO_V1(dayseries_map_count_transfn);
PG_FUNCTION_INFO_V1(dayseries_map_sum_label_transfn);

/* A state: the totals, and their flat form from its size to its use. */
typedef struct ExpandedTotals
{
	ExpandedObjectHeader hdr;
	struct varlena *flat;
	union
	{
		UaDayTotals days;
		UaMapTotals labels;
	}			totals;
} ExpandedTotals;

static Size series_flat_size(ExpandedObjectHeader *header);
static Size map_flat_size(ExpandedObjectHeader *header);
static void flatten(ExpandedObjectHeader *header, void *result, Size size);

static const ExpandedObjectMethods series_methods = {
	series_flat_size,
	flatten
};

static const ExpandedObjectMethods map_methods = {
	map_flat_size,
	flatten
};

static Size
series_flat_size(ExpandedObjectHeader *header)
{
	ExpandedTotals *state = (ExpandedTotals *) header;

	if (state->flat == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(header->eoh_context);
		UaDayseriesWriter writer;

		ua_dayseries_start(&writer);
		ua_totals_write(&state->totals.days, &writer, true);
		state->flat = (struct varlena *) DatumGetPointer(ua_dayseries_datum(&writer));
		MemoryContextSwitchTo(caller);
	}
	return VARSIZE(state->flat);
}

static Size
map_flat_size(ExpandedObjectHeader *header)
{
	ExpandedTotals *state = (ExpandedTotals *) header;

	if (state->flat == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(header->eoh_context);
		UaMapWriter writer;

		ua_map_start(&writer);
		ua_map_totals_write(&state->totals.labels, &writer, true);
		state->flat = (struct varlena *) DatumGetPointer(ua_map_datum(&writer));
		MemoryContextSwitchTo(caller);
	}
	return VARSIZE(state->flat);
}

static void
flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	ExpandedTotals *state = (ExpandedTotals *) header;

	Assert(state->flat != NULL && VARSIZE(state->flat) == size);
	memcpy(result, state->flat, size);

	/* once is mostly all, and there may be many groups */
	pfree(state->flat);
	state->flat = NULL;
}

/*
 * The state in argument 0, to be changed in place; a new one, in the
 * aggregate's memory, where it is NULL or flat.
 */
static ExpandedTotals *
state_of(FunctionCallInfo fcinfo, const ExpandedObjectMethods *methods)
{
	MemoryContext aggregate;
	MemoryContext context;
	ExpandedTotals *state;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "%s called outside of an aggregate",
			 methods == &series_methods ? "transition function of dayseries" :
			 "transition function of dayseries_map");

	if (!PG_ARGISNULL(0) &&
		VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		state = (ExpandedTotals *) DatumGetEOHP(PG_GETARG_DATUM(0));
		if (state->hdr.eoh_methods == methods)
		{
			if (state->flat != NULL)
				pfree(state->flat);
			state->flat = NULL;
			return state;
		}
	}

	context = ua_state_context(aggregate);
	state = MemoryContextAllocZero(context, sizeof(ExpandedTotals));
	EOH_init_header(&state->hdr, methods, context);
	if (methods == &series_methods)
	{
		ua_totals_start(&state->totals.days, context);
		if (!PG_ARGISNULL(0))
			ua_totals_add(&state->totals.days, PG_GETARG_DAYSERIES(0));
	}
	else
	{
		ua_map_totals_start(&state->totals.labels, context);
		if (!PG_ARGISNULL(0))
			ua_map_totals_add(&state->totals.labels, PG_GETARG_DAYSERIES_MAP(0));
	}
	return state;
}

#define PG_RETURN_STATE(state)	PG_RETURN_DATUM(EOHPGetRWDatum(&(state)->hdr))

/* dayseries_agg(date, bigint): rows without a day or a value do not count */
Datum
dayseries_agg_transfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ua_state_unchanged(fcinfo);
	state = state_of(fcinfo, &series_methods);
	ua_totals_add_day(&state->totals.days, ua_checked_day(PG_GETARG_DATEADT(1)),
					  PG_GETARG_INT64(2));
	PG_RETURN_STATE(state);
}

/* sum(dayseries), and what combines two states; strict */
Datum
dayseries_sum_transfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state = state_of(fcinfo, &series_methods);

	ua_totals_add(&state->totals.days, PG_GETARG_DAYSERIES(1));
	PG_RETURN_STATE(state);
}

Datum
dayseries_sum_invfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state = state_of(fcinfo, &series_methods);

	ua_totals_subtract(&state->totals.days, PG_GETARG_DAYSERIES(1));
	PG_RETURN_STATE(state);
}

/* The state as a value of its own; one of sums beyond int8 is none. */
Datum
dayseries_sum_finalfn(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	if (ua_dayseries_is_wide(ua_dayseries_of(PointerGetDatum(value))))
		ua_bigint_out_of_range();
	PG_RETURN_POINTER(value);
}

/* dayseries_map_agg(text, date, bigint): likewise, nor without a label */
Datum
dayseries_map_agg_transfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state;
	UaDayTotals *totals;
	text	   *label;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return ua_state_unchanged(fcinfo);
	label = PG_GETARG_TEXT_PP(1);
	ua_check_label(VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label));
	state = state_of(fcinfo, &map_methods);
	totals = ua_map_totals_of(&state->totals.labels,
							  VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label));
	ua_totals_add_day(totals, ua_checked_day(PG_GETARG_DATEADT(2)), PG_GETARG_INT64(3));
	PG_RETURN_STATE(state);
}

/* sum(dayseries_map), and what combines two states; strict */
Datum
dayseries_map_sum_transfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state = state_of(fcinfo, &map_methods);

	ua_map_totals_add(&state->totals.labels, PG_GETARG_DAYSERIES_MAP(1));
	PG_RETURN_STATE(state);
}

Datum
dayseries_map_sum_invfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state = state_of(fcinfo, &map_methods);

	ua_map_totals_subtract(&state->totals.labels, PG_GETARG_DAYSERIES_MAP(1));
	PG_RETURN_STATE(state);
}

Datum
dayseries_map_sum_finalfn(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	UaMapReader reader;
	UaMapEntry	entry;

	ua_map_read(&reader, ua_map_of(PointerGetDatum(value)));
	while (ua_map_next(&reader, &entry))
		if (ua_dayseries_is_wide(entry.series))
			ua_bigint_out_of_range();
	PG_RETURN_POINTER(value);
}

/* count_by_day(dayseries_map) */
Datum
dayseries_map_count_transfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	state = state_of(fcinfo, &map_methods);
	ua_map_totals_count(&state->totals.labels, PG_GETARG_DAYSERIES_MAP(1));
	PG_RETURN_STATE(state);
}

/* sum(dayseries_map, text): of one label, or of all where that is NULL */
Datum
dayseries_map_sum_label_transfn(PG_FUNCTION_ARGS)
{
	ExpandedTotals *state;
	UaMap		map;

	if (PG_ARGISNULL(1))
		return ua_state_unchanged(fcinfo);
	map = PG_GETARG_DAYSERIES_MAP(1);
	if (PG_ARGISNULL(2))
	{
		UaMapReader reader;
		UaMapEntry	entry;

		state = state_of(fcinfo, &series_methods);
		ua_map_read(&reader, map);
		while (ua_map_next(&reader, &entry))
			ua_totals_add(&state->totals.days, entry.series);
	}
	else
	{
		text	   *label = PG_GETARG_TEXT_PP(2);
		UaDayseries series;

		if (!ua_map_find(map, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label), &series))
			return ua_state_unchanged(fcinfo);
		state = state_of(fcinfo, &series_methods);
		ua_totals_add(&state->totals.days, series);
	}
	PG_RETURN_STATE(state);
}
