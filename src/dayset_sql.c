/*
 * dayset_sql.c
 *		The type dayset in SQL: input and output, functions, operators, casts.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/multirangetypes.h"
#include "utils/typcache.h"

#include "compat.h"
#include "dayset_sql.h"
#include "periods.h"

PG_FUNCTION_INFO_V1(dayset_in);
PG_FUNCTION_INFO_V1(dayset_out);
PG_FUNCTION_INFO_V1(dayset_recv);
PG_FUNCTION_INFO_V1(dayset_send);
PG_FUNCTION_INFO_V1(dayset_from_dates);
PG_FUNCTION_INFO_V1(dayset_from_array);
PG_FUNCTION_INFO_V1(dayset_from_multirange);
PG_FUNCTION_INFO_V1(dayset_to_array);
PG_FUNCTION_INFO_V1(dayset_to_multirange);
PG_FUNCTION_INFO_V1(dayset_cardinality);
PG_FUNCTION_INFO_V1(dayset_cardinality_within);
PG_FUNCTION_INFO_V1(dayset_isempty);
PG_FUNCTION_INFO_V1(first_day);
PG_FUNCTION_INFO_V1(last_day);
PG_FUNCTION_INFO_V1(last_day_until);
PG_FUNCTION_INFO_V1(longest_streak);
PG_FUNCTION_INFO_V1(longest_streak_until);
PG_FUNCTION_INFO_V1(current_streak);
PG_FUNCTION_INFO_V1(dayset_contains);
PG_FUNCTION_INFO_V1(dayset_contains_day);
PG_FUNCTION_INFO_V1(dayset_contained_by);
PG_FUNCTION_INFO_V1(day_contained_by);
PG_FUNCTION_INFO_V1(dayset_overlaps);
PG_FUNCTION_INFO_V1(dayset_eq);
PG_FUNCTION_INFO_V1(dayset_ne);
PG_FUNCTION_INFO_V1(dayset_lt);
PG_FUNCTION_INFO_V1(dayset_le);
PG_FUNCTION_INFO_V1(dayset_gt);
PG_FUNCTION_INFO_V1(dayset_ge);
PG_FUNCTION_INFO_V1(dayset_cmp);
PG_FUNCTION_INFO_V1(dayset_hash);
PG_FUNCTION_INFO_V1(dayset_hash_extended);
PG_FUNCTION_INFO_V1(dayset_plus);
PG_FUNCTION_INFO_V1(dayset_plus_day);
PG_FUNCTION_INFO_V1(dayset_plus_range);
PG_FUNCTION_INFO_V1(dayset_times);
PG_FUNCTION_INFO_V1(dayset_times_day);
PG_FUNCTION_INFO_V1(dayset_times_range);
PG_FUNCTION_INFO_V1(dayset_minus);
PG_FUNCTION_INFO_V1(dayset_minus_day);
PG_FUNCTION_INFO_V1(dayset_minus_range);
PG_FUNCTION_INFO_V1(trailing);
PG_FUNCTION_INFO_V1(shift);
PG_FUNCTION_INFO_V1(weeks);
PG_FUNCTION_INFO_V1(months);
PG_FUNCTION_INFO_V1(quarters);
PG_FUNCTION_INFO_V1(first_days);
PG_FUNCTION_INFO_V1(dayset_unnest);

/* ---------- dates and ranges ---------- */

static void
not_finite(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("%s cannot be in a dayset", what)));
}

UaDay
ua_checked_day(DateADT date)
{
	if (DATE_NOT_FINITE(date))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("an infinite date is not a day")));
	return date;
}

int
ua_checked_week_start(int32 week_start)
{
	if (week_start < 1 || week_start > 7)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a week cannot start on day %d", week_start),
				 errdetail("Days go from 1, Monday, to 7, Sunday.")));
	return week_start;
}

