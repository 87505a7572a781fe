/*
 * funnel.c
 *		What the report funnel() is made of: the search of window_funnel over
 *		events told apart by name, as an aggregate over rows in any order and
 *		as a window function over rows in order of time, which can stop early.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "sequence_state.h"
#include "window_funnel.h"

PG_FUNCTION_INFO_V1(funnel_end);
PG_FUNCTION_INFO_V1(funnel_search_transfn);
PG_FUNCTION_INFO_V1(funnel_search_finalfn);
PG_FUNCTION_INFO_V1(funnel_search_ordered);

/* Names of steps in a hash table with open addressing, half empty. */
#define NAME_SLOTS	(2 * UA_MAX_CONDITIONS)

typedef struct
{
	const char *name;			/* NULL where the slot is free */
	int			length;
	uint64		steps;			/* that have this name */
} StepName;

/* The funnel that is asked for. */
typedef struct
{
	UaFunnelConstants constants;
	TimestampTz from;			/* step 1 counts from here … */
	TimestampTz to;				/* … until before here */
	ArrayType  *steps_array;	/* as given; the names point into it */
	ArrayType  *modes_array;
	StepName	names[NAME_SLOTS];

	/* For the window function, which has one partition at a time: */
	MemoryContext context;
	UaFunnel	search;
	UaSequence *ties;			/* rows of the current time */
} Funnel;

static StepName *
find_name(Funnel *funnel, const char *name, int length)
{
	uint32		slot = hash_bytes((const unsigned char *) name, length);

	for (;; slot++)
	{
		StepName   *found = &funnel->names[slot % NAME_SLOTS];

		if (found->name == NULL ||
			(found->length == length && memcmp(found->name, name, length) == 0))
			return found;
	}
}

static ArrayType *
copy_array(ArrayType *array)
{
	ArrayType  *copy = palloc(VARSIZE(array));

	memcpy(copy, array, VARSIZE(array));
	return copy;
}

/* Read and check the arguments that say what the funnel is. */
static Funnel *
make_funnel(ArrayType *steps, const Interval *within, ArrayType *modes,
			TimestampTz from, TimestampTz to)
{
	Funnel	   *funnel = palloc0(sizeof(Funnel));
	ArrayIterator names;
	Datum		value;
	bool		isnull;

	if (ARR_NDIM(steps) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("steps must have one dimension")));
	if (ARR_NDIM(steps) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be at least one step")));
	if (ARR_DIMS(steps)[0] > UA_MAX_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are %d steps, more than %d",
						ARR_DIMS(steps)[0], UA_MAX_CONDITIONS)));

	funnel->constants.within = ua_interval_span(within, "within");
	funnel->constants.modes = ua_funnel_modes(modes);
	funnel->from = from;
	funnel->to = to;
	funnel->steps_array = copy_array(steps);
	funnel->modes_array = copy_array(modes);

	names = array_create_iterator(funnel->steps_array, 0, NULL);
	while (array_iterate(names, &value, &isnull))
	{
		text	   *name = (text *) DatumGetPointer(value);
		StepName   *slot;

		if (isnull)
			ua_null_argument("a step");
		slot = find_name(funnel, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
		slot->name = VARDATA_ANY(name);
		slot->length = VARSIZE_ANY_EXHDR(name);
		slot->steps |= UINT64CONST(1) << funnel->constants.nsteps++;
	}
	array_free_iterator(names);
	return funnel;
}

