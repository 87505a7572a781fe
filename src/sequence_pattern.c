/*
 * sequence_pattern.c
 *		The aggregates sequence_match and sequence_count: patterns of rows, in
 *		the notation of ClickHouse's sequenceMatch.
 *
 * A pattern is a list of items that match one row each, and of what may lie
 * between two of them: nothing, any rows, or any rows and a time. It is run as
 * a nondeterministic automaton, all ways to match at once (Thompson 1968), so
 * a row costs one look at each item, whatever the rows before it were.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "sequence_pattern.h"

PG_FUNCTION_INFO_V1(sequence_pattern_transfn);
PG_FUNCTION_INFO_V1(sequence_pattern_combinefn);
PG_FUNCTION_INFO_V1(sequence_pattern_serialfn);
PG_FUNCTION_INFO_V1(sequence_pattern_deserialfn);
PG_FUNCTION_INFO_V1(sequence_match_finalfn);
PG_FUNCTION_INFO_V1(sequence_count_finalfn);

/*
 * The pattern's text.
 */

typedef struct
{
	UaPattern  *pattern;
	const char *at;
	const char *end;
	int			maxitems;

	/* What has been read since the last item. */
	bool		any_rows;
	bool		timed;
	uint64		least;
	uint64		most;
	int			nholes;
	int			maxholes;
	uint64	   *holes;
} Parser;

static void
bad_pattern(Parser *parser, const char *problem)
{
	const UaPattern *pattern = parser->pattern;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("pattern \"%s\" is not valid", pattern->text),
			 errdetail("At character %d: %s.",
					   pg_mbstrlen_with_len(pattern->text,
											parser->at - pattern->text) + 1,
					   problem),
			 errhint("A pattern is made of (?N), \".\", \".*\" and (?t OP seconds), where N is the number of a condition and OP one of <, <=, >, >=, == and !=.")));
}

static void
skip_space(Parser *parser)
{
	while (parser->at < parser->end && strchr(" \t\n\r\f\v", *parser->at))
		parser->at++;
}

static bool
accept(Parser *parser, const char *token)
{
	int			length = strlen(token);

	if (parser->end - parser->at < length ||
		memcmp(parser->at, token, length) != 0)
		return false;
	parser->at += length;
	return true;
}

static inline bool
at_digit(const Parser *parser)
{
	return parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9';
}

/* Digits; a number too large to hold becomes the greatest there is. */
static uint64
read_digits(Parser *parser, int *ndigits)
{
	uint64		value = 0;

	for (*ndigits = 0; at_digit(parser); (*ndigits)++, parser->at++)
	{
		int			digit = *parser->at - '0';

		if (value > (PG_UINT64_MAX - digit) / 10)
			value = PG_UINT64_MAX;
		else
			value = value * 10 + digit;
	}
	return value;
}

/* Seconds, as microseconds. No two moments are as far apart as the greatest. */
static uint64
read_seconds(Parser *parser)
{
	int			ndigits;
	uint64		seconds = read_digits(parser, &ndigits);
	uint64		fraction = 0;

	if (ndigits == 0)
		bad_pattern(parser, "a number of seconds is expected");
	if (accept(parser, "."))
	{
		fraction = read_digits(parser, &ndigits);
		if (ndigits < 1 || ndigits > 6)
			bad_pattern(parser, "seconds have 1 to 6 decimals after the point");
		for (; ndigits < 6; ndigits++)
			fraction *= 10;
	}
	if (seconds > (PG_UINT64_MAX - fraction) / USECS_PER_SEC)
		return PG_UINT64_MAX;
	return seconds * USECS_PER_SEC + fraction;
}

static void
forget_gap(Parser *parser)
{
	parser->any_rows = parser->timed = false;
	parser->least = 0;
	parser->most = PG_UINT64_MAX;
	parser->nholes = parser->maxholes = 0;
	parser->holes = NULL;
}

static void
add_hole(Parser *parser, uint64 span)
{
	if (parser->nholes == parser->maxholes)
	{
		parser->maxholes = Max(4, parser->maxholes * 2);
		parser->holes = parser->holes ?
			repalloc_huge(parser->holes, parser->maxholes * sizeof(uint64)) :
			palloc(parser->maxholes * sizeof(uint64));
	}
	parser->holes[parser->nholes++] = span;
}

