/*
 * window_funnel.c
 *		The aggregates window_funnel and window_funnel_times: how far through a
 *		list of steps a group's rows go, within a window from the first one.
 *
 * The algorithm is that of ClickHouse's windowFunnel: rows are read in order
 * of time, and each level remembers when its chain was entered, so one pass is
 * enough. Levels are set from the first one up and never unset, so the highest
 * level says which ones are set.
 *
 * Of the chains that reach a level, the latest to do so is at least as late as
 * every other at each of its steps: it extends the latest chain of the level
 * below. One chain a level is therefore enough, also where all of them are to
 * be followed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "sequence_state.h"
#include "window_funnel.h"

PG_FUNCTION_INFO_V1(window_funnel_transfn);
PG_FUNCTION_INFO_V1(window_funnel_combinefn);
PG_FUNCTION_INFO_V1(window_funnel_serialfn);
PG_FUNCTION_INFO_V1(window_funnel_deserialfn);
PG_FUNCTION_INFO_V1(window_funnel_finalfn);
PG_FUNCTION_INFO_V1(window_funnel_times_finalfn);

static const struct
{
	const char *name;
	int			flag;
}			mode_names[] =
{
	{"strict_deduplication", UA_STRICT_DEDUPLICATION},
	{"strict_order", UA_STRICT_ORDER},
	{"strict_increase", UA_STRICT_INCREASE},
	{"strict_once", UA_STRICT_ONCE},
	{"allow_reentry", UA_ALLOW_REENTRY},
};

/* What fn_extra keeps for the query. */
typedef struct
{
	UaFunnelConstants *constants;	/* of the group met last */
	ArrayType  *modes_array;	/* the modes met last, as given */
	int			modes;			/* and what they say */
} FunnelCache;

static FunnelCache *
get_cache(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FunnelCache));
	return fcinfo->flinfo->fn_extra;
}

/* The flags of a list of modes. */
int
ua_funnel_modes(ArrayType *array)
{
	Datum	   *names;
	bool	   *nulls;
	int			nnames;
	int			modes = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &nnames);
	for (int i = 0; i < nnames; i++)
	{
		char	   *name;
		int			flag = 0;

		if (nulls[i])
			ua_null_argument("a mode");
		name = TextDatumGetCString(names[i]);
		for (int j = 0; j < lengthof(mode_names); j++)
			if (strcmp(name, mode_names[j].name) == 0)
				flag = mode_names[j].flag;
		if (flag == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("mode \"%s\" does not exist", name),
					 errhint("Modes are strict_deduplication, strict_order, strict_increase, strict_once and allow_reentry.")));
		modes |= flag;
	}
	if ((modes & UA_ALLOW_REENTRY) && !(modes & UA_STRICT_ORDER))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode \"allow_reentry\" needs mode \"strict_order\"")));
	return modes;
}

static int
modes_arg(FunctionCallInfo fcinfo, int argno)
{
	FunnelCache *cache = get_cache(fcinfo);
	ArrayType  *array;

	if (PG_ARGISNULL(argno))
		ua_null_argument("modes");
	array = PG_GETARG_ARRAYTYPE_P(argno);
	if (cache->modes_array == NULL ||
		VARSIZE(cache->modes_array) != VARSIZE(array) ||
		memcmp(cache->modes_array, array, VARSIZE(array)) != 0)
	{
		cache->modes = ua_funnel_modes(array);
		if (cache->modes_array != NULL)
			pfree(cache->modes_array);
		cache->modes_array = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
												VARSIZE(array));
		memcpy(cache->modes_array, array, VARSIZE(array));
	}
	return cache->modes;
}

/* The same constants, in memory that lives as long as the query. */
static const UaFunnelConstants *
keep_constants(FunctionCallInfo fcinfo, const UaFunnelConstants *constants)
{
	FunnelCache *cache = get_cache(fcinfo);

	if (cache->constants == NULL ||
		memcmp(cache->constants, constants, sizeof(UaFunnelConstants)) != 0)
	{
		cache->constants = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
											  sizeof(UaFunnelConstants));
		*cache->constants = *constants;
	}
	return cache->constants;
}