void
ua_days_of_range(TypeCacheEntry *typcache, const RangeType *range,
				 UaDay *first, UaDay *last)
{
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;
	int64		from = UA_MIN_DAY;
	int64		to = UA_MAX_DAY;

	range_deserialize(typcache, range, &lower, &upper, &empty);
	if (!lower.infinite && !DATE_IS_NOBEGIN(DatumGetDateADT(lower.val)))
		from = (int64) DatumGetDateADT(lower.val) + (lower.inclusive ? 0 : 1);
	if (!upper.infinite && !DATE_IS_NOEND(DatumGetDateADT(upper.val)))
		to = (int64) DatumGetDateADT(upper.val) - (upper.inclusive ? 0 : 1);
	if (empty || from > to || !ua_is_day(from) || !ua_is_day(to))
	{
		from = 0;
		to = -1;
	}
	*first = (UaDay) from;
	*last = (UaDay) to;
}

/* What memcmp() would say, which takes longer to call. */
static inline bool
is_known(const char *known, const char *given, Size size)
{
	uint64		words[2][2];

	if (size < sizeof(uint64) || size > 2 * sizeof(uint64))
		return memcmp(known, given, size) == 0;
	memcpy(&words[0][0], known, sizeof(uint64));
	memcpy(&words[0][1], known + size - sizeof(uint64), sizeof(uint64));
	memcpy(&words[1][0], given, sizeof(uint64));
	memcpy(&words[1][1], given + size - sizeof(uint64), sizeof(uint64));
	return words[0][0] == words[1][0] && words[0][1] == words[1][1];
}

void
ua_know_range_arg(UaKnownRange *known, FunctionCallInfo fcinfo, int argument)
{
	struct varlena *given = ua_detoasted(PG_GETARG_DATUM(argument));
	Size		size = VARSIZE_ANY(given);
	RangeType  *range;

	if (likely(known->size == size && is_known(known->bytes, (const char *) given, size)))
		return;
	range = DatumGetRangeTypeP(PointerGetDatum(given));
	known->size = 0;
	ua_days_of_range(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO),
					 range, &known->first, &known->last);
	if (size <= sizeof(known->bytes))
	{
		memcpy(known->bytes, given, size);
		known->size = size;
	}
}

void
ua_days_of_range_arg(FunctionCallInfo fcinfo, int argument,
					 UaDay *first, UaDay *last)
{
	UaKnownRange *known = fcinfo->flinfo->fn_extra;

	if (unlikely(known == NULL))
		known = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(UaKnownRange));
	ua_know_range_arg(known, fcinfo, argument);
	*first = known->first;
	*last = known->last;
}

/* The same for days to be added: a range without an end has too many. */
static void
bounded_days_of_range(TypeCacheEntry *typcache, const RangeType *range,
					  UaDay *first, UaDay *last)
{
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(typcache, range, &lower, &upper, &empty);
	if (!empty &&
		(lower.infinite || DATE_NOT_FINITE(DatumGetDateADT(lower.val)) ||
		 upper.infinite || DATE_NOT_FINITE(DatumGetDateADT(upper.val))))
		not_finite("a range without an end");
	ua_days_of_range(typcache, range, first, last);
}

/* ---------- input and output ---------- */

Datum
dayset_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_from_text(PG_GETARG_CSTRING(0)));
}

Datum
dayset_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ua_dayset_to_text(PG_GETARG_DAYS(0)));
}

/* The binary form is the stored one: the same on every machine. */
Datum
dayset_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	UaDays		days;
	const char *fault;

	days.size = message->len - message->cursor;
	days.body = (const uint8 *) pq_getmsgbytes(message, (int) days.size);
	fault = ua_days_fault(days);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("malformed binary dayset"),
				 errdetail("%s", fault)));
	PG_RETURN_POINTER(ua_dayset_from_days(days));
}

Datum
dayset_send(PG_FUNCTION_ARGS)
{
	UaDays		days = PG_GETARG_DAYS(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) days.body, (int) days.size);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* ---------- making and opening up ---------- */

