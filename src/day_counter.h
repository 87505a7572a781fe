/*
 * day_counter.h
 *		On each day, how many of many sets hold it.
 *
 * Pure computation on words: 64 days are counted at a time, in vertical
 * counters, whose k-th words hold the k-th bits of 64 counts.
 */
#ifndef UA_DAY_COUNTER_H
#define UA_DAY_COUNTER_H

#include "dayseries.h"
#include "word_table.h"

/* Words that are kept until they are counted together. */
#define DAY_COLUMN_PENDING	16

/* Bits of a count before it goes to where there are 64. */
#define DAY_COLUMN_PLANES	8

/* The counts of a word: those of counts, planes and pending together. */
typedef struct UaDayColumn
{
	int			pending_count;
	int			rounds;			/* in which pending words went to the planes */
	uint64		pending[DAY_COLUMN_PENDING];
	uint64		planes[DAY_COLUMN_PLANES];
	int64	   *counts;			/* of 64 days, NULL while they would be 0 */
} UaDayColumn;

/* The window within the counter holds almost 3 years. */
#define DAY_COUNTER_WINDOW	16

/* Cannot be moved, as the table points to the window. */
typedef struct UaDayCounter
{
	UaWordTable columns;		/* the address of a UaDayColumn each */
	uint64		window[DAY_COUNTER_WINDOW];
} UaDayCounter;

extern void ua_counter_init(UaDayCounter *counter, MemoryContext context);

/* Count a set of days. */
extern void ua_counter_add(UaDayCounter *counter, UaDays days);

/* Count one more on these days of a word. */
extern void ua_counter_add_word(UaDayCounter *counter, int32 word, uint64 bits);

/* Add counts that were made elsewhere; a sum beyond int8 is an error (22003). */
extern void ua_counter_add_counts(UaDayCounter *counter, UaDayseries counts);

/* Add a number on one day; a sum beyond int8 is an error (22003). */
extern void ua_counter_add_count(UaDayCounter *counter, UaDay day, int64 count);

/* About a year: the words that a window goes on into are few. */
#define UA_LONGEST_WINDOW	366

/*
 * Count, of the days first to last, those with one of the set's, which are among
 * them too, in the n days that end with them.
 */
extern void ua_counter_add_windows(UaDayCounter *counter, UaDays days, int n,
								   UaDay first, UaDay last);

/* Put the counts into a writer that was started; more can be counted then. */
extern void ua_counter_write(UaDayCounter *counter, UaDayseriesWriter *result);

/* The same of one counter less another, either of which may be NULL. */
extern void ua_counter_write_difference(UaDayCounter *plus, UaDayCounter *minus,
										UaDayseriesWriter *result);

#endif							/* UA_DAY_COUNTER_H */
