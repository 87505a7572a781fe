/*
 * dayseries_sql.c
 *		The functions of the type dayseries; see dayseries.h for what they do.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "dayseries_text.h"

PG_FUNCTION_INFO_V1(dayseries_in);
PG_FUNCTION_INFO_V1(dayseries_out);
PG_FUNCTION_INFO_V1(dayseries_recv);
PG_FUNCTION_INFO_V1(dayseries_send);
PG_FUNCTION_INFO_V1(dayseries_from_day);
PG_FUNCTION_INFO_V1(dayseries_from_dayset);
PG_FUNCTION_INFO_V1(dayseries_to_json);
PG_FUNCTION_INFO_V1(dayseries_to_jsonb);
PG_FUNCTION_INFO_V1(dayseries_eq);
PG_FUNCTION_INFO_V1(dayseries_ne);
PG_FUNCTION_INFO_V1(dayseries_lt);
PG_FUNCTION_INFO_V1(dayseries_le);
PG_FUNCTION_INFO_V1(dayseries_gt);
PG_FUNCTION_INFO_V1(dayseries_ge);
PG_FUNCTION_INFO_V1(dayseries_cmp);
PG_FUNCTION_INFO_V1(dayseries_hash);
PG_FUNCTION_INFO_V1(dayseries_hash_extended);
PG_FUNCTION_INFO_V1(dayseries_isempty);
PG_FUNCTION_INFO_V1(dayseries_cardinality);
PG_FUNCTION_INFO_V1(dayseries_first_day);
PG_FUNCTION_INFO_V1(dayseries_last_day);
PG_FUNCTION_INFO_V1(dayseries_total);
PG_FUNCTION_INFO_V1(dayseries_value_on);
PG_FUNCTION_INFO_V1(dayseries_days);
PG_FUNCTION_INFO_V1(dayseries_plus);
PG_FUNCTION_INFO_V1(dayseries_minus);
PG_FUNCTION_INFO_V1(dayseries_negative);
PG_FUNCTION_INFO_V1(dayseries_slice);
PG_FUNCTION_INFO_V1(dayseries_rolling_sum);
PG_FUNCTION_INFO_V1(dayseries_by_week);
PG_FUNCTION_INFO_V1(dayseries_by_month);
PG_FUNCTION_INFO_V1(dayseries_by_quarter);
PG_FUNCTION_INFO_V1(dayseries_unnest);
PG_FUNCTION_INFO_V1(dayseries_unnest_range);
PG_FUNCTION_INFO_V1(values_on);
PG_FUNCTION_INFO_V1(sparkline);

/*
 * Datums
 */

UaDayseries
ua_dayseries_of(Datum value)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);

	return (UaDayseries) {(uint8 *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)};
}

Datum
ua_dayseries_datum(UaDayseriesWriter *writer)
{
	Size		size = VARHDRSZ + ua_dayseries_finish(writer);
	struct varlena *value;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("dayseries would be too large")));
	value = palloc(size);
	SET_VARSIZE(value, size);
	ua_dayseries_store(writer, (uint8 *) VARDATA(value));
	ua_dayseries_release(writer);
	return PointerGetDatum(value);
}

Datum
ua_dayseries_copy_datum(UaDayseries series)
{
	struct varlena *value = palloc(VARHDRSZ + series.size);

	SET_VARSIZE(value, VARHDRSZ + series.size);
	memcpy(VARDATA(value), series.bytes, series.size);
	return PointerGetDatum(value);
}

int64
ua_bounded_days_of_range_arg(FunctionCallInfo fcinfo, int argument,
							 UaDay *first, UaDay *last)
{
	ua_days_of_range_arg(fcinfo, argument, first, last);
	if (*first > *last)
		return 0;
	if (*first == UA_MIN_DAY || *last == UA_MAX_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a range of days without end cannot be filled"),
				 errhint("Give a daterange with both bounds.")));
	return (int64) *last - *first + 1;
}

/*
 * Input and output
 */

Datum
dayseries_in(PG_FUNCTION_ARGS)
{
	UaDayseriesWriter result;

	ua_dayseries_start(&result);
	ua_dayseries_from_text(&result, PG_GETARG_CSTRING(0));
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_out(PG_FUNCTION_ARGS)
{
	StringInfoData text;

	initStringInfo(&text);
	ua_dayseries_to_text(&text, PG_GETARG_DAYSERIES(0));
	PG_RETURN_CSTRING(text.data);
}

/* The binary form is the stored one. */
Datum
dayseries_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	UaDayseries series;
	const char *fault;

	series.size = message->len - message->cursor;
	series.bytes = (const uint8 *) pq_getmsgbytes(message, (int) series.size);
	fault = ua_dayseries_fault(series);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("malformed dayseries in binary form"),
				 errdetail("%s", fault)));
	PG_RETURN_DATUM(ua_dayseries_copy_datum(series));
}

