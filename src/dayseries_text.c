/*
 * dayseries_text.c
 *		dayseries and dayseries_map as text and as JSON.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "dayseries_text.h"

/* A value as it was read, before everything is put in order. */
typedef struct Item
{
	const char *label;			/* NULL in a series of its own */
	Size		label_size;
	UaDay		day;
	int64		value;
} Item;

typedef struct Parser
{
	const char *type;			/* for messages */
	const char *text;
	const char *at;
	const char *label;			/* that the items belong to */
	Size		label_size;
	Item	   *items;
	Size		count;
	Size		capacity;
	bool		ordered;
} Parser;

static void
malformed(const Parser *parser, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("malformed %s literal: \"%s\"", parser->type, parser->text),
			 errdetail("%s", detail)));
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_space(Parser *parser)
{
	while (is_space(*parser->at))
		parser->at++;
}

static bool
take(Parser *parser, char c)
{
	skip_space(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	return true;
}

static void
expect(Parser *parser, char c)
{
	char		detail[] = "\"?\" is missing.";

	detail[1] = c;
	if (!take(parser, c))
		malformed(parser, detail);
}

static UaDay
parse_date(Parser *parser)
{
	UaDay		day = 0;

	skip_space(parser);
	switch (ua_date_from_text(&parser->at, &day))
	{
		case UA_DATE_OK:
			break;
		case UA_DATE_MALFORMED:
			malformed(parser, "A date reads as in 2026-01-31.");
			break;
		case UA_DATE_OUT_OF_RANGE:
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("date out of range in %s literal: \"%s\"",
							parser->type, parser->text)));
	}
	return day;
}

static int64
parse_value(Parser *parser)
{
	bool		negative;
	bool		overflow = false;
	const char *first;
	int64		value = 0;

	negative = take(parser, '-');
	if (!negative && *parser->at == '+')
		parser->at++;
	/* towards the negative, which reaches one further */
	for (first = parser->at; *parser->at >= '0' && *parser->at <= '9';
		 parser->at++)
		overflow |= pg_mul_s64_overflow(value, 10, &value) ||
			pg_sub_s64_overflow(value, *parser->at - '0', &value);
	if (parser->at == first)
		malformed(parser, "A day has an integer after the colon.");
	if (!negative)
		overflow |= pg_sub_s64_overflow(0, value, &value);
	if (overflow)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type bigint in %s literal: \"%s\"",
						parser->type, parser->text)));
	return value;
}

static int
compare_items(const void *a, const void *b)
{
	const Item *item_a = a;
	const Item *item_b = b;

	if (item_a->label != item_b->label)
	{
		int			order = ua_label_compare(item_a->label, item_a->label_size,
											 item_b->label, item_b->label_size);

		if (order != 0)
			return order;
	}
	return (item_a->day > item_b->day) - (item_a->day < item_b->day);
}

static void
add_item(Parser *parser, UaDay day, int64 value)
{
	Item	   *item;

	if (parser->count == parser->capacity)
	{
		CHECK_FOR_INTERRUPTS();
		if (parser->capacity > MaxAllocSize / sizeof(Item) / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("%s would be too large", parser->type)));
		parser->capacity = Max(32, parser->capacity * 2);
		parser->items = parser->items == NULL ?
			palloc(parser->capacity * sizeof(Item)) :
			repalloc(parser->items, parser->capacity * sizeof(Item));
	}
	item = &parser->items[parser->count++];
	item->label = parser->label;
	item->label_size = parser->label_size;
	item->day = day;
	item->value = value;
	if (parser->count > 1 && compare_items(item - 1, item) >= 0)
		parser->ordered = false;
}

static void
parse_series(Parser *parser)
{
	expect(parser, '{');
	if (take(parser, '}'))
		return;
	do
	{
		UaDay		day = parse_date(parser);

		expect(parser, ':');
		add_item(parser, day, parse_value(parser));
	} while (take(parser, ','));
	expect(parser, '}');
}