/* A condition on the time, from the operator on: narrow the gap to it. */
static void
read_time_condition(Parser *parser)
{
	static const char *const operators[] = {"<=", "<", ">=", ">", "==", "!="};
	const char *operator = NULL;
	uint64		span;

	if (parser->pattern->nitems == 0)
		bad_pattern(parser, "a time needs a row before it");
	skip_space(parser);
	for (int i = 0; i < lengthof(operators) && operator == NULL; i++)
		if (accept(parser, operators[i]))
			operator = operators[i];
	if (operator == NULL)
		bad_pattern(parser, "an operator is expected");
	skip_space(parser);
	span = read_seconds(parser);
	skip_space(parser);
	if (!accept(parser, ")"))
		bad_pattern(parser, "\")\" is expected");

	parser->timed = true;
	if (operator[0] == '!')
		add_hole(parser, span);
	else if (operator[0] == '=')
	{
		parser->least = Max(parser->least, span);
		parser->most = Min(parser->most, span);
	}
	else if (operator[0] == '>')
	{
		/* No time is as long as the greatest, so more than it is too. */
		if (operator[1] == '\0' && span < PG_UINT64_MAX)
			span++;
		parser->least = Max(parser->least, span);
	}
	else if (operator[1] == '=')
		parser->most = Min(parser->most, span);
	else if (span > 0)
		parser->most = Min(parser->most, span - 1);
	else
	{
		/* Less than nothing: no time is both 1 at least and 0 at most. */
		parser->least = Max(parser->least, 1);
		parser->most = 0;
	}
}

static int
compare_spans(const void *a, const void *b)
{
	uint64		left = *(const uint64 *) a;
	uint64		right = *(const uint64 *) b;

	return left < right ? -1 : left > right;
}

/* An item, and what was read before it. */
static void
add_item(Parser *parser, int condition)
{
	UaPattern  *pattern = parser->pattern;
	UaPatternItem *item;

	if (pattern->nitems == parser->maxitems)
	{
		parser->maxitems *= 2;
		pattern->items = repalloc_huge(pattern->items,
									   parser->maxitems * sizeof(UaPatternItem));
	}
	item = &pattern->items[pattern->nitems++];
	item->condition = condition;
	item->least = parser->least;
	item->most = parser->most;
	item->holes = parser->holes;
	item->nholes = 0;

	/* Keep the holes that matter, once each. */
	if (parser->nholes > 0)
		qsort(parser->holes, parser->nholes, sizeof(uint64), compare_spans);
	for (int i = 0; i < parser->nholes; i++)
	{
		uint64		hole = parser->holes[i];

		if (hole >= item->least && hole <= item->most &&
			(item->nholes == 0 || item->holes[item->nholes - 1] != hole))
			item->holes[item->nholes++] = hole;
	}

	if (!parser->timed)
		item->gap = parser->any_rows ? UA_GAP_ANY : UA_GAP_NONE;
	else if (item->nholes == 0 && item->least == 0)
		item->gap = UA_GAP_AT_MOST;
	else if (item->nholes == 0 && item->most == PG_UINT64_MAX)
		item->gap = UA_GAP_AT_LEAST;
	else
		item->gap = UA_GAP_TIME;
	forget_gap(parser);
}

/*
 * Parse a pattern, into the current memory context. Any rows before the first
 * item or after the last one change nothing: a match may start at any row, and
 * ends as soon as it can.
 */
UaPattern *
ua_parse_pattern(const char *text, int length, int nconditions)
{
	Parser		parser;
	UaPattern  *pattern = palloc0(offsetof(UaPattern, text) + length + 1);

	memcpy(pattern->text, text, length);
	pattern->length = length;
	pattern->nconditions = nconditions;

	parser.pattern = pattern;
	parser.at = pattern->text;
	parser.end = pattern->text + length;
	parser.maxitems = 8;
	pattern->items = palloc(parser.maxitems * sizeof(UaPatternItem));
	forget_gap(&parser);

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		skip_space(&parser);
		if (parser.at == parser.end)
			break;
		if (accept(&parser, ".*"))
			parser.any_rows = true;
		else if (accept(&parser, "."))
			add_item(&parser, 0);
		else if (accept(&parser, "(?t"))
			read_time_condition(&parser);
		else if (accept(&parser, "(?"))
		{
			int			ndigits;
			uint64		condition = read_digits(&parser, &ndigits);

			if (ndigits == 0)
				bad_pattern(&parser, "the number of a condition, or t, is expected");
			if (condition < 1 || condition > nconditions)
				bad_pattern(&parser, psprintf("conditions are numbered from 1 to %d",
											  nconditions));
			if (!accept(&parser, ")"))
				bad_pattern(&parser, "\")\" is expected");
			add_item(&parser, (int) condition);
		}
		else
			bad_pattern(&parser, "this is no part of a pattern");
	}
	if (parser.timed)
		bad_pattern(&parser, "a time needs a row after it");

	/* A match has at least one row. */
	if (pattern->nitems == 0)
		add_item(&parser, 0);
	return pattern;
}

