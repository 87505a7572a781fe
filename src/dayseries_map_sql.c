/*
 * dayseries_map_sql.c
 *		The functions of the type dayseries_map; see dayseries_map.h for what
 *		they do.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "compat.h"
#include "dayseries_sql.h"
#include "dayseries_text.h"
#include "daytotals.h"
#include "model.h"
#include "taxonomy.h"

PG_FUNCTION_INFO_V1(dayseries_map_in);
PG_FUNCTION_INFO_V1(dayseries_map_out);
PG_FUNCTION_INFO_V1(dayseries_map_recv);
PG_FUNCTION_INFO_V1(dayseries_map_send);
PG_FUNCTION_INFO_V1(dayseries_map_from_series);
PG_FUNCTION_INFO_V1(dayseries_map_to_json);
PG_FUNCTION_INFO_V1(dayseries_map_to_jsonb);
PG_FUNCTION_INFO_V1(dayseries_map_eq);
PG_FUNCTION_INFO_V1(dayseries_map_ne);
PG_FUNCTION_INFO_V1(dayseries_map_lt);
PG_FUNCTION_INFO_V1(dayseries_map_le);
PG_FUNCTION_INFO_V1(dayseries_map_gt);
PG_FUNCTION_INFO_V1(dayseries_map_ge);
PG_FUNCTION_INFO_V1(dayseries_map_cmp);
PG_FUNCTION_INFO_V1(dayseries_map_hash);
PG_FUNCTION_INFO_V1(dayseries_map_hash_extended);
PG_FUNCTION_INFO_V1(dayseries_map_isempty);
PG_FUNCTION_INFO_V1(dayseries_map_cardinality);
PG_FUNCTION_INFO_V1(dayseries_map_get);
PG_FUNCTION_INFO_V1(dayseries_map_days);
PG_FUNCTION_INFO_V1(dayseries_map_labels);
PG_FUNCTION_INFO_V1(dayseries_map_each);
PG_FUNCTION_INFO_V1(dayseries_map_total_series);
PG_FUNCTION_INFO_V1(by_category);
PG_FUNCTION_INFO_V1(dayseries_map_plus);
PG_FUNCTION_INFO_V1(dayseries_map_minus);
PG_FUNCTION_INFO_V1(dayseries_map_negative);
PG_FUNCTION_INFO_V1(dayseries_map_slice);
PG_FUNCTION_INFO_V1(each_month);
PG_FUNCTION_INFO_V1(labels_under);

/*
 * Datums
 */

UaMap
ua_map_of(Datum value)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);

	return (UaMap) {(uint8 *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)};
}

Datum
ua_map_datum(UaMapWriter *writer)
{
	Size		size = VARHDRSZ + ua_map_finish(writer);
	struct varlena *value;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("dayseries_map would be too large")));
	value = palloc(size);
	SET_VARSIZE(value, size);
	ua_map_store(writer, (uint8 *) VARDATA(value));
	ua_map_release(writer);
	return PointerGetDatum(value);
}

/*
 * Input and output
 */

Datum
dayseries_map_in(PG_FUNCTION_ARGS)
{
	UaMapWriter result;

	ua_map_start(&result);
	ua_map_from_text(&result, PG_GETARG_CSTRING(0));
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_out(PG_FUNCTION_ARGS)
{
	StringInfoData text;

	initStringInfo(&text);
	ua_map_to_text(&text, PG_GETARG_DAYSERIES_MAP(0));
	PG_RETURN_CSTRING(text.data);
}

/*
 * In binary form a map is the number of its labels, an int4, then for each
 * label, in order: its length in bytes, an int4; the label in the client's
 * encoding; the length of its series, an int4; the series as dayseries_send()
 * has it.
 */
static void
malformed(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("malformed dayseries_map in binary form"),
			 errdetail("%s", detail)));
}

static int
receive_length(StringInfo message)
{
	int			length;

	if (message->len - message->cursor < 4)
		malformed("A length is missing.");
	length = (int32) pq_getmsgint(message, 4);
	if (length < 1 || length > message->len - message->cursor)
		malformed("A length is out of range.");
	return length;
}

