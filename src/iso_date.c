/*
 * iso_date.c
 *		Days and their ISO 8601 names.
 */
#include "postgres.h"

#include "iso_date.h"

/*
 * The calendar repeats every 400 years. Years are taken to begin in March, so
 * that the leap day is their last: the first day of the m-th month from March
 * is then day (153 m + 2) / 5 of the year.
 */
#define DAYS_PER_ERA	146097
#define YEARS_PER_ERA	INT64CONST(400)
#define MONTHS_PER_ERA	(YEARS_PER_ERA * MONTHS_PER_YEAR)

/* 2000-03-01, where an era begins */
#define ERA_DAY			60
#define ERA_MONTH		(INT64CONST(2000) * MONTHS_PER_YEAR + 2)

static inline int64
floor_div(int64 value, int64 by)
{
	return value >= 0 ? value / by : -((-value + by - 1) / by);
}

int64
ua_first_day_of_month(int64 month)
{
	int64		era = floor_div(month - ERA_MONTH, MONTHS_PER_ERA);
	int64		rest = month - ERA_MONTH - era * MONTHS_PER_ERA;
	int64		year = rest / MONTHS_PER_YEAR;

	return ERA_DAY + era * DAYS_PER_ERA +
		year * 365 + year / 4 - year / 100 +
		(153 * (rest % MONTHS_PER_YEAR) + 2) / 5;
}

/* Split into the month and the day of the month, from 0. */
static int32
split_day(UaDay day, int32 *day_of_month)
{
	int64		era = floor_div((int64) day - ERA_DAY, DAYS_PER_ERA);
	int32		rest = (int32) (day - ERA_DAY - era * DAYS_PER_ERA);
	int32		year;
	int32		month;

	/* Take the leap days out: one every 1461, 36524 and 146097 days. */
	year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
	rest -= year * 365 + year / 4 - year / 100;
	month = (5 * rest + 2) / 153;
	*day_of_month = rest - (153 * month + 2) / 5;

	return (int32) (ERA_MONTH + era * MONTHS_PER_ERA) +
		year * MONTHS_PER_YEAR + month;
}

int32
ua_month_of_day(UaDay day)
{
	int32		day_of_month;

	return split_day(day, &day_of_month);
}

/* Append the number with at least that many digits. */
static char *
put_number(char *to, int32 number, int digits)
{
	char		text[12];
	int			n = 0;

	do
	{
		text[n++] = '0' + number % 10;
		number /= 10;
	} while (number > 0 || n < digits);
	while (n > 0)
		*to++ = text[--n];
	return to;
}

char *
ua_date_to_text(UaDay day, char *to)
{
	int32		day_of_month;
	int32		month = split_day(day, &day_of_month);
	int32		year = (int32) floor_div(month, MONTHS_PER_YEAR);

	to = put_number(to, year > 0 ? year : 1 - year, 4);
	*to++ = '-';
	to = put_number(to, month - year * MONTHS_PER_YEAR + 1, 2);
	*to++ = '-';
	to = put_number(to, day_of_month + 1, 2);
	if (year <= 0)
	{
		memcpy(to, " BC", 3);
		to += 3;
	}
	return to;
}

/* No date has a year beyond this, and there is no overflow. */
#define MAX_NUMBER	9999999

/* Read at least so many digits; false where there are fewer. */
static bool
get_number(const char **text, int digits, int32 *number)
{
	const char *p = *text;

	for (*number = 0; *p >= '0' && *p <= '9'; p++)
		*number = Min(*number * 10 + (*p - '0'), MAX_NUMBER);
	if (p - *text < digits)
		return false;
	*text = p;
	return true;
}

/* Read just two digits. */
static bool
get_two_digits(const char **text, int32 *number)
{
	const char *from = *text;

	return get_number(text, 2, number) && *text - from == 2;
}

UaDateError
ua_date_from_text(const char **text, UaDay *day)
{
	const char *p = *text;
	int32		year;
	int32		month;
	int32		day_of_month;
	int64		first;
	int64		result;

	if (!get_number(&p, 4, &year) || *p++ != '-' ||
		!get_two_digits(&p, &month) || *p++ != '-' ||
		!get_two_digits(&p, &day_of_month))
		return UA_DATE_MALFORMED;
	*text = p;

	while (*p == ' ')
		p++;
	if ((p[0] == 'B' || p[0] == 'b') && (p[1] == 'C' || p[1] == 'c'))
	{
		/* There is no year 0 in writing. */
		if (year == 0)
			return UA_DATE_OUT_OF_RANGE;
		year = 1 - year;
		*text = p + 2;
	}
	else if (year == 0)
		return UA_DATE_OUT_OF_RANGE;

	if (month < 1 || month > MONTHS_PER_YEAR || day_of_month < 1)
		return UA_DATE_OUT_OF_RANGE;
	first = ua_first_day_of_month((int64) year * MONTHS_PER_YEAR + month - 1);
	result = first + day_of_month - 1;
	if (result >= ua_first_day_of_month((int64) year * MONTHS_PER_YEAR + month) ||
		!ua_is_day(result))
		return UA_DATE_OUT_OF_RANGE;

	*day = (UaDay) result;
	return UA_DATE_OK;
}