/* dayset(date, date): both and all between them */
Datum
dayset_from_dates(PG_FUNCTION_ARGS)
{
	UaDay		first = ua_checked_day(PG_GETARG_DATEADT(0));
	UaDay		last = ua_checked_day(PG_GETARG_DATEADT(1));

	if (first > last)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the first day of a dayset must not be after its last day")));
	PG_RETURN_POINTER(ua_dayset_from_run(first, last));
}

Datum
dayset_from_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	UaDay	   *days;
	int			i;

	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("dates of a dayset must not be null")));

	days = palloc_extended(Max(count, 1) * sizeof(UaDay), MCXT_ALLOC_HUGE);
	for (i = 0; i < count; i++)
		days[i] = ua_checked_day(((DateADT *) ARR_DATA_PTR(array))[i]);
	PG_RETURN_POINTER(ua_dayset_from_array(days, count));
}

Datum
dayset_from_multirange(PG_FUNCTION_ARGS)
{
	MultirangeType *multirange = PG_GETARG_MULTIRANGE_P(0);
	TypeCacheEntry *typcache;
	RangeType **ranges;
	int32		count;
	UaDaysWriter writer;
	int32		i;

	typcache = multirange_get_typcache(fcinfo, MultirangeTypeGetOid(multirange));
	multirange_deserialize(typcache->rngtype, multirange, &count, &ranges);

	ua_days_write(&writer, VARHDRSZ, count);
	for (i = 0; i < count; i++)
	{
		UaDay		first;
		UaDay		last;

		bounded_days_of_range(typcache->rngtype, ranges[i], &first, &last);
		if (first <= last)
			ua_days_put_run(&writer, first, last);
	}
	PG_RETURN_POINTER(ua_dayset_written(&writer));
}

Datum
dayset_to_array(PG_FUNCTION_ARGS)
{
	UaDays		days = PG_GETARG_DAYS(0);
	int64		count = ua_days_cardinality(days);
	UaDaysWalker walker;
	UaDay		day;
	Size		size = ARR_OVERHEAD_NONULLS(1) + count * sizeof(DateADT);
	ArrayType  *array;
	DateADT    *to;

	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(DATEOID));
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("dayset has too many days for an array")));

	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = DATEOID;
	ARR_DIMS(array)[0] = (int) count;
	ARR_LBOUND(array)[0] = 1;
	to = (DateADT *) ARR_DATA_PTR(array);
	ua_days_walk(&walker, days);
	while (ua_days_next_day(&walker, &day))
		*to++ = day;
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
dayset_to_multirange(PG_FUNCTION_ARGS)
{
	UaDays		days = PG_GETARG_DAYS(0);
	TypeCacheEntry *typcache = multirange_get_typcache(fcinfo, DATEMULTIRANGEOID);
	UaDaysWalker walker;
	UaDay		first;
	UaDay		last;
	RangeType **ranges;
	int32		count = 0;
	int32		room = 16;

	ranges = palloc(room * sizeof(RangeType *));
	ua_days_walk(&walker, days);
	while (ua_days_next_run(&walker, &first, &last))
	{
		RangeBound	lower = {DateADTGetDatum(first), false, true, true};
		RangeBound	upper = {DateADTGetDatum(last + 1), false, false, false};

		CHECK_FOR_INTERRUPTS();
		if (!ua_is_day((int64) last + 1))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("date out of range")));
		if (count == room)
		{
			if ((Size) room * 2 * sizeof(RangeType *) > MaxAllocSize)
				ereport(ERROR,
						(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						 errmsg("dayset has too many runs of days for a multirange")));
			room *= 2;
			ranges = repalloc(ranges, room * sizeof(RangeType *));
		}
		ranges[count++] = ua_range_serialize(typcache->rngtype, &lower, &upper, false);
	}
	PG_RETURN_MULTIRANGE_P(make_multirange(DATEMULTIRANGEOID, typcache->rngtype,
										   count, ranges));
}