Datum
dayseries_map_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int32		count;
	UaMapWriter result;
	char	   *last = NULL;
	int			last_size = 0;

	if (message->len - message->cursor < 4)
		malformed("The number of labels is missing.");
	count = (int32) pq_getmsgint(message, 4);
	if (count < 0)
		malformed("The number of labels is negative.");
	ua_map_start(&result);
	for (int32 i = 0; i < count; i++)
	{
		char	   *label;
		int			label_size;
		UaDayseries series;
		const char *fault;

		label = pq_getmsgtext(message, receive_length(message), &label_size);
		ua_check_label(label, label_size);
		if (last != NULL &&
			ua_label_compare(last, last_size, label, label_size) >= 0)
			malformed("The labels are not in ascending order.");

		series.size = receive_length(message);
		series.bytes = (const uint8 *) pq_getmsgbytes(message,
													  (int) series.size);
		fault = ua_dayseries_fault(series);
		if (fault != NULL)
			malformed(fault);
		if (ua_dayseries_isempty(series))
			malformed("A series is empty.");
		ua_map_put_stored(&result, label, label_size, series);
		if (last != NULL)
			pfree(last);
		last = label;
		last_size = label_size;
	}
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_send(PG_FUNCTION_ARGS)
{
	UaMap		map = PG_GETARG_DAYSERIES_MAP(0);
	UaMapReader reader;
	UaMapEntry	entry;
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint32(&message, ua_map_count(map));
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		ua_send_counted_text(&message, entry.label, (int) entry.label_size);
		pq_sendint32(&message, (uint32) entry.series.size);
		pq_sendbytes(&message, (const char *) entry.series.bytes,
					 (int) entry.series.size);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* dayseries_map(text, dayseries) */
Datum
dayseries_map_from_series(PG_FUNCTION_ARGS)
{
	text	   *label = PG_GETARG_TEXT_PP(0);
	UaMapWriter result;

	ua_check_label(VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label));
	ua_map_start(&result);
	ua_map_put_stored(&result, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label),
					  PG_GETARG_DAYSERIES(1));
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_to_json(PG_FUNCTION_ARGS)
{
	StringInfoData json;

	initStringInfo(&json);
	ua_map_to_json(&json, PG_GETARG_DAYSERIES_MAP(0));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

Datum
dayseries_map_to_jsonb(PG_FUNCTION_ARGS)
{
	StringInfoData json;

	initStringInfo(&json);
	ua_map_to_json(&json, PG_GETARG_DAYSERIES_MAP(0));
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/*
 * Comparison
 */

static inline int
compare_args(FunctionCallInfo fcinfo)
{
	return ua_map_compare(PG_GETARG_DAYSERIES_MAP(0),
						  PG_GETARG_DAYSERIES_MAP(1));
}

Datum
dayseries_map_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) == 0);
}

Datum
dayseries_map_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) != 0);
}

Datum
dayseries_map_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) < 0);
}

Datum
dayseries_map_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) <= 0);
}

Datum
dayseries_map_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) > 0);
}

Datum
dayseries_map_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) >= 0);
}

Datum
dayseries_map_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_args(fcinfo));
}

Datum
dayseries_map_hash(PG_FUNCTION_ARGS)
{
	UaMap		map = PG_GETARG_DAYSERIES_MAP(0);

	PG_RETURN_DATUM(hash_any(map.bytes, (int) map.size));
}

Datum
dayseries_map_hash_extended(PG_FUNCTION_ARGS)
{
	UaMap		map = PG_GETARG_DAYSERIES_MAP(0);

	PG_RETURN_DATUM(hash_any_extended(map.bytes, (int) map.size,
									  PG_GETARG_INT64(1)));
}

/*
 * Asking
 */

Datum
dayseries_map_isempty(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ua_map_isempty(PG_GETARG_DAYSERIES_MAP(0)));
}

Datum
dayseries_map_cardinality(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(ua_map_count(PG_GETARG_DAYSERIES_MAP(0)));
}