/*
 * Matching.
 */

/*
 * How many rows that matched the item before a gap lie in a range of times
 * back from the current row. The range only moves on, so each row enters and
 * leaves it once.
 */
typedef struct
{
	uint32		first;			/* of the rows in the range */
	uint32		next;			/* after the rows in the range */
	uint32		nmatched;		/* among them */
} TimeRange;

/* Where an item stands: rows since the last whole match that it matched. */
typedef struct
{
	bool		matched;		/* any at all */
	uint32		last_row;
	TimestampTz earliest;
	TimestampTz latest;

	/* Where the gap before the item is a UA_GAP_TIME: */
	uint64	   *before;			/* a bit for each row that the item before matched */
	TimeRange	range;
	TimeRange  *holes;
} ItemState;

/* Move the range of times back from ts, least … most, on to before a row. */
static void
move_range(TimeRange *range, const uint64 *matched, const UaSequenceRow *rows,
		   uint32 row, uint64 least, uint64 most)
{
	TimestampTz ts = rows[row].ts;

	for (; range->next < row && ua_elapsed(rows[range->next].ts, ts) >= least;
		 range->next++)
	{
		CHECK_FOR_INTERRUPTS();
		range->nmatched += matched[range->next / 64] >> (range->next % 64) & 1;
	}
	for (; range->first < range->next &&
		 ua_elapsed(rows[range->first].ts, ts) > most;
		 range->first++)
	{
		CHECK_FOR_INTERRUPTS();
		range->nmatched -= matched[range->first / 64] >> (range->first % 64) & 1;
	}
}

/* Whether an item can follow the one before it at a row, given the gap. */
static bool
gap_allows(const UaPatternItem *item, ItemState *state,
		   const UaSequenceRow *rows, uint32 row)
{
	const ItemState *before = state - 1;
	TimestampTz ts = rows[row].ts;
	uint32		nmatched;

	if (!before->matched)
		return false;
	switch (item->gap)
	{
		case UA_GAP_NONE:
			return before->last_row + 1 == row;
		case UA_GAP_ANY:
			return true;
		case UA_GAP_AT_MOST:
			return ua_elapsed(before->latest, ts) <= item->most;
		case UA_GAP_AT_LEAST:
			return ua_elapsed(before->earliest, ts) >= item->least;
		case UA_GAP_TIME:
			break;
	}

	if (item->least > item->most)
		return false;
	move_range(&state->range, state->before, rows, row,
			   item->least, item->most);
	nmatched = state->range.nmatched;
	for (int i = 0; i < item->nholes && nmatched > 0; i++)
	{
		move_range(&state->holes[i], state->before, rows, row,
				   item->holes[i], item->holes[i]);
		nmatched -= state->holes[i].nmatched;
	}
	return nmatched > 0;
}

/*
 * Count the matches in sorted rows, up to as many as are enough. The first row
 * that completes a match ends it, and the search begins anew after that row.
 */
int64
ua_count_matches(const UaPattern *pattern, const UaSequenceRow *rows,
				 uint32 nrows, int64 enough)
{
	int			nitems = pattern->nitems;
	ItemState  *states;
	int64		count = 0;

	states = MemoryContextAllocExtended(CurrentMemoryContext,
										nitems * sizeof(ItemState),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < nitems; i++)
	{
		if (pattern->items[i].gap != UA_GAP_TIME)
			continue;
		CHECK_FOR_INTERRUPTS();
		ua_sequence_reserve(CurrentMemoryContext, nrows / 8 + 1);
		states[i].before =
			MemoryContextAllocExtended(CurrentMemoryContext,
									   ((Size) nrows / 64 + 1) * sizeof(uint64),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		states[i].holes = palloc0((pattern->items[i].nholes + 1) * sizeof(TimeRange));
	}

	for (uint32 row = 0; row < nrows && count < enough; row++)
	{
		TimestampTz ts = rows[row].ts;

		/* From the last item to the first, which sees the rows before. */
		for (int i = nitems - 1; i >= 0; i--)
		{
			const UaPatternItem *item = &pattern->items[i];
			ItemState  *state = &states[i];

			CHECK_FOR_INTERRUPTS();
			if (item->condition > 0 &&
				(rows[row].conditions >> (item->condition - 1) & 1) == 0)
				continue;
			if (i > 0 && !gap_allows(item, state, rows, row))
				continue;
			if (i == nitems - 1)
			{
				count++;
				for (int j = 0; j < nitems; j++)
				{
					states[j].matched = false;
					if (states[j].before == NULL)
						continue;
					states[j].range = (TimeRange) {row + 1, row + 1, 0};
					for (int k = 0; k < pattern->items[j].nholes; k++)
						states[j].holes[k] = states[j].range;
				}
				break;
			}
			if (!state->matched)
				state->earliest = ts;
			state->matched = true;
			state->latest = ts;
			state->last_row = row;
			if (states[i + 1].before != NULL)
				states[i + 1].before[row / 64] |= UINT64CONST(1) << (row % 64);
		}
	}

	for (int i = 0; i < nitems; i++)
	{
		if (states[i].before == NULL)
			continue;
		pfree(states[i].before);
		pfree(states[i].holes);
	}
	pfree(states);
	return count;
}

/*
 * The aggregates.
 */

/* The pattern, parsed, in memory that lives as long as the query. */
static const UaPattern *
keep_pattern(FunctionCallInfo fcinfo, const char *text, int length,
			 int nconditions)
{
	UaPattern  *pattern = fcinfo->flinfo->fn_extra;

	if (pattern == NULL || pattern->length != length ||
		memcmp(pattern->text, text, length) != 0 ||
		pattern->nconditions != nconditions)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		pattern = ua_parse_pattern(text, length, nconditions);
		MemoryContextSwitchTo(caller);
		fcinfo->flinfo->fn_extra = pattern;
	}
	return pattern;
}

