/*
 * sequence_next_event.c
 *		The aggregate sequence_next_event: what comes after, or before, a chain
 *		of adjacent rows. As ClickHouse's sequenceNextNode.
 *
 * The rows of a group are records one after the other: time, conditions, and
 * the value with its length. Sorting them sorts pointers.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "sequence_state.h"

PG_FUNCTION_INFO_V1(sequence_next_event_transfn);
PG_FUNCTION_INFO_V1(sequence_next_event_combinefn);
PG_FUNCTION_INFO_V1(sequence_next_event_serialfn);
PG_FUNCTION_INFO_V1(sequence_next_event_deserialfn);
PG_FUNCTION_INFO_V1(sequence_next_event_finalfn);

typedef enum
{
	BASE_HEAD,
	BASE_TAIL,
	BASE_FIRST_MATCH,
	BASE_LAST_MATCH
} Base;

typedef struct
{
	bool		backward;
	Base		base;
	int			nsteps;
} Constants;

typedef struct
{
	TimestampTz ts;
	uint64		conditions;
	uint32		length;			/* of the value */
	bool		base_condition;
	char		value[FLEXIBLE_ARRAY_MEMBER];
} Record;

typedef const Record *RecordPointer;

#define RECORD_SIZE(length)	MAXALIGN(offsetof(Record, value) + (length))

typedef struct
{
	Constants	constants;
	bool		sorted;
	uint64		nrecords;
	Size		last;			/* where the last record is */
	Size		used;
	Size		size;
	char	   *records;
} NextEvent;

static int
compare_records(const Record *a, const Record *b)
{
	int			order;

	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	order = memcmp(a->value, b->value, Min(a->length, b->length));
	if (order != 0)
		return order;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	if (a->base_condition != b->base_condition)
		return a->base_condition ? -1 : 1;
	return ua_compare_conditions(a->conditions, b->conditions);
}

#define ST_SORT sort_records
#define ST_ELEMENT_TYPE RecordPointer
#define ST_COMPARE(a, b) compare_records(*(a), *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static bool
text_is(const text *value, const char *name)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(name) &&
		memcmp(VARDATA_ANY(value), name, strlen(name)) == 0;
}

static Constants
constants_args(FunctionCallInfo fcinfo)
{
	Constants	constants;
	text	   *direction;
	text	   *base;

	memset(&constants, 0, sizeof(constants));
	if (PG_ARGISNULL(1))
		ua_null_argument("direction");
	direction = PG_GETARG_TEXT_PP(1);
	if (text_is(direction, "backward"))
		constants.backward = true;
	else if (!text_is(direction, "forward"))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("direction \"%s\" does not exist",
						text_to_cstring(direction)),
				 errhint("Directions are forward and backward.")));

	if (PG_ARGISNULL(2))
		ua_null_argument("base");
	base = PG_GETARG_TEXT_PP(2);
	if (text_is(base, "head"))
		constants.base = BASE_HEAD;
	else if (text_is(base, "tail"))
		constants.base = BASE_TAIL;
	else if (text_is(base, "first_match"))
		constants.base = BASE_FIRST_MATCH;
	else if (text_is(base, "last_match"))
		constants.base = BASE_LAST_MATCH;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("base \"%s\" does not exist", text_to_cstring(base)),
				 errhint("Bases are head, tail, first_match and last_match.")));

	if (constants.base == (constants.backward ? BASE_HEAD : BASE_TAIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("direction \"%s\" does not go with base \"%s\"",
						text_to_cstring(direction), text_to_cstring(base)),
				 errhint("A chain goes forward from the head, backward from the tail, and either way from a match.")));
	return constants;
}

static void
check_same_constants(const Constants *a, const Constants *b)
{
	if (a->backward != b->backward)
		ua_changed_argument("direction");
	if (a->base != b->base)
		ua_changed_argument("base");
	if (a->nsteps != b->nsteps)
		ua_changed_argument("the number of conditions");
}

static NextEvent *
new_state(MemoryContext context, const Constants *constants)
{
	NextEvent  *state = MemoryContextAllocZero(context, sizeof(NextEvent));

	state->constants = *constants;
	state->sorted = true;
	return state;
}

/* Make room for more bytes of records. */
static void
make_room(MemoryContext context, NextEvent *state, Size more)
{
	Size		size = Max(state->size, 128);

	if (state->size - state->used >= more)
		return;
	while (size - state->used < more)
		size *= 2;
	ua_sequence_reserve(context, size);
	state->records = state->records ? repalloc_huge(state->records, size) :
		MemoryContextAllocHuge(context, size);
	state->size = size;
}

static Record *
last_record(const NextEvent *state)
{
	return (Record *) (state->records + state->last);
}

/* (state, direction, base, ts, value, base_condition [, steps]) */
Datum
sequence_next_event_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	Constants	constants = constants_args(fcinfo);
	NextEvent  *state;
	TimestampTz ts;
	uint64		steps = 0;

	if (PG_NARGS() > 6)
		constants.nsteps = ua_conditions_arg(fcinfo, 6, &steps);

	if (PG_ARGISNULL(0))
		state = new_state(context, &constants);
	else
	{
		state = (NextEvent *) PG_GETARG_POINTER(0);
		check_same_constants(&state->constants, &constants);
	}

	if (ua_timestamp_arg(fcinfo, 3, &ts) && !PG_ARGISNULL(4))
	{
		text	   *value = PG_GETARG_TEXT_PP(4);
		Size		length = VARSIZE_ANY_EXHDR(value);
		Record	   *record;

		make_room(context, state, RECORD_SIZE(length));
		record = (Record *) (state->records + state->used);
		memset(record, 0, RECORD_SIZE(length));
		record->ts = ts;
		record->conditions = steps;
		record->length = length;
		record->base_condition = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
		memcpy(record->value, VARDATA_ANY(value), length);

		if (state->nrecords > 0 && state->sorted &&
			compare_records(last_record(state), record) > 0)
			state->sorted = false;
		state->last = state->used;
		state->used += RECORD_SIZE(length);
		state->nrecords++;
	}
	PG_RETURN_POINTER(state);
}

