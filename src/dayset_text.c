/*
 * dayset_text.c
 *		Sets of days as text: {2026-01-01..2026-01-05,2026-01-09}.
 */
#include "postgres.h"

#include "dayset.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

typedef struct Run
{
	UaDay		first;
	UaDay		last;
} Run;

static int
compare_runs(const void *a, const void *b)
{
	UaDay		x = ((const Run *) a)->first;
	UaDay		y = ((const Run *) b)->first;

	return (x > y) - (x < y);
}

/* What the input functions of types take for white space. */
static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
skip_space(const char *text)
{
	while (is_space(*text))
		text++;
	return text;
}

static void
malformed(const char *text, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("malformed dayset literal: \"%s\"", text),
			 errdetail("%s", detail),
			 *text == '[' || *text == '(' ?
			 errhint("A range needs its type, as in daterange '[2026-01-01,2026-02-01)'.") :
			 errhint("A dayset is written as in {2026-01-01..2026-01-05,2026-01-09}.")));
}

static const char *
parse_date(const char *text, const char *from, UaDay *day)
{
	const char *next = from;

	switch (ua_date_from_text(&next, day))
	{
		case UA_DATE_OK:
			break;
		case UA_DATE_MALFORMED:
			malformed(text, "Expected a date, year-month-day.");
			break;
		case UA_DATE_OUT_OF_RANGE:
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("date out of range: \"%.*s\"",
							(int) (next - from), from)));
	}
	return skip_space(next);
}

UaDayset *
ua_dayset_from_text(const char *text)
{
	const char *next = skip_space(text);
	Run			few[16];
	Run		   *runs = few;
	Size		room = lengthof(few);
	Size		count = 0;
	bool		ordered = true;
	UaDaysWriter writer;
	Run			run;
	Size		i;

	if (*next != '{')
		malformed(text, "It does not begin with a brace.");
	next = skip_space(next + 1);
	while (*next != '}')
	{
		if (count > 0)
		{
			if (*next != ',')
				malformed(text, "Expected a comma or the closing brace.");
			next = skip_space(next + 1);
		}
		next = parse_date(text, next, &run.first);
		run.last = run.first;
		if (next[0] == '.' && next[1] == '.')
			next = parse_date(text, skip_space(next + 2), &run.last);
		if (run.last < run.first)
			malformed(text, "A run of days ends before it begins.");

		CHECK_FOR_INTERRUPTS();
		if (count == room)
		{
			if (room > MaxAllocSize / sizeof(Run) / 2)
				ereport(ERROR,
						(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						 errmsg("dayset literal has too many parts")));
			room *= 2;
			if (runs == few)
				runs = memcpy(palloc(room * sizeof(Run)), few, sizeof(few));
			else
				runs = repalloc(runs, room * sizeof(Run));
		}
		if (count > 0 && runs[count - 1].first > run.first)
			ordered = false;
		runs[count++] = run;
	}
	if (*skip_space(next + 1) != '\0')
		malformed(text, "There is something after the closing brace.");

	if (!ordered)
		qsort(runs, count, sizeof(Run), compare_runs);

	/* Runs that overlap make one; the writer sees to those that touch. */
	ua_days_write(&writer, VARHDRSZ, count);
	for (i = 0; i < count; i++)
	{
		run = runs[i];
		while (i + 1 < count && runs[i + 1].first <= run.last)
		{
			i++;
			run.last = Max(run.last, runs[i].last);
		}
		ua_days_put_run(&writer, run.first, run.last);
	}
	if (runs != few)
		pfree(runs);
	return ua_dayset_written(&writer);
}

char *
ua_dayset_to_text(UaDays days)
{
	StringInfoData text;
	UaDaysWalker walker;
	UaDay		first;
	UaDay		last;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	ua_days_walk(&walker, days);
	while (ua_days_next_run(&walker, &first, &last))
	{
		char	   *to;

		CHECK_FOR_INTERRUPTS();
		enlargeStringInfo(&text, 2 * UA_DATE_TEXT_SIZE + 4);
		to = text.data + text.len;
		if (text.len > 1)
			*to++ = ',';
		to = ua_date_to_text(first, to);
		if (last > first)
		{
			*to++ = '.';
			*to++ = '.';
			to = ua_date_to_text(last, to);
		}
		text.len = (int) (to - text.data);
	}
	appendStringInfoChar(&text, '}');
	return text.data;
}
