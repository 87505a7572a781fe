/*
 * periods.h
 *		Weeks, months, quarters and years: the first active day in each, for 64
 *		days at a time.
 *
 * What is to be known of the days before a word is only which one of them was
 * active last: whether the period that the word begins in, and the one before,
 * were active already follows from that.
 */
#ifndef UA_PERIODS_H
#define UA_PERIODS_H

#include "dayset.h"

/* Where there is no active day before: far before every day. */
#define UA_NO_DAY	((int64) PG_INT32_MIN * 2)

#define UA_MONTHS_PER_QUARTER	3

/* How the periods of one kind lie on a word of days. */
typedef struct UaPeriodWord
{
	uint64		starts;			/* the first days of periods, and bit 0 */
	uint64		tails;			/* their last days, and bit 63 */
	int64		first;			/* the first day of the period that bit 0 is in */
	int64		before;			/* the first day of the period before that */
} UaPeriodWord;

/* Weeks begin on week_start, 1 Monday .. 7 Sunday. */
extern void ua_period_weeks(UaPeriodWord *period, int32 word, int week_start);

/* Periods of so many months, a divisor of 12; they begin with January. */
extern void ua_period_months(UaPeriodWord *period, int32 word, int months);

/*
 * Each pair of a start and the tail after it is a segment of the word. One to
 * the negative of a number leaves its lowest bit, and here that is taken of
 * each segment by itself: a tail is left out of the sum, so that nothing is
 * carried over it.
 */
static inline uint64
ua_period_firsts(const UaPeriodWord *period, uint64 bits, int64 last)
{
	uint64		others = ~bits;
	uint64		firsts;

	firsts = bits & (((others & ~period->tails) + period->starts) ^
					 (others & period->tails));
	if (last >= period->first)
		firsts &= ~(((period->tails & -period->tails) << 1) - 1);
	return firsts;
}

/* The tails of the segments with any of these bits. */
static inline uint64
ua_period_tails(const UaPeriodWord *period, uint64 bits)
{
	return (((bits & ~period->tails) + ~period->tails) | bits) & period->tails;
}

/* Those of the first active days whose period before was active too. */
static inline uint64
ua_period_returning(const UaPeriodWord *period, uint64 bits, uint64 firsts,
					int64 last)
{
	uint64		active;
	uint64		starts;

	active = ua_period_tails(period, bits);
	if (last >= period->first)
		active |= period->tails & -period->tails;
	starts = active << 1 | (last >= period->before ? 1 : 0);

	/* from each of these starts to its tail */
	return firsts & ((ua_period_tails(period, starts) << 1) - starts);
}

/* The first day of the week that a day is in; it may be no date. */
static inline UaDay
ua_week_of_day(UaDay day, int week_start)
{
	/* 2000-01-01, day 0, was a Saturday */
	int64		days_in = ((int64) day + 5 - (week_start - 1)) % 7;

	return day - (int) (days_in < 0 ? days_in + 7 : days_in);
}

/* The first active day of each period that has one: new daysets. */
extern UaDayset *ua_dayset_first_by_week(UaDays days, int week_start);
extern UaDayset *ua_dayset_first_by_months(UaDays days, int months);

#endif							/* UA_PERIODS_H */
