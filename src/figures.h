/*
 * figures.h
 *		Counting as active_period_counts() does, for sets of days that are not
 *		datums, and of several names.
 */
#ifndef UA_FIGURES_H
#define UA_FIGURES_H

#include "fmgr.h"

#include "dayset.h"

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

/* Those of a word's days that are from first to last. */
static inline uint64
ua_bits_within(int32 word, uint64 bits, UaDay first, UaDay last)
{
	if (first > last || word < ua_word_of_day(first) || word > ua_word_of_day(last))
		return 0;
	if (word == ua_word_of_day(first))
		bits &= ua_bits_from(first);
	if (word == ua_word_of_day(last))
		bits &= ua_bits_before(last) | ua_bit_of_day(last);
	return bits;
}

typedef struct UaActivePeriods UaActivePeriods;

extern UaActivePeriods *ua_active_periods_start(const UaPeriods *periods,
												int n_names, text **names);

/* Count a set under a name, given as words in ascending order. */
extern void ua_active_periods_add(UaActivePeriods *counts, int name, int n_words,
								  const int32 *words, const uint64 *bits);

/* The counts, a dayseries_map: labels are such as name/active. */
extern Datum ua_active_periods_map(UaActivePeriods *counts);

#endif							/* UA_FIGURES_H */