static void
check_same_constants(const UaFunnelConstants *a, const UaFunnelConstants *b)
{
	if (a->within != b->within)
		ua_changed_argument("within");
	if (a->modes != b->modes)
		ua_changed_argument("modes");
	if (a->nsteps != b->nsteps)
		ua_changed_argument("the number of conditions");
}

/* (state, within, [modes,] ts, steps) */
Datum
window_funnel_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	bool		has_modes = PG_NARGS() == 5;
	UaFunnelConstants constants;
	UaSequence *state;
	TimestampTz ts;
	uint64		steps;

	memset(&constants, 0, sizeof(constants));
	constants.within = ua_span_arg(fcinfo, 1, "within");
	constants.modes = has_modes ? modes_arg(fcinfo, 2) : 0;
	constants.nsteps = ua_conditions_arg(fcinfo, has_modes ? 4 : 3, &steps);

	if (PG_ARGISNULL(0))
	{
		if (constants.nsteps == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there must be at least one condition")));
		state = ua_sequence_new(context, keep_constants(fcinfo, &constants));
	}
	else
	{
		state = (UaSequence *) PG_GETARG_POINTER(0);
		check_same_constants(state->constants, &constants);
	}

	/* A row in which no condition holds matters under strict_order alone. */
	if (ua_timestamp_arg(fcinfo, has_modes ? 3 : 2, &ts) &&
		(steps != 0 || (constants.modes & UA_STRICT_ORDER)))
		state = ua_sequence_add(context, state, ts, steps);
	PG_RETURN_POINTER(state);
}

Datum
window_funnel_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	UaSequence *into;
	UaSequence *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = (UaSequence *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		into = ua_sequence_new(context, from->constants);
	else
	{
		into = (UaSequence *) PG_GETARG_POINTER(0);
		check_same_constants(into->constants, from->constants);
	}
	PG_RETURN_POINTER(ua_sequence_merge(context, into, from));
}