static bool
same_array(const ArrayType *a, const ArrayType *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/*
 * The funnel that arguments ask for, made anew where they are not those of the
 * call before. Lives as long as the query.
 */
static Funnel *
get_funnel(FmgrInfo *flinfo, const NullableDatum *args)
{
	static const char *const names[] =
	{"steps", "within", "modes", "from_ts", "to_ts"};
	Funnel	   *funnel = flinfo->fn_extra;
	ArrayType  *steps;
	ArrayType  *modes;
	Interval   *within;
	TimestampTz from;
	TimestampTz to;

	for (int i = 0; i < lengthof(names); i++)
		if (args[i].isnull)
			ua_null_argument(names[i]);
	steps = DatumGetArrayTypeP(args[0].value);
	within = DatumGetIntervalP(args[1].value);
	modes = DatumGetArrayTypeP(args[2].value);
	from = DatumGetTimestampTz(args[3].value);
	to = DatumGetTimestampTz(args[4].value);

	if (funnel == NULL ||
		!same_array(funnel->steps_array, steps) ||
		funnel->constants.within != ua_interval_span(within, "within") ||
		!same_array(funnel->modes_array, modes) ||
		funnel->from != from || funnel->to != to)
	{
		MemoryContext caller = MemoryContextSwitchTo(flinfo->fn_mcxt);

		funnel = flinfo->fn_extra = make_funnel(steps, within, modes, from, to);
		MemoryContextSwitchTo(caller);
	}
	return funnel;
}

/* The steps that an event serves. */
static inline uint64
steps_of(Funnel *funnel, TimestampTz ts, const text *name)
{
	uint64		steps = find_name(funnel, VARDATA_ANY(name),
								  VARSIZE_ANY_EXHDR(name))->steps;

	if (ts < funnel->from || ts >= funnel->to)
		steps &= ~UINT64CONST(1);
	return steps;
}

/*
 * What a search found: the time of the latest entry, then that of each step
 * reached. Where the last step was reached, later entries do not count. There
 * must have been an entry.
 */
static Datum
search_result(const UaFunnel *search, TimestampTz latest_entry)
{
	Datum		times[UA_MAX_CONDITIONS + 1];

	if (search->reached == search->constants->nsteps)
		latest_entry = search->times[0];
	times[0] = TimestampTzGetDatum(latest_entry);
	for (int i = 0; i < search->reached; i++)
		times[i + 1] = TimestampTzGetDatum(search->times[i]);
	return PointerGetDatum(construct_array(times, search->reached + 1,
										   TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * funnel_end(steps, within, modes, from_ts, to_ts) → timestamptz: check the
 * arguments of funnel(), and say when the last step may be taken at the latest;
 * infinity where that is beyond the range of time.
 */
Datum
funnel_end(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = get_funnel(fcinfo->flinfo, fcinfo->args);
	TimestampTz end;

	if (TIMESTAMP_NOT_FINITE(funnel->to))
		PG_RETURN_TIMESTAMPTZ(funnel->to);
	if (funnel->constants.within >= ua_elapsed(funnel->to, END_TIMESTAMP))
		PG_RETURN_TIMESTAMPTZ(DT_NOEND);
	end = funnel->to + (TimestampTz) funnel->constants.within;
	PG_RETURN_TIMESTAMPTZ(end);
}

/*
 * (state, steps, within, modes, from_ts, to_ts, event_ts, event_name), with the
 * state of window_funnel
 */
Datum
funnel_search_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	Funnel	   *funnel = get_funnel(fcinfo->flinfo, fcinfo->args + 1);
	UaSequence *state;
	TimestampTz ts;
	uint64		steps;

	if (PG_ARGISNULL(0))
		state = ua_sequence_new(context, &funnel->constants);
	else
	{
		state = (UaSequence *) PG_GETARG_POINTER(0);
		if (state->constants != &funnel->constants)
			ua_changed_argument("the funnel");
	}
	if (ua_timestamp_arg(fcinfo, 6, &ts) && !PG_ARGISNULL(7))
	{
		steps = steps_of(funnel, ts, PG_GETARG_TEXT_PP(7));
		if (steps != 0 || (funnel->constants.modes & UA_STRICT_ORDER))
			state = ua_sequence_add(context, state, ts, steps);
	}
	PG_RETURN_POINTER(state);
}

Datum
funnel_search_finalfn(PG_FUNCTION_ARGS)
{
	UaSequence *state;
	UaFunnel	search;
	uint32		last;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (UaSequence *) PG_GETARG_POINTER(0);
	ua_sequence_sort(state);
	ua_funnel_start(&search, state->constants, true);
	ua_funnel_read(&search, state->rows, state->nrows);
	if (search.reached == 0)
		PG_RETURN_NULL();

	/* There was an entry, so there is a last one. */
	for (last = state->nrows - 1; (state->rows[last].conditions & 1) == 0; last--)
		CHECK_FOR_INTERRUPTS();
	PG_RETURN_DATUM(search_result(&search, state->rows[last].ts));
}

/* What the window function keeps for a partition; all zero at its start. */
typedef struct
{
	bool		started;
	bool		ended;			/* nothing more can be reached */
	TimestampTz latest_entry;
} OrderedSearch;

/*
 * funnel_search_ordered(steps, within, modes, from_ts, to_ts, event_ts,
 * event_name) OVER (… ORDER BY event_ts): the same as a window function. It
 * returns what was found at the first row where that is certain, and NULL
 * before, so that the rows after it need not be read.
 */
Datum
funnel_search_ordered(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	OrderedSearch *state = WinGetPartitionLocalMemory(window,
													  sizeof(OrderedSearch));
	Funnel	   *funnel = fcinfo->flinfo->fn_extra;
	TimestampTz ts;
	Datum		value;
	uint64		steps;
	bool		isnull;
	bool		is_last;

	WinSetMarkPosition(window, WinGetCurrentPosition(window));
	if (!state->started)
	{
		NullableDatum args[5];

		for (int i = 0; i < lengthof(args); i++)
			args[i].value = WinGetFuncArgCurrent(window, i, &args[i].isnull);
		funnel = get_funnel(fcinfo->flinfo, args);
		if (funnel->context == NULL)
		{
			MemoryContext caller;

			funnel->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
													"funnel search",
													ALLOCSET_SMALL_SIZES);
			caller = MemoryContextSwitchTo(funnel->context);
			funnel->ties = ua_sequence_new(funnel->context, &funnel->constants);
			ua_funnel_start(&funnel->search, &funnel->constants, true);
			MemoryContextSwitchTo(caller);
		}
		ua_funnel_restart(&funnel->search);
		funnel->ties->nrows = 0;
		funnel->ties->sorted = true;
		state->started = true;
	}

	value = WinGetFuncArgCurrent(window, 5, &isnull);
	if (isnull)
		ua_null_argument("event_ts");
	ts = DatumGetTimestampTz(value);
	value = WinGetFuncArgCurrent(window, 6, &isnull);
	if (isnull)
		ua_null_argument("event_name");
	steps = steps_of(funnel, ts, DatumGetTextPP(value));
	if (steps & 1)
		state->latest_entry = ts;
	if (steps != 0 || (funnel->constants.modes & UA_STRICT_ORDER))
		funnel->ties = ua_sequence_add(funnel->context, funnel->ties, ts, steps);

	/* Rows of equal time are read together, when the last of them is here. */
	value = WinGetFuncArgInPartition(window, 5, 1, WINDOW_SEEK_CURRENT, false,
									 &isnull, &is_last);
	if (!is_last && DatumGetTimestampTz(value) == ts)
		PG_RETURN_NULL();
	if (funnel->ties->nrows > 0)
	{
		ua_sequence_sort(funnel->ties);
		if (!state->ended)
			state->ended = !ua_funnel_read(&funnel->search, funnel->ties->rows,
										   funnel->ties->nrows);
		funnel->ties->nrows = 0;
		funnel->ties->sorted = true;
	}
	if ((is_last || funnel->search.reached == funnel->constants.nsteps) &&
		funnel->search.reached > 0)
		PG_RETURN_DATUM(search_result(&funnel->search, state->latest_entry));
	PG_RETURN_NULL();
}