/* unnest(dayset): the days in order */
Datum
dayset_unnest(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	UaDaysWalker *walker;
	UaDay		day;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;

		context = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		walker = palloc(sizeof(UaDaysWalker));
		ua_days_walk(walker, ua_days_of((UaDayset *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
		context->user_fctx = walker;
		MemoryContextSwitchTo(caller);
	}
	context = SRF_PERCALL_SETUP();
	walker = context->user_fctx;
	if (!ua_days_next_day(walker, &day))
		SRF_RETURN_DONE(context);
	SRF_RETURN_NEXT(context, DateADTGetDatum(day));
}

/* ---------- questions ---------- */

/* There are fewer days than an int4 can count. */
Datum
dayset_cardinality(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) ua_days_cardinality(PG_GETARG_DAYS(0)));
}

Datum
dayset_cardinality_within(PG_FUNCTION_ARGS)
{
	UaDays		days = PG_GETARG_DAYS(0);
	UaDay		first;
	UaDay		last;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	PG_RETURN_INT32((int32) ua_days_count(days, first, last));
}

Datum
dayset_isempty(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_is_empty(PG_GETARG_DAYS(0)));
}

Datum
first_day(PG_FUNCTION_ARGS)
{
	UaDay		first;

	if (!ua_days_first(PG_GETARG_DAYS(0), &first))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(first);
}

Datum
last_day(PG_FUNCTION_ARGS)
{
	UaDay		first;
	UaDay		last;

	if (!ua_days_bounds(PG_GETARG_DAYS(0), &first, &last))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(last);
}

Datum
last_day_until(PG_FUNCTION_ARGS)
{
	UaDay		last;

	if (!ua_days_last_until(PG_GETARG_DAYS(0),
							ua_checked_day(PG_GETARG_DATEADT(1)), &last))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(last);
}

Datum
longest_streak(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) ua_days_longest_run(PG_GETARG_DAYS(0), UA_MAX_DAY));
}

Datum
longest_streak_until(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) ua_days_longest_run(PG_GETARG_DAYS(0),
												ua_checked_day(PG_GETARG_DATEADT(1))));
}

Datum
current_streak(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) ua_days_run_until(PG_GETARG_DAYS(0),
											  ua_checked_day(PG_GETARG_DATEADT(1))));
}

Datum
dayset_contains(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_contain(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_contained_by(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_contain(PG_GETARG_DAYS(1), PG_GETARG_DAYS(0)));
}

/* An infinite date is in no set. */
Datum
dayset_contains_day(PG_FUNCTION_ARGS)
{
	DateADT		date = PG_GETARG_DATEADT(1);

	PG_RETURN_BOOL(!DATE_NOT_FINITE(date) &&
				   ua_days_contain_day(PG_GETARG_DAYS(0), date));
}

Datum
day_contained_by(PG_FUNCTION_ARGS)
{
	DateADT		date = PG_GETARG_DATEADT(0);

	PG_RETURN_BOOL(!DATE_NOT_FINITE(date) &&
				   ua_days_contain_day(PG_GETARG_DAYS(1), date));
}

Datum
dayset_overlaps(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_overlap(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

/* ---------- order ---------- */

Datum
dayset_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_equal(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!ua_days_equal(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_compare(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)) < 0);
}

Datum
dayset_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_compare(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)) <= 0);
}

Datum
dayset_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_compare(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)) > 0);
}

Datum
dayset_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_days_compare(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)) >= 0);
}

