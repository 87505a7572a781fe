/*
 * map_counter.h
 *		By label and day, how many of many sets came to hold the day, less how
 *		many ceased to.
 *
 * As UaMapTotals, but 64 days are counted at a time. What a label does not
 * need is not allocated, as there may be a counter in each of many groups.
 */
#ifndef UA_MAP_COUNTER_H
#define UA_MAP_COUNTER_H

#include "day_counter.h"
#include "dayseries_map.h"

/* Stays where it is as long as the counter lives. */
typedef struct UaLabelCounter
{
	UaDayCounter *plus;			/* NULL while there is nothing in it */
	UaDayCounter *minus;		/* likewise */
	Size		label_size;
	char		label[FLEXIBLE_ARRAY_MEMBER];
} UaLabelCounter;

typedef struct UaMapCounter
{
	MemoryContext context;
	UaLabelCounter **labels;	/* in their order */
	int			count;
	int			capacity;
	int			next;			/* after the one that was asked for last */
} UaMapCounter;

extern void ua_map_counter_start(UaMapCounter *counter, MemoryContext context);
extern UaLabelCounter *ua_map_counter_of(UaMapCounter *counter,
										 const char *label, Size label_size);

/* One of a label's two counters, made where there is none yet. */
extern UaDayCounter *ua_label_counter_make(UaMapCounter *counter,
										   UaDayCounter **place);

/* One more on these days of a word; the same with one less. */
static inline void
ua_label_counter_plus(UaMapCounter *counter, UaLabelCounter *label,
					  int32 word, uint64 bits)
{
	if (unlikely(label->plus == NULL))
		ua_label_counter_make(counter, &label->plus);
	ua_counter_add_word(label->plus, word, bits);
}

static inline void
ua_label_counter_minus(UaMapCounter *counter, UaLabelCounter *label,
					   int32 word, uint64 bits)
{
	if (unlikely(label->minus == NULL))
		ua_label_counter_make(counter, &label->minus);
	ua_counter_add_word(label->minus, word, bits);
}

/* Add what was counted elsewhere; a sum beyond int8 is an error (22003). */
extern void ua_map_counter_add(UaMapCounter *counter, UaMap map);

/* Put the counts into a writer that was started; more can be counted then. */
extern void ua_map_counter_write(UaMapCounter *counter, UaMapWriter *result);

#endif							/* UA_MAP_COUNTER_H */