/* map -> label */
Datum
dayseries_map_get(PG_FUNCTION_ARGS)
{
	text	   *label = PG_GETARG_TEXT_PP(1);
	UaDayseries series;

	if (!ua_map_find(PG_GETARG_DAYSERIES_MAP(0), VARDATA_ANY(label),
					 VARSIZE_ANY_EXHDR(label), &series))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(ua_dayseries_copy_datum(series));
}

static Datum
label_datum(const UaMapEntry *entry)
{
	return PointerGetDatum(cstring_to_text_with_len(entry->label,
													(int) entry->label_size));
}

/* The labels of an argument, taken apart once where it stays the same. */
typedef struct LabelList
{
	int			count;
	Datum	   *labels;
	bool	   *nulls;
} LabelList;

static LabelList *
label_list(FunctionCallInfo fcinfo, int argument)
{
	LabelList  *list = fcinfo->flinfo->fn_extra;

	if (list == NULL)
	{
		bool		stable = get_fn_expr_arg_stable(fcinfo->flinfo, argument);
		MemoryContext caller = MemoryContextSwitchTo(stable ? fcinfo->flinfo->fn_mcxt :
													 CurrentMemoryContext);

		list = palloc(sizeof(LabelList));
		deconstruct_array(PG_GETARG_ARRAYTYPE_P_COPY(argument), TEXTOID, -1, false, TYPALIGN_INT,
						  &list->labels, &list->nulls, &list->count);
		if (stable)
			fcinfo->flinfo->fn_extra = list;
		MemoryContextSwitchTo(caller);
	}
	return list;
}

/* days(dayseries_map, text[]): NULL where none of the labels is there */
Datum
dayseries_map_days(PG_FUNCTION_ARGS)
{
	UaMap		map = PG_GETARG_DAYSERIES_MAP(0);
	LabelList  *list = label_list(fcinfo, 1);
	UaDayset   *result = NULL;

	for (int i = 0; i < list->count; i++)
	{
		UaDayseries series;
		UaDaysWriter writer;
		UaDayset   *days;
		text	   *label;

		if (list->nulls[i])
			continue;
		label = DatumGetTextPP(list->labels[i]);
		if (!ua_map_find(map, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label), &series))
			continue;
		ua_days_write(&writer, VARHDRSZ, series.size);
		ua_dayseries_positive(&writer, series);
		days = ua_dayset_written(&writer);
		result = result == NULL ? days : ua_dayset_union(UA_DAYS(result), UA_DAYS(days));
	}
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}

Datum
dayseries_map_labels(PG_FUNCTION_ARGS)
{
	UaMap		map = PG_GETARG_DAYSERIES_MAP(0);
	Datum	   *labels = palloc(ua_map_count(map) * sizeof(Datum));
	UaMapReader reader;
	UaMapEntry	entry;
	int			count = 0;

	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
		labels[count++] = label_datum(&entry);
	PG_RETURN_ARRAYTYPE_P(construct_array(labels, count, TEXTOID, -1, false,
										  TYPALIGN_INT));
}

/* each(dayseries_map) */
Datum
dayseries_map_each(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	UaMapReader *reader;
	UaMapEntry	entry;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		struct varlena *map;
		TupleDesc	tuple;

		funcctx = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &tuple) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		funcctx->tuple_desc = BlessTupleDesc(tuple);

		/* a copy, as the argument may not live as long as the calls go on */
		map = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
		reader = funcctx->user_fctx = palloc(sizeof(UaMapReader));
		ua_map_read(reader, ua_map_of(PointerGetDatum(map)));
		MemoryContextSwitchTo(caller);
	}
	funcctx = SRF_PERCALL_SETUP();
	reader = funcctx->user_fctx;

	if (!ua_map_next(reader, &entry))
		SRF_RETURN_DONE(funcctx);
	values[0] = label_datum(&entry);
	values[1] = ua_dayseries_copy_datum(entry.series);
	SRF_RETURN_NEXT(funcctx,
					HeapTupleGetDatum(heap_form_tuple(funcctx->tuple_desc,
													  values, nulls)));
}

