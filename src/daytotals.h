/*
 * daytotals.h
 *		Running totals by day, and by label and day: what the aggregates over
 *		dayseries and dayseries_map add up in.
 *
 * Adding a series takes time in proportion to its days, however many days the
 * totals have, and however far from each other they are. Totals may go beyond
 * int8 meanwhile, so that the order of what is added does not matter.
 */
#ifndef UA_DAYTOTALS_H
#define UA_DAYTOTALS_H

#include "dayseries_map.h"
#include "word_table.h"

/* The window within the totals holds almost 3 years. */
#define UA_TOTALS_WINDOW	16

/* Cannot be moved, as the table points to the window. */
typedef struct UaDayTotals
{
	MemoryContext context;
	UaWordTable words;			/* the address of 64 totals each */
	uint64		window[UA_TOTALS_WINDOW];
	struct UaDayTotals *carries;	/* to be added 2^64 times; mostly NULL */
} UaDayTotals;

extern void ua_totals_start(UaDayTotals *totals, MemoryContext context);
extern void ua_totals_add(UaDayTotals *totals, UaDayseries series);
extern void ua_totals_subtract(UaDayTotals *totals, UaDayseries series);
extern void ua_totals_add_day(UaDayTotals *totals, UaDay day, int64 value);

/* Add 1 on each day with a value above 0. */
extern void ua_totals_count(UaDayTotals *totals, UaDayseries series);

/*
 * Put the totals into a writer that was started. Memory of totals that are 0
 * by now is freed, so that a moving sum does not drag all its past along.
 * False where there is nothing but zeros. Totals beyond int8 are an error
 * (22003), but for states of aggregates, where the series becomes a wide one.
 */
extern bool ua_totals_write(UaDayTotals *totals, UaDayseriesWriter *result,
							bool for_state);

typedef struct UaLabelTotals
{
	UaDayTotals totals;
	Size		label_size;
	char		label[FLEXIBLE_ARRAY_MEMBER];
} UaLabelTotals;

typedef struct UaMapTotals
{
	MemoryContext context;
	UaLabelTotals **labels;		/* in their order */
	int			count;
	int			capacity;
	int			next;			/* after the one that was asked for last */
} UaMapTotals;

extern void ua_map_totals_start(UaMapTotals *totals, MemoryContext context);
extern UaDayTotals *ua_map_totals_of(UaMapTotals *totals,
									 const char *label, Size label_size);
extern void ua_map_totals_add(UaMapTotals *totals, UaMap map);
extern void ua_map_totals_subtract(UaMapTotals *totals, UaMap map);
extern void ua_map_totals_count(UaMapTotals *totals, UaMap map);
extern void ua_map_totals_write(UaMapTotals *totals, UaMapWriter *result,
								bool for_state);

#endif							/* UA_DAYTOTALS_H */
