/*
 * figures.h
 *		Counting as the aggregates of users' days and events do, for code that
 *		has these at hand.
 */
#ifndef UA_FIGURES_H
#define UA_FIGURES_H

#include "fmgr.h"

#include "dayset.h"
#include "map_counter.h"

/*
 * What activity_counts(), period_counts() and cohort_counts() count, as far as
 * it is among the parts, in one counter of the current memory context.
 */
typedef struct UaFigures UaFigures;

#define UA_ACTIVITY	1
#define UA_PERIODS	2
#define UA_COHORTS	4

/* A further one of the same week_start may share memory with one like it. */
extern UaFigures *ua_figures_start(int parts, int week_start,
								   const UaFigures *like);
extern void ua_figures_add(UaFigures *figures, UaDays before, UaDays after);
extern UaMapCounter *ua_figures_counter(UaFigures *figures);

/* Count as event_user_counts() does; before may be NULL. */
extern void ua_count_event_users(UaMapCounter *counter, const UaMap *before,
								 UaMap change);

/* Counting as active_period_counts() does, of several names. */

#define UA_NO_PERIODS	0

/* Which periods are counted, of which days. */
typedef struct UaPeriods
{
	int32		kind;			/* UA_NO_PERIODS, or a PeriodKind plus 1 */
	int32		week_start;		/* 1 Monday .. 7 Sunday */
	UaDay		first;
	UaDay		last;
} UaPeriods;

/* Take these from three arguments: a daterange, a period, a week_start. */
extern void ua_periods_of_args(UaPeriods *periods, FunctionCallInfo fcinfo,
							   int argument);

/* Whether it may be used; it may have come from outside. */
extern bool ua_periods_are_valid(const UaPeriods *periods);

typedef struct UaActivePeriods UaActivePeriods;

extern UaActivePeriods *ua_active_periods_start(const UaPeriods *periods,
												int n_names, text **names);

/* Count a set under a name, given as words in ascending order. */
extern void ua_active_periods_add(UaActivePeriods *counts, int name, int n_words,
								  const int32 *words, const uint64 *bits);

/* The counts, a dayseries_map: labels are such as name/active. */
extern Datum ua_active_periods_map(UaActivePeriods *counts);

#endif							/* UA_FIGURES_H */