/* The series of all labels added up. */
Datum
dayseries_map_total_series(PG_FUNCTION_ARGS)
{
	UaMapReader reader;
	UaMapEntry	entry;
	UaDayTotals totals;
	UaDayseriesWriter result;

	ua_totals_start(&totals, CurrentMemoryContext);
	ua_map_read(&reader, PG_GETARG_DAYSERIES_MAP(0));
	while (ua_map_next(&reader, &entry))
		ua_totals_add(&totals, entry.series);
	ua_dayseries_start(&result);
	ua_totals_write(&totals, &result, false);
	PG_RETURN_DATUM(ua_dayseries_datum(&result));
}

/*
 * Making maps out of maps
 */

/* What event names without a category come under. */
#define UNKNOWN_CATEGORY	"unknown"

/* Labels are event names, and become their categories. */
Datum
by_category(PG_FUNCTION_ARGS)
{
	UaTaxonomy *taxonomy = ua_taxonomy((UaTaxonomy **) &fcinfo->flinfo->fn_extra,
									   fcinfo->flinfo->fn_mcxt,
									   ua_function_schema(fcinfo));
	UaMapReader reader;
	UaMapEntry	entry;
	UaMapTotals totals;
	UaMapWriter result;

	ua_map_read(&reader, PG_GETARG_DAYSERIES_MAP(0));
	ua_map_totals_start(&totals, CurrentMemoryContext);
	while (ua_map_next(&reader, &entry))
	{
		text	   *category = ua_event_category(taxonomy, entry.label,
												 entry.label_size);
		const char *label = UNKNOWN_CATEGORY;
		Size		label_size = strlen(UNKNOWN_CATEGORY);

		if (category != NULL)
		{
			label = VARDATA_ANY(category);
			label_size = VARSIZE_ANY_EXHDR(category);
			ua_check_label(label, label_size);
		}
		ua_totals_add(ua_map_totals_of(&totals, label, label_size),
					  entry.series);
	}
	ua_map_start(&result);
	ua_map_totals_write(&totals, &result, false);
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_plus(PG_FUNCTION_ARGS)
{
	UaMap		change = PG_GETARG_DAYSERIES_MAP(1);
	UaMapWriter result;

	/* So an update leaves it where it is stored. */
	if (ua_map_isempty(change))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	ua_map_start(&result);
	ua_map_add(&result, PG_GETARG_DAYSERIES_MAP(0), change);
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_minus(PG_FUNCTION_ARGS)
{
	UaMapWriter result;

	ua_map_start(&result);
	ua_map_subtract(&result, PG_GETARG_DAYSERIES_MAP(0),
					PG_GETARG_DAYSERIES_MAP(1));
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_negative(PG_FUNCTION_ARGS)
{
	UaMapWriter result;

	ua_map_start(&result);
	ua_map_negate(&result, PG_GETARG_DAYSERIES_MAP(0));
	PG_RETURN_DATUM(ua_map_datum(&result));
}

Datum
dayseries_map_slice(PG_FUNCTION_ARGS)
{
	UaMapWriter result;
	UaDay		first,
				last;

	ua_days_of_range_arg(fcinfo, 1, &first, &last);
	ua_map_start(&result);
	ua_map_slice(&result, PG_GETARG_DAYSERIES_MAP(0), first, last);
	PG_RETURN_DATUM(ua_map_datum(&result));
}

/* The labels that begin with a prefix, without it; what is nothing else is left out. */
Datum
labels_under(PG_FUNCTION_ARGS)
{
	text	   *prefix = PG_GETARG_TEXT_PP(1);
	Size		prefix_size = VARSIZE_ANY_EXHDR(prefix);
	UaMapReader reader;
	UaMapEntry	entry;
	UaMapWriter result;

	ua_map_start(&result);
	ua_map_read(&reader, PG_GETARG_DAYSERIES_MAP(0));
	while (ua_map_next(&reader, &entry))
	{
		int			order = memcmp(entry.label, VARDATA_ANY(prefix),
								   Min(entry.label_size, prefix_size));

		if (order > 0)
			break;
		if (order == 0 && entry.label_size > prefix_size)
			ua_map_put_stored(&result, entry.label + prefix_size,
							  entry.label_size - prefix_size, entry.series);
	}
	PG_RETURN_DATUM(ua_map_datum(&result));
}

/* What is left of a label's series; nothing where the block has no bits. */
typedef struct MonthCursor
{
	const char *label;
	Size		label_size;
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	int			next;			/* among the block's values */
} MonthCursor;

typedef struct MonthState
{
	int			count;
	MonthCursor cursors[FLEXIBLE_ARRAY_MEMBER];
} MonthState;

static void
next_block(MonthCursor *cursor)
{
	cursor->next = 0;
	if (!ua_dayseries_next(&cursor->reader, &cursor->block))
		cursor->block.bits = 0;
}

static MonthState *
start_months(UaMap map)
{
	MonthState *state = palloc_extended(offsetof(MonthState, cursors) +
										ua_map_count(map) * sizeof(MonthCursor),
										MCXT_ALLOC_HUGE);
	UaMapReader reader;
	UaMapEntry	entry;

	state->count = 0;
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		MonthCursor *cursor = &state->cursors[state->count++];

		cursor->label = entry.label;
		cursor->label_size = entry.label_size;
		ua_dayseries_read(&cursor->reader, entry.series);
		next_block(cursor);
	}
	return state;
}

/* The first day that is left; PG_INT64_MAX where there is none. */
static int64
first_day_left(const MonthState *state)
{
	int64		first = PG_INT64_MAX;

	for (int i = 0; i < state->count; i++)
	{
		const UaDayseriesBlock *block = &state->cursors[i].block;

		if (block->bits != 0)
			first = Min(first, ua_day_of_word(block->word) +
						pg_rightmost_one_pos64(block->bits));
	}
	return first;
}

/* Take what a series has before a day. */
static void
take_until(MonthCursor *cursor, int64 end, UaDayseriesWriter *result)
{
	UaDayseriesBlock *block = &cursor->block;

	while (block->bits != 0 && ua_day_of_word(block->word) < end)
	{
		uint64		taken = block->bits;

		if (end - ua_day_of_word(block->word) < DAYS_PER_WORD)
			taken &= ua_bits_before((UaDay) end);
		if (taken == 0)
			break;
		ua_dayseries_put_block(result, block->word, taken,
							   block->values + cursor->next);
		cursor->next += pg_popcount64(taken);
		block->bits ^= taken;
		if (block->bits == 0)
			next_block(cursor);
	}
}

/* each_month(dayseries_map) */
Datum
each_month(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	MonthState *state;
	int64		day;
	int64		month;
	int64		first;
	int64		end;
	UaDayseriesWriter series;
	UaMapWriter part;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		struct varlena *map;
		TupleDesc	tuple;

		funcctx = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &tuple) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		funcctx->tuple_desc = BlessTupleDesc(tuple);

		/* a copy, as the argument may not live as long as the calls go on */
		map = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
		funcctx->user_fctx = start_months(ua_map_of(PointerGetDatum(map)));
		MemoryContextSwitchTo(caller);
	}
	funcctx = SRF_PERCALL_SETUP();
	state = funcctx->user_fctx;

	day = first_day_left(state);
	if (day == PG_INT64_MAX)
		SRF_RETURN_DONE(funcctx);
	month = ua_month_of_day((UaDay) day);
	first = ua_first_day_of_month(month);
	end = ua_first_day_of_month(month + 1);
	if (!ua_is_day(first))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));

	ua_dayseries_start(&series);
	ua_map_start(&part);
	for (int i = 0; i < state->count; i++)
	{
		MonthCursor *cursor = &state->cursors[i];

		ua_dayseries_restart(&series);
		take_until(cursor, end, &series);
		ua_map_put_written(&part, cursor->label, cursor->label_size, &series);
	}
	ua_dayseries_release(&series);

	values[0] = DateADTGetDatum((DateADT) first);
	values[1] = ua_map_datum(&part);
	SRF_RETURN_NEXT(funcctx,
					HeapTupleGetDatum(heap_form_tuple(funcctx->tuple_desc,
													  values, nulls)));
}