Datum
dayseries_send(PG_FUNCTION_ARGS)
{
	UaDayseries series = PG_GETARG_DAYSERIES(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) series.bytes, (int) series.size);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* dayseries(date, bigint) */
Datum
dayseries_from_day(PG_FUNCTION_ARGS)
{
	UaDayseriesWriter result;

	ua_dayseries_start(&result);
	ua_dayseries_put(&result, ua_checked_day(PG_GETARG_DATEADT(0)), PG_GETARG_INT64(1));
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

/* dayseries(dayset): 1 on each of the days */
Datum
dayseries_from_dayset(PG_FUNCTION_ARGS)
{
	UaDayseriesWriter result;
	UaDaysReader reader;
	int32		word;
	uint64		bits;
	int64		ones[64];

	for (Size i = 0; i < lengthof(ones); i++)
		ones[i] = 1;
	ua_dayseries_start(&result);
	ua_days_read(&reader, PG_GETARG_DAYS(0));
	while (ua_days_next(&reader, &word, &bits))
		ua_dayseries_put_block(&result, word, bits, ones);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_to_json(PG_FUNCTION_ARGS)
{
	StringInfoData json;

	initStringInfo(&json);
	ua_dayseries_to_json(&json, PG_GETARG_DAYSERIES(0));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

Datum
dayseries_to_jsonb(PG_FUNCTION_ARGS)
{
	StringInfoData json;

	initStringInfo(&json);
	ua_dayseries_to_json(&json, PG_GETARG_DAYSERIES(0));
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/*
 * Comparison
 */

static inline int
compare_args(FunctionCallInfo fcinfo)
{
	return ua_dayseries_compare(PG_GETARG_DAYSERIES(0), PG_GETARG_DAYSERIES(1));
}

Datum
dayseries_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) == 0);
}

Datum
dayseries_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) != 0);
}

Datum
dayseries_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) < 0);
}

Datum
dayseries_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) <= 0);
}

Datum
dayseries_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) > 0);
}

Datum
dayseries_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) >= 0);
}

Datum
dayseries_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_args(fcinfo));
}

Datum
dayseries_hash(PG_FUNCTION_ARGS)
{
	UaDayseries series = PG_GETARG_DAYSERIES(0);

	PG_RETURN_DATUM(hash_any(series.bytes, (int) series.size));
}

Datum
dayseries_hash_extended(PG_FUNCTION_ARGS)
{
	UaDayseries series = PG_GETARG_DAYSERIES(0);

	PG_RETURN_DATUM(hash_any_extended(series.bytes, (int) series.size,
									  PG_GETARG_INT64(1)));
}

/*
 * Asking
 */

Datum
dayseries_isempty(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_dayseries_isempty(PG_GETARG_DAYSERIES(0)));
}

Datum
dayseries_cardinality(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) ua_dayseries_cardinality(PG_GETARG_DAYSERIES(0)));
}

Datum
dayseries_first_day(PG_FUNCTION_ARGS)
{
	UaDay		first,
				last;

	if (!ua_dayseries_bounds(PG_GETARG_DAYSERIES(0), &first, &last))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(first);
}

Datum
dayseries_last_day(PG_FUNCTION_ARGS)
{
	UaDay		first,
				last;

	if (!ua_dayseries_bounds(PG_GETARG_DAYSERIES(0), &first, &last))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(last);
}

Datum
dayseries_total(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(ua_dayseries_total(PG_GETARG_DAYSERIES(0)));
}

/* An infinite date is no day, so nothing is there. */
Datum
dayseries_value_on(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(ua_dayseries_value_on(PG_GETARG_DAYSERIES(0),
										  PG_GETARG_DATEADT(1)));
}

Datum
dayseries_days(PG_FUNCTION_ARGS)
{
	UaDayseries series = PG_GETARG_DAYSERIES(0);
	UaDaysWriter days;

	ua_days_write(&days, VARHDRSZ, series.size);
	ua_dayseries_positive(&days, series);
	PG_RETURN_POINTER(ua_dayset_written(&days));
}

/*
 * Making series out of series
 */