void
ua_check_label(const char *label, Size label_size)
{
	if (label_size == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a label of a dayseries_map cannot be empty")));
	if (label_size > UA_LABEL_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("label of a dayseries_map is too long"),
				 errdetail("It has %zu bytes; %d are the limit.",
						   label_size, UA_LABEL_MAX)));
}

/* Sets the label; it is copied, as it may hold backslashes. */
static void
parse_label(Parser *parser)
{
	bool		quoted = take(parser, '"');
	const char *from = parser->at;
	const char *end = from;
	char	   *label;
	char	   *next;
	char	   *solid;			/* behind what is not cut off as white space */

	while (quoted ? *end != '"' : strchr("{},=\"", *end) == NULL)
	{
		if (*end == '\\')
			end++;
		if (*end == '\0')
			break;
		end++;
	}
	if (*end == '\0')
		malformed(parser, "It ends within a label.");
	parser->at = quoted ? end + 1 : end;

	label = next = solid = palloc(end - from + 1);
	for (; from < end; from++)
	{
		bool		escaped = *from == '\\';

		if (escaped)
			from++;
		*next++ = *from;
		if (quoted || escaped || !is_space(*from))
			solid = next;
	}
	*solid = '\0';
	parser->label = label;
	parser->label_size = solid - label;
	if (parser->label_size == 0)
		malformed(parser, "A label cannot be empty.");
	if (!quoted && pg_strcasecmp(label, "null") == 0)
		malformed(parser, "A label cannot be null, unless it is quoted.");
	ua_check_label(label, parser->label_size);
}

static void
parse_map(Parser *parser)
{
	expect(parser, '{');
	if (take(parser, '}'))
		return;
	do
	{
		parse_label(parser);
		expect(parser, '=');
		parse_series(parser);
	} while (take(parser, ','));
	expect(parser, '}');
}

static void
parse(Parser *parser, const char *type, const char *text)
{
	memset(parser, 0, sizeof(*parser));
	parser->type = type;
	parser->text = parser->at = text;
	parser->ordered = true;

	if (strcmp(type, "dayseries") == 0)
		parse_series(parser);
	else
		parse_map(parser);
	skip_space(parser);
	if (*parser->at != '\0')
		malformed(parser, "There is something after the closing brace.");
	if (!parser->ordered)
		qsort(parser->items, parser->count, sizeof(Item), compare_items);
}

/* The sum of the items from i on with the same label and day; i goes on. */
static int64
sum_of_day(const Parser *parser, Size *i)
{
	const Item *first = &parser->items[*i];
	UaWideSum	sum = {0};

	do
		ua_wide_add(&sum, parser->items[(*i)++].value);
	while (*i < parser->count && compare_items(first, &parser->items[*i]) == 0);
	return ua_wide_value(sum);
}

void
ua_dayseries_from_text(UaDayseriesWriter *result, const char *text)
{
	Parser		parser;
	Size		i = 0;

	parse(&parser, "dayseries", text);
	while (i < parser.count)
	{
		UaDay		day = parser.items[i].day;

		ua_dayseries_put(result, day, sum_of_day(&parser, &i));
	}
	if (parser.items != NULL)
		pfree(parser.items);
}

void
ua_map_from_text(UaMapWriter *result, const char *text)
{
	Parser		parser;
	Size		i = 0;

	parse(&parser, "dayseries_map", text);
	while (i < parser.count)
	{
		Item	   *item = &parser.items[i];

		ua_map_put(result, item->label, item->label_size, item->day,
				   sum_of_day(&parser, &i));
	}
	if (parser.items != NULL)
		pfree(parser.items);
}

/*
 * Printing
 */

/* The longest int8, -9223372036854775808 */
#define VALUE_TEXT_SIZE		20

