/*
 * period_grid.c
 *		The periods of a report, and which of them each day and each word of days
 *		lies in.
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "period_grid.h"

/* A report runs over no more days than that, 27,000 years. */
#define MOST_DAYS	10000000

typedef struct
{
	const char *name;
	int			days;			/* in a period; 0 where it has */
	int			months;
	int			most_days;
} PeriodKind;

static const PeriodKind *
period_kind(text *name)
{
	static const PeriodKind kinds[] = {
		{"day", 1, 0, 1}, {"week", 7, 0, 7}, {"month", 0, 1, 31}, {"quarter", 0, 3, 92}
	};
	char	   *wanted = text_to_cstring(name);

	for (int i = 0; i < lengthof(kinds); i++)
		if (strcmp(wanted, kinds[i].name) == 0)
			return &kinds[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("period \"%s\" does not exist", wanted)));
}

static void
lay_out_days(UaPeriodGrid *grid)
{
	int64		day = grid->first;
	int64		end = day + grid->n_days;

	grid->of_day = MemoryContextAllocHuge(CurrentMemoryContext,
										  ((Size) grid->n_days + 1) * sizeof(int32));
	for (int32 i = 0; i < grid->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (; day < grid->starts[i + 1] && day < end; day++)
			grid->of_day[day - grid->first] = i;
	}
}

/* A period has a part in each word that it has a day in. */
static void
lay_out_words(UaPeriodGrid *grid)
{
	int64		day = grid->first;
	int64		end = day + grid->n_days;
	int32		n_parts = 0;

	grid->first_word = ua_word_of_day(grid->first);
	grid->n_words = grid->n_days == 0 ? 0 : ua_word_of_day((UaDay) (end - 1)) - grid->first_word + 1;
	grid->word_parts = palloc(((Size) grid->n_words + 1) * sizeof(int32));
	grid->parts = MemoryContextAllocHuge(CurrentMemoryContext,
										 ((Size) grid->n_words + grid->count) * sizeof(UaGridPart));
	for (int32 i = 0; i < grid->n_words; i++)
	{
		int64		word_end = (int64) ua_day_of_word(grid->first_word + i) + DAYS_PER_WORD;

		CHECK_FOR_INTERRUPTS();
		grid->word_parts[i] = n_parts;
		while (day < word_end && day < end)
		{
			int32		period = grid->of_day[day - grid->first];
			int64		last = Min(Min(grid->starts[period + 1], word_end), end) - 1;

			grid->parts[n_parts++] = (UaGridPart) {
				.days = ua_bits_from((UaDay) day) & ua_bits_until((UaDay) last),
				.period = period,
				.shift = (int32) (day & (DAYS_PER_WORD - 1))
			};
			day = last + 1;
		}
	}
	grid->word_parts[grid->n_words] = n_parts;
}

void
ua_grid_start(UaPeriodGrid *grid, text *period, UaDay first_start,
			  UaDay last_start, UaDay today, int32 before)
{
	const PeriodKind *kind = period_kind(period);
	int64		month;
	int64		last;

	if (!ua_is_day(first_start) || !ua_is_day(last_start) || first_start > last_start ||
		(int64) last_start - first_start > MOST_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a report must run forward, over finite days and at most %d of them",
						MOST_DAYS)));
	month = ua_month_of_day(first_start);
	grid->most_days = kind->most_days;
	grid->count = before + 1 + (kind->months == 0 ?
								(last_start - first_start) / kind->days :
								(ua_month_of_day(last_start) - month) / kind->months);
	grid->starts = palloc(((Size) grid->count + 1) * sizeof(int64));
	for (int32 i = 0; i <= grid->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		grid->starts[i] = kind->months == 0 ?
			first_start + (i - before) * (int64) kind->days :
			ua_first_day_of_month(month + (i - before) * (int64) kind->months);
	}
	grid->first = (UaDay) Max(grid->starts[0], UA_MIN_DAY);
	last = Min(grid->starts[grid->count] - 1, today);
	grid->n_days = (int32) Max(last - grid->first + 1, 0);
	lay_out_days(grid);
	lay_out_words(grid);
}