Datum
dayset_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(ua_days_compare(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_hash(PG_FUNCTION_ARGS)
{
	UaDays		days = PG_GETARG_DAYS(0);

	PG_RETURN_DATUM(hash_any(days.body, (int) days.size));
}

Datum
dayset_hash_extended(PG_FUNCTION_ARGS)
{
	UaDays		days = PG_GETARG_DAYS(0);

	PG_RETURN_DATUM(hash_any_extended(days.body, (int) days.size,
									  PG_GETARG_INT64(1)));
}

/* ---------- operations ---------- */

Datum
dayset_plus(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_union(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_plus_day(PG_FUNCTION_ARGS)
{
	UaDay		day = ua_checked_day(PG_GETARG_DATEADT(1));

	PG_RETURN_POINTER(ua_dayset_with_run(PG_GETARG_DAYS(0), day, day));
}

Datum
dayset_plus_range(PG_FUNCTION_ARGS)
{
	RangeType  *range = PG_GETARG_RANGE_P(1);
	UaDay		first;
	UaDay		last;

	bounded_days_of_range(range_get_typcache(fcinfo, RangeTypeGetOid(range)),
						  range, &first, &last);
	PG_RETURN_POINTER(ua_dayset_with_run(PG_GETARG_DAYS(0), first, last));
}

Datum
dayset_times(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_intersection(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_times_day(PG_FUNCTION_ARGS)
{
	UaDay		day = ua_checked_day(PG_GETARG_DATEADT(1));

	PG_RETURN_POINTER(ua_dayset_slice(PG_GETARG_DAYS(0), day, day));
}

Datum
dayset_times_range(PG_FUNCTION_ARGS)
{
	UaDayset   *days = PG_GETARG_DAYSET(0);
	UaDay		first;
	UaDay		last;
	UaDay		first_day;
	UaDay		last_day;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);

	/* mostly all of them are in it */
	if (!ua_days_bounds(UA_DAYS(days), &first_day, &last_day) ||
		(first <= first_day && last_day <= last))
		PG_RETURN_POINTER(days);
	PG_RETURN_POINTER(ua_dayset_slice(UA_DAYS(days), first, last));
}

Datum
dayset_minus(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_difference(PG_GETARG_DAYS(0), PG_GETARG_DAYS(1)));
}

Datum
dayset_minus_day(PG_FUNCTION_ARGS)
{
	UaDay		day = ua_checked_day(PG_GETARG_DATEADT(1));

	PG_RETURN_POINTER(ua_dayset_without_run(PG_GETARG_DAYS(0), day, day));
}

Datum
dayset_minus_range(PG_FUNCTION_ARGS)
{
	UaDay		first;
	UaDay		last;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	PG_RETURN_POINTER(ua_dayset_without_run(PG_GETARG_DAYS(0), first, last));
}

Datum
trailing(PG_FUNCTION_ARGS)
{
	int32		n = PG_GETARG_INT32(1);

	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a trailing window must have at least 1 day, not %d", n)));
	PG_RETURN_POINTER(ua_dayset_trailing(PG_GETARG_DAYS(0), n));
}

Datum
shift(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_shift(PG_GETARG_DAYS(0), PG_GETARG_INT32(1)));
}

Datum
weeks(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_weeks(PG_GETARG_DAYS(0),
									  ua_checked_week_start(PG_GETARG_INT32(1))));
}

Datum
months(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_months(PG_GETARG_DAYS(0), 1));
}

Datum
quarters(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ua_dayset_months(PG_GETARG_DAYS(0), UA_MONTHS_PER_QUARTER));
}

Datum
first_days(PG_FUNCTION_ARGS)
{
	char	   *period = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int			week_start = ua_checked_week_start(PG_GETARG_INT32(2));
	UaDays		days = PG_GETARG_DAYS(0);
	int			months;

	if (strcmp(period, "day") == 0)
		PG_RETURN_POINTER(ua_dayset_from_days(days));
	if (strcmp(period, "week") == 0)
		PG_RETURN_POINTER(ua_dayset_first_by_week(days, week_start));

	months = strcmp(period, "month") == 0 ? 1 :
		strcmp(period, "quarter") == 0 ? UA_MONTHS_PER_QUARTER :
		strcmp(period, "year") == 0 ? MONTHS_PER_YEAR : 0;
	if (months == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period \"%s\" is not known", period),
				 errhint("Periods are day, week, month, quarter and year.")));
	PG_RETURN_POINTER(ua_dayset_first_by_months(days, months));
}