static void
append_value(StringInfo to, int64 value)
{
	char		digits[VALUE_TEXT_SIZE];
	char	   *at = digits + sizeof(digits);
	uint64		rest = value < 0 ? -(uint64) value : (uint64) value;

	do
		*--at = '0' + rest % 10;
	while ((rest /= 10) > 0);
	if (value < 0)
		*--at = '-';
	appendBinaryStringInfo(to, at, digits + sizeof(digits) - at);
}

static void
append_series(StringInfo to, UaDayseries series,
			  const char *before_date, const char *after_date,
			  const char *separator)
{
	UaDayseriesReader reader;
	UaDayseriesBlock block;
	bool		first = true;

	appendStringInfoChar(to, '{');
	ua_dayseries_read(&reader, series);
	while (ua_dayseries_next(&reader, &block))
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; block.bits != 0; i++)
		{
			UaDay		day = ua_day_of_word(block.word) +
				ua_take_bit(&block.bits);
			char		date[UA_DATE_TEXT_SIZE];

			if (!first)
				appendStringInfoString(to, separator);
			first = false;
			appendStringInfoString(to, before_date);
			appendBinaryStringInfo(to, date, ua_date_to_text(day, date) - date);
			appendStringInfoString(to, after_date);
			append_value(to, block.values[i]);
		}
	}
	appendStringInfoChar(to, '}');
}

void
ua_dayseries_to_text(StringInfo to, UaDayseries series)
{
	append_series(to, series, "", ":", ",");
}

void
ua_dayseries_to_json(StringInfo to, UaDayseries series)
{
	append_series(to, series, "\"", "\": ", ", ");
}

static bool
needs_quotes(const char *label, Size size)
{
	for (Size i = 0; i < size; i++)
		if (is_space(label[i]) || strchr("{},=\"\\", label[i]) != NULL)
			return true;
	return size == 4 && pg_strncasecmp(label, "null", 4) == 0;
}

static void
append_label(StringInfo to, const char *label, Size size)
{
	if (!needs_quotes(label, size))
	{
		appendBinaryStringInfo(to, label, size);
		return;
	}
	appendStringInfoChar(to, '"');
	for (Size i = 0; i < size; i++)
	{
		if (label[i] == '"' || label[i] == '\\')
			appendStringInfoChar(to, '\\');
		appendStringInfoChar(to, label[i]);
	}
	appendStringInfoChar(to, '"');
}

void
ua_map_to_text(StringInfo to, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;
	bool		first = true;

	appendStringInfoChar(to, '{');
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		if (!first)
			appendStringInfoChar(to, ',');
		first = false;
		append_label(to, entry.label, entry.label_size);
		appendStringInfoChar(to, '=');
		ua_dayseries_to_text(to, entry.series);
	}
	appendStringInfoChar(to, '}');
}

/* A JSON string; control characters as \u escapes. */
static void
append_json_label(StringInfo to, const char *label, Size size)
{
	appendStringInfoChar(to, '"');
	for (Size i = 0; i < size; i++)
	{
		if (label[i] == '"' || label[i] == '\\')
			appendStringInfoChar(to, '\\');
		if ((unsigned char) label[i] < ' ')
			appendStringInfo(to, "\\u%04x", (unsigned char) label[i]);
		else
			appendStringInfoChar(to, label[i]);
	}
	appendStringInfoChar(to, '"');
}

void
ua_map_to_json(StringInfo to, UaMap map)
{
	UaMapReader reader;
	UaMapEntry	entry;
	bool		first = true;

	appendStringInfoChar(to, '{');
	ua_map_read(&reader, map);
	while (ua_map_next(&reader, &entry))
	{
		if (!first)
			appendStringInfoString(to, ", ");
		first = false;
		append_json_label(to, entry.label, entry.label_size);
		appendStringInfoString(to, ": ");
		ua_dayseries_to_json(to, entry.series);
	}
	appendStringInfoChar(to, '}');
}