Datum
window_funnel_serialfn(PG_FUNCTION_ARGS)
{
	UaSequence *state = (UaSequence *) PG_GETARG_POINTER(0);
	const UaFunnelConstants *constants = state->constants;
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint64(&buf, constants->within);
	pq_sendint32(&buf, constants->modes);
	pq_sendint32(&buf, constants->nsteps);
	ua_sequence_send(&buf, state);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
window_funnel_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	UaFunnelConstants constants;
	UaSequence *state;
	StringInfoData buf;

	ua_read_bytea(&buf, bytes);
	memset(&constants, 0, sizeof(constants));
	constants.within = pq_getmsgint64(&buf);
	constants.modes = pq_getmsgint(&buf, 4);
	constants.nsteps = pq_getmsgint(&buf, 4);
	state = ua_sequence_recv(&buf, keep_constants(fcinfo, &constants));
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/*
 * Search.
 */

/* Prepare a search, in the current memory context. */
void
ua_funnel_start(UaFunnel *funnel, const UaFunnelConstants *constants,
				bool with_times)
{
	funnel->constants = constants;
	funnel->context = CurrentMemoryContext;
	funnel->reached = 0;
	funnel->times = NULL;
	funnel->chains = NULL;
	funnel->ties = NULL;
	if (with_times)
	{
		Size		chain = constants->nsteps * sizeof(TimestampTz);

		funnel->times = palloc(chain);
		funnel->chains = palloc(chain * (constants->nsteps + 1));
	}
}

/* Prepare for another search of the same kind. */
void
ua_funnel_restart(UaFunnel *funnel)
{
	funnel->reached = 0;
}

/* The chain of a level among the chains of all, if there are any. */
static inline TimestampTz *
chain_of(const UaFunnel *funnel, TimestampTz *chains, int level)
{
	if (chains == NULL)
		return NULL;
	return chains + (Size) level * funnel->constants->nsteps;
}

/*
 * Set a level: its chain is that of an earlier level, from, as it was before,
 * and then steps at ts.
 */
static inline void
set_level(UaFunnel *funnel, int level, TimestampTz ts,
		  int from, TimestampTz entry, const TimestampTz *chain)
{
	funnel->entry[level] = entry;
	if (funnel->chains != NULL)
	{
		TimestampTz *own = chain_of(funnel, funnel->chains, level);

		if (from > 0)
			memcpy(own, chain, from * sizeof(TimestampTz));
		for (int i = from; i < level; i++)
			own[i] = ts;
		if (level > funnel->reached)
			memcpy(funnel->times, own, level * sizeof(TimestampTz));
	}
	if (level > funnel->reached)
		funnel->reached = level;
}

static inline bool
in_window(const UaFunnel *funnel, TimestampTz entry, TimestampTz ts)
{
	return ua_elapsed(entry, ts) <= funnel->constants->within;
}

/* Whether a pair of a time and a step ends the search. */
static inline bool
ends_search(const UaFunnel *funnel, int step)
{
	int			modes = funnel->constants->modes;

	if (step == 1)
		return (modes & UA_STRICT_ORDER) && !(modes & UA_ALLOW_REENTRY) &&
			funnel->reached >= 2;
	if ((modes & UA_STRICT_DEDUPLICATION) && step <= funnel->reached)
		return true;
	return (modes & UA_STRICT_ORDER) && funnel->reached >= 1 &&
		step - 1 > funnel->reached;
}

/* Read a pair of a time and a step; false where it ends the search. */
static inline bool
read_pair(UaFunnel *funnel, TimestampTz ts, int step)
{
	int			below = step - 1;

	if (ends_search(funnel, step))
		return false;
	if (step == 1)
		set_level(funnel, 1, ts, 0, ts, NULL);
	else if (below <= funnel->reached &&
			 in_window(funnel, funnel->entry[below], ts))
		set_level(funnel, step, ts, below, funnel->entry[below],
				  chain_of(funnel, funnel->chains, below));
	return true;
}

/*
 * Rows of equal time under strict_once.
 *
 * A chain may take several steps at this time, each in a row of its own. So a
 * chain of level s can be taken to level i when the steps s + 1 … i can be
 * matched with distinct rows, which is a bipartite matching, grown step by
 * step along augmenting paths (Berge 1957). Fewer levels behind make it
 * easier to match and the chain less late, so the least s that can be is the
 * one wanted, and it only grows with i.
 *
 * No chain has more than 64 steps, so of the rows that could serve a step, the
 * first 64 are enough: where there are as many, one of them is always free.
 */
#define MAX_TIES	(UA_MAX_CONDITIONS * UA_MAX_CONDITIONS)

struct UaFunnelTies
{
	int			nrows;
	int			ncandidates[UA_MAX_CONDITIONS + 1];
	int			nallowed[UA_MAX_CONDITIONS + 1];	/* first ones in use */
	uint16		candidates[UA_MAX_CONDITIONS + 1][UA_MAX_CONDITIONS];
	uint8		step_of[MAX_TIES];	/* that the row is matched with, or 0 */
	uint64		tried[MAX_TIES / 64];	/* rows met on the way */
};

static void
release_step(UaFunnelTies *ties, int step)
{
	for (int row = 0; row < ties->nrows; row++)
		if (ties->step_of[row] == step)
			ties->step_of[row] = 0;
}

/* Find a row for a step, moving others to other rows of theirs if need be. */
static bool
augment(UaFunnelTies *ties, int step)
{
	for (int i = 0; i < ties->nallowed[step]; i++)
	{
		int			row = ties->candidates[step][i];

		if (ties->tried[row / 64] & UINT64CONST(1) << (row % 64))
			continue;
		ties->tried[row / 64] |= UINT64CONST(1) << (row % 64);
		/* At most one call deep a step. */
		if (ties->step_of[row] == 0 || augment(ties, ties->step_of[row]))
		{
			ties->step_of[row] = step;
			return true;
		}
	}
	return false;
}

static bool
match_step(UaFunnelTies *ties, int step)
{
	CHECK_FOR_INTERRUPTS();
	memset(ties->tried, 0, sizeof(uint64) * ((ties->nrows + 63) / 64));
	return augment(ties, step);
}

/* Whether steps from + 1 … to can be matched, from scratch. */
static bool
match_steps(UaFunnelTies *ties, int from, int to)
{
	memset(ties->step_of, 0, ties->nrows);
	for (int step = from + 1; step <= to; step++)
		if (!match_step(ties, step))
			return false;
	return true;
}

/* List the rows that could serve each step. */
static void
collect_ties(UaFunnelTies *ties, const UaSequenceRow *rows, uint32 nrows)
{
	uint64		full = 0;

	ties->nrows = 0;
	memset(ties->ncandidates, 0, sizeof(ties->ncandidates));
	for (uint32 i = 0; i < nrows; i++)
	{
		uint64		wanted = rows[i].conditions & ~full;

		CHECK_FOR_INTERRUPTS();
		if (wanted == 0)
			continue;
		ties->step_of[ties->nrows] = 0;
		for (; wanted != 0; wanted &= wanted - 1)
		{
			int			step = pg_rightmost_one_pos64(wanted) + 1;

			ties->candidates[step][ties->ncandidates[step]++] = ties->nrows;
			if (ties->ncandidates[step] == UA_MAX_CONDITIONS)
				full |= UINT64CONST(1) << (step - 1);
		}
		ties->nrows++;
	}
	memcpy(ties->nallowed, ties->ncandidates, sizeof(ties->nallowed));
}

/*
 * The first candidate of a step with which the step can be reached, and the
 * level of the latest chain that then reaches it. That there is one is known.
 */
static int
first_row_that_serves(UaFunnelTies *ties, int step, int last_alive, int *from)
{
	int			nallowed = 0;
	int			highest = Min(last_alive, step - 1);

	do
		ties->nallowed[step] = ++nallowed;
	while (!match_steps(ties, highest, step));
	for (*from = 0; *from < highest; (*from)++)
		if (match_steps(ties, *from, step))
			break;
	ties->nallowed[step] = ties->ncandidates[step];
	return nallowed;
}

static bool
read_ties_once(UaFunnel *funnel, const UaSequenceRow *rows, uint32 nrows)
{
	const UaFunnelConstants *constants = funnel->constants;
	UaFunnelTies *ties;
	TimestampTz ts = rows[0].ts;
	TimestampTz entry[UA_MAX_CONDITIONS + 1];
	TimestampTz *chains = NULL;
	int			last_alive = funnel->reached;
	int			from = 0;		/* -1 where no chain can go on */

	if (funnel->ties == NULL)
		funnel->ties = MemoryContextAlloc(funnel->context,
										  sizeof(UaFunnelTies));
	ties = funnel->ties;
	collect_ties(ties, rows, nrows);

	/* Chains go on from the levels as they were before this time. */
	memcpy(entry, funnel->entry, sizeof(entry));
	if (funnel->chains != NULL)
	{
		Size		size = sizeof(TimestampTz) * constants->nsteps *
			(funnel->reached + 1);

		chains = palloc(size);
		memcpy(chains, funnel->chains, size);
	}

	/* The higher a level, the earlier its entry. */
	while (last_alive > 0 && !in_window(funnel, entry[last_alive], ts))
		last_alive--;

	for (int step = 1; step <= constants->nsteps; step++)
	{
		bool		is_new = step > funnel->reached;

		if (ties->ncandidates[step] == 0)
		{
			memset(ties->step_of, 0, ties->nrows);
			from = step <= last_alive ? step : -1;
			continue;
		}
		if (ends_search(funnel, step))
			return false;

		while (from >= 0 && !match_step(ties, step))
		{
			from++;
			if (from > last_alive || from >= step)
				from = -1;
			else
				release_step(ties, from);
		}
		if (from < 0)
			continue;

		if (is_new)
		{
			int			first_from;
			int			used;

			/* The chain to report is that of the first row to get there. */
			used = first_row_that_serves(ties, step, last_alive, &first_from);
			set_level(funnel, step, ts, first_from,
					  first_from == 0 ? ts : entry[first_from],
					  chain_of(funnel, chains, first_from));
			if ((constants->modes & UA_STRICT_DEDUPLICATION) && step > 1 &&
				used < ties->ncandidates[step])
				return false;
			match_steps(ties, from, step);
		}
		set_level(funnel, step, ts, from, from == 0 ? ts : entry[from],
				  chain_of(funnel, chains, from));
	}
	if (chains != NULL)
		pfree(chains);
	return true;
}

/*
 * Read all rows of one time; false where the search is over. Pairs of equal
 * time and step change nothing after the first, but for strict_deduplication,
 * where the second ends the search. So it is enough to know which steps there
 * are, and which of them twice.
 */
static bool
read_time(UaFunnel *funnel, const UaSequenceRow *rows, uint32 nrows)
{
	int			modes = funnel->constants->modes;
	bool		increase = (modes & UA_STRICT_INCREASE) != 0;
	TimestampTz ts = rows[0].ts;
	uint64		steps = 0;
	uint64		twice = 0;
	bool		empty = false;

	for (uint32 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		twice |= steps & rows[i].conditions;
		steps |= rows[i].conditions;
		empty |= rows[i].conditions == 0;
	}

	/* Rows in which no condition holds are there under strict_order alone. */
	if (empty && !increase && funnel->reached >= 1)
		return false;

	if ((modes & UA_STRICT_ONCE) && !increase && (steps & (steps - 1)) != 0)
	{
		if (!read_ties_once(funnel, rows, nrows))
			return false;
		return funnel->reached < funnel->constants->nsteps;
	}

	if (!(modes & UA_STRICT_DEDUPLICATION))
		twice = 0;
	while (steps != 0)
	{
		/*
		 * Under strict_increase the highest step is read first, so that no
		 * step of this time can be the one before, and each row serves one
		 * step of a chain at most.
		 */
		int			bit = increase ? pg_leftmost_one_pos64(steps) :
		pg_rightmost_one_pos64(steps);

		if (!read_pair(funnel, ts, bit + 1) ||
			((twice >> bit & 1) && !read_pair(funnel, ts, bit + 1)))
			return false;
		steps &= ~(UINT64CONST(1) << bit);
	}
	if (empty && increase && funnel->reached >= 1)
		return false;
	return funnel->reached < funnel->constants->nsteps;
}

/*
 * Read sorted rows. False where the search is over, so that no row to come can
 * change what was found.
 */
bool
ua_funnel_read(UaFunnel *funnel, const UaSequenceRow *rows, uint32 nrows)
{
	uint32		next;

	for (uint32 i = 0; i < nrows; i = next)
	{
		CHECK_FOR_INTERRUPTS();
		for (next = i + 1; next < nrows && rows[next].ts == rows[i].ts; next++)
			CHECK_FOR_INTERRUPTS();
		if (!read_time(funnel, rows + i, next - i))
			return false;
	}
	return true;
}

/* Follow a group's rows. */
static void
follow(UaFunnel *funnel, UaSequence *state, bool with_times)
{
	ua_sequence_sort(state);
	ua_funnel_start(funnel, state->constants, with_times);
	ua_funnel_read(funnel, state->rows, state->nrows);
}

Datum
window_funnel_finalfn(PG_FUNCTION_ARGS)
{
	UaFunnel	funnel;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT32(0);
	follow(&funnel, (UaSequence *) PG_GETARG_POINTER(0), false);
	PG_RETURN_INT32(funnel.reached);
}

Datum
window_funnel_times_finalfn(PG_FUNCTION_ARGS)
{
	UaFunnel	funnel;
	Datum		times[UA_MAX_CONDITIONS];

	if (PG_ARGISNULL(0))
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TIMESTAMPTZOID));
	follow(&funnel, (UaSequence *) PG_GETARG_POINTER(0), true);
	for (int i = 0; i < funnel.reached; i++)
		times[i] = TimestampTzGetDatum(funnel.times[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(times, funnel.reached,
										  TIMESTAMPTZOID, sizeof(TimestampTz),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