Datum
sequence_next_event_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	NextEvent  *into;
	NextEvent  *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = (NextEvent *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		into = new_state(context, &from->constants);
	else
	{
		into = (NextEvent *) PG_GETARG_POINTER(0);
		check_same_constants(&into->constants, &from->constants);
	}
	if (from->nrecords > 0)
	{
		make_room(context, into, from->used);
		memcpy(into->records + into->used, from->records, from->used);
		into->sorted = from->sorted && into->sorted &&
			(into->nrecords == 0 ||
			 compare_records(last_record(into), (Record *) from->records) <= 0);
		into->last = into->used + from->last;
		into->used += from->used;
		into->nrecords += from->nrecords;
	}
	PG_RETURN_POINTER(into);
}

Datum
sequence_next_event_serialfn(PG_FUNCTION_ARGS)
{
	NextEvent  *state = (NextEvent *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	if (state->used > MaxAllocSize / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a group of %llu rows is too large to hand over between processes",
						(unsigned long long) state->nrecords),
				 errhint("\"SET max_parallel_workers_per_gather = 0\" leaves it to one process.")));
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, state->constants.backward);
	pq_sendbyte(&buf, state->constants.base);
	pq_sendbyte(&buf, state->constants.nsteps);
	pq_sendbyte(&buf, state->sorted);
	pq_sendint64(&buf, state->nrecords);
	pq_sendint64(&buf, state->last);
	pq_sendint64(&buf, state->used);
	if (state->used > 0)
		pq_sendbytes(&buf, state->records, state->used);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
sequence_next_event_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	NextEvent  *state = palloc0(sizeof(NextEvent));
	StringInfoData buf;

	ua_read_bytea(&buf, bytes);
	state->constants.backward = pq_getmsgbyte(&buf);
	state->constants.base = pq_getmsgbyte(&buf);
	state->constants.nsteps = pq_getmsgbyte(&buf);
	state->sorted = pq_getmsgbyte(&buf);
	state->nrecords = pq_getmsgint64(&buf);
	state->last = pq_getmsgint64(&buf);
	state->used = state->size = pq_getmsgint64(&buf);
	state->records = palloc(state->used);
	memcpy(state->records, pq_getmsgbytes(&buf, state->used), state->used);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/* Whether a record matches a step; there may be none to match. */
static bool
matches(const NextEvent *state, const Record *record, int step)
{
	return step > state->constants.nsteps ||
		(record->conditions >> (step - 1) & 1) != 0;
}

/*
 * The record that the group's chain leads to, or NULL. Steps are taken by +1
 * forward and by -1 backward.
 */
static const Record *
follow_chain(const NextEvent *state, RecordPointer *records)
{
	const Constants *constants = &state->constants;
	int64		nrecords = state->nrecords;
	int			direction = constants->backward ? -1 : 1;
	int64		at = 0;

	if (nrecords == 0)
		return NULL;
	switch (constants->base)
	{
		case BASE_HEAD:
			at = 0;
			break;
		case BASE_TAIL:
			at = nrecords - 1;
			break;
		case BASE_FIRST_MATCH:
			for (at = 0; at < nrecords; at++)
			{
				CHECK_FOR_INTERRUPTS();
				if (records[at]->base_condition &&
					matches(state, records[at], 1))
					break;
			}
			break;
		case BASE_LAST_MATCH:
			for (at = nrecords - 1; at >= 0; at--)
			{
				CHECK_FOR_INTERRUPTS();
				if (records[at]->base_condition &&
					matches(state, records[at], 1))
					break;
			}
			break;
	}
	if (at < 0 || at >= nrecords || !records[at]->base_condition)
		return NULL;

	for (int step = 1; step <= constants->nsteps; step++, at += direction)
		if (at < 0 || at >= nrecords || !matches(state, records[at], step))
			return NULL;
	return at < 0 || at >= nrecords ? NULL : records[at];
}

Datum
sequence_next_event_finalfn(PG_FUNCTION_ARGS)
{
	NextEvent  *state;
	RecordPointer *records;
	const Record *found;
	text	   *result;
	Size		at = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (NextEvent *) PG_GETARG_POINTER(0);

	ua_sequence_reserve(CurrentMemoryContext,
						(state->nrecords + 1) * sizeof(RecordPointer));
	records = MemoryContextAllocHuge(CurrentMemoryContext,
									 (state->nrecords + 1) * sizeof(RecordPointer));
	for (uint64 i = 0; i < state->nrecords; i++)
	{
		CHECK_FOR_INTERRUPTS();
		records[i] = (const Record *) (state->records + at);
		at += RECORD_SIZE(records[i]->length);
	}
	if (!state->sorted)
		sort_records(records, state->nrecords);

	found = follow_chain(state, records);
	if (found == NULL)
	{
		pfree(records);
		PG_RETURN_NULL();
	}
	result = cstring_to_text_with_len(found->value, found->length);
	pfree(records);
	PG_RETURN_TEXT_P(result);
}
