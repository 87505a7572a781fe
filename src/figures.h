/*
 * figures.h
 *		Counting as active_period_counts() does, for sets of days that do not
 *		come as datums.
 */
#ifndef UA_FIGURES_H
#define UA_FIGURES_H

#include "fmgr.h"

typedef struct UaActivePeriods UaActivePeriods;

/* In the current memory context; the arguments are a period and a week_start. */
extern UaActivePeriods *ua_active_periods_start(FunctionCallInfo fcinfo,
												int period, int week_start);

/* Count a set, given as words in ascending order, none of them 0. */
extern void ua_active_periods_add(UaActivePeriods *counts, int n_words,
								  const int32 *words, const uint64 *bits);

/* The counts so far, a dayseries_map. */
extern Datum ua_active_periods_map(UaActivePeriods *counts);

#endif							/* UA_FIGURES_H */
