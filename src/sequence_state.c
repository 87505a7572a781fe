/*
 * sequence_state.c
 *		The state that aggregates over sequences of events share.
 *
 * A row takes 16 bytes. Rows are kept in the order in which they come, and it
 * is remembered whether that is the order in which they are to be read; they
 * are sorted once, when that is needed.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "sequence_state.h"

int			ua_sequence_memory;

/* The state starts as 128 bytes, header and all, and doubles. */
#define FIRST_SIZE		128
#define ROWS_OFFSET		offsetof(UaSequence, rows)
#define ROWS_IN(size)	(((size) - ROWS_OFFSET) / sizeof(UaSequenceRow))
#define SIZE_OF(nrows)	(ROWS_OFFSET + (Size) (nrows) * sizeof(UaSequenceRow))

/*
 * The order of rows of equal time: that of the lists of their true conditions,
 * as arrays are ordered. The lists are equal up to the lowest condition that
 * holds in one row alone; that row comes first, unless the other list ends
 * there.
 */
int
ua_compare_conditions(uint64 a, uint64 b)
{
	uint64		differ = a ^ b;
	uint64		lowest = differ & -differ;
	uint64		above = ~(lowest | (lowest - 1));

	if (differ == 0)
		return 0;
	if (a & lowest)
		return (b & above) != 0 ? -1 : 1;
	return (a & above) != 0 ? 1 : -1;
}

static inline int
compare_rows(const UaSequenceRow *a, const UaSequenceRow *b)
{
	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	return ua_compare_conditions(a->conditions, b->conditions);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE UaSequenceRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Refuse to hold more than the setting allows. What counts is all that the
 * aggregate's context holds in this process, whichever group it is for.
 */
void
ua_sequence_reserve(MemoryContext context, Size more)
{
	Size		limit = (Size) ua_sequence_memory * 1024;

	if (more > limit || MemoryContextMemAllocated(context, true) > limit - more)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("rows to put in sequence take more than %d kB",
						ua_sequence_memory),
				 errdetail("The setting usage_analytics.sequence_memory limits what one aggregate holds in one process."),
				 errhint("Take a shorter period, leave out rows that match no condition, or raise the setting; with many groups, \"SET enable_hashagg = off\" has them read one at a time.")));
}

UaSequence *
ua_sequence_new(MemoryContext context, const void *constants)
{
	UaSequence *sequence = MemoryContextAlloc(context, FIRST_SIZE);

	sequence->constants = constants;
	sequence->nrows = 0;
	sequence->maxrows = ROWS_IN(FIRST_SIZE);
	sequence->sorted = true;
	return sequence;
}

/* Make room for that many rows in all. */
static UaSequence *
make_room(MemoryContext context, UaSequence *sequence, uint64 nrows)
{
	Size		size = FIRST_SIZE;

	if (nrows <= sequence->maxrows)
		return sequence;
	if (nrows > PG_UINT32_MAX)
		ua_sequence_reserve(context, SIZE_MAX);
	while (ROWS_IN(size) < nrows)
		size *= 2;
	ua_sequence_reserve(context, size);
	sequence = repalloc_huge(sequence, size);
	sequence->maxrows = Min(ROWS_IN(size), PG_UINT32_MAX);
	return sequence;
}

/* Append a row; the sequence may move. */
UaSequence *
ua_sequence_add(MemoryContext context, UaSequence *sequence,
				TimestampTz ts, uint64 conditions)
{
	UaSequenceRow *row;

	if (sequence->nrows == sequence->maxrows)
		sequence = make_room(context, sequence, (uint64) sequence->nrows + 1);
	row = &sequence->rows[sequence->nrows];
	row->ts = ts;
	row->conditions = conditions;
	if (sequence->nrows > 0 && sequence->sorted &&
		compare_rows(row - 1, row) > 0)
		sequence->sorted = false;
	sequence->nrows++;
	return sequence;
}

/*
 * Take over a copy of another sequence's rows. Two sorted sequences make a
 * sorted one: they are merged from the back, into the room made at the end.
 */