Datum
dayseries_plus(PG_FUNCTION_ARGS)
{
	UaDayseries change = PG_GETARG_DAYSERIES(1);
	UaDayseriesWriter result;

	/* So an update leaves it where it is stored. */
	if (ua_dayseries_isempty(change))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	ua_dayseries_start(&result);
	ua_dayseries_add(&result, PG_GETARG_DAYSERIES(0), change);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_minus(PG_FUNCTION_ARGS)
{
	UaDayseriesWriter result;

	ua_dayseries_start(&result);
	ua_dayseries_subtract(&result, PG_GETARG_DAYSERIES(0),
						  PG_GETARG_DAYSERIES(1));
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_negative(PG_FUNCTION_ARGS)
{
	UaDayseriesWriter result;

	ua_dayseries_start(&result);
	ua_dayseries_negate(&result, PG_GETARG_DAYSERIES(0));
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_slice(PG_FUNCTION_ARGS)
{
	UaDayseriesWriter result;
	UaDay		first,
				last;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	ua_dayseries_start(&result);
	ua_dayseries_slice(&result, PG_GETARG_DAYSERIES(0), first, last);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_rolling_sum(PG_FUNCTION_ARGS)
{
	int32		n = PG_GETARG_INT32(1);
	UaDayseriesWriter result;

	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a rolling sum over %d days is not possible", n),
				 errdetail("The number of days is 1 or more.")));
	ua_dayseries_start(&result);
	ua_dayseries_rolling_sum(&result, PG_GETARG_DAYSERIES(0), n);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_by_week(PG_FUNCTION_ARGS)
{
	int			week_start = ua_checked_week_start(PG_GETARG_INT32(1));
	UaDayseriesWriter result;

	ua_dayseries_start(&result);
	ua_dayseries_by_week(&result, PG_GETARG_DAYSERIES(0), week_start);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

static Datum
by_months(FunctionCallInfo fcinfo, int months)
{
	UaDayseriesWriter result;

	ua_dayseries_start(&result);
	ua_dayseries_by_month(&result, PG_GETARG_DAYSERIES(0), months);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

Datum
dayseries_by_month(PG_FUNCTION_ARGS)
{
	return by_months(fcinfo, 1);
}

Datum
dayseries_by_quarter(PG_FUNCTION_ARGS)
{
	return by_months(fcinfo, 3);
}

/*
 * Opening up
 */

typedef struct UnnestState
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;		/* bits: those not returned yet */
	int			next;
	UaDay		day;			/* of a range, the next to return */
	int64		left;
	TupleDesc	tuple;
} UnnestState;

static Datum
day_and_value(UnnestState *state, UaDay day, int64 value)
{
	Datum		values[2] = {DateADTGetDatum(day), Int64GetDatum(value)};
	bool		nulls[2] = {false, false};

	return HeapTupleGetDatum(heap_form_tuple(state->tuple, values, nulls));
}

static UnnestState *
start_unnest(FunctionCallInfo fcinfo, FuncCallContext *funcctx)
{
	MemoryContext caller = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
	UnnestState *state = palloc0(sizeof(UnnestState));
	struct varlena *series;
	TupleDesc	tuple;

	if (get_call_result_type(fcinfo, NULL, &tuple) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	state->tuple = BlessTupleDesc(tuple);

	/* a copy, as the argument may not live as long as the calls go on */
	series = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
	ua_dayseries_read(&state->reader, ua_dayseries_of(PointerGetDatum(series)));
	MemoryContextSwitchTo(caller);
	return state;
}

/* unnest(dayseries): the days there are */
Datum
dayseries_unnest(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	UnnestState *state;
	UaDayseriesBlock *block;
	UaDay		day;

	if (SRF_IS_FIRSTCALL())
	{
		funcctx = SRF_FIRSTCALL_INIT();
		funcctx->user_fctx = start_unnest(fcinfo, funcctx);
	}
	funcctx = SRF_PERCALL_SETUP();
	state = funcctx->user_fctx;
	block = &state->block;

	if (block->bits == 0)
	{
		state->next = 0;
		if (!ua_dayseries_next(&state->reader, block))
			SRF_RETURN_DONE(funcctx);
	}
	day = ua_day_of_word(block->word) + ua_take_bit(&block->bits);
	SRF_RETURN_NEXT(funcctx,
					day_and_value(state, day, block->values[state->next++]));
}

/* The value on a day, where days are asked for in ascending order. */
static int64
next_value_on(UnnestState *state, UaDay day)
{
	UaDayseriesBlock *block = &state->block;

	for (;;)
	{
		if (block->bits == 0)
		{
			state->next = 0;
			if (!ua_dayseries_next(&state->reader, block))
				return 0;
		}
		if (ua_day_of_word(block->word) + pg_rightmost_one_pos64(block->bits) >= day)
			break;
		block->bits &= block->bits - 1;
		state->next++;
	}
	if (ua_word_of_day(day) == block->word &&
		(block->bits & ua_bit_of_day(day)) != 0)
		return block->values[state->next];
	return 0;
}

/* unnest(dayseries, daterange): every day of the range */
Datum
dayseries_unnest_range(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	UnnestState *state;
	UaDay		day;

	if (SRF_IS_FIRSTCALL())
	{
		UaDay		last;
		int64		count = ua_bounded_days_of_range_arg(fcinfo, 1, &day, &last);

		/* it has left the range's type here, where the calls have theirs */
		fcinfo->flinfo->fn_extra = NULL;

		funcctx = SRF_FIRSTCALL_INIT();
		state = funcctx->user_fctx = start_unnest(fcinfo, funcctx);
		state->day = day;
		state->left = count;
	}
	funcctx = SRF_PERCALL_SETUP();
	state = funcctx->user_fctx;

	if (state->left == 0)
		SRF_RETURN_DONE(funcctx);
	state->left--;
	day = state->day;
	state->day += state->left > 0;
	SRF_RETURN_NEXT(funcctx,
					day_and_value(state, day, next_value_on(state, day)));
}

/* What values_on() keeps from row to row. */
typedef struct ValuesOnState
{
	UaDaysWalker days;
	UnnestState values;
} ValuesOnState;

/* values_on(dayseries, dayset): the value on each of the days */
Datum
values_on(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	ValuesOnState *state;
	UaDay		day;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		struct varlena *series;
		UaDayset   *days;

		funcctx = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);

		/* copies, as the arguments may not live as long as the calls go on */
		series = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
		days = (UaDayset *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1));
		state = funcctx->user_fctx = palloc0(sizeof(ValuesOnState));
		ua_dayseries_read(&state->values.reader,
						  ua_dayseries_of(PointerGetDatum(series)));
		ua_days_walk(&state->days, ua_days_of(days));
		MemoryContextSwitchTo(caller);
	}
	funcctx = SRF_PERCALL_SETUP();
	state = funcctx->user_fctx;

	if (!ua_days_next_day(&state->days, &day))
		SRF_RETURN_DONE(funcctx);
	SRF_RETURN_NEXT(funcctx, Int64GetDatum(next_value_on(&state->values, day)));
}

/*
 * A character a day: eight heights up to the range's greatest value, a dot
 * where there is nothing, a minus where the value is below 0.
 */
#define SPARK_NOTHING	"\302\267"	/* U+00B7 */
#define SPARK_HEIGHTS	8
#define SPARK_BYTES		3

Datum
sparkline(PG_FUNCTION_ARGS)
{
	static const char heights[SPARK_HEIGHTS][SPARK_BYTES + 1] = {
		"\342\226\201", "\342\226\202", "\342\226\203", "\342\226\204",
		"\342\226\205", "\342\226\206", "\342\226\207", "\342\226\210"
	};
	UaDay		first,
				last;
	int64		count = ua_bounded_days_of_range_arg(fcinfo, 1, &first, &last);
	UaDayseries series = PG_GETARG_DAYSERIES(0);
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	UnnestState state = {0};
	int64		greatest = 0;
	StringInfoData line;
	char	   *text;

	if (count > (int64) MaxAllocSize / SPARK_BYTES - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sparkline would be too long")));

	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
		for (int i = 0; block.bits != 0; i++)
		{
			UaDay		day = ua_day_of_word(block.word) +
				ua_take_bit(&block.bits);

			if (day >= first && day <= last)
				greatest = Max(greatest, block.values[i]);
		}

	initStringInfo(&line);
	ua_dayseries_read(&state.reader, series);
	for (int64 i = 0; i < count; i++)
	{
		int64		value = next_value_on(&state, first + (UaDay) i);

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (value == 0)
			appendStringInfoString(&line, SPARK_NOTHING);
		else if (value < 0)
			appendStringInfoChar(&line, '-');
		else
		{
			/* rounded up, so that the least is seen; the greatest is full */
			int			height = (int) ceil((double) value / greatest *
											SPARK_HEIGHTS);

			appendStringInfoString(&line, heights[height - 1]);
		}
	}
	text = pg_any_to_server(line.data, line.len, PG_UTF8);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}
