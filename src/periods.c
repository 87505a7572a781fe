/*
 * periods.c
 *		How weeks, months, quarters and years lie on words of 64 days.
 */
#include "postgres.h"

#include "periods.h"

#define DAYS_PER_WEEK	7

void
ua_period_weeks(UaPeriodWord *period, int32 word, int week_start)
{
	UaDay		begin = ua_day_of_word(word);
	int			into;

	period->first = ua_week_of_day(begin, week_start);
	period->before = period->first - DAYS_PER_WEEK;
	into = (int) (begin - period->first);

	/* every seventh day, from the first one on that a week begins with */
	period->starts = UINT64CONST(0x8102040810204081) <<
		((DAYS_PER_WEEK - into) % DAYS_PER_WEEK);
	period->tails = period->starts >> 1 | UINT64CONST(1) << (DAYS_PER_WORD - 1);
	period->starts |= 1;
}

void
ua_period_months(UaPeriodWord *period, int32 word, int months)
{
	UaDay		begin = ua_day_of_word(word);
	int32		month = ua_month_of_day(begin);
	int			into = month % months;
	int64		start;

	month -= into < 0 ? into + months : into;
	period->first = ua_first_day_of_month(month);
	period->before = ua_first_day_of_month((int64) month - months);
	period->starts = 1;
	while ((start = ua_first_day_of_month((int64) (month += months)) - begin) <
		   DAYS_PER_WORD)
		period->starts |= UINT64CONST(1) << start;
	period->tails = period->starts >> 1 | UINT64CONST(1) << (DAYS_PER_WORD - 1);
}

static UaDayset *
first_days_of(UaDays days, void (*lay) (UaPeriodWord *, int32, int), int argument)
{
	UaDaysReader reader;
	UaDaysWriter writer;
	int32		word;
	uint64		bits;
	int64		last = UA_NO_DAY;

	ua_days_write(&writer, VARHDRSZ, days.size);
	ua_days_read(&reader, days);
	while (ua_days_next(&reader, &word, &bits))
	{
		UaPeriodWord period;
		uint64		firsts;

		lay(&period, word, argument);
		firsts = ua_period_firsts(&period, bits, last);
		if (firsts != 0)
			ua_days_put(&writer, word, firsts);
		last = (int64) ua_day_of_word(word) + pg_leftmost_one_pos64(bits);
	}
	return ua_dayset_written(&writer);
}

UaDayset *
ua_dayset_first_by_week(UaDays days, int week_start)
{
	return first_days_of(days, ua_period_weeks, week_start);
}

UaDayset *
ua_dayset_first_by_months(UaDays days, int months)
{
	return first_days_of(days, ua_period_months, months);
}