UaSequence *
ua_sequence_merge(MemoryContext context, UaSequence *into,
				  const UaSequence *from)
{
	uint32		nold = into->nrows;
	uint32		nnew = from->nrows;
	uint64		total = (uint64) nold + nnew;

	if (nnew == 0)
		return into;
	into = make_room(context, into, total);
	into->nrows = total;

	if (!into->sorted || !from->sorted || nold == 0 ||
		compare_rows(&into->rows[nold - 1], &from->rows[0]) <= 0)
	{
		memcpy(into->rows + nold, from->rows, nnew * sizeof(UaSequenceRow));
		into->sorted = from->sorted && (into->sorted || nold == 0);
		return into;
	}

	while (nnew > 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (nold > 0 &&
			compare_rows(&into->rows[nold - 1], &from->rows[nnew - 1]) > 0)
		{
			nold--;
			into->rows[nold + nnew] = into->rows[nold];
		}
		else
		{
			nnew--;
			into->rows[nold + nnew] = from->rows[nnew];
		}
	}
	return into;
}

/* Bring the rows into the order in which they are read. */
void
ua_sequence_sort(UaSequence *sequence)
{
	if (sequence->sorted)
		return;
	sort_rows(sequence->rows, sequence->nrows);
	sequence->sorted = true;
}

/* Sorted before it is sent, so that workers share the sorting. */
void
ua_sequence_send(StringInfo buf, UaSequence *sequence)
{
	Size		size = (Size) sequence->nrows * sizeof(UaSequenceRow);

	ua_sequence_sort(sequence);
	if (size >= MaxAllocSize - buf->len - sizeof(uint32))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a group of %u rows is too large to hand over between processes",
						sequence->nrows),
				 errhint("\"SET max_parallel_workers_per_gather = 0\" leaves it to one process.")));
	pq_sendint32(buf, sequence->nrows);
	pq_sendbytes(buf, (const char *) sequence->rows, size);
}

UaSequence *
ua_sequence_recv(StringInfo buf, const void *constants)
{
	uint32		nrows = pq_getmsgint(buf, 4);
	Size		size = (Size) nrows * sizeof(UaSequenceRow);
	UaSequence *sequence;

	sequence = MemoryContextAllocHuge(CurrentMemoryContext, SIZE_OF(nrows));
	sequence->constants = constants;
	sequence->nrows = sequence->maxrows = nrows;
	sequence->sorted = true;
	memcpy(sequence->rows, pq_getmsgbytes(buf, size), size);
	return sequence;
}

void
ua_null_argument(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must not be null", name)));
}

void
ua_changed_argument(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same in every row of a group", name)));
}

MemoryContext
ua_aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

/*
 * The conditions of a row, as bits; a null one is false. Returns how many
 * there are.
 */
int
ua_conditions_arg(FunctionCallInfo fcinfo, int argno, uint64 *conditions)
{
	ArrayType  *array;
	const bool *values;
	const bits8 *nulls;
	int			nconditions;

	if (PG_ARGISNULL(argno))
		ua_null_argument("the list of conditions");
	array = PG_GETARG_ARRAYTYPE_P(argno);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the list of conditions must have one dimension")));

	nconditions = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (nconditions > UA_MAX_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are %d conditions, more than %d",
						nconditions, UA_MAX_CONDITIONS)));

	*conditions = 0;
	values = (const bool *) ARR_DATA_PTR(array);
	nulls = ARR_NULLBITMAP(array);
	for (int i = 0; i < nconditions; i++)
	{
		/* A null takes no room among the values. */
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		*conditions |= (uint64) (*values++ != false) << i;
	}
	return nconditions;
}

/*
 * An interval as microseconds. A length past the range of time becomes the
 * greatest there is, which no difference of two moments exceeds.
 */
uint64
ua_interval_span(const Interval *interval, const char *name)
{
	uint64		days;
	uint64		span;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not have months or years", name),
				 errdetail("A month has no fixed length."),
				 errhint("Give it in days or shorter units; a day is 24 hours.")));
	if (interval->day < 0 || interval->time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative in any part", name)));

	days = interval->day;
	if (days > PG_UINT64_MAX / USECS_PER_DAY)
		return PG_UINT64_MAX;
	span = days * USECS_PER_DAY;
	if ((uint64) interval->time > PG_UINT64_MAX - span)
		return PG_UINT64_MAX;
	return span + (uint64) interval->time;
}

uint64
ua_span_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ua_null_argument(name);
	return ua_interval_span(PG_GETARG_INTERVAL_P(argno), name);
}

/* The time of a row; false where it is null and the row is to be skipped. */
bool
ua_timestamp_arg(FunctionCallInfo fcinfo, int argno, TimestampTz *ts)
{
	if (PG_ARGISNULL(argno))
		return false;
	*ts = PG_GETARG_TIMESTAMPTZ(argno);
	if (TIMESTAMP_NOT_FINITE(*ts))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("an infinite timestamp has no place in a sequence")));
	return true;
}