static void
check_same_pattern(const UaPattern *pattern, const char *text, int length,
				   int nconditions)
{
	if (pattern->length != length || memcmp(pattern->text, text, length) != 0)
		ua_changed_argument("pattern");
	if (pattern->nconditions != nconditions)
		ua_changed_argument("the number of conditions");
}

/* (state, pattern, ts, conditions) */
Datum
sequence_pattern_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	UaSequence *state;
	TimestampTz ts;
	uint64		conditions;
	int			nconditions = ua_conditions_arg(fcinfo, 3, &conditions);
	text	   *pattern;

	if (PG_ARGISNULL(1))
		ua_null_argument("pattern");
	pattern = PG_GETARG_TEXT_PP(1);

	if (PG_ARGISNULL(0))
	{
		if (nconditions == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there must be at least one condition")));
		state = ua_sequence_new(context,
								keep_pattern(fcinfo, VARDATA_ANY(pattern),
											 VARSIZE_ANY_EXHDR(pattern),
											 nconditions));
	}
	else
	{
		state = (UaSequence *) PG_GETARG_POINTER(0);
		check_same_pattern(state->constants, VARDATA_ANY(pattern),
						   VARSIZE_ANY_EXHDR(pattern), nconditions);
	}

	/* Rows in which no condition holds are not seen. */
	if (ua_timestamp_arg(fcinfo, 2, &ts) && conditions != 0)
		state = ua_sequence_add(context, state, ts, conditions);
	PG_RETURN_POINTER(state);
}

Datum
sequence_pattern_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = ua_aggregate_context(fcinfo);
	const UaPattern *pattern;
	UaSequence *into;
	UaSequence *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = (UaSequence *) PG_GETARG_POINTER(1);
	pattern = from->constants;
	if (PG_ARGISNULL(0))
		into = ua_sequence_new(context, pattern);
	else
	{
		into = (UaSequence *) PG_GETARG_POINTER(0);
		check_same_pattern(into->constants, pattern->text, pattern->length,
						   pattern->nconditions);
	}
	PG_RETURN_POINTER(ua_sequence_merge(context, into, from));
}

Datum
sequence_pattern_serialfn(PG_FUNCTION_ARGS)
{
	UaSequence *state = (UaSequence *) PG_GETARG_POINTER(0);
	const UaPattern *pattern = state->constants;
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint32(&buf, pattern->nconditions);
	pq_sendint32(&buf, pattern->length);
	pq_sendbytes(&buf, pattern->text, pattern->length);
	ua_sequence_send(&buf, state);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
sequence_pattern_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	int			nconditions;
	int			length;
	const char *text;
	UaSequence *state;
	StringInfoData buf;

	ua_read_bytea(&buf, bytes);
	nconditions = pq_getmsgint(&buf, 4);
	length = pq_getmsgint(&buf, 4);
	text = pq_getmsgbytes(&buf, length);
	state = ua_sequence_recv(&buf, keep_pattern(fcinfo, text, length,
												nconditions));
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

static int64
count_in_group(UaSequence *state, int64 enough)
{
	ua_sequence_sort(state);
	return ua_count_matches(state->constants, state->rows, state->nrows, enough);
}

Datum
sequence_match_finalfn(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(count_in_group((UaSequence *) PG_GETARG_POINTER(0), 1) > 0);
}

Datum
sequence_count_finalfn(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64(count_in_group((UaSequence *) PG_GETARG_POINTER(0),
								   PG_INT64_MAX));
}
