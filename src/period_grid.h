/*
 * period_grid.h
 *		The periods of a report, one after the other, and which of them each day
 *		and each word of days lies in.
 */
#ifndef UA_PERIOD_GRID_H
#define UA_PERIOD_GRID_H

#include "dayset.h"

/* The days of a word that lie in one period. */
typedef struct UaGridPart
{
	uint64		days;
	int32		period;
	int32		shift;			/* of the first of them */
} UaGridPart;

/* Periods are numbered from 0. */
typedef struct UaPeriodGrid
{
	int32		count;
	int			most_days;		/* that any of them has */
	int64	   *starts;			/* their first days, maybe no dates, and that after all */
	UaDay		first;			/* of the days that count */
	int32		n_days;			/* how many these are */
	int32	   *of_day;			/* the period of each */
	int32		first_word;
	int32		n_words;
	int32	   *word_parts;		/* where the parts of each begin, and those after all */
	UaGridPart *parts;
} UaPeriodGrid;

/*
 * Lay out the periods (day, week, month, quarter), from that which begins on a
 * day to that which begins on another, and `before` more before these. Days
 * after today do not count. Errors: an unknown period (22023), and reports that
 * run backwards, over infinite days or too many of them (22008).
 */
extern void ua_grid_start(UaPeriodGrid *grid, text *period, UaDay first_start,
						  UaDay last_start, UaDay today, int32 before);

/* The period of a day, -1 where that is before, and count where it is after all that count. */
static inline int32
ua_grid_period(const UaPeriodGrid *grid, UaDay day)
{
	if (day < grid->first)
		return -1;
	if ((int64) day - grid->first >= grid->n_days)
		return grid->count;
	return grid->of_day[day - grid->first];
}

/* Go through the parts of a set that count. */
typedef struct UaGridReader
{
	const UaPeriodGrid *grid;
	UaDaysReader days;
} UaGridReader;

static inline void
ua_grid_read(UaGridReader *reader, const UaPeriodGrid *grid, UaDays days)
{
	reader->grid = grid;
	ua_days_read(&reader->days, days);
}

/* The next word: its bits, and its parts up to the end; false where there is none. */
static pg_attribute_always_inline bool
ua_grid_next(UaGridReader *reader, uint64 *bits, const UaGridPart **part,
			 const UaGridPart **end)
{
	const UaPeriodGrid *grid = reader->grid;
	int32		word;

	while (ua_days_next(&reader->days, &word, bits))
	{
		int64		place = (int64) word - grid->first_word;

		if (place < 0)
			continue;
		if (place >= grid->n_words)
			return false;
		*part = &grid->parts[grid->word_parts[place]];
		*end = &grid->parts[grid->word_parts[place + 1]];
		return true;
	}
	return false;
}

#endif							/* UA_PERIOD_GRID_H */
