/*
 * daytotals.h
 *		Running totals by day, and by label and day: what the aggregates over
 *		dayseries and dayseries_map add up in.
 *
 * Adding a series takes time in proportion to its days, however many days the
 * totals have. The totals are an array over the days they span; days so far
 * from the others that the array would be mostly empty are kept in a list.
 */
#ifndef UA_DAYTOTALS_H
#define UA_DAYTOTALS_H

#include "dayseries_map.h"

typedef struct UaStrayTotal
{
	UaDay		day;
	int64		total;
} UaStrayTotal;

typedef struct UaDayTotals
{
	MemoryContext context;
	int32		first_word;
	int32		words;
	int64	   *totals;			/* 64 a word; NULL as long as there are none */
	int64		blocks;			/* that were added so far */
	UaStrayTotal *strays;
	Size		stray_count;
	Size		stray_capacity;
} UaDayTotals;

/* Memory is taken from the context that is current now. */
extern void ua_totals_start(UaDayTotals *totals);
extern void ua_totals_release(UaDayTotals *totals);
extern void ua_totals_add(UaDayTotals *totals, UaDayseries series);
extern void ua_totals_subtract(UaDayTotals *totals, UaDayseries series);
extern void ua_totals_add_day(UaDayTotals *totals, UaDay day, int64 value);

/* Add 1 on each day with a value above 0. */
extern void ua_totals_count(UaDayTotals *totals, UaDayseries series);

/* Put the totals into a writer; more can be added afterwards. */
extern void ua_totals_write(UaDayTotals *totals, UaDayseriesWriter *result);

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

extern void ua_map_totals_start(UaMapTotals *totals);
extern UaDayTotals *ua_map_totals_of(UaMapTotals *totals,
									 const char *label, Size label_size);
extern void ua_map_totals_add(UaMapTotals *totals, UaMap map);
extern void ua_map_totals_subtract(UaMapTotals *totals, UaMap map);
extern void ua_map_totals_count(UaMapTotals *totals, UaMap map);
extern void ua_map_totals_write(UaMapTotals *totals, UaMapWriter *result);

#endif							/* UA_DAYTOTALS_H */
